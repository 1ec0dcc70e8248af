"""Support time: counted by the clocks of the agents' zone, never on a day on which nobody is there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.model import Absence, SupportHours
from bot.rules.hours import AROUND_THE_CLOCK, HORIZON, Calendar, calendar_of

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOTHING = timedelta(0)
TICK = timedelta(microseconds=1)
OFFICE = SupportHours("Europe/Berlin", "Mo-Fr 09:00-17:00")
NIGHT = SupportHours("Europe/Berlin", "Mo-Fr 22:00-06:00")


def at(words: str, zone: str = "Europe/Berlin") -> datetime:
    """What the clocks of a zone show, in UTC."""
    return datetime.fromisoformat(words).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def away(first: str, last: str | None = None) -> Absence:
    return Absence(date.fromisoformat(first), date.fromisoformat(last or first))


def due(hours: SupportHours, start: str, span: timedelta) -> datetime:
    return calendar_of(hours).after(at(start, hours.zone), span)


def open_time(hours: SupportHours, first: str, last: str) -> timedelta:
    return calendar_of(hours).between(at(first, hours.zone), at(last, hours.zone))


def test_around_the_clock_every_hour_counts() -> None:
    friday = at("2026-03-06T16:00")
    assert calendar_of(None) is AROUND_THE_CLOCK
    assert AROUND_THE_CLOCK.after(friday, 48 * HOUR) == friday + 48 * HOUR
    assert AROUND_THE_CLOCK.between(friday, friday + 3 * DAY) == 3 * DAY
    assert AROUND_THE_CLOCK.between(friday, friday - HOUR) == NOTHING


def test_a_weekend_does_not_count() -> None:
    assert due(OFFICE, "2026-03-06T16:00", 2 * HOUR) == at("2026-03-09T10:00")
    assert open_time(OFFICE, "2026-03-06T16:00", "2026-03-09T10:00") == 2 * HOUR


def test_what_is_asked_in_the_night_counts_from_the_morning() -> None:
    assert due(OFFICE, "2026-03-03T03:00", HOUR) == at("2026-03-03T10:00")


def test_the_last_hour_of_a_day_ends_on_that_day_not_on_the_next() -> None:
    assert due(OFFICE, "2026-03-06T16:00", HOUR) == at("2026-03-06T17:00")


def test_no_time_passes_at_once_and_time_never_runs_backwards() -> None:
    saturday = at("2026-03-07T12:00")
    calendar = calendar_of(OFFICE)
    assert calendar.after(saturday, NOTHING) == saturday
    assert calendar.after(saturday, -HOUR) == saturday
    assert calendar.between(saturday + 7 * DAY, saturday) == NOTHING


@pytest.mark.parametrize(
    ("saturday", "sunday", "length"),
    [("2026-03-28", "2026-03-29", 7), ("2026-10-24", "2026-10-25", 9), ("2026-07-11", "2026-07-12", 8)],
    ids=["clocks go forward", "clocks go back", "an ordinary night"],
)
def test_the_night_in_which_clocks_change_is_as_long_as_it_is(saturday: str, sunday: str, length: int) -> None:
    shift = SupportHours("Europe/Berlin", "Sa 22:00-06:00")
    assert open_time(shift, f"{saturday}T21:00", f"{sunday}T07:00") == length * HOUR
    assert due(shift, f"{saturday}T21:00", length * HOUR) == at(f"{sunday}T06:00")


def test_nine_in_the_morning_is_nine_in_summer_and_in_winter() -> None:
    assert due(OFFICE, "2026-03-27T16:00", 2 * HOUR) == datetime(2026, 3, 30, 8, tzinfo=UTC)
    assert due(OFFICE, "2026-10-23T16:00", 2 * HOUR) == datetime(2026, 10, 26, 9, tzinfo=UTC)


def test_hours_may_go_over_midnight_each_day_its_own() -> None:
    shifts = SupportHours("Europe/Berlin", "Mo-Th 22:00-06:00, Fr 20:00-02:00")
    assert open_time(shifts, "2026-03-05T12:00", "2026-03-06T12:00") == 8 * HOUR
    assert open_time(shifts, "2026-03-06T12:00", "2026-03-08T12:00") == 6 * HOUR


def test_a_region_has_holidays_that_its_neighbour_has_not() -> None:
    epiphany = "2026-01-05T16:00"
    assert due(SupportHours(country="DE", region="BY"), epiphany, 2 * HOUR) == at("2026-01-07T10:00")
    assert due(SupportHours(country="DE", region="BE"), epiphany, 2 * HOUR) == at("2026-01-06T10:00")
    assert due(SupportHours(country="AT"), epiphany, 2 * HOUR) == at("2026-01-07T10:00")
    assert due(OFFICE, epiphany, 2 * HOUR) == at("2026-01-06T10:00")


@pytest.mark.parametrize("year", [2019, 2026, 2027, 2035, 2048])
def test_holidays_are_known_in_any_year(year: int) -> None:
    everyday = SupportHours("Europe/Berlin", "Mo-Su 09:00-17:00", "DE")
    assert open_time(everyday, f"{year}-12-24T00:00", f"{year}-12-28T00:00") == 2 * 8 * HOUR
    assert open_time(everyday, f"{year}-12-31T00:00", f"{year + 1}-01-03T00:00") == 2 * 8 * HOUR


def test_a_holiday_at_new_year_is_a_day_of_the_zone_not_of_utc() -> None:
    always = SupportHours("Pacific/Auckland", "24/7", "NZ")
    calendar = calendar_of(always)
    assert calendar.between(at("2025-12-31T00:00", always.zone), at("2026-01-01T00:00", always.zone)) == DAY
    assert calendar.between(at("2026-01-01T00:00", always.zone), at("2026-01-03T00:00", always.zone)) == NOTHING


def test_nobody_is_there_from_the_first_to_the_last_day_of_an_absence() -> None:
    inventory = SupportHours(absences=(away("2026-12-24", "2027-01-01"), away("2027-01-05")))
    assert due(inventory, "2026-12-23T16:00", 2 * HOUR) == at("2027-01-04T10:00")
    assert due(inventory, "2027-01-04T16:00", 2 * HOUR) == at("2027-01-06T10:00")


def test_a_night_shift_ends_where_a_closed_day_begins() -> None:
    closed = SupportHours("Europe/Berlin", NIGHT.week, absences=(away("2026-03-04"),))
    assert open_time(closed, "2026-03-03T12:00", "2026-03-04T12:00") == 2 * HOUR
    assert open_time(closed, "2026-03-04T00:00", "2026-03-05T00:00") == NOTHING


def test_hours_that_never_come_again_are_due_at_the_horizon() -> None:
    years = tuple(away(f"{year}-01-01", f"{year}-12-31") for year in range(2026, 2036))
    start = at("2026-03-02T09:00")
    assert calendar_of(SupportHours(absences=years)).after(start, HOUR) == start + HORIZON
    seldom = calendar_of(SupportHours(week="Mo 09:00-09:10"))
    assert seldom.after(start, 17 * HOUR) < start + HORIZON
    assert seldom.after(start, 18 * HOUR) == seldom.after(start, 720 * HOUR) == start + HORIZON


def test_after_a_whole_year_away_somebody_is_there_again() -> None:
    sabbatical = SupportHours(absences=(away("2026-03-03", "2027-03-01"),))
    assert due(sabbatical, "2026-03-02T16:00", 2 * HOUR) == at("2027-03-02T10:00")


def test_the_same_hours_have_the_same_calendar() -> None:
    assert calendar_of(SupportHours(country="CH", region="ZH")) is calendar_of(SupportHours(country="CH", region="ZH"))


# --- against a slow reference, and by what must always hold ------------------------------------------

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
Rule = tuple[int, int, int]
"""Day of the week, and from which to which hour; over midnight where the second is the smaller."""

# Clocks change between two and three at night: what begins or ends then has no one reading.
clear_hours = st.sampled_from([0, 1, *range(4, 24)])
rule = st.tuples(st.integers(0, 6), clear_hours, clear_hours).filter(lambda rule: rule[1] != rule[2])
weeks = st.lists(rule, min_size=1, max_size=6)
zones = st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"])
closed_days = st.lists(st.dates(date(2026, 3, 25), date(2026, 4, 5)), max_size=3, unique=True)
EDGES = [datetime(2026, 3, 7, tzinfo=UTC), datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC),
         datetime(2026, 10, 31, tzinfo=UTC), datetime(2026, 12, 30, tzinfo=UTC)]  # fmt: skip
"""Before clocks change and the year ends."""
starts = st.builds(lambda edge, minutes: edge + minutes * MINUTE, st.sampled_from(EDGES), st.integers(0, 4 * 24 * 60))


def in_osm(week: list[Rule]) -> str:
    return ", ".join(f"{DAYS[day]} {begin:02}:00-{end:02}:00" for day, begin, end in week)


def reference(week: list[Rule], zone: ZoneInfo, closed: list[date]) -> Callable[[datetime], bool]:
    """Whether somebody is there in a minute, told from what a clock on the wall shows and nothing else."""

    def is_open(moment: datetime) -> bool:
        local = moment.astimezone(zone)
        today, now = local.weekday(), local.time().replace(tzinfo=None)
        return local.date() not in closed and any(
            (day == today and time(begin) <= now and (now < time(end) or end < begin))
            or ((day + 1) % 7 == today and end < begin and now < time(end))
            for day, begin, end in week
        )

    return is_open


@settings(max_examples=40, deadline=None)
@given(weeks, zones, closed_days, starts, st.integers(1, 12 * 60))
def test_support_time_is_what_a_clock_on_the_wall_counts(
    week: list[Rule], zone: str, closed: list[date], start: datetime, minutes: int
) -> None:
    hours = SupportHours(zone, in_osm(week), absences=tuple(Absence(day, day) for day in closed))
    end = calendar_of(hours).after(start, minutes * MINUTE)
    assume(end - start < 15 * DAY)
    is_open = reference(week, ZoneInfo(zone), closed)
    counted = sum(is_open(start + passed * MINUTE) for passed in range(int((end - start) / MINUTE)))
    assert counted == minutes
    assert is_open(end - MINUTE)
    assert calendar_of(hours).between(start, end) == minutes * MINUTE


CALENDARS = [
    OFFICE,
    NIGHT,
    SupportHours("America/New_York", "Mo-Fr 09:00-12:00,13:00-18:00, Sa 10:00-14:00", "US", "NY"),
    SupportHours("Asia/Kolkata", "24/7", "IN", absences=(away("2026-06-01", "2026-08-31"),)),
]
calendars = st.sampled_from(CALENDARS).map(calendar_of)
moments = st.datetimes(datetime(2025, 6, 1), datetime(2028, 6, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001
spans = st.timedeltas(TICK, timedelta(hours=720))


@given(calendars, moments, spans)
def test_so_much_time_passes_until_it_has_passed_and_the_end_is_never_a_closed_time(
    calendar: Calendar, start: datetime, span: timedelta
) -> None:
    end = calendar.after(start, span)
    assert end >= start + span
    assert calendar.between(start, end) == span
    assert calendar.between(end - TICK, end) == TICK


@given(calendars, moments, moments)
def test_what_passed_until_a_moment_has_passed_by_then(calendar: Calendar, start: datetime, end: datetime) -> None:
    assert NOTHING <= calendar.between(start, end) <= max(end - start, NOTHING)
    if start <= end and end - start < HORIZON:
        assert calendar.after(start, calendar.between(start, end)) <= end


@given(calendars, st.lists(moments, min_size=3, max_size=3).map(sorted))
def test_support_time_adds_up(calendar: Calendar, moments: list[datetime]) -> None:
    first, second, third = moments
    assert calendar.between(first, second) + calendar.between(second, third) == calendar.between(first, third)


@given(calendars, moments, moments, spans, spans)
def test_who_asks_later_or_for_more_is_never_due_sooner(
    calendar: Calendar, one: datetime, other: datetime, short: timedelta, long: timedelta
) -> None:
    earlier, later = sorted((one, other))
    less, more = sorted((short, long))
    assert calendar.after(earlier, less) <= calendar.after(later, less)
    assert calendar.after(earlier, less) <= calendar.after(earlier, more)


def test_a_region_that_the_library_knows_no_more_has_no_holidays() -> None:
    forgotten = calendar_of(SupportHours(country="DE", region="Prussia"))
    christmas = datetime(2026, 12, 25, 10, tzinfo=UTC)
    assert forgotten.after(christmas, timedelta(hours=1)) == christmas + timedelta(hours=1)
