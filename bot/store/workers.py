"""Workers that serve one database know of each other by what they write down every few seconds."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select

from bot.store.database import Transaction
from bot.store.leases import give_back, take
from bot.store.tables import leases

SHOW_EVERY = timedelta(seconds=2)
"""How often a worker shows that it is alive."""
DEAD_AFTER = timedelta(seconds=8)
"""Who has not shown themselves for so long is taken for dead; the clocks of machines differ by less."""

_WORKER = "worker/"
_moment = leases.c.until.type
_is_worker = leases.c.name.startswith(_WORKER)
_BURY = delete(leases).where(_is_worker, leases.c.until < bindparam("before", type_=_moment))
WORKERS_ALIVE = select(leases.c.worker).where(_is_worker, leases.c.until > bindparam("now", type_=_moment))


def new_worker() -> int:
    """A number for a worker that no other one has."""
    return secrets.randbits(62)


async def show_alive(tx: Transaction, worker: int, now: datetime) -> None:
    """Be there for the others."""
    await take(tx, f"{_WORKER}{worker}", worker, now, now + DEAD_AFTER)
    await tx.run(_BURY, before=now - DEAD_AFTER)


async def show_gone(tx: Transaction, worker: int) -> None:
    """Be there no more; the others need not wait until they miss us."""
    await give_back(tx, f"{_WORKER}{worker}", worker)
