"""How fair a period was: who was served in turn, how long people waited, and which promises were kept.

What the record says of a claim and of a first answer is written and read here, so that both mean the same.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from math import ceil
from typing import Any

from bot.model import Ticket

PERCENTILES = (50, 80, 95)
MOST_PASSED = 20
"""Numbers of tickets ahead that a claim names; how many there were is always told."""


class Kept(StrEnum):
    """What became of a promise."""

    SOFT = "soft"
    """The answer came by the soft end."""
    HARD = "hard"
    """It came by the hard end."""
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Claim:
    """An agent took a ticket, in turn or past others."""

    number: int
    at: datetime
    agent: str
    ahead: int
    """How many waited that had come before."""
    passed: tuple[int, ...] = ()
    """The first of their numbers."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """An agent's first words to a request; a ticket that was opened again is a request of its own."""

    number: int
    at: datetime
    agent: str
    waited: timedelta
    kept: Kept


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a ticket waited for its first answer, or has waited so far."""

    span: timedelta
    number: int


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A request that nobody has answered: it still waits, or its ticket has ended."""

    number: int
    asked_at: datetime
    hard_due: datetime
    ended_at: datetime | None = None

    def wait(self, until: datetime) -> Wait:
        """How long it waited in vain; until this moment if it still does."""
        return Wait((self.ended_at or until) - self.asked_at, self.number)

    def is_broken(self, until: datetime) -> bool:
        """Whether the promise ran out before the request ended, or before this moment."""
        return self.hard_due < (self.ended_at or until)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a period."""

    since: datetime
    until: datetime
    claims: Sequence[Claim]
    answers: Sequence[FirstAnswer]
    unanswered: Sequence[Unanswered]
    """Waiting at its end, or ended in it."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a period's facts come to."""

    in_order: int
    """Claims of who was next."""
    out_of_turn: Sequence[Claim]
    """Newest first. A ticket that was given back and taken again was passed by whoever took another meanwhile."""
    longest: Wait | None
    waits: Mapping[int, timedelta]
    """By percentile; empty without an answer."""
    kept: Mapping[Kept, int]
    """Promises by what became of them; broken is also what went beyond its promise without an answer, ended or not."""
    weeks: Mapping[date, Mapping[Kept, int]]
    """The same for each week, by its Monday: the week of the answer, or of the limit that passed without one."""
    open_inside: int
    """Still unanswered, inside the promise."""
    open_beyond: int
    """Still unanswered, beyond it."""
    ended_inside: int
    """Ended without an answer, inside the promise."""
    ended_beyond: int
    """Ended without an answer, beyond it."""

    @property
    def claims(self) -> int:
        """All claims, in order or not."""
        return self.in_order + len(self.out_of_turn)

    @property
    def promises(self) -> int:
        """All promises of which it is known what became of them."""
        return sum(self.kept.values())

    @property
    def in_time(self) -> int:
        """Promises that were kept."""
        return self.promises - self.kept[Kept.BROKEN]


# --- what stands in the record -------------------------------------------------------------------------


def claim_detail(ahead: int, passed: Sequence[int], reason: str) -> str:
    """What the record says of a claim."""
    return json.dumps({"ahead": ahead, "numbers": list(passed), "reason": reason}, ensure_ascii=False)


def read_claim(number: int, at: datetime, agent: str, detail: str) -> Claim:
    """A claim of the record."""
    told = json.loads(detail)
    return Claim(number, at, agent, told["ahead"], tuple(told.get("numbers", ())), told["reason"])


def kept(at: datetime, soft_due: datetime, hard_due: datetime) -> Kept:
    """What an answer at this moment makes of its promise."""
    return Kept.SOFT if at <= soft_due else Kept.HARD if at <= hard_due else Kept.BROKEN


def answer_detail(ticket: Ticket, at: datetime) -> str:
    """What the record says of the first answer to a ticket."""
    return json.dumps({"waited": _seconds(ticket, at), "kept": kept(at, ticket.soft_due, ticket.hard_due)})


def read_answer(number: int, at: datetime, agent: str, detail: str) -> FirstAnswer | None:
    """A first answer of the record; None from before it said how long people had waited."""
    if not detail:
        return None
    told: dict[str, Any] = json.loads(detail)
    return FirstAnswer(number, at, agent, timedelta(seconds=told["waited"]), Kept(told["kept"]))


def unanswered_detail(ticket: Ticket, at: datetime) -> str:
    """What the record says of a ticket that ends without an answer: opened again, it is another request."""
    return json.dumps({"waited": _seconds(ticket, at), "due": ticket.hard_due.isoformat()})


def read_unanswered(number: int, at: datetime, detail: str) -> Unanswered:
    """A request of the record that ended without an answer."""
    told = json.loads(detail)
    return Unanswered(number, at - timedelta(seconds=told["waited"]), datetime.fromisoformat(told["due"]), at)


def _seconds(ticket: Ticket, at: datetime) -> int:
    """How long its latest request has waited."""
    return max(at - ticket.asked_at, timedelta(0)) // timedelta(seconds=1)


# --- the report ----------------------------------------------------------------------------------------


def report(facts: Facts, zone: tzinfo) -> Report:
    """Count a period; its weeks begin on Monday in the given zone."""
    broken = [one for one in facts.unanswered if one.is_broken(facts.until)]
    counts = Counter((one.ended_at is not None, one.is_broken(facts.until)) for one in facts.unanswered)
    in_vain = [one.wait(facts.until) for one in facts.unanswered if one.ended_at is None or one.is_broken(facts.until)]
    waits = [Wait(one.waited, one.number) for one in facts.answers]
    out_of_turn = [claim for claim in facts.claims if claim.ahead > 0]
    promises = [(one.at, one.kept) for one in facts.answers]
    promises += [(max(one.hard_due, facts.since), Kept.BROKEN) for one in broken]
    return Report(
        in_order=len(facts.claims) - len(out_of_turn),
        out_of_turn=sorted(out_of_turn, key=lambda claim: claim.at, reverse=True),
        longest=max(waits + in_vain, key=lambda wait: wait.span, default=None),
        waits=_percentiles([wait.span for wait in waits], [wait.span for wait in in_vain]),
        kept=_counted(what for _, what in promises),
        weeks=_by_week(promises, zone),
        open_inside=counts[False, False],
        open_beyond=counts[False, True],
        ended_inside=counts[True, False],
        ended_beyond=counts[True, True],
    )


def _percentiles(waits: list[timedelta], in_vain: list[timedelta]) -> dict[int, timedelta]:
    """Within which time so many in a hundred had their answer.

    Who has waited in vain, and longer than that, counts; who has not waited so long might have been quicker, and does
    not.
    """
    waits, in_vain = sorted(waits), sorted(in_vain)
    if not waits:
        return {}
    return {percent: _percentile(percent, waits, in_vain) for percent in PERCENTILES}


def _percentile(percent: int, waits: list[timedelta], in_vain: list[timedelta]) -> timedelta:
    for number, wait in enumerate(waits, start=1):
        longer = len(in_vain) - bisect_right(in_vain, wait)
        if number * 100 >= percent * (len(waits) + longer):
            return wait
    slower = [*waits, *in_vain[bisect_right(in_vain, waits[-1]) :]]
    return slower[ceil(len(slower) * percent / 100) - 1]


def _by_week(promises: Sequence[tuple[datetime, Kept]], zone: tzinfo) -> dict[date, Mapping[Kept, int]]:
    """Every week from the first to the last, also those in which nothing was due."""
    by_week: dict[date, list[Kept]] = {}
    for at, what in promises:
        day = at.astimezone(zone).date()
        by_week.setdefault(day - timedelta(days=day.weekday()), []).append(what)
    if not by_week:
        return {}
    first, last = min(by_week), max(by_week)
    weeks = (first + timedelta(weeks=number) for number in range((last - first).days // 7 + 1))
    return {week: _counted(by_week.get(week, ())) for week in weeks}


def _counted(promises: Iterable[Kept]) -> dict[Kept, int]:
    counts = Counter(promises)
    return {what: counts[what] for what in Kept}
