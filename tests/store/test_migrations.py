"""The migrations and the tables in the code say the same."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from bot.model import Language, Mode, OpenThread, ServerSettings
from bot.store import migrations, queries
from bot.store.database import Database
from bot.store.tables import metadata
from tests.doubles.post_office import SERVER, open_post_office

SETTINGS = '{"language": "en", "support": {"help": "quiet"}, "open_limit": 9}'
"""What a server had decided before tickets could be reopened for as long as it likes."""
A_SERVER = "INSERT INTO servers VALUES ('moody:shop', ?, 7, 2, 0)"
A_TICKET = """
    INSERT INTO tickets (server, number, state, customer, customer_name, language, channel, thread, lane, text,
        text_order, added, policy_version, place_order, opened_at, soft_due, hard_due)
    VALUES ('moody:shop', 7, 'waiting', 'emma', 'Emma', 'en', 'help', 't', 't', 'it crashes', 1, '', '1', 1, 0, 0, 0)
"""
ALL_ROWS = [f"SELECT * FROM {table}" for table in ("servers", "tickets", "history", "outbox")]  # noqa: S608 (no input)
ITS_HISTORY = "INSERT INTO history (server, ticket, at, what, detail) VALUES ('moody:shop', 7, 0, 'opened', '')"
AN_EFFECT = """
    INSERT INTO outbox (server, lane, state, effect, attempts, due_at, created_at)
    VALUES ('moody:shop', 'moody:shop/t', 'pending', '{"server": "moody:shop", "channel": "help", "message": "t",
        "name": "it crashes", "opening": null, "kind": "open_thread"}', 0, 0, 0)
"""


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


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    """A database as it was before 0003, in use."""
    file = tmp_path / "old.sqlite3"
    migrations.upgrade(file, "0002")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(A_SERVER, [SETTINGS])
        connection.execute(A_TICKET)
        connection.execute(ITS_HISTORY)
        connection.execute(AN_EFFECT)
    return file


async def test_what_is_there_stays_on_the_way_to_real_servers(old_file: Path) -> None:
    migrations.upgrade(old_file)
    async with Database(old_file) as database:
        settings = await database.transaction(lambda tx: queries.settings_of(tx, SERVER))
        assert settings == ServerSettings(Language.EN, support={"help": Mode.QUIET}, open_limit=9)
        (ticket,) = await database.transaction(lambda tx: queries.line(tx, SERVER, 9))
        assert (ticket.text, ticket.is_private) == ("it crashes", False)
        assert await database.transaction(lambda tx: queries.heard_until(tx, SERVER)) is None
        assert await database.transaction(lambda tx: queries.next_number(tx, SERVER)) == 8


def test_what_is_there_stays_on_the_way_back(old_file: Path) -> None:
    before, rows = schema(old_file), contents(old_file)
    migrations.upgrade(old_file)
    with closing(sqlite3.connect(old_file)) as connection, connection:
        connection.execute("UPDATE servers SET heard_until = 5, left_at = 6")
        connection.execute("UPDATE tickets SET is_private = 1")
    migrations.downgrade(old_file, "0002")
    assert schema(old_file) == before
    assert contents(old_file) == rows


def contents(file: Path) -> list[list[tuple[object, ...]]]:
    with closing(sqlite3.connect(file)) as connection:
        return [connection.execute(select).fetchall() for select in ALL_ROWS]


async def test_effects_that_were_owed_before_are_still_understood(old_file: Path) -> None:
    migrations.upgrade(old_file)
    async with open_post_office(old_file) as office:
        await office.deliver()
        ((_, effect),) = office.chat.done
        assert effect == OpenThread(server=SERVER, channel="help", message="t", name="it crashes")


def test_upgrading_what_is_current_changes_nothing(database_file: Path) -> None:
    before = schema(database_file)
    migrations.upgrade(database_file)
    assert schema(database_file) == before


def test_a_path_with_a_percent_sign_works(tmp_path: Path) -> None:
    folder = tmp_path / "100 % sure"
    folder.mkdir()
    migrations.upgrade(folder / "desk.sqlite3")
    assert migrations.is_current(folder / "desk.sqlite3")
