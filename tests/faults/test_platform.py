"""A platform is slow, or down for hours, or our clock jumps: the outbox holds, and catches up in order."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.model import Done, Later, Outcome
from bot.store.database import Transaction
from bot.store.outbox import LEASE, owe
from tests.doubles.post_office import SERVER, PostOffice, open_post_office, saying, until

LANES, LETTERS = 100, 500
DOWN = timedelta(hours=3)
STEP = timedelta(seconds=5)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


async def owe_all(office: PostOffice) -> None:
    """Five letters in each of a hundred conversations of ten servers."""

    async def promise(tx: Transaction) -> None:
        for number in range(LETTERS):
            lane = number % LANES
            effect = saying(f"{lane}/{number // LANES}", server=f"{SERVER}{lane % 10}")
            await owe(tx, f"lane {lane}", effect, office.now)

    await office.database.transaction(promise)


def in_order(said: list[str]) -> bool:
    """Whether each conversation reads its letters once, in the order in which they were owed."""
    by_lane: dict[str, list[int]] = {}
    for words in said:
        lane, _, number = words.partition("/")
        by_lane.setdefault(lane, []).append(int(number))
    return len(by_lane) == LANES and all(numbers == list(range(LETTERS // LANES)) for numbers in by_lane.values())


async def test_a_platform_that_was_down_for_hours_gets_everything_in_order_without_a_storm(database_url: str) -> None:
    async with open_post_office(database_url) as office:
        office.chat.mood = lambda _: Later("down")
        await owe_all(office)
        began, tries = office.now, Counter[int]()
        while office.now < began + DOWN:
            minute, before = (office.now - began) // MINUTE, len(office.chat.tries)
            await office.deliver()
            tries[minute] += len(office.chat.tries) - before
            office.pass_time(STEP if minute < 2 else MINUTE / 2)
        assert office.chat.done == []
        assert tries[0] <= 6 * LANES, "a conversation tries after 1, 2, 4, 8, ... seconds"
        later = [times for minute, times in tries.items() if minute >= 10]
        assert sum(later) <= LANES * (len(later) / 5 + 1), "then each conversation every five minutes, one letter"

        office.chat.mood = lambda _: Done()
        began, before = office.now, len(office.chat.tries)
        while len(office.chat.done) < LETTERS:
            await office.deliver()
            office.pass_time(STEP)
        assert office.now - began < 6 * MINUTE
        assert len(office.chat.tries) - before == LETTERS
        assert in_order(office.chat.said)


@pytest.mark.parametrize("outcome", [Later("slow down", timedelta(minutes=30)), OSError("no way there")])
async def test_what_the_platform_asks_for_is_kept_to(database_url: str, outcome: Outcome | BaseException) -> None:
    async with open_post_office(database_url) as office:
        office.chat.mood = lambda _: outcome
        await owe_all(office)
        with capture_logs():
            await office.deliver()
            await office.deliver()
        assert len(office.chat.tries) == LANES, "one of each conversation"


async def test_a_slow_platform_is_not_asked_more_at_once_than_is_fair(database_url: str) -> None:
    async with open_post_office(database_url) as office:
        under_way, most = 0, 0

        async def takes_its_time(*_: object) -> Done:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.01)
            under_way -= 1
            return Done()

        perform = office.chat.perform

        async def slowly(effect: object, nonce: str, attempt: int = 1) -> Outcome:
            await takes_its_time()
            return await perform(effect, nonce, attempt)  # type: ignore[arg-type]

        office.chat.perform = slowly  # type: ignore[method-assign]
        await owe_all(office)
        running = asyncio.create_task(office.outbox.run())
        await until(lambda: len(office.chat.done) == LETTERS)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        assert most <= 32
        assert in_order(office.chat.said)


async def test_letters_of_a_clock_that_was_a_day_ahead_do_not_wait_a_day(database_url: str) -> None:
    async with open_post_office(database_url) as office:
        office.pass_time(DAY)
        office.chat.mood = lambda _: Later("down")
        await office.owe("refused while it was ahead", "a")
        await office.deliver()
        await office.owe("owed while it was ahead", "b")
        office.chat.mood = lambda _: Done()
        office.pass_time(-DAY)
        await office.owe("owed afterwards", "c")
        for _ in range(int(timedelta(minutes=10) / STEP)):
            await office.deliver()
            office.pass_time(STEP)
        assert sorted(office.chat.said) == ["owed afterwards", "owed while it was ahead", "refused while it was ahead"]


async def test_leases_of_a_clock_that_was_a_day_ahead_do_not_wait_a_day(database_url: str) -> None:
    async with open_post_office(database_url) as office:
        office.pass_time(DAY)
        await office.owe("one")
        office.chat.mood = lambda _: asyncio.CancelledError()
        await office.die_while_delivering()
        office.chat.mood = lambda _: Done()
        office.pass_time(-DAY)
        for _ in range(int(timedelta(minutes=10) / STEP)):
            await office.deliver()
            office.pass_time(STEP)
        assert office.chat.said == ["one"]


async def test_a_clock_that_jumps_ahead_sends_nothing_twice(database_url: str) -> None:
    async with open_post_office(database_url) as office:
        hangs = office.chat.slow["support"] = asyncio.Event()
        await office.owe("one")
        delivering = asyncio.create_task(office.outbox.deliver_ready())
        await until(lambda: office.chat.tries)
        office.pass_time(LEASE / 2)
        assert await office.outbox.deliver_ready() == 0
        hangs.set()
        await delivering
        office.pass_time(DAY)
        await office.deliver()
        assert office.chat.said == ["one"]
