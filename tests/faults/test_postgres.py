"""PostgreSQL is restarted, killed, cut off, silent or slow: what was acknowledged is there, once, and nobody hangs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import bindparam, insert, select, text
from structlog.testing import capture_logs

from bot.coverage.matcher import Matcher
from bot.model import CommandUsed, MessagePosted, Person, Reply
from bot.store import migrations
from bot.store.database import Database, Transaction
from bot.store.engines import is_passing, open_database
from bot.store.outbox import LEASE
from bot.store.tables import posts, tickets
from tests.doubles.cut_line import cut_line
from tests.doubles.paper_chat import plain
from tests.doubles.post_office import open_post_office, until
from tests.doubles.postgres import PostgresServer, need_postgres
from tests.doubles.world import SERVER, START, World, open_world

CALLERS = 32
REQUEST = "the gallery crashes as soon as I open it since yesterday"
TICKETS = select(tickets.c.number, tickets.c.customer).order_by(tickets.c.number)
NOTHING = text("SELECT 1")
ADD = insert(posts).values(server="s", name=bindparam("name"), channel="c", message="m")
NAMES = select(posts.c.name).order_by(posts.c.name)
AT_MOST = 10.0
"""Seconds in which everybody is told something, whatever has happened."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A server that keeps what it has committed, and may be killed."""
    need_postgres()
    with PostgresServer(tmp_path_factory.mktemp("durable"), durable=True) as server:
        yield server


@pytest.fixture(scope="module")
def template(server: PostgresServer) -> str:
    url = server.new_database()
    migrations.upgrade(url)
    return url


@pytest.fixture
def url(server: PostgresServer, template: str) -> str:
    return server.new_database(template)


class Crowd:
    """People who ask for one ticket after the other, and tell each event again until it is acknowledged."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._numbers = count(1)
        self.acknowledged: list[str] = []
        """Customers; each asks once."""
        self.apologies = 0
        self.is_leaving = False

    async def ask_until_told_to_leave(self) -> None:
        await asyncio.gather(*(self._one(is_writing=bool(number % 2)) for number in range(CALLERS)))

    async def until(self, acknowledged: int) -> None:
        async with asyncio.timeout(30):
            while len(self.acknowledged) < acknowledged:  # noqa: ASYNC110 (nobody tells us)
                await asyncio.sleep(0.005)

    async def _one(self, *, is_writing: bool) -> None:
        while not self.is_leaving:
            number = next(self._numbers)
            await (self._write if is_writing else self._command)(number)
            self.acknowledged.append(f"c{number}")

    async def _write(self, number: int) -> None:
        about: dict[str, Any] = {
            "person": Person(f"c{number}", f"C{number}", "en"),
            "message": f"m{number}",
            "text": REQUEST,
        }
        await self._world.desk.handle(MessagePosted(**_base(number), **about))

    async def _command(self, number: int) -> None:
        while is_apology(await self._world.desk.handle(command(number))):
            self.apologies += 1
            await asyncio.sleep(0.05)


def _base(number: int) -> dict[str, Any]:
    return {"key": f"k{number}", "server": SERVER, "channel": "support", "order": number, "at": START}


def command(number: int) -> CommandUsed:
    return CommandUsed(**_base(number), person=Person(f"c{number}", f"C{number}", "en"), name="ticket", words=REQUEST)


def is_apology(reply: Reply | None) -> bool:
    return reply is not None and reply.content is not None and "this reference" in plain(reply.content)


async def customers(database: Database) -> list[str]:
    """Whose tickets there are, in the order of their numbers, which have no gaps."""
    rows = await database.transaction(lambda tx: tx.rows(TICKETS))
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
    return [row["customer"] for row in rows]


@asynccontextmanager
async def crowded(url: str, matcher: Matcher) -> AsyncIterator[tuple[World, Crowd]]:
    """A world in which a crowd asks; in the end each of its events has done what it asks for, once."""
    with capture_logs():  # full of what went wrong
        async with open_world(url, matcher) as world:
            crowd = Crowd(world)
            asking = asyncio.create_task(crowd.ask_until_told_to_leave())
            await crowd.until(CALLERS)
            yield world, crowd
            await crowd.until(len(crowd.acknowledged) + CALLERS)
            crowd.is_leaving = True
            await asking
            assert sorted(await customers(world.database)) == sorted(crowd.acknowledged)


@pytest.mark.parametrize("end", ["restart", "kill"])
async def test_a_server_that_goes_down_and_comes_up_loses_and_doubles_nothing(
    server: PostgresServer, url: str, matcher: Matcher, end: str
) -> None:
    async with crowded(url, matcher):
        if end == "kill":
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
        else:
            await asyncio.to_thread(server.restart)


async def test_when_a_server_dies_its_standby_goes_on_with_all_that_was_acknowledged(
    tmp_path: Path, matcher: Matcher
) -> None:
    need_postgres()
    with PostgresServer(tmp_path / "first", durable=True) as first:
        url = await asyncio.to_thread(first.new_database)
        await asyncio.to_thread(migrations.upgrade, url)
        with first.standby(tmp_path / "second") as second:
            async with crowded(first.or_standby(second, url), matcher):
                await asyncio.to_thread(first.kill)
                await asyncio.to_thread(second.promote)


async def test_cut_connections_lose_and_double_nothing(url: str, matcher: Matcher) -> None:
    async with cut_line(url) as (line, far), crowded(far, matcher) as (_, crowd):
        for _ in range(3):
            line.cut()
            await crowd.until(len(crowd.acknowledged) + CALLERS)


async def test_who_is_answered_by_nobody_may_ask_again_and_has_one_ticket(url: str, matcher: Matcher) -> None:
    async with cut_line(url) as (line, far), open_world(far, matcher) as world:
        line.cuts_after = b"COMMIT"
        with capture_logs():
            reply = await world.desk.handle(command(1))
        assert is_apology(reply)
        assert reply is not None
        assert reply.content is not None
        assert "cannot tell whether" in plain(reply.content), "to say that nothing was changed would be untrue"
        assert await customers(world.database) == ["c1"], "it was committed; the answer got lost"
        await world.desk.handle(command(1))
        assert await customers(world.database) == ["c1"]


async def test_what_is_only_told_is_told_again_by_itself(url: str, matcher: Matcher) -> None:
    async with cut_line(url) as (line, far), open_world(far, matcher) as world:
        line.cuts_after = b"COMMIT"
        await Crowd(world)._write(1)  # noqa: SLF001
        assert await customers(world.database) == ["c1"]


async def test_while_the_database_is_down_a_person_is_told_within_seconds(
    server: PostgresServer, url: str, matcher: Matcher
) -> None:
    async with open_world(url, matcher) as world:
        await asyncio.to_thread(server.stop)
        try:
            began = time.monotonic()
            with capture_logs() as logged:
                assert is_apology(await world.desk.handle(command(1)))
            assert time.monotonic() - began < 6
            assert "event failed" in [entry["event"] for entry in logged]
        finally:
            await asyncio.to_thread(server.start)
        assert not is_apology(await world.desk.handle(command(1)))


async def test_a_worker_that_falls_silent_in_a_transaction_lets_go_of_its_server(url: str) -> None:
    async with cut_line(url) as (line, far), open_database(far) as silent, open_database(url) as other:
        began, told = time.monotonic(), asyncio.Event()

        async def fall_silent(tx: Transaction) -> None:
            await tx.run(ADD, name="never committed")
            line.hush()
            told.set()
            await tx.run(NOTHING)

        lost = asyncio.create_task(timed(silent, fall_silent))
        await told.wait()
        assert await timed(other, lambda tx: tx.run(ADD, name="of the other")) < 6
        assert await lost < AT_MOST
        assert time.monotonic() - began < AT_MOST
        line.speak()
        assert await timed(silent, lambda tx: tx.run(ADD, name="afterwards")) < 1
        assert [row["name"] for row in await other.transaction(lambda tx: tx.rows(NAMES))] == [
            "afterwards",
            "of the other",
        ]


async def timed(database: Database, work: Callable[[Transaction], Awaitable[Any]]) -> float:
    """The seconds in which it was done, or given up as something that may be over in a while."""
    began = time.monotonic()
    try:
        await database.transaction(work, "s")
    except Exception as error:
        if not is_passing(error):
            raise
    return time.monotonic() - began


async def test_a_silent_database_does_not_hold_up_the_end(url: str) -> None:
    async with cut_line(url) as (line, far):
        async with open_database(far) as database:
            await database.transaction(lambda tx: tx.run(NOTHING))
            line.hush()
            waiting = [asyncio.create_task(timed(database, lambda tx: tx.run(NOTHING))) for _ in range(CALLERS)]
            await asyncio.sleep(0)
            began = time.monotonic()
        assert time.monotonic() - began < 6
        async with asyncio.timeout(1):
            await asyncio.gather(*waiting)


async def test_a_silent_database_is_told_at_the_start(url: str) -> None:
    async with cut_line(url) as (line, far):
        line.hush()
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            async with open_database(far):
                pass
        assert time.monotonic() - began < AT_MOST


async def test_a_far_database_serves_all_the_same(url: str, matcher: Matcher) -> None:
    async with cut_line(url) as (line, far), open_world(far, matcher) as world:
        line.delay = 0.01
        replies = await asyncio.gather(*(world.desk.handle(command(number)) for number in range(1, 17)))
        assert not any(map(is_apology, replies))
        assert len(await customers(world.database)) == 16


async def test_a_value_that_no_column_takes_fails_alone_and_at_once(url: str) -> None:
    bad = select(tickets.c.number).where(tickets.c.place_order == bindparam("order"))
    async with open_database(url) as database:
        good = [asyncio.create_task(database.transaction(_adding(name), "s")) for name in "ab"]
        began = time.monotonic()
        with pytest.raises(asyncpg.DataError) as raised:
            await database.transaction(lambda tx: tx.rows(bad, order=2**70), "s")
        assert time.monotonic() - began < 1
        assert not is_passing(raised.value)
        await asyncio.gather(*good)


def _adding(name: str) -> Callable[[Transaction], Awaitable[int]]:
    return lambda tx: tx.run(ADD, name=name)


async def test_letters_that_arrive_while_the_server_restarts_are_not_sent_again(
    server: PostgresServer, url: str
) -> None:
    async with open_post_office(url) as office:
        office.chat.slow["support"] = asyncio.Event()
        await asyncio.gather(*(office.owe(f"{number}", f"lane {number}") for number in range(5)))
        running = asyncio.create_task(office.outbox.run())
        await until(lambda: len(office.chat.tries) == 5)
        with capture_logs():
            await asyncio.to_thread(server.stop)
            office.chat.slow["support"].set()
            await asyncio.sleep(3)
            await asyncio.to_thread(server.start)
            await asyncio.sleep(3)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        office.pass_time(LEASE)
        await office.deliver()
        assert sorted(office.chat.said) == list("01234")
