"""Servers that the bot was removed from are forgotten in the end, with all that was kept of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Delete, Table, bindparam, delete, select, tuple_

from bot.store.database import Transaction
from bot.store.tables import line_parts, metadata, servers

COMES_BACK = timedelta(days=30)
"""So long everything stays as it is, for a server that was left by mistake."""

_IS_OVER = servers.c.left_at < bindparam("before", type_=servers.c.left_at.type)
_LEFT = select(servers.c.id).where(_IS_OVER)
_IS_LEFT = select(servers.c.id).where(servers.c.id == bindparam("server"), _IS_OVER)


def _forget_some(table: Table) -> Delete:
    key = list(table.primary_key)
    some = select(*key).where(table.c.server == bindparam("server")).limit(bindparam("most"))
    return delete(table).where(tuple_(*key).in_(some))


_TABLES = [table for table in reversed(metadata.sorted_tables) if "server" in table.c and table is not line_parts]
_FORGET = [_forget_some(table) for table in _TABLES]
_FORGET_SERVER = delete(servers).where(servers.c.id == bindparam("server"))


async def left_before(tx: Transaction, before: datetime) -> Sequence[str]:
    """The servers that were left before this moment, and have not come back."""
    return [row["id"] for row in await tx.rows(_LEFT, before=before)]


async def forget_some(tx: Transaction, server: str, before: datetime, most: int) -> bool:
    """Delete at most so many rows of a server that was left before this moment; whether there may be more of them.

    The server itself goes last: if it comes back meanwhile, its settings and its numbers are still there.
    """
    if await tx.value(_IS_LEFT, server=server, before=before) is None:
        return False
    for statement in _FORGET:
        if await tx.run(statement, server=server, most=most):
            return True
    await tx.run(_FORGET_SERVER, server=server)
    return False
