"""A hundredth of the internet's load on this machine, by the real desk and its outbox: `python -m tests.bench.scale`.

10,000 servers on PostgreSQL, 200 messages a second, of which most are none of our business; customers ask, write more,
press buttons, agents claim, answer and close. Only the platform is played, which takes 50 ms for each call.
"""

from __future__ import annotations

import asyncio
import math
import os
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from bot import log
from bot.app import learn, open_desk
from bot.coverage.matcher import Matcher
from bot.desk.desk import Desk
from bot.model import (
    ButtonPressed,
    Chat,
    CommandUsed,
    Done,
    Effect,
    Event,
    Listener,
    MessagePosted,
    OpenThread,
    Outcome,
    Person,
    Reply,
)
from bot.settings import LogFormat, LogLevel, Settings
from bot.store import migrations
from bot.store.engines import open_database
from bot.store.outbox import BOARD
from tests.bench.filling import AGENT_ROLE, AGENTS, SUPPORT, WORDS, Filling, fill, server
from tests.doubles.postgres import PostgresServer, why_not

_AGENT = Person("a", "A", "en", frozenset({AGENT_ROLE}))
_QUESTION = "is a refund possible"
_CHATTER = "thanks, have a nice day"
_CALL = 0.05
"""Seconds that the platform takes for what the bot has it do."""
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Load:
    """What happens, by the second. A ticket brings 5 messages with it: 3 by its customer, 2 by an agent."""

    servers: int = 10_000
    messages: float = 200
    """In all channels of all servers."""
    tickets: float = 1.5
    questions: float = 2
    chatter: float = 2.5
    """Small talk in support channels."""
    seconds: float = 60
    """How long it is measured, after as long a time in which tickets get going."""
    pause: float = 3
    """Seconds between what happens to a ticket, at the mean; people are slower, which keeps more of them open."""

    @property
    def ours(self) -> float:
        """Messages in support channels and in tickets' threads."""
        return 5 * self.tickets + self.questions + self.chatter


class Platform(Chat):
    """Does everything it is told, and counts it."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    async def run(self, desk: Listener) -> None:
        """The measurement tells what happens."""

    async def perform(self, effect: Effect, nonce: str, attempt: int = 1) -> Outcome:
        """A thread has the id of the message that it hangs under."""
        del attempt
        self.calls["board" if nonce.startswith(BOARD) else effect.kind] += 1
        await asyncio.sleep(_CALL)
        return Done(message=nonce, thread=effect.message or nonce if isinstance(effect, OpenThread) else None)

    async def member(self, server: str, person: str) -> Person | None:
        """Everybody stays."""
        del server, person
        return _AGENT


class Town:
    """The people, and how long the desk takes for each of them."""

    def __init__(self, desk: Desk, load: Load) -> None:
        self._desk = desk
        self._load = load
        self._chance = random.Random(1)  # noqa: S311 (the same in each run)
        self._numbers = count(1)
        self.waits: dict[str, list[float]] = {}
        """Seconds from each event to the end of its transaction."""

    async def live(self) -> None:
        """Until cancelled; each kind of thing at its own pace, whether the one before has ended or not."""
        load = self._load
        paces: Mapping[float, Callable[[], Awaitable[None]]] = {
            load.messages - load.ours: self._talk_elsewhere,
            load.tickets: self._need_help,
            load.questions: self._ask,
            load.chatter: self._chat,
        }
        async with asyncio.TaskGroup() as people:
            for pace, happen in paces.items():
                people.create_task(self._keep_happening(pace, happen, people))

    async def _keep_happening(
        self, pace: float, happen: Callable[[], Awaitable[None]], people: asyncio.TaskGroup
    ) -> None:
        now = time.monotonic()
        while True:
            now += self._chance.expovariate(pace)
            await asyncio.sleep(max(0, now - time.monotonic()))
            people.create_task(_live(happen))

    async def _talk_elsewhere(self) -> None:
        await self._tell("elsewhere", self._message("general", _CHATTER))

    async def _chat(self) -> None:
        await self._tell("small talk in a support channel", self._message(SUPPORT, _CHATTER))

    async def _ask(self) -> None:
        await self._tell("question", self._message(SUPPORT, _QUESTION))

    async def _need_help(self) -> None:
        """A ticket's whole life."""
        opening = self._message(SUPPORT, WORDS)
        ours = {"server": opening.server, "thread": opening.message}
        await self._tell("opens a ticket", opening)
        for words in ("it is the version of yesterday", "and it happens each time"):
            await self._pause()
            await self._tell("in the thread", self._message(SUPPORT, words, opening.person, **ours))
        await self._pause()
        press = self._base(ours["server"], SUPPORT, opening.person) | {"action": "place"}
        await self._tell("button", ButtonPressed(**press))
        await self._pause()
        await self._tell("claim", self._command(ours["server"], AGENTS, "claim"))
        for words in ("I am looking into it", "please try the version of today"):
            await self._pause()
            await self._tell("in the thread", self._message(SUPPORT, words, _AGENT, **ours))
        await self._pause()
        await self._tell("close", self._command(ours["server"], SUPPORT, "close", ours["thread"]))

    async def _pause(self) -> None:
        await asyncio.sleep(self._chance.expovariate(1 / self._load.pause))

    async def _tell(self, what: str, event: Event) -> None:
        start = time.perf_counter()
        reply = await self._desk.handle(event)
        self.waits.setdefault(what, []).append(time.perf_counter() - start)
        if isinstance(reply, Reply) and reply.is_refusal and what != "close":
            raise RuntimeError(f"{what} was refused")

    def _base(self, of_server: str, channel: str, person: Person) -> dict[str, Any]:
        number, at = next(self._numbers), datetime.now(UTC)
        order = int(at.timestamp() * 1_000_000)
        return {
            "key": f"e{number}",
            "server": of_server,
            "channel": channel,
            "order": order,
            "at": at,
            "person": person,
        }

    def _message(
        self, channel: str, words: str, person: Person | None = None, server: str = "", thread: str | None = None
    ) -> MessagePosted:
        number = next(self._numbers)
        person = person or Person(f"c{number}", "Customer", "en")
        base = self._base(server or self._any_server(), channel, person)
        return MessagePosted(**base, thread=thread, message=f"m{number}", text=words)

    def _command(self, of_server: str, channel: str, name: str, thread: str | None = None) -> CommandUsed:
        return CommandUsed(**self._base(of_server, channel, _AGENT), thread=thread, name=name)

    def _any_server(self) -> str:
        return server(self._chance.randint(1, self._load.servers))


async def _live(happen: Callable[[], Awaitable[None]]) -> None:
    await happen()


# --- what it takes -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Costs:
    """What had been spent at a moment."""

    at: float
    cpu: float
    """Seconds of a core by the bot."""
    database_cpu: float
    transactions: int
    size: int
    """Bytes on the disk."""
    rows: Mapping[str, int]


_TABLES = ("tickets", "history", "outbox", "inbox", "answers", "posts")


async def costs(url: str) -> Costs:
    """As of now."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT pg_stat_force_next_flush()")
        transactions = await connection.fetchval(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        )
        size = await connection.fetchval("SELECT pg_database_size(current_database())")
        rows = {name: await connection.fetchval(f"SELECT count(*) FROM {name}") for name in _TABLES}  # noqa: S608
        pids = [row["pid"] for row in await connection.fetch("SELECT pid FROM pg_stat_activity")]
    finally:
        await connection.close()
    return Costs(time.monotonic(), time.process_time(), sum(map(_cpu_of, pids)), transactions, size, rows)


def _cpu_of(pid: int) -> float:
    """Seconds that a process has computed; 0 of one that has ended, or where the system does not tell."""
    with suppress(OSError):
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / _TICK
    return 0.0


@contextmanager
def _database(servers: int) -> Iterator[str]:
    if lack := why_not():
        raise SystemExit(f"This needs PostgreSQL: {lack}")
    with tempfile.TemporaryDirectory() as folder, PostgresServer(Path(folder) / "postgres", durable=True) as engine:
        url = engine.new_database()
        migrations.upgrade(url)
        fill(url, Filling(servers=servers))
        yield url


async def simulate(url: str, matcher: Matcher, load: Load) -> tuple[Town, Platform, Costs, Costs]:
    """Live through it; the costs before and after the measured time."""
    platform = Platform()
    async with open_database(url) as database, open_desk(database, matcher, {"bench": platform}) as desk:
        town = Town(desk, load)
        living = asyncio.create_task(town.live())
        await asyncio.wait([living], timeout=load.seconds)
        town.waits.clear()
        platform.calls.clear()
        before = await costs(url)
        await asyncio.wait([living], timeout=load.seconds)
        after, waits = await costs(url), dict(town.waits)
        living.cancel()
        await asyncio.wait([living])
        if not living.cancelled():
            living.result()
        town.waits = waits
        return town, platform, before, after


# --- the command -------------------------------------------------------------------------------------


def main(
    seconds: Annotated[float, typer.Option(help="How long it is measured, after as long a warm-up.")] = 60,
) -> None:
    """Live through a hundredth of 20,000 messages a second in a million servers, and tell what it took."""
    log.set_up(LogLevel.ERROR, LogFormat.AUTO)
    load = Load(seconds=seconds)
    matcher = learn(Settings(_env_file=None).policy_dir)
    with _database(load.servers) as url:
        town, platform, before, after = asyncio.run(simulate(url, matcher, load))
    Console(highlight=False).print(_waits_table(town), _costs_table(load, town, platform, before, after))


def _waits_table(town: Town) -> Table:
    table = Table("event", "how many", "median", "99th percentile", title="From the event to its commit")
    for what, waits in town.waits.items():
        last = statistics.quantiles(waits, n=100)[-1] if len(waits) > 1 else math.nan
        table.add_row(what, f"{len(waits):,}", f"{statistics.median(waits) * 1e3:.2f} ms", f"{last * 1e3:.2f} ms")
    return table


def _costs_table(load: Load, town: Town, platform: Platform, before: Costs, after: Costs) -> Table:
    span = after.at - before.at
    opened = after.rows["tickets"] - before.rows["tickets"]
    told = sum(map(len, town.waits.values()))
    calls = sum(platform.calls.values())
    table = Table("what", "in all", "a second", "a ticket", title=f"{load.servers:,} servers, {span:.0f} seconds")

    def add(what: str, number: float) -> None:
        table.add_row(what, f"{number:,.1f}", f"{number / span:,.2f}", f"{number / opened:,.1f}")

    add("events told", told)
    add("transactions", after.transactions - before.transactions)
    add("calls of the platform", calls)
    add("seconds of a core, the bot", after.cpu - before.cpu)
    add("seconds of a core, PostgreSQL", after.database_cpu - before.database_cpu)
    add("KiB on the disk", (after.size - before.size) / 1024)
    for kind, number in sorted(platform.calls.items()):
        add(f"calls: {kind}", number)
    for name in _TABLES:
        add(f"rows of {name}", after.rows[name] - before.rows[name])
    return table


if __name__ == "__main__":
    typer.run(main)
