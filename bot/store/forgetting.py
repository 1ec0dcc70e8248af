"""Servers that the bot was removed from are forgotten in the end, with all that was kept of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select

from bot.store.database import Transaction
from bot.store.tables import metadata, servers

COMES_BACK = timedelta(days=30)
"""So long everything stays as it is, for a server that was left by mistake."""

_LEFT = select(servers.c.id).where(servers.c.left_at < bindparam("before", type_=servers.c.left_at.type))
_FORGET = [
    delete(table).where(table.c.server == bindparam("server"))
    for table in reversed(metadata.sorted_tables)
    if "server" in table.c
]
_FORGET_SERVER = delete(servers).where(servers.c.id == bindparam("server"))


async def left_before(tx: Transaction, before: datetime) -> Sequence[str]:
    """The servers that were left before this moment, and have not come back."""
    return [row["id"] for row in await tx.rows(_LEFT, before=before)]


async def forget_server(tx: Transaction, server: str) -> None:
    """Delete every row of a server."""
    for statement in (*_FORGET, _FORGET_SERVER):
        await tx.run(statement, server=server)
