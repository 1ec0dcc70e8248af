"""What time does to a ticket when nobody does anything, and what it never does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Language, Notice, ServerSettings, SupportHours, Ticket, TicketState
from bot.rules import keeping, tickets
from bot.rules.hours import calendar_of
from bot.rules.keeping import Step, due, plan, scheduled
from tests.doubles.clockwork import is_behind
from tests.doubles.world import AYLIN, START, TOM

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SETTINGS = ServerSettings()
OFFICE = replace(SETTINGS, hours=SupportHours("Europe/Berlin", "Mo-Fr 09:00-17:00"))
WAITING = Ticket(
    server="s", number=7, state=TicketState.WAITING, customer="emma", customer_name="Emma", language=Language.EN,
    channel="support", message="m1", thread="m1", lane="m1", text="help", category=None, ruling=None,
    policy_version="1", place_order=42, opened_at=START, asked_at=START, owed_since=START,
    soft_due=START + 24 * HOUR, hard_due=START + 48 * HOUR,
)  # fmt: skip
CLAIMED = tickets.claim(WAITING, AYLIN, START + HOUR)
ANSWERED = tickets.answered(CLAIMED, "aylin", START + 2 * HOUR)
ASKED_AGAIN = tickets.asked(ANSWERED, START + 3 * HOUR, SETTINGS, is_thanks=False)
OF_THE_UNANSWERED = {Step.LATE, Step.URGENT, Step.BROKEN, Step.REMIND, Step.RETURN}

# --- who has no answer -------------------------------------------------------------------------------------


def test_an_unanswered_ticket_is_late_then_urgent_then_broken() -> None:
    assert plan(WAITING, SETTINGS) == {
        Step.LATE: START + 24 * HOUR,
        Step.URGENT: START + 36 * HOUR,
        Step.BROKEN: START + 48 * HOUR,
    }


@pytest.mark.parametrize(
    ("told", "next_"),
    [(Notice.LATE, [Step.URGENT, Step.BROKEN]), (Notice.URGENT, [Step.BROKEN]), (Notice.BROKEN, [])],
)
def test_a_notice_is_followed_only_by_those_after_it(told: Notice, next_: list[Step]) -> None:
    assert list(plan(keeping.noticed(WAITING, told, START), SETTINGS)) == next_


@pytest.mark.parametrize(
    ("hours", "steps"), [(23, []), (24, [Step.LATE]), (36, [Step.URGENT]), (48, [Step.BROKEN]), (999, [Step.BROKEN])]
)
def test_after_an_outage_only_the_latest_notice_is_told(hours: int, steps: list[Step]) -> None:
    assert due(WAITING, SETTINGS, START + hours * HOUR) == steps


def test_an_answer_stops_all_notices() -> None:
    assert not {step.value for step in plan(ANSWERED, SETTINGS)} & set(Notice)
    assert not {step.value for step in plan(ASKED_AGAIN, SETTINGS)} & set(Notice)


def test_who_was_answered_and_stands_in_the_line_again_is_told_anew_from_their_new_words_on() -> None:
    told = replace(ASKED_AGAIN, notice=Notice.BROKEN, noticed_at=START)
    back = tickets.release(told, SETTINGS)
    assert plan(back, SETTINGS) == {
        Step.LATE: START + 27 * HOUR,
        Step.URGENT: START + 39 * HOUR,
        Step.BROKEN: START + 51 * HOUR,
    }
    assert is_behind(back, START + 28 * HOUR)


def test_who_was_answered_and_stands_in_the_line_in_their_own_turn_is_asked_like_everybody() -> None:
    back = tickets.release(ANSWERED, SETTINGS)
    assert plan(back, SETTINGS) == plan(ANSWERED, SETTINGS) == {Step.NUDGE: START + 2 * HOUR + 3 * DAY}
    assert not is_behind(back, START + 999 * DAY)


def test_words_of_the_customer_stop_no_notice() -> None:
    asked = tickets.asked(WAITING, START + 30 * HOUR, SETTINGS, is_thanks=False)
    assert plan(asked, SETTINGS) == plan(WAITING, SETTINGS)


# --- who holds it ------------------------------------------------------------------------------------------


def test_a_silent_agent_is_reminded_and_then_loses_the_ticket() -> None:
    assert plan(CLAIMED, SETTINGS)[Step.REMIND] == START + 9 * HOUR
    reminded = keeping.reminded(CLAIMED, SETTINGS, START + 9 * HOUR)
    assert plan(reminded, SETTINGS)[Step.RETURN] == START + 17 * HOUR
    assert Step.REMIND not in plan(reminded, SETTINGS)


def test_an_agent_has_as_long_for_words_that_came_after_the_claim() -> None:
    assert plan(ASKED_AGAIN, SETTINGS) == {Step.REMIND: START + 11 * HOUR}


def test_the_next_agent_has_the_whole_time() -> None:
    reminded = keeping.reminded(CLAIMED, SETTINGS, START + 9 * HOUR)
    by_tom = tickets.claim(tickets.release(reminded, SETTINGS), TOM, START + 20 * HOUR)
    assert plan(by_tom, SETTINGS)[Step.REMIND] == START + 28 * HOUR
    assert Step.RETURN not in plan(by_tom, SETTINGS)


def test_an_agent_need_not_answer_thanks() -> None:
    thanked = tickets.asked(ANSWERED, START + 3 * HOUR, SETTINGS, is_thanks=True)
    assert set(plan(thanked, SETTINGS)) == {Step.NUDGE}


def test_a_reminder_counts_support_hours() -> None:
    friday = datetime(2026, 3, 6, 14, tzinfo=UTC)  # 15:00 in Berlin, two hours are left in the week
    claimed = replace(CLAIMED, claimed_at=friday, owed_since=friday)
    monday = datetime(2026, 3, 9, 14, tzinfo=UTC)
    assert plan(claimed, OFFICE)[Step.REMIND] == monday
    assert plan(keeping.reminded(claimed, OFFICE, monday), OFFICE)[Step.RETURN] == monday + DAY


OTHERS = [
    replace(SETTINGS, reminder_hours=1, nudge_days=1, close_days=1),
    replace(SETTINGS, reminder_hours=70, nudge_days=70, close_days=70),
    OFFICE,
]


@pytest.mark.parametrize("set_later", OTHERS)
def test_the_moment_that_an_agent_was_told_stays_whatever_is_set_later(set_later: ServerSettings) -> None:
    reminded = keeping.reminded(CLAIMED, SETTINGS, START + 9 * HOUR)
    assert plan(reminded, set_later)[Step.RETURN] == START + 17 * HOUR


@pytest.mark.parametrize("set_later", OTHERS)
def test_the_moment_that_a_customer_was_told_stays_whatever_is_set_later(set_later: ServerSettings) -> None:
    nudged = keeping.nudged(ANSWERED, SETTINGS, START + 4 * DAY)
    assert plan(nudged, set_later) == {Step.CLOSE: START + 8 * DAY}


def test_what_was_not_told_yet_follows_the_settings() -> None:
    assert plan(CLAIMED, OTHERS[0])[Step.REMIND] == START + 2 * HOUR
    assert plan(ANSWERED, OTHERS[0]) == {Step.NUDGE: START + 2 * HOUR + DAY}


# --- who has been answered ---------------------------------------------------------------------------------


def test_a_silent_customer_is_asked_once_and_then_the_ticket_is_closed() -> None:
    assert plan(ANSWERED, SETTINGS) == {Step.NUDGE: START + 2 * HOUR + 3 * DAY}
    nudged = keeping.nudged(ANSWERED, SETTINGS, START + 4 * DAY)
    assert plan(nudged, SETTINGS) == {Step.CLOSE: START + 8 * DAY}


def test_words_of_the_customer_end_the_silence() -> None:
    nudged = keeping.nudged(ANSWERED, SETTINGS, START + 4 * DAY)
    asked = tickets.asked(nudged, START + 5 * DAY, SETTINGS, is_thanks=False)
    assert set(plan(asked, SETTINGS)) == {Step.REMIND}


def test_who_answers_the_question_with_thanks_is_not_asked_again() -> None:
    nudged = keeping.nudged(ANSWERED, SETTINGS, START + 4 * DAY)
    thanked = tickets.asked(nudged, START + 5 * DAY, SETTINGS, is_thanks=True)
    assert set(plan(thanked, SETTINGS)) == {Step.CLOSE}


def test_a_closed_ticket_sleeps() -> None:
    closed = tickets.close(ANSWERED, START + 3 * HOUR)
    assert plan(closed, SETTINGS) == {}
    assert scheduled(replace(closed, wake_at=START), SETTINGS).wake_at is None


# --- whatever a ticket's fields say ------------------------------------------------------------------------

MOMENTS = st.integers(-200, 400).map(lambda hours: START + hours * HOUR)
MAYBE = st.none() | MOMENTS


@st.composite
def any_settings(draw: st.DrawFn) -> ServerSettings:
    numbers = st.integers(1, 72)
    hours = draw(st.sampled_from([None, OFFICE.hours]))
    return ServerSettings(
        hours=hours, reminder_hours=draw(numbers), nudge_days=draw(numbers), close_days=draw(numbers)
    )  # fmt: skip


@st.composite
def any_ticket(draw: st.DrawFn) -> Ticket:
    """Also such as no life of a ticket leads to."""
    asked_at, soft, more = draw(MOMENTS), draw(st.integers(1, 72)), draw(st.integers(1, 72))
    state = draw(st.sampled_from(TicketState))
    notice = draw(st.none() | st.sampled_from(Notice))
    return replace(
        WAITING,
        state=state,
        asked_at=asked_at,
        soft_due=asked_at + soft * HOUR,
        hard_due=asked_at + (soft + more) * HOUR,
        agent="aylin" if state is TicketState.CLAIMED else None,
        claimed_at=draw(MOMENTS) if state is TicketState.CLAIMED else None,
        closed_at=draw(MOMENTS) if state is TicketState.CLOSED else None,
        first_answer_at=draw(MAYBE),
        last_spoke_at=draw(MAYBE),
        owed_since=draw(MAYBE),
        notice=notice,
        noticed_at=draw(MOMENTS) if notice else None,
        returns_at=draw(MAYBE),
        closes_at=draw(MAYBE),
    )


def done(ticket: Ticket, settings: ServerSettings, step: Step, at: datetime) -> Ticket:
    """The ticket after a step, as the desk takes it."""
    match step:
        case Step.REMIND:
            return keeping.reminded(ticket, settings, at)
        case Step.RETURN:
            return tickets.release(ticket, settings)
        case Step.NUDGE:
            return keeping.nudged(ticket, settings, at)
        case Step.CLOSE:
            return tickets.close(ticket, at)
        case _:
            return keeping.noticed(ticket, Notice(step.value), at)


@given(any_ticket(), any_settings())
def test_an_unanswered_ticket_is_never_closed_and_its_customer_never_asked(
    ticket: Ticket, settings: ServerSettings
) -> None:
    if ticket.first_answer_at is None:
        assert set(plan(ticket, settings)) <= OF_THE_UNANSWERED


@given(any_ticket(), any_settings())
def test_whoever_waits_for_a_word_is_not_closed_either(ticket: Ticket, settings: ServerSettings) -> None:
    if ticket.owed_since is not None:
        assert not set(plan(ticket, settings)) & {Step.NUDGE, Step.CLOSE}


@given(any_ticket(), any_settings(), st.lists(st.integers(0, 200), min_size=1, max_size=12))
def test_each_step_is_taken_at_most_once_until_somebody_does_something(
    ticket: Ticket, settings: ServerSettings, naps: list[int]
) -> None:
    now, taken = START, list[Step]()
    for nap in naps:
        now += nap * HOUR
        for step in due(ticket, settings, now):
            ticket = done(ticket, settings, step, now)
            taken.append(step)
    assert len(taken) == len(set(taken))


@given(any_ticket(), any_settings(), MOMENTS)
def test_of_several_notices_only_the_latest_is_told(ticket: Ticket, settings: ServerSettings, now: datetime) -> None:
    notices = [step for step in due(ticket, settings, now) if step.value in set(Notice)]
    overdue = [step for step, at in plan(ticket, settings).items() if step.value in set(Notice) and at <= now]
    assert notices == overdue[-1:]


@given(any_ticket(), any_settings(), MOMENTS)
def test_after_all_that_is_due_the_ticket_sleeps_until_something_is(
    ticket: Ticket, settings: ServerSettings, now: datetime
) -> None:
    while steps := due(ticket, settings, now):
        for step in steps:
            ticket = done(ticket, settings, step, now)
    wake_at = scheduled(ticket, settings).wake_at
    assert wake_at is None or wake_at > now
    assert wake_at is None or due(ticket, settings, wake_at)


@given(any_ticket(), any_settings(), MOMENTS)
def test_nobody_is_behind_for_whom_nothing_is_due(ticket: Ticket, settings: ServerSettings, now: datetime) -> None:
    if not due(ticket, settings, now):
        assert not is_behind(ticket, now)


@given(any_ticket(), any_settings(), MOMENTS)
def test_who_is_behind_is_told_by_what_is_due(ticket: Ticket, settings: ServerSettings, now: datetime) -> None:
    if is_behind(ticket, now):
        for step in due(ticket, settings, now):
            ticket = done(ticket, settings, step, now)
        assert not is_behind(ticket, now)


@given(any_ticket(), any_settings())
def test_reminders_count_only_support_hours(ticket: Ticket, settings: ServerSettings) -> None:
    steps = plan(ticket, settings)
    if at := steps.get(Step.REMIND):
        assert ticket.claimed_at is not None
        assert ticket.owed_since is not None
        begins = max(ticket.claimed_at, ticket.owed_since)
        assert calendar_of(settings.hours).between(begins, at) == settings.reminder_hours * HOUR
