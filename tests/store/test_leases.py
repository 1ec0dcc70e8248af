"""What one worker at a time has for itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.store import leases
from bot.store.database import Database

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SPAN = timedelta(seconds=10)
OURS, THEIRS = 1, 2**61


async def take(database: Database, worker: int, now: datetime, name: str = "shard/0") -> bool:
    return await database.transaction(lambda tx: leases.take(tx, name, worker, now, now + SPAN))


async def test_one_worker_has_it_until_its_time_is_over(database: Database) -> None:
    assert await take(database, OURS, NOW)
    assert not await take(database, THEIRS, NOW + SPAN / 2)
    assert await take(database, OURS, NOW + SPAN / 2)
    assert not await take(database, THEIRS, NOW + SPAN)
    assert await take(database, THEIRS, NOW + 2 * SPAN)
    assert not await take(database, OURS, NOW + 2 * SPAN)


async def test_what_is_given_back_is_free_at_once(database: Database) -> None:
    assert await take(database, OURS, NOW)
    assert await take(database, OURS, NOW, "other/0")
    await database.transaction(lambda tx: leases.give_back(tx, "shard/0", THEIRS))
    assert not await take(database, THEIRS, NOW)
    await database.transaction(lambda tx: leases.give_back(tx, "shard/0", OURS))
    assert await take(database, THEIRS, NOW)
