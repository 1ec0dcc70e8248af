"""What the desk knows of its database. Either kind gives the same: SQLite (sqlite.py) and PostgreSQL (postgres.py)."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, Self, TypeVar

from sqlalchemy import Executable

T = TypeVar("T")

WENT_ON = "a use case went on after an error of the database, so all was rolled back"


class UnsureError(Exception):
    """The database was lost while it committed: nobody knows whether it did."""


class Transaction(ABC):
    """What a use case may do with the database until it returns."""

    @abstractmethod
    async def rows(self, clause: Executable, **values: Any) -> list[dict[str, Any]]:
        """All rows of a query."""

    @abstractmethod
    async def row(self, clause: Executable, **values: Any) -> dict[str, Any] | None:
        """The first row of a query, or None."""

    @abstractmethod
    async def run(self, clause: Executable, **values: Any) -> int:
        """Run a statement; the number of rows that it changed."""

    @abstractmethod
    async def announce(self, news: str) -> None:
        """Tell all other workers, once this is on the disk; nobody hears of what is rolled back."""

    async def value(self, clause: Executable, **values: Any) -> Any:
        """The first column of the first row, or None."""
        row = await self.row(clause, **values)
        return None if row is None else next(iter(row.values()))


class Job:
    """One use case that waits for its turn, and the caller who waits for it."""

    def __init__(self, work: Callable[[Transaction], Awaitable[Any]]) -> None:
        self.work = work
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.result: Any = None
        self.error: BaseException | None = None

    def tell(self) -> None:
        """Let the caller know what came of it, if they still wait; after that, there is nothing to ask of it."""
        future, error = self.future, self.error
        del self.future, self.error  # an error holds the frames that hold us, until all memory is searched for circles
        if future.done():
            return
        if isinstance(error, StopIteration):  # which a future does not take
            error = RuntimeError("a use case raised StopIteration")
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(self.result)


class Database(ABC):
    """Runs use cases: async functions with a `Transaction` in hand, which await nothing else."""

    is_shared: bool
    """Whether other processes may serve it, too."""

    @abstractmethod
    async def __aenter__(self) -> Self:
        """Connect. Raises what the driver raises when that cannot be done."""

    @abstractmethod
    async def __aexit__(self, *_: object) -> None:
        """Finish what waits, then let go of the database."""

    @abstractmethod
    async def transaction(self, work: Callable[[Transaction], Awaitable[T]], server: str | None = None) -> T:
        """Run a use case; when this returns, what it did is on the disk. If it raises, it has done nothing.

        With a `server`, it has that server for itself, whoever else works on this database: what it reads there does
        not change until its end. Without one it may read, and change what one statement decides. It may be run again
        from its start when it came into conflict with another one. Raises UnsureError where nobody knows the end.
        """

    @abstractmethod
    def tell_others(self, news: str) -> None:
        """Tell all other workers in a moment; the same said many times until then is told once. It may get lost."""

    @abstractmethod
    async def listen(self, hear: Callable[[str], None], catch_up: Callable[[], None]) -> None:
        """Call `hear` with all that workers tell, ourselves among them, until cancelled.

        `catch_up` is called whenever something may have been missed, and at the beginning.
        """
