"""SQLite with one writer that commits all waiting work together.

A use case runs from start to end in the event loop, where its awaits never really wait: a statement takes microseconds,
and between two threads it would take the interpreter's lock from the other one each time. Only what waits, for the
disk or for another process, waits in a thread; meanwhile more work gathers. So 64 callers at once share one COMMIT,
which is one sync of the disk. Where one fails after it has changed something, the others are run again, each with a
savepoint, so that it rolls back alone.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, TypeVar, cast

from sqlalchemy import Executable
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from bot.store.database import WENT_ON, Database, Job, Transaction
from bot.store.statements import Statement, compiled

T = TypeVar("T")

DIALECT = SQLiteDialect(paramstyle="qmark")
_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
}
_BATCH = 256
_TURN = 0.001
"""Seconds after which the rest of the program has its turn, between two use cases."""
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",
    "busy_timeout = 2500",
    "temp_store = MEMORY",
)


def is_passing(error: BaseException) -> bool:
    """Whether trouble with the file may be over in a while: locked by another, disk full, not ours to write."""
    return isinstance(error, sqlite3.OperationalError) and (error.sqlite_errorcode & 0xFF) in _PASSING


class SqliteTransaction(Transaction):
    """Runs statements at once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def rows(self, clause: Executable, **values: Any) -> list[dict[str, Any]]:
        """All rows of a query."""
        statement = compiled(clause, DIALECT)
        return [statement.row(row) for row in self._run(statement, values).fetchall()]

    async def row(self, clause: Executable, **values: Any) -> dict[str, Any] | None:
        """The first row of a query, or None."""
        statement = compiled(clause, DIALECT)
        row = self._run(statement, values).fetchone()
        return None if row is None else statement.row(row)

    async def run(self, clause: Executable, **values: Any) -> int:
        """Run a statement; the number of rows that it changed."""
        return self._run(compiled(clause, DIALECT), values).rowcount

    async def announce(self, news: str) -> None:
        """There are no others."""

    def _run(self, statement: Statement, values: Mapping[str, Any]) -> sqlite3.Cursor:
        if not self._connection.in_transaction:  # what this one changes would be committed at once
            raise RuntimeError(WENT_ON)
        return self._connection.execute(statement.sql, statement.parameters(values))


class SqliteDatabase(Database):
    """A SQLite file, and the thread that waits for its disk."""

    is_shared = False

    def __init__(self, file: Path) -> None:
        self.file = file
        self._waiting: deque[Job] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "database")
        self._is_closed = False

    async def __aenter__(self) -> Self:
        """Open the file. Raises sqlite3.Error when it cannot be opened."""
        try:
            self._connection: sqlite3.Connection = await self._in_thread(self._connect)
        except BaseException:
            self._thread.shutdown(wait=False)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Finish what waits, then close the file."""
        self._is_closed = True
        if self._writer is not None:
            await asyncio.wait({self._writer})
        await self._in_thread(self._connection.close)
        self._thread.shutdown()

    async def transaction(self, work: Callable[[Transaction], Awaitable[T]], server: str | None = None) -> T:
        """There is one writer, so every use case has every server for itself."""
        del server
        if self._is_closed:
            raise RuntimeError("the database is closed")
        job = Job(work)
        self._waiting.append(job)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        return cast("T", await job.future)

    def tell_others(self, news: str) -> None:
        """There are none: one process serves a file."""

    async def listen(self, hear: Callable[[str], None], catch_up: Callable[[], None]) -> None:
        """Nobody tells anything."""

    def _connect(self) -> sqlite3.Connection:
        is_for_us = {"effective_ids": True} if os.access in os.supports_effective_ids else {}
        if self.file.exists() and not os.access(self.file, os.W_OK, **is_for_us):
            raise sqlite3.OperationalError("attempt to write a readonly database")  # as it would say much later
        connection = sqlite3.connect(self.file, isolation_level=None, cached_statements=512, check_same_thread=False)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    async def _in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    async def _write(self) -> None:
        """Commit what waits, until nothing does."""
        while self._waiting:
            jobs = [self._waiting.popleft() for _ in range(min(len(self._waiting), _BATCH))]
            try:
                await self._commit_together(jobs)
            finally:
                for job in jobs:
                    job.tell()

    async def _commit_together(self, jobs: Sequence[Job]) -> None:
        try:
            await self._in_thread(self._connection.execute, "BEGIN IMMEDIATE")
            if not await self._have_run(jobs, self._run):
                self._connection.execute("ROLLBACK")
                await self._in_thread(self._connection.execute, "BEGIN IMMEDIATE")
                await self._have_run([job for job in jobs if job.error is None], self._run_alone)
            await self._in_thread(self._connection.execute, "COMMIT")
        except BaseException as error:
            with suppress(sqlite3.Error):  # the file is in such trouble that not even that works
                self._connection.execute("ROLLBACK")
            for job in jobs:
                job.error = job.error or error
            if not isinstance(error, Exception):  # we are to end
                raise

    @staticmethod
    async def _have_run(jobs: Sequence[Job], run: Callable[[Job], bool]) -> bool:
        """Run them until it fails for one; False if it has."""
        turn_ends = time.monotonic() + _TURN
        for job in jobs:
            if not run(job):
                return False
            if time.monotonic() > turn_ends:
                await asyncio.sleep(0)
                turn_ends = time.monotonic() + _TURN
        return True

    def _run(self, job: Job) -> bool:
        """Run it without a savepoint, which costs a copy of each page; False if it has failed and left something.

        What it changes are rows: of others, such as the schema, the count of changes would not tell.
        """
        changes = self._connection.total_changes
        try:
            job.result = _finish(job.work(SqliteTransaction(self._connection)))
        except BaseException as error:  # noqa: BLE001 (told to the caller)
            job.error = error
        if not self._connection.in_transaction:  # as after a full disk, SQLite has rolled all back by itself
            raise job.error or RuntimeError(WENT_ON)
        return job.error is None or self._connection.total_changes == changes

    def _run_alone(self, job: Job) -> bool:
        """Run it so that it leaves nothing if it fails."""
        self._connection.execute("SAVEPOINT job")
        if not self._run(job):
            self._connection.execute("ROLLBACK TO job")
        self._connection.execute("RELEASE job")
        return True


def _finish(coroutine: Awaitable[T]) -> T:
    """Run a coroutine that never waits for anything but its transaction."""
    try:
        coroutine.__await__().send(None)
    except StopIteration as stop:
        return cast("T", stop.value)
    message = "a use case may await only its transaction"
    raise RuntimeError(message)
