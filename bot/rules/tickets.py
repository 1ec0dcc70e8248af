"""Every rule of a ticket's life stands in this file.

    opened -> WAITING -claim-> CLAIMED -close-> CLOSED
                 ^  <-release-    |               |
                 |                                |
                 +--------------reopen------------+
    WAITING -close, withdraw-> CLOSED

A release gives the ticket its old place back. A reopened ticket joins the line anew: it had its turn.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.model import Person, Refusal, ServerSettings, Ticket, TicketState
from bot.rules.promise import promise

MOVES = frozenset(
    {
        "opened",
        "claimed",
        "released",
        "returned",
        "closed",
        "closed in silence",
        "withdrawn",
        "place deleted",
        "customer banned",
        "reopened",
    }
)
"""What the history calls the moves between these states."""
_NOBODY: dict[str, Any] = dict.fromkeys(("agent", "agent_name", "claimed_at", "returns_at"))
"""What a ticket says of its agent while it has none."""


def claim(ticket: Ticket, agent: Person, at: datetime) -> Ticket:
    """An agent takes the ticket. A claimed one cannot be stolen, a closed one not be claimed."""
    if ticket.state is TicketState.CLAIMED:
        key = "refused-already-yours" if ticket.agent == agent.id else "refused-already-claimed"
        raise Refusal(key, number=ticket.number, agent=ticket.agent_name or "?")
    if ticket.state is TicketState.CLOSED:
        raise Refusal("refused-closed", number=ticket.number)
    return replace(ticket, state=TicketState.CLAIMED, agent=agent.id, agent_name=agent.name, claimed_at=at)


def release(ticket: Ticket, settings: ServerSettings) -> Ticket:
    """Back into the line, to the place it had.

    If there was an answer before, and the customer waits for another one, that is a request of its own, with a promise
    of its own.
    """
    if ticket.state is not TicketState.CLAIMED:
        raise Refusal("refused-not-claimed", number=ticket.number)
    back = replace(ticket, state=TicketState.WAITING, **_NOBODY)
    is_answered = ticket.first_answer_at is not None
    return _asked_anew(back, ticket.owed_since, settings) if is_answered and ticket.owed_since else back


def _asked_anew(ticket: Ticket, at: datetime, settings: ServerSettings) -> Ticket:
    due = promise(at, settings)
    anew = replace(ticket, asked_at=at, soft_due=due.soft, hard_due=due.hard, owed_since=at)
    return replace(anew, first_answer_at=None, notice=None, noticed_at=None)


def close(ticket: Ticket, at: datetime) -> Ticket:
    """The matter is done; who had claimed it stays on record."""
    if ticket.state is TicketState.CLOSED:
        raise Refusal("refused-closed", number=ticket.number)
    return replace(ticket, state=TicketState.CLOSED, closed_at=at, owed_since=None, returns_at=None, closes_at=None)


def may_reopen(ticket: Ticket, at: datetime, within: timedelta) -> bool:
    """Whether the customer's new words still belong to this closed ticket."""
    return ticket.closed_at is not None and at - ticket.closed_at <= within


def reopen(ticket: Ticket, order: int, at: datetime, settings: ServerSettings) -> Ticket:
    """The customer writes again: same number, a new place at the end of the line, a new promise."""
    again = replace(ticket, state=TicketState.WAITING, **_NOBODY, closed_at=None, closes_at=None, place_order=order)
    return _asked_anew(again, at, settings)


def answered(ticket: Ticket, agent: str, at: datetime) -> Ticket:
    """An agent wrote in the ticket's thread; their first words are the answer that was promised.

    Words may be told late: what the customer wrote after them is still owed an answer.
    """
    told = replace(_spoken(ticket, agent, at), first_answer_at=ticket.first_answer_at or at)
    if ticket.owed_since is not None and ticket.owed_since > at:
        return told
    return replace(told, owed_since=None, returns_at=None, closes_at=None)


def asked(ticket: Ticket, at: datetime, settings: ServerSettings, *, is_thanks: bool) -> Ticket:
    """The customer wrote in the ticket's thread; who only says thanks, or was answered since, waits for nothing new.

    In the line, new words after an answer are a request of their own.
    """
    told = _spoken(ticket, ticket.customer, at)
    if is_thanks or told.last_spoke != ticket.customer:
        return told
    owed = replace(told, owed_since=ticket.owed_since or at, closes_at=None)
    is_in_line = ticket.state is TicketState.WAITING and ticket.first_answer_at is not None
    return _asked_anew(owed, owed.owed_since or at, settings) if is_in_line else owed


def _spoken(ticket: Ticket, speaker: str, at: datetime) -> Ticket:
    is_latest = ticket.last_spoke_at is None or at >= ticket.last_spoke_at
    return replace(ticket, last_spoke=speaker, last_spoke_at=at) if is_latest else ticket
