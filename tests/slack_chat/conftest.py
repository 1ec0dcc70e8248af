"""A shop on Slack over real sockets: the real adapter, desk and outbox against a stand-in for Slack, in real time."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography.fernet import Fernet
from yarl import URL

from adapters.slack_chat import PREFIX
from bot.coverage.matcher import Matcher
from bot.desk.desk import utc_now
from bot.settings import Settings, SlackWay
from bot.store.database import Database
from bot.store.outbox import Outbox
from bot.store.sqlite import SqliteDatabase
from tests.doubles.slack.answers import Answer
from tests.doubles.slack.people import Person
from tests.doubles.slack.people import Shop as Workspace
from tests.doubles.slack.server import Double, slack_double
from tests.doubles.slack.world import Channel, Message
from tests.slack_chat.hasty import HastyChat, MoodyDesk

REQUEST = "The gallery crashes"
"""A request that the policy covers, so that it becomes a ticket at once."""
_AHEAD = timedelta(seconds=3)
"""The outbox's clock is ahead of the desk's, so that what is drawn a moment later need not be waited for."""
_BACK_OFF = timedelta(seconds=0.2)


def settings_for(slack: Double, workspace: Workspace, way: SlackWay, **others: Any) -> Settings:
    """What an operator would set for this way."""
    told: dict[str, Any] = {"slack_api_url": slack.api_url, "slack_port": 0}
    if way is SlackWay.OAUTH:
        told |= {"slack_client_id": slack.app.client_id, "slack_client_secret": slack.app.client_secret}
        told |= {"slack_token_keys": Fernet.generate_key().decode()}
    else:
        told["slack_bot_token"] = slack.token(workspace)
    if way is SlackWay.SOCKET:
        told["slack_app_token"] = slack.app.app_token
    else:
        told["slack_signing_secret"] = slack.app.signing_secret
    return Settings(**(told | others), _env_file=None)


@asynccontextmanager
async def desk_and_outbox(database: Database, matcher: Matcher, chat: HastyChat) -> AsyncIterator[MoodyDesk]:
    """As bot.app puts them together, in a hurry."""
    desk = MoodyDesk(database, matcher)
    outbox = Outbox(database, {PREFIX: chat}, desk.draw, lambda: utc_now() + _AHEAD)
    outbox.back_off = lambda _attempts: _BACK_OFF
    desk.on_commit, desk.chat_of = outbox.wake, lambda _server: chat
    await desk.start()
    deliveries = asyncio.create_task(outbox.run())
    try:
        yield desk
    finally:
        await desk.finish()
        deliveries.cancel()
        await asyncio.wait([deliveries])


@dataclass(frozen=True)
class Bot:
    """The bot while it runs."""

    chat: HastyChat
    database: Database
    desk: MoodyDesk
    running: asyncio.Task[None]


@asynccontextmanager
async def serving(slack: Double, settings: Settings, file: Path, matcher: Matcher, **haste: Any) -> AsyncIterator[Bot]:
    """One process of the bot, as far as Slack can tell; raises what ends it early."""
    chat = HastyChat(settings, **haste)
    async with SqliteDatabase(file) as database, desk_and_outbox(database, matcher, chat) as desk:
        running = asyncio.create_task(chat.run(desk))
        try:
            await slack.until(lambda: chat.is_connected or running.done())
            if running.done():
                await running
            if chat.port:
                slack.use_http(f"http://127.0.0.1:{chat.port}/slack/events")
            else:
                await slack.until_connected(2)
            yield Bot(chat, database, desk, running)
        finally:
            running.cancel()
            await asyncio.wait([running])


class Shop:
    """A workspace with the bot, and the people who are served by it."""

    def __init__(self, slack: Double, workspace: Workspace, file: Path) -> None:
        self.slack, self.workspace, self.file = slack, workspace, file
        self.support, self.general = map(workspace.add_channel, ("support", "general"))
        self.agents = workspace.add_channel("agents", private=True)
        self.emma = workspace.add_person("emma")
        self.jonas = workspace.add_person("jonas", locale="de-DE")
        self.aylin = workspace.add_person("aylin")
        self.tom = workspace.add_person("tom")
        self.marek = workspace.add_person("marek", admin=True)
        self.lena = workspace.add_person("lena", admin=True, locale="de-DE")
        tell, slack.world.tell = slack.world.tell, lambda *_: None  # nobody listens yet, and it would be told again
        self.agent_group = workspace.add_group("Agents", [self.aylin, self.tom])
        slack.world.tell = tell
        self.bot: Bot

    @property
    def server(self) -> str:
        """The desk's id of the workspace."""
        return f"{PREFIX}:{self.workspace.id}"

    @property
    def desk(self) -> MoodyDesk:
        """The desk of the bot that runs at the moment."""
        return self.bot.desk

    async def set_up(self, **others: Any) -> Answer:
        """As a German moderator does it, so agents read German; keys are the names of the form's fields."""
        form = await self.lena.uses(self.general, "/setup")
        given: dict[str, Any] = {"support": [self.support], "agents": self.agents, "agent_roles": [self.agent_group]}
        answer = await self.lena.fills_in(form, given | others)
        assert not answer.errors, answer.errors
        await self.settled()
        return answer

    async def settled(self) -> None:
        """Wait until the bot has heard of everything, and the outbox is empty."""
        await self.slack.delivered()
        await self.slack.until(lambda: not self.owed(), 15)

    def owed(self) -> int:
        """Effects in the outbox."""
        with closing(sqlite3.connect(self.file)) as database:
            found: tuple[int] = database.execute(
                "SELECT count(*) FROM outbox WHERE state IN ('pending', 'leased')"
            ).fetchone()
        return found[0]

    async def says(self, person: Person, words: str, channel: Channel | None = None, **how: Any) -> Message:
        """Somebody writes, and what follows from it happens."""
        message = person.says(channel or self.support, words, **how)
        await self.settled()
        return message

    async def asks(self, person: Person, command: str, channel: Channel | None = None) -> Answer:
        """Somebody uses a slash command, and what follows from it happens."""
        answer = await person.uses(channel or self.support, command)
        await self.settled()
        return answer

    def replies(self, message: Message) -> list[Message]:
        """What the bot says under a message."""
        return [reply for reply in message.replies if reply.user is self.workspace.bot]

    @property
    def cards(self) -> list[Message]:
        """The tickets in the agents' channel."""
        return [message for message in self.agents.roots if message.user is self.workspace.bot]


async def install(shop: Shop, installer: Person) -> None:
    """The whole way through a browser: our page, Slack's, and back."""
    base = f"http://127.0.0.1:{shop.bot.chat.port}/slack"
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as browser:
        async with browser.get(f"{base}/install") as page:
            link = (await page.text()).split('href="')[1].split('"')[0].replace("&amp;", "&")
            cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in page.cookies.items())
        asked = URL(link).query
        back = {"code": shop.slack.consent(installer, asked["scope"].split(",")), "state": asked["state"]}
        async with browser.get(f"{base}/oauth_redirect", params=back, headers={"Cookie": cookie}) as page:
            assert page.status == 200, await page.text()


@pytest.fixture
async def slack() -> AsyncIterator[Double]:
    """The stand-in; at the end it tells of everything that Slack would not have taken."""
    async with slack_double() as double:
        yield double


@pytest.fixture
def way() -> SlackWay:
    """How Slack and the bot reach each other."""
    return SlackWay.SOCKET


@pytest.fixture
def shape() -> dict[str, Any]:
    """What kind of workspace it is."""
    return {}


@pytest.fixture
def other_settings() -> dict[str, Any]:
    """What a test sets besides."""
    return {}


@pytest.fixture
async def bare_shop(
    slack: Double,
    way: SlackWay,
    database_file: Path,
    matcher: Matcher,
    shape: dict[str, Any],
    other_settings: dict[str, Any],
) -> AsyncIterator[Shop]:
    """A shop whose moderators have not set anything up yet."""
    shop = Shop(slack, slack.add_workspace(installed=way is not SlackWay.OAUTH, **shape), database_file)
    settings = settings_for(slack, shop.workspace, way, **other_settings)
    async with serving(slack, settings, database_file, matcher) as shop.bot:
        if way is SlackWay.OAUTH:
            await install(shop, shop.marek)
        yield shop
        await slack.delivered()


@pytest.fixture
async def shop(bare_shop: Shop) -> Shop:
    """A shop that is set up."""
    await bare_shop.set_up()
    return bare_shop
