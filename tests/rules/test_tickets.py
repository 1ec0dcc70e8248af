"""A ticket's life: which steps there are, and which there are not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.model import Language, Notice, Refusal, ServerSettings, Ticket, TicketState
from bot.rules import tickets as rules
from tests.doubles.world import AYLIN, START, TOM

WAITING = Ticket(
    server="s", number=7, state=TicketState.WAITING, customer="emma", customer_name="Emma", language=Language.EN,
    channel="support", message="m1", thread="m1", lane="m1", text="help", category=None, ruling=None,
    policy_version="1", place_order=42, opened_at=START, asked_at=START, owed_since=START,
    soft_due=START, hard_due=START,
)  # fmt: skip
CLAIMED = rules.claim(WAITING, AYLIN, START)
CLOSED = rules.close(CLAIMED, START)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = START + HOUR
SETTINGS = ServerSettings()


def test_a_claim_tells_who_and_when() -> None:
    claimed = rules.claim(WAITING, AYLIN, LATER)
    assert (claimed.state, claimed.agent, claimed.agent_name) == (TicketState.CLAIMED, "aylin", "Aylin")
    assert claimed.claimed_at == LATER


def test_nobody_steals_a_claimed_ticket() -> None:
    with pytest.raises(Refusal, match="refused-already-claimed"):
        rules.claim(CLAIMED, TOM, LATER)
    with pytest.raises(Refusal, match="refused-already-yours"):
        rules.claim(CLAIMED, AYLIN, LATER)


def test_a_closed_ticket_cannot_be_claimed_or_closed_again() -> None:
    with pytest.raises(Refusal, match="refused-closed"):
        rules.claim(CLOSED, AYLIN, LATER)
    with pytest.raises(Refusal, match="refused-closed"):
        rules.close(CLOSED, LATER)


def test_a_released_ticket_without_an_answer_is_as_it_was_before_the_claim() -> None:
    told = replace(WAITING, notice=Notice.LATE, noticed_at=LATER)
    assert rules.release(rules.claim(told, AYLIN, LATER), SETTINGS) == told


@pytest.mark.parametrize("ticket", [WAITING, CLOSED])
def test_only_a_claimed_ticket_can_be_released(ticket: Ticket) -> None:
    with pytest.raises(Refusal, match="refused-not-claimed"):
        rules.release(ticket, SETTINGS)


@pytest.mark.parametrize("ticket", [WAITING, CLAIMED])
def test_closing_keeps_who_had_claimed(ticket: Ticket) -> None:
    closed = rules.close(ticket, LATER)
    assert (closed.state, closed.closed_at, closed.agent) == (TicketState.CLOSED, LATER, ticket.agent)


def test_a_closed_ticket_may_be_reopened_within_the_days_that_were_set() -> None:
    week = timedelta(days=7)
    assert rules.may_reopen(CLOSED, START + week, week)
    assert not rules.may_reopen(CLOSED, START + week + timedelta(seconds=1), week)
    assert not rules.may_reopen(WAITING, START, week)


def test_a_reopened_ticket_has_a_new_place_and_a_new_promise() -> None:
    again = rules.reopen(replace(CLOSED, first_answer_at=START), 99, LATER, SETTINGS)
    assert (again.state, again.number, again.place_order) == (TicketState.WAITING, 7, 99)
    assert (again.soft_due, again.hard_due) == (LATER + timedelta(hours=24), LATER + timedelta(hours=48))
    assert (again.asked_at, again.owed_since) == (LATER, LATER)
    assert (again.agent, again.claimed_at, again.closed_at, again.first_answer_at) == (None, None, None, None)


def test_what_was_told_before_is_told_anew_after_a_reopening() -> None:
    told = replace(CLOSED, notice=Notice.BROKEN, noticed_at=START, returns_at=START, closes_at=START)
    again = rules.reopen(told, 99, LATER, SETTINGS)
    assert (again.notice, again.noticed_at, again.returns_at, again.closes_at) == (None, None, None, None)


def test_the_first_words_of_an_agent_are_the_answer() -> None:
    asked = rules.asked(CLAIMED, START, SETTINGS, is_thanks=False)
    assert (asked.last_spoke, asked.first_answer_at) == ("emma", None)
    answered = rules.answered(asked, "aylin", LATER)
    assert answered.first_answer_at == LATER
    again = rules.answered(answered, "aylin", LATER + HOUR)
    assert (again.first_answer_at, again.last_spoke, again.last_spoke_at) == (LATER, "aylin", LATER + HOUR)


def test_the_customer_waits_since_the_first_words_that_have_no_answer() -> None:
    answered = rules.answered(CLAIMED, "aylin", START)
    assert answered.owed_since is None
    asked = rules.asked(answered, LATER, SETTINGS, is_thanks=False)
    assert rules.asked(asked, LATER + HOUR, SETTINGS, is_thanks=False).owed_since == LATER


def test_thanks_wait_for_nothing_and_end_no_waiting() -> None:
    answered = rules.answered(CLAIMED, "aylin", START)
    assert rules.asked(answered, LATER, SETTINGS, is_thanks=True).owed_since is None
    asked = rules.asked(answered, LATER, SETTINGS, is_thanks=False)
    assert rules.asked(asked, LATER + HOUR, SETTINGS, is_thanks=True).owed_since == LATER


def test_words_of_either_side_begin_the_silence_anew_but_thanks_do_not() -> None:
    silent = replace(rules.answered(CLAIMED, "aylin", START), returns_at=START, closes_at=START)
    assert rules.asked(silent, LATER, SETTINGS, is_thanks=False).closes_at is None
    assert rules.asked(silent, LATER, SETTINGS, is_thanks=True).closes_at == START
    answered = rules.answered(silent, "aylin", LATER)
    assert (answered.returns_at, answered.closes_at) == (None, None)


def test_a_reminder_is_for_the_agent_who_holds_the_ticket() -> None:
    assert rules.release(replace(CLAIMED, returns_at=START), SETTINGS).returns_at is None


# --- answered, and in the line again -----------------------------------------------------------------------

ANSWERED = replace(rules.answered(CLAIMED, "aylin", LATER), notice=Notice.URGENT, noticed_at=START)


def test_what_a_customer_asks_after_an_answer_is_in_the_line_a_request_of_its_own_since_they_asked() -> None:
    asked = rules.asked(ANSWERED, LATER + DAY, SETTINGS, is_thanks=False)
    back = rules.release(asked, SETTINGS)
    assert (back.asked_at, back.owed_since) == (LATER + DAY, LATER + DAY)
    assert (back.soft_due, back.hard_due) == (LATER + 2 * DAY, LATER + 3 * DAY)
    assert (back.first_answer_at, back.notice, back.noticed_at) == (None, None, None)
    assert (back.place_order, back.opened_at) == (42, START), "its old place"


def test_who_is_released_in_the_customers_turn_was_answered_and_is_owed_nothing() -> None:
    silent = replace(ANSWERED, closes_at=LATER + DAY)
    back = rules.release(silent, SETTINGS)
    assert (back.state, back.agent, back.first_answer_at) == (TicketState.WAITING, None, LATER)
    assert (back.asked_at, back.owed_since, back.closes_at) == (START, None, LATER + DAY)


def test_the_promise_of_such_a_request_is_the_one_that_is_set_now() -> None:
    asked = rules.asked(ANSWERED, LATER + DAY, SETTINGS, is_thanks=False)
    back = rules.release(asked, replace(SETTINGS, soft_hours=2, hard_hours=3))
    assert (back.soft_due, back.hard_due) == (LATER + DAY + 2 * HOUR, LATER + DAY + 3 * HOUR)


def test_who_had_no_answer_keeps_the_promise_that_was_given_whatever_is_set_by_now() -> None:
    back = rules.release(CLAIMED, replace(SETTINGS, soft_hours=2, hard_hours=3))
    assert (back.asked_at, back.soft_due, back.hard_due) == (START, START, START)


def test_the_next_words_of_an_agent_are_the_answer_to_that_request() -> None:
    back = rules.release(rules.asked(ANSWERED, LATER + DAY, SETTINGS, is_thanks=False), SETTINGS)
    by_tom = rules.answered(rules.claim(back, TOM, LATER + 2 * DAY), "tom", LATER + 3 * DAY)
    assert (by_tom.first_answer_at, by_tom.owed_since) == (LATER + 3 * DAY, None)


# --- words that are told late ------------------------------------------------------------------------------


def test_what_the_customer_wrote_after_an_answer_that_is_told_late_is_still_owed_a_word() -> None:
    asked = rules.asked(rules.answered(CLAIMED, "aylin", START), LATER + HOUR, SETTINGS, is_thanks=False)
    late = rules.answered(asked, "aylin", LATER)
    assert (late.owed_since, late.last_spoke, late.last_spoke_at) == (LATER + HOUR, "emma", LATER + HOUR)


def test_what_was_answered_before_it_was_told_is_owed_nothing() -> None:
    answered = rules.answered(CLAIMED, "aylin", LATER + HOUR)
    late = rules.asked(answered, LATER, SETTINGS, is_thanks=False)
    assert (late.owed_since, late.last_spoke) == (None, "aylin")


def test_new_words_in_the_line_after_an_answer_are_a_request_of_their_own() -> None:
    answered = rules.answered(CLAIMED, "aylin", START)
    back = rules.release(rules.asked(answered, LATER, SETTINGS, is_thanks=True), SETTINGS)
    assert (back.first_answer_at, back.owed_since) == (START, None), "nothing is owed to who said thanks"
    asked = rules.asked(back, LATER + DAY, SETTINGS, is_thanks=False)
    assert (asked.first_answer_at, asked.asked_at, asked.owed_since) == (None, LATER + DAY, LATER + DAY)
    assert asked.hard_due == LATER + DAY + timedelta(hours=48)
