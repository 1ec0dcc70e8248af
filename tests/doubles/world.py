"""A small world around the real desk on real SQLite: people who act, a clock that one can turn, a chat on paper."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.coverage.matcher import Matcher
from bot.desk.desk import Desk
from bot.model import (
    ButtonPressed,
    CommandUsed,
    Event,
    FormSent,
    MessageDeleted,
    MessageEdited,
    MessagePicked,
    MessagePosted,
    Person,
    Reply,
    ServerJoined,
    Wish,
)
from bot.store.database import Database
from bot.store.engines import open_database
from bot.store.outbox import Outbox
from tests.doubles.paper_chat import PaperChat

SERVER = "paper:shop"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday morning."""

EMMA = Person("emma", "Emma", "en")
JONAS = Person("jonas", "Jonas", "de")
AYLIN = Person("aylin", "Aylin", "de", frozenset({"agent"}))
TOM = Person("tom", "Tom", "en", frozenset({"agent"}))
MAREK = Person("marek", "Marek", "de", frozenset({"moderator"}), is_admin=True)
PEOPLE = {person.name: person for person in (EMMA, JONAS, AYLIN, TOM, MAREK)}

SETUP = {
    "support": "support help",
    "agents": "agents",
    "sales": "sales",
    "agent_roles": "agent",
    "moderator_roles": "moderator",
}


@dataclass
class World:
    """Everything a test needs. Each act takes a second, so that order and time are never equal by accident."""

    desk: Desk
    outbox: Outbox
    database: Database
    chat: PaperChat
    url: str
    """Of its database."""
    now: datetime = START
    server: str = SERVER
    _acts: int = 0

    def pass_time(self, span: timedelta) -> None:
        """Turn the clock on."""
        self.now += span

    async def live(self, span: timedelta) -> None:
        """Let time pass, with all that it brings, each thing at its moment."""
        end = self.now + span
        due = await self.desk.keep_promises()
        while due is not None and due < end:
            self.now = max(self.now, due)
            due = await self.desk.keep_promises()
            await self.deliver()
        self.now = max(self.now, end)
        await self.desk.keep_promises()
        if span >= timedelta(hours=1):
            await self.desk.look_for_agents()

    def _base(self, channel: str, thread: str | None) -> dict[str, object]:
        self._acts += 1
        self.now += timedelta(seconds=1)
        order = int(self.now.timestamp() * 1_000_000)
        return {
            "key": f"e{self._acts}",
            "server": self.server,
            "channel": channel,
            "thread": thread,
            "order": order,
            "at": self.now,
        }

    async def post(
        self,
        person: Person,
        text: str,
        *,
        channel: str = "support",
        thread: str | None = None,
        message: str = "",
        is_to_us: bool = False,
        is_direct: bool = False,
    ) -> str:
        """A person writes; the id of their message comes back."""
        base = self._base(channel, thread)
        message = message or f"m{self._acts}"
        self.chat.wake(thread)
        is_called = {"is_to_us": is_to_us, "is_direct": is_direct}
        await self.desk.handle(MessagePosted(**base, **is_called, person=person, message=message, text=text))  # type: ignore[arg-type]
        return message

    async def edit(self, message: str, text: str, *, channel: str = "support", is_direct: bool = False) -> None:
        """A message is changed."""
        base = {**self._base(channel, None), "is_direct": is_direct}
        await self.desk.handle(MessageEdited(**base, message=message, text=text))  # type: ignore[arg-type]

    async def delete(self, message: str, *, channel: str = "support", is_direct: bool = False) -> None:
        """A message is deleted."""
        base = {**self._base(channel, None), "is_direct": is_direct}
        await self.desk.handle(MessageDeleted(**base, message=message))  # type: ignore[arg-type]

    async def command(
        self, person: Person, line: str, *, channel: str = "support", thread: str | None = None
    ) -> Reply | None:
        """A person uses a slash command, typed as one line: "/claim 3 urgent"."""
        name, _, words = line.removeprefix("/").partition(" ")
        base = self._base(channel, thread)
        reply = await self.desk.handle(CommandUsed(**base, person=person, name=name, words=words))  # type: ignore[arg-type]
        return self._shown(reply, channel, thread)

    async def press(
        self, person: Person, action: str, *, channel: str = "support", thread: str | None = None
    ) -> Reply | None:
        """A person presses a button that carries this action."""
        base = self._base(channel, thread)
        reply = await self.desk.handle(ButtonPressed(**base, person=person, action=action))  # type: ignore[arg-type]
        return self._shown(reply, channel, thread)

    def _shown(self, reply: Reply | None, channel: str, thread: str | None) -> Reply | None:
        if reply and reply.content and reply.is_public:
            self.chat.say(channel, thread, reply.content)
        return reply

    async def pick(
        self,
        person: Person,
        message: str,
        author: Person,
        text: str,
        wish: Wish,
        *,
        channel: str = "support",
        thread: str | None = None,
        is_sign: bool = False,
    ) -> Reply | None:
        """A person picks somebody's message from a menu, or by a mere sign."""
        base = {**self._base(channel, thread), "is_sign": is_sign}
        picked = MessagePicked(**base, person=person, wish=wish, message=message, author=author, text=text)  # type: ignore[arg-type]
        return await self.desk.handle(picked)

    async def happen(self, kind: type[Event], *, channel: str = "", thread: str | None = None, **facts: str) -> None:
        """Something that nobody waits for an answer to."""
        await self.desk.handle(kind(**self._base(channel, thread), **facts))  # type: ignore[arg-type]

    async def send(
        self, person: Person, form: str, values: dict[str, str], *, channel: str = "support", thread: str | None = None
    ) -> Reply | None:
        """A person sends a form."""
        base = self._base(channel, thread)
        return await self.desk.handle(FormSent(**base, person=person, form=form, values=values))  # type: ignore[arg-type]

    async def join(self, locale: str | None, *, channel: str = "support") -> None:
        """The bot is added to the server, which speaks `locale`."""
        await self.desk.handle(ServerJoined(**self._base(channel, None), locale=locale))  # type: ignore[arg-type]

    async def deliver(self) -> None:
        """Let the outbox do everything that is owed, also what waits a few seconds."""
        while True:
            if await self.outbox.deliver_ready() == 0:
                self.now += timedelta(seconds=2)
                if await self.outbox.deliver_ready() == 0:
                    return


@asynccontextmanager
async def open_world(
    url: str, matcher: Matcher, *, set_up: bool = True, before: World | None = None
) -> AsyncIterator[World]:
    """A world on a database that has the schema. With the world `before`, this is a restart of the bot: the
    chat, the clock and the people's acts go on, whatever the bot had in memory is gone.
    """  # noqa: D205
    async with open_database(url) as database:
        chat = before.chat if before else PaperChat(people={person.id: person for person in PEOPLE.values()})
        desk = Desk(database, matcher, clock=lambda: world.now)
        outbox = Outbox(database, {"paper": chat}, desk.draw, lambda: world.now)
        world = World(desk, outbox, database, chat, url)
        if before:
            world.now, world.server, world._acts = before.now, before.server, before._acts  # noqa: SLF001
        desk.chat_of = lambda _server: chat
        await desk.start()
        if set_up and not before:
            await world.send(MAREK, "setup", SETUP)
        yield world
