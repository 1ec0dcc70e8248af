"""Whatever happens to tickets, the databases' own count of who waits where says what counting would."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, bindparam, delete, select, text

from bot.model import ServerSettings, Ticket, TicketState
from bot.rules.tickets import close, reopen
from bot.store import migrations, queries
from bot.store.database import Transaction
from bot.store.engines import file_of, open_database
from bot.store.tables import line_parts, tickets
from bot.store.triggers import ON_POSTGRES, ON_SQLITE, PART
from tests.bench.filling import a_ticket
from tests.doubles.world import START

SHOP, OTHER = "paper:shop", "paper:other"
SHORT = 3
"""Tickets after which a new part begins, so that there are many parts."""
LAST_PLACE = 30
PLACES = st.integers(1, LAST_PLACE)
WHATS = st.sampled_from(["close", "reopen", "touch", "move", "delete"])
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("come last"), st.just(0)),
        st.tuples(st.just("come last"), st.just(0)),
        st.tuples(st.just("come before others"), PLACES),
        st.tuples(st.just("claim"), st.just(0)),
        st.tuples(WHATS, PLACES),
    ),
    min_size=15,
    max_size=60,
)
PARTS = select(line_parts).where(line_parts.c.server == bindparam("server"))
DELETE = delete(tickets).where(tickets.c.server == bindparam("server"), tickets.c.number == bindparam("number"))


class Line:
    """Does the actions in one server, and remembers what must come of them."""

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        self.tickets: dict[int, Ticket] = {}
        self.latest = LAST_PLACE

    @property
    def waiting(self) -> list[Ticket]:
        found = (ticket for ticket in self.tickets.values() if ticket.state is TicketState.WAITING)
        return sorted(found, key=lambda ticket: (ticket.place_order, ticket.number))

    async def act(self, what: str, place: int) -> None:
        self.latest += 1
        match what:
            case "come last":
                await self._open(self.latest)
            case "come before others":
                await self._open(place)
            case "claim":
                await self._claim()
            case _ if self.tickets:
                await self._change(what, list(self.tickets.values())[place % len(self.tickets)], place)

    async def _open(self, place: int) -> None:
        ticket = replace(a_ticket(SHOP, self.latest), place_order=place)
        await queries.add_ticket(self.tx, ticket)
        self.tickets[ticket.number] = ticket

    async def _claim(self) -> None:
        head = next(iter(self.waiting), None)
        claimed = await queries.claim_head(self.tx, SHOP, "tom", "Tom", START)
        assert (claimed and claimed.number) == (head and head.number)
        if claimed:
            self.tickets[claimed.number] = claimed

    async def _change(self, what: str, ticket: Ticket, place: int) -> None:
        if what == "delete":
            await self.tx.run(DELETE, server=SHOP, number=ticket.number)
            del self.tickets[ticket.number]
            return
        is_closed = ticket.state is TicketState.CLOSED
        match what:
            case "close" if not is_closed:
                ticket = close(ticket, START)
            case "reopen" if is_closed:
                ticket = reopen(ticket, self.latest, START, ServerSettings())
            case "move":
                ticket = replace(ticket, place_order=place)
        await queries.save_ticket(self.tx, ticket)
        self.tickets[ticket.number] = ticket

    async def is_counted(self) -> None:
        waiting = self.waiting
        assert await queries.waiting_count(self.tx, SHOP) == len(waiting)
        assert [await queries.place_of(self.tx, ticket) for ticket in waiting] == [*range(1, len(waiting) + 1)]
        assert await queries.waiting_count(self.tx, OTHER) == 1
        parts = {part["first_order"]: part["waiting"] for part in await self.tx.rows(PARTS, server=SHOP)}
        assert all(count > 0 for count in parts.values())
        assert sum(parts.values()) == len(waiting)


def use_short_parts(url: str) -> None:
    """Have the same triggers begin a part after a few tickets."""

    def change(connection: Connection) -> None:
        for statement in ON_POSTGRES[:1] if file_of(url) is None else ON_SQLITE:
            if file_of(url) is not None:
                connection.execute(text(f"DROP TRIGGER {statement.split()[2]}"))
            connection.execute(text(statement.replace(str(PART), str(SHORT))))

    migrations.connected(url, change)


class Undo(Exception):  # noqa: N818 (nothing is wrong)
    """Ends a transaction without a trace, so that the next one finds an empty table."""


def test_the_count_is_right_whatever_happens(new_url: Callable[[], str]) -> None:
    url = new_url()
    use_short_parts(url)
    longest = 0

    @given(ACTIONS)
    @settings(max_examples=60, deadline=None)
    def play(actions: list[tuple[str, int]]) -> None:
        async def in_transaction(tx: Transaction) -> None:
            nonlocal longest
            await queries.add_ticket(tx, a_ticket(OTHER, 1))
            line = Line(tx)
            for action in actions:
                await line.act(*action)
                await line.is_counted()
            longest = max(longest, len(await tx.rows(PARTS, server=SHOP)))
            raise Undo

        async def in_database() -> None:
            async with open_database(url) as database:
                await database.transaction(in_transaction)

        with suppress(Undo):
            asyncio.run(in_database())

    play()
    assert longest > SHORT


async def test_who_waits_already_is_counted_when_the_count_begins(new_empty_url: Callable[[], str]) -> None:
    url = new_empty_url()
    await asyncio.to_thread(migrations.upgrade, url, "0006")
    line = [replace(a_ticket(SHOP, number), place_order=number // 4) for number in range(1, 2 * PART + 8)]

    async def open_all(tx: Transaction) -> None:
        for ticket in (*line, close(a_ticket(SHOP, 9_999), START)):
            await queries.add_ticket(tx, ticket)
        await queries.add_ticket(tx, a_ticket(OTHER, 1))

    async def places(tx: Transaction) -> list[int]:
        return [await queries.place_of(tx, ticket) for ticket in (line[0], line[PART], line[-1])]

    async with open_database(url) as database:
        await database.transaction(open_all)
        await asyncio.to_thread(migrations.upgrade, url)
        assert await database.transaction(places) == [1, PART + 1, len(line)]
        assert await database.transaction(lambda tx: queries.waiting_count(tx, SHOP)) == len(line)
        parts = await database.transaction(lambda tx: tx.rows(PARTS, server=SHOP))
        assert len(parts) == 3
