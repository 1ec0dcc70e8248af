"""The outbox: order per lane, and what becomes of an effect that does not work at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any, TypeVar

import pytest
from sqlalchemy import Executable, insert, select, update
from sqlalchemy import text as sql_text

from bot.model import Done, Later, Never, OpenThread, Outcome, Say
from bot.store import queries
from bot.store.database import Database, Transaction
from bot.store.engines import file_of, open_database
from bot.store.outbox import (
    BOARD,
    BOARD_DELAY,
    GIVE_UP_AFTER,
    KEEP_DONE,
    LEASE,
    MEANWHILE_AFTER,
    Outbox,
    back_off,
    dead_letter_count,
    dead_letters,
    forget_ended,
    owe,
    owe_nothing,
    revive,
)
from bot.store.tables import outbox, tickets
from tests.doubles.locked_file import locked
from tests.doubles.post_office import SERVER, START, LosingAnswers, PostOffice, saying, until, words_of

T = TypeVar("T")

WITH_MEANWHILE = OpenThread(
    server=SERVER, channel="support", message="m1", name="help", meanwhile=saying("meanwhile").content
)
STATES = select(outbox.c.state).order_by(outbox.c.id)
BREAK = update(outbox).where(outbox.c.id == 1).values(effect='{"kind": "dance"}')
A_TICKET = insert(tickets).values(
    server=SERVER, number=1, state="waiting", customer="emma", customer_name="Emma", language="en", channel="support",
    message=None, thread=None, lane="ticket-1", text="help", text_order=1, added="",
    category=None, ruling=None, policy_version="1", place_order=1,
    opened_at=START, asked_at=START, soft_due=START, hard_due=START,
)  # fmt: skip


async def states(office: PostOffice) -> list[str]:
    rows = await office.database.transaction(lambda tx: tx.rows(STATES))
    return [row["state"] for row in rows]


async def letters(office: PostOffice) -> list[dict[str, object]]:
    return await office.database.transaction(dead_letters)


async def test_a_lane_keeps_its_order(office: PostOffice) -> None:
    for words in ("one", "two", "three"):
        await office.owe(words)
    await office.deliver()
    assert office.chat.said == ["one", "two", "three"]
    assert await states(office) == ["done"] * 3


async def test_nothing_is_said_twice(office: PostOffice) -> None:
    await office.owe("one")
    await office.deliver_all()
    assert len(office.chat.tries) == 1


async def test_what_fails_holds_up_its_own_lane_only(office: PostOffice) -> None:
    office.chat.mood = lambda effect: Later("full") if effect.channel == "support" else Done()
    await office.owe("a1", "a")
    await office.owe("a2", "a")
    await office.owe("b1", "b", channel="help")
    await office.owe("b2", "b", channel="help")
    await office.deliver()
    assert office.chat.said == ["b1", "b2"]
    office.chat.mood = lambda _: Done()
    await office.deliver_all()
    assert office.chat.said == ["b1", "b2", "a1", "a2"]


async def test_a_slow_conversation_does_not_hold_up_the_others(office: PostOffice) -> None:
    slow = office.chat.slow["support"] = asyncio.Event()
    await office.owe("slow", "a")
    await office.owe("after it", "a")
    for words in ("quick 1", "quick 2"):
        await office.owe(words, "b", channel="help")
    running = asyncio.create_task(office.outbox.run())
    await until(lambda: office.chat.said == ["quick 1", "quick 2"])
    slow.set()
    await until(lambda: len(office.chat.said) == 4)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert office.chat.said[2:] == ["slow", "after it"]


async def test_it_waits_as_long_as_the_platform_says(office: PostOffice) -> None:
    office.chat.mood = lambda _: Later("throttled", timedelta(seconds=90))
    await office.owe("one")
    await office.deliver()
    office.pass_time(timedelta(seconds=89))
    await office.deliver()
    assert len(office.chat.tries) == 1
    office.pass_time(timedelta(seconds=1))
    await office.deliver()
    assert len(office.chat.tries) == 2


async def test_the_back_off_grows_and_has_an_end() -> None:
    waits = [back_off(attempts) for attempts in range(1, 60)]
    assert timedelta(seconds=1) <= waits[0] <= timedelta(seconds=2)
    assert all(earlier <= 2 * later for earlier, later in pairwise(waits))
    assert timedelta(seconds=300) <= waits[-1] <= max(waits) <= timedelta(seconds=345)


async def test_what_has_failed_together_is_not_tried_together() -> None:
    waits = sorted(back_off(20) for _ in range(1_000))
    assert max(later - earlier for earlier, later in pairwise(waits)) < timedelta(seconds=5)
    assert waits[0] < timedelta(seconds=305)
    assert waits[-1] > timedelta(seconds=340)


async def test_a_hopeless_effect_becomes_a_dead_letter_and_the_lane_goes_on(office: PostOffice) -> None:
    office.chat.mood = lambda effect: Never("gone") if words_of(effect) == "first" else Done()
    await office.owe("first")
    await office.owe("second")
    await office.deliver()
    assert office.chat.said == ["second"]
    assert await states(office) == ["dead", "done"]
    (letter,) = await letters(office)
    assert letter["error"] == "gone"
    assert await office.database.transaction(lambda tx: dead_letter_count(tx, SERVER)) == 1
    assert await office.database.transaction(lambda tx: dead_letter_count(tx, "moody:other")) == 0


async def test_endless_trouble_ends_as_a_dead_letter(office: PostOffice) -> None:
    office.chat.mood = lambda _: Later("down", timedelta(hours=1))
    await office.owe("one")
    while await states(office) != ["dead"]:
        await office.outbox.deliver_ready()
        office.pass_time(timedelta(hours=1))
    assert len(office.chat.tries) == GIVE_UP_AFTER / timedelta(hours=1) + 1


async def test_a_platform_that_throttles_for_minutes_kills_nothing(office: PostOffice) -> None:
    office.chat.mood = lambda _: Later("throttled", timedelta(seconds=1))
    await office.owe("one")
    for _ in range(500):
        await office.outbox.deliver_ready()
        office.pass_time(timedelta(seconds=1))
    assert await states(office) == ["leased"]


async def test_what_nobody_wants_any_more_is_no_dead_letter(office: PostOffice) -> None:
    office.chat.mood = lambda _: Never("the message was deleted", is_fault=False)
    await office.owe("one")
    await office.deliver()
    assert await states(office) == ["done"]


async def test_a_left_server_is_owed_nothing_and_the_others_everything(office: PostOffice) -> None:
    given_up = "given up"
    office.chat.mood = lambda effect: Never("no") if words_of(effect) == given_up else Later("down")
    await office.owe("tried already")
    await office.owe(given_up, "other lane")
    await office.deliver()
    await office.owe("behind it")
    await office.owe_board()
    await office.owe("of another", server="moody:other")
    office.chat.mood = lambda _: Done()
    await office.database.transaction(lambda tx: owe_nothing(tx, SERVER, "removed", office.now))
    await office.deliver_all()
    assert office.chat.said == ["of another"]
    assert await states(office) == ["done", "dead", "done", "done", "done"]
    # what is promised after it came back is kept, the board too
    await office.owe("welcome back")
    await office.owe_board()
    await office.deliver_all()
    assert office.chat.said == ["of another", "welcome back", "board 1"]


async def test_who_waits_for_a_thread_is_told_in_the_channel_once(office: PostOffice) -> None:
    moods: list[Outcome] = [Later("throttled", MEANWHILE_AFTER), Later("throttled", timedelta(hours=1)), Done()]
    office.chat.mood = lambda effect: moods.pop(0) if isinstance(effect, OpenThread) else Done()
    await office.database.transaction(lambda tx: owe(tx, "t", WITH_MEANWHILE, office.now))
    await office.owe("receipt", "t")
    await office.deliver_all()
    assert [effect for _, effect in office.chat.done] == [
        replace(saying("meanwhile"), answers="m1"),
        replace(WITH_MEANWHILE, meanwhile=None),
        saying("receipt"),
        saying("board 1", channel="agents"),  # which could not link to the thread before
    ]


async def test_who_is_told_in_the_channel_is_told_once_though_the_mark_may_have_got_lost(office: PostOffice) -> None:
    office.database = database = LosingAnswers(office.database)
    office.restart()
    office.chat.mood = lambda effect: Later("throttled", timedelta(hours=1)) if effect.kind == "open_thread" else Done()
    await office.database.transaction(lambda tx: owe(tx, "t", WITH_MEANWHILE, office.now))
    database.lost = 1
    await office.deliver()
    assert database.lost == 0
    assert office.chat.said == ["meanwhile"]


async def test_an_attempt_is_marked_once_though_the_mark_may_have_got_lost(office: PostOffice) -> None:
    office.database = database = LosingAnswers(office.database)
    office.restart()
    moods: list[Outcome] = [Later("down"), Later("put off", timedelta(seconds=5), is_untouched=True), Done()]
    office.chat.mood = lambda _: moods.pop(0)
    await office.owe("one")
    for _ in range(3):
        database.lost = 1
        await office.outbox.deliver_ready()
        office.pass_time(timedelta(seconds=10))
    assert office.chat.attempts == [1, 2, 2]


async def test_what_is_said_under_a_post_is_promised_once_though_the_mark_may_have_got_lost(office: PostOffice) -> None:
    office.database = database = LosingAnswers(office.database)
    office.restart()
    moods: list[Outcome] = [Done(message="b1"), Never("the message above is deleted", is_fault=False)]
    office.chat.mood = lambda _: moods.pop(0) if moods else Done(message="b2")
    await office.owe_board()
    office.pass_time(BOARD_DELAY)
    await office.deliver()
    under = replace(saying("under the board", "agents"), under=BOARD)
    await office.database.transaction(lambda tx: owe(tx, BOARD, under, office.now))
    database.lost = 1
    await office.deliver_all()
    assert office.chat.said == ["board 1", "board 2", "under the board"]


async def test_a_revived_letter_goes_on_with_its_attempts(office: PostOffice) -> None:
    """A chat that was asked before must look whether it has done it already."""
    office.chat.mood = lambda _: Never("no permission")
    await office.owe("one")
    await office.deliver()
    office.chat.mood = lambda _: Done()
    await office.database.transaction(lambda tx: revive(tx, 1, office.now))
    await office.deliver()
    assert office.chat.attempts == [1, 2]


@pytest.mark.parametrize(
    ("outcome", "is_told"),
    [
        (Later("throttled", MEANWHILE_AFTER - timedelta(seconds=1)), False),
        (Later("the line is down"), False),
        (Never("the message was deleted", is_fault=False), False),
        (Never("no permission"), True),
    ],
)
async def test_who_need_not_wait_or_is_not_there_is_not_told(
    office: PostOffice, outcome: Outcome, *, is_told: bool
) -> None:
    office.chat.mood = lambda effect: outcome if isinstance(effect, OpenThread) else Done()
    await office.database.transaction(lambda tx: owe(tx, "t", WITH_MEANWHILE, office.now))
    await office.deliver()
    assert office.chat.said == ["meanwhile"] * is_told


async def test_a_dead_letter_can_be_sent_again(office: PostOffice) -> None:
    office.chat.mood = lambda _: Never("no permission")
    await office.owe("one")
    await office.deliver()
    office.chat.mood = lambda _: Done()
    assert await office.database.transaction(lambda tx: revive(tx, 1, office.now))
    assert not await office.database.transaction(lambda tx: revive(tx, 1, office.now))
    assert not await office.database.transaction(lambda tx: revive(tx, 99, office.now))
    await office.deliver()
    assert office.chat.said == ["one"]
    assert office.chat.tries[0][0] == office.chat.tries[1][0]
    assert await letters(office) == []


async def test_an_exception_of_the_chat_is_tried_again(office: PostOffice) -> None:
    office.chat.mood = lambda _: ZeroDivisionError("a bug of the adapter")
    await office.owe("one")
    await office.deliver()
    assert await states(office) == ["leased"]
    office.chat.mood = lambda _: Done()
    await office.deliver_all()
    assert office.chat.said == ["one"]


async def test_a_server_whose_chat_is_not_running_waits_for_it(office: PostOffice) -> None:
    await office.owe("one", server="elsewhere:shop")
    await office.owe("two")
    await office.deliver()
    assert office.chat.said == ["two"]
    assert await letters(office) == []
    both = {"moody": office.chat, "elsewhere": office.chat}
    later = office.now + timedelta(minutes=5)
    await Outbox(office.database, both, office.outbox._draw, lambda: later).deliver_ready()  # noqa: SLF001
    assert office.chat.said == ["two", "one"]


async def test_an_effect_that_cannot_be_read_is_given_up_and_stops_nobody(office: PostOffice) -> None:
    await office.owe("from another version", "a")
    await office.owe("after it", "a")
    await office.owe("other", "b")
    await office.database.transaction(lambda tx: tx.run(BREAK))
    await office.deliver()
    assert sorted(office.chat.said) == ["after it", "other"]
    assert await states(office) == ["dead", "done", "done"]


async def test_a_board_that_cannot_be_drawn_stops_nobody(office: PostOffice) -> None:
    async def broken(_: Transaction, server: str, __: str) -> Say | None:
        raise LookupError(server)

    await office.owe_board()
    await office.owe("other")
    office.pass_time(BOARD_DELAY)
    await Outbox(office.database, {"moody": office.chat}, broken, lambda: office.now).deliver_ready()
    assert office.chat.said == ["other"]


async def test_a_process_that_died_is_followed_by_the_same_nonce(office: PostOffice) -> None:
    await office.owe("one")
    await office.owe("two")
    office.chat.mood = lambda _: asyncio.CancelledError()
    await office.die_while_delivering()
    office.chat.mood = lambda _: Done()
    await office.deliver()
    assert office.chat.said == []
    office.pass_time(LEASE)
    await office.deliver()
    assert office.chat.said == ["one", "two"]
    nonces = [nonce for nonce, _ in office.chat.tries]
    assert nonces[0] == nonces[1] != nonces[2]


async def test_an_attempt_that_has_reached_nothing_does_not_count(office: PostOffice) -> None:
    put_off, unsure = Later("many calls", timedelta(seconds=5), is_untouched=True), Later("cut", timedelta(seconds=5))
    moods: list[Outcome] = [put_off, put_off, unsure, put_off, Done()]
    office.chat.mood = lambda _: moods.pop(0)
    await office.owe("one")
    while moods:
        assert await office.outbox.deliver_ready() == 1
        assert await office.outbox.deliver_ready() == 0, "it is not tried before its time"
        office.pass_time(timedelta(seconds=5))
    assert office.chat.attempts == [1, 1, 1, 2, 2]


async def test_a_lease_protects_who_is_still_at_it(office: PostOffice) -> None:
    slow = office.chat.slow["support"] = asyncio.Event()
    await office.owe("one")
    first = asyncio.create_task(office.outbox.deliver_ready())
    await until(lambda: office.chat.tries)
    office.restart()
    office.pass_time(LEASE - timedelta(seconds=1))
    assert await office.outbox.deliver_ready() == 0
    slow.set()
    await first
    assert len(office.chat.tries) == 1


async def test_the_thread_that_a_ticket_got_is_known_to_all_that_comes_after(office: PostOffice) -> None:
    opening = OpenThread(server=SERVER, channel="support", message=None, name="#1")

    async def promise(tx: Transaction) -> None:
        await tx.run(A_TICKET)
        await owe(tx, "ticket-1", opening, office.now, ticket=1)
        await owe(tx, "ticket-1", saying("receipt"), office.now, ticket=1)

    await office.database.transaction(promise)
    office.chat.mood = lambda effect: Done(thread="t77") if isinstance(effect, OpenThread) else Done(message="m78")
    await office.deliver()
    told = office.chat.done[1][1]
    assert isinstance(told, Say)
    assert told.thread == "t77"
    ticket = await office.database.transaction(lambda tx: queries.ticket_by_thread(tx, SERVER, "t77"))
    assert ticket is not None


async def test_a_ticket_whose_thread_never_opened_gets_dead_letters_and_no_words_in_the_channel(
    office: PostOffice,
) -> None:
    opening = OpenThread(server=SERVER, channel="support", message=None, name="#1")

    async def promise(tx: Transaction) -> None:
        await tx.run(A_TICKET)
        await owe(tx, "ticket-1", opening, office.now, ticket=1)
        await owe(tx, "ticket-1", saying("receipt"), office.now, ticket=1)

    await office.database.transaction(promise)
    office.chat.mood = lambda effect: Never("gone") if isinstance(effect, OpenThread) else Done()
    await office.deliver()
    assert office.chat.done == []
    assert await states(office) == ["dead", "dead"]


async def test_many_changes_make_one_drawing_of_the_board(office: PostOffice) -> None:
    for _ in range(20):
        await office.owe_board()
    await office.deliver()
    assert office.drawn == 0
    office.pass_time(BOARD_DELAY)
    await office.deliver_all()
    assert office.drawn == 1


async def test_the_board_is_posted_once_and_edited_after_that(office: PostOffice) -> None:
    office.chat.mood = lambda _: Done(message="b1")
    for _ in range(3):
        await office.owe_board()
        office.pass_time(BOARD_DELAY)
        await office.deliver()
    replaced = [effect.replaces for _, effect in office.chat.done if isinstance(effect, Say)]
    assert replaced == [None, "b1", "b1"]


async def test_a_change_while_the_board_is_drawn_is_drawn_too(office: PostOffice) -> None:
    slow = office.chat.slow["agents"] = asyncio.Event()
    await office.owe_board()
    office.pass_time(BOARD_DELAY)
    drawing = asyncio.create_task(office.outbox.deliver_ready())
    await until(lambda: office.chat.tries)
    await office.owe_board()
    slow.set()
    await drawing
    await office.deliver_all()
    assert office.drawn == 2


async def test_what_was_done_long_ago_is_forgotten_and_nothing_else(office: PostOffice) -> None:
    await office.owe("old")
    await office.deliver()
    office.chat.mood = lambda _: Never("gone")
    await office.owe("dead")
    await office.deliver()
    await office.owe("owed", "other")
    office.pass_time(KEEP_DONE + timedelta(seconds=1))
    assert await office.database.transaction(lambda tx: forget_ended(tx, office.now, 10)) == 1
    assert await states(office) == ["dead", "pending"]


async def test_what_was_done_long_ago_is_forgotten_in_steps(office: PostOffice) -> None:
    for number in range(5):
        await office.owe("old", f"lane {number}")
    await office.deliver()
    office.pass_time(KEEP_DONE + timedelta(seconds=1))
    steps = [await office.database.transaction(lambda tx: forget_ended(tx, office.now, 2)) for _ in range(4)]
    assert steps == [2, 2, 1, 0]


async def test_trouble_with_the_database_does_not_end_deliveries(office: PostOffice, database_url: str) -> None:
    async def rename(old: str, new: str) -> None:
        async with open_database(database_url) as other:
            await other.transaction(lambda tx: tx.rows(sql_text(f"ALTER TABLE {old} RENAME TO {new}")))

    running = asyncio.create_task(office.outbox.run())
    await asyncio.sleep(0.02)
    await rename("outbox", "away")
    office.outbox.wake()
    await asyncio.sleep(0.05)
    await rename("away", "outbox")
    await office.owe("one")
    office.outbox.wake()
    await until(lambda: office.chat.said or running.done())
    assert office.chat.said == ["one"]
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_many_lanes_are_all_served(office: PostOffice) -> None:
    await asyncio.gather(*(office.owe(f"{number:03}", f"lane {number}") for number in range(100)))
    await office.deliver()
    assert sorted(office.chat.said) == [f"{number:03}" for number in range(100)]


class LooksSlowly(LosingAnswers):
    """A database that needs its time to find what is due, as with very many letters."""

    def __init__(self, database: Database, seconds: float) -> None:
        super().__init__(database)
        self._seconds = seconds
        self.ends: list[float] = []
        """When each look ended."""

    async def transaction(self, work: Callable[[Transaction], Awaitable[T]], server: str | None = None) -> T:
        """As ever, but for queries that find several rows."""

        async def slowly(tx: Transaction) -> T:
            find = tx.rows

            async def rows(clause: Executable, **values: Any) -> list[dict[str, Any]]:
                time.sleep(self._seconds)  # noqa: ASYNC251 (a use case may await nothing else)
                found = await find(clause, **values)
                self.ends.append(time.monotonic())
                return found

            vars(tx)["rows"] = rows
            return await work(tx)

        return await super().transaction(slowly, server)


async def no_board(_: Transaction, __: str, ___: str) -> None:
    """Nothing is drawn here."""


@pytest.mark.parametrize(("look", "rest"), [(0.05, 0.2), (0.4, 1)])
async def test_a_long_look_is_followed_by_a_rest(office: PostOffice, look: float, rest: float) -> None:
    slow = LooksSlowly(office.database, look)
    worker = Outbox(slow, {"moody": office.chat}, no_board, lambda: office.now)
    await office.owe("first")
    running = asyncio.create_task(worker.run())
    await until(lambda: office.chat.said == ["first"])
    first = slow.ends[-1]
    await office.owe("next")
    worker.wake()
    await until(lambda: office.chat.said == ["first", "next"])
    assert slow.ends[-1] - first >= rest + look
    running.cancel()
    await asyncio.wait([running])


async def test_a_server_whose_chat_hangs_does_not_hold_up_another(office: PostOffice) -> None:
    hangs = office.chat.slow["support"] = asyncio.Event()
    for number in range(100):
        await office.owe(f"hanging {number}", f"lane {number}")
    await office.owe("healthy", channel="help", server="moody:other")
    running = asyncio.create_task(office.outbox.run())
    await until(lambda: office.chat.said == ["healthy"])
    hangs.set()
    await until(lambda: len(office.chat.said) == 101)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_what_a_killed_process_had_on_its_way_is_tried_at_once(office: PostOffice) -> None:
    office.chat.slow["support"] = asyncio.Event()
    await office.owe("one")
    killed = asyncio.create_task(office.outbox.run())
    await until(lambda: len(office.chat.tries) == 1)
    killed.cancel()
    with suppress(asyncio.CancelledError):
        await killed
    office.chat.slow.clear()
    office.restart()
    running = asyncio.create_task(office.outbox.run())
    await until(lambda: office.chat.said == ["one"])
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_dead_board_is_drawn_anew_also_beside_a_new_one(office: PostOffice) -> None:
    office.chat.mood = lambda _: Never("no permission")
    await office.owe_board()
    office.pass_time(BOARD_DELAY)
    await office.deliver()
    assert await states(office) == ["dead"]
    office.chat.mood = lambda _: Done()
    await office.owe_board()
    assert await office.database.transaction(lambda tx: revive(tx, 1, office.now))
    office.pass_time(BOARD_DELAY)
    await office.deliver()
    assert await states(office) == ["done", "done"]


@pytest.mark.sqlite
async def test_a_file_that_is_locked_at_the_start_does_not_end_the_outbox(
    office: PostOffice, database_url: str
) -> None:
    await office.owe("one")
    file = file_of(database_url)
    assert file is not None
    async with locked(file):
        running = asyncio.create_task(office.outbox.run())
        await asyncio.sleep(2.7)  # the file's own patience ends after 2.5 seconds
    office.outbox.wake()
    await until(lambda: office.chat.said == ["one"])
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
