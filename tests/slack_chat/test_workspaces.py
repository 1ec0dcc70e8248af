"""The workspaces that have installed the bot: who an event is told to, and what Slack is asked for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError

from adapters.slack_chat.workspaces import OneToken, Tokens, Workspaces, client_with, installed_in
from bot.model import Listener
from bot.settings import Settings
from tests.slack_chat.paper_slack import PaperDesk

Json = dict[str, Any]


class Hello:
    """A Slack that knows nothing but auth.test."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.is_down = False
        self.is_organisation = False

    async def answer(self, request: web.Request) -> web.Response:
        self.tokens.append(request.headers["Authorization"].removeprefix("Bearer "))
        await asyncio.sleep(0.01)
        if self.is_down:
            return web.json_response({"ok": False, "error": "internal_error"})
        about = {"url": "https://acme.slack.com/", "team_id": "T1", "user_id": "U0BOT", "bot_id": "B0BOT"}
        if self.is_organisation:
            about |= {"enterprise_id": "E1"}
        return web.json_response({"ok": True, **about, "is_enterprise_install": self.is_organisation})


class Drawer(Tokens):
    """Tokens by workspace, as they are put in."""

    def __init__(self, **tokens: str) -> None:
        self.tokens = tokens

    async def token(self, workspace: str) -> str | None:
        return self.tokens.get(workspace)

    async def workspaces(self) -> Collection[str]:
        return self.tokens.keys()

    async def end(self, workspace: str) -> None:
        del self.tokens[workspace]


@pytest.fixture
def hello() -> Hello:
    return Hello()


@pytest.fixture
async def settings(hello: Hello) -> AsyncIterator[Settings]:
    app = web.Application()
    app.router.add_post("/api/auth.test", hello.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield Settings(slack_api_url=f"http://127.0.0.1:{runner.addresses[0][1]}/api/", slack_command_prefix="sd-")
    await runner.cleanup()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def drawer() -> Drawer:
    return Drawer(T1="xoxb-1")


@pytest.fixture
def desk() -> PaperDesk:
    return PaperDesk()


@pytest.fixture
def workspaces(settings: Settings, session: aiohttp.ClientSession, drawer: Drawer, desk: PaperDesk) -> Workspaces:
    return Workspaces(settings, session, drawer, cast("Listener", desk))


async def test_slack_is_asked_once_for_a_workspace(workspaces: Workspaces, hello: Hello) -> None:
    found = await asyncio.gather(*(workspaces.of("T1") for _ in range(20)))
    assert len({id(one) for one in found}) == 1
    acme = found[0]
    assert acme is not None
    assert (acme.id, acme.server, acme.bot_user, acme.bot_id) == ("T1", "slack:T1", "U0BOT", "B0BOT")
    assert (acme.dialect.url, acme.dialect.prefix) == ("https://acme.slack.com/", "sd-")
    assert await workspaces.of("T1") is acme
    assert hello.tokens == ["xoxb-1"]


async def test_where_the_bot_is_not_installed_there_is_no_workspace(workspaces: Workspaces, hello: Hello) -> None:
    assert await workspaces.of("T2") is None
    assert await workspaces.of_event(None, None, is_enterprise_install=False) is None
    assert hello.tokens == []


async def test_a_new_token_makes_a_new_client(workspaces: Workspaces, drawer: Drawer, hello: Hello) -> None:
    await workspaces.of("T1")
    drawer.tokens["T1"] = "xoxb-2"
    acme = await workspaces.of("T1")
    assert acme is not None
    assert acme.client.token == "xoxb-2"
    assert hello.tokens == ["xoxb-1", "xoxb-2"]


async def test_a_removed_bot_is_forgotten(workspaces: Workspaces, drawer: Drawer, hello: Hello) -> None:
    await workspaces.of("T1")
    await drawer.end("T1")
    assert await workspaces.of("T1") is None
    drawer.tokens["T1"] = "xoxb-1"
    await workspaces.of("T1")
    assert hello.tokens == ["xoxb-1", "xoxb-1"]


async def test_when_slack_cannot_tell_the_next_one_asks_again(workspaces: Workspaces, hello: Hello) -> None:
    hello.is_down = True
    with pytest.raises(SlackApiError):
        await workspaces.of("T1")
    hello.is_down = False
    assert await workspaces.of("T1") is not None


async def test_changed_channels_are_known_from_the_start(workspaces: Workspaces, desk: PaperDesk) -> None:
    desk.notes["slack:T1", "channels"] = '{"G1": "C9"}'
    acme = await workspaces.of("T1")
    assert acme is not None
    assert acme.dialect.renamed == {"G1": "C9"}


async def test_an_organisation_that_installed_the_bot_is_one_server(workspaces: Workspaces, drawer: Drawer) -> None:
    drawer.tokens["E1"] = "xoxb-e"
    organisation = await workspaces.of_event("E1", "T1", is_enterprise_install=True)
    workspace = await workspaces.of_event("E1", "T1", is_enterprise_install=False)
    assert organisation is not None
    assert workspace is not None
    assert (organisation.server, workspace.server) == ("slack:E1", "slack:T1")


@pytest.mark.parametrize(("is_organisation", "ours"), [(False, "T1"), (True, "E1")])
async def test_the_token_of_the_settings_is_for_its_own_workspace(
    settings: Settings, session: aiohttp.ClientSession, hello: Hello, is_organisation: object, ours: str
) -> None:
    hello.is_organisation = bool(is_organisation)
    one = OneToken(client_with(settings, session, "xoxb-1"))
    assert list(await one.workspaces()) == [ours]
    assert await one.token(ours) == "xoxb-1"
    assert await one.token("T2") is None
    assert len(hello.tokens) == 1


async def test_a_call_that_fails_is_not_made_twice(settings: Settings, session: aiohttp.ClientSession) -> None:
    client = client_with(settings, session, "xoxb-1")
    assert client.retry_handlers == []
    assert client.session is session


# --- to whom something is told ------------------------------------------------------------------------


def shared(**more: Any) -> Json:
    """An event in a channel that is shared with another company: the envelope names that company."""
    return {"type": "event_callback", "team_id": "T2", "enterprise_id": "E2", "is_ext_shared_channel": True, **more}


@pytest.mark.parametrize(
    ("body", "installed"),
    [
        ({"type": "event_callback", "team_id": "T1"}, (None, "T1", False)),
        (shared(authorizations=[{"team_id": "T1", "enterprise_id": None}]), (None, "T1", False)),
        (
            shared(authorizations=[{"team_id": None, "enterprise_id": "E1", "is_enterprise_install": True}]),
            ("E1", None, True),
        ),
        ({"command": "/claim", "team_id": "T1", "is_enterprise_install": "false"}, (None, "T1", False)),
        (
            {"command": "/claim", "team_id": "T1", "enterprise_id": "E1", "is_enterprise_install": "true"},
            ("E1", "T1", True),
        ),
        (
            {"type": "shortcut", "team": None, "enterprise": {"id": "E1"}, "is_enterprise_install": True},
            ("E1", None, True),
        ),
        (
            {"type": "shortcut", "team": {"id": "T1"}, "enterprise": {"id": "E1"}, "is_enterprise_install": False},
            ("E1", "T1", False),
        ),
        (
            {"type": "view_submission", "team": {"id": "T2"}, "view": {"app_installed_team_id": "T1"}},
            (None, "T1", False),
        ),
        (
            {"type": "block_actions", "team": {"id": "T2"}, "message": {"bot_id": "B0BOT", "team": "T1"}},
            (None, "T1", False),
        ),
        (
            {"type": "message_action", "team": {"id": "T1"}, "message": {"bot_id": "B2", "team": "T2"}},
            (None, "T1", False),
        ),
        ({"type": "block_actions", "team": None, "user": {"team_id": "T1"}}, (None, "T1", False)),
        ({}, (None, None, False)),
    ],
)
def test_what_names_our_own_side_goes_first(body: Json, installed: tuple[str | None, str | None, bool]) -> None:
    assert installed_in(body) == installed
