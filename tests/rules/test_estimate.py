"""The wait is told from the server's own past: for known situations rightly, and never nonsense."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rules.estimate import LONGEST, Case, Estimate, Pace

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 6, 1, tzinfo=BERLIN)
NOW = MONDAY + 28 * DAY


def told(cases: Sequence[Case], ahead: int = 0, now: datetime = NOW) -> Estimate:
    estimate = Pace(cases, now, BERLIN).wait(ahead, now)
    assert estimate is not None
    return estimate


def served(
    asked: Sequence[datetime], takes: timedelta, *, opens: int = 0, closes: int = 24, days: int = 7
) -> list[Case]:
    """One agent takes the requests in their order, at these hours of the first days of each week."""
    cases, free = [], MONDAY
    for at in asked:
        start = max(at, free)
        while start.hour >= closes or start.weekday() >= days or start.hour < opens:
            start = start.replace(minute=0) + HOUR
        free = start + takes
        cases.append(Case(at, free if free <= NOW else None, "a" if free <= NOW else None))
    return cases


def every(interval: timedelta, until: datetime = NOW) -> list[datetime]:
    return [MONDAY + number * interval for number in range((until - MONDAY) // interval)]


# --- situations with known answers -------------------------------------------------------------------


@pytest.mark.parametrize("ahead", [0, 1, 5, 20])
def test_an_agent_who_takes_half_an_hour_for_each_does_so_for_each_ahead_and_for_me(ahead: int) -> None:
    in_fives = [at for at in every(5 * HOUR) for _ in range(5)]
    estimate = told(served(in_fives, HOUR / 2), ahead)
    assert estimate.low <= (ahead + 1) * HOUR / 2 <= estimate.high
    assert estimate.middle / ((ahead + 1) * HOUR / 2) == pytest.approx(1, abs=0.25)


def test_a_shop_with_few_requests_that_answers_at_once_is_not_taken_for_a_slow_one() -> None:
    estimate = told(served(every(8 * HOUR), timedelta(minutes=6)))
    assert estimate.high < HOUR / 2


def test_what_is_asked_on_friday_evening_is_answered_on_monday() -> None:
    friday = MONDAY + 25 * DAY + 18 * HOUR
    cases = served(every(3 * HOUR, friday), HOUR / 2, opens=9, closes=17, days=5)
    known = [one if one.answered_at and one.answered_at <= friday else Case(one.asked_at, None, None) for one in cases]
    estimate = told(known, ahead=0, now=friday)
    assert (friday + estimate.low).strftime("%a %H") == "Mon 09"
    assert friday + estimate.high < friday + 3 * DAY


def test_what_is_asked_at_night_is_answered_in_the_morning_by_the_servers_own_clock() -> None:
    night = NOW + HOUR
    cases = served(every(2 * HOUR), HOUR / 4, opens=8, closes=18)
    estimate = told(cases, ahead=2, now=night)
    assert 8 <= (night + estimate.low).astimezone(BERLIN).hour <= (night + estimate.high).astimezone(BERLIN).hour <= 10


def test_with_three_agents_the_third_in_line_waits_no_longer_than_the_first() -> None:
    threes = [Case(at, at + HOUR, agent) for at in every(2 * HOUR) for agent in "abc"]
    first, third, sixth = (told(threes, ahead).middle for ahead in (0, 2, 5))
    assert first / HOUR == pytest.approx(third / HOUR, rel=0.2)
    assert sixth / HOUR == pytest.approx(2, rel=0.3)


def test_when_one_of_two_agents_leaves_it_soon_takes_longer() -> None:
    before = [Case(at, at + HOUR, agent) for at in every(2 * HOUR, MONDAY + 21 * DAY) for agent in "ab"]
    asked = [at for at in every(2 * HOUR) if at >= MONDAY + 21 * DAY for _ in range(2)]
    stayed = [Case(at, at + HOUR, agent) for at, agent in zip(asked, "ab" * len(asked), strict=False)]
    alone = [Case(at, MONDAY + 21 * DAY + (number + 1) * HOUR, "a") for number, at in enumerate(asked)]
    now, then = (told([*before, *later], ahead=6) for later in (alone, stayed))
    assert now.middle > 1.3 * then.middle
    assert now.low <= 7 * HOUR <= now.high


def test_an_outage_of_some_days_is_noticed() -> None:
    usual = served(every(2 * HOUR, NOW - 3 * DAY), HOUR)
    left_alone = [Case(NOW - 3 * DAY + number * 2 * HOUR, None, None) for number in range(36)]
    assert told([*usual, *left_alone], ahead=36).middle > 1.3 * told(served(every(2 * HOUR), HOUR), ahead=36).middle


def test_summer_time_moves_the_answers_with_the_clock_of_the_zone() -> None:
    begins = datetime(2026, 3, 1, tzinfo=BERLIN)
    mornings = [begins + number * DAY for number in range(28)]
    cases = [Case(day - 3 * HOUR, day + 9 * HOUR + timedelta(minutes=20), "a") for day in mornings]
    evening = datetime(2026, 3, 28, 22, tzinfo=BERLIN)  # the clocks change in the night
    estimate = Pace(cases, evening, BERLIN).wait(0, evening)
    assert estimate is not None
    comes = (evening.astimezone(UTC) + estimate.middle).astimezone(BERLIN)
    assert (comes.day, comes.hour) == (29, 9)


# --- little history ----------------------------------------------------------------------------------


def test_few_answers_tell_nothing() -> None:
    cases = served(every(28 * DAY / 20), HOUR)
    assert Pace(cases, NOW, BERLIN).wait(0, NOW) is None


def test_five_days_of_answers_tell_nothing() -> None:
    cases = served(every(HOUR, MONDAY + 5 * DAY), HOUR / 2)
    assert Pace(cases, MONDAY + 5 * DAY, BERLIN).wait(0, MONDAY + 5 * DAY) is None
    assert Pace(cases, MONDAY + 7 * DAY, BERLIN).wait(0, MONDAY + 7 * DAY) is not None


@pytest.mark.parametrize("cases", [[], [Case(MONDAY, None, None)], [Case(at, None, None) for at in every(HOUR)]])
def test_without_answers_nothing_is_told(cases: list[Case]) -> None:
    assert Pace(cases, NOW, BERLIN).wait(3, NOW) is None


def test_requests_that_ended_without_an_answer_are_no_answers() -> None:
    cases = [Case(at, at + HOUR, None) for at in every(HOUR)]
    assert Pace(cases, NOW, BERLIN).wait(0, NOW) is None


# --- never nonsense ----------------------------------------------------------------------------------

moments = st.one_of(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 7, 1), timezones=st.just(UTC)),  # noqa: DTZ001 (gets a zone)
    st.sampled_from([NOW, NOW - DAY, MONDAY, MONDAY + HOUR]),  # so that many are equal
)
any_case = st.builds(Case, moments, st.none() | moments, st.sampled_from(["a", "b", None]))
zones = st.sampled_from([BERLIN, UTC, ZoneInfo("Asia/Kolkata"), ZoneInfo("Pacific/Apia")])
answered = st.builds(lambda at, takes: Case(at, at + takes, "a"), moments, st.timedeltas(timedelta(0), 9 * DAY))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(any_case, max_size=30) | st.lists(answered, min_size=20, max_size=60),
    zones,
    st.lists(st.integers(0, 10**6), min_size=2, max_size=4).map(sorted),
    st.timedeltas(-HOUR, 30 * DAY),
)
def test_whatever_the_past_was_estimates_are_ordered_finite_and_no_earlier_for_those_further_back(
    cases: list[Case], zone: ZoneInfo, places: list[int], passed: timedelta
) -> None:
    pace = Pace(cases, NOW, zone)
    estimates = [pace.wait(ahead, NOW + passed) for ahead in places]
    for estimate in estimates:
        if estimate is not None:
            assert timedelta(0) <= estimate.low <= estimate.middle <= estimate.high <= LONGEST
    middles = [estimate.middle for estimate in estimates if estimate is not None]
    assert middles == sorted(middles)


def test_everything_answered_in_one_moment_is_borne() -> None:
    assert Pace([Case(MONDAY, MONDAY, "a")] * 100, NOW, BERLIN).wait(0, NOW) is None
    told([Case(MONDAY, MONDAY, "a"), *[Case(MONDAY, MONDAY + 8 * DAY, "a")] * 100])


def test_answers_that_came_at_once_promise_no_wait() -> None:
    assert told([Case(at, at, "a") for at in every(6 * HOUR)]).high < HOUR


def test_a_line_without_end_is_told_as_the_longest_wait() -> None:
    assert told(served(every(8 * HOUR), HOUR), ahead=10**9).high == LONGEST
