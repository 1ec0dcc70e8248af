"""When an answer can be expected: 24 to 48 hours, and honestly longer when the line is long."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.model import ServerSettings, SupportHours
from bot.rules.estimate import Estimate
from bot.rules.promise import promise, takes_longer
from tests.doubles.world import START

HOUR = timedelta(hours=1)
DEFAULTS = ServerSettings()
OFFICE = replace(DEFAULTS, hours=SupportHours("Europe/Berlin", "Mo-Fr 09:00-17:00"))
FRIDAY_NOON = datetime(2026, 3, 6, 11, tzinfo=UTC)
"""Noon in Berlin; five support hours are left in the week."""


def lasting(middle: timedelta) -> Estimate:
    return Estimate(low=middle / 2, middle=middle, high=2 * middle)


def test_the_promise_is_24_to_48_hours_from_the_request() -> None:
    made = promise(START, DEFAULTS)
    assert (made.soft - START, made.hard - START) == (24 * HOUR, 48 * HOUR)


def test_a_server_promises_what_it_has_set() -> None:
    made = promise(START, replace(DEFAULTS, soft_hours=4, hard_hours=12))
    assert (made.soft - START, made.hard - START) == (4 * HOUR, 12 * HOUR)


def test_support_hours_alone_do_not_change_the_promise() -> None:
    assert promise(FRIDAY_NOON, OFFICE) == promise(FRIDAY_NOON, DEFAULTS)


def test_a_promise_in_support_hours_counts_only_these() -> None:
    made = promise(FRIDAY_NOON, replace(OFFICE, promise_in_hours=True, soft_hours=8, hard_hours=16))
    assert made.soft == datetime(2026, 3, 9, 11, tzinfo=UTC), "noon on Monday"
    assert made.hard == datetime(2026, 3, 10, 11, tzinfo=UTC), "noon on Tuesday"


def test_without_support_hours_a_promise_in_them_is_around_the_clock() -> None:
    assert promise(START, replace(DEFAULTS, promise_in_hours=True)) == promise(START, DEFAULTS)


@given(
    st.integers(-400, 400).map(lambda days: START + days * timedelta(hours=25)),
    st.integers(1, 100),
    st.integers(1, 100),
    st.booleans(),
)
def test_the_soft_end_comes_before_the_hard_one_and_both_after_the_request(
    asked_at: datetime,
    soft: int,
    more: int,
    in_hours: bool,  # noqa: FBT001
) -> None:
    made = promise(asked_at, replace(OFFICE, promise_in_hours=in_hours, soft_hours=soft, hard_hours=soft + more))
    assert asked_at + soft * HOUR <= made.soft < made.hard


@given(st.timedeltas(timedelta(0), timedelta(days=30)), st.timedeltas(timedelta(0), timedelta(days=30)))
def test_it_takes_longer_exactly_when_the_answer_comes_after_the_end_of_the_promise(
    waited: timedelta, wait: timedelta
) -> None:
    assert takes_longer(lasting(wait), START + 48 * HOUR, START + waited) == (waited + wait > 48 * HOUR)


def test_without_an_estimate_it_takes_longer_once_the_promise_has_run_out() -> None:
    assert not takes_longer(None, START, START)
    assert takes_longer(None, START, START + timedelta(seconds=1))
