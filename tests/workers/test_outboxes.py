"""Several workers deliver from one database: each letter once, each conversation in its order, whoever dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from datetime import timedelta

import pytest

from bot.model import Done, Later, Say
from bot.store import queries
from bot.store.database import Transaction
from bot.store.engines import open_database
from bot.store.outbox import LEASE, Outbox, dead_letters, owe_drawing
from bot.store.workers import DEAD_AFTER
from tests.doubles.post_office import SERVER, MoodyChat, PostOffice, until

pytestmark = pytest.mark.postgres
WORKERS = 4
LANES, LETTERS = 20, 15


@pytest.fixture
async def offices(database_url: str) -> AsyncIterator[list[PostOffice]]:
    """Several processes that share a database, and send to one platform."""
    async with AsyncExitStack() as doors:
        databases = [await doors.enter_async_context(open_database(database_url)) for _ in range(WORKERS)]
        offices = [PostOffice(database) for database in databases]
        for office in offices[1:]:
            office.chat = offices[0].chat
            office.restart()
        yield offices


async def stop(*running: asyncio.Task[None]) -> None:
    for task in running:
        task.cancel()
    for task in running:
        with suppress(asyncio.CancelledError):
            await task


async def test_each_letter_is_sent_once_and_each_conversation_in_its_order(offices: list[PostOffice]) -> None:
    for number in range(LETTERS):
        await asyncio.gather(*(offices[0].owe(f"{lane} {number}", f"lane {lane}") for lane in range(LANES)))
    running = [asyncio.create_task(office.outbox.run()) for office in offices]
    chat = offices[0].chat
    await until(lambda: len(chat.said) >= LANES * LETTERS)
    await asyncio.sleep(0.2)
    await stop(*running)
    assert len(chat.tries) == LANES * LETTERS
    for lane in range(LANES):
        assert [words for words in chat.said if words.startswith(f"{lane} ")] == [f"{lane} {n}" for n in range(LETTERS)]


async def test_what_a_dead_worker_had_on_its_way_is_sent_by_another(offices: list[PostOffice]) -> None:
    dead, alive, *_ = offices
    dead.chat.slow["support"] = asyncio.Event()
    await dead.owe("one")
    dying = asyncio.create_task(dead.outbox.deliver_ready())  # and it will never come to its end
    await until(lambda: len(dead.chat.tries) == 1)
    dead.chat.slow.clear()
    assert await alive.outbox.deliver_ready() == 0
    running = asyncio.create_task(alive.outbox.run())
    await until(lambda: alive.chat.said == ["one"])
    assert DEAD_AFTER + timedelta(seconds=2) < LEASE / 4
    await stop(running)
    dying.cancel()
    assert len({nonce for nonce, _ in alive.chat.tries}) == 1


async def test_what_a_living_worker_has_on_its_way_is_left_to_it(offices: list[PostOffice]) -> None:
    slow, other, *_ = offices
    gate = slow.chat.slow["support"] = asyncio.Event()
    await slow.owe("one")
    running = asyncio.create_task(slow.outbox.run())
    await until(lambda: len(slow.chat.tries) == 1)
    beside = asyncio.create_task(other.outbox.run())
    await asyncio.sleep(0.3)
    assert len(slow.chat.tries) == 1
    gate.set()
    await until(lambda: slow.chat.said == ["one"])
    await stop(running, beside)


async def test_a_stopping_worker_ends_what_it_has_begun(offices: list[PostOffice]) -> None:
    office, other, *_ = offices
    gate = office.chat.slow["support"] = asyncio.Event()
    await office.owe("one")
    running = asyncio.create_task(office.outbox.run())
    await until(lambda: len(office.chat.tries) == 1)
    running.cancel()
    await asyncio.sleep(0.05)
    gate.set()
    await stop(running)
    assert office.chat.said == ["one"]
    assert await other.outbox.deliver_ready() == 0


async def test_a_stopping_worker_hands_back_what_does_not_end(offices: list[PostOffice]) -> None:
    office, other, *_ = offices
    office.chat.slow["support"] = asyncio.Event()
    await office.owe("one")
    running = asyncio.create_task(office.outbox.run())
    await until(lambda: len(office.chat.tries) == 1)
    await stop(running)
    office.chat.slow.clear()
    assert await other.outbox.deliver_ready() == 1
    assert office.chat.said == ["one"]


async def test_a_board_that_is_drawn_while_something_changes_is_drawn_again(offices: list[PostOffice]) -> None:
    """A promise that comes while another worker draws is no promise of what that one has drawn."""
    one, other, *_ = offices
    drawing, goes_on = asyncio.Event(), asyncio.Event()
    draw = one.draw_slowly(drawing, goes_on)
    await one.owe_board()
    one.pass_time(timedelta(seconds=2))
    other.now = one.now
    delivering = asyncio.create_task(draw.deliver_ready())
    await asyncio.wait_for(drawing.wait(), 5)
    promising = asyncio.create_task(other.owe_board())
    await asyncio.sleep(0.1)
    goes_on.set()
    await asyncio.gather(delivering, promising)
    other.pass_time(timedelta(seconds=2))
    assert await other.outbox.deliver_ready() == 1, "what was promised meanwhile is another drawing"


async def test_letters_for_another_worker_do_not_hide_ours(offices: list[PostOffice]) -> None:
    """Where workers have shared the servers out, each delivers to its own."""
    ours, theirs, *_ = offices
    theirs.chat = MoodyChat()
    theirs.restart()
    for number in range(2 * 32):
        await ours.owe(f"theirs {number}", f"lane {number}", server=f"moody:theirs{number}")
        ours.chat.not_served.add(f"moody:theirs{number}")
    await ours.owe("ours", server="moody:ours")
    await ours.deliver()
    assert ours.chat.said == ["ours"]
    await theirs.deliver()
    assert len(theirs.chat.said) == 2 * 32


async def test_a_clock_that_is_a_little_behind_does_not_take_what_another_has(offices: list[PostOffice]) -> None:
    ahead, behind, *_ = offices
    ahead.pass_time(timedelta(seconds=1))
    gate = ahead.chat.slow["support"] = asyncio.Event()
    await behind.owe("one")
    delivering = asyncio.create_task(ahead.outbox.deliver_ready())
    await until(lambda: len(ahead.chat.tries) == 1)
    assert await behind.outbox.deliver_ready() == 0
    gate.set()
    await delivering
    assert ahead.chat.said == ["one"]


async def test_a_letter_that_another_worker_has_tried_meanwhile_is_not_tried_before_its_time(
    offices: list[PostOffice],
) -> None:
    """Its attempt would pass for the first one, so nobody would look whether it has arrived already."""
    slow, quick, *_ = offices
    drawing, goes_on = asyncio.Event(), asyncio.Event()
    drawer = slow.draw_slowly(drawing, goes_on)
    await slow.owe_board()
    for office in offices:
        office.pass_time(timedelta(seconds=2))
    await slow.owe("hello", "other")
    leasing = asyncio.create_task(drawer.deliver_ready())
    await asyncio.wait_for(drawing.wait(), 5)
    quick.chat.mood = lambda _: Later("who knows whether it arrived", timedelta(minutes=10))
    assert await quick.outbox.deliver_ready() == 1
    quick.chat.mood = lambda _: Done()
    goes_on.set()
    await leasing
    assert quick.chat.said == ["board 1"]
    quick.pass_time(timedelta(minutes=11))
    await quick.deliver()
    assert (quick.chat.said[-1], quick.chat.attempts[-1]) == ("hello", 2)


async def test_a_drawing_that_the_database_refuses_does_not_stop_the_others(offices: list[PostOffice]) -> None:
    office = offices[0]

    async def draw(tx: Transaction, server: str, post: str) -> Say | None:
        await queries.ticket_by_number(tx, f"{server}{post}\x00", 1)
        return None

    outbox = Outbox(office.database, {"moody": office.chat}, draw, lambda: office.now)
    await office.owe_board()
    await office.owe("to somebody else", server="moody:other")
    office.pass_time(timedelta(seconds=5))
    assert await outbox.deliver_ready() == 1
    assert office.chat.said == ["to somebody else"]
    (dead,) = await office.database.transaction(dead_letters)
    assert (dead["server"], dead["error"]) == (SERVER, "cannot be read: CharacterNotInRepertoireError")


async def test_a_thousand_letters_for_another_worker_do_not_hide_ours(offices: list[PostOffice]) -> None:
    ours, theirs, *_ = offices
    ours.chat.not_served = {f"moody:theirs{number}" for number in range(1_100)}

    async def owe_theirs(tx: Transaction) -> None:
        for server in ours.chat.not_served:
            await owe_drawing(tx, server, "policy/rules", "policy-1", ours.now)

    await theirs.database.transaction(owe_theirs)
    ours.pass_time(timedelta(seconds=1))
    await ours.owe("ours", server="moody:ours")
    assert await ours.outbox.deliver_ready() == 1
    assert ours.chat.said == ["ours"]
