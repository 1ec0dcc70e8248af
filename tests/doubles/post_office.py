"""An outbox on real SQLite with a chat whose moods a test decides, and a clock that it turns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self, TypeVar

from bot.model import Chat, Content, Done, Effect, Language, Listener, Outcome, Person, Say
from bot.store.database import Database, Transaction, UnsureError
from bot.store.engines import open_database
from bot.store.outbox import BOARD, Outbox, owe, owe_board
from bot.texts import paragraph

T = TypeVar("T")

SERVER = "moody:shop"
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def saying(words: str, channel: str = "support", server: str = SERVER) -> Say:
    """A message of one paragraph."""
    return Say(server=server, channel=channel, content=Content(Language.EN, (paragraph(words),)))


def words_of(effect: Effect) -> str:
    """What a message made by `saying` says."""
    assert isinstance(effect, Say)
    return str(effect.content.blocks[0].words)


async def until(condition: Callable[[], object]) -> None:
    """Wait until something has happened; fails after ten seconds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 (what is waited for knows no events)
            await asyncio.sleep(0.002)


Mood = Callable[[Effect], Outcome | BaseException]


@dataclass
class MoodyChat(Chat):
    """Notes every try, and answers as its mood is. An exception in the mood is raised, after the try was noted."""

    mood: Mood = lambda _: Done()
    tries: list[tuple[str, Effect]] = field(default_factory=list)
    """(nonce, effect) of every try, successful or not."""
    attempts: list[int] = field(default_factory=list)
    """Which attempt each try is said to be."""
    done: list[tuple[str, Effect]] = field(default_factory=list)
    slow: dict[str, asyncio.Event] = field(default_factory=dict)
    """Channels in which everything takes until the event is set."""
    not_served: set[str] = field(default_factory=set)
    """Servers that are another worker's."""

    def serves(self, server: str) -> bool:
        """Whether it is ours."""
        return server not in self.not_served

    async def run(self, desk: Listener) -> None:
        """Nobody says anything here."""

    async def perform(self, effect: Effect, nonce: str, attempt: int = 1) -> Outcome:
        """Try it."""
        self.tries.append((nonce, effect))
        self.attempts.append(attempt)
        if effect.channel in self.slow:
            await self.slow[effect.channel].wait()
        outcome = self.mood(effect)
        if isinstance(outcome, BaseException):
            raise outcome
        if isinstance(outcome, Done):
            self.done.append((nonce, effect))
        return outcome

    async def member(self, server: str, person: str) -> Person | None:
        """It knows nobody."""
        raise ConnectionError(f"cannot tell who {person} is on {server}")

    @property
    def said(self) -> list[str]:
        """The words of all messages that were posted, in order."""
        return [words_of(effect) for _, effect in self.done]


class LosingAnswers(Database):
    """A database that commits, and does not always say so."""

    is_shared = False

    def __init__(self, database: Database) -> None:
        self._database = database
        self.lost = 0
        """How many use cases of a server will be committed without a word."""

    async def transaction(self, work: Callable[[Transaction], Awaitable[T]], server: str | None = None) -> T:
        """Do it; whether it was done may stay unknown."""
        done = await self._database.transaction(work, server)
        if server is not None and self.lost:
            self.lost -= 1
            raise UnsureError
        return done

    async def __aenter__(self) -> Self:
        raise NotImplementedError

    async def __aexit__(self, *_: object) -> None:
        raise NotImplementedError

    def tell_others(self, news: str) -> None:
        """There are none."""

    async def listen(self, hear: Callable[[str], None], catch_up: Callable[[], None]) -> None:
        """Nobody tells anything."""


@dataclass
class PostOffice:
    """A database, an outbox and a chat."""

    database: Database
    chat: MoodyChat = field(default_factory=MoodyChat)
    now: datetime = START
    drawn: int = 0
    """How often the board was drawn."""
    outbox: Outbox = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """A new process: what the old one had in memory is gone."""
        self.outbox = Outbox(self.database, {"moody": self.chat}, self._draw, lambda: self.now)

    async def _draw(self, _: Transaction, server: str, post: str) -> Say | None:
        assert post == BOARD
        self.drawn += 1
        return saying(f"board {self.drawn}", "agents", server)

    def draw_slowly(self, has_begun: asyncio.Event, goes_on: asyncio.Event) -> Outbox:
        """Another worker, which stops while it draws until it may go on."""

        async def draw(tx: Transaction, server: str, post: str) -> Say | None:
            drawn = await self._draw(tx, server, post)
            has_begun.set()
            await goes_on.wait()
            return drawn

        return Outbox(self.database, {"moody": self.chat}, draw, lambda: self.now)

    def pass_time(self, span: timedelta) -> None:
        """Turn the clock on."""
        self.now += span

    async def owe(
        self, words: str, lane: str = "lane", *, channel: str = "support", ticket: int | None = None,
        post: str | None = None, server: str = SERVER,
    ) -> None:  # fmt: skip
        """Promise a message."""
        effect = saying(words, channel, server)
        await self.database.transaction(lambda tx: owe(tx, lane, effect, self.now, ticket=ticket, post=post))

    async def owe_board(self) -> None:
        """Promise that the board will be true."""
        await self.database.transaction(lambda tx: owe_board(tx, SERVER, self.now))

    async def deliver(self) -> None:
        """Everything that can be done without waiting."""
        while await self.outbox.deliver_ready():
            pass

    async def deliver_all(self) -> None:
        """Everything, however long it takes; gives up after a day."""
        for _ in range(24 * 12):
            await self.deliver()
            self.pass_time(timedelta(minutes=5))

    async def die_while_delivering(self) -> None:
        """Deliver with a chat whose mood is to end the process."""
        with suppress(asyncio.CancelledError):
            await self.outbox.deliver_ready()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others)
        self.restart()


@asynccontextmanager
async def open_post_office(url: str) -> AsyncIterator[PostOffice]:
    """A post office on a database that has the schema."""
    async with open_database(url) as database:
        yield PostOffice(database)
