"""When an answer can be expected: 24 to 48 hours, and honestly longer when the line is long."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.rules.promise import HARD, expected_wait, pace, promise, takes_longer
from tests.doubles.world import START

HOUR = timedelta(hours=1)


def test_the_promise_is_24_to_48_hours_from_the_request() -> None:
    made = promise(START)
    assert (made.soft - START, made.hard - START) == (24 * HOUR, 48 * HOUR)


def test_a_few_claims_tell_no_pace() -> None:
    assert pace(0, None, START) is None
    assert pace(4, START - 8 * HOUR, START) is None


def test_the_pace_is_the_mean_time_between_claims() -> None:
    assert pace(8, START - 4 * HOUR, START) == HOUR / 2


def test_claims_that_lie_in_the_future_make_no_negative_pace() -> None:
    assert pace(8, START + HOUR, START) == timedelta(0)


def test_without_a_pace_no_wait_is_guessed() -> None:
    assert expected_wait(3, None) is None
    assert not takes_longer(None, START + HARD, START)


def test_the_wait_grows_with_the_place() -> None:
    assert expected_wait(3, HOUR) == 3 * HOUR


@given(st.timedeltas(timedelta(0), timedelta(days=30)), st.timedeltas(timedelta(0), timedelta(days=30)))
def test_it_takes_longer_exactly_when_the_answer_comes_after_the_end_of_the_promise(
    waited: timedelta, wait: timedelta
) -> None:
    assert takes_longer(wait, START + HARD, START + waited) == (waited + wait > HARD)
