"""The migrations and the tables in the code say the same."""

from __future__ import annotations

import asyncio
import re
import secrets
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text, update

from bot.coverage.matcher import Matcher
from bot.model import Language, Mode, OpenThread, ServerSettings, Ticket
from bot.store import migrations, queries
from bot.store.engines import name_of, open_database, url_of
from bot.store.outbox import LEASE, free_leases_of_dead
from bot.store.tables import metadata, outbox
from bot.store.workers import show_alive, show_gone
from tests.doubles.clockwork import said
from tests.doubles.post_office import SERVER, open_post_office
from tests.doubles.world import SERVER as SHOP
from tests.doubles.world import open_world

SCRIPTS = ScriptDirectory(Path(migrations.__file__).parent)
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


OF_POSTGRES = """
    SELECT tablename || '.' || indexname AS name, indexdef AS says FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT table_name || '.' || column_name,
        concat_ws(' ', data_type, is_nullable, column_default, is_identity) FROM information_schema.columns
        WHERE table_schema = 'public'
    UNION ALL SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""
OF_SQLITE = "SELECT name, sql AS says FROM sqlite_master WHERE sql IS NOT NULL"


def schema(url: str) -> dict[str, list[str]]:
    """What the database says of every table and index, in pieces whose order and spacing mean nothing."""

    def read(connection: Connection) -> dict[str, str]:
        told = OF_SQLITE if connection.dialect.name == "sqlite" else OF_POSTGRES
        return {row.name: row.says for row in connection.execute(text(told))}

    pieces = {
        name: sorted(re.findall(r"[\w']+|[<>=!]+", says)) for name, says in migrations.connected(url, read).items()
    }
    return {name: found for name, found in pieces.items() if not name.startswith("alembic_version")}


def test_the_revisions_are_those_that_alembic_knows_in_the_order_of_their_numbers() -> None:
    in_order = [script.revision for script in SCRIPTS.walk_revisions()][::-1]
    assert in_order == sorted(migrations.known())


def test_alembic_finds_no_difference(database_url: str) -> None:
    def compare(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, metadata))

    assert migrations.connected(database_url, compare) == []


def test_constraints_and_partial_indexes_are_the_same_too(new_empty_url: Callable[[], str], database_url: str) -> None:
    from_the_code = new_empty_url()
    migrations.connected(from_the_code, metadata.create_all)
    assert schema(database_url) == schema(from_the_code)


def test_down_and_up_again_gives_the_same_schema(new_empty_url: Callable[[], str]) -> None:
    url = new_empty_url()
    assert not migrations.is_current(url)
    migrations.upgrade(url)
    first = schema(url)
    assert migrations.is_current(url)
    migrations.downgrade(url, "base")
    assert schema(url) == {}
    assert not migrations.is_current(url)
    migrations.upgrade(url)
    assert schema(url) == first
    assert migrations.is_current(url)


# --- old and new workers beside each other ---------------------------------------------------------------

FIRST_SHARED = "0006"
"""Before this revision there were no other workers."""


def columns(url: str) -> dict[str, Any]:
    """Every column, with what must be known of it to write a row."""

    def read(connection: Connection) -> dict[str, Any]:
        inspector = inspect(connection)
        return {
            f"{table}.{column['name']}": (str(column["type"]), column["nullable"] or column["default"] is not None)
            for table in inspector.get_table_names()
            for column in inspector.get_columns(table)
        }

    return migrations.connected(url, read)


def steps() -> list[tuple[str, str]]:
    """The revisions by which old and new workers may be beside each other, with the one before."""
    return [(str(one.down_revision), one.revision) for one in SCRIPTS.walk_revisions() if one.revision >= FIRST_SHARED]


@pytest.mark.parametrize(("before", "after"), steps())
def test_a_migration_takes_nothing_from_the_version_before(
    new_empty_url: Callable[[], str], before: str, after: str
) -> None:
    url = new_empty_url()
    migrations.upgrade(url, before)
    old = columns(url)
    migrations.upgrade(url, after)
    new = columns(url)
    assert {name: new.get(name) for name in old} == old
    assert [name for name in new.keys() - old.keys() if name.split(".")[0] in tables_of(old) and not new[name][1]] == []


def tables_of(named: dict[str, Any]) -> set[str]:
    return {name.split(".")[0] for name in named}


async def test_nothing_is_taken_away_while_workers_serve_it(new_url: Callable[[], str]) -> None:
    url = new_url()
    before = await asyncio.to_thread(schema, url)
    async with open_post_office(url) as office:
        await office.database.transaction(lambda tx: show_alive(tx, 1, datetime.now(UTC)))
        with pytest.raises(ValueError, match="served by 1 worker"):
            await asyncio.to_thread(migrations.downgrade, url, "0006")
        assert await asyncio.to_thread(schema, url) == before
        await office.database.transaction(lambda tx: show_gone(tx, 1))
        await asyncio.to_thread(migrations.downgrade, url, "0006")
    assert await asyncio.to_thread(schema, url) != before


async def test_letters_of_the_version_before_are_delivered_and_left_to_it_while_it_has_them(database_url: str) -> None:
    """It does not know of `leased_by`, and leaves it empty."""
    async with open_post_office(database_url) as office:
        await office.owe("one")
        await office.owe("two", "other")
        theirs = update(outbox).where(outbox.c.id == 1).values(state="leased", leased_until=office.now + LEASE)
        await office.database.transaction(lambda tx: tx.run(theirs))
        await office.deliver()
        assert office.chat.said == ["two"]
        assert await office.database.transaction(lambda tx: free_leases_of_dead(tx, office.now)) == 0
        office.pass_time(LEASE + timedelta(seconds=1))
        await office.deliver()
        assert office.chat.said == ["two", "one"]


def test_a_schema_of_a_version_to_come_is_usable_and_one_of_before_is_not(new_empty_url: Callable[[], str]) -> None:
    url = new_empty_url()
    migrations.upgrade(url, "0005")
    assert not migrations.is_usable(url)
    migrations.upgrade(url)
    assert migrations.is_usable(url)
    migrations.connected(
        url, lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9'"))
    )
    assert migrations.is_usable(url)
    assert not migrations.is_current(url)


@pytest.mark.sqlite
def test_a_migration_that_fails_has_changed_nothing(new_empty_url: Callable[[], str]) -> None:
    url = new_empty_url()
    migrations.upgrade(url, "0006")
    in_the_way = "CREATE TRIGGER tickets_move_in_line AFTER INSERT ON inbox BEGIN SELECT 1; END"
    migrations.connected(url, lambda connection: connection.execute(text(in_the_way)))
    before = schema(url)
    with pytest.raises(sqlite3.DatabaseError, match="already exists"):
        migrations.upgrade(url)
    assert schema(url) == before
    migrations.connected(url, lambda connection: connection.execute(text("DROP TRIGGER tickets_move_in_line")))
    migrations.upgrade(url)
    assert migrations.is_current(url)


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    """A database as it was before 0003, in use."""
    file = tmp_path / "old.sqlite3"
    migrations.upgrade(url_of(file), "0002")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(A_SERVER, [SETTINGS])
        connection.execute(A_TICKET)
        connection.execute(ITS_HISTORY)
        connection.execute(AN_EFFECT)
    return file


async def test_what_is_there_stays_on_the_way_to_real_servers(old_file: Path) -> None:
    migrations.upgrade(url_of(old_file))
    async with open_database(url_of(old_file)) as database:
        settings = await database.transaction(lambda tx: queries.settings_of(tx, SERVER))
        assert settings == ServerSettings(Language.EN, support={"help": Mode.QUIET}, open_limit=9)
        (ticket,) = await database.transaction(lambda tx: queries.line(tx, SERVER, 9))
        assert (ticket.text, ticket.is_private) == ("it crashes", False)
        assert await database.transaction(lambda tx: queries.heard_until(tx, SERVER)) is None
        assert await database.transaction(lambda tx: queries.next_number(tx, SERVER)) == 8


def test_what_is_there_stays_on_the_way_back(old_file: Path) -> None:
    before, rows = schema(url_of(old_file)), contents(old_file)
    migrations.upgrade(url_of(old_file))
    with closing(sqlite3.connect(old_file)) as connection, connection:
        connection.execute("UPDATE servers SET heard_until = 5, left_at = 6")
        connection.execute("UPDATE tickets SET is_private = 1")
    migrations.downgrade(url_of(old_file), "0002")
    assert schema(url_of(old_file)) == before
    assert contents(old_file) == rows


def contents(file: Path) -> list[list[tuple[object, ...]]]:
    with closing(sqlite3.connect(file)) as connection:
        return [connection.execute(select).fetchall() for select in ALL_ROWS]


async def test_effects_that_were_owed_before_are_still_understood(old_file: Path) -> None:
    migrations.upgrade(url_of(old_file))
    async with open_post_office(url_of(old_file)) as office:
        await office.deliver()
        ((_, effect),) = office.chat.done
        assert effect == OpenThread(server=SERVER, channel="help", message="t", name="it crashes")


# --- the promise -------------------------------------------------------------------------------------------

HOUR = timedelta(hours=1)
SHOP_SETTINGS = '{"support": {"support": "auto"}, "agents_channel": "agents", "agent_roles": ["agent"]}'
A_SHOP = "INSERT INTO servers (id, settings, last_number, created_at, left_at) VALUES (?, ?, 9, 0, ?)"
AN_OLD_TICKET = """
    INSERT INTO tickets (server, number, state, customer, customer_name, language, channel, thread, lane, text,
        text_order, added, policy_version, place_order, opened_at, soft_due, hard_due, agent, agent_name, claimed_at,
        first_answer_at, last_spoke, last_spoke_at, closed_at)
    VALUES (:server, :number, :state, 'emma', 'Emma', 'en', 'support', :thread, :thread, 'it crashes',
        1, '', '1', :number, :opened, :opened + 86400000000, :opened + 172800000000, :agent, :agent, :claimed,
        :answered, :spoke, :spoke_at, :closed)
"""
UNANSWERED_AND_NEW, LATE, BROKEN, CLAIMED, ANSWERED, ANSWERED_LONG_AGO, ASKED_AGAIN, GIVEN_BACK, CLOSED = range(1, 10)
BEFORE: dict[int, dict[str, Any]] = {
    UNANSWERED_AND_NEW: {"state": "waiting", "opened": 1},
    LATE: {"state": "waiting", "opened": 30},
    BROKEN: {"state": "waiting", "opened": 60},
    CLAIMED: {"state": "claimed", "opened": 5, "claimed": 4},
    ANSWERED: {"state": "claimed", "opened": 90, "claimed": 89, "answered": 88, "spoke": "tom", "spoke_at": 20},
    ANSWERED_LONG_AGO: {
        "state": "claimed", "opened": 300, "claimed": 299, "answered": 298, "spoke": "tom", "spoke_at": 290,
    },
    ASKED_AGAIN: {"state": "claimed", "opened": 90, "claimed": 89, "answered": 88, "spoke": "emma", "spoke_at": 50},
    GIVEN_BACK: {"state": "waiting", "opened": 90, "answered": 88, "spoke": "tom", "spoke_at": 20},
    CLOSED: {"state": "closed", "opened": 300, "closed": 200},
}  # fmt: skip
"""How the tickets stood before the upgrade; times are hours before it."""
MOMENTS = ("opened", "claimed", "answered", "spoke_at", "closed")


@pytest.fixture
def shop_file(tmp_path: Path) -> Path:
    """A shop as it was before 0004, in the midst of its work; and one that the bot had to leave."""
    file = tmp_path / "shop.sqlite3"
    migrations.upgrade(url_of(file), "0003")
    now = int(datetime.now(UTC).timestamp() * 1_000_000)
    with closing(sqlite3.connect(file)) as connection, connection:
        for server, left_at in ((SHOP, None), ("paper:gone", now)):
            connection.execute(A_SHOP, [server, SHOP_SETTINGS, left_at])
            for number, facts in BEFORE.items():
                times = {name: now - facts[name] * 3_600_000_000 if name in facts else None for name in MOMENTS}
                agent = "tom" if facts["state"] == "claimed" else None
                row = {"spoke": None, **facts, **times, "agent": agent, "server": server, "thread": f"t{number}"}
                connection.execute(AN_OLD_TICKET, {**row, "number": number})
    migrations.upgrade(url_of(file))
    return file


async def test_after_the_upgrade_those_hear_who_must_and_nobody_is_reminded_of_what_was_before(
    shop_file: Path, matcher: Matcher
) -> None:
    async with open_world(url_of(shop_file), matcher, set_up=False) as world:
        world.now = datetime.now(UTC)
        world.chat.threads |= {f"t{number}": True for number in BEFORE}
        await world.live(HOUR)
        await world.deliver()
        first = {(LATE, "late"): 1, (BROKEN, "broken"): 1, (ANSWERED_LONG_AGO, "nudged"): 1}
        assert said(world) == first
        await world.live(6 * HOUR)
        await world.deliver()
        assert said(world) == first
        await world.live(2 * HOUR)
        await world.deliver()
        assert said(world) == first | {(CLAIMED, "reminded"): 1, (ASKED_AGAIN, "reminded"): 1}


async def test_after_the_upgrade_the_promise_counts_from_where_it_counted_before(shop_file: Path) -> None:
    async with open_database(url_of(shop_file)) as database:
        found = await database.transaction(lambda tx: queries.line(tx, SHOP, 9))
        waiting: dict[int, Ticket] = {ticket.number: ticket for ticket in found}
    assert sorted(waiting) == [UNANSWERED_AND_NEW, LATE, BROKEN, GIVEN_BACK]
    assert all(ticket.asked_at == ticket.opened_at for ticket in waiting.values())
    owed_since = {ticket.owed_since for ticket in waiting.values() if ticket.first_answer_at is None}
    (upgraded_at,) = owed_since
    assert upgraded_at is not None
    assert datetime.now(UTC) - upgraded_at < HOUR
    assert waiting[GIVEN_BACK].owed_since is None


def test_where_the_bot_is_not_any_more_nothing_wakes_it(shop_file: Path) -> None:
    with closing(sqlite3.connect(shop_file)) as connection:
        waking = connection.execute("SELECT DISTINCT server FROM tickets WHERE wake_at IS NOT NULL").fetchall()
        closed = connection.execute("SELECT wake_at, owed_since FROM tickets WHERE state = 'closed'").fetchall()
    assert waking == [(SHOP,)]
    assert set(closed) == {(None, None)}


@pytest.mark.postgres
@pytest.mark.parametrize("work", [migrations.revision_of, migrations.upgrade])
def test_who_may_not_look_is_told_what_the_database_has_said(database_url: str, work: Callable[[str], object]) -> None:
    guest = f"CREATE ROLE guest_{secrets.token_hex(4)} LOGIN"
    migrations.connected(database_url, lambda connection: connection.execute(text(guest)))
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
        work(database_url.replace("//tester", f"//{guest.split()[2]}"))


def test_upgrading_what_is_current_changes_nothing(database_url: str) -> None:
    before = schema(database_url)
    migrations.upgrade(database_url)
    assert schema(database_url) == before


def test_a_path_with_a_percent_sign_works(tmp_path: Path) -> None:
    folder = tmp_path / "100 % sure"
    folder.mkdir()
    migrations.upgrade(url_of(folder / "desk.sqlite3"))
    assert migrations.is_current(url_of(folder / "desk.sqlite3"))


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://me:secret@host/desk", "postgresql://me:***@host/desk"),
        (
            "postgresql://me:secret@one:5432,two:5432/desk?target_session_attrs=any",
            "postgresql://me:***@one:5432,two:5432/desk",
        ),
        ("postgresql://host/desk", "postgresql://host/desk"),
        ("postgresql://me@host/desk?password=secret&x=y", "postgresql://me@host/desk?password=***&x=y"),
        ("sqlite:///desk.sqlite3", "desk.sqlite3"),
    ],
)
def test_a_database_is_named_without_its_password(url: str, name: str) -> None:
    assert name_of(url).startswith(name)
