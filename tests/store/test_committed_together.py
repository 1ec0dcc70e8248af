"""What waits is committed together, and yet each use case succeeds or fails for itself, on either database."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
from contextlib import suppress
from typing import NoReturn
from weakref import ref

import asyncpg
import pytest
from sqlalchemy import insert

from bot.store import queries
from bot.store.database import Database, Transaction
from bot.store.tables import inbox
from tests.doubles.post_office import SERVER, START

MANY = 12


class Asking:
    """Use cases that each write a key, some of which fail after that; all in one server, so that they wait together."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.runs = 0

    async def write(self, key: str) -> str:
        async def work(tx: Transaction) -> str:
            self.runs += 1
            assert await queries.is_new(tx, SERVER, key, START)
            if "raises" in key:
                raise LookupError(key)
            if "breaks" in key:
                await queries.is_new(tx, None, key, START)  # type: ignore[arg-type]
            if "goes on" in key:
                with suppress(sqlite3.IntegrityError, asyncpg.NotNullViolationError):
                    await queries.is_new(tx, None, key, START)  # type: ignore[arg-type]
            return key

        return await self.database.transaction(work, SERVER)

    async def write_all(self, *keys: str) -> list[str]:
        """What came of each: its key, or the kind of its error."""
        told = await asyncio.gather(*map(self.write, keys), return_exceptions=True)
        return [one if isinstance(one, str) else type(one).__name__ for one in told]

    async def are_new(self, *keys: str) -> list[bool]:
        async def look(tx: Transaction) -> list[bool]:
            return [await queries.is_new(tx, SERVER, key, START) for key in keys]

        return await self.database.transaction(look, SERVER)


async def test_those_that_fail_are_rolled_back_alone(database: Database) -> None:
    asking = Asking(database)
    keys = [f"{number}" for number in range(MANY)]
    keys[0], keys[4], keys[7], keys[-1] = "raises", "breaks", "raises, too", "breaks, too"
    told = await asking.write_all(*keys)
    good = [key for key in keys if not key.startswith(("raises", "breaks"))]
    assert [one for one in told if one in keys] == good
    assert told[0] == told[7] == "LookupError"
    assert told[4] == told[-1] != "LookupError"
    assert await asking.are_new(*keys) == [key not in good for key in keys]


async def test_one_that_goes_on_after_an_error_harms_nobody_but_itself(database: Database) -> None:
    """On PostgreSQL nothing comes after an error but the end; what comes next must not be taken for the culprit."""
    asking = Asking(database)
    told = await asking.write_all("first", "goes on", "second", "last")
    stays = not database.is_shared
    assert told == ["first", "goes on" if stays else "InFailedSQLTransactionError", "second", "last"]
    assert await asking.are_new("first", "goes on", "second", "last") == [False, not stays, False, False]


async def test_whatever_one_raises_the_others_are_told(database: Database) -> None:
    asking = Asking(database)

    def stop(_: Transaction) -> NoReturn:
        raise StopIteration

    told = await asyncio.gather(
        asking.write("first"), database.transaction(stop, SERVER), asking.write("last"), return_exceptions=True
    )
    assert [told[0], type(told[1]), told[2]] == ["first", RuntimeError, "last"]


async def test_one_that_fails_alone_has_done_nothing(database: Database) -> None:
    asking = Asking(database)
    for key in ("raises", "breaks"):
        assert await asking.write_all(key) != [key]
    assert asking.runs == 2, "nobody waited with it, so there was nothing to be done again"
    assert await asking.are_new("raises", "breaks") == [True, True]


async def test_where_none_fails_each_runs_once(database: Database) -> None:
    asking = Asking(database)
    await asking.write_all(*map(str, range(MANY)))
    assert asking.runs == MANY


async def test_what_fails_before_it_has_written_anything_disturbs_nobody(database: Database) -> None:
    asking = Asking(database)

    async def refuse(_: Transaction) -> None:
        raise LookupError

    told = await asyncio.gather(
        asking.write("first"), database.transaction(refuse, SERVER), asking.write("last"), return_exceptions=True
    )
    assert [told[0], type(told[1]), told[2]] == ["first", LookupError, "last"]
    assert await asking.are_new("first", "last") == [False, False]
    assert asking.runs == (3 if database.is_shared else 2), "SQLite tells that there is nothing to roll back"


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("goes_on", "error"), [("", sqlite3.IntegrityError), ("end", RuntimeError), ("more", RuntimeError)]
)
async def test_where_sqlite_has_rolled_all_back_by_itself_nobody_is_told_that_it_was_done(
    database: Database, goes_on: str, error: type[Exception]
) -> None:
    """As it does when the disk is full; what came after would each be committed by itself."""
    asking = Asking(database)
    same = insert(inbox).prefix_with("OR ROLLBACK").values(server=SERVER, key="first", at=START)

    async def end_all(tx: Transaction) -> None:
        try:
            await tx.run(same)
        except sqlite3.IntegrityError:
            if not goes_on:
                raise
        if goes_on == "more":
            await queries.is_new(tx, SERVER, "more", START)

    told = await asyncio.gather(
        asking.write("first"), database.transaction(end_all, SERVER), asking.write("last"), return_exceptions=True
    )
    assert [type(one) for one in told] == [error] * 3
    assert await asking.are_new("first", "more", "last") == [True] * 3


async def test_what_has_failed_leaves_no_circles_for_the_garbage_collector(database: Database) -> None:
    class RefusedError(Exception):
        """As an agent gets it who claims in an empty line, again and again."""

    left: list[ref[RefusedError]] = []

    def noted(error: RefusedError) -> RefusedError:
        left.append(ref(error))
        return error

    async def refuse(_: Transaction) -> None:
        raise noted(RefusedError())

    async def ask() -> None:
        with suppress(RefusedError):
            await database.transaction(refuse, SERVER)

    gc.disable()
    try:
        await asyncio.gather(*(ask() for _ in range(MANY)))
        assert len(left) >= MANY
        assert {one() for one in left} == {None}
    finally:
        gc.enable()
