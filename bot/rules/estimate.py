"""How long a place in the line waits for its first answer, learnt from the server's own recent past.

Waits are measured by a working clock. It runs as fast as agents answer at this hour of the week while somebody waits,
so that it all but stands still at night. By that clock, the waits of similar places looked alike whenever they were,
and the next one will look like them. Nothing here tells when a problem is solved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

HISTORY = timedelta(weeks=8)
MOST_CASES = 3_000
"""The past that is worth knowing: what was answered within so long, the latest so many, and all that still wait."""

LONGEST = timedelta(days=60)
"""No estimate is longer."""

_ENOUGH_ANSWERS = 20
_ENOUGH_HOURS = 6 * 24.0
"""Before that nothing is estimated: until nearly a whole week was seen, the range holds too seldom."""

_HALF_LIFE = 14 * 24.0
"""Hours after which something counts half as much for the habits of the week."""

_RECENT = 3 * 24.0
_STEADINESS = 20.0
"""The latest pace fades with this half-life, in hours. It is held against as many answers at the usual pace."""

_HABIT = 2.0
_OUTLINE = 0.3
"""An hour of the week is held against as many answers at the pace that its weekday and its hour of the day have alone;
these, against as many at the pace of the whole week."""

_RESTING = 0.1
_SLOWEST = 0.005
"""Hours with less than so much of the usual pace are hours of rest: what was answered there was an exception. The clock
keeps a little of its pace, so that every estimate ends."""

_LEFT_OUT = 0.95
"""How much of a day is left out where its own waits are looked back upon. Not all: a server's only Sunday so far would
be taken for a weekday."""

_AGENTS = (1, 2, 3, 4, 6, 8, 12, 16)
"""Numbers of agents at work at a time that are told apart."""

_LEVELS = np.array([0.1, 0.5, 0.9])
_NEAR = 0.5
"""Places are alike if they differ little by this measure of their logarithm."""

_DOUBT = 2.0
_DAILY = 0.03
"""Our own idea of the spread counts like so many cases. Beside chance, it has days that differ by this variance."""

_CHANCES = np.array([NormalDist().inv_cdf((number + 0.5) / 9) for number in range(9)])

_HOUR = timedelta(hours=1)
_AHEAD = np.arange((LONGEST + timedelta(days=1)) / _HOUR)
"""The hours that are looked ahead; a day more than the longest estimate, because a pace is kept for a while."""

_WEEK = 7 * 24
_PLACES = 24

_Floats = NDArray[np.float64]
_Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Case:
    """One request of the recent past, or one that still waits."""

    asked_at: datetime
    answered_at: datetime | None
    """The first answer, or the end without one; None while there is neither."""
    agent: str | None
    """Who answered; None where nobody did."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """From now until the first answer. In 80 % of cases it comes between `low` and `high`."""

    low: timedelta
    middle: timedelta
    high: timedelta


class Pace:
    """What a server's past tells about waits to come. Takes some milliseconds to learn, and is good for minutes."""

    def __init__(self, cases: Sequence[Case], now: datetime, zone: tzinfo) -> None:
        line = _Line(cases, now)
        self._is_known = line.tells_enough
        if not self._is_known:
            return
        past = _Past(line, zone)
        self._agents = past.agents
        self._places, self._work = _work_by_place(line, past)
        self._start = np.floor(line.now)
        speed = past.rates[_hours_of_week(self._start + _AHEAD[:-1], zone)] * past.factor[-1]
        self._clock = np.concatenate(([0.0], np.cumsum(speed)))

    def wait(self, ahead: int, now: datetime) -> Estimate | None:
        """The wait of somebody who has so many unanswered requests ahead; None with too little history."""
        if not self._is_known:
            return None
        place = float(max(ahead, 0))
        work = np.array([np.interp(place, self._places, level) for level in self._work])
        work *= max(1.0, _needed(place, self._agents) / _needed(self._places[-1], self._agents))
        passed = np.clip(_in_hours(now) - self._start, 0.0, 24.0)
        ends = np.interp(np.interp(passed, _AHEAD, self._clock) + work, self._clock, _AHEAD)
        low, middle, high = (min(float(hours) * _HOUR, LONGEST) for hours in ends - passed)
        return Estimate(low, middle, high)


class _Line:
    """Who asked and who was answered when, in hours."""

    def __init__(self, cases: Sequence[Case], now: datetime) -> None:
        self.now = _in_hours(now)
        asked = np.array([_in_hours(case.asked_at) for case in cases])
        left = np.array([_in_hours(case.answered_at) if case.answered_at else np.inf for case in cases])
        has_agent = np.array([case.agent is not None for case in cases], dtype=bool)
        order = np.argsort(asked, kind="stable")
        self.asked = np.minimum(asked[order], self.now)
        self.left = np.maximum(np.where(left > self.now, np.inf, left)[order], self.asked)
        self.is_answered = has_agent[order] & np.isfinite(self.left)
        self.departures = np.sort(self.left[np.isfinite(self.left)])
        first = self.departures[0] if self.departures.size else self.now
        self.start = max(float(first), self.now - HISTORY / _HOUR)
        """From here on the line is known as it was: whoever left before is not told of."""

    @property
    def tells_enough(self) -> bool:
        answers = np.count_nonzero(self.is_answered & (self.left > self.start))
        return bool(answers >= _ENOUGH_ANSWERS and self.now - self.start >= _ENOUGH_HOURS)


class _Past:
    """The past, cut at every full hour and wherever somebody asked or left: within a stretch, nothing changes."""

    def __init__(self, line: _Line, zone: tzinfo) -> None:
        hours = np.arange(np.floor(line.start), line.now)
        cuts = np.unique(np.concatenate([hours, line.asked, line.departures, [line.start, line.now]]))
        self.cuts = cuts[cuts >= line.start]
        begin = self.cuts[:-1]
        left = np.searchsorted(line.departures, self.cuts, "right")
        self._length = np.diff(self.cuts)
        self._waiting = np.searchsorted(line.asked, begin, "right") - left[:-1]
        self._left = np.diff(left)
        """How many were answered, or went, at the stretch's end."""
        self._weight = 0.5 ** ((line.now - begin) / _HALF_LIFE)
        self._hour = _hours_of_week(hours, zone)[(np.floor(begin) - hours[0]).astype(np.intp)]
        self._day = np.cumsum(np.diff(self._hour // 24, prepend=self._hour[0] // 24) != 0)

        self.agents = self._likeliest_agents()
        self.rates = _rates(self._by_hour(self._left), self._by_hour(self._work(self.agents)))
        """Answers that an agent gives in an hour while somebody waits, for each hour of the week."""
        speed = self._as_others_tell()
        self.clock = np.concatenate(([0.0], np.cumsum(speed * self._length)))
        """The working clock at each cut: answers that an agent would have given."""
        self.factor = self._latest_pace(speed)
        """How much faster than usual it went lately, as it was known at each cut."""

    def _work(self, agents: int) -> _Floats:
        """Hours that agents were at work, together: none has more than one request at a time."""
        return np.asarray(self._length * np.minimum(self._waiting, agents))

    def _by_hour(self, values: _Floats | _Ints) -> _Floats:
        return np.bincount(self._hour, self._weight * values, _WEEK).astype(np.float64)

    def _likeliest_agents(self) -> int:
        """How many are at work at a time: with more of them, it goes the faster the longer the line is."""
        left = self._by_hour(self._left)

        def likelihood(agents: int) -> float:
            work = self._work(agents)
            rates = _rates(left, self._by_hour(work))[self._hour]
            at_once = np.clip(self._waiting, 1, agents)
            return float(np.sum(self._weight * (self._left * np.log(rates * at_once) - rates * work)))

        return max(_AGENTS, key=likelihood)

    def _as_others_tell(self) -> _Floats:
        """The pace of each stretch as all other days tell it: what is compared with itself looks too certain."""
        days = int(self._day[-1]) + 1
        left, work = (
            np.bincount(self._day * _WEEK + self._hour, self._weight * values, days * _WEEK).reshape(days, _WEEK)
            for values in (self._left, self._work(self.agents))
        )
        rates = _rates(left.sum(axis=0) - _LEFT_OUT * left, work.sum(axis=0) - _LEFT_OUT * work)
        return np.asarray(rates[self._day, self._hour])

    def _latest_pace(self, speed: _Floats) -> _Floats:
        growth = 2 ** ((self.cuts - self.cuts[0]) / _RECENT)

        def faded(values: _Floats | _Ints) -> _Floats:
            return np.asarray(np.concatenate(([0.0], np.cumsum(values * growth[1:]))) / growth)

        due = faded(speed * self._work(self.agents))
        return np.asarray((faded(self._left) + _STEADINESS) / (due + _STEADINESS))


def _rates(left: _Floats, work: _Floats) -> _Floats:
    """Answers in an hour of an agent's work, for each hour of the week (the last axis); all above zero."""
    week = (np.maximum(left.sum(axis=-1), 1e-6) / np.maximum(work.sum(axis=-1), 1e-6))[..., None]
    shape = (*left.shape[:-1], 7, 24)
    by_weekday, by_hour = (
        (left.reshape(shape).sum(axis=axis) + _OUTLINE) / (work.reshape(shape).sum(axis=axis) + _OUTLINE / week)
        for axis in (-1, -2)
    )
    usual = (by_weekday[..., :, None] * by_hour[..., None, :]).reshape(left.shape) / week
    rates = (left + _HABIT) / (work + _HABIT / usual)
    return np.asarray(np.where(rates < _RESTING * week, _SLOWEST * week, rates))


def _needed(place: _Floats | float, agents: int) -> _Floats | float:
    """Answers that each agent gives until this place has its own: that one, and a share of those ahead."""
    return 1 + np.maximum(0.0, place + 1 - agents) / agents


def _work_by_place(line: _Line, past: _Past) -> tuple[_Floats, _Floats]:
    """Some places, and the low, middle and high reading of the working clock for each."""
    is_known = line.asked >= line.start
    asked, left = line.asked[is_known], np.minimum(line.left[is_known], line.now)
    place = (np.arange(line.asked.size) - np.searchsorted(line.departures, line.asked, "right"))[is_known]
    place = np.maximum(place, 0).astype(float)
    began, ended = (np.searchsorted(past.cuts, at) for at in (asked, left))
    took = (past.clock[ended] - past.clock[began]) * past.factor[began] / _needed(place, past.agents)
    # A long line that waits together tells little more than one case: it meets the same agents on the same days.
    weight = 0.5 ** ((line.now - asked) / _HALF_LIFE) / (1 + place)
    top = place.max(initial=1.0)
    places: _Floats = np.unique(np.round(np.expm1(np.linspace(0.0, np.log1p(top), _PLACES))))
    levels = [
        _levels(
            took,
            weight * np.exp(-0.5 * (np.log((1 + place) / (1 + one)) / _NEAR) ** 2),
            line.is_answered[is_known],
            one,
        )
        for one in places
    ]
    work: _Floats = np.array(levels).T * _needed(places, past.agents)
    return places, np.maximum.accumulate(work, axis=1)  # who stands further back does not come earlier


def _levels(took: _Floats, weight: _Floats, is_answered: NDArray[np.bool_], place: float) -> _Floats:
    """Quantiles of what cases took. Those without an answer took at least as long (Kaplan and Meier).

    Our own idea stands beside them: chance as in a gamma distribution (Wilson and Hilferty), and days that differ.
    """
    shape = 1 / (1 / (1 + place) + _DAILY)
    idea = np.maximum(1 - 1 / (9 * shape) + _CHANCES / (3 * np.sqrt(shape)), 0.02) ** 3
    took = np.concatenate([took, idea])
    weight = np.concatenate([weight, np.full(idea.size, _DOUBT / idea.size)])
    is_answered = np.concatenate([is_answered, np.ones(idea.size, dtype=bool)])
    order = np.argsort(took, kind="stable")
    took, weight, is_answered = took[order], weight[order], is_answered[order]
    still_there = np.cumsum(weight[::-1])[::-1]
    answered = 1 - np.cumprod(1 - np.where(is_answered, weight, 0.0) / np.maximum(still_there, 1e-12))
    return np.asarray(took[np.minimum(np.searchsorted(answered, _LEVELS), took.size - 1)])


def _in_hours(moment: datetime) -> float:
    return moment.timestamp() / 3600


def _hours_of_week(hours: _Floats, zone: tzinfo) -> _Ints:
    """0 for the hour after midnight on Monday in that zone, to 167."""
    moments = (datetime.fromtimestamp(hour * 3600, zone) for hour in hours)
    return np.array([moment.weekday() * 24 + moment.hour for moment in moments], dtype=np.intp)
