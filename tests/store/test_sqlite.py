"""The writer that commits all waiting work together: what it promises to each of its callers."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Select, bindparam, delete, func, insert, literal_column, select, text
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from bot.store.database import Database, Transaction
from bot.store.sqlite import SqliteDatabase
from bot.store.tables import UtcDateTime, history, inbox, posts
from tests.doubles.locked_file import locked

pytestmark = pytest.mark.sqlite

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ADD = insert(posts).values(server="s", name=bindparam("name"), channel="c", message="m")
"""A post, of which only the name is missing."""
NAMES = select(posts.c.name).order_by(posts.c.name)
COUNT = select(func.count().label("count")).select_from(posts)
ORPHAN = insert(history).values(server="s", ticket=99, at=NOON, what="opened", detail="")
CHECK_AT_COMMIT = text("PRAGMA defer_foreign_keys = ON")


async def names(database: Database) -> list[str]:
    rows = await database.transaction(lambda tx: tx.rows(NAMES))
    return [row["name"] for row in rows]


async def together(*waiting: asyncio.Task[object]) -> list[object]:
    """What became of those that were begun in one go, and so are committed together."""
    return await asyncio.gather(*waiting, return_exceptions=True)


def adding(database: Database, name: str) -> asyncio.Task[object]:
    async def add(tx: Transaction) -> object:
        await tx.run(ADD, name=name)
        return name

    return asyncio.create_task(database.transaction(add))


def failing(database: Database, name: str) -> asyncio.Task[object]:
    async def fail(tx: Transaction) -> object:
        await tx.run(ADD, name=name)
        raise LookupError(name)

    return asyncio.create_task(database.transaction(fail))


def breaking_the_commit(database: Database) -> asyncio.Task[object]:
    async def orphan(tx: Transaction) -> object:
        await tx.run(CHECK_AT_COMMIT)
        return await tx.run(ORPHAN)

    return asyncio.create_task(database.transaction(orphan))


async def test_a_failing_use_case_rolls_back_alone(database: Database) -> None:
    told = await together(adding(database, "a"), failing(database, "b"), adding(database, "c"))
    assert told[0] == "a"
    assert isinstance(told[1], LookupError)
    assert told[2] == "c"
    assert await names(database) == ["a", "c"]


async def test_an_error_at_commit_reaches_all_who_wait_for_it(database: Database) -> None:
    told = await together(adding(database, "a"), breaking_the_commit(database), adding(database, "c"))
    assert [type(error) for error in told] == [sqlite3.IntegrityError] * 3
    assert await names(database) == []


async def test_after_an_error_at_commit_the_next_one_works(database: Database) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        await breaking_the_commit(database)
    await adding(database, "a")
    assert await names(database) == ["a"]


async def test_who_failed_before_the_commit_failed_keeps_their_own_error(database: Database) -> None:
    told = await together(failing(database, "a"), breaking_the_commit(database))
    assert [type(error) for error in told] == [LookupError, sqlite3.IntegrityError]


async def test_a_use_case_may_await_only_its_transaction(database: Database) -> None:
    async def waits(tx: Transaction) -> None:
        await tx.run(ADD, name="half")
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="await only its transaction"):
        await database.transaction(waits)
    assert await names(database) == []


async def test_a_use_case_that_is_cancelled_by_itself_ends_nobody_else(database: Database) -> None:
    async def give_up(tx: Transaction) -> None:
        await tx.run(ADD, name="half")
        raise asyncio.CancelledError

    told = await together(asyncio.create_task(database.transaction(give_up)), adding(database, "a"))
    assert isinstance(told[0], asyncio.CancelledError)
    assert told[1] == "a"
    await adding(database, "b")
    assert await names(database) == ["a", "b"]


async def test_a_caller_who_gives_up_disturbs_nobody(database: Database) -> None:
    impatient, patient = adding(database, "a"), adding(database, "b")
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await together(patient)) == ["b"]
    assert impatient.cancelled()


async def test_closing_finishes_what_waits(database_file: Path) -> None:
    async with SqliteDatabase(database_file) as database:
        waiting = [adding(database, f"{number:03}") for number in range(600)]
        await asyncio.sleep(0)
    assert [await task for task in waiting] == [f"{number:03}" for number in range(600)]
    async with SqliteDatabase(database_file) as database:
        assert await database.transaction(lambda tx: tx.value(COUNT)) == 600


async def test_a_closed_database_says_so_instead_of_letting_callers_wait(database_file: Path) -> None:
    async with SqliteDatabase(database_file) as database:
        pass
    with pytest.raises(RuntimeError, match="closed"):
        await asyncio.wait_for(names(database), 2)


async def test_a_file_that_cannot_be_opened_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.Error):
        async with SqliteDatabase(tmp_path / "missing" / "desk.sqlite3"):
            pass


async def test_work_that_finds_the_file_locked_by_another_process_fails_and_the_next_works(
    database: Database, database_url: str
) -> None:
    async with locked(Path(database_url.removeprefix("sqlite:///"))):
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await adding(database, "a")
    await adding(database, "b")
    assert await names(database) == ["b"]


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("secure_delete", 1), ("busy_timeout", 2500)],
)
async def test_the_connection_is_set_up_for_safety(database: Database, pragma: str, value: object) -> None:
    column = "timeout" if pragma == "busy_timeout" else pragma
    ask: Select[Any] = select(literal_column(column).label(column)).select_from(text(f"pragma_{pragma}"))
    assert await database.transaction(lambda tx: tx.value(ask)) == value


async def test_erased_words_are_gone_from_the_file(database_file: Path) -> None:
    words = "a-word-that-nobody-else-writes"
    add = insert(inbox).values(server="s", key="k", note=words, at=NOON)
    async with SqliteDatabase(database_file) as database:
        await database.transaction(lambda tx: tx.run(add))
    assert words.encode() in await asyncio.to_thread(database_file.read_bytes)
    async with SqliteDatabase(database_file) as database:
        await database.transaction(lambda tx: tx.run(delete(inbox)))
    assert words.encode() not in await asyncio.to_thread(database_file.read_bytes)


async def test_a_reference_to_nothing_is_refused(database: Database) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        await database.transaction(lambda tx: tx.run(ORPHAN))


async def test_a_forgotten_value_is_an_error_and_not_a_null(database: Database) -> None:
    with pytest.raises(KeyError, match="name"):
        await database.transaction(lambda tx: tx.run(ADD))


@given(
    st.datetimes(
        min_value=datetime(1, 1, 2),  # noqa: DTZ001 (the strategy adds the zone)
        max_value=datetime(9999, 12, 30),  # noqa: DTZ001 (the same)
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]),
    )
)
def test_moments_come_back_to_the_microsecond(moment: datetime) -> None:
    dialect, kind = SQLiteDialect(), UtcDateTime()
    stored = kind.process_bind_param(moment, dialect)
    assert isinstance(stored, int)
    told = kind.process_result_value(stored, dialect)
    assert told == moment
    assert told is not None
    assert told.tzinfo is UTC


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_stored_moments_sort_as_the_moments_do(one: datetime, other: datetime) -> None:
    dialect, kind = SQLiteDialect(), UtcDateTime()
    stored = [kind.process_bind_param(moment, dialect) or 0 for moment in (one, other)]
    assert (stored[0] < stored[1]) == (one < other)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        UtcDateTime().process_bind_param(datetime(2026, 3, 2), SQLiteDialect())  # noqa: DTZ001 (that is the point)
