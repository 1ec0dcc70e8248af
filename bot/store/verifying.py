"""Reads the servers' records and says whether anybody has tampered with them; changes nothing, nobody waits for it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import Select, bindparam, select

from bot.rules.record import Chain, Entry, follow
from bot.store import postgres, sqlite
from bot.store.engines import file_of
from bot.store.statements import compiled
from bot.store.tables import history, servers

_HEADS = select(servers.c.id, servers.c.record_hash).order_by(servers.c.id)
_RECORDED = select(history.c.server).distinct()
_PAGE = 1_000
_PATIENCE = 10.0
"""Seconds until a database that does not answer is taken for gone."""
_ENTRIES = select(history).where(history.c.server == bindparam("server")).order_by(history.c.id)


Rows = Callable[..., Iterator[dict[str, Any]]]
"""What a query finds, one after the other: a year's entries are not held in memory."""


def chains(url: str, only: str | None = None, known: str | None = None) -> Iterator[tuple[str, Chain]]:
    """Every server's record, or one server's, as of one moment; also beside a running bot. Raises a DatabaseError."""
    file = file_of(url)
    with _reading_postgres(url) if file is None else _reading_sqlite(file) as rows:
        latest = {row["server"]: None for row in rows(_RECORDED)} | {
            row["id"]: row["record_hash"] for row in rows(_HEADS)
        }
        for server, head in sorted(latest.items()):
            if only in {None, server}:
                yield server, follow(map(_entry, rows(_ENTRIES, server=server)), head, known)


def _entry(row: dict[str, Any]) -> tuple[int, Entry, str | None]:
    id_, hash_ = row.pop("id"), row.pop("hash")
    return id_, Entry(**row), hash_


@contextmanager
def _reading_sqlite(file: Path) -> Iterator[Rows]:
    def rows(clause: Select[Any], **values: Any) -> Iterator[dict[str, Any]]:
        statement = compiled(clause, sqlite.DIALECT)
        return map(statement.row, connection.execute(statement.sql, statement.parameters(values)))

    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)) as connection:
        connection.execute("BEGIN")  # from here on it reads one state, whatever others write
        yield rows


@contextmanager
def _reading_postgres(url: str) -> Iterator[Rows]:
    def rows(clause: Select[Any], **values: Any) -> Iterator[dict[str, Any]]:
        statement = compiled(clause, postgres.DIALECT)
        cursor = runner.run(_cursor(connection, statement.sql, statement.parameters(values)))
        while page := runner.run(cursor.fetch(_PAGE)):
            yield from (statement.row(tuple(record)) for record in page)

    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(url, timeout=_PATIENCE))
        try:
            runner.run(connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            yield rows
        finally:
            runner.run(connection.close())


async def _cursor(
    connection: asyncpg.Connection[asyncpg.Record], sql: str, parameters: Sequence[Any]
) -> asyncpg.cursor.Cursor[asyncpg.Record]:
    return await connection.cursor(sql, *parameters)
