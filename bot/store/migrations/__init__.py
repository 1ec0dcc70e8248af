"""The schema's history, and how a database is brought up to date. Databases are named by their addresses.

Alembic takes a fifth of a second to load, so that only who migrates does it; each start looks at the names alone.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import asyncpg
from sqlalchemy import Connection, NullPool, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError

from bot.store.engines import file_of
from bot.store.tables import leases
from bot.store.workers import DEAD_AFTER, WORKERS_ALIVE

if TYPE_CHECKING:
    from alembic.config import Config

T = TypeVar("T")

_FOLDER = Path(__file__).parent

_PATIENCE = 10.0
"""Seconds until a database that does not answer is taken for gone."""
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(1, 0)")
"""Workers that start together bring their database up to date one after the other."""


def upgrade(url: str, revision: str = "head") -> None:
    """Bring a database up to a revision; an empty one, or a missing SQLite file, gets the whole schema.

    Raises ValueError where there is no such revision.
    """
    connected(url, partial(_go, "upgrade", revision))


def downgrade(url: str, revision: str) -> None:
    """Take a database back to an earlier revision, `base` being the empty schema.

    Raises ValueError while workers serve it that have shown themselves: what they are about to read and write would
    be gone. On SQLite the one worker does not, and has the file locked for itself.
    """
    connected(url, partial(_go_back, revision))


def is_current(url: str) -> bool:
    """Whether a database has the newest schema that this version of the program knows."""
    return revision_of(url) == max(known())


def is_usable(url: str) -> bool:
    """Whether this version of the program can work on a database: on its own schema, and on one that came after it.

    For workers are replaced one by one, and a migration only adds what the version before can do without; what that
    one still needs goes with the migration after (expand, then contract).
    """
    revision = revision_of(url)
    return is_current(url) or (revision is not None and revision not in known())


def known() -> set[str]:
    """All revisions, by the numbers with which the names of their files begin."""
    return {file.name.partition("_")[0] for file in _FOLDER.glob("versions/[0-9]*.py")}


def revision_of(url: str) -> str | None:
    """The revision that a database is at; None without a schema."""
    file = file_of(url)
    return connected(url, _revision) if file is None or file.exists() else None


def _go_back(revision: str, connection: Connection) -> None:
    if inspect(connection).has_table(leases.name):
        alive = len(connection.execute(WORKERS_ALIVE, {"now": datetime.now(UTC)}).all())
        if alive:
            raise ValueError(
                f"The database is served by {alive} worker(s): stop them first. (Who is killed counts for "
                f"{DEAD_AFTER.total_seconds():.0f} seconds more.)"
            )
    _go("downgrade", revision, connection)


def _revision(connection: Connection) -> str | None:
    has_any = inspect(connection).has_table("alembic_version")
    return connection.scalar(text("SELECT version_num FROM alembic_version")) if has_any else None


def _go(step: str, revision: str, connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 (it takes its time)
    from alembic.util import CommandError  # noqa: PLC0415 (the same)

    config = _config()
    config.attributes["connection"] = connection
    try:
        getattr(command, step)(config, revision)
    except CommandError as error:
        raise ValueError(str(error)) from error


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
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415 (with all of the ORM, which we do not use)

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url, timeout=_PATIENCE), poolclass=NullPool
    )
    try:
        async with engine.begin() as connection:
            await connection.execute(_ONE_AT_A_TIME)
            return await connection.run_sync(work)
    except DBAPIError as error:
        raise getattr(error.orig, "__cause__", None) or error  # noqa: B904 (what asyncpg has said, as it says it)


def _config() -> Config:
    from alembic.config import Config  # noqa: PLC0415 (it takes its time)

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config
