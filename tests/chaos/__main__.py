"""`make chaos`: kill -9 under load, many times, and power cuts; exit code 1 if anything was lost, late or doubled."""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from bot.store import migrations
from bot.store.engines import url_of
from tests.bench.audit import Findings
from tests.chaos import power
from tests.chaos.audit import audit_all
from tests.chaos.killing import Course, Plan, live
from tests.coverage.small_policy import write_policy
from tests.doubles.postgres import PostgresServer, why_not

_SERVER_EVERY = 10
"""One of so many kills on PostgreSQL is that of its server."""
_RECORDED = 8.0
"""Seconds of load between the first and the last power cut."""


class Kind(StrEnum):
    """Which database."""

    SQLITE = "sqlite"
    POSTGRES = "postgres"


def main(
    *,
    kills: Annotated[int, typer.Option(help="How often a process is killed.")] = 200,
    database: Annotated[Kind, typer.Option(help="The database.")] = Kind.SQLITE,
    workers: Annotated[int, typer.Option(help="Processes that serve at a time (SQLite: 1).")] = 1,
    cuts: Annotated[int, typer.Option(help="How often the power is cut (SQLite; needs strace).")] = 0,
    seed: Annotated[int, typer.Option(help="Of all chance.")] = 1,
    keep: Annotated[Path | None, typer.Option(help="A folder to keep the database and the logs in.")] = None,
) -> None:
    """Kill workers under load, let what is owed be delivered, and print what the audit says."""
    console, faults = Console(highlight=False), 0
    with tempfile.TemporaryDirectory() as folder:
        if kills:
            course, findings = run(keep or Path(folder) / "kills", database, workers, kills, seed, _SERVER_EVERY)
            console.print(_table(f"kill -9: {database}, {workers} worker(s)", findings, course))
            faults += findings.faults.total()
        if cuts:
            findings = cut_power(Path(folder) / "cuts", cuts, seed)
            console.print(_table("power cuts: sqlite", findings))
            faults += findings.faults.total()
    sys.exit(faults > 0)


def cut_power(folder: Path, cuts: int, seed: int) -> Findings:
    """Half of them in each of two recordings."""
    if lack := power.why_not():
        raise typer.BadParameter(lack)
    findings = Findings()
    for number in range(2):
        at = folder / str(number)
        (at / "policy").mkdir(parents=True)
        write_policy(at / "policy")
        recording = asyncio.run(power.record(at, _RECORDED, seed + number))
        findings += power.cut_often(recording, cuts // 2, seed + number, at)
    return findings


def run(
    folder: Path, kind: Kind, workers: int, kills: int, seed: int, server_every: int | None = None
) -> tuple[Course, Findings]:
    """The whole course on a new database, and its audit; each so many kills, it is PostgreSQL's server."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "policy").mkdir()
    write_policy(folder / "policy")
    if kind is Kind.SQLITE:
        return _run(Plan(url_of(folder / "desk.sqlite3"), folder, workers, kills, seed))
    if lack := why_not():
        raise typer.BadParameter(lack)
    with PostgresServer(folder / "postgres", durable=True) as server:

        def kill_and_start() -> None:
            server.kill()
            server.start()

        return _run(Plan(server.new_database(), folder, workers, kills, seed, kill_and_start, server_every))


def _run(plan: Plan) -> tuple[Course, Findings]:
    migrations.upgrade(plan.url)
    course = asyncio.run(live(plan))
    return course, audit_all(plan.url, course.told, course.platform)


def _table(title: str, findings: Findings, course: Course | None = None) -> Table:
    table = Table("what", Column("how many", justify="right"), title=title)
    if course is not None:
        table.add_row("kills of a worker", f"{course.kills}")
        table.add_row("kills of the database's server", f"{course.database_kills}")
        table.add_row("events acknowledged", f"{course.told.total:,}")
        table.add_row("events told again", f"{course.told.again:,}")
    for what, many in findings.counts.items():
        table.add_row(what, f"{many:,}")
    table.add_section()
    for what, many in findings.faults.items():
        table.add_row(f"{what} (must be 0)", f"{many:,}")
    if course is not None:
        table.add_section()
        recoveries = [seconds * 1000 for seconds in course.recoveries]
        table.add_row("seconds under load", f"{course.seconds:.0f}")
        table.add_row("seconds until all was delivered", f"{course.quiet_after:.1f}")
        table.add_row("kill to next acknowledgement, median", f"{statistics.median(recoveries):.0f} ms")
        table.add_row("the same, longest", f"{max(recoveries):.0f} ms")
    return table


if __name__ == "__main__":
    typer.run(main)
