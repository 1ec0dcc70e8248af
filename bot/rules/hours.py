"""When the agents are there: support time between two moments, and the moment at which some of it has passed.

All moments are aware UTC. A public holiday and a day of absence are closed from midnight to midnight in the zone of the
hours: a shift that goes over midnight is worked up to such a day, or from its end on.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from opening_hours import OpeningHours, State

from bot.model import SupportHours

if TYPE_CHECKING:
    from holidays import HolidayBase

HORIZON = timedelta(days=731)
"""Nothing is due later than this, however seldom the agents are there."""

_CALENDARS = 512
"""Hours that are kept at hand; a year of each takes some 50 KB and 10 ms."""
_NOTHING = timedelta(0)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LIBRARY_UTC = ZoneInfo("UTC")
"""The library takes no other kind of UTC."""


class Calendar(Protocol):
    """Tells support time."""

    def after(self, start: datetime, span: timedelta) -> datetime:
        """The first moment at which `span` of support time has passed since `start`."""

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Support time between two moments; none where `end` is not later than `start`."""


class _AroundTheClock:
    """Somebody is always there."""

    def after(self, start: datetime, span: timedelta) -> datetime:
        return start + max(span, _NOTHING)

    def between(self, start: datetime, end: datetime) -> timedelta:
        return max(end - start, _NOTHING)


AROUND_THE_CLOCK: Calendar = _AroundTheClock()


@lru_cache(_CALENDARS)
def calendar_of(hours: SupportHours | None) -> Calendar:
    """The calendar of a server's hours; None is around the clock. The first one of a country takes up to a second."""
    return AROUND_THE_CLOCK if hours is None else _SupportTimes(hours)


def holidays_of(country: str, region: str | None) -> HolidayBase:
    """The public holidays of a country, or of a part of it. Raises NotImplementedError for one that nobody knows."""
    from holidays import country_holidays  # noqa: PLC0415 (a quarter of a second, and few servers keep holidays)

    return country_holidays(country, subdiv=region)


def _known_holidays(hours: SupportHours) -> HolidayBase | None:
    try:
        return holidays_of(hours.country, hours.region) if hours.country else None
    except NotImplementedError:  # a later version of the library names the region otherwise: rather no holidays
        return None  # than no promise; `/setup hours` refuses it when it is next sent


@dataclass(frozen=True, slots=True)
class _Year:
    """The times of a calendar year, in UTC, in which somebody is there: in order, not touching each other."""

    begins: list[datetime]
    ends: list[datetime]
    passed: list[timedelta]
    """Support time of this year that has passed at each end."""

    @property
    def total(self) -> timedelta:
        """All support time of this year."""
        return self.passed[-1] if self.passed else _NOTHING

    def until(self, moment: datetime) -> timedelta:
        """Support time of this year before the moment."""
        current = bisect_left(self.ends, moment)
        passed = self.passed[current - 1] if current else _NOTHING
        is_within = current < len(self.ends) and self.begins[current] < moment
        return passed + (moment - self.begins[current] if is_within else _NOTHING)

    def when(self, passed: timedelta) -> datetime:
        """The first moment at which so much of this year's support time has passed: more than none, at most all."""
        current = bisect_left(self.passed, passed)
        return self.ends[current] - (self.passed[current] - passed)


class _SupportTimes:
    """Weekly hours in a zone, without holidays and absences. Each year is looked up when it is first asked for."""

    def __init__(self, hours: SupportHours) -> None:
        self._hours = hours
        self._zone = ZoneInfo(hours.zone)
        self._holidays = _known_holidays(hours)
        self._years: dict[int, _Year] = {}

    def after(self, start: datetime, span: timedelta) -> datetime:
        """At most two years (`HORIZON`) after `start`, also where the agents never come back."""
        if span <= _NOTHING:
            return start
        latest = start + HORIZON
        missing = span + self._year(start.year).until(start)
        for number in range(start.year, latest.year + 1):
            year = self._year(number)
            if missing <= year.total:
                return min(year.when(missing), latest)
            missing -= year.total
        return latest

    def between(self, start: datetime, end: datetime) -> timedelta:
        if end <= start:
            return _NOTHING
        whole_years = sum((self._year(number).total for number in range(start.year, end.year)), _NOTHING)
        return whole_years + self._year(end.year).until(end) - self._year(start.year).until(start)

    def _year(self, number: int) -> _Year:
        if number not in self._years:
            self._years[number] = self._looked_up(number)
        return self._years[number]

    def _looked_up(self, number: int) -> _Year:
        first, last = (datetime(year, 1, 1, tzinfo=_LIBRARY_UTC) for year in (number, number + 1))
        closed = "".join(f"; {_in_words(*days)} off" for days in self._closed(number))
        times = OpeningHours(self._hours.week + closed, timezone=self._zone).intervals(first, last)
        # Subtracting two moments in one zone forgets that its clocks change: so first to UTC, then count.
        there = [(begin.astimezone(UTC), end.astimezone(UTC)) for begin, end, state, _ in times if state == State.OPEN]
        passed = list(accumulate(end - begin for begin, end in there))
        return _Year([begin for begin, _ in there], [end for _, end in there], passed)

    def _closed(self, number: int) -> Iterator[tuple[date, date]]:
        """First and last days of holidays and absences in a year, and a day around it, because zones differ."""
        first, last = date(number - 1, 12, 31), date(number + 1, 1, 1)
        if self._holidays is not None:
            days = (first + timedelta(days) for days in range((last - first).days + 1))
            yield from ((day, day) for day in days if day in self._holidays)
        for absence in self._hours.absences:
            if absence.first <= last and absence.last >= first:
                yield absence.first, absence.last


def _in_words(first: date, last: date) -> str:
    """A range of days in the form of opening_hours: "2026 Dec 24-2027 Jan 01"."""
    return "-".join(f"{day.year} {_MONTHS[day.month - 1]} {day.day:02}" for day in (first, last))
