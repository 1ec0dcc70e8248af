"""Workers are killed under load, and the power is cut: nothing is lost; and an audit that finds nothing could have."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bot.store.engines import url_of
from tests.bench.audit import Findings
from tests.chaos import power
from tests.chaos.__main__ import Kind, run
from tests.chaos.audit import audit_all
from tests.chaos.killing import Course
from tests.chaos.stand_in import StandIn
from tests.coverage.small_policy import write_policy
from tests.doubles.postgres import need_postgres

KILLS = 10

Killed = tuple[Path, Course, Findings]


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Killed:
    """What is left of a SQLite database whose worker was killed again and again."""
    folder = tmp_path_factory.mktemp("killed")
    course, findings = run(folder, Kind.SQLITE, workers=1, kills=KILLS, seed=1)
    return folder / "desk.sqlite3", course, findings


def wrong(findings: Findings) -> dict[str, int]:
    return {what: many for what, many in findings.faults.items() if many}


def test_killed_workers_on_sqlite_lose_nothing_and_double_only_what_has_no_key(killed: Killed) -> None:
    _, course, findings = killed
    assert wrong(findings) == {}
    assert (course.kills, course.exit_codes) == (KILLS, [0])
    assert min(course.told.total, findings.counts["tickets"], course.platform.total) > KILLS
    assert set(course.platform.doubled) <= {"edit", "put a thread away"}


def test_killed_workers_on_postgres_lose_nothing(tmp_path: Path) -> None:
    need_postgres()
    course, findings = run(tmp_path, Kind.POSTGRES, workers=2, kills=KILLS, seed=2)
    assert wrong(findings) == {}
    assert (course.kills, course.database_kills) == (KILLS, 0)
    assert min(course.told.total, findings.counts["tickets"], course.platform.total) > KILLS
    assert set(course.platform.doubled) <= {"edit", "put a thread away"}


def test_a_killed_server_of_postgres_loses_nothing(tmp_path: Path) -> None:
    need_postgres()
    course, findings = run(tmp_path, Kind.POSTGRES, workers=2, kills=4, seed=3, server_every=2)
    assert wrong(findings) == {}
    assert (course.kills, course.database_kills) == (2, 2)


# --- the audit ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("DELETE FROM inbox WHERE key = (SELECT max(key) FROM inbox)", "acknowledged events lost"),
        ("UPDATE servers SET last_number = last_number + 1 WHERE last_number > 0", "gaps in the numbers"),
        ("UPDATE history SET at = at + 1 WHERE what = 'claimed'", "links of the record broken"),
        ("UPDATE history SET detail = replace(detail, '\"ahead\": 0', '\"ahead\": 1')", "overtaken without a record"),
        ("DELETE FROM history WHERE what = 'closed'", "said twice in a thread"),
        ("UPDATE history SET what = 'withdrawn' WHERE what = 'closed'", "recorded, but not said"),
        ("DELETE FROM outbox WHERE id = (SELECT min(id) FROM outbox)", "effects that nobody promised"),
        ("UPDATE outbox SET state = 'dead' WHERE id = 1", "effects still owed, or given up"),
        ("UPDATE outbox SET lane = 'the same for all'", "out of order in a lane"),
    ],
)
def test_the_audit_finds_what_is_wrong_in_the_database(
    killed: Killed, tmp_path: Path, statement: str, fault: str
) -> None:
    file, course, _ = killed
    spoilt = Path(shutil.copy(file, tmp_path))
    with closing(sqlite3.connect(spoilt, isolation_level=None)) as connection:
        connection.execute(statement)
    assert audit_all(url_of(spoilt), course.told, course.platform).faults[fault] > 0


def without_half_of_its_calls(platform: StandIn) -> None:
    platform.calls = platform.calls[::2]


def with_a_late_call(platform: StandIn) -> None:
    platform.calls = [*platform.calls, *platform.calls]


def with_a_second_thread(platform: StandIn) -> None:
    platform.opened = platform.opened + platform.opened


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (without_half_of_its_calls, "effects undelivered"),
        (with_a_late_call, "out of order in a lane"),
        (with_a_second_thread, "threads opened twice"),
    ],
)
def test_the_audit_finds_what_is_wrong_on_the_platform(
    killed: Killed, spoil: Callable[[StandIn], None], fault: str
) -> None:
    file, course, _ = killed
    platform = replace(course.platform)
    spoil(platform)
    assert audit_all(url_of(file), course.told, platform).faults[fault] > 0


# --- power cuts --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> power.Recording:
    lack = power.why_not()
    if lack is not None:
        pytest.skip(lack)
    folder = tmp_path_factory.mktemp("recording")
    (folder / "policy").mkdir()
    write_policy(folder / "policy")
    return asyncio.run(power.record(folder, seconds=2, seed=1))


def test_power_cuts_lose_nothing_that_was_acknowledged(recording: power.Recording, tmp_path: Path) -> None:
    findings = power.cut_often(recording, 25, 1, tmp_path)
    assert wrong(findings) == {}
    assert findings.counts["unsynced changes at a cut"] > 0
    assert findings.counts["events acknowledged before"] > 25


def test_a_disk_that_only_says_that_it_has_synced_is_found_out(recording: power.Recording, tmp_path: Path) -> None:
    findings = power.cut_often(recording, 20, 1, tmp_path, syncs_lie=True)
    assert findings.faults["acknowledged events lost"] + findings.faults["broken files"] > 0
