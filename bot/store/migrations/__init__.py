"""The schema's history, and how a database is brought up to date. Databases are named by their addresses."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from bot.store.engines import file_of
from bot.store.tables import leases
from bot.store.workers import DEAD_AFTER, WORKERS_ALIVE

T = TypeVar("T")

_PATIENCE = 10.0
"""Seconds until a database that does not answer is taken for gone."""
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(1, 0)")
"""Workers that start together bring their database up to date one after the other."""


def upgrade(url: str, revision: str = "head") -> None:
    """Bring a database up to a revision; an empty one, or a missing SQLite file, gets the whole schema."""
    connected(url, partial(_go, command.upgrade, revision))


def downgrade(url: str, revision: str) -> None:
    """Take a database back to an earlier revision, `base` being the empty schema.

    Raises ValueError while workers serve it: what they are about to read and write would be gone.
    """
    connected(url, partial(_go_back, revision))


def is_current(url: str) -> bool:
    """Whether a database has the newest schema that this version of the program knows."""
    return revision_of(url) == scripts().get_current_head()


def is_usable(url: str) -> bool:
    """Whether this version of the program can work on a database: on its own schema, and on one that came after it.

    For workers are replaced one by one, and a migration only adds what the version before can do without; what that
    one still needs goes with the migration after (expand, then contract).
    """
    revision = revision_of(url)
    return is_current(url) or (revision is not None and revision not in known())


def known() -> set[str]:
    """All revisions, by their names."""
    return {script.revision for script in scripts().walk_revisions()}


def scripts() -> ScriptDirectory:
    """All revisions in their order, as Alembic knows them."""
    return ScriptDirectory.from_config(_config())


def revision_of(url: str) -> str | None:
    """The revision that a database is at; None without a schema."""
    file = file_of(url)
    return connected(url, _revision) if file is None or file.exists() else None


def _go_back(revision: str, connection: Connection) -> None:
    if inspect(connection).has_table(leases.name):
        alive = len(connection.execute(WORKERS_ALIVE, {"now": datetime.now(UTC)}).all())
        if alive:
            raise ValueError(
                f"It is served by {alive} worker(s): stop them first. (Who is killed counts for "
                f"{DEAD_AFTER.total_seconds():.0f} seconds more.)"
            )
    _go(command.downgrade, revision, connection)


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _go(step: Callable[[Config, str], None], revision: str, connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    step(config, revision)


def connected(url: str, work: Callable[[Connection], T]) -> T:
    """Work in one transaction. Raises sqlite3.Error, naming the file, or what the other driver raises."""
    file = file_of(url)
    return asyncio.run(_on_postgres(url, work)) if file is None else _on_sqlite(file, work)


def _on_sqlite(file: Path, work: Callable[[Connection], T]) -> T:
    engine = create_engine(f"sqlite:///{file}", connect_args={"isolation_level": None})
    # by itself, Python's driver begins no transaction for a change of the schema, and commits each at once
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    try:
        with engine.begin() as connection:
            return work(connection)
    except DBAPIError as error:
        raise sqlite3.DatabaseError(f"{file}: {error.orig}") from error
    finally:
        engine.dispose()


async def _on_postgres(url: str, work: Callable[[Connection], T]) -> T:
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url, timeout=_PATIENCE), poolclass=NullPool
    )
    async with engine.begin() as connection:
        await connection.execute(_ONE_AT_A_TIME)
        return await connection.run_sync(work)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
