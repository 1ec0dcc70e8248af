"""Reads the servers' records and says whether anybody has tampered with them; changes nothing, nobody waits for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Select, bindparam, select

from bot.rules.record import Chain, Entry, follow
from bot.store.database import compiled
from bot.store.tables import history, servers

_HEADS = select(servers.c.id, servers.c.record_hash).order_by(servers.c.id)
_RECORDED = select(history.c.server).distinct()
_ENTRIES = select(history).where(history.c.server == bindparam("server")).order_by(history.c.id)


def chains(file: Path, only: str | None = None, known: str | None = None) -> Iterator[tuple[str, Chain]]:
    """Every server's record, or one server's, as of one moment; also beside a running bot. Raises sqlite3.Error."""
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)) as connection:
        connection.execute("BEGIN")  # from here on it reads one state, whatever others write
        recorded, heads = (_all(connection, statement) for statement in (_RECORDED, _HEADS))
        latest = {row["server"]: None for row in recorded} | {row["id"]: row["record_hash"] for row in heads}
        for server, head in sorted(latest.items()):
            if only in {None, server}:
                yield server, follow(_entries(connection, server), head, known)


def _all(connection: sqlite3.Connection, clause: Select[Any]) -> list[dict[str, Any]]:
    statement = compiled(clause)
    return [statement.row(row) for row in connection.execute(statement.sql)]


def _entries(connection: sqlite3.Connection, server: str) -> Iterator[tuple[int, Entry, str | None]]:
    """One after the other: a year's entries are not held in memory."""
    statement = compiled(_ENTRIES)
    for row in map(statement.row, connection.execute(statement.sql, statement.parameters({"server": server}))):
        id_, hash_ = row.pop("id"), row.pop("hash")
        yield id_, Entry(**row), hash_
