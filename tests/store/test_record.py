"""The record shows tampering: every kind of it is found, and where nobody has tampered nothing is."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from bot.model import Language, ServerSettings, Ticket, TicketState
from bot.rules.record import Chain, Entry, Fault, link
from bot.store import migrations, queries
from bot.store.database import Database, Transaction
from bot.store.engines import open_database, url_of
from bot.store.verifying import chains
from tests.doubles.world import START

OURS, THEIRS = "paper:shop", "paper:rival"
TICKET = Ticket(
    server=OURS, number=1, state=TicketState.WAITING, customer="emma", customer_name="Emma", language=Language.EN,
    channel="support", message=None, thread=None, lane="m1", text="help", category=None, ruling=None,
    policy_version="1", place_order=1, opened_at=START, asked_at=START, soft_due=START, hard_due=START,
)  # fmt: skip
Written = tuple[str, int, str, str | None, str]
"""An entry to write: server, ticket, what, actor, detail."""
HISTORY: Sequence[Written] = (
    (OURS, 1, "opened", "emma", ""),
    (THEIRS, 1, "opened", "paul", ""),
    (OURS, 2, "opened", "jonas", ""),
    (OURS, 2, "claimed", "tom", '{"ahead": 1, "numbers": [1], "reason": "ein Notfall, „dringend“"}'),
    (THEIRS, 1, "claimed", "rita", ""),
    (OURS, 1, "withdrawn", None, ""),
    (OURS, 2, "closed", "tom", ""),
)

TAMPERINGS = {
    "change": "UPDATE history SET actor = 'somebody' WHERE id = :id",
    "earlier": "UPDATE history SET at = at - 1 WHERE id = :id",
    "remove": "DELETE FROM history WHERE id = :id",
    "move": "UPDATE history SET server = replace('paper:rivalpaper:shop', server, '') WHERE id = :id",
    "unhash": "UPDATE history SET hash = NULL WHERE id = :id",
    "repeat": "INSERT INTO history (server, ticket, at, actor, what, detail, hash) "
    "SELECT server, ticket, at, actor, what, detail, hash FROM history WHERE id = :id",
}


def write(url: str, written: Sequence[Written]) -> None:
    async def in_database() -> None:
        async with open_database(url) as database:
            await database.transaction(open_tickets)
            for second, entry in enumerate(written):
                await database.transaction(partial(record, second=second, written=entry))

    asyncio.run(in_database())


async def open_tickets(tx: Transaction) -> None:
    for server in (OURS, THEIRS):
        await queries.add_server(tx, server, ServerSettings(), START)
        for number in (1, 2):
            await queries.add_ticket(tx, replace(TICKET, server=server, number=number))


async def record(tx: Transaction, second: int, written: Written) -> None:
    server, number, what, actor, detail = written
    at = START + timedelta(seconds=second, microseconds=second)
    await queries.record(tx, replace(TICKET, server=server, number=number), at, actor, what, detail)


def change(url: str, sql: str, **values: object) -> int:
    """What somebody with the database in hand can do; how many rows it has hit."""
    return migrations.connected(url, lambda connection: connection.execute(text(sql), values).rowcount)


def faults(url: str) -> dict[str, list[tuple[Fault, int | None]]]:
    return {server: [(one.fault, one.id) for one in chain.broken] for server, chain in chains(url)}


@pytest.fixture
def written_url(database_url: str) -> str:
    write(database_url, HISTORY)
    return database_url


def test_an_untouched_record_holds_and_tells_how_long_it_is(written_url: str) -> None:
    found = dict(chains(written_url))
    assert faults(written_url) == {OURS: [], THEIRS: []}
    assert (found[OURS].entries, found[THEIRS].entries) == (5, 2)
    assert (found[OURS].first_at, found[THEIRS].last_at) == (START, START + timedelta(seconds=4, microseconds=4))
    assert found[OURS].head != found[THEIRS].head


def test_a_server_without_a_ticket_has_an_empty_record(database_url: str) -> None:
    write(database_url, ())
    assert dict(chains(database_url)) == {OURS: Chain(), THEIRS: Chain()}


def test_one_server_can_be_looked_at_alone(written_url: str) -> None:
    assert [server for server, _ in chains(written_url, THEIRS)] == [THEIRS]
    assert list(chains(written_url, "paper:nobody")) == []


@pytest.mark.parametrize(
    "changed",
    [
        "ticket = 1",
        "at = at + 1",
        "actor = 'aylin'",
        "actor = NULL",
        "what = 'released'",
        "detail = ''",
        "hash = 'something else'",
    ],
)
def test_a_changed_entry_is_found(written_url: str, changed: str) -> None:
    assert change(written_url, f"UPDATE history SET {changed} WHERE id = 4") == 1  # noqa: S608 (ours)
    assert faults(written_url)[OURS][0] == (Fault.CHANGED, 4)
    assert faults(written_url)[THEIRS] == []


def test_a_changed_entry_with_a_hash_to_fit_breaks_the_next_one(written_url: str) -> None:
    before = migrations.connected(
        written_url, lambda connection: connection.scalar(text("SELECT hash FROM history WHERE id = 3"))
    )
    detail = '{"ahead": 0, "numbers": [], "reason": ""}'
    forged = link(before, Entry(OURS, 2, START, "tom", "claimed", detail))
    sql = "UPDATE history SET detail = :detail, at = :at, hash = :hash WHERE id = 4"
    change(written_url, sql, detail=detail, at=int(START.timestamp()) * 1_000_000, hash=forged)
    assert faults(written_url)[OURS] == [(Fault.CHANGED, 6)]


def test_an_entry_taken_out_of_the_middle_is_found(written_url: str) -> None:
    assert change(written_url, "DELETE FROM history WHERE id = 4") == 1
    assert faults(written_url) == {OURS: [(Fault.CHANGED, 6)], THEIRS: []}


def test_a_first_entry_that_was_taken_out_is_found(written_url: str) -> None:
    change(written_url, "DELETE FROM history WHERE id = 1")
    assert faults(written_url)[OURS] == [(Fault.CHANGED, 3)]


def test_a_missing_end_is_found(written_url: str) -> None:
    change(written_url, "DELETE FROM history WHERE id >= 6")
    assert faults(written_url) == {OURS: [(Fault.ENDS_ELSEWHERE, None)], THEIRS: []}


def test_a_record_that_is_gone_altogether_is_found(written_url: str) -> None:
    change(written_url, "DELETE FROM history WHERE server = :server", server=OURS)
    assert faults(written_url) == {OURS: [(Fault.ENDS_ELSEWHERE, None)], THEIRS: []}


def test_an_entry_put_in_is_found(written_url: str) -> None:
    change(written_url, TAMPERINGS["repeat"], id=4)
    assert (Fault.CHANGED, 8) in faults(written_url)[OURS]


def test_an_entry_put_in_without_a_hash_is_found(written_url: str) -> None:
    change(written_url, TAMPERINGS["repeat"], id=4)
    change(written_url, "UPDATE history SET hash = NULL WHERE id = 8")
    assert faults(written_url)[OURS] == [(Fault.UNHASHED, 8)]


def test_an_entry_moved_to_another_server_is_found_in_both(written_url: str) -> None:
    change(written_url, "UPDATE history SET server = :server WHERE id = 4", server=THEIRS)
    found = faults(written_url)
    assert found[OURS] == [(Fault.CHANGED, 6)]
    assert found[THEIRS][0] == (Fault.CHANGED, 4)


def test_entries_that_changed_places_are_found(written_url: str) -> None:
    for old, new in ((3, 99), (4, 3), (99, 4)):
        change(written_url, "UPDATE history SET id = :new WHERE id = :old", new=new, old=old)
    assert faults(written_url)[OURS][0] == (Fault.CHANGED, 3)


def test_entries_from_before_there_were_hashes_may_only_be_the_first(database_url: str) -> None:
    write(database_url, HISTORY[:4])
    change(database_url, "UPDATE history SET hash = NULL")
    change(database_url, "UPDATE servers SET record_hash = NULL")
    assert faults(database_url) == {OURS: [], THEIRS: []}
    entry = link(None, Entry(OURS, 1, START, "tom", "closed", ""))
    sql = "INSERT INTO history (server, ticket, at, actor, what, detail, hash) "
    sql += "VALUES (:server, 1, :at, 'tom', 'closed', '', :hash)"
    change(database_url, sql, server=OURS, at=int(START.timestamp()) * 1_000_000, hash=entry)
    change(database_url, "UPDATE servers SET record_hash = :hash WHERE id = :server", hash=entry, server=OURS)
    assert faults(database_url)[OURS] == []
    change(database_url, "UPDATE history SET id = 100 WHERE id = 4")
    assert faults(database_url)[OURS] == [(Fault.UNHASHED, 100)]


@pytest.mark.sqlite
async def test_the_record_is_read_while_the_bot_writes(database: Database, database_url: str) -> None:
    """As of one moment, without waiting for the writer or keeping it waiting."""
    await database.transaction(open_tickets)
    for second in range(3):
        await database.transaction(partial(record, second=second, written=HISTORY[0]))
        reading = chains(database_url, OURS)
        assert next(reading)[1].entries == second + 1
        await database.transaction(lambda tx: queries.waiting_count(tx, OURS))


@pytest.mark.parametrize("is_open", [True, False])
def test_reading_changes_nothing_in_the_file(database_file: Path, *, is_open: bool) -> None:
    write(url_of(database_file), HISTORY)
    with closing(sqlite3.connect(database_file)) as beside:
        if is_open:
            beside.execute("SELECT count(*) FROM history").fetchone()
        before = database_file.read_bytes()
        assert faults(url_of(database_file)) == {OURS: [], THEIRS: []}
        assert database_file.read_bytes() == before


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        list(chains(url_of(tmp_path / "none.sqlite3")))
    assert list(tmp_path.iterdir()) == []


ENTRY = st.tuples(
    st.sampled_from([OURS, THEIRS]),
    st.sampled_from([1, 2]),
    st.sampled_from(["opened", "claimed", "answered"]),
    st.one_of(st.none(), st.just("tom"), st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
)


@settings(max_examples=30)
@given(st.lists(ENTRY, min_size=1, max_size=12), st.sampled_from(sorted(TAMPERINGS)), st.data())
def test_whatever_happened_it_holds_until_somebody_tampers(
    new_url: Callable[[], str], written: list[Written], tampering: str, data: st.DataObject
) -> None:
    url = new_url()
    write(url, written)
    assert faults(url) == {OURS: [], THEIRS: []}
    row = data.draw(st.integers(1, len(written)))
    assert change(url, TAMPERINGS[tampering], id=row) == 1
    assert any(faults(url).values())
