"""Large databases for measurements, filled by the database itself: a million tickets in some ten seconds."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
from pydantic import TypeAdapter
from sqlalchemy import Dialect, Table

from bot.model import Language, Mode, Ruling, ServerSettings, Ticket, TicketState
from bot.rules.promise import promise
from bot.store import postgres, queries, sqlite
from bot.store.engines import file_of
from bot.store.statements import Statement
from bot.store.tables import servers, tickets
from bot.store.triggers import COUNT_ALL, NO_MORE_ON_POSTGRES, ON_POSTGRES, ON_SQLITE

SUPPORT, AGENTS, AGENT_ROLE = "support", "agents", "agent"
SETTINGS = ServerSettings(
    support={SUPPORT: Mode.AUTO}, agents_channel=AGENTS, agent_roles=frozenset({AGENT_ROLE}), language=Language.EN
)
ASKED_AT = datetime(2026, 1, 1, tzinfo=UTC)
"""When all that is filled in was asked; nothing of it is due while somebody measures."""
WORDS = "since the last update the gallery crashes as soon as I open the settings"
_TEMPLATE = "bench:template"
_LATER = "asked_at + CAST(place.n AS BIGINT) * 1000000"
"""A second for each ticket."""
_UNCOUNTED_ON_SQLITE = [f"DROP TRIGGER {create.split()[2]}" for create in ON_SQLITE]
"""All that is filled in is counted at once, not by the triggers one by one."""
_OF_A_CLOSED_ONE = {"state": "'closed'", "agent": "'a'", "agent_name": "'A'", "wake_at": "NULL"}
_OF_A_CLOSED_ONE |= dict.fromkeys(("claimed_at", "first_answer_at", "closed_at"), _LATER)


@dataclass(frozen=True, slots=True)
class Filling:
    """What is in a database before something is measured. Of each server's tickets, the closed ones came first."""

    servers: int = 1
    waiting: int = 0
    closed: int = 0

    @property
    def tickets(self) -> int:
        """Of each server."""
        return self.waiting + self.closed


def server(number: int) -> str:
    """The id of a filled server; they count from 1."""
    return f"bench:{number}"


def a_ticket(of_server: str, number: int) -> Ticket:
    """A waiting ticket as a message opens it."""
    due = promise(ASKED_AT, SETTINGS)
    return Ticket(
        server=of_server,
        number=number,
        state=TicketState.WAITING,
        customer=f"c{number}",
        customer_name="Customer",
        language=Language.EN,
        channel=SUPPORT,
        message=f"m{number}",
        thread=f"m{number}",
        lane=f"m{number}",
        text=WORDS,
        text_order=number,
        category="defect",
        ruling=Ruling.COVERED,
        policy_version="bench",
        place_order=number,
        opened_at=ASKED_AT,
        asked_at=ASKED_AT,
        soft_due=due.soft,
        hard_due=due.hard,
        owed_since=ASKED_AT,
        wake_at=datetime(2100, 1, 1, tzinfo=UTC),
    )


def fill(url: str, filling: Filling) -> None:
    """Put all this into a database that has the schema and nothing else."""
    file = file_of(url)
    if file is None:
        asyncio.run(_fill_postgres(url, filling))
    else:
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            for sql in _UNCOUNTED_ON_SQLITE:
                connection.execute(sql)
            for sql, values in _steps(filling, sqlite.DIALECT, _series_in_sqlite(filling)):
                connection.execute(sql, values)
            for sql in (COUNT_ALL, *ON_SQLITE):
                connection.execute(sql)


async def _fill_postgres(url: str, filling: Filling) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(";".join(NO_MORE_ON_POSTGRES))
        for sql, values in _steps(filling, postgres.DIALECT, _series_in_postgres(filling)):
            await connection.execute(sql, *values)
        await connection.execute(";".join((COUNT_ALL, *ON_POSTGRES)))
        await connection.execute("VACUUM ANALYZE")  # as autovacuum does it within a minute
    finally:
        await connection.close()


def _series_in_sqlite(filling: Filling) -> tuple[str, str]:
    def counted(name: str, end: int) -> str:
        numbers = f"SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {end}"  # noqa: S608 (a number of ours)
        return f"(WITH RECURSIVE numbers(n) AS ({numbers}) SELECT n FROM numbers) {name}"  # noqa: S608 (the same)

    return counted("shop", filling.servers), counted("place", filling.tickets)


def _series_in_postgres(filling: Filling) -> tuple[str, str]:
    return f"generate_series(1, {filling.servers}) AS shop(n)", f"generate_series(1, {filling.tickets}) AS place(n)"


def _steps(filling: Filling, dialect: Dialect, series: tuple[str, str]) -> list[tuple[str, list[Any]]]:
    """Statements with their values: one of each kind by the product's own types, then copies of it."""
    shop, place = series
    a_server = {column.key: None for column in servers.columns} | {
        "id": _TEMPLATE,
        "settings": TypeAdapter(ServerSettings).dump_json(SETTINGS).decode(),
        "last_number": filling.tickets,
        "policy_number": 0,
        "created_at": ASKED_AT,
    }
    steps = [
        _added(servers, a_server, dialect),
        _added(tickets, queries.ticket_values(a_ticket(_TEMPLATE, 0)), dialect),
        (_copied(servers, {"id": "'bench:' || shop.n"}, "id", shop), []),
    ]
    if filling.tickets:
        steps.append((_copied(tickets, _ticket_columns(filling), "server", f"{shop} CROSS JOIN {place}"), []))
    gone: list[tuple[str, list[Any]]] = [
        (f"DELETE FROM {table} WHERE {key} = '{_TEMPLATE}'", [])  # noqa: S608
        for table, key in _KEYS
    ]
    return [*steps, *gone]


_KEYS = (("tickets", "server"), ("servers", "id"))


def _added(table: Table, values: Mapping[str, Any], dialect: Dialect) -> tuple[str, list[Any]]:
    statement = Statement(table.insert().values(queries.given(table)), dialect)
    return statement.sql, statement.parameters(values)


def _copied(table: Table, changed: Mapping[str, str], key: str, series: str) -> str:
    names = [column.key for column in table.columns]
    values = ", ".join(changed.get(name, name) for name in names)
    return (
        f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {values} "  # noqa: S608 (all of it is written here)
        f"FROM {table.name} CROSS JOIN {series} WHERE {key} = '{_TEMPLATE}'"
    )


def _ticket_columns(filling: Filling) -> dict[str, str]:
    columns = {"server": "'bench:' || shop.n", "number": "place.n", "customer": "'c' || place.n"}
    columns |= dict.fromkeys(("message", "thread", "lane"), "'m' || place.n")
    columns |= dict.fromkeys(("place_order", "text_order"), "place.n")
    columns |= dict.fromkeys(("opened_at", "asked_at"), _LATER)
    is_closed = f"CASE WHEN place.n <= {filling.closed} THEN {{}} ELSE {{}} END"
    return columns | {name: is_closed.format(then, name) for name, then in _OF_A_CLOSED_ONE.items()}
