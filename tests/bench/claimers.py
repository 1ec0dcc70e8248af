"""Claims by several processes on one PostgreSQL database, ours and procrastinate's, in turns: `tests.bench.load`."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

import asyncpg
from procrastinate import App, PsycopgConnector

from bot.store import queries
from bot.store.postgres import PostgresDatabase
from tests.bench.filling import ASKED_AT, server

_PATIENCE = 300
"""Seconds until a process that does not answer is an error."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What all processes do for a while: claim one after the other. `lines` is in how many servers, 0 the peer's."""

    lines: int
    seconds: float


async def lay_out_jobs(url: str, jobs: int) -> None:
    """Procrastinate's schema, and so many jobs that wait."""
    async with App(connector=PsycopgConnector(conninfo=url)).open_async() as app:
        await app.schema_manager.apply_schema_async()
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name) "
            "SELECT 'tickets', 'answer' FROM generate_series(1, $1)",
            jobs,
        )
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


@asynccontextmanager
async def claimers(processes: int, url: str, jobs_url: str) -> AsyncIterator[Callable[[Turn], Awaitable[float]]]:
    """Starts the processes; gives what lets them take a turn, which tells their claims a second, all together."""
    context = multiprocessing.get_context("spawn")
    ends: list[Connection] = []
    workers = []
    for number in range(processes):
        ours, theirs = context.Pipe()
        worker = context.Process(target=_work, args=(theirs, number, url, jobs_url), daemon=True)
        worker.start()
        ends.append(ours)
        workers.append(worker)

    async def take(turn: Turn) -> float:
        for end in ends:
            end.send(turn)
        return sum(await asyncio.to_thread(_told, ends))

    try:
        await asyncio.to_thread(_told, ends)
        yield take
    finally:
        for end in ends:
            with suppress(OSError):  # it has ended by itself
                end.send(None)
        for worker in workers:
            worker.join(_PATIENCE)


def _told(ends: Sequence[Connection]) -> list[float]:
    for end in ends:
        if not end.poll(_PATIENCE):
            raise TimeoutError("a claiming process does not answer")
    return [end.recv() for end in ends]


def _work(end: Connection, number: int, url: str, jobs_url: str) -> None:
    asyncio.run(_claim_in_turns(end, number, url, jobs_url))


async def _claim_in_turns(end: Connection, number: int, url: str, jobs_url: str) -> None:
    pool = PsycopgConnector(conninfo=jobs_url, min_size=1, max_size=1)
    async with PostgresDatabase(url) as database, App(connector=pool).open_async() as app:
        worker = await app.job_manager.register_worker()

        async def claim(lines: int) -> bool:
            if lines == 0:
                return await app.job_manager.fetch_job(["tickets"], worker) is not None
            shop = server(1 + number % lines)
            ticket = await database.transaction(lambda tx: queries.claim_head(tx, shop, "a", "A", ASKED_AT), shop)
            return ticket is not None

        for lines in (0, 1):
            await claim(lines)  # connected, and the statement known
        end.send(0.0)
        while (turn := await asyncio.to_thread(end.recv)) is not None:
            start, claims = time.perf_counter(), 0
            while (spent := time.perf_counter() - start) < turn.seconds:
                if not await claim(turn.lines):
                    raise RuntimeError("the backlog was too small")
                claims += 1
            end.send(claims / spent)
