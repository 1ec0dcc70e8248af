"""The schema's history, and how a database is brought up to date."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine


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
    engine = create_engine(f"sqlite:///{file}")
    try:
        with engine.connect() as connection:
            revision = MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
    return revision == ScriptDirectory.from_config(_config()).get_current_head()


def _run(step: Callable[[Config, str], None], file: Path | str, revision: str) -> None:
    engine = create_engine(f"sqlite:///{file}")
    config = _config()
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            step(config, revision)
    finally:
        engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
