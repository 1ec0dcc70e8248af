"""Measures the product against simpler things, as ratios taken in one run: machines differ, ratios hardly."""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path

from pydantic import TypeAdapter
from rapidfuzz import fuzz, process

from bot.coverage.matcher import Matcher
from bot.desk.desk import Desk
from bot.model import (
    Action,
    CommandUsed,
    Content,
    FormSent,
    Language,
    MessagePosted,
    Person,
    Reply,
    Ruling,
    Say,
    ServerSettings,
    Ticket,
    TicketState,
)
from bot.rules.promise import promise
from bot.store import migrations, queries
from bot.store.database import Transaction
from bot.store.engines import open_database, url_of
from bot.store.outbox import owe
from bot.texts import paragraph

_SERVER = "bench:shop"
_MODERATOR = Person("m", "M", "en", is_admin=True)
_AGENT = Person("a", "A", "en", frozenset({"agent"}))
_CALLERS = 64
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_ADD_EFFECT = """
    INSERT INTO outbox (server, lane, state, effect, ticket, attempts, due_at, created_at)
    VALUES (?, ?, 'pending', ?, ?, 0, 0, 0)
"""
_RECEIPT = Say(
    server=_SERVER,
    channel="support",
    content=Content(Language.EN, tuple(paragraph("words of a usual length, as in a receipt " * 2) for _ in range(10))),
)
_RECEIPT_JSON = TypeAdapter(Say).dump_json(_RECEIPT).decode()
"""The same effect on both sides, some thousand bytes; only ours has to write it out anew each time."""
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Figure:
    """One comparison: what ours costs in units of what is simpler; for opens, how many times as many a second."""

    what: str
    against: str
    ratio: float
    aim: str
    detail: str


async def measure(matcher: Matcher) -> AsyncIterator[Figure]:
    """All figures, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        async with _desk(Path(folder) / "idle.sqlite3", matcher) as desk:
            yield await _ignored(desk)
        yield _verdict(matcher)
        raw = _raw_opens(Path(folder) / "raw.sqlite3")
        yield _opens("a ticket and its effect", "at least 2", raw, await _store_opens(Path(folder) / "store.sqlite3"))
        async with _desk(Path(folder) / "desk.sqlite3", matcher) as desk:
            yield _opens("a message, all the way to its receipt", "-", raw, await _desk_opens(desk, matcher))
        few = await _claims(Path(folder) / "few.sqlite3", matcher, 1_000)
        many = await _claims(Path(folder) / "many.sqlite3", matcher, 100_000)
        detail = f"{many * 1e6:.0f} µs against {few * 1e6:.0f} µs"
        yield Figure("claim with 100,000 waiting", "the same with 1,000 waiting", many / few, "at most 1.5", detail)


async def _ignored(desk: Desk, rounds: int = 20_000) -> Figure:
    event = _message("somewhere-else", "good morning everybody")
    places = {(_SERVER, "support")}
    start = time.perf_counter()
    for _ in range(rounds):
        await desk.handle(event)
    ours = time.perf_counter() - start
    start = time.perf_counter()
    for _ in range(rounds):
        _ = (event.server, event.channel) in places
    simple = time.perf_counter() - start
    detail = f"{ours / rounds * 1e9:.0f} ns against {simple / rounds * 1e9:.0f} ns"
    return Figure("a message that does not concern us", "a bare set lookup", ours / simple, "-", detail)


def _verdict(matcher: Matcher) -> Figure:
    phrases = [
        phrase
        for category in matcher.policy.categories.values()
        for texts in category.texts.values()
        for phrase in texts.phrases
    ]
    messages = phrases[:: max(1, len(phrases) // 300)]
    ours = _median(matcher.match, messages)
    simple = _median(lambda text: process.extractOne(text, phrases, scorer=fuzz.token_set_ratio), messages)
    detail = f"{ours * 1e3:.2f} ms against {simple * 1e3:.2f} ms at the median, {len(phrases)} phrases"
    return Figure("a verdict", "rapidfuzz extractOne, token_set_ratio", ours / simple, "at most 1", detail)


def _median(work: Callable[[str], object], texts: Sequence[str]) -> float:
    times = []
    for text in texts:
        start = time.perf_counter()
        work(text)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _opens(what: str, aim: str, raw: float, ours: float) -> Figure:
    detail = f"{ours:.0f} against {raw:.0f} a second"
    against = "raw sqlite3, one transaction with two inserts at a time"
    return Figure(f"{what}, {_CALLERS} callers (times as many a second)", against, ours / raw, aim, detail)


def _raw_opens(file: Path, rounds: int = 2_000) -> float:
    migrations.upgrade(url_of(file))
    ticket = queries.add_ticket_sql()
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    start = time.perf_counter()
    for number in range(rounds):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(ticket.sql, ticket.parameters(queries.ticket_values(_ticket(number))))
        connection.execute(_ADD_EFFECT, (_SERVER, f"t-{number}", _RECEIPT_JSON, number))
        connection.execute("COMMIT")
    connection.close()
    return rounds / (time.perf_counter() - start)


async def _store_opens(file: Path, rounds: int = 6_400) -> float:
    migrations.upgrade(url_of(file))

    async def open_one(tx: Transaction, number: int) -> None:
        await queries.add_ticket(tx, _ticket(number))
        await owe(tx, f"t-{number}", _RECEIPT, _NOW, ticket=number)

    async with open_database(url_of(file)) as database:

        async def caller(numbers: range) -> None:
            for number in numbers:
                await database.transaction(partial(open_one, number=number))

        start = time.perf_counter()
        await asyncio.gather(*(caller(range(first, rounds, _CALLERS)) for first in range(_CALLERS)))
        return rounds / (time.perf_counter() - start)


async def _desk_opens(desk: Desk, matcher: Matcher, rounds: int = 3_200) -> float:
    text = "since the last update the gallery crashes as soon as I open the settings"
    if matcher.match(text).action is not Action.ANSWER:
        raise RuntimeError("the bench's message must open a ticket")

    async def caller(rounds: int) -> None:
        for _ in range(rounds):
            await desk.handle(_message("support", text))

    start = time.perf_counter()
    await asyncio.gather(*(caller(rounds // _CALLERS) for _ in range(_CALLERS)))
    return rounds / (time.perf_counter() - start)


async def _claims(file: Path, matcher: Matcher, waiting: int, rounds: int = 200) -> float:
    async with _desk(file, matcher) as desk:
        ticket = queries.add_ticket_sql()
        connection = sqlite3.connect(file)
        rows = (ticket.parameters(queries.ticket_values(_ticket(number))) for number in range(1, waiting + 1))
        connection.executemany(ticket.sql, rows)
        connection.commit()
        connection.close()
        times = []
        for _ in range(rounds):
            number = next(_numbers)
            claim = CommandUsed(
                key=f"c{number}", server=_SERVER, channel="agents", order=number, at=_NOW, person=_AGENT, name="claim"
            )
            start = time.perf_counter()
            reply = await desk.handle(claim)
            times.append(time.perf_counter() - start)
            if not isinstance(reply, Reply):
                raise RuntimeError("a claim was not answered")  # noqa: TRY004 (no argument has a wrong type)
        return statistics.median(times)


@asynccontextmanager
async def _desk(file: Path, matcher: Matcher) -> AsyncIterator[Desk]:
    migrations.upgrade(url_of(file))
    async with open_database(url_of(file)) as database:
        desk = Desk(database, matcher)
        await desk.start()
        values = {"support": "support", "agents": "agents", "agent_roles": "agent"}
        setup = FormSent(
            key="setup",
            server=_SERVER,
            channel="support",
            order=0,
            at=_NOW,
            person=_MODERATOR,
            form="setup",
            values=values,
        )
        await desk.handle(setup)
        yield desk


def _message(channel: str, text: str) -> MessagePosted:
    number = next(_numbers)
    person = Person(f"c{number}", "Customer", "en")
    return MessagePosted(
        key=f"k{number}",
        server=_SERVER,
        channel=channel,
        order=number,
        at=_NOW,
        person=person,
        message=f"m{number}",
        text=text,
    )


def _ticket(number: int) -> Ticket:
    due = promise(_NOW, ServerSettings())
    return Ticket(
        server=_SERVER,
        number=number,
        state=TicketState.WAITING,
        customer=f"c{number}",
        customer_name="Customer",
        language=Language.EN,
        channel="support",
        message=f"bench-{number}",
        thread=f"bench-{number}",
        lane=f"bench-{number}",
        text="since the last update the gallery crashes as soon as I open the settings",
        category="defect",
        ruling=Ruling.COVERED,
        policy_version="bench",
        place_order=number,
        opened_at=_NOW,
        asked_at=_NOW,
        soft_due=due.soft,
        hard_due=due.hard,
    )
