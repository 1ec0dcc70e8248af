"""Limits that all workers share."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from random import Random

from bot.desk.desk import utc_now
from bot.store import budgets
from bot.store.database import Database
from tests.doubles.counting import fullest_second

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
RATE, MOST = 40.0, 5
NO_TIME, DAY = timedelta(0), timedelta(days=1)


async def take(database: Database, now: datetime, count: int = 1, name: str = "calls") -> timedelta:
    return await database.transaction(lambda tx: budgets.take(tx, name, RATE, MOST, now, count))


async def test_what_is_used_up_comes_in_again_with_time(database: Database) -> None:
    assert await take(database, NOW, 5) == NO_TIME
    assert await take(database, NOW, 1) == timedelta(seconds=1 / RATE)
    assert await take(database, NOW, 4) == timedelta(seconds=4 / RATE)
    assert await take(database, NOW, 5, "identify") == NO_TIME
    later = NOW + timedelta(seconds=4 / RATE)
    assert await take(database, later, 5) == timedelta(seconds=1 / RATE)
    assert await take(database, later, 4) == NO_TIME
    assert await take(database, NOW + DAY, 5) == NO_TIME
    assert await take(database, NOW + DAY, 1) > NO_TIME


async def test_after_the_wait_it_is_there(database: Database) -> None:
    now, random = NOW, Random(7)  # noqa: S311 (numbers for a test)
    for _ in range(100):
        count = random.randint(1, MOST)
        wait = await take(database, now, count)
        if wait:
            now += wait + timedelta(microseconds=1)  # half of one may be rounded off
            assert await take(database, now, count) == NO_TIME


async def test_a_clock_that_was_a_day_ahead_keeps_nobody_waiting(database: Database) -> None:
    assert await take(database, NOW + DAY, 5) == NO_TIME
    assert await take(database, NOW, 5) == NO_TIME
    assert await take(database, NOW, 5) == timedelta(seconds=5 / RATE)


async def test_clocks_that_differ_by_a_tenth_of_a_second_cost_a_tenth_of_a_seconds_rate(database: Database) -> None:
    """The rush is played, moment by moment; half of those who take have a clock that is ahead."""
    random, ahead = Random(7), timedelta(seconds=0.1)  # noqa: S311 (numbers for a test)
    taken: list[float] = []
    for milliseconds in range(0, 4_000, 5):
        moment, count = timedelta(milliseconds=milliseconds), random.randint(1, MOST)
        if not await take(database, NOW + moment + random.choice((NO_TIME, ahead)), count):
            taken += [moment.total_seconds()] * count
    assert len(taken) > 3.9 * RATE
    assert RATE <= fullest_second(taken) <= MOST + RATE * 1.1


async def test_those_who_take_at_the_same_time_take_no_more_together(database: Database) -> None:
    taken: list[float] = []
    end = time.monotonic() + 1.5

    async def rush(count: int) -> None:
        while time.monotonic() < end:
            wait = await take(database, utc_now(), count)
            if not wait:
                taken.extend([time.monotonic()] * count)
            await asyncio.sleep(wait.total_seconds())

    await asyncio.gather(*(rush(count) for count in (1, 1, 2, 5, 5, 5)))
    assert len(taken) > RATE
    assert fullest_second(taken) <= MOST + RATE * 1.1  # noted only after the commit
