"""The migrations and the tables in the code say the same."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from bot.store import migrations
from bot.store.tables import metadata


def schema(file: Path) -> dict[str, list[str]]:
    """The SQL of every table and index, in pieces whose order and spacing mean nothing."""
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {name: sorted(re.findall(r"[\w']+|[<>=!]+", sql)) for name, sql in rows if name != "alembic_version"}


def test_alembic_finds_no_difference(database_file: Path) -> None:
    engine = create_engine(f"sqlite:///{database_file}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_constraints_and_partial_indexes_are_the_same_too(database_file: Path, tmp_path: Path) -> None:
    file = tmp_path / "from_the_code.sqlite3"
    engine = create_engine(f"sqlite:///{file}")
    metadata.create_all(engine)
    engine.dispose()
    assert schema(database_file) == schema(file)


def test_down_and_up_again_gives_the_same_schema(tmp_path: Path) -> None:
    file = tmp_path / "desk.sqlite3"
    assert not migrations.is_current(file)
    migrations.upgrade(file)
    first = schema(file)
    assert migrations.is_current(file)
    migrations.downgrade(file, "base")
    assert schema(file) == {}
    assert not migrations.is_current(file)
    migrations.upgrade(file)
    assert schema(file) == first
    assert migrations.is_current(file)


def test_upgrading_what_is_current_changes_nothing(database_file: Path) -> None:
    before = schema(database_file)
    migrations.upgrade(database_file)
    assert schema(database_file) == before


def test_a_path_with_a_percent_sign_works(tmp_path: Path) -> None:
    folder = tmp_path / "100 % sure"
    folder.mkdir()
    migrations.upgrade(folder / "desk.sqlite3")
    assert migrations.is_current(folder / "desk.sqlite3")
