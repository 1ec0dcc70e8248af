"""What holds for every named statement: it names its server, and the line is read from its index."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import ModuleType

import asyncpg
import pytest
from sqlalchemy import Executable
from sqlalchemy.sql.dml import Delete, Insert, Update

from bot.store import outbox, promise_queries, queries, verifying
from bot.store.postgres import DIALECT as POSTGRES
from bot.store.sqlite import DIALECT
from bot.store.statements import compiled
from bot.store.tables import history
from tests.doubles.postgres import PostgresServer

ALL_SERVERS = {
    "queries._SERVERS": "a starting process reads every server's settings",
    "queries._EVER": "texts are dropped for all servers in turn",
    "queries._HEARD": "a starting process reads which channels have tickets",
    "queries._OLD": "old keys are dropped for all servers at once",
    "queries._FORGET_EVENTS": "the same",
    "queries._FORGET_EARLY_NEWS": "the same",
    "outbox._READY": "one outbox delivers for all servers",
    "outbox._NEXT_DUE": "the same",
    "outbox._LEASE": "by the row's own id, just read by _READY",
    "outbox._END": "the same",
    "outbox._END_OWED": "the same",
    "outbox._TRY_AGAIN": "the same",
    "outbox._FORGET": "effects done long ago are dropped for all servers at once",
    "outbox._DEAD": "for the operator, who runs all servers",
    "outbox._OWED_COUNT": "the same",
    "outbox._DEAD_LETTER": "the same",
    "outbox._REVIVE": "the same",
    "outbox._FORGET_DEAD": "dead letters of long ago are dropped for all servers at once",
    "outbox._FREE": "a starting outbox takes over what a killed one had on its way",
    "outbox._FREE_OF_DEAD": "the same, of workers that have died",
    "outbox._HAND_BACK": "a stopping outbox leaves what it had on its way to others",
    "outbox.WORKERS_ALIVE": "workers serve all servers",
    "promise_queries._WAKING": "one clock looks after the tickets of all servers",
    "promise_queries._NEXT_WAKE": "the same",
    "promise_queries._NEXT_TELLING": "the same",
    "promise_queries._TO_TELL": "the same",
    "promise_queries._TO_SWEEP": "the same",
    "promise_queries._HERE": "the same",
    "promise_queries._HELD": "the agents of all servers are looked for in turn",
    "verifying._HEADS": "the operator, who runs all servers, checks every record",
    "verifying._RECORDED": "the same",
}
"""Statements that see more than one tenant, and why."""
LETTERS = "outbox._DEAD"
"""Read by the operator, now and then: it may take its time."""
GROWING = "(tickets|history|answers|inbox|paid_requests|outbox)"
"""Tables with ever more rows."""


def statements(module: ModuleType) -> dict[str, Executable]:
    short = module.__name__.rsplit(".", 1)[1]
    return {f"{short}.{name}": value for name, value in vars(module).items() if isinstance(value, Executable)}


STATEMENTS = statements(queries) | statements(promise_queries) | statements(verifying) | statements(outbox)


def plan_of(file: Path, name: str) -> list[str]:
    """The steps in which SQLite does a statement."""
    statement = compiled(STATEMENTS[name], DIALECT)
    with closing(sqlite3.connect(file)) as connection:
        nothing = [None] * statement.sql.count("?")
        return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement.sql}", nothing)]


@pytest.fixture(scope="module")
def postgres_plans(postgres: PostgresServer, _postgres_template: str) -> Mapping[str, list[str]]:
    """The steps in which PostgreSQL does each statement, if it can help it without reading a whole table."""

    async def ask() -> Mapping[str, list[str]]:
        connection = await asyncpg.connect(postgres.new_database(_postgres_template))
        await connection.execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
        plans = {}
        for name, clause in STATEMENTS.items():
            sql = compiled(clause, POSTGRES).sql
            nothing = ", ".join(["NULL"] * len(set(re.findall(r"\$\d+", sql))))
            await connection.execute(f"PREPARE statement AS {sql}")
            steps = await connection.fetch(f"EXPLAIN EXECUTE statement{nothing and f'({nothing})'}")
            await connection.execute("DEALLOCATE statement")
            plans[name] = [step[0] for step in steps]
        await connection.close()
        return plans

    return asyncio.run(ask())


def test_there_are_statements_to_look_at() -> None:
    assert len(STATEMENTS) > 30
    assert ALL_SERVERS.keys() <= STATEMENTS.keys()


@pytest.mark.parametrize("name", sorted(STATEMENTS.keys() - ALL_SERVERS.keys()))
def test_every_statement_names_its_server(name: str) -> None:
    clause = STATEMENTS[name]
    sql = compiled(clause, DIALECT).sql
    if isinstance(clause, Insert):
        columns = sql.partition("(")[2].partition(")")[0]
        assert {"server", "id"} & set(columns.split(", ")), sql
        return
    tables = re.findall(r"\b(?:FROM|JOIN|UPDATE) (\w+)", sql)
    named = re.findall(r"\b(?:server|servers\.id|tickets\.server) = (?:\?|tickets\.server)", sql)
    assert len(named) >= len(tables) > 0, sql


@pytest.mark.parametrize("name", ["_CLAIM_HEAD", "_LINE", "_PLACE"])
def test_the_line_is_read_from_its_partial_index(database_file: Path, name: str) -> None:
    plan = plan_of(database_file, f"queries.{name}")
    assert any("ix_tickets_line" in step for step in plan), plan
    assert not any("TEMP B-TREE" in step or step.startswith("SCAN tickets") for step in plan), plan


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("_RECORDED", "ix_history_what_at"),
        ("_UNANSWERED_WAITING", "ix_tickets_line"),
        ("_UNANSWERED_CLAIMED", "ix_tickets_claimed"),
    ],
)
def test_fairness_reads_its_period_in_order_from_an_index(database_file: Path, name: str, index: str) -> None:
    plan = plan_of(database_file, f"queries.{name}")
    assert any(index in step for step in plan), plan
    assert not any("TEMP B-TREE" in step for step in plan), plan


@pytest.mark.parametrize(
    "name",
    ["_OTHER_CASES", "_LAST_NOTICED", "_NOTICED_COUNTS", "_NOTICED", "_LATE_COUNTS", "_REMEMBER"],
)
def test_what_is_without_an_answer_is_found_among_its_like(database_file: Path, name: str) -> None:
    plan = plan_of(database_file, f"promise_queries.{name}")
    assert any("ix_tickets_unanswered" in step for step in plan), plan


@pytest.mark.parametrize("name", sorted(STATEMENTS.keys() - {LETTERS}))
def test_no_statement_reads_a_whole_table(database_file: Path, name: str) -> None:
    plan = plan_of(database_file, name)
    assert [step for step in plan if re.fullmatch(f"SCAN {GROWING}", step)] == []


@pytest.mark.parametrize("name", sorted(STATEMENTS.keys() - {LETTERS}))
def test_no_statement_reads_a_whole_table_on_postgres_either(
    postgres_plans: Mapping[str, list[str]], name: str
) -> None:
    assert [step for step in postgres_plans[name] if re.search(rf"Seq Scan on {GROWING}\b", step)] == []


def test_history_is_only_ever_added_to() -> None:
    changing = [
        name for name, clause in STATEMENTS.items() if isinstance(clause, Update | Delete) and clause.table is history
    ]
    assert changing == []
    added = compiled(STATEMENTS["queries._RECORD"], DIALECT).sql
    assert added.startswith("INSERT INTO history")
    assert "CONFLICT" not in added


def test_what_is_being_answered_is_found_among_the_claimed_and_not_past_all_who_wait(database_file: Path) -> None:
    plan = plan_of(database_file, "promise_queries._BEING_ANSWERED")
    assert any("ix_tickets_claimed" in step for step in plan), plan


def test_news_that_came_before_its_message_is_found_by_an_index_of_its_own(database_file: Path) -> None:
    plan = plan_of(database_file, "queries._FORGET_EARLY_NEWS")
    assert any("ix_inbox_early" in step for step in plan), plan
