"""SQLite with one writer that commits all waiting work together.

A use case runs from start to end inside the database thread, where its awaits never really wait; so a statement costs
microseconds, not a hop between threads, and 64 callers at once share one COMMIT, which is one sync of the disk. Each
has a savepoint: one that fails rolls back alone.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar, cast

from sqlalchemy import Executable
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from bot.store.database import Database, Transaction
from bot.store.statements import Statement, compiled

T = TypeVar("T")

DIALECT = SQLiteDialect(paramstyle="qmark")
_PASSING = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_BATCH = 256
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",
    "busy_timeout = 2500",
    "temp_store = MEMORY",
)


def is_passing(error: BaseException) -> bool:
    """Whether trouble with the file may be over in a while: locked by another, disk full."""
    return isinstance(error, sqlite3.OperationalError) and (error.sqlite_errorcode & 0xFF) in _PASSING


class SqliteTransaction(Transaction):
    """Runs statements in the database thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def rows(self, clause: Executable, **values: Any) -> list[dict[str, Any]]:
        """All rows of a query."""
        statement = compiled(clause, DIALECT)
        return [statement.row(row) for row in self._run(statement, values)]

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
        return self._connection.execute(statement.sql, statement.parameters(values))


class _Job:
    """One use case that waits for its turn, and the caller who waits for it."""

    def __init__(self, work: Callable[[Transaction], Awaitable[Any]], loop: asyncio.AbstractEventLoop) -> None:
        self.work = work
        self.loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()
        self.result: Any = None
        self.error: BaseException | None = None

    def tell(self) -> None:
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class SqliteDatabase(Database):
    """A SQLite file and the thread that owns it."""

    is_shared = False

    def __init__(self, file: Path) -> None:
        self.file = file
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._ready: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="database", daemon=True)
        self._is_closed = False

    async def __aenter__(self) -> Self:
        """Open the file. Raises sqlite3.Error when it cannot be opened."""
        self._thread.start()
        error = await asyncio.to_thread(self._ready.get)
        if error is not None:
            raise error
        return self

    async def __aexit__(self, *_: object) -> None:
        """Finish what waits, then close the file."""
        self._is_closed = True
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    async def transaction(self, work: Callable[[Transaction], Awaitable[T]], server: str | None = None) -> T:
        """There is one writer, so every use case has every server for itself."""
        del server
        if self._is_closed:
            raise RuntimeError("the database is closed")
        job = _Job(work, asyncio.get_running_loop())
        self._jobs.put(job)
        return cast("T", await job.future)

    def tell_others(self, news: str) -> None:
        """There are none: one process serves a file."""

    async def listen(self, hear: Callable[[str], None], catch_up: Callable[[], None]) -> None:
        """Nobody tells anything."""

    def _serve(self) -> None:
        try:
            connection = self._connect()
        except sqlite3.Error as error:
            self._ready.put(error)
            return
        self._ready.put(None)
        try:
            while (job := self._jobs.get()) is not None:
                jobs, more = self._waiting(job)
                self._commit_together(connection, jobs)
                if not more:
                    return
        finally:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.file, isolation_level=None, cached_statements=512, check_same_thread=False)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _waiting(self, first: _Job) -> tuple[list[_Job], bool]:
        """`first` and all that came meanwhile; False when the database is to close after them."""
        jobs = [first]
        while len(jobs) < _BATCH:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return jobs, False
            jobs.append(job)
        return jobs, True

    def _commit_together(self, connection: sqlite3.Connection, jobs: list[_Job]) -> None:
        try:
            connection.execute("BEGIN IMMEDIATE")
            for job in jobs:
                self._run(connection, job)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            cause = next((job.error for job in jobs if isinstance(job.error, sqlite3.Error)), error)
            for job in jobs:
                job.error = job.error or cause
        for loop in {job.loop for job in jobs}:
            told = [job for job in jobs if job.loop is loop]
            loop.call_soon_threadsafe(_tell, told)

    @staticmethod
    def _run(connection: sqlite3.Connection, job: _Job) -> None:
        connection.execute("SAVEPOINT job")
        try:
            job.result = _finish(job.work(SqliteTransaction(connection)))
        except BaseException as error:  # noqa: BLE001 (told to the caller)
            job.error = error
            connection.execute("ROLLBACK TO job")
        connection.execute("RELEASE job")


def _finish(coroutine: Awaitable[T]) -> T:
    """Run a coroutine that never waits for anything but its transaction."""
    try:
        coroutine.__await__().send(None)
    except StopIteration as stop:
        return cast("T", stop.value)
    message = "a use case may await only its transaction"
    raise RuntimeError(message)


def _tell(jobs: list[_Job]) -> None:
    for job in jobs:
        job.tell()
