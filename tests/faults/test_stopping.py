"""SIGTERM in the middle of everything: it ends soon and in order, and the next process goes on where it stopped."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.store.database import Database
from bot.store.engines import open_database
from bot.store.tables import OWED, outbox, tickets
from tests.coverage.small_policy import write_policy
from tests.doubles.cut_line import cut_line

ROOT = Path(__file__).parents[2]
STILL_OWED = select(func.count().label("count")).select_from(outbox).where(OWED)
LEASED = STILL_OWED.where(outbox.c.leased_until.is_not(None))
CUSTOMERS = select(tickets.c.customer, tickets.c.number).order_by(tickets.c.number)


@contextmanager
def serving(url: str, folder: Path, way: str) -> Iterator[subprocess.Popen[bytes]]:
    """The bot in a process of its own; if it still runs in the end, it is killed."""
    command = (sys.executable, "-m", "tests.faults.serving", url, str(folder / "policy"), str(folder), way)
    with (folder / "log").open("ab") as log, subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log) as process:
        try:
            yield process
        finally:
            process.kill()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):  # a process takes seconds to start where many do
        while not condition():  # noqa: ASYNC110 (a file knows no events)
            await asyncio.sleep(0.02)


async def ends_in_order(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    assert await asyncio.to_thread(process.wait, 30) == 0
    assert time.monotonic() - began < 10


def lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def trouble(folder: Path) -> list[str]:
    told = [json.loads(line) for line in lines(folder / "log") if line.startswith("{")]
    return [line["event"] for line in told if line["level"] not in {"info", "debug"}]


async def count(database: Database, clause: object) -> int:
    number: int = await database.transaction(lambda tx: tx.value(clause))  # type: ignore[arg-type]
    return number


async def test_a_stop_in_the_middle_of_everything_loses_and_doubles_nothing(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "policy").mkdir()
    write_policy(tmp_path / "policy")
    said, acknowledged = tmp_path / "said.txt", tmp_path / "acknowledged.txt"
    with serving(database_url, tmp_path, "ask") as process:
        await until(lambda: len(lines(said)) >= 60)
        await ends_in_order(process)
    async with open_database(database_url) as database:
        assert await count(database, STILL_OWED) > 0, "there was work left"
        assert await count(database, LEASED) == 0, "what was begun is finished or handed back"
    with serving(database_url, tmp_path, "listen") as process:
        async with open_database(database_url) as database:
            async with asyncio.timeout(60):
                while await count(database, STILL_OWED):  # noqa: ASYNC110 (another process writes it)
                    await asyncio.sleep(0.1)
            rows = await database.transaction(lambda tx: tx.rows(CUSTOMERS))
        await ends_in_order(process)
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
    customers = [row["customer"] for row in rows]
    assert len(set(customers)) == len(customers)
    assert set(lines(acknowledged)) <= set(customers)
    nonces = Counter(line.split()[0] for line in lines(said))
    assert max(nonces.values()) == 1, "nothing was said twice"
    kinds = Counter(line.partition(" ")[2] for line in lines(said))
    assert kinds["open_thread support"] == kinds["say support"] == len(customers)
    assert trouble(tmp_path) == []


@pytest.mark.postgres
async def test_a_stop_does_not_wait_for_a_database_that_has_fallen_silent(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "policy").mkdir()
    write_policy(tmp_path / "policy")
    async with cut_line(database_url) as (line, far):
        with serving(far, tmp_path, "ask") as process:
            await until(lambda: len(lines(tmp_path / "said.txt")) >= 20)
            line.hush()
            process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(process.wait, 10)
