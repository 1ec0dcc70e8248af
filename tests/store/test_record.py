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

from bot.model import Language, ServerSettings, Ticket, TicketState
from bot.rules.record import Chain, Entry, Fault, link
from bot.store import queries
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
    "change": "UPDATE history SET actor = 'somebody' WHERE id = ?",
    "earlier": "UPDATE history SET at = at - 1 WHERE id = ?",
    "remove": "DELETE FROM history WHERE id = ?",
    "move": "UPDATE history SET server = iif(server = 'paper:shop', 'paper:rival', 'paper:shop') WHERE id = ?",
    "unhash": "UPDATE history SET hash = NULL WHERE id = ?",
    "repeat": "INSERT INTO history (server, ticket, at, actor, what, detail, hash) "
    "SELECT server, ticket, at, actor, what, detail, hash FROM history WHERE id = ?",
}


def write(file: Path, written: Sequence[Written]) -> None:
    async def in_database() -> None:
        async with open_database(url_of(file)) as database:
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


def change(file: Path, sql: str, *values: object) -> int:
    """What somebody with the file in hand can do; how many rows it has hit."""
    with closing(sqlite3.connect(file)) as connection, connection:
        return connection.execute(sql, values).rowcount


def faults(file: Path) -> dict[str, list[tuple[Fault, int | None]]]:
    return {server: [(one.fault, one.id) for one in chain.broken] for server, chain in chains(url_of(file))}


@pytest.fixture
def written_file(database_file: Path) -> Path:
    write(database_file, HISTORY)
    return database_file


def test_an_untouched_record_holds_and_tells_how_long_it_is(written_file: Path) -> None:
    found = dict(chains(url_of(written_file)))
    assert faults(written_file) == {OURS: [], THEIRS: []}
    assert (found[OURS].entries, found[THEIRS].entries) == (5, 2)
    assert (found[OURS].first_at, found[THEIRS].last_at) == (START, START + timedelta(seconds=4, microseconds=4))
    assert found[OURS].head != found[THEIRS].head


def test_a_server_without_a_ticket_has_an_empty_record(database_file: Path) -> None:
    write(database_file, ())
    assert dict(chains(url_of(database_file))) == {OURS: Chain(), THEIRS: Chain()}


def test_one_server_can_be_looked_at_alone(written_file: Path) -> None:
    assert [server for server, _ in chains(url_of(written_file), THEIRS)] == [THEIRS]
    assert list(chains(url_of(written_file), "paper:nobody")) == []


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
def test_a_changed_entry_is_found(written_file: Path, changed: str) -> None:
    assert change(written_file, f"UPDATE history SET {changed} WHERE id = 4") == 1  # noqa: S608 (ours)
    assert faults(written_file)[OURS][0] == (Fault.CHANGED, 4)
    assert faults(written_file)[THEIRS] == []


def test_a_changed_entry_with_a_hash_to_fit_breaks_the_next_one(written_file: Path) -> None:
    with closing(sqlite3.connect(written_file)) as connection:
        (before,) = connection.execute("SELECT hash FROM history WHERE id = 3").fetchone()
    forged = link(before, Entry(OURS, 2, START, "tom", "claimed", '{"ahead": 0, "numbers": [], "reason": ""}'))
    sql = "UPDATE history SET detail = ?, at = ?, hash = ? WHERE id = 4"
    microseconds = int(START.timestamp()) * 1_000_000
    change(written_file, sql, '{"ahead": 0, "numbers": [], "reason": ""}', microseconds, forged)
    assert faults(written_file)[OURS] == [(Fault.CHANGED, 6)]


def test_an_entry_taken_out_of_the_middle_is_found(written_file: Path) -> None:
    assert change(written_file, "DELETE FROM history WHERE id = 4") == 1
    assert faults(written_file) == {OURS: [(Fault.CHANGED, 6)], THEIRS: []}


def test_a_first_entry_that_was_taken_out_is_found(written_file: Path) -> None:
    change(written_file, "DELETE FROM history WHERE id = 1")
    assert faults(written_file)[OURS] == [(Fault.CHANGED, 3)]


def test_a_missing_end_is_found(written_file: Path) -> None:
    change(written_file, "DELETE FROM history WHERE id >= 6")
    assert faults(written_file) == {OURS: [(Fault.ENDS_ELSEWHERE, None)], THEIRS: []}


def test_a_record_that_is_gone_altogether_is_found(written_file: Path) -> None:
    change(written_file, "DELETE FROM history WHERE server = ?", OURS)
    assert faults(written_file) == {OURS: [(Fault.ENDS_ELSEWHERE, None)], THEIRS: []}


def test_an_entry_put_in_is_found(written_file: Path) -> None:
    change(written_file, TAMPERINGS["repeat"], 4)
    assert (Fault.CHANGED, 8) in faults(written_file)[OURS]


def test_an_entry_put_in_without_a_hash_is_found(written_file: Path) -> None:
    change(written_file, TAMPERINGS["repeat"], 4)
    change(written_file, "UPDATE history SET hash = NULL WHERE id = 8")
    assert faults(written_file)[OURS] == [(Fault.UNHASHED, 8)]


def test_an_entry_moved_to_another_server_is_found_in_both(written_file: Path) -> None:
    change(written_file, "UPDATE history SET server = ? WHERE id = 4", THEIRS)
    found = faults(written_file)
    assert found[OURS] == [(Fault.CHANGED, 6)]
    assert found[THEIRS][0] == (Fault.CHANGED, 4)


def test_entries_that_changed_places_are_found(written_file: Path) -> None:
    for old, new in ((3, 99), (4, 3), (99, 4)):
        change(written_file, "UPDATE history SET id = ? WHERE id = ?", new, old)
    assert faults(written_file)[OURS][0] == (Fault.CHANGED, 3)


def test_entries_from_before_there_were_hashes_may_only_be_the_first(database_file: Path) -> None:
    write(database_file, HISTORY[:4])
    change(database_file, "UPDATE history SET hash = NULL")
    change(database_file, "UPDATE servers SET record_hash = NULL")
    assert faults(database_file) == {OURS: [], THEIRS: []}
    with closing(sqlite3.connect(database_file)) as connection, connection:
        entry = Entry(OURS, 1, START, "tom", "closed", "")
        at = int(START.timestamp()) * 1_000_000
        sql = "INSERT INTO history (server, ticket, at, actor, what, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?)"
        connection.execute(sql, (OURS, 1, at, "tom", "closed", "", link(None, entry)))
        connection.execute("UPDATE servers SET record_hash = ? WHERE id = ?", (link(None, entry), OURS))
    assert faults(database_file)[OURS] == []
    change(database_file, "UPDATE history SET id = 100 WHERE id = 4")
    assert faults(database_file)[OURS] == [(Fault.UNHASHED, 100)]


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
def test_reading_changes_nothing_in_the_file(written_file: Path, *, is_open: bool) -> None:
    with closing(sqlite3.connect(written_file)) as beside:
        if is_open:
            beside.execute("SELECT count(*) FROM history").fetchone()
        before = written_file.read_bytes()
        assert faults(written_file) == {OURS: [], THEIRS: []}
        assert written_file.read_bytes() == before


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
    new_database: Callable[[], Path], written: list[Written], tampering: str, data: st.DataObject
) -> None:
    file = new_database()
    write(file, written)
    assert faults(file) == {OURS: [], THEIRS: []}
    row = data.draw(st.integers(1, len(written)))
    assert change(file, TAMPERINGS[tampering], row) == 1
    assert any(faults(file).values())
