"""PostgreSQL for several workers: each commits what waits together, and has each server for itself while it does.

A use case that names its server runs under that server's lock, which the transaction takes first and the database frees
with its end, also when a worker dies. So the same statements in the same order mean the same as on SQLite, and servers
do not wait for each other. All that waits is shared out among a few connections; each commits its share with one sync
of the disk. Where one use case fails, the others of its share are run again, with a savepoint for each.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Hashable, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import chain
from typing import Any, Self, TypeAlias, TypeVar, cast

import asyncpg
import structlog
from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_random_exponential

from bot.store.database import WENT_ON, Database, Job, Transaction, UnsureError
from bot.store.statements import Statement, compiled

T = TypeVar("T")

_log = structlog.get_logger(__name__)
DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]
_WRITERS = 8
"""Connections of a process that commit at the same time; PostgreSQL has one process for each."""
_BATCH = 64
"""Use cases in one transaction: the servers of the first wait for the last one's end."""
_CONNECT_TIME = 3.0
"""Seconds until a database that does not answer a new connection is taken for gone."""
_COMMAND_TIME = 8.0
"""Seconds that a statement may take; then the connection is taken for dead."""
_RELEASE_TIME = 1.0
"""Seconds that the goodbye of a connection which is not needed any more may take."""
_FAREWELL = 1.0
"""Seconds in which what waits is finished at the end; a database that is gone must not hold up a restart."""
_SETTINGS = {
    "application_name": "wartemarke",
    "idle_in_transaction_session_timeout": "5s",  # a worker that hangs, or cannot be reached, lets go of its servers
    "lock_timeout": "6s",  # so that those who wait for such a worker's server get it
    "statement_timeout": "7s",
    "tcp_keepalives_idle": "5",  # a worker whose machine is gone says no goodbye: its session ends after ten seconds
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10s",
}
_Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
_CHANNEL = "wartemarke"
_NOTIFY = "SELECT pg_notify($1, $2)"
_GATHERED = 0.005
"""Seconds in which news are gathered before they are told."""
_SIGN_OF_LIFE = 10.0
"""Seconds after which a connection that says nothing is asked whether it is still there."""
_FOLLOWS = asyncpg.InFailedSQLTransactionError
"""One before it went on after an error: it may have done nothing wrong itself."""
_CONFLICT = asyncpg.SerializationError, asyncpg.DeadlockDetectedError
_PASSING = (
    asyncpg.InterfaceError,  # the connection was closed under us
    asyncpg.InternalClientError,  # the server died in the middle of an answer
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,  # disk full, too many connections
    asyncpg.OperatorInterventionError,  # shut down, starting up, a statement that took too long
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InsufficientPrivilegeError,  # until the operator has given it back
    asyncpg.ReadOnlySQLTransactionError,  # for a moment, a fail-over has left us with a standby
    *_CONFLICT,
    UnsureError,
    OSError,  # refused, cut off, no way there, too slow
)


def is_passing(error: BaseException) -> bool:
    """Whether trouble with the database may be over in a while: restarted, cut off, full."""
    return isinstance(error, _PASSING)


_TRY_AGAIN = AsyncRetrying(
    retry=retry_if_exception(is_passing),
    wait=wait_random_exponential(multiplier=0.02, max=0.5),
    stop=stop_after_delay(2),
    reraise=True,
)
"""Conflicts, and a database that is away for a moment; a person who waits is told after that."""


def lock_of(server: str) -> int:
    """The number of a server's lock: 64 bits, so that two of a million servers share one hardly ever."""
    return int.from_bytes(sha256(server.encode(errors="replace")).digest()[:8], signed=True)


class PostgresTransaction(Transaction):
    """Runs statements on a connection."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    async def rows(self, clause: Executable, **values: Any) -> list[dict[str, Any]]:
        """All rows of a query."""
        statement = compiled(clause, DIALECT)
        found = await self._connection.fetch(statement.sql, *statement.parameters(values))
        return [statement.row(tuple(record)) for record in found]

    async def row(self, clause: Executable, **values: Any) -> dict[str, Any] | None:
        """The first row of a query, or None."""
        statement = compiled(clause, DIALECT)
        record = await self._connection.fetchrow(statement.sql, *statement.parameters(values))
        return None if record is None else statement.row(tuple(record))

    async def run(self, clause: Executable, **values: Any) -> int:
        """Run a statement; the number of rows that it changed."""
        statement: Statement = compiled(clause, DIALECT)
        told = await self._connection.execute(statement.sql, *statement.parameters(values))
        return int(told.rpartition(" ")[2])

    async def announce(self, news: str) -> None:
        """PostgreSQL tells it with the commit."""
        await self._connection.execute(_NOTIFY, _CHANNEL, news)


class _Job(Job):
    """One that may need a server for itself."""

    def __init__(self, work: Callable[[Transaction], Awaitable[Any]], server: str | None) -> None:
        super().__init__(work)
        self.lane: Hashable = self if server is None else server
        """What it must have for itself."""
        self.lock = None if server is None else lock_of(server)


class PostgresDatabase(Database):
    """A pool of connections, and what waits for them."""

    is_shared = True

    def __init__(self, url: str, writers: int = _WRITERS) -> None:
        self.url = url
        self._most = writers
        self._lanes: dict[Hashable, deque[_Job]] = {}
        """What waits, by server, in the order of its coming."""
        self._busy: set[Hashable] = set()
        """Servers that a writer of this process is at work on."""
        self._writers: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self._to_tell: set[str] = set()

    async def __aenter__(self) -> Self:
        self._pool = await asyncpg.create_pool(
            self.url,
            min_size=0,
            max_size=self._most,
            timeout=_CONNECT_TIME,
            command_timeout=_COMMAND_TIME,
            server_settings=_SETTINGS,
            reset=_as_it_is,
        )
        await self._pool.release(await self._pool.acquire())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Finish what waits. Where the database does not answer, its callers are told so, as after any failure."""
        self._is_closed = True
        try:
            async with asyncio.timeout(_FAREWELL):
                while self._writers:
                    await asyncio.wait(self._writers)
                await self._pool.close()
        except TimeoutError as error:
            self._pool.terminate()
            for job in chain.from_iterable(self._lanes.values()):
                job.error = error
                job.tell()
            self._lanes.clear()
            for writer in self._writers:
                writer.cancel()  # it may be connecting, which takes its time
            while self._writers:
                await asyncio.wait(self._writers)

    async def transaction(self, work: Callable[[Transaction], Awaitable[T]], server: str | None = None) -> T:
        """Wait for a connection together with all others; the longest waiting server goes first."""
        if self._is_closed:
            raise RuntimeError("the database is closed")
        job = _Job(work, server)
        self._lanes.setdefault(job.lane, deque()).append(job)
        self._start_writer()
        return cast("T", await job.future)

    def _start_writer(self) -> None:
        if len(self._writers) < self._most and any(lane not in self._busy for lane in self._lanes):
            writer = asyncio.create_task(self._write())
            self._writers.add(writer)
            writer.add_done_callback(self._writers.discard)

    async def _write(self) -> None:
        """Commit what waits, until nothing does."""
        while jobs := self._take():
            lanes = {job.lane for job in jobs}
            self._busy |= lanes
            try:
                await self._commit_together(jobs)
            finally:
                self._busy -= lanes
                for job in jobs:
                    job.tell()

    def _take(self) -> Sequence[_Job]:
        """One connection's fair share of what waits: of servers that no other one is at work on."""
        free = [lane for lane in self._lanes if lane not in self._busy]
        share = -(-len(free) // self._most)
        jobs: list[_Job] = []
        for lane in free[:share]:
            waiting = self._lanes[lane]
            while waiting and len(jobs) < _BATCH:
                jobs.append(waiting.popleft())
            del self._lanes[lane]
            if waiting:  # behind all others, or a few busy servers would keep the writers for themselves
                self._lanes[lane] = waiting
        return jobs

    async def _commit_together(self, jobs: Sequence[_Job]) -> None:
        """Tell each job what came of it; trouble with the connection comes of all."""
        try:
            connection: _Connection = await _TRY_AGAIN.copy()(self._begun, jobs)
            await self._commit(connection)
        except asyncio.CancelledError:
            for job in jobs:
                job.error = job.error or TimeoutError("the database was closed before it answered")
            raise
        except Exception as error:  # noqa: BLE001 (told to the callers)
            for job in jobs:
                job.error = job.error or error
            if TimeoutError in {type(error), type(error.__cause__)}:
                await self._pool.expire_connections()  # the others lead to where nobody answers, too
        else:
            with suppress(Exception):  # it is committed, whatever becomes of the connection
                await self._pool.release(connection, timeout=_RELEASE_TIME)

    async def _begun(self, jobs: Sequence[_Job]) -> _Connection:
        """A connection on which all has been done but the commit."""
        connection = await self._pool.acquire()
        try:
            await connection.execute(_begin(jobs))
            failed = await _first_to_fail(connection, jobs)
            if failed is not None:
                others = [job for job in jobs if job is not failed or isinstance(job.error, _FOLLOWS)]
                await connection.execute(f"ROLLBACK; {_begin(others)}")
                await _run_each(connection, others)
        except BaseException:
            _leave(connection)
            raise
        return connection

    @staticmethod
    async def _commit(connection: _Connection) -> None:
        """Once: if the answer gets lost, nobody knows whether it was done."""
        try:
            done = await connection.execute("COMMIT")
        except BaseException as error:
            _leave(connection)
            if is_passing(error) or isinstance(error, asyncio.CancelledError):
                raise UnsureError("the database was lost while it saved: look whether it was done") from error
            raise
        if done != "COMMIT":
            _leave(connection)
            raise RuntimeError(WENT_ON)

    def tell_others(self, news: str) -> None:
        """A word in each transaction would cost most of the throughput; one every few milliseconds costs nothing."""
        if not self._to_tell:
            asyncio.get_running_loop().call_later(_GATHERED, self._tell)
        self._to_tell.add(news)

    def _tell(self) -> None:
        told, self._to_tell = self._to_tell, set()
        if not self._is_closed:
            telling = asyncio.create_task(self._tell_all(told))
            self._writers.add(telling)
            telling.add_done_callback(self._writers.discard)

    async def _tell_all(self, told: Collection[str]) -> None:
        with suppress(*_PASSING):  # they look by themselves, too
            for news in told:
                await self._pool.execute(_NOTIFY, _CHANNEL, news)

    async def listen(self, hear: Callable[[str], None], catch_up: Callable[[], None]) -> None:
        """On a connection of its own, which is made anew whenever it breaks."""
        while True:
            try:
                await self._listen_until_it_breaks(hear, catch_up)
            except _PASSING as error:
                _log.warning("cannot hear the other workers; trying again", reason=type(error).__name__)
            await asyncio.sleep(1)

    async def _listen_until_it_breaks(self, hear: Callable[[str], None], catch_up: Callable[[], None]) -> None:
        connection = await asyncpg.connect(
            self.url, timeout=_CONNECT_TIME, command_timeout=_SIGN_OF_LIFE, server_settings=_SETTINGS
        )
        try:
            await connection.add_listener(_CHANNEL, lambda *told: hear(told[-1]))
            catch_up()
            while True:  # what was told comes by itself; a broken connection shows only when it is used
                await asyncio.sleep(_SIGN_OF_LIFE)
                await connection.execute("SELECT 1")
        finally:
            connection.terminate()


async def _first_to_fail(connection: _Connection, jobs: Sequence[_Job]) -> _Job | None:
    """Run them until one fails, without savepoints, which would be one more trip to the database for each."""
    for job in jobs:
        await _run(connection, job)
        if job.error is not None:
            return job
    return None


async def _run_each(connection: _Connection, jobs: Sequence[_Job]) -> None:
    """So that of those that fail each is rolled back alone."""
    for job in jobs:
        await connection.execute("SAVEPOINT job")
        await _run(connection, job)
        if job.error is None:
            try:
                await connection.execute("RELEASE job")
            except _FOLLOWS as error:  # it went on after an error of the database
                job.error = error
        if job.error is not None:
            await connection.execute("ROLLBACK TO job; RELEASE job")


async def _run(connection: _Connection, job: _Job) -> None:
    job.error = None
    try:
        job.result = await job.work(PostgresTransaction(connection))
    except Exception as error:
        if is_passing(error):
            raise
        job.error = error


def _begin(jobs: Collection[_Job]) -> str:
    """One trip to the database: a transaction that has its servers for itself."""
    locks = sorted({job.lock for job in jobs if job.lock is not None})  # in one order, so that nobody deadlocks
    return "; ".join(("BEGIN", *(f"SELECT pg_advisory_xact_lock({lock})" for lock in locks)))


def _leave(connection: _Connection) -> None:
    """End it without a word: nobody may be there to be asked for a rollback, and without us it is one."""
    with suppress(asyncpg.InterfaceError):  # the pool has done so already
        connection.terminate()


async def _as_it_is(_: object) -> None:
    """Nothing is ever set on a connection, so nothing is to be reset."""
