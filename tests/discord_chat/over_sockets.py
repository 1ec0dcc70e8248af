"""A shop over real sockets: the real adapter, desk and outbox against a stand-in for Discord, all in real time."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from adapters.discord_chat import PREFIX, DiscordChat
from adapters.discord_chat.client import DeskClient
from adapters.discord_chat.limiter import paced
from bot.coverage.matcher import Matcher
from bot.desk.desk import Desk, utc_now
from bot.settings import Settings
from bot.store.database import Database
from bot.store.engines import open_database, url_of
from bot.store.outbox import Outbox
from tests.doubles.discord.people import Person
from tests.doubles.discord.permissions import Permission
from tests.doubles.discord.rest import Request
from tests.doubles.discord.server import Double
from tests.doubles.discord.world import Message, Place, Thread

LONGEST_SLEEP = 1.0
"""Seconds of a limit that discord.py waits out by itself here; Discord's header tells whole seconds."""
REQUEST = "The gallery crashes"
"""A request that the policy covers, so that it becomes a ticket at once."""


@dataclass
class Waits:
    """How long a test can wait, in seconds, where the bot in earnest waits longer. A test may change them."""

    heartbeat: float = 60.0
    identify_every: float = 0.05
    catch_up_again: float = 0.1
    meanwhile_after: float = 10.0
    patience: float = 5.0
    takes_long: float = 10.0
    until_permitted: float = 1.0
    until_some_are_archived: float = 1.2
    back_off: float = 0.1
    lease: float = 2.0


_AHEAD = timedelta(seconds=1.5)
"""The outbox's clock is ahead of the desk's, so that the board and the end of a thread need not be waited for."""


class HastyChat(DiscordChat):
    """Waits as long as a test can; discord.py waits seconds for guilds that it does not know of yet."""

    client: DeskClient

    def __init__(self, settings: Settings, waits: Waits) -> None:
        super().__init__(settings)
        self.waits = waits
        self.lease = timedelta(seconds=waits.lease)

    async def _connect(self, client: DeskClient) -> None:
        connection: Any = client._connection  # noqa: SLF001 (discord.py takes these as options that we do not need)
        connection.guild_ready_timeout = 0.05
        connection.heartbeat_timeout = self.waits.heartbeat
        client.http.http_trace = paced(client.limiter, LONGEST_SLEEP)
        client.identify_every, client.catch_up_again = self.waits.identify_every, self.waits.catch_up_again
        for name in ("patience", "takes_long", "until_permitted", "until_some_are_archived"):
            setattr(client.delivery, name, timedelta(seconds=getattr(self.waits, name)))
        self.client = client
        await super()._connect(client)

    @property
    def is_ready(self) -> bool:
        """Whether the bot has heard of its guilds."""
        return hasattr(self, "client") and self.client.is_ready()


@dataclass(frozen=True)
class Bot:
    """The bot while it runs."""

    chat: HastyChat
    database: Database
    desk: Desk
    running: asyncio.Task[None]


@asynccontextmanager
async def desk_and_outbox(database: Database, matcher: Matcher, chat: HastyChat) -> AsyncIterator[Desk]:
    """As bot.app puts them together, in a hurry."""
    desk = Desk(database, matcher)
    outbox = Outbox(database, {PREFIX: chat}, desk.draw, lambda: utc_now() + _AHEAD)
    outbox.meanwhile_after = timedelta(seconds=chat.waits.meanwhile_after)
    outbox.back_off = lambda _attempts: timedelta(seconds=chat.waits.back_off)
    desk.on_commit, desk.chat_of = outbox.wake, lambda _server: chat
    await desk.start()
    deliveries = asyncio.create_task(outbox.run())
    try:
        yield desk
    finally:
        await desk.finish()
        deliveries.cancel()
        await asyncio.wait([deliveries])


@asynccontextmanager
async def serving(
    discord: Double, url: str, matcher: Matcher, waits: Waits | None = None, **settings: Any
) -> AsyncIterator[Bot]:
    """One process of the bot, as far as Discord can tell; raises what ends it early.

    Without other workers on its database it is ready when this begins.
    """
    told = {
        "discord_token": discord.token,
        "discord_api_url": discord.api_url,
        "discord_gateway_url": discord.gateway_url,
    }
    chat = HastyChat(Settings(**(told | settings), _env_file=None), waits or Waits())
    with discord.redirected():
        async with open_database(url) as database, desk_and_outbox(database, matcher, chat) as desk:
            running = asyncio.create_task(chat.run(desk))
            try:
                await discord.until(lambda: chat.is_ready or desk.has_company or running.done())
                if running.done():
                    await running
                yield Bot(chat, database, desk, running)
            finally:
                running.cancel()
                await asyncio.wait([running])


class Shop:
    """A guild with a bot that can be started, stopped and started again, and the people who are served by it."""

    def __init__(self, discord: Double, file: Path, matcher: Matcher) -> None:
        self.discord = discord
        self.file = file
        self._matcher = matcher
        self.waits = Waits()
        self.guild = discord.add_guild("Shop", locale="en-US")
        self.support, self.help, self.agents = map(self.guild.add_text_channel, ("support", "help", "agents"))
        self.agent_role = self.guild.add_role("Agents", Permission.MANAGE_THREADS)
        self.emma = self.guild.add_member("emma")
        self.jonas = self.guild.add_member("jonas", locale="de")
        self.karla = self.guild.add_member("karla")
        self.aylin = self.guild.add_member("aylin", roles=[self.agent_role])
        self.marek = self.guild.add_member("marek", roles=[self.guild.add_role("Moderators", Permission.MANAGE_GUILD)])

    @property
    def server(self) -> str:
        """The shop's id in our own words."""
        return f"{PREFIX}:{self.guild.id}"

    @asynccontextmanager
    async def open(self, **settings: Any) -> AsyncIterator[Bot]:
        """The bot runs. Once more is a restart on the same database."""
        async with serving(self.discord, url_of(self.file), self._matcher, self.waits, **settings) as bot:
            yield bot

    @asynccontextmanager
    async def open_and_set_up(self, **settings: Any) -> AsyncIterator[Bot]:
        """The bot runs, and a moderator has told it its channels; all that follows from it has happened."""
        async with self.open(**settings) as bot:
            await self.set_up()
            await self.quiet()
            yield bot

    async def set_up(self) -> None:
        """As a moderator does it."""
        form = await self.marek.uses(self.support, "setup")
        given = {"support": [self.support, self.help], "agents": [self.agents], "agent_roles": [self.agent_role]}
        await self.marek.fills_in(form, given)

    # --- what a test looks at ---

    def rows(self, statement: str, *values: Any) -> list[Any]:
        """What the desk's database says to a statement at this moment."""
        with closing(sqlite3.connect(self.file, isolation_level=None)) as database:
            return database.execute(statement, values).fetchall()

    def owed(self) -> int:
        """Effects that are neither done nor given up."""
        (row,) = self.rows("SELECT count(*) FROM outbox WHERE state IN ('pending', 'leased')")
        return int(row[0])

    def dead(self) -> list[str]:
        """Why effects were given up, the oldest first."""
        return [row[0] for row in self.rows("SELECT error FROM outbox WHERE state = 'dead' ORDER BY id")]

    def waits_for(self) -> list[str]:
        """Why effects have to wait."""
        return [row[0] for row in self.rows("SELECT error FROM outbox WHERE state = 'leased' AND error IS NOT NULL")]

    def tickets(self) -> list[tuple[int, str, str]]:
        """Number, state and words of each ticket, in the order of their places in the line."""
        return self.rows("SELECT number, state, text FROM tickets ORDER BY place_order")

    async def quiet(self, seconds: float = 8.0) -> None:
        """Wait until nothing is owed any more."""
        await self.discord.until(lambda: not self.owed(), seconds)

    async def asks(self, person: Person, words: str = REQUEST, place: Place | None = None) -> Message:
        """Somebody writes, and all that follows from it happens."""
        message = await person.says(place or self.support, words)
        await self.discord.until(lambda: self.has_told(message))
        await self.quiet()
        return message

    def has_told(self, *messages: Message) -> bool:
        """Whether the desk has taken these messages."""
        keys = {row[0] for row in self.rows("SELECT key FROM inbox")}
        return all(f"message:{message.id}" in keys for message in messages)

    def asked(self, method: str, ending: str, since: int = 0) -> list[Request]:
        """The bot's calls of this kind, from the given one on."""
        return [call for call in self.discord.requests[since:] if call.method == method and call.path.endswith(ending)]

    def thread_of(self, message: Message) -> Thread:
        """The thread that was started from a message."""
        (found,) = [thread for thread in self.discord.threads if thread.id == message.id]
        return found


def said(place: Place) -> list[str]:
    """What the bot has said in a place, the oldest first."""
    return [message.text for message in place.messages if message.author.is_bot]


def saying(place: Place, words: str) -> list[str]:
    """Of these, those with some words."""
    return [text for text in said(place) if words in text]


def statuses(calls: Sequence[Request]) -> list[int]:
    """How calls ended."""
    return [call.status for call in calls]
