"""What a period's claims, answers and open tickets come to."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Language, Ticket, TicketState
from bot.rules.fairness import (
    PERCENTILES,
    Claim,
    Facts,
    FirstAnswer,
    Kept,
    Report,
    Unanswered,
    Wait,
    answer_detail,
    claim_detail,
    kept,
    read_answer,
    read_claim,
    read_unanswered,
    report,
    unanswered_detail,
)
from tests.doubles.world import START

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = START + 28 * DAY
ASKED = Ticket(
    server="s", number=7, state=TicketState.CLAIMED, customer="emma", customer_name="Emma", language=Language.EN,
    channel="support", message="m1", thread="m1", lane="m1", text="help", category=None, ruling=None,
    policy_version="1", place_order=42, opened_at=START - DAY, asked_at=START, agent="tom",
    soft_due=START + 24 * HOUR, hard_due=START + 48 * HOUR,
)  # fmt: skip


def answered(number: int, hours: float, at: datetime = NOW) -> FirstAnswer:
    waited = hours * HOUR
    return FirstAnswer(number, at, "tom", waited, kept(at, at - waited + 24 * HOUR, at - waited + 48 * HOUR))


def waiting(number: int, hours: float) -> Unanswered:
    return Unanswered(number, NOW - hours * HOUR, NOW - hours * HOUR + 48 * HOUR)


def ended(number: int, hours: float, at: datetime = NOW) -> Unanswered:
    asked_at = at - hours * HOUR
    return Unanswered(number, asked_at, asked_at + 48 * HOUR, at)


def counted(
    *, claims: tuple[Claim, ...] = (), answers: tuple[FirstAnswer, ...] = (), unanswered: tuple[Unanswered, ...] = ()
) -> Report:
    return report(Facts(START, NOW, claims, answers, unanswered), UTC)


# --- what stands in the record ---------------------------------------------------------------------------


def test_a_claim_is_read_as_it_was_written() -> None:
    written = claim_detail(3, [4, 5, 6], "der Shop „steht“")
    assert read_claim(7, START, "tom", written) == Claim(7, START, "tom", 3, (4, 5, 6), "der Shop „steht“")


def test_a_claim_of_an_earlier_version_named_nobody() -> None:
    assert read_claim(7, START, "tom", '{"ahead": 2, "reason": "now"}') == Claim(7, START, "tom", 2, (), "now")


@pytest.mark.parametrize(
    ("hours", "what"), [(0, "soft"), (24, "soft"), (25, "hard"), (48, "hard"), (48.01, "broken"), (500, "broken")]
)
def test_an_answer_is_read_as_it_was_written(hours: float, what: str) -> None:
    at = START + hours * HOUR
    read = read_answer(7, at, "tom", answer_detail(ASKED, at))
    assert read is not None
    assert (read.waited, read.kept) == (hours * HOUR, Kept(what))


def test_the_wait_counts_from_the_latest_request_not_from_the_opening() -> None:
    again = replace(ASKED, asked_at=START + 10 * HOUR)
    assert json.loads(answer_detail(again, START + 12 * HOUR))["waited"] == 2 * 3600


def test_words_that_came_before_the_request_on_another_clock_did_not_take_less_than_no_time() -> None:
    assert json.loads(answer_detail(ASKED, START - HOUR))["waited"] == 0


def test_an_answer_of_an_earlier_version_tells_no_wait() -> None:
    assert read_answer(7, START, "tom", "") is None


def test_the_end_of_a_request_without_an_answer_is_read_as_it_was_written() -> None:
    at = START + 50 * HOUR
    read = read_unanswered(7, at, unanswered_detail(ASKED, at))
    assert read == Unanswered(7, START, ASKED.hard_due, at)
    assert read.is_broken(NOW)
    assert read.wait(NOW) == Wait(50 * HOUR, 7)


# --- order -----------------------------------------------------------------------------------------------


def test_claims_in_order_and_out_of_turn_are_told_apart_the_newest_first() -> None:
    claims = [Claim(n, START + n * HOUR, "tom", ahead) for n, ahead in ((1, 0), (3, 1), (2, 0), (9, 4))]
    told = counted(claims=tuple(claims))
    assert (told.claims, told.in_order, [claim.number for claim in told.out_of_turn]) == (4, 2, [9, 3])


def test_a_ticket_that_was_given_back_and_taken_again_counts_by_who_was_ahead_each_time() -> None:
    first = Claim(1, START, "tom", 0)
    meanwhile = Claim(2, START + HOUR, "aylin", 0)
    again = Claim(1, START + 2 * HOUR, "aylin", 0)
    told = counted(claims=(first, meanwhile, again))
    assert (told.in_order, told.out_of_turn) == (3, [])


# --- waits -----------------------------------------------------------------------------------------------


def test_waits_are_told_by_percentile() -> None:
    told = counted(answers=tuple(answered(n, n) for n in range(1, 101)))
    assert told.waits == {50: 50 * HOUR, 80: 80 * HOUR, 95: 95 * HOUR}
    assert told.longest == Wait(100 * HOUR, 100)


def test_one_answer_is_every_percentile() -> None:
    assert set(counted(answers=(answered(1, 5),)).waits.values()) == {5 * HOUR}


def test_without_an_answer_there_is_no_percentile() -> None:
    told = counted(unanswered=(waiting(1, 60),))
    assert told.waits == {}
    assert told.longest == Wait(60 * HOUR, 1)


def test_who_waits_still_counts_where_they_have_waited_longer() -> None:
    answers = tuple(answered(n, 1) for n in range(10))
    told = counted(answers=answers, unanswered=tuple(waiting(100 + n, 50) for n in range(10)))
    assert told.waits == {50: HOUR, 80: 50 * HOUR, 95: 50 * HOUR}
    assert told.longest is not None
    assert told.longest.span == 50 * HOUR


def test_who_has_just_come_makes_no_percentile_better_or_worse() -> None:
    answers = tuple(answered(n, n) for n in range(10, 20))
    without = counted(answers=answers)
    assert counted(answers=answers, unanswered=tuple(waiting(n, 1) for n in range(100))).waits == without.waits


hours = st.lists(st.integers(0, 100), max_size=30)


@given(hours.filter(bool), hours)
def test_percentiles_never_fall_and_are_waits_that_there_were(answers: list[int], ages: list[int]) -> None:
    told = counted(
        answers=tuple(answered(n, one) for n, one in enumerate(answers)),
        unanswered=tuple(waiting(n, one) for n, one in enumerate(ages)),
    )
    waits = [told.waits[percent] for percent in PERCENTILES]
    assert waits == sorted(waits)
    assert {wait / HOUR for wait in waits} <= {*answers, *ages}
    assert told.longest is not None
    assert waits[-1] <= told.longest.span


@given(hours.filter(bool), hours)
def test_more_people_waiting_long_never_make_the_waits_look_shorter(answers: list[int], ages: list[int]) -> None:
    given_answers = tuple(answered(n, one) for n, one in enumerate(answers))
    few = counted(answers=given_answers)
    many = counted(answers=given_answers, unanswered=tuple(waiting(n, one) for n, one in enumerate(ages)))
    assert all(many.waits[percent] >= few.waits[percent] for percent in PERCENTILES)


# --- promises --------------------------------------------------------------------------------------------


def test_promises_are_counted_and_who_waits_beyond_the_end_has_a_broken_one() -> None:
    told = counted(
        answers=(answered(1, 3), answered(2, 24), answered(3, 40), answered(4, 50)),
        unanswered=(waiting(5, 47), waiting(6, 49)),
    )
    assert told.kept == {Kept.SOFT: 2, Kept.HARD: 1, Kept.BROKEN: 2}
    assert (told.in_time, told.open_inside, told.open_beyond) == (3, 1, 1)


def test_a_broken_promise_does_not_vanish_when_the_ticket_ends_without_an_answer() -> None:
    told = counted(answers=(answered(1, 3),), unanswered=(ended(2, 60), ended(3, 5), waiting(4, 70)))
    assert told.kept == {Kept.SOFT: 1, Kept.HARD: 0, Kept.BROKEN: 2}
    assert (told.ended_inside, told.ended_beyond, told.open_inside, told.open_beyond) == (1, 1, 0, 1)
    assert (told.in_time, told.promises) == (1, 3)


def test_the_longest_wait_may_be_one_that_ended_without_an_answer() -> None:
    told = counted(answers=(answered(1, 3),), unanswered=(ended(2, 60, NOW - DAY), waiting(3, 50)))
    assert told.longest == Wait(60 * HOUR, 2)
    assert told.waits[95] == 60 * HOUR


def test_who_ended_the_wait_inside_the_promise_makes_no_wait_longer() -> None:
    told = counted(answers=(answered(1, 3),), unanswered=(ended(2, 47), ended(3, 30)))
    assert told.longest == Wait(3 * HOUR, 1)
    assert set(told.waits.values()) == {3 * HOUR}


def test_what_ended_without_an_answer_was_broken_in_the_week_of_the_limit() -> None:
    told = counted(unanswered=(ended(1, 24 * 15),))
    (broken,) = [week for week, promises in told.weeks.items() if promises[Kept.BROKEN]]
    assert broken <= (NOW - 13 * DAY).date() < broken + 7 * DAY


def test_what_ended_inside_its_promise_was_neither_kept_nor_broken_however_long_ago() -> None:
    told = counted(unanswered=(ended(1, 47, NOW - 20 * DAY),))
    assert (told.promises, told.ended_inside, told.weeks) == (0, 1, {})


def test_every_week_from_the_first_to_the_last_is_told_also_a_quiet_one() -> None:
    told = counted(answers=(answered(1, 3, START), answered(2, 50, START + 15 * DAY)))
    monday = date(2026, 3, 2)
    assert list(told.weeks) == [monday, monday + 7 * DAY, monday + 14 * DAY]
    assert [sum(week.values()) for week in told.weeks.values()] == [1, 0, 1]
    assert told.weeks[monday + 14 * DAY][Kept.BROKEN] == 1


def test_a_promise_without_an_answer_was_broken_in_the_week_its_end_passed() -> None:
    told = counted(unanswered=(waiting(1, 24 * 15),))
    (broken,) = [week for week, promises in told.weeks.items() if promises[Kept.BROKEN]]
    assert broken <= (NOW - 13 * DAY).date() < broken + 7 * DAY


def test_weeks_begin_on_monday_where_the_agents_are() -> None:
    sunday_night = datetime(2026, 3, 8, 23, 30, tzinfo=UTC)
    facts = Facts(START, NOW, (), (answered(1, 3, sunday_night),), ())
    assert list(report(facts, UTC).weeks) == [date(2026, 3, 2)]
    assert list(report(facts, ZoneInfo("Europe/Berlin")).weeks) == [date(2026, 3, 9)]


def test_nothing_comes_to_nothing() -> None:
    told = counted()
    assert (told.claims, told.longest, told.waits, told.weeks) == (0, None, {}, {})
    assert sum(told.kept.values()) == 0
