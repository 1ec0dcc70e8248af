"""Moves an installation from SQLite to PostgreSQL, also while its bot serves; the SQLite file is only read.

The rows gather in a schema of their own, where no bot looks for them. Both databases are read in the order of their
keys, side by side, and where they differ, the copy is put right: so the first pass, one that goes on where another was
killed, and the last one, after the bot was stopped, are the same. When every row is the same in both, one transaction
puts the tables in their place: until then PostgreSQL has no installation, and after that a whole one.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
from sqlalchemy import (
    Boolean,
    ClauseElement,
    Column,
    Dialect,
    MetaData,
    String,
    Table,
    bindparam,
    collate,
    delete,
    null,
    select,
)
from sqlalchemy.schema import AddConstraint, CreateIndex, DropConstraint, DropIndex

from bot.store import migrations, postgres, sqlite
from bot.store.engines import file_of, name_of
from bot.store.postgres import lock_of
from bot.store.tables import leases, line_parts, metadata, outbox
from bot.store.triggers import COUNT_ALL, NO_MORE_ON_POSTGRES, ON_POSTGRES

Row: TypeAlias = tuple[Any, ...]
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Advance = Callable[[int], None]
"""Takes how much was done since the last time."""
Bar = Callable[[str, int], Advance]
"""Begins to show how far a step is, by its name and how much there is to do: rows to read, indexes to make."""

STAGE = "wartemarke_copy"
"""The schema where the rows gather."""
_PAGE = 2_000
"""Rows that are read, or written and committed, together."""
_SETTINGS = {"application_name": "wartemarke copy", "lock_timeout": "10s"}
_BOTS = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'wartemarke'
"""
_IN_PLACE = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename = ANY($1)"
_POSTGRES = "postgresql://"
_VERSION = "alembic_version"
"""The table that says which version the others have."""
_EMPTY_IN_COPY = {outbox.c.leased_until, outbox.c.leased_by}
"""Who had a letter on its way was stopped; and so was whoever had one of the `leases`, which are not copied at all."""
_UNFIT = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, TypeError, ValueError, OverflowError)
"""What the database, or its driver, says of a row that PostgreSQL cannot hold."""


class CopyError(ValueError):
    """A sentence for the operator: what keeps the copy from going on."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What has been done."""

    rows: int
    """Of the SQLite file."""
    changed: int
    """Those that the copy did not have yet, or not as they are now, or that are gone."""
    is_finished: bool


class _Form:
    """How a table's rows are read from both databases, found, and written. The columns of the key come first."""

    def __init__(self, table: Table) -> None:
        keys = list(table.primary_key.columns)
        columns = [*keys, *(column for column in table.columns if not column.primary_key)]
        left = [null().label(column.name) if column in _EMPTY_IN_COPY else column for column in columns]
        in_bytes = [collate(key, "C") if isinstance(key.type, String) else key for key in keys]
        self.name = table.name
        self.columns = [column.name for column in columns]
        self.from_sqlite = _sql(select(*left).order_by(*keys), sqlite.DIALECT)
        self.from_postgres = _sql(select(*columns).order_by(*in_bytes), postgres.DIALECT)
        self.delete = _sql(
            delete(table).where(*(key == bindparam(None, type_=key.type) for key in keys)), postgres.DIALECT
        )
        self._key_size = len(keys)
        self._flags = [place for place, column in enumerate(columns) if isinstance(column.type, Boolean)]

    def key(self, row: Row) -> Row:
        """What the row is found by. Python orders texts as SQLite does, and PostgreSQL in the collation C."""
        return row[: self._key_size]

    def called(self, row: Row) -> str:
        """The row as an operator finds it."""
        return f"{self.name} {', '.join(map(repr, self.key(row)))}"

    def for_postgres(self, row: Row) -> Row:
        """A row of SQLite, which has 0 and 1 for no and yes."""
        values = list(row)
        for place in self._flags:
            values[place] = None if values[place] is None else bool(values[place])
        return tuple(values)


def _sql(clause: ClauseElement, dialect: Dialect = postgres.DIALECT) -> str:
    return str(clause.compile(dialect=dialect))


def _twins(tables: MetaData) -> MetaData:
    """The same tables anew: SQLAlchemy never again makes a table with a constraint that was once added by itself."""
    twins = MetaData(naming_convention=tables.naming_convention)
    for table in tables.sorted_tables:
        table.to_metadata(twins)
    return twins


def _count_on(number: Column[int]) -> str:
    """Let a table that numbers its rows go on after the highest number."""
    sequence = f"pg_get_serial_sequence('{number.table.name}', '{number.name}')"
    return f"SELECT setval({sequence}, coalesce(max({number.name}), 0) + 1, false) FROM {number.table.name}"  # noqa: S608


_FORMS = [_Form(table) for table in metadata.sorted_tables if table not in (leases, line_parts)]
_TABLES = [*metadata.tables, _VERSION]
_TWINS = _twins(metadata).sorted_tables
_INDEXES = [index for table in _TWINS for index in table.indexes]
_FOREIGN_KEYS = [key for table in _TWINS for key in table.foreign_key_constraints]
_STRIP = [
    *NO_MORE_ON_POSTGRES,
    *(_sql(DropConstraint(key, if_exists=True)) for key in _FOREIGN_KEYS),
    *(_sql(DropIndex(index, if_exists=True)) for index in _INDEXES),
]
"""Without these, rows are written faster, and in any order; what triggers keep is counted at the end."""
_COMPLETE = [
    *(_sql(CreateIndex(index)) for index in _INDEXES),
    *(_sql(AddConstraint(key)) for key in _FOREIGN_KEYS),
    *(_count_on(table.autoincrement_column) for table in _TWINS if table.autoincrement_column is not None),
    COUNT_ALL,
    *(f"ANALYZE {name}" for name in _TABLES),
]
"""What makes the copy a database to work with: counters go on after the highest number, and indexes are used."""


def source_of(url: str) -> Path:
    """The SQLite file that is to be copied. Raises CopyError where there is none of this version."""
    file = file_of(url)
    if file is None:
        raise CopyError("The first address is not one of a SQLite file: that begins with sqlite:///.")
    if not file.is_file():
        raise CopyError(f"There is no file {file}.")
    if not migrations.is_usable(url):
        raise CopyError(f"{file} is not a database of this version: run `wartemarke migrate` on it first.")
    if not migrations.is_current(url):
        raise CopyError(f"{file} is a database of a newer version: copy it with that one.")
    return file


def copy(file: Path, url: str, *, is_stopped: bool, bar: Bar) -> Copied:
    """Bring the copy up to date. If the file's bot `is_stopped`, and stays so, check every row, and finish.

    Raises CopyError or a DatabaseError. Run again, it goes on; when nothing is left to do, it only checks.
    """
    if not url.startswith(_POSTGRES):
        raise CopyError(f"The second address is not one of a PostgreSQL database: that begins with {_POSTGRES}.")
    with ExitStack() as ends:
        runner = ends.enter_context(asyncio.Runner())
        source = ends.enter_context(closing(_opened(file)))
        target = ends.enter_context(_connected(runner, url))
        rows = sum(source.execute(f"SELECT count(*) FROM {form.name}").fetchone()[0] for form in _FORMS)  # noqa: S608
        if runner.run(_has_been_filled(target, url)):
            if difference := _Databases(runner, source, target, target).first_difference(bar("comparing", rows)):
                raise CopyError(f"{name_of(url)} is no copy of {file}: {difference}. Nothing was changed there.")
            return Copied(rows, changed=0, is_finished=True)
        _make_stage(runner, target, url)
        reader, writer = (ends.enter_context(_connected(runner, _staged(url))) for _ in range(2))
        both = _Databases(runner, source, reader, writer)
        changed = both.put_right(bar("copying", rows))
        if is_stopped:
            if difference := both.first_difference(bar("checking", rows)):
                raise CopyError(f"something writes there while it is copied: {difference}. Run this again.")
            runner.run(_put_in_place(target, url, bar("indexing", len(_COMPLETE))))
        return Copied(rows, changed, is_finished=is_stopped)


def _opened(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)


@contextmanager
def _connected(runner: asyncio.Runner, url: str) -> Iterator[Connection]:
    connection = runner.run(asyncpg.connect(url, server_settings=_SETTINGS))
    try:
        yield connection
    finally:
        runner.run(connection.close(timeout=10))


def _staged(url: str) -> str:
    """The same database, but all that has no other schema's name before it is in the stage."""
    return f"{url}{'&' if '?' in url else '?'}search_path={STAGE}"


async def _has_been_filled(target: Connection, url: str) -> bool:
    """Whether there are rows in its tables already. Raises CopyError where nothing may be copied to."""
    try:
        await target.execute(f"SELECT pg_advisory_lock({lock_of(STAGE)})")  # its end is also that of a killed process
    except asyncpg.LockNotAvailableError as error:
        raise CopyError(f"Another copy to {name_of(url)} is at work: let that one finish.") from error
    await _require_unserved(target, url)
    tables = await _tables_in_place(target)
    if tables and not await asyncio.to_thread(migrations.is_current, url):
        raise CopyError(f"{name_of(url)} has tables of another version, or of another program: name an empty database.")
    return await _hold_rows(target, tables)


async def _require_unserved(target: Connection, url: str) -> None:
    if await target.fetchval(_BOTS):
        raise CopyError(f"{name_of(url)} is served by a bot: stop that one first.")


async def _tables_in_place(target: Connection) -> list[str]:
    """Those of our tables that are where a bot would look for them."""
    return [row["tablename"] for row in await target.fetch(_IN_PLACE, _TABLES)]


async def _hold_rows(target: Connection, tables: Sequence[str]) -> bool:
    copied = (form.name for form in _FORMS if form.name in tables)
    return any([await target.fetchval(f"SELECT EXISTS (SELECT FROM {table})") for table in copied])  # noqa: S608


def _make_stage(runner: asyncio.Runner, target: Connection, url: str) -> None:
    """Tables for the rows to gather in, or what an earlier copy has left; that of another version is begun anew."""
    if not migrations.is_current(_staged(url)):
        runner.run(target.execute(f"DROP SCHEMA IF EXISTS {STAGE} CASCADE; CREATE SCHEMA {STAGE}"))
        migrations.upgrade(_staged(url))
    runner.run(target.execute(";".join([f"BEGIN; SET LOCAL search_path TO {STAGE}", *_STRIP, "COMMIT"])))


async def _put_in_place(target: Connection, url: str, advance: Advance) -> None:
    """Make the stage's tables the installation, all or none, in the place of empty ones."""
    await target.execute("BEGIN")  # whatever fails ends the command, and with it what was begun
    schema = postgres.DIALECT.identifier_preparer.quote(await target.fetchval("SELECT current_schema()"))
    if tables := await _tables_in_place(target):
        names = ", ".join(tables)
        await target.execute(f"LOCK {names} IN ACCESS EXCLUSIVE MODE")
        if await _hold_rows(target, tables):
            raise CopyError(f"{name_of(url)} was written to by others meanwhile: name an empty database.")
        await target.execute(f"DROP TABLE {names}")
    await _require_unserved(target, url)
    await target.execute(f"SET LOCAL search_path TO {STAGE}")
    for statement in _COMPLETE:
        await target.execute(statement)
        advance(1)
    for table in _TABLES:
        await target.execute(f"ALTER TABLE {table} SET SCHEMA {schema}")
    await target.execute(";".join([f"DROP SCHEMA {STAGE}; SET LOCAL search_path TO {schema}", *ON_POSTGRES, "COMMIT"]))


class _Databases:
    """The SQLite file, and PostgreSQL, which is read on one connection while the other one writes."""

    def __init__(
        self, runner: asyncio.Runner, source: sqlite3.Connection, reader: Connection, writer: Connection
    ) -> None:
        self._run = runner.run
        self._source = source
        self._reader = reader
        self._writer = writer

    def differences(self, advance: Advance) -> Iterator[tuple[_Form, Row | None, Row | None]]:
        """Rows that are not the same in both, SQLite's before PostgreSQL's; None where one has none with this key."""
        self._run(self._reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        for form in _FORMS:
            mine = _counted(self._source.execute(form.from_sqlite), advance)
            for pair in _side_by_side(mine, self._theirs(form), form.key):
                if pair[0] != pair[1]:
                    yield form, *pair
        self._run(self._reader.execute("ROLLBACK"))

    def put_right(self, advance: Advance) -> int:
        """Write what differs, page by page; how many rows that were."""
        changed = 0
        for form, rows in groupby(self.differences(advance), key=itemgetter(0)):
            while page := list(islice(rows, _PAGE)):
                self._write(form, [(mine, theirs) for _, mine, theirs in page])
                changed += len(page)
        return changed

    def first_difference(self, advance: Advance) -> str | None:
        """A row that is not the same in both, in words; None where all are."""
        for form, mine, theirs in self.differences(advance):
            where = "in PostgreSQL alone" if mine is None else "in SQLite alone" if theirs is None else "not the same"
            return f"{form.called(mine or theirs or ())} is {where}"
        return None

    def _theirs(self, form: _Form) -> Iterator[Row]:
        cursor = self._run(_cursor(self._reader, form.from_postgres))
        while page := self._run(cursor.fetch(_PAGE)):
            yield from map(tuple, page)

    def _write(self, form: _Form, pairs: Sequence[tuple[Row | None, Row | None]]) -> None:
        try:
            self._run(self._write_together(form, pairs))
        except _UNFIT:
            self._run(self._writer.execute("ROLLBACK"))
            self._write_one_by_one(form, pairs)

    def _write_one_by_one(self, form: _Form, pairs: Sequence[tuple[Row | None, Row | None]]) -> None:
        """Find the row that does not fit, and say which one it is."""
        for mine, theirs in pairs:
            try:
                self._run(self._write_together(form, [(mine, theirs)]))
            except _UNFIT as error:
                raise CopyError(f"PostgreSQL cannot hold {form.called(mine or ())}: {error}") from error

    async def _write_together(self, form: _Form, pairs: Sequence[tuple[Row | None, Row | None]]) -> None:
        gone = [form.key(theirs) for _, theirs in pairs if theirs is not None]
        new = [form.for_postgres(mine) for mine, _ in pairs if mine is not None]
        await self._writer.execute("BEGIN")
        await self._writer.executemany(form.delete, gone)
        await self._writer.copy_records_to_table(form.name, records=new, columns=form.columns)
        await self._writer.execute("COMMIT")


async def _cursor(connection: Connection, sql: str) -> asyncpg.cursor.Cursor[asyncpg.Record]:
    return await connection.cursor(sql)


def _counted(rows: Iterator[Row], advance: Advance) -> Iterator[Row]:
    """The same rows, which are told as they come: a page at a time, because telling takes longer than reading."""
    while page := list(islice(rows, _PAGE)):
        yield from page
        advance(len(page))


def _side_by_side(
    mine: Iterator[Row], theirs: Iterator[Row], key: Callable[[Row], Row]
) -> Iterator[tuple[Row | None, Row | None]]:
    """Rows of the same key from two streams in its order; None where one of them has none."""
    left, right = next(mine, None), next(theirs, None)
    while left is not None or right is not None:
        has_left = left is not None and (right is None or key(left) <= key(right))
        has_right = right is not None and (left is None or key(right) <= key(left))
        yield left if has_left else None, right if has_right else None
        if has_left:
            left = next(mine, None)
        if has_right:
            right = next(theirs, None)
