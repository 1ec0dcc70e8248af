"""An hour of mixed load on one worker, and what becomes of its memory, its file, its outbox and its open files."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.rules.estimate import MOST_CASES
from bot.store import migrations
from bot.store.engines import url_of
from tests.bench.filling import ASKED_AT, Filling, fill
from tests.chaos import killing
from tests.chaos.people import Told, shops
from tests.chaos.stand_in import stand_in
from tests.chaos.worker import PREFIX

_SERVERS = 4
_CUSTOMERS, _AGENTS = 1, 4
"""In each server; so many agents that nobody waits for long."""
_STALLS_EVERY = 30.0
"""Seconds; as many calls as may are on their way then, so that memory has seen the worst before it is compared."""
_LOOKS = 120
"""How often the worker is looked at; every second at most."""
_MIB = 2**20
_LOOK = """
    SELECT (SELECT count(*) FROM tickets WHERE number > ?), count(*), min(created_at)
    FROM outbox WHERE state IN ('pending', 'leased')
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """The worker at one moment."""

    seconds: float
    """Since the load began."""
    memory: float
    """MiB that the process holds."""
    open_files: int
    log: float
    """MiB of the write-ahead log."""
    file: float
    """MiB by which the database has grown."""
    tickets: int
    """Opened so far."""
    owed: int
    """Letters in the outbox."""
    oldest: float
    """Seconds since the oldest of them was promised."""
    events: int
    """Acknowledged so far."""

    @property
    def for_each_ticket(self) -> float:
        """KiB of the file; tickets are kept, so that the file grows with them and with nothing else."""
        return self.file * 1024 / max(self.tickets, 1)


@dataclass(frozen=True, slots=True)
class Trend:
    """How something has developed: its medians in the second and in the last quarter of the time."""

    what: str
    unit: str
    earlier: float
    later: float
    most: float
    """What the later one may be for it to be called flat."""

    @property
    def is_flat(self) -> bool:
        """Whether it has not grown beyond chance."""
        return self.later <= self.most


async def soak(folder: Path, seconds: float, seed: int = 1, pause: float = 0.1) -> list[Sample]:
    """Live so long on a new database; the folder has the policy. `pause` is how long people wait between two acts."""
    file = folder / "desk.sqlite3"
    migrations.upgrade(url_of(file))
    past = await asyncio.to_thread(_give_past, file)
    plan = killing.Plan(url_of(file), folder, kills=0)
    chance = random.Random(seed)  # noqa: S311
    async with (
        stand_in(chance, keeps_calls=False, stalls_every=_STALLS_EVERY) as platform,
        killing.open_workers(plan, platform.url) as [worker],
    ):
        told = Told(chance, [f"http://127.0.0.1:{worker.port}"], keeps_events=False)
        people = shops(_SERVERS, told, seed, pause)
        process = worker.running.pid
        assert process is not None
        async with asyncio.TaskGroup() as tasks:
            for shop in people:
                tasks.create_task(shop.live(_CUSTOMERS, _AGENTS))
            await killing.until_heard(told)
            samples = await _watch(process, file, past, told, seconds)
            killing.close(people)
        return samples


def _give_past(file: Path) -> int:
    """As many answered requests as a pace is measured by at most, so that this is no reason to grow; their bytes."""
    fill(url_of(file), Filling(servers=_SERVERS, closed=MOST_CASES))
    since = (datetime.now(UTC) - ASKED_AT) // timedelta(microseconds=1) - MOST_CASES * 1_000_000
    with closing(sqlite3.connect(file)) as connection, connection:
        for table, column in (("servers", "id"), ("tickets", "server")):
            name = f"'{PREFIX}:shop-' || (replace({column}, 'bench:', '') - 1)"  # as in `shops`, and counted from 0
            connection.execute(f"UPDATE {table} SET {column} = {name}")  # noqa: S608 (ours)
        for column in ("asked_at", "opened_at", "claimed_at", "first_answer_at", "closed_at"):
            connection.execute(f"UPDATE tickets SET {column} = {column} + ?", [since])  # noqa: S608 (ours)
    return file.stat().st_size


async def _watch(process: int, file: Path, past: int, told: Told, seconds: float) -> list[Sample]:
    began = time.monotonic()
    between = max(seconds / _LOOKS, 1.0)
    samples = []
    while (passed := time.monotonic() - began) < seconds:
        samples.append(await asyncio.to_thread(_look, process, file, past, passed, told.total))
        await asyncio.sleep(between)
    return samples


def _look(process: int, file: Path, past: int, passed: float, events: int) -> Sample:
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
        [(tickets, owed, oldest)] = connection.execute(_LOOK, [MOST_CASES])
    return Sample(
        seconds=passed,
        memory=pages * os.sysconf("SC_PAGE_SIZE") / _MIB,
        open_files=len(list(Path(f"/proc/{process}/fd").iterdir())),
        log=Path(f"{file}-wal").stat().st_size / _MIB,
        file=(file.stat().st_size - past) / _MIB,
        tickets=tickets,
        owed=owed,
        oldest=max(time.time() - oldest / 1e6, 0) if oldest else 0.0,
        events=events,
    )


def trends(samples: Sequence[Sample]) -> list[Trend]:
    """What must be flat, and whether it is; the first quarter is for warming up."""
    quarter = len(samples) // 4
    before, after = samples[quarter : 2 * quarter], samples[-quarter:]

    def trend(what: str, unit: str, value: Callable[[Sample], float], most: Callable[[float], float]) -> Trend:
        earlier, later = (statistics.median(map(value, some)) for some in (before, after))
        return Trend(what, unit, earlier, later, most(earlier))

    return [
        trend("memory", "MiB", lambda one: one.memory, lambda earlier: earlier * 1.05 + 1),
        # each call on its way has a connection of its own, and on a busy machine more of them are on their way at once
        trend("open files", "", lambda one: one.open_files, lambda earlier: earlier * 1.1 + 2),
        trend("file, for each ticket", "KiB", lambda one: one.for_each_ticket, lambda earlier: earlier * 1.05),
        trend("write-ahead log", "MiB", lambda one: one.log, lambda earlier: earlier * 1.05 + 1),
        trend("oldest letter in the outbox", "s", lambda one: one.oldest, lambda _: 3.0),  # boards wait a second
    ]
