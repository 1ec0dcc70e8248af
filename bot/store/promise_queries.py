"""Questions to the tables about time: what is due, who waits too long, how fast the answers came. See queries.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from sqlalchemy import and_, bindparam, case, exists, func, not_, null, or_, select, update

from bot.model import Notice, Ticket
from bot.rules.estimate import HISTORY, MOST_CASES, Case
from bot.store.database import Transaction
from bot.store.queries import is_, some_tickets
from bot.store.tables import ANSWERED, CLAIMED, DEAD, OPEN, TELLS_AGENTS, UNANSWERED, WAKES, outbox, servers, tickets

_moment = tickets.c.wake_at.type
_now = bindparam("now", type_=_moment)
_WAITS = OPEN & UNANSWERED

# --- the pace ------------------------------------------------------------------------------------------

_since = bindparam("since", type_=_moment)
_ANSWERED_CASES = (
    select(tickets.c.asked_at, tickets.c.first_answer_at.label("answered_at"), tickets.c.agent)
    .where(is_(tickets.c.server), ANSWERED, tickets.c.first_answer_at >= _since)
    .order_by(tickets.c.first_answer_at.desc())
    .limit(MOST_CASES)
)
_OTHER_CASES = (
    select(tickets.c.asked_at, tickets.c.closed_at.label("answered_at"), null().label("agent"))
    .where(is_(tickets.c.server), UNANSWERED, tickets.c.asked_at >= _since)
    .order_by(tickets.c.asked_at.desc())
    .limit(MOST_CASES)
)
_BEING_ANSWERED = (
    select(func.count())
    .select_from(tickets)
    .where(is_(tickets.c.server), CLAIMED, UNANSWERED, tickets.c.claimed_at.is_not(None))
)
"""That a claimed ticket was claimed at some time leads SQLite to the index of these, and past all who wait."""


async def cases(tx: Transaction, server: str, now: datetime) -> list[Case]:
    """The requests of the last weeks, from which the pace is measured: answered, ended without an answer, or open."""
    rows = [await tx.rows(query, server=server, since=now - HISTORY) for query in (_ANSWERED_CASES, _OTHER_CASES)]
    return [Case(**row) for row in chain(*rows)]


async def being_answered(tx: Transaction, server: str) -> int:
    """How many tickets agents have claimed and not yet answered."""
    count: int = await tx.value(_BEING_ANSWERED, server=server)
    return count


# --- what is due ---------------------------------------------------------------------------------------

_WAKING = (
    select(tickets.c.server, tickets.c.number)
    .where(WAKES, tickets.c.wake_at <= _now)
    .order_by(tickets.c.wake_at)
    .limit(bindparam("most"))
)
_PUT_OFF = update(tickets).where(is_(tickets.c.server, tickets.c.number)).values(wake_at=bindparam("at", type_=_moment))
_NEXT_WAKE = select(func.min(tickets.c.wake_at, type_=_moment).label("at")).where(WAKES)
_LISTENS = TELLS_AGENTS & servers.c.left_at.is_(None)
_NEXT_TELLING = select(func.min(servers.c.tell_agents_at, type_=_moment).label("at")).where(_LISTENS)
_HERE = select(servers.c.id).where(servers.c.left_at.is_(None))
_HELD = select(tickets.c.server, tickets.c.agent).where(CLAIMED, tickets.c.server.in_(_HERE)).distinct()


async def waking(tx: Transaction, now: datetime, most: int) -> list[tuple[str, int]]:
    """(server, number) of tickets that need us by now, the longest due first."""
    return [(row["server"], row["number"]) for row in await tx.rows(_WAKING, now=now, most=most)]


async def put_off(tx: Transaction, server: str, number: int, at: datetime | None) -> None:
    """Look at a ticket again then; None: when something happens."""
    await tx.run(_PUT_OFF, server=server, number=number, at=at)


async def next_due(tx: Transaction) -> datetime | None:
    """When something is due next; None while nothing is."""
    moments = [await tx.value(query) for query in (_NEXT_WAKE, _NEXT_TELLING)]
    return min((at for at in moments if at is not None), default=None)


async def holders(tx: Transaction) -> list[tuple[str, str]]:
    """(server, agent) of all who have claimed something."""
    return [(row["server"], row["agent"]) for row in await tx.rows(_HELD)]


# --- what the agents are told --------------------------------------------------------------------------

_TO_TELL = select(servers.c.id).where(_LISTENS, servers.c.tell_agents_at <= _now)
_TOLD_AT = select(servers.c.agents_told_at).where(is_(servers.c.id))
_TELL_BY = (
    update(servers)
    .where(is_(servers.c.id), servers.c.left_at.is_(None))
    .where(or_(servers.c.tell_agents_at.is_(None), servers.c.tell_agents_at > bindparam("at", type_=_moment)))
    .values(tell_agents_at=bindparam("at", type_=_moment))
)
_AGENTS_TOLD = (
    update(servers)
    .where(is_(servers.c.id), servers.c.tell_agents_at <= _now)
    .values(agents_told_at=bindparam("told_at", type_=_moment), tell_agents_at=None)
)
_LAST_NOTICED = select(func.max(tickets.c.noticed_at, type_=_moment).label("at")).where(is_(tickets.c.server), _WAITS)
_NEWLY_NOTICED = and_(
    is_(tickets.c.server), _WAITS, tickets.c.noticed_at > func.coalesce(bindparam("since", type_=_moment), 0)
)
_NOTICED_COUNTS = select(tickets.c.notice, func.count().label("count")).where(_NEWLY_NOTICED).group_by(tickets.c.notice)
_IN_LINE = tickets.c.place_order, tickets.c.number
_NOTICED = select(tickets).where(_NEWLY_NOTICED, is_(tickets.c.notice)).order_by(*_IN_LINE).limit(bindparam("most"))


async def servers_to_tell(tx: Transaction, now: datetime) -> Sequence[str]:
    """The servers whose agents are to be told of late tickets by now."""
    return [row["id"] for row in await tx.rows(_TO_TELL, now=now)]


async def agents_told_at(tx: Transaction, server: str) -> datetime | None:
    """When the agents were last told."""
    told: datetime | None = await tx.value(_TOLD_AT, id=server)
    return told


async def tell_agents_by(tx: Transaction, server: str, at: datetime) -> None:
    """The agents are to be told by then, or earlier if that was so already."""
    await tx.run(_TELL_BY, id=server, at=at)


async def agents_told(tx: Transaction, server: str, now: datetime) -> bool:
    """They are told now, of all that was noticed so far; False if another worker has just done so."""
    last_noticed: datetime | None = await tx.value(_LAST_NOTICED, server=server)
    told_at = max(now, last_noticed or now)  # a clock that was set back since must not tell it again
    return await tx.run(_AGENTS_TOLD, id=server, now=now, told_at=told_at) == 1


async def noticed_counts(tx: Transaction, server: str, since: datetime | None) -> dict[Notice, int]:
    """How many tickets without an answer have gone a step beyond the promise since then, by the step."""
    rows = await tx.rows(_NOTICED_COUNTS, server=server, since=since)
    return {Notice(row["notice"]): row["count"] for row in rows}


async def noticed(tx: Transaction, server: str, since: datetime | None, notice: Notice, most: int) -> list[Ticket]:
    """The first of them, in the order of the line."""
    return await some_tickets(tx, _NOTICED, server=server, since=since, notice=notice, most=most)


# --- who is left behind --------------------------------------------------------------------------------

_LATE = and_(is_(tickets.c.server), _WAITS, tickets.c.soft_due < _now)
_FORGOTTEN = or_(tickets.c.notice.is_(None), and_(tickets.c.hard_due < _now, tickets.c.notice != Notice.BROKEN))
_NOT_DELIVERED = exists().where(
    outbox.c.server == tickets.c.server,
    outbox.c.ticket == tickets.c.number,
    outbox.c.created_at >= tickets.c.soft_due,
    DEAD,
)
_TOLD = not_(or_(_FORGOTTEN, _NOT_DELIVERED))
_LATE_COUNTS = select(
    func.count().label("late"), func.coalesce(func.sum(case((_TOLD, 1), else_=0)), 0).label("told")
).where(_LATE)
_LATE_TICKETS = (
    select(tickets)
    .where(_LATE, case((_TOLD, 1), else_=0) == bindparam("told"))
    .order_by(*_IN_LINE)
    .limit(bindparam("most"))
)

_TO_SWEEP = select(servers.c.id).where(
    servers.c.left_at.is_(None),
    or_(
        servers.c.swept_at.is_(None),
        servers.c.swept_at <= bindparam("before", type_=_moment),
        servers.c.swept_at > _now,  # by a clock that was wrong
    ),
)
_REMEMBER = update(tickets).where(_LATE, _FORGOTTEN).values(wake_at=_now)
_SWEPT = update(servers).where(is_(servers.c.id)).values(swept_at=_now, swept_behind=bindparam("behind"))
_LAST_SWEEP = select(servers.c.swept_at, servers.c.swept_behind).where(is_(servers.c.id))


async def servers_to_sweep(tx: Transaction, now: datetime, every: timedelta) -> Sequence[str]:
    """The servers whose last sweep is so long ago."""
    return [row["id"] for row in await tx.rows(_TO_SWEEP, now=now, before=now - every)]


@dataclass(frozen=True, slots=True)
class Late:
    """How many tickets without an answer are past their promise, and how many of their customers know."""

    late: int
    told: int


async def late(tx: Transaction, server: str, now: datetime) -> Late:
    """How it stands with those who wait too long."""
    (row,) = await tx.rows(_LATE_COUNTS, server=server, now=now)
    return Late(**row)


async def late_tickets(tx: Transaction, server: str, now: datetime, *, told: bool, most: int) -> list[Ticket]:
    """The first of those who know, or who do not, in the order of the line."""
    return await some_tickets(tx, _LATE_TICKETS, server=server, now=now, told=int(told), most=most)


async def remember_forgotten(tx: Transaction, server: str, now: datetime) -> int:
    """Look at once at all tickets whose customers should have been told by now, and were not; how many."""
    return await tx.run(_REMEMBER, server=server, now=now)


async def swept(tx: Transaction, server: str, now: datetime, behind: int) -> None:
    """A sweep has found so many tickets left behind."""
    await tx.run(_SWEPT, id=server, now=now, behind=behind)


async def last_sweep(tx: Transaction, server: str) -> tuple[datetime, int] | None:
    """When the server was last swept, and how many were found left behind."""
    row: dict[str, Any] | None = await tx.row(_LAST_SWEEP, id=server)
    return None if row is None or row["swept_at"] is None else (row["swept_at"], row["swept_behind"])
