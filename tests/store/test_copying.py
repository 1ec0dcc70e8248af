"""An installation moves from SQLite to PostgreSQL: whole, or not at all, however often it is killed on its way."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest
from sqlalchemy import Boolean, Column, Float, Integer, String, Table, select
from typer.testing import CliRunner, Result

from bot.__main__ import app
from bot.app import alone_with
from bot.coverage.matcher import Matcher
from bot.store import copying, migrations
from bot.store.copying import STAGE, Advance
from bot.store.database import Transaction
from bot.store.engines import open_database, url_of
from bot.store.postgres import lock_of
from bot.store.tables import history, leases, line_parts, metadata, outbox, tickets
from bot.store.verifying import chains
from tests.doubles.postgres import PASSWORD, PostgresServer, need_postgres
from tests.doubles.world import AYLIN, EMMA, JONAS, SERVER, open_world

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
PATIENCE = 30
ODD = (
    "",
    "a",
    "B",
    "b",
    "Ä",
    "ß",
    "\ufffd",
    "\U0001f3ab",
    "'; --",
    '"',
    "\\",
    "\t\r\n",
    "%s",
    "$1",
    "\x01",
    "ab ",
    "a b",
)
"""Pieces of texts; sorted by bytes, by code points, by UTF-16 and by a dictionary, they come in different orders."""
NUMBERED = {history.c.id, outbox.c.id}
STATES = {tickets: "closed", outbox: "done"}
OTHERS = [table for table in metadata.sorted_tables if table not in (leases, line_parts)]
IN_OTHER_WORDS = """
    SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default)
        FROM information_schema.columns WHERE table_schema = 'public'
"""


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def empty(postgres: PostgresServer) -> Iterator[str]:
    """The address of a PostgreSQL database without any table."""
    url = postgres.new_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture(scope="module")
def durable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A server that keeps through a power cut what it has committed."""
    need_postgres()
    with PostgresServer(tmp_path_factory.mktemp("durable"), durable=True) as server:
        yield server


# --- rows ---


def fill(file: Path, rows: int, seed: int = 0) -> None:
    """Write so many rows into every table."""
    luck = random.Random(seed)  # noqa: S311 (the same rows each time)
    with closing(sqlite3.connect(file)) as connection, connection:
        for table in metadata.sorted_tables:
            made = [a_row(table, luck) for _ in range(rows)]
            if table is history:
                known = connection.execute("SELECT server, number FROM tickets").fetchall()
                made = [row | dict(zip(("server", "ticket"), luck.choice(known), strict=True)) for row in made]
            names = ", ".join(f'"{column.name}"' for column in table.columns)
            marks = ", ".join("?" for _ in table.columns)
            insert = f"INSERT OR IGNORE INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608 (no input)
            connection.executemany(insert, [[row[column.name] for column in table.columns] for row in made])


def a_row(table: Table, luck: random.Random) -> dict[str, Any]:
    return {column.name: a_value(column, luck) for column in table.columns}


def a_value(column: Column[Any], luck: random.Random) -> Any:
    if column in NUMBERED or (column.nullable and luck.random() < 0.3):
        return None
    if column.name == "state":
        return STATES[column.table]
    match column.type:
        case Boolean():
            return luck.randrange(2)
        case Float():
            return luck.choice((0.0, 0.1, 1.0, -1e-300, luck.random()))
        case String():
            return "".join(luck.choices(ODD, k=4)) + str(luck.randrange(1000))
    size = 31 if type(column.type) is Integer else 50
    return luck.choice((0, 1, luck.randrange(-(2**size), 2**size), 2**size - 1))


def count(file: Path) -> int:
    """How many rows there are to copy."""
    with closing(sqlite3.connect(file)) as connection:
        return sum(connection.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0] for table in OTHERS)  # noqa: S608


def everything(url: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table as the desk reads it, but for who has it on its way."""

    async def read() -> dict[str, list[dict[str, Any]]]:
        async with open_database(url) as database:
            return await database.transaction(read_in)

    async def read_in(tx: Transaction) -> dict[str, list[dict[str, Any]]]:
        return {table.name: await tx.rows(select(table)) for table in OTHERS}

    found = asyncio.run(read())
    for row in found["outbox"]:
        row |= {"leased_until": None, "leased_by": None}
    return {name: sorted(rows, key=repr) for name, rows in found.items()}


def ask(url: str, question: Callable[[asyncpg.Connection[asyncpg.Record]], Awaitable[T]]) -> T:
    async def asked() -> T:
        connection = await asyncpg.connect(url)
        try:
            return await question(connection)
        finally:
            await connection.close()

    return asyncio.run(asked())


def schema(url: str) -> list[str]:
    return sorted(row[0] for row in ask(url, lambda connection: connection.fetch(IN_OTHER_WORDS)))


def tell(url: str, statement: str) -> None:
    ask(url, lambda connection: connection.execute(statement))


def change(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(statement)


# --- the command ---


def copy(file: Path, url: str) -> Result:
    result = CliRunner().invoke(app, ["copy", url_of(file), url])
    assert PASSWORD not in result.output
    return result


def finished(result: Result, rows: int) -> None:
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{rows} rows are the same in both.")


def refused(result: Result) -> str:
    assert (result.exit_code, result.stdout) == (2, "")
    (sentence,) = result.stderr.strip().splitlines()
    return sentence


COPY = """
import sys
from bot.store.copying import copy, source_of
copy(source_of(sys.argv[1]), sys.argv[2], is_stopped=True, bar=lambda step, rows: lambda read: None)
"""
"""What the command does, without the time that all its other commands take to load."""


@contextmanager
def started(file: Path, url: str) -> Iterator[subprocess.Popen[str]]:
    """The copy in a process of its own."""
    command = [sys.executable, "-c", COPY, url_of(file), url]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def standing_still(file: Path, url: str, lock: str) -> Iterator[subprocess.Popen[str]]:
    """The copy where it waits for somebody who has a table locked; there are no rows before it starts."""
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(url))
        runner.run(connection.execute(f"BEGIN; LOCK {STAGE}.{lock} MODE"))
        with started(file, url) as process:
            deadline = time.monotonic() + PATIENCE
            while not runner.run(connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.01)
            yield process
            connection.terminate()


def begun(file: Path, server: PostgresServer) -> str:
    """The address of a database to which nothing has been copied yet but the tables."""
    url = server.new_database()
    with alone_with(url_of(file)):
        copy(file, url)
    fill(file, 300)
    return url


# --- tests ---


def test_every_row_of_every_table_arrives_as_it_was(database_file: Path, empty: str, postgres: PostgresServer) -> None:
    fill(database_file, 300)
    finished(copy(database_file, empty), count(database_file))
    there = everything(empty)
    assert there == everything(url_of(database_file))
    assert all(there.values())
    migrated = postgres.new_database()
    migrations.upgrade(migrated)
    assert schema(empty) == schema(migrated)
    assert migrations.is_current(empty)
    postgres.drop_database(migrated)


def test_what_is_copied_again_is_only_compared(database_file: Path, empty: str) -> None:
    fill(database_file, 20)
    copy(database_file, empty)
    finished(copy(database_file, empty), count(database_file))


def test_an_installation_without_a_row_is_copied_too(database_file: Path, empty: str) -> None:
    finished(copy(database_file, empty), 0)
    assert migrations.is_current(empty)
    finished(copy(database_file, empty), 0)


def test_while_its_bot_runs_it_is_copied_but_not_finished(database_file: Path, empty: str) -> None:
    fill(database_file, 50)
    rows = count(database_file)
    with alone_with(url_of(database_file)):
        for changed in (rows, 0):
            told = copy(database_file, empty)
            assert (told.exit_code, told.stdout) == (1, "")
            assert f"{rows} rows are copied so far ({changed} in this run)" in told.stderr
            assert "is served by another process: stop that one first. Then run this again to finish." in told.stderr
            assert not migrations.is_current(empty)
    finished(copy(database_file, empty), rows)


def test_what_changed_meanwhile_is_changed_in_the_copy(database_file: Path, empty: str) -> None:
    fill(database_file, 100)
    with alone_with(url_of(database_file)):
        copy(database_file, empty)
        fill(database_file, 20, seed=1)
        change(
            database_file,
            """
            CREATE TEMPORARY TABLE ids AS SELECT min(rowid) AS a, max(rowid) AS b FROM tickets WHERE thread IS NOT NULL;
            CREATE TEMPORARY TABLE threads AS SELECT rowid AS id, thread FROM tickets;
            UPDATE tickets SET thread = NULL WHERE rowid = (SELECT b FROM ids);
            UPDATE tickets SET thread = (SELECT thread FROM threads, ids WHERE id = b),
                server = server WHERE rowid = (SELECT a FROM ids);
            UPDATE tickets SET text = text || '!', is_private = NOT is_private WHERE rowid % 3 = 0;
            DELETE FROM history WHERE id % 4 = 0;
            DELETE FROM inbox WHERE rowid % 2 = 0;
            UPDATE servers SET last_number = last_number - 1, left_at = NULL;
            """,
        )
    finished(copy(database_file, empty), count(database_file))
    assert everything(empty) == everything(url_of(database_file))


def test_killed_while_it_copies_it_goes_on_with_the_rest(database_file: Path, durable: PostgresServer) -> None:
    url = begun(database_file, durable)
    rows = count(database_file)
    with standing_still(database_file, url, "tickets IN SHARE") as process:
        process.kill()
    assert not migrations.is_current(url)
    with alone_with(url_of(database_file)):
        told = copy(database_file, url).stderr
    assert 300 < int(told.split("(")[1].split(" ")[0]) < rows / 2
    finished(copy(database_file, url), rows)
    assert everything(url) == everything(url_of(database_file))


def test_killed_while_the_tables_are_put_in_place_it_goes_on(database_file: Path, durable: PostgresServer) -> None:
    url = begun(database_file, durable)
    with standing_still(database_file, url, "servers IN ACCESS SHARE") as process:
        process.kill()
    assert not migrations.is_current(url)
    finished(copy(database_file, url), count(database_file))
    assert everything(url) == everything(url_of(database_file))


def test_after_a_power_cut_of_the_database_it_goes_on(database_file: Path, durable: PostgresServer) -> None:
    url = begun(database_file, durable)
    with standing_still(database_file, url, "servers IN ACCESS SHARE") as process:
        durable.kill()
        assert process.wait(PATIENCE) == 1
        assert process.stderr is not None
        assert "connection" in process.stderr.read().splitlines()[-1]
    durable.start()
    assert not migrations.is_current(url)
    finished(copy(database_file, url), count(database_file))
    assert everything(url) == everything(url_of(database_file))


async def test_the_desk_goes_on_where_it_was(database_file: Path, empty: str, matcher: Matcher) -> None:
    async with open_world(url_of(database_file), matcher) as before:
        await before.post(EMMA, "The gallery crashes since the update.")
        await before.deliver()
        await before.command(AYLIN, "/claim")
        await before.post(JONAS, "Der Export stürzt ab.")
    change(
        database_file, "UPDATE outbox SET state = 'leased', leased_until = 9e15, leased_by = 1 WHERE state = 'pending'"
    )
    rows = count(database_file)
    finished(await asyncio.to_thread(copy, database_file, empty), rows)
    await asyncio.to_thread(lambda: require_unbroken(empty))
    async with open_world(empty, matcher, set_up=False, before=before) as world:
        assert await world.outbox.deliver_ready() > 0
        await world.deliver()
        reply = await world.command(EMMA, "/ticket the export fails")
        assert reply is not None
        await world.deliver()
        await world.live(timedelta(hours=1))
        numbers = await world.database.transaction(lambda tx: tx.rows(select(tickets.c.number)))
        assert sorted(row["number"] for row in numbers) == [1, 2, 3]
        assert (
            await world.database.transaction(lambda tx: tx.rows(select(outbox).where(outbox.c.state != "done"))) == []
        )
    await asyncio.to_thread(lambda: require_unbroken(empty))


def require_unbroken(url: str) -> None:
    ((server, chain),) = chains(url)
    assert (server, chain.broken) == (SERVER, [])
    assert chain.entries > 0


def test_empty_tables_of_this_version_are_replaced(database_file: Path, empty: str) -> None:
    fill(database_file, 20)
    migrations.upgrade(empty)
    finished(copy(database_file, empty), count(database_file))
    assert everything(empty) == everything(url_of(database_file))


def test_a_database_with_rows_of_its_own_is_left_alone(database_file: Path, empty: str) -> None:
    fill(database_file, 20)
    migrations.upgrade(empty)
    tell(empty, "INSERT INTO servers (id, settings, last_number, created_at) VALUES ('web:other', '{}', 7, 0)")
    before = everything(empty)
    assert "is no copy of" in refused(copy(database_file, empty))
    assert everything(empty) == before


def test_where_a_bot_has_worked_since_the_copy_nothing_is_taken_back(database_file: Path, empty: str) -> None:
    fill(database_file, 20)
    copy(database_file, empty)
    tell(empty, "UPDATE servers SET last_number = last_number - 1 WHERE last_number > 0")
    before = everything(empty)
    assert "is no copy of" in refused(copy(database_file, empty))
    assert everything(empty) == before


def test_rows_that_come_to_the_target_at_the_last_moment_are_not_lost(
    database_file: Path, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrations.upgrade(empty)
    new = "INSERT INTO servers (id, settings, last_number, created_at) VALUES ('web:other', '{}', 7, 0)"
    put_in_place = copying._put_in_place  # noqa: SLF001

    async def after_all(target: asyncpg.Connection[asyncpg.Record], url: str, advance: Advance) -> None:
        await target.execute(new)
        await put_in_place(target, url, advance)

    monkeypatch.setattr(copying, "_put_in_place", after_all)
    assert "written to" in refused(copy(database_file, empty))
    assert [row["id"] for row in everything(empty)["servers"]] == ["web:other"]


async def test_a_served_target_is_refused(database_file: Path, empty: str) -> None:
    async with open_database(empty):
        result = await asyncio.to_thread(copy, database_file, empty)
    assert "is served by a bot: stop that one first." in refused(result)


def test_two_copies_do_not_get_in_each_others_way(
    database_file: Path, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(copying._SETTINGS, "lock_timeout", "100ms")  # noqa: SLF001

    async def meanwhile(connection: asyncpg.Connection[asyncpg.Record]) -> Result:
        await connection.execute(f"SELECT pg_advisory_lock({lock_of(STAGE)})")
        return await asyncio.to_thread(copy, database_file, empty)

    assert "is at work" in refused(ask(empty, meanwhile))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("settings", "'a' || char(0) || 'b'"),
        ("last_number", "5000000000"),
        ("record_hash", "x'ff'"),
        ("created_at", "'soon'"),
    ],
)
def test_what_postgresql_cannot_hold_is_named(database_file: Path, empty: str, column: str, value: str) -> None:
    change(
        database_file,
        f"""
        INSERT INTO servers (id, settings, created_at, last_number)
            VALUES ('bar', '{{}}', 0, 0), ('shop', '{{}}', 0, 0), ('zoo', '{{}}', 0, 0);
        UPDATE servers SET {column} = {value} WHERE id = 'shop';
        """,  # noqa: S608 (no input)
    )
    assert "PostgreSQL cannot hold servers 'shop': " in refused(copy(database_file, empty))


@pytest.mark.parametrize("form", copying._FORMS, ids=lambda form: form.name)  # noqa: SLF001
def test_a_database_that_sorts_like_a_dictionary_is_read_in_the_order_of_bytes(form: copying._Form) -> None:
    keys = form.from_postgres.split(" ORDER BY ")[1].split(", ")
    texts = [key for key in metadata.tables[form.name].primary_key if isinstance(key.type, String)]
    assert sum(key.endswith(' COLLATE "C"') for key in keys) == len(texts)


def test_an_old_source_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "old.sqlite3"
    migrations.upgrade(url_of(file), "0002")
    assert "old.sqlite3 is not a database of this version: run `wartemarke migrate`" in refused(
        copy(file, "postgresql://")
    )


def test_a_source_of_a_newer_version_is_refused(database_file: Path) -> None:
    change(database_file, "UPDATE alembic_version SET version_num = '9999'")
    told = refused(copy(database_file, "postgresql://"))
    assert "is a database of a newer version: copy it with that one" in told
    assert "migrate" not in told


def test_an_old_target_is_refused(database_file: Path, empty: str) -> None:
    migrations.upgrade(empty, "0002")
    assert "has tables of another version" in refused(copy(database_file, empty))


def test_what_an_older_version_began_is_begun_anew(database_file: Path, empty: str) -> None:
    fill(database_file, 20)
    tell(empty, f"CREATE SCHEMA {STAGE}")
    migrations.upgrade(f"{empty}?search_path={STAGE}", "0002")
    finished(copy(database_file, empty), count(database_file))


@pytest.mark.parametrize(
    ("source", "target", "sentence"),
    [
        ("sqlite:///missing.sqlite3", "postgresql://h/n", "There is no file missing.sqlite3."),
        (f"postgresql://me:{PASSWORD}@h/n", "postgresql://h/n", "is not one of a SQLite file"),
        ("nonsense", "nonsense", "is not one of a SQLite file"),
        ("sqlite:///", "postgresql://h/n", "There is no file ."),
        ("", "sqlite:///other.sqlite3", "is not one of a PostgreSQL database"),
        ("", f"postgresql://me:{PASSWORD}@127.0.0.1:1/n", "Connect call failed"),
    ],
)
def test_wrong_addresses_are_told(database_file: Path, source: str, target: str, sentence: str) -> None:
    result = CliRunner().invoke(app, ["copy", source or url_of(database_file), target])
    told = refused(result)
    assert sentence in told
    assert PASSWORD not in told
    assert not Path("missing.sqlite3-lock").exists()
