"""Looks at what stands in the tables after a long time, and finds for itself whether the promises were kept."""

from __future__ import annotations

import json
from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from bot.model import Notice
from bot.rules.fairness import MOST_PASSED
from bot.store.database import Transaction
from bot.store.tables import history, tickets
from tests.doubles.clockwork import CLOCK

_HISTORY = select(history).where(history.c.server == bindparam("server")).order_by(history.c.id)
_MESSAGES = select(tickets.c.number, tickets.c.message).where(tickets.c.server == bindparam("server"))
STEPS = (*Notice, "reminded", "returned", "nudged", "closed in silence")
"""What the clock does, as the record calls it."""
_ENDS = {"closed", "closed in silence", "withdrawn"}


@dataclass(slots=True)
class Findings:
    """What a year has come to."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    """All of them must be 0."""

    def __add__(self, other: Findings) -> Findings:
        counts, faults = Counter(self.counts), Counter(self.faults)
        counts.update(other.counts)
        faults.update(other.faults)
        return Findings(counts, faults)


async def audit(
    tx: Transaction, server: str, orders: Mapping[str, Mapping[datetime, int]], said: Mapping[tuple[int, str], int]
) -> Findings:
    """Compare a server's record with the `orders` in which its people asked, and with what was `said` to them.

    `orders` are by the message of the request and the moment at which its customer wrote; `said` counts the messages
    of the clock by ticket and key.
    """
    places = {row["number"]: orders[row["message"]] for row in await tx.rows(_MESSAGES, server=server)}
    replay = Replay(places)
    for entry in await tx.rows(_HISTORY, server=server):
        replay.follow(entry)
    findings = replay.findings
    findings.counts["tickets"] = len(places)
    for key, what in CLOCK.items():
        for number in places:
            difference = said.get((number, key), 0) - replay.steps[number, what]
            findings.faults["told twice"] += max(difference, 0)
            findings.faults["recorded, but not told"] += max(-difference, 0)
    return findings


class Replay:
    """The line, played again from the record and from nothing that the desk has computed."""

    def __init__(self, orders: Mapping[int, Mapping[datetime, int]]) -> None:
        """`orders` by ticket and by the moment of asking."""
        self.findings = Findings(faults=Counter({"overtaken without a record": 0, "closed unanswered by a timer": 0}))
        self.steps: Counter[tuple[int, str]] = Counter()
        """How often the clock did what to a ticket."""
        self._orders = orders
        self._line: list[tuple[int, int]] = []
        self._places: dict[int, tuple[int, int]] = {}
        self._answered: set[int] = set()
        self._noticed: defaultdict[int, set[str]] = defaultdict(set)

    def follow(self, entry: Mapping[str, Any]) -> None:
        """Play one entry."""
        number, what = entry["ticket"], entry["what"]
        match what:
            case "opened" | "reopened":
                self._ask(number, entry["at"])
            case "claimed":
                self._claim(number, json.loads(entry["detail"]))
            case "answered":
                self._answered.add(number)
                self.findings.counts[f"answered: {json.loads(entry['detail'])['kept']}"] += 1
            case "released" | "returned":
                self._give_back(number, what)
            case _ if what in _ENDS:
                self._end(number, what)
        if what in STEPS:
            self._step(number, what)

    def _ask(self, number: int, at: datetime) -> None:
        self._places[number] = self._orders[number][at], number
        insort(self._line, self._places[number])
        self._answered.discard(number)
        self._noticed[number].clear()

    def _claim(self, number: int, told: dict[str, Any]) -> None:
        ahead = bisect_left(self._line, self._places[number])
        passed = [one for _, one in self._line[: min(ahead, MOST_PASSED)]]
        is_on_record = (told["ahead"], told["numbers"]) == (ahead, passed) and (told["reason"] or not ahead)
        self.findings.faults["overtaken without a record"] += not is_on_record
        self.findings.counts["claims out of turn" if ahead else "claims in order"] += 1
        del self._line[ahead]

    def _give_back(self, number: int, what: str) -> None:
        """Who was answered and waits for another word is told anew; the clock returns no others."""
        insort(self._line, self._places[number])
        if number in self._answered:
            self._noticed[number].clear()
        if what == "returned":
            self._answered.discard(number)

    def _end(self, number: int, what: str) -> None:
        place = self._places[number]
        at = bisect_left(self._line, place)
        if self._line[at : at + 1] == [place]:
            del self._line[at]
        if what == "closed in silence":
            self.findings.faults["closed unanswered by a timer"] += number not in self._answered

    def _step(self, number: int, what: str) -> None:
        self.steps[number, what] += 1
        self.findings.counts[what] += 1
        if what in set(Notice):
            self.findings.faults["told twice"] += what in self._noticed[number]
            self._noticed[number].add(what)
