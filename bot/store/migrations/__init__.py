"""The schema's history, and how a database is brought up to date."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError


def upgrade(file: Path | str, revision: str = "head") -> None:
    """Bring a SQLite file up to a revision; an empty or missing file gets the whole schema."""
    _run(command.upgrade, file, revision)


def downgrade(file: Path | str, revision: str) -> None:
    """Take a SQLite file back to an earlier revision, `base` being the empty schema."""
    _run(command.downgrade, file, revision)


def is_current(file: Path | str) -> bool:
    """Whether a SQLite file has the schema that this version of the program needs."""
    if not Path(file).exists():
        return False
    with _connected(file) as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
    return revision == ScriptDirectory.from_config(_config()).get_current_head()


def _run(step: Callable[[Config, str], None], file: Path | str, revision: str) -> None:
    config = _config()
    with _connected(file) as connection:
        config.attributes["connection"] = connection
        step(config, revision)


@contextmanager
def _connected(file: Path | str) -> Iterator[Connection]:
    """A transaction on a SQLite file. Raises sqlite3.Error, naming the file."""
    engine = create_engine(f"sqlite:///{file}")
    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as error:
        raise sqlite3.DatabaseError(f"{file}: {error.orig}") from error
    finally:
        engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
