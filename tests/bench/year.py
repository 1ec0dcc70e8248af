"""A year of support with 100,000 tickets, lived through by the real desk on real SQLite, and then audited.

Time is a number here, and the chat is a pile of paper; all else is the product. Two shops live side by side, each in a
process and on a file of its own: one promises around the clock, the other counts its support hours.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from datetime import timedelta
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table
from sqlalchemy import bindparam, delete, select

from bot import log
from bot.coverage.matcher import Matcher
from bot.coverage.policy import load_policy
from bot.desk.desk import Desk
from bot.model import Event, FormSent, Person, SupportHours, Ticket, Verdict
from bot.settings import LogFormat, LogLevel, Settings
from bot.store import migrations, promise_queries, queries
from bot.store.database import Database, Transaction
from bot.store.engines import url_of
from bot.store.sqlite import SqliteDatabase
from bot.store.tables import outbox
from bot.store.verifying import chains
from tests.bench.audit import Findings, audit
from tests.bench.shop import BEGIN, CHANNEL, HOUR, LOOKED_AT, WEEKS, People, Shop
from tests.doubles.clockwork import CLOCK
from tests.doubles.paper_chat import PaperChat

_MODERATOR = Person("moderator", "Moderator", "en", is_admin=True)
_WEEK = "Mo-Fr 09:00-17:00, Sa 09:00-14:00"
_LETTERS = select(outbox.c.id, outbox.c.effect)
_KEYS = tuple(f'"{key}"' for key in CLOCK)
_POSTED = delete(outbox).where(outbox.c.id <= bindparam("last"))
_A_DAY = 24
_A_WEEK = 7 * _A_DAY
_PACE_KEPT_FOR = timedelta(weeks=1)
"""Else every hour of the year would begin with measuring the pace, which is measured elsewhere."""
_GARBAGE = 100_000
"""Objects after which some are looked through; there is memory enough."""
_IN_MEMORY = Path("/dev/shm")
"""Whether a disk keeps what it was given is not what is measured here."""


def shops(tickets: int) -> tuple[Shop, Shop]:
    """Two shops that have so many tickets together."""
    some = tickets // 2
    return Shop("year:clock", tickets - some), Shop("year:hours", some, SupportHours("Europe/Berlin", _WEEK, "DE"))


class OnceRead(Matcher):
    """Reads each request once: people here ask in few words, and how long a verdict takes is measured elsewhere."""

    def __init__(self, folder: Path) -> None:
        super().__init__(load_policy(folder))
        self._verdict_on = lru_cache(super().match)

    def match(self, text: str) -> Verdict:
        """As the product judges it."""
        return self._verdict_on(text)


class Postman:
    """Takes all that is owed, and notes what the clock had to say to whom."""

    def __init__(self) -> None:
        self.said: dict[str, Counter[tuple[int, str]]] = {}
        """By server: ticket and key of the first sentence."""

    async def collect(self, tx: Transaction) -> None:
        """What is drawn when it is sent is thrown away: a board is drawn anew with each change."""
        last = 0
        for row in await tx.rows(_LETTERS):
            last = max(last, row["id"])
            if row["effect"] is not None and any(key in row["effect"] for key in _KEYS):
                self._read(json.loads(row["effect"]))
        await tx.run(_POSTED, last=last)

    def _read(self, effect: dict[str, Any]) -> None:
        if effect["kind"] != "say":
            return
        first = effect["content"]["blocks"][0]["words"]
        if isinstance(first, dict) and first["key"] in CLOCK:
            self.said.setdefault(effect["server"], Counter())[first["values"]["number"], first["key"]] += 1


class Year:
    """Some shops on one file, and a clock that one turns by the hour."""

    def __init__(self, file: Path, matcher: Matcher, some: Sequence[Shop]) -> None:
        """The file has the schema."""
        self._file = file
        self._matcher = matcher
        self._people = [People(shop, random.Random(number)) for number, shop in enumerate(some)]  # noqa: S311
        self._postman = Postman()
        self._chat = PaperChat()
        self._now = BEGIN
        self._due = BEGIN
        """When the clock has something to do, as the desk says."""
        self._found_by_sweeps = 0

    async def live(self, weeks: int) -> Findings:
        """Let the time pass, and look at what it has come to."""
        async with SqliteDatabase(self._file) as database, SqliteDatabase(self._file) as another:
            desk = await self._desk(database)
            for people in self._people:
                for form, values in people.shop.setup.items():
                    await desk.handle(_setup(people.shop.server, form, values))
            for hour in range(weeks * _A_WEEK):
                self._now = BEGIN + hour * HOUR
                if hour % _A_WEEK == 0:  # a restart, and a second worker that looks at the same moment
                    desk = await self._desk(database)
                    await asyncio.gather(desk.keep_promises(), (await self._desk(another)).keep_promises())
                    await desk.tidy()
                await self._live_an_hour(desk, database)
                if hour % _A_DAY == 0:
                    await desk.keep_promises()
                    await database.transaction(self._look_at_sweep)
            await desk.keep_promises()
            await database.transaction(self._deliver)
            return await database.transaction(self._audit)

    async def _desk(self, database: Database) -> Desk:
        desk = Desk(database, self._matcher, clock=lambda: self._now)
        desk.paces.kept_for = _PACE_KEPT_FOR
        desk.chat_of = lambda _server: self._chat
        await desk.start()
        return desk

    async def _live_an_hour(self, desk: Desk, database: Database) -> None:
        if is_due := self._due <= self._now:
            await desk.keep_promises()
        happens = [event for people in self._people for event in (*people.ask(self._now), *people.work(self._now))]
        await asyncio.gather(*map(desk.handle, happens))
        if not (is_due or happens or any(people.capacity(self._now) for people in self._people)):
            return
        lines = await database.transaction(self._deliver)
        for people, (waiting, line) in zip(self._people, lines, strict=True):
            await self._claim(desk, people, people.claims(line, waiting, self._now))

    async def _deliver(self, tx: Transaction) -> list[tuple[int, list[Ticket]]]:
        """Deliver the letters; how many wait then at each shop, and the part of its line that agents look at."""
        await self._postman.collect(tx)
        self._due = await promise_queries.next_due(tx) or self._now + HOUR
        return [await self._line(tx, people) for people in self._people]

    async def _line(self, tx: Transaction, people: People) -> tuple[int, list[Ticket]]:
        server = people.shop.server
        if not people.capacity(self._now):
            return 0, []
        return await queries.waiting_count(tx, server), await queries.line(tx, server, LOOKED_AT)

    @staticmethod
    async def _claim(desk: Desk, people: People, calls: list[tuple[Person, Event]]) -> None:
        replies = await asyncio.gather(*(desk.handle(event) for _, event in calls))
        for (agent, _), reply in zip(calls, replies, strict=True):
            people.told(agent, reply)

    async def _look_at_sweep(self, tx: Transaction) -> None:
        for people in self._people:
            if sweep := await promise_queries.last_sweep(tx, people.shop.server):
                _, found = sweep
                self._found_by_sweeps += found

    async def _audit(self, tx: Transaction) -> Findings:
        whole = Findings()
        for people in self._people:
            server = people.shop.server
            whole += await audit(tx, server, people.orders, self._postman.said.get(server, Counter()))
            late = await promise_queries.late(tx, server, self._now)
            whole.faults["left behind"] += late.late - late.told
        whole.faults["left behind, found by a daily sweep"] = self._found_by_sweeps
        return whole


def live(file: Path, policy: Path, some: Sequence[Shop], weeks: int = WEEKS) -> Findings:
    """A year of some shops on a new file, or only so many weeks of it."""
    migrations.upgrade(url_of(file))
    matcher = OnceRead(policy)
    gc.freeze()  # what was learned is not garbage, and need not be looked through again and again
    gc.set_threshold(_GARBAGE)
    findings = asyncio.run(Year(file, matcher, some).live(weeks))
    findings.faults["links of the record broken"] = sum(len(chain.broken) for _, chain in chains(url_of(file)))
    return findings


def live_side_by_side(tickets: int, policy: Path) -> Findings:
    """The year of all shops, each in a process of its own."""
    parent = _IN_MEMORY if _IN_MEMORY.is_dir() else None
    with (
        tempfile.TemporaryDirectory(dir=parent) as folder,
        ProcessPoolExecutor(mp_context=get_context("spawn")) as processes,
    ):
        years = [
            processes.submit(live, Path(folder) / f"{number}.sqlite3", policy, [shop])
            for number, shop in enumerate(shops(tickets))
        ]
        return sum((year.result() for year in years), start=Findings())


def _setup(server: str, form: str, values: dict[str, str]) -> FormSent:
    return FormSent(
        key=form, server=server, channel=CHANNEL, order=0, at=BEGIN, person=_MODERATOR, form=form, values=values
    )


# --- the command -------------------------------------------------------------------------------------


def main(
    *,
    tickets: Annotated[int, typer.Option(help="Requests in the year.")] = 100_000,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Live through a year and print what became of the promise. Exit code 1 if anything is not as promised."""
    log.set_up(LogLevel.ERROR, LogFormat.AUTO)
    start = time.perf_counter()
    findings = live_side_by_side(tickets, Settings(_env_file=None).policy_dir)
    seconds = time.perf_counter() - start
    console = Console(highlight=False)
    if as_json:
        console.print_json(data={**asdict(findings), "seconds": seconds}, indent=None)
    else:
        console.print(_table(findings, seconds))
    if any(findings.faults.values()):
        sys.exit(1)


def _table(findings: Findings, seconds: float) -> Table:
    table = Table("what", Column("how many", justify="right"), title="A simulated year")
    for what, many in findings.counts.items():
        table.add_row(what, f"{many:,}")
    table.add_section()
    for what, many in findings.faults.items():
        table.add_row(f"{what} (must be 0)", f"{many:,}")
    table.add_section()
    table.add_row("seconds", f"{seconds:.0f}")
    return table


if __name__ == "__main__":
    typer.run(main)
