"""Every rule of the clock stands in this file: what happens to a ticket when nobody does anything.

    no answer yet      LATE (soft end) -> URGENT (midway) -> BROKEN (hard end)
    with an agent      REMIND -> RETURN to its old place          while the customer waits for a word
    answered           NUDGE -> CLOSE                             while the customer is silent

Words end all of it. What has no answer is never closed here. After an outage only the latest notice is told;
URGENT is for agents only, so it brings LATE with it where the customer was not told that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.model import Notice, ServerSettings, Ticket, TicketState
from bot.rules.hours import calendar_of


class Step(StrEnum):
    """What time does to a ticket."""

    LATE = Notice.LATE.value
    URGENT = Notice.URGENT.value
    BROKEN = Notice.BROKEN.value
    REMIND = "remind"
    RETURN = "return"
    NUDGE = "nudge"
    CLOSE = "close"


_NOTICES = (Step.LATE, Step.URGENT, Step.BROKEN)


def plan(ticket: Ticket, settings: ServerSettings) -> Mapping[Step, datetime]:
    """The next steps and when they are due, if nobody does anything; a step follows when the one before is done."""
    if ticket.state is TicketState.CLOSED:
        return {}
    steps = _notices(ticket) if ticket.first_answer_at is None else {}
    if ticket.owed_since is None and ticket.first_answer_at is not None:
        steps |= _while_customer_is_silent(ticket, ticket.last_spoke_at or ticket.first_answer_at, settings)
    elif ticket.owed_since is not None and ticket.claimed_at is not None:
        steps |= _while_agent_is_silent(ticket, max(ticket.claimed_at, ticket.owed_since), settings)
    return steps


def _notices(ticket: Ticket) -> dict[Step, datetime]:
    midway = ticket.soft_due + (ticket.hard_due - ticket.soft_due) / 2
    ends = zip(_NOTICES, (ticket.soft_due, midway, ticket.hard_due), strict=True)
    told = _NOTICES.index(Step(ticket.notice)) + 1 if ticket.notice else 0
    return dict(list(ends)[told:])


def _while_agent_is_silent(ticket: Ticket, since: datetime, settings: ServerSettings) -> dict[Step, datetime]:
    if ticket.returns_at is None:
        return {Step.REMIND: _reminder_after(since, settings)}
    return {Step.RETURN: ticket.returns_at}


def _reminder_after(since: datetime, settings: ServerSettings) -> datetime:
    return calendar_of(settings.hours).after(since, timedelta(hours=settings.reminder_hours))


def _while_customer_is_silent(ticket: Ticket, since: datetime, settings: ServerSettings) -> dict[Step, datetime]:
    if ticket.closes_at is None:
        return {Step.NUDGE: since + timedelta(days=settings.nudge_days)}
    return {Step.CLOSE: ticket.closes_at}


def due(ticket: Ticket, settings: ServerSettings, now: datetime) -> list[Step]:
    """What is to be done now, in order; of several notices only the latest."""
    steps = [step for step, at in plan(ticket, settings).items() if at <= now]
    passed_over = [step for step in steps if step in _NOTICES][:-1]
    return [step for step in steps if step not in passed_over]


def scheduled(ticket: Ticket, settings: ServerSettings) -> Ticket:
    """The ticket as it is, to be looked at again when its next step is due."""
    return replace(ticket, wake_at=min(plan(ticket, settings).values(), default=None))


def noticed(ticket: Ticket, notice: Notice, at: datetime) -> Ticket:
    """People were told how far the ticket has gone beyond what was promised."""
    return replace(ticket, notice=notice, noticed_at=at)


def reminded(ticket: Ticket, settings: ServerSettings, at: datetime) -> Ticket:
    """The agent is told that the customer waits, and when the ticket goes back; that stays, whatever is set later."""
    return replace(ticket, returns_at=_reminder_after(at, settings))


def nudged(ticket: Ticket, settings: ServerSettings, at: datetime) -> Ticket:
    """The customer is asked whether anything is left to do, and told when the ticket is closed; that stays, too."""
    return replace(ticket, closes_at=at + timedelta(days=settings.close_days))
