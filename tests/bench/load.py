"""Measures what is kept in the database under load, against simpler things in the same run: `make bench`.

SQLite and PostgreSQL both write every commit to the disk before they say so, as they do for the product.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from itertools import count, product
from pathlib import Path
from typing import Annotated, Any

import aiosqlite
import asyncpg
import typer
from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table
from sqlalchemy import Dialect

from bot import log
from bot.app import learn_once
from bot.bench import Figure
from bot.coverage.matcher import Matcher
from bot.desk.desk import Desk
from bot.model import Action, CommandUsed, Content, Language, MessagePosted, Person, Reply, Say
from bot.settings import LogFormat, LogLevel, Settings
from bot.store import migrations, outbox, postgres, queries, sqlite
from bot.store.database import Database, Transaction
from bot.store.engines import open_database, url_of
from bot.store.statements import Statement
from bot.store.tables import outbox as outbox_table
from bot.store.tables import tickets
from bot.texts import paragraph
from tests.bench.claimers import Turn, claimers, lay_out_jobs
from tests.bench.filling import AGENT_ROLE, AGENTS, ASKED_AT, SUPPORT, WORDS, Filling, a_ticket, fill, server
from tests.doubles.postgres import PostgresServer, why_not

_CALLERS = 64
_SHOPS = 8
"""Servers among which callers are shared out where it is not said otherwise."""
_AGENT = Person("a", "A", "en", frozenset({AGENT_ROLE}))
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL")
_SLOWER = 2_000
"""Microseconds that each sync takes more on the slow disk."""
_SYNCS = "fsync,fdatasync"
_TWO_INSERTS = "two inserts"
_UNIQUE = count(1)
Side = Callable[[], Awaitable[float]]
"""Measures once."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured; a test takes little."""

    turns: int = 5
    opens: int = 640
    """Transactions of a turn."""
    few: int = 1_000
    many: int = 1_000_000
    """Tickets that wait, or are closed."""
    claims: int = 200
    workers: int = 8
    jobs: int = 100_000
    """The backlog of which several workers claim."""
    seconds: float = 1
    """Of a turn in which several workers claim."""
    a_second: int = 500
    servers: int = 10_000
    tickets: int = 100_000
    """Over all servers."""
    starts: int = 3
    has_slow_disk: bool = True
    """Whether opens and events are measured with slower syncs, too."""


_FULL = Size()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of database: how it is called, and how to get the address of a new one."""

    name: str
    dialect: Dialect
    new_url: Callable[[], str]
    folder: Path

    async def filled(self, filling: Filling) -> str:
        """The address of a new database with all this in it."""
        url = self.new_url()
        await asyncio.to_thread(fill, url, filling)
        return url


async def measure(matcher: Matcher, size: Size) -> AsyncIterator[Figure]:
    """All figures, one after the other."""
    if matcher.match(WORDS).action is not Action.ANSWER:
        raise RuntimeError("the message of the measurement must open a ticket")
    with _kinds() as kinds:
        for kind in kinds:
            for part in (_opens, _events, _long_lines):
                async for figure in part(kind, matcher, size):
                    yield figure
        if len(kinds) > 1:
            async for figure in _claims_of_workers(kinds[-1], size):
                yield figure
        async for figure in _processes(kinds[0], size):
            yield figure
    if size.has_slow_disk:
        for figure in await asyncio.to_thread(_on_slow_disk, size):
            yield figure


async def measure_disk(matcher: Matcher, size: Size) -> AsyncIterator[Figure]:
    """Only what waits for the disk, for a process that is held up by it."""
    with _kinds() as kinds:
        for kind, part in product(kinds, (_opens, _events)):
            async for figure in part(kind, matcher, size):
                yield figure


@contextmanager
def _kinds() -> Iterator[list[Kind]]:
    """SQLite, and PostgreSQL where a server can be started; its databases are as durable as SQLite's."""
    with tempfile.TemporaryDirectory() as name:
        folder, files = Path(name), count(1)
        template = folder / "template.sqlite3"
        _in_thread(migrations.upgrade, url_of(template))
        kinds = [
            Kind(
                "SQLite",
                sqlite.DIALECT,
                lambda: url_of(Path(shutil.copy(template, folder / f"{next(files)}.sqlite3"))),
                folder,
            )
        ]
        if lack := why_not():
            sys.stderr.write(f"PostgreSQL is left out: {lack}\n")
            yield kinds
            return
        with PostgresServer(folder / "postgres", durable=True) as engine:
            schema = engine.new_database()
            _in_thread(migrations.upgrade, schema)
            yield [*kinds, Kind("PostgreSQL", postgres.DIALECT, partial(engine.new_database, schema), folder)]


def _in_thread(work: Callable[[str], None], url: str) -> None:
    """What has an event loop of its own; nothing else is to be done meanwhile."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(work, url).result()


async def in_turns(turns: int, sides: Mapping[str, Side], *, warm_ups: int = 1) -> dict[str, float]:
    """The median of what each side measures: they take turns, so what else the machine does, it does to all."""
    measured: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(warm_ups + turns):
        for name, side in sides.items():
            value = await side()
            if turn >= warm_ups:
                measured[name].append(value)
    return {name: statistics.median(values) for name, values in measured.items()}


async def together(callers: int, rounds: int, work: Callable[[int], Awaitable[object]]) -> float:
    """How often a second the work is done, by so many callers each of whom waits for the end of the one before."""
    numbers = iter(range(rounds))

    async def caller() -> None:
        for number in numbers:
            await work(number)

    start = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return rounds / (time.perf_counter() - start)


# --- opens -------------------------------------------------------------------------------------------


async def _opens(kind: Kind, matcher: Matcher, size: Size) -> AsyncIterator[Figure]:
    """An open is a transaction with a ticket and its effect; or, by the desk, with all that belongs to them."""
    url, bare_url = [await kind.filled(Filling(servers=_SHOPS)) for _ in range(2)]
    peers = _SQLITE_PEERS if kind.dialect is sqlite.DIALECT else _POSTGRES_PEERS
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(url))
        desk = await stack.enter_async_context(_open_desk(database, matcher))
        sides: dict[str, Side] = {
            _TWO_INSERTS: _callers(size, partial(_open_in_store, database, _SHOPS)),
            f"{_TWO_INSERTS}, all in one server": _callers(size, partial(_open_in_store, database, 1)),
            "the desk's whole use case": _callers(size, partial(_open_by_desk, desk)),
        }
        bare = {name: await stack.enter_async_context(peer(bare_url, size)) for name, (peer, _) in peers.items()}
        rates = await in_turns(size.turns, {**sides, **bare})
    for side, (peer_name, (_, aim)) in product(sides, peers.items()):
        yield Figure(
            f"opens, {_CALLERS} callers, {kind.name}: {side} (times as many a second)",
            peer_name,
            rates[side] / rates[peer_name],
            aim if side == _TWO_INSERTS else "-",
            f"{rates[side]:.0f} against {rates[peer_name]:.0f} a second",
        )


def _callers(size: Size, work: Callable[[int], Awaitable[object]]) -> Side:
    return partial(together, _CALLERS, size.opens, work)


async def _open_by_desk(desk: Desk, _: int) -> None:
    await desk.handle(request(1 + next(_UNIQUE) % _SHOPS))


async def _open_in_store(database: Database, shops: int, _: int) -> None:
    number = next(_UNIQUE)
    shop = server(1 + number % shops)

    async def open_one(tx: Transaction) -> None:
        ticket = replace(a_ticket(shop, -number), place_order=_order(number))  # the desk gives no such numbers
        await queries.add_ticket(tx, ticket)
        await outbox.owe(tx, f"m{number}", _receipt(shop), ASKED_AT, ticket=-number)

    await database.transaction(open_one, shop)


@cache
def _receipt(shop: str) -> Say:
    """Some thousand bytes; the product writes it out anew for each ticket, its peers have it written out."""
    words = tuple(paragraph("words of a usual length, as in a receipt " * 2) for _ in range(10))
    return Say(server=shop, channel=SUPPORT, content=Content(Language.EN, words))


class _Bare:
    """The two inserts with what a driver wants for them; the receipt has been written out before."""

    def __init__(self, dialect: Dialect) -> None:
        letter = queries.given(outbox_table)
        del letter["id"]
        self._ticket = Statement(tickets.insert().values(queries.given(tickets)), dialect)
        self._letter = Statement(outbox_table.insert().values(letter), dialect)
        shop = server(1)
        told = TypeAdapter(Say).dump_json(_receipt(shop)).decode()
        rest = dict.fromkeys(letter) | {"attempts": 0, "due_at": ASKED_AT, "created_at": ASKED_AT}
        self._values = rest | {"server": shop, "state": "pending", "effect": told}

    def inserts(self) -> Iterator[tuple[str, list[Any]]]:
        """Those of one open."""
        number = -next(_UNIQUE)
        values = queries.ticket_values(a_ticket(server(1), number))
        yield self._ticket.sql, self._ticket.parameters(values)
        yield self._letter.sql, self._letter.parameters(self._values | {"lane": f"m{number}", "ticket": number})


Peer = Callable[[str, Size], AbstractAsyncContextManager[Side]]
"""A side for as long as its connection is open."""


@asynccontextmanager
async def _raw_sqlite(url: str, size: Size) -> AsyncIterator[Side]:
    bare = _Bare(sqlite.DIALECT)
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")

    async def open_one(_: int) -> None:
        connection.execute("BEGIN IMMEDIATE")
        for sql, parameters in bare.inserts():
            connection.execute(sql, parameters)
        connection.execute("COMMIT")

    try:
        yield partial(together, 1, size.opens, open_one)
    finally:
        connection.close()


@asynccontextmanager
async def _by_aiosqlite(url: str, size: Size) -> AsyncIterator[Side]:
    bare, turn = _Bare(sqlite.DIALECT), asyncio.Lock()
    async with aiosqlite.connect(url.removeprefix("sqlite:///"), isolation_level=None) as connection:
        for pragma in _PRAGMAS:
            await connection.execute(f"PRAGMA {pragma}")

        async def open_one(_: int) -> None:
            async with turn:
                await connection.execute("BEGIN IMMEDIATE")
                for sql, parameters in bare.inserts():
                    await connection.execute(sql, parameters)
                await connection.execute("COMMIT")

        yield partial(together, _CALLERS, size.opens, open_one)


@asynccontextmanager
async def _by_asyncpg(url: str, size: Size) -> AsyncIterator[Side]:
    bare = _Bare(postgres.DIALECT)
    connection = await asyncpg.connect(url)

    async def open_one(_: int) -> None:
        await connection.execute("BEGIN")
        for sql, parameters in bare.inserts():
            await connection.execute(sql, *parameters)
        await connection.execute("COMMIT")

    try:
        yield partial(together, 1, size.opens, open_one)
    finally:
        await connection.close()


_SQLITE_PEERS: Mapping[str, tuple[Peer, str]] = {
    "raw sqlite3, two inserts, one at a time": (_raw_sqlite, "at least 3"),
    "aiosqlite, two inserts, statement by statement, 64 callers": (_by_aiosqlite, "at least 8"),
}
_POSTGRES_PEERS: Mapping[str, tuple[Peer, str]] = {
    "asyncpg, BEGIN, two inserts, COMMIT, one caller": (_by_asyncpg, "at least 5"),
}


def _on_slow_disk(size: Size) -> list[Figure]:
    """Opens and events once more, in a process (and a server) for which every sync takes 2 ms more, by strace."""
    strace = shutil.which("strace")
    slow = [strace or "", "-f", "--seccomp-bpf", "-qq", "-o", os.devnull, "-e", f"trace={_SYNCS}"]
    slow += ["-e", f"inject={_SYNCS}:delay_exit={_SLOWER}"]
    tried = strace and subprocess.run([*slow, sys.executable, "-ISc", ""], capture_output=True, check=False)
    if not tried or tried.returncode:
        sys.stderr.write("A slow disk is left out: strace is not there, or may not hold processes up here\n")
        return []
    disk = [*slow, sys.executable, "-m", "tests.bench.load", "--only-disk"]
    disk += [f"--turns={size.turns}", f"--size={size.opens}", f"--seconds={size.seconds}"]
    told = subprocess.run(disk, stdout=subprocess.PIPE, text=True, check=True).stdout
    figures = [Figure(**json.loads(line)) for line in told.splitlines()]
    return [replace(one, what=f"2 ms more for each sync: {one.what}") for one in figures]


# --- events ------------------------------------------------------------------------------------------


async def _events(kind: Kind, matcher: Matcher, size: Size) -> AsyncIterator[Figure]:
    """From the event to its commit, by the real desk: messages that open tickets, and those in their threads."""
    url = await kind.filled(Filling(servers=_SHOPS, waiting=size.few))
    async with open_database(url) as database, _open_desk(database, matcher) as desk:

        async def tell(make: Callable[[int], MessagePosted], number: int) -> None:
            await desk.handle(make(number))

        async def empty(_: int) -> None:
            event = request(1 + next(_UNIQUE) % _SHOPS)
            await database.transaction(
                lambda tx: queries.is_new(tx, event.server, f"event:{event.key}", event.at), event.server
            )

        talk: dict[str, Callable[[int], MessagePosted]] = {
            "a message that opens a ticket": _opening,
            "a message in a ticket's thread": partial(_said, size.few),
        }
        sides = {what: _callers(size, partial(tell, make)) for what, make in talk.items()}
        rates = await in_turns(size.turns, {**sides, "empty": _callers(size, empty)})
        for what in talk:
            yield Figure(
                f"whole path of {what}, {_CALLERS} callers, {kind.name} (times as many a second)",
                "a handler that only commits that the event was seen",
                rates[what] / rates["empty"],
                "at least 0.3",
                f"{rates[what]:.0f} against {rates['empty']:.0f} a second",
            )
        for what, make in talk.items():
            before = _sync(kind.folder)
            waits = await _at_pace(partial(tell, make), size)
            sync = statistics.mean((before, _sync(kind.folder)))
            last = statistics.quantiles(waits, n=100)[-1]
            yield Figure(
                f"event to committed, {what}, {size.a_second} a second, 99th percentile, {kind.name}",
                "one sync of the disk, median",
                last / sync,
                "at most 20",
                f"{last * 1e3:.1f} ms (median {statistics.median(waits) * 1e3:.1f}) against {sync * 1e3:.2f} ms",
            )


def _opening(_: int) -> MessagePosted:
    return request(1 + next(_UNIQUE) % _SHOPS)


def _said(tickets: int, _: int) -> MessagePosted:
    """The customer of a ticket that was filled in writes more, each in turn."""
    number = next(_UNIQUE)
    shop, ticket = 1 + number % _SHOPS, 1 + number // _SHOPS % tickets
    asked = request(shop, "and it happens each time")
    return replace(asked, thread=f"m{ticket}", person=Person(f"c{ticket}", "Customer", "en"))


async def _at_pace(tell: Callable[[int], Awaitable[None]], size: Size) -> list[float]:
    """How long each event took. They come at their pace, whether the ones before have been handled or not."""
    waits: list[float] = []

    async def timed(number: int, at: float) -> None:
        await tell(number)
        waits.append(time.perf_counter() - at)

    start = time.perf_counter()
    async with asyncio.TaskGroup() as events:
        for number in range(round(5 * size.seconds * size.a_second)):
            at = start + number / size.a_second
            await asyncio.sleep(max(0, at - time.perf_counter()))
            events.create_task(timed(number, at))
    return waits


def _sync(folder: Path, rounds: int = 100) -> float:
    """Seconds that the disk takes to keep 4 KiB more."""
    spent = []
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(rounds):
            file.write(bytes(4096))
            start = time.perf_counter()
            os.fdatasync(file.fileno())
            spent.append(time.perf_counter() - start)
    return statistics.median(spent)


# --- long lines --------------------------------------------------------------------------------------


async def _long_lines(kind: Kind, matcher: Matcher, size: Size) -> AsyncIterator[Figure]:
    """The same with few and with many tickets; one server has them all."""
    fillings = {
        "few": Filling(waiting=size.few),
        "many": Filling(waiting=size.many),
        "many closed": Filling(waiting=size.few, closed=size.many),
    }
    async with AsyncExitStack() as stack:
        sides: dict[str, tuple[Database, Desk, Filling]] = {}
        for name, filling in fillings.items():
            url = await kind.filled(filling)
            database = await stack.enter_async_context(open_database(url))
            sides[name] = database, await stack.enter_async_context(_open_desk(database, matcher)), filling
        places = await in_turns(
            size.turns * 4, {name: partial(_place, database, filling) for name, (database, _, filling) in sides.items()}
        )
        yield _times(f"place in the line at {size.many:,}, {kind.name}", places, "many", "few", size, "at most 3")
        claims = await in_turns(size.claims, {name: partial(_claim, desk) for name, (_, desk, _) in sides.items()})
        yield _times(f"claim, {size.many:,} waiting, {kind.name}", claims, "many", "few", size, "at most 1.5")
        what = f"claim, {size.few:,} waiting, {size.many:,} closed before, {kind.name}"
        yield _times(what, claims, "many closed", "few", size, "at most 1.2")
        opens = await in_turns(size.turns * 4, {name: partial(_open, desk) for name, (_, desk, _) in sides.items()})
        yield _times(f"open, one caller, {size.many:,} waiting, {kind.name}", opens, "many", "few", size, "-")


def _times(what: str, spent: Mapping[str, float], much: str, little: str, size: Size, aim: str) -> Figure:
    detail = f"{spent[much] * 1e6:.0f} µs against {spent[little] * 1e6:.0f} µs"
    return Figure(what, f"the same with {size.few:,} waiting", spent[much] / spent[little], aim, detail)


async def _place(database: Database, filling: Filling) -> float:
    """Seconds for the place of the last one in the line, without the way into the transaction."""
    last = a_ticket(server(1), filling.tickets)

    async def ask(tx: Transaction) -> float:
        start = time.perf_counter()
        place = await queries.place_of(tx, last)
        spent = time.perf_counter() - start
        if place != filling.waiting:
            raise RuntimeError(f"the place of the last one was {place}")
        return spent

    return await database.transaction(ask)


async def _claim(desk: Desk) -> float:
    number = next(_UNIQUE)
    event = CommandUsed(
        key=f"e{number}",
        server=server(1),
        channel=AGENTS,
        order=_order(number),
        at=ASKED_AT,
        person=_AGENT,
        name="claim",
    )
    start = time.perf_counter()
    reply = await desk.handle(event)
    if not isinstance(reply, Reply) or reply.is_refusal:
        raise RuntimeError("a claim was refused")
    return time.perf_counter() - start


async def _open(desk: Desk) -> float:
    start = time.perf_counter()
    await desk.handle(request(1))
    return time.perf_counter() - start


# --- several workers ---------------------------------------------------------------------------------


async def _claims_of_workers(kind: Kind, size: Size) -> AsyncIterator[Figure]:
    """Each worker is a process of its own, with one claim at a time; that of a line is under its server's lock."""
    each = Filling(servers=size.workers, waiting=size.jobs // size.workers)
    url, jobs_url = await kind.filled(each), kind.new_url()
    await lay_out_jobs(jobs_url, size.jobs)
    async with claimers(size.workers, url, jobs_url) as take:
        sides = {lines: partial(take, Turn(lines, size.seconds)) for lines in (size.workers, 1, 0)}
        rates = await in_turns(size.turns, {str(lines): side for lines, side in sides.items()})
    for lines, aim in ((size.workers, "at least 1.5"), (1, "-")):
        where = f"{lines} lines" if lines > 1 else "one line"
        yield Figure(
            f"claims by {size.workers} processes, {where}, {kind.name} (times as many a second)",
            f"procrastinate's fetch_job by {size.workers} processes",
            rates[str(lines)] / rates["0"],
            aim,
            f"{rates[str(lines)]:.0f} against {rates['0']:.0f} a second",
        )


# --- processes of their own --------------------------------------------------------------------------


async def _processes(kind: Kind, size: Size) -> AsyncIterator[Figure]:
    """How long the product takes to start, and what it holds."""
    nothing = await kind.filled(Filling())
    many = Filling(servers=size.servers, waiting=size.tickets // size.servers)
    town = await kind.filled(many)
    heard = min(size.servers, 1_000)
    _, small = await asyncio.to_thread(_alone, kind.folder, nothing, 1)
    _, large = await asyncio.to_thread(_alone, kind.folder, town, heard)
    yield Figure(
        f"memory for {size.servers:,} servers and {size.tickets:,} waiting tickets, {kind.name}",
        "the same with one server and no ticket",
        large / small,
        "under 300 MB",
        f"{large / 1024:.0f} MB, of which {small / 1024:.0f} without them; {heard:,} servers were heard of",
    )
    full = await kind.filled(Filling(waiting=size.few, closed=size.many))
    sides = {"nothing": nothing, "full": full}
    starts = await in_turns(
        size.starts, {name: partial(_start, kind.folder, url) for name, url in sides.items()}, warm_ups=0
    )
    yield Figure(
        f"start to first event handled, {size.many:,} tickets, {kind.name}",
        "the same with an empty file",
        starts["full"] / starts["nothing"],
        "under 2 s",
        f"{starts['full']:.2f} s against {starts['nothing']:.2f} s",
    )


async def _start(folder: Path, url: str) -> float:
    return (await asyncio.to_thread(_alone, folder, url, 0))[0]


def _alone(folder: Path, url: str, servers: int) -> tuple[float, int]:
    """Seconds to the first event, and the KiB that the process held after so many others."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "tests.bench.alone", url, str(servers)]
    # compiled once, like an installed program, and not anew at each start
    compiled = os.environ | {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=compiled) as process:
        assert process.stdout is not None
        process.stdout.readline()
        spent = time.perf_counter() - start
        then = process.stdout.readline()
    if process.returncode:
        raise RuntimeError("the process that was measured has failed")
    return spent, int(then)


# --- the desk ----------------------------------------------------------------------------------------


@asynccontextmanager
async def _open_desk(database: Database, matcher: Matcher) -> AsyncIterator[Desk]:
    """A desk alone: what it owes is not delivered while it is measured."""
    desk = Desk(database, matcher)
    await desk.start()
    try:
        yield desk
    finally:
        await desk.finish()


def request(shop: int, words: str = WORDS) -> MessagePosted:
    """A message of a new customer that opens a ticket."""
    number = next(_UNIQUE)
    return MessagePosted(
        key=f"e{number}",
        server=server(shop),
        channel=SUPPORT,
        order=_order(number),
        at=ASKED_AT,
        person=Person(f"n{number}", "Customer", "en"),
        message=f"n{number}",
        text=words,
    )


def _order(number: int) -> int:
    """Behind all that was filled in."""
    return 2**40 + number


# --- the command -------------------------------------------------------------------------------------


def main(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="100,000 instead of a million.")] = False,
    only_disk: Annotated[bool, typer.Option(hidden=True, help="Only what waits for the disk, as JSON.")] = False,
    turns: Annotated[int, typer.Option(hidden=True)] = _FULL.turns,
    size: Annotated[int, typer.Option(hidden=True, help="Opens of a turn.")] = _FULL.opens,
    seconds: Annotated[float, typer.Option(hidden=True)] = _FULL.seconds,
) -> None:
    """Measure the store and the desk under load against simpler things in the same run."""
    log.set_up(LogLevel.ERROR, LogFormat.AUTO)
    sizes = replace(_FULL, turns=turns, opens=size, seconds=seconds, many=100_000 if quick else _FULL.many)
    matcher = learn_once(Settings(_env_file=None).policy_dir)
    figures = measure_disk(matcher, sizes) if only_disk else measure(matcher, sizes)
    asyncio.run(_show(figures, as_json=as_json or only_disk))


async def _show(figures: AsyncIterator[Figure], *, as_json: bool) -> None:
    console = Console(highlight=False)
    table = Table("what", "against", "ratio", "aim", "measured", title="Under load")
    async for figure in figures:
        if as_json:
            sys.stdout.write(json.dumps(asdict(figure), ensure_ascii=False) + "\n")
            sys.stdout.flush()
        else:
            table.add_row(figure.what, figure.against, f"{figure.ratio:.2f}", figure.aim, figure.detail)
    if not as_json:
        console.print(table)


if __name__ == "__main__":
    typer.run(main)
