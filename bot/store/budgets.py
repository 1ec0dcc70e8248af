"""Limits that all workers share: buckets that fill up by themselves, and from which each takes what it is about to use.

The row's lock decides who takes first, the database computes, and the workers' clocks tell how much has come in since.
Where a clock is ahead of another, that much time is counted at once: with 100 ms, a tenth of a second's rate more may
be taken in one second, and never more than that, however often the two take turns.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Float, bindparam, case, cast, select
from sqlalchemy.dialects.postgresql import insert

from bot.store.database import Transaction
from bot.store.queries import is_
from bot.store.tables import budgets

_FAR_AHEAD = timedelta(seconds=10)
"""Who took in a future as far as this had a wrong clock: then all begin anew, and nobody waits until it is right."""
_SHORTEST_WAIT = timedelta(milliseconds=1)

_of = budgets.c
_now, _most, _rate = bindparam("now", type_=_of.at.type), bindparam("most", type_=Float), bindparam("rate", type_=Float)
_count = bindparam("count", type_=Float)
_far_ahead = bindparam("far_ahead", type_=_of.at.type)
_seconds = cast(_now.op("-")(_of.at), Float) / 1_000_000
_filled = case((_of.at > _far_ahead, _most), (_of.at > _now, _of.tokens), else_=_of.tokens + _seconds * _rate)
_there_is = case((_filled > _most, _most), else_=_filled)
_as_of = case((_of.at.between(_now, _far_ahead), _of.at), else_=_now)
_TAKE = (
    insert(budgets)
    .values(name=bindparam("name"), tokens=_most - _count, at=_now)
    .on_conflict_do_update(
        index_elements=[_of.name], set_={"tokens": _there_is - _count, "at": _as_of}, where=_there_is >= _count
    )
)
_THERE_IS = select(_there_is.label("tokens")).where(is_(_of.name))


async def take(tx: Transaction, name: str, rate: float, most: float, now: datetime, count: int = 1) -> timedelta:
    """Take `count` of what comes in at `rate` a second and is never more than `most`.

    Zero: they are ours. Else nothing was taken, and this is how long to wait before asking again.
    """
    values = {"name": name, "rate": rate, "most": most, "now": now, "far_ahead": now + _FAR_AHEAD}
    if await tx.run(_TAKE, count=count, **values):
        return timedelta(0)
    missing = count - await tx.value(_THERE_IS, **values)
    return max(timedelta(seconds=missing / rate), _SHORTEST_WAIT)
