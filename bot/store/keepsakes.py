"""What the chats keep with us, to know it again after a restart. We do not look into it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from bot.store.database import Transaction
from bot.store.queries import given, is_
from bot.store.tables import keepsakes, servers

_of = keepsakes.c
_KEPT = select(_of.words).where(is_(_of.server, _of.name))
_ALL = select(_of.server, _of.words).where(
    _of.server.startswith(bindparam("prefix", type_=_of.server.type), autoescape=False), is_(_of.name)
)
_KEEP = (
    insert(keepsakes)
    .values(given(keepsakes))
    .on_conflict_do_update(
        index_elements=[_of.server, _of.name],
        set_={"words": bindparam("words"), "at": bindparam("at", type_=_of.at.type)},
    )
)
_FORGET = delete(keepsakes).where(
    _of.server.not_in(select(servers.c.id)), _of.at < bindparam("before", type_=_of.at.type)
)
_DROP = delete(keepsakes).where(is_(_of.server, _of.name))


async def kept(tx: Transaction, server: str, name: str) -> str | None:
    """What is kept of a server under this name."""
    words: str | None = await tx.value(_KEPT, server=server, name=name)
    return words


async def all_kept(tx: Transaction, prefix: str, name: str) -> Mapping[str, str]:
    """The same of all servers of a platform, by server."""
    return {row["server"]: row["words"] for row in await tx.rows(_ALL, prefix=f"{prefix}:", name=name)}


async def keep(tx: Transaction, server: str, name: str, words: str, now: datetime) -> None:
    """Keep it, in the place of what was kept before."""
    await tx.run(_KEEP, server=server, name=name, words=words, at=now)


async def forget_strangers(tx: Transaction, before: datetime) -> None:
    """Drop what was kept for something that did not come to pass, such as an installation that was broken off."""
    await tx.run(_FORGET, before=before)


async def drop(tx: Transaction, server: str, name: str) -> bool:
    """Keep it no longer; whether it was there."""
    return await tx.run(_DROP, server=server, name=name) == 1
