"""Socket Mode against a Slack of our own: two sockets, each replaced when it ends, falls silent or is asked back."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast

import aiohttp
import pytest
from pydantic import SecretStr
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from tenacity import wait_fixed

from adapters.slack_chat.refused import SlackRefused
from adapters.slack_chat.sockets import Line, _Socket, serve_sockets
from bot.settings import Settings
from tests.doubles.slack.people import Shop
from tests.doubles.slack.server import Double, slack_double

HEARTBEAT = 0.4
"""Seconds; a silent socket is given up after half as much again."""
BACK_OFF = 0.01
"""Seconds between two attempts to open one."""


@dataclass
class Office:
    """What hears, at the other end of the sockets."""

    heard: list[str] = field(default_factory=list)
    is_open: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is not set, nothing gets an answer."""
    failures: int = 0

    async def hear(self, body: dict[str, Any]) -> None:
        self.heard.append(body["event"]["text"])
        await self.is_open.wait()
        if self.failures:
            self.failures -= 1
            raise OSError("the disk is full")

    async def answer(self, ack: AsyncAck) -> None:
        await ack("You have #1.")


@dataclass
class Connected:
    """The app on its sockets."""

    office: Office
    line: Line
    serving: asyncio.Task[None]


async def authorize() -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id="T1", bot_user_id="U1", bot_token="xoxb-1")


@pytest.fixture
async def slack() -> AsyncIterator[Double]:
    async with slack_double() as double:
        yield double


@pytest.fixture(autouse=True)
def shop(slack: Double) -> Shop:
    return slack.add_workspace()


def settings_for(slack: Double, app_token: str | None = None) -> Settings:
    token = SecretStr(app_token or slack.app.app_token)
    bot = SecretStr("xoxb-1")
    return Settings(_env_file=None, slack_bot_token=bot, slack_app_token=token, slack_api_url=slack.api_url)


@asynccontextmanager
async def connected(slack: Double) -> AsyncIterator[Connected]:
    office, line = Office(), Line()
    office.is_open.set()
    app = AsyncApp(process_before_response=True, authorize=authorize)
    app.event("message")(office.hear)
    app.command("/claim")(office.answer)
    timeout = aiohttp.ClientTimeout(total=1)  # of requests; a socket outlives it
    async with aiohttp.ClientSession(timeout=timeout) as session:
        serving = asyncio.create_task(
            serve_sockets(app, settings_for(slack), session, line, HEARTBEAT, wait_fixed(BACK_OFF))
        )
        await slack.until(lambda: line.sockets == 2)
        try:
            yield Connected(office, line, serving)
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving


async def test_there_are_two_sockets_and_each_is_heard(slack: Double, shop: Shop) -> None:
    support, emma = shop.add_channel("support"), shop.add_person("Emma")
    async with connected(slack) as app:
        for number in range(4):
            emma.says(support, f"hello {number}")
        await slack.delivered()
        assert sorted(app.office.heard) == [f"hello {number}" for number in range(4)]
        assert [len(socket.given) for socket in slack.sockets.live] == [2, 2]
        assert all(len(each.attempts) == 1 for each in slack.deliveries.all)
        assert app.line.is_connected
    assert not app.line.is_connected


async def test_an_answer_goes_back_in_the_acknowledgement(slack: Double, shop: Shop) -> None:
    support, anna = shop.add_channel("support"), shop.add_person("Anna")
    async with connected(slack):
        await anna.uses(support, "/claim")
        (delivery,) = slack.deliveries.of("/claim")
        assert delivery.body == {"text": "You have #1."}


async def test_what_fails_is_not_acknowledged_and_told_again(slack: Double, shop: Shop) -> None:
    slack.sockets.ack_seconds = 0.3
    support, emma = shop.add_channel("support"), shop.add_person("Emma")
    async with connected(slack) as app:
        app.office.failures = 1
        emma.says(support, "hello")
        await slack.delivered()
        assert app.office.heard == ["hello", "hello"]
        assert [each.is_acknowledged for each in slack.deliveries.all[0].attempts] == [False, True]


async def test_a_socket_that_slack_asks_back_is_followed_before_it_goes(slack: Double, shop: Shop) -> None:
    support, emma = shop.add_channel("support"), shop.add_person("Emma")
    async with connected(slack) as app:
        asked = slack.sockets.live[0]
        await asked.send({"type": "disconnect", "reason": "warning", "debug_info": {"host": "applink-1"}})
        await slack.until(lambda: slack.sockets.opened == 3)
        emma.says(support, "hello")
        await slack.until(lambda: asked not in slack.sockets.live)
        await slack.delivered()
        assert app.office.heard == ["hello"]
        assert len(slack.deliveries.all[0].attempts) == 1
        assert app.line.sockets == 2


async def test_a_slack_that_ends_every_socket_at_once_is_not_besieged(slack: Double) -> None:
    async with connected(slack):
        end = time.monotonic() + 0.8
        while time.monotonic() < end:
            for socket in [*slack.sockets.live]:
                socket.drop()
            await asyncio.sleep(0.02)
        assert slack.sockets.opened == 4


async def test_what_is_no_message_of_slacks_does_no_harm(slack: Double, shop: Shop) -> None:
    support, emma = shop.add_channel("support"), shop.add_person("Emma")
    async with connected(slack) as app:
        for socket in slack.sockets.live:
            for words in ("ping", "[1]", "null", '{"type": "new"}', '{"type": "x", "envelope_id": "1", "payload": 7}'):
                await socket.connection.send_str(words)
            await socket.connection.send_bytes(b"bytes")
        emma.says(support, "hello")
        await slack.delivered()
        assert app.office.heard == ["hello"]
        assert slack.sockets.opened == 2


async def test_what_is_being_answered_when_a_socket_is_replaced_is_still_acknowledged(
    slack: Double, shop: Shop
) -> None:
    support, emma = shop.add_channel("support"), shop.add_person("Emma")
    async with connected(slack) as app:
        app.office.is_open.clear()
        emma.says(support, "hello")
        await slack.until(lambda: app.office.heard)
        for socket in [*slack.sockets.live]:
            await socket.send({"type": "disconnect", "reason": "warning"})
        await slack.until(lambda: slack.sockets.opened == 4)
        app.office.is_open.set()
        await slack.delivered()
        assert len(slack.deliveries.all[0].attempts) == 1


async def test_a_silent_socket_is_replaced(slack: Double) -> None:
    async with connected(slack) as app:
        silent = slack.sockets.live[0]
        silent.is_silent = True
        began = time.monotonic()
        await slack.until(lambda: slack.sockets.opened == 3)
        assert time.monotonic() - began < 4 * HEARTBEAT
        await slack.until(lambda: app.line.sockets == 2)


async def test_a_quiet_socket_that_answers_stays(slack: Double) -> None:
    async with connected(slack):
        await asyncio.sleep(1.5)
        assert slack.sockets.opened == 2


NESTED = "[" * 200_000 + "]" * 200_000


@pytest.mark.parametrize("words", [f'{{"type":"events_api","envelope_id":"x","payload":{NESTED}}}', "9" * 5_000])
async def test_a_message_that_cannot_be_read_ends_nothing(slack: Double, shop: Shop, words: str) -> None:
    support, emma = shop.add_channel("support"), shop.add_person("Emma")
    async with connected(slack) as app:
        for socket in slack.sockets.live:
            await socket.connection.send_str(words)
        emma.says(support, "hello")
        emma.says(support, "again")
        await slack.delivered()
        assert sorted(app.office.heard) == ["again", "hello"]
        assert slack.sockets.opened == 2


class Paper:
    """A connection on which two messages come."""

    def __init__(self) -> None:
        self.is_open = True

    async def __aiter__(self) -> AsyncIterator[aiohttp.WSMessage]:
        for words in ("one", "other"):
            yield aiohttp.WSMessage(aiohttp.WSMsgType.TEXT, words, None)

    async def close(self) -> None:
        self.is_open = False


class FailingSocket(_Socket):
    """Fails at whatever it hears."""

    heard: tuple[str, ...] = ()

    def _hear(self, data: str) -> None:
        self.heard += (data,)
        raise MemoryError


async def test_whatever_goes_wrong_with_a_message_the_next_one_is_heard() -> None:
    paper = Paper()
    socket = FailingSocket(cast("aiohttp.ClientWebSocketResponse", paper), AsyncApp(authorize=authorize), Line())
    await socket.listen()
    assert socket.heard == ("one", "other")
    assert not paper.is_open


async def test_cut_sockets_are_replaced(slack: Double) -> None:
    async with connected(slack) as app:
        slack.sockets.drop_all()
        await slack.until(lambda: slack.sockets.opened == 4)
        await slack.until(lambda: app.line.sockets == 2)


async def test_while_slack_opens_no_socket_it_is_tried_again(slack: Double, caplog: pytest.LogCaptureFixture) -> None:
    slack.fail_next("apps.connections.open", "internal_error", status=500)
    slack.drop_next("apps.connections.open", after_doing=False)
    slack.fail_next("apps.connections.open", "fatal_error")
    async with connected(slack):
        assert len(slack.calls("apps.connections.open")) == 5
    assert slack.app.app_token not in caplog.text


async def test_as_long_as_slack_demands_nothing_is_asked(slack: Double) -> None:
    slack.limit_next("apps.connections.open", 1, times=2)
    began = time.monotonic()
    async with connected(slack):
        assert time.monotonic() - began > 0.9
        assert len(slack.calls("apps.connections.open")) == 4


async def test_a_wrong_token_is_refused_in_one_sentence(slack: Double) -> None:
    app = AsyncApp(authorize=authorize)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(SlackRefused, match=r"SLACK_APP_TOKEN \(invalid_auth\).*connections:write") as refused:
            await serve_sockets(app, settings_for(slack, "xapp-wrong"), session, Line())
    assert "xapp" not in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_it_ends_at_once_and_leaves_nothing_behind(slack: Double, shop: Shop) -> None:
    support, emma = shop.add_channel("support"), shop.add_person("Emma")
    before = asyncio.all_tasks()
    async with connected(slack) as app:
        app.office.is_open.clear()
        emma.says(support, "hello")
        await slack.until(lambda: app.office.heard)
        slack.sockets.live[0].is_silent = True  # it does not even take leave
        began = time.monotonic()
    assert time.monotonic() - began < 3
    await slack.deliveries.stop()
    await asyncio.sleep(0)
    ours = [task for task in asyncio.all_tasks() - before if "adapters" in repr(task.get_coro())]
    assert ours == []
    gc.collect()  # what was left open would warn now
