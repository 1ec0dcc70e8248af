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

from bot.model import Person, Refusal, Ticket, TicketState
from bot.rules.promise import Promise


def claim(ticket: Ticket, agent: Person, at: datetime) -> Ticket:
    """An agent takes the ticket. A claimed one cannot be stolen, a closed one not be claimed."""
    if ticket.state is TicketState.CLAIMED:
        key = "refused-already-yours" if ticket.agent == agent.id else "refused-already-claimed"
        raise Refusal(key, number=ticket.number, agent=ticket.agent_name or "?")
    if ticket.state is TicketState.CLOSED:
        raise Refusal("refused-closed", number=ticket.number)
    return replace(ticket, state=TicketState.CLAIMED, agent=agent.id, agent_name=agent.name, claimed_at=at)


def release(ticket: Ticket) -> Ticket:
    """Back into the line, to the place it had."""
    if ticket.state is not TicketState.CLAIMED:
        raise Refusal("refused-not-claimed", number=ticket.number)
    return replace(ticket, state=TicketState.WAITING, agent=None, agent_name=None, claimed_at=None)


def close(ticket: Ticket, at: datetime) -> Ticket:
    """The matter is done; who had claimed it stays on record."""
    if ticket.state is TicketState.CLOSED:
        raise Refusal("refused-closed", number=ticket.number)
    return replace(ticket, state=TicketState.CLOSED, closed_at=at)


def may_reopen(ticket: Ticket, at: datetime, within: timedelta) -> bool:
    """Whether the customer's new words still belong to this closed ticket."""
    return ticket.closed_at is not None and at - ticket.closed_at <= within


def reopen(ticket: Ticket, order: int, promise: Promise) -> Ticket:
    """The customer writes again: same number, a new place at the end of the line, a new promise."""
    return replace(
        ticket,
        state=TicketState.WAITING,
        agent=None,
        agent_name=None,
        claimed_at=None,
        first_answer_at=None,
        closed_at=None,
        place_order=order,
        soft_due=promise.soft,
        hard_due=promise.hard,
    )


def spoken(ticket: Ticket, speaker: str, at: datetime, *, by_agent: bool) -> Ticket:
    """Somebody wrote in the ticket's thread; the first words of an agent are the answer that was promised."""
    first_answer = ticket.first_answer_at or (at if by_agent else None)
    return replace(ticket, last_spoke=speaker, last_spoke_at=at, first_answer_at=first_answer)
