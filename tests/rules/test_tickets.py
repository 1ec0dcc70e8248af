"""A ticket's life: which steps there are, and which there are not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.model import Language, Refusal, Ticket, TicketState
from bot.rules import tickets as rules
from bot.rules.promise import promise
from tests.doubles.world import AYLIN, START, TOM

WAITING = Ticket(
    server="s", number=7, state=TicketState.WAITING, customer="emma", customer_name="Emma", language=Language.EN,
    channel="support", message="m1", thread="m1", lane="m1", text="help", category=None, ruling=None,
    policy_version="1", place_order=42, opened_at=START, soft_due=START, hard_due=START,
)  # fmt: skip
CLAIMED = rules.claim(WAITING, AYLIN, START)
CLOSED = rules.close(CLAIMED, START)
LATER = START + timedelta(hours=1)


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


def test_a_released_ticket_is_as_it_was_before_the_claim() -> None:
    assert rules.release(CLAIMED) == WAITING


@pytest.mark.parametrize("ticket", [WAITING, CLOSED])
def test_only_a_claimed_ticket_can_be_released(ticket: Ticket) -> None:
    with pytest.raises(Refusal, match="refused-not-claimed"):
        rules.release(ticket)


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
    again = rules.reopen(replace(CLOSED, first_answer_at=START), 99, promise(LATER))
    assert (again.state, again.number, again.place_order) == (TicketState.WAITING, 7, 99)
    assert (again.soft_due, again.hard_due) == (LATER + timedelta(hours=24), LATER + timedelta(hours=48))
    assert (again.agent, again.claimed_at, again.closed_at, again.first_answer_at) == (None, None, None, None)


def test_the_first_words_of_an_agent_are_the_answer() -> None:
    asked = rules.spoken(CLAIMED, "emma", START, by_agent=False)
    assert (asked.last_spoke, asked.first_answer_at) == ("emma", None)
    answered = rules.spoken(asked, "aylin", LATER, by_agent=True)
    assert answered.first_answer_at == LATER
    again = rules.spoken(answered, "aylin", LATER + timedelta(hours=1), by_agent=True)
    assert (again.first_answer_at, again.last_spoke_at) == (LATER, LATER + timedelta(hours=1))
