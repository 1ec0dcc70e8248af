"""A small year is lived through like a large one, and an audit that finds nothing wrong could have found it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import policy_text
from tests.bench.audit import Findings, Replay
from tests.bench.year import live, shops

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_small_year_keeps_every_promise(tmp_path: Path) -> None:
    findings = live(tmp_path / "year.sqlite3", Path(policy_text.__file__).parent, shops(3_000), weeks=3)
    assert findings.counts["tickets"] > 100
    assert findings.counts["claims in order"] > 100
    assert findings.counts["answered: soft"] > 50
    assert findings.counts["nudged"] > 0
    assert findings.counts["late"] > 0
    assert len(findings.faults) == 7
    assert not any(findings.faults.values())


def replayed(*entries: tuple[int, str, dict[str, Any]]) -> Findings:
    """Three people have asked, one after the other; then this happened."""
    moments = [BEGIN + timedelta(hours=number) for number in range(4)]
    replay = Replay({number: {moments[number]: number} for number in (1, 2, 3)})
    asked = [(number, "opened", dict[str, Any]()) for number in (1, 2, 3)]
    for number, what, detail in (*asked, *entries):
        at = moments[number] if what == "opened" else BEGIN
        replay.follow({"ticket": number, "what": what, "at": at, "detail": json.dumps(detail)})
    return replay.findings


def claim(number: int, *passed: int, reason: str = "") -> tuple[int, str, dict[str, Any]]:
    return number, "claimed", {"ahead": len(passed), "numbers": list(passed), "reason": reason}


def test_who_is_overtaken_on_record_is_no_fault() -> None:
    findings = replayed(claim(3, 1, 2, reason="urgent"), claim(1), claim(2))
    assert findings.counts["claims out of turn"] == 1
    assert findings.counts["claims in order"] == 2
    assert not any(findings.faults.values())


def test_who_is_overtaken_without_a_record_is_found() -> None:
    for silent in (claim(3), claim(3, 1, 2), claim(3, 1, reason="urgent"), claim(3, 2, 1, reason="urgent")):
        assert replayed(silent).faults["overtaken without a record"] == 1


def test_a_returned_ticket_is_expected_at_its_old_place() -> None:
    returned: tuple[int, str, dict[str, Any]] = (1, "returned", {})
    back = (claim(1), returned)
    assert not any(replayed(*back, claim(1), claim(2)).faults.values())
    assert replayed(*back, claim(2)).faults["overtaken without a record"] == 1


def test_what_is_told_twice_is_found_unless_it_was_asked_again() -> None:
    assert replayed((1, "late", {}), (1, "broken", {})).faults["told twice"] == 0
    assert replayed((1, "late", {}), (1, "late", {})).faults["told twice"] == 1


def test_what_a_timer_has_closed_without_an_answer_is_found() -> None:
    assert replayed(claim(1), (1, "closed in silence", {})).faults["closed unanswered by a timer"] == 1
    answered = (1, "answered", {"kept": "soft"})
    assert replayed(claim(1), answered, (1, "closed in silence", {})).faults["closed unanswered by a timer"] == 0
