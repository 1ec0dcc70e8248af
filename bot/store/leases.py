"""What one worker at a time has for itself: until it gives it back, or does not renew it in time.

Who has something must know by itself when its time is over, and stop a while before: the clocks of workers differ.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, bindparam, delete, or_
from sqlalchemy.dialects.postgresql import insert

from bot.store.database import Transaction
from bot.store.queries import given, is_
from bot.store.tables import leases

_of = leases.c
_now = bindparam("now", type_=_of.until.type)
_us = bindparam("worker", type_=BigInteger)
_TAKE = (
    insert(leases)
    .values(given(leases))
    .on_conflict_do_update(
        index_elements=[_of.name],
        set_={"worker": _us, "until": bindparam("until", type_=_of.until.type)},
        where=or_(_of.until <= _now, _of.worker == _us),
    )
)
_GIVE_BACK = delete(leases).where(is_(_of.name, _of.worker))


async def take(tx: Transaction, name: str, worker: int, now: datetime, until: datetime) -> bool:
    """Have it until then, if nobody else has it now; who has it already has it for longer."""
    return await tx.run(_TAKE, name=name, worker=worker, now=now, until=until) == 1


async def give_back(tx: Transaction, name: str, worker: int) -> None:
    """Let others have it; what somebody else has stays theirs."""
    await tx.run(_GIVE_BACK, name=name, worker=worker)
