"""The promise is kept through all that goes wrong: broken rows, lost wake-ups, clocks, crashes, several workers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import text as sql_text

from bot.coverage.matcher import Matcher
from bot.desk.desk import Desk
from bot.model import Person, Reply, ServerLeft, ServerSettings, Text, Ticket, TicketState
from bot.rules.estimate import Estimate, Pace
from bot.store import promise_queries, queries
from bot.store.engines import open_database
from bot.store.outbox import LEASE
from tests.doubles.clockwork import digests, recorded, said
from tests.doubles.world import AYLIN, EMMA, MAREK, SETUP, START, TOM, World, open_world

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GATHERED = timedelta(minutes=2, seconds=1)
"""After so long the agents are told of the first late ticket, and of all that came with it."""
REQUEST = "the gallery crashes as soon as I open it since yesterday"
PROMISE = {"soft_hours": "24", "hard_hours": "48", "reminder_hours": "8", "nudge_days": "3", "close_days": "4"}
ROUND_THE_CLOCK = {"there": "clock"}


async def sql(world: World, statement: str) -> list[dict[str, Any]]:
    """What somebody else does to the database."""
    return await world.database.transaction(lambda tx: tx.rows(sql_text(statement)))


async def ticket(world: World, number: int) -> Ticket:
    found = await world.database.transaction(lambda tx: queries.ticket_by_number(tx, world.server, number))
    assert found is not None
    return found


async def told(world: World, span: timedelta) -> dict[tuple[int, str], int]:
    """Live so long, deliver, and see what the clock has said in all."""
    await world.live(span)
    await world.deliver()
    assert said(world) == await recorded(world)
    return dict(said(world))


async def walk_in(world: World, *names: str) -> None:
    for name in names:
        await world.post(Person(name, name, "en"), REQUEST)


def keys(reply: Reply | None) -> Sequence[str]:
    assert reply is not None
    assert reply.content is not None
    return [block.words.key for block in reply.content.blocks if isinstance(block.words, Text)]


# --- what goes wrong ---------------------------------------------------------------------------------------


async def test_a_ticket_that_cannot_be_read_stops_neither_the_others_nor_their_digest(world: World) -> None:
    await walk_in(world, "one", "two", "three")
    await sql(world, "UPDATE tickets SET language = 'xx' WHERE number = 2")
    assert await told(world, 25 * HOUR) == {(1, "late"): 1, (3, "late"): 1}
    await sql(world, "UPDATE tickets SET language = 'en' WHERE number = 2")
    assert await told(world, HOUR) == {(1, "late"): 1, (2, "late"): 1, (3, "late"): 1}
    assert digests(world) == [[1, 3], [2]]


async def test_a_server_that_cannot_be_told_stops_no_other(world: World) -> None:
    await walk_in(world, "one")
    first = world.server
    world.server = "paper:another"
    await world.send(MAREK, "setup", SETUP)
    await walk_in(world, "two")
    await sql(world, f"UPDATE servers SET settings = '{{' WHERE id = '{first}'")  # noqa: S608
    world.pass_time(25 * HOUR)
    for _ in range(2):
        await world.desk.keep_promises()
        world.pass_time(GATHERED)
    await world.deliver()
    assert digests(world) == [[1]]
    assert await world.database.transaction(lambda tx: promise_queries.agents_told_at(tx, first)) is None


async def test_a_lost_wake_up_is_shown_at_once_and_mended_by_the_daily_sweep(world: World) -> None:
    await walk_in(world, "one", "two")
    await sql(world, "UPDATE tickets SET wake_at = NULL WHERE number = 1")
    await told(world, 25 * HOUR)
    assert "behind-untold" in keys(await world.command(AYLIN, "/behind"))
    await told(world, 24 * HOUR)
    assert await told(world, HOUR) == {(1, "broken"): 1, (2, "late"): 1, (2, "broken"): 1}
    behind = keys(await world.command(AYLIN, "/behind"))
    assert "behind-untold" not in behind
    assert "behind-told" in behind
    sweep = await world.database.transaction(lambda tx: promise_queries.last_sweep(tx, world.server))
    assert sweep is not None
    assert sweep[1] == 1, "it is on record that somebody was left behind"


async def test_a_crash_between_commit_and_delivery_loses_nothing_and_says_nothing_twice(
    database_url: str, matcher: Matcher
) -> None:
    async with open_world(database_url, matcher) as world:
        await walk_in(world, "one")
        await world.deliver()
        world.pass_time(24 * HOUR)
        await world.desk.keep_promises()
        await world.outbox._lease(99)  # noqa: SLF001 (what was leased and not marked is what a killed process leaves)
        assert said(world) == {}
    async with open_world(database_url, matcher, before=world) as world:
        world.pass_time(LEASE)
        assert await told(world, HOUR) == {(1, "late"): 1}
        assert digests(world) == [[1]]


async def test_after_a_long_outage_the_customer_is_told_what_was_passed_over(world: World) -> None:
    await walk_in(world, "one")
    world.pass_time(40 * HOUR)  # beyond the soft end and the middle, within the hard end
    assert await told(world, HOUR) == {(1, "late"): 1}
    assert digests(world) == [[1]]
    assert await told(world, 7 * HOUR) == {(1, "late"): 1, (1, "broken"): 1}


# --- several workers, and their clocks ---------------------------------------------------------------------


async def test_several_workers_say_everything_once(world: World, matcher: Matcher) -> None:
    await walk_in(world, *map(str, range(8)))
    for name in "0123":
        await world.command(AYLIN, f"/claim {int(name) + 1} urgent")
    async with open_database(world.url) as one, open_database(world.url) as two:
        workers = [Desk(database, matcher, clock=lambda: world.now) for database in (one, two)]
        for worker in workers:
            worker.chat_of = world.desk.chat_of
            await worker.start()
        for _ in range(60):
            world.pass_time(HOUR)
            await asyncio.gather(*(desk.keep_promises() for desk in (world.desk, *workers)))
            await world.deliver()
    assert said(world) == await recorded(world)
    assert set(said(world).values()) == {1}
    assert {number for number, what in said(world) if what == "broken"} == set(range(1, 9))
    named = [number for digest in digests(world) for number in digest]
    assert sorted(named) == sorted([*range(1, 9)] * 3), "late, urgent and broken"


async def test_a_clock_that_is_set_back_tells_nothing_twice_and_the_agents_everything(world: World) -> None:
    await walk_in(world, "one")
    world.pass_time(HOUR / 2)
    await walk_in(world, "two")
    await told(world, 24 * HOUR - HOUR / 2 + GATHERED)
    assert digests(world) == [[1]]
    world.pass_time(-HOUR)
    assert await told(world, 3 * HOUR) == {(1, "late"): 1, (2, "late"): 1}
    assert digests(world) == [[1], [2]]


async def test_a_clock_that_was_a_year_ahead_silences_nobody(world: World) -> None:
    await walk_in(world, "one")
    world.pass_time(365 * DAY)
    await told(world, HOUR)
    world.pass_time(-365 * DAY)
    await walk_in(world, "two")
    await sql(world, "UPDATE tickets SET wake_at = NULL WHERE number = 2")
    await told(world, 25 * HOUR)
    await told(world, HOUR)
    assert (2, "late") in await told(world, 2 * HOUR), "swept"
    assert digests(world) == [[1], [2]]


async def test_a_clock_that_goes_back_meanwhile_does_not_keep_the_desk_busy(world: World, matcher: Matcher) -> None:
    await walk_in(world, "one")
    ticks = iter([world.now + 25 * HOUR])
    desk = Desk(world.database, matcher, clock=lambda: next(ticks, world.now))
    desk.chat_of = world.desk.chat_of
    async with asyncio.timeout(5):
        await desk.keep_promises()
    assert (await ticket(world, 1)).notice is None


# --- what agents are told ----------------------------------------------------------------------------------


async def moments_of_digests(world: World, span: timedelta) -> list[timedelta]:
    """After which time each message came to the agents, looking every five minutes."""
    start, seen = world.now, list[timedelta]()
    while world.now < start + span:
        world.pass_time(timedelta(minutes=5))
        await world.desk.keep_promises()
        before = len(digests(world))
        await world.outbox.deliver_ready()
        seen += [world.now - start] * (len(digests(world)) - before)
    return seen


async def test_digests_come_at_most_every_hour_and_alerts_every_quarter_and_none_is_lost(world: World) -> None:
    for name in range(12):
        await walk_in(world, str(name))
        await world.deliver()
        world.pass_time(timedelta(minutes=10))
    world.pass_time(21 * HOUR + HOUR / 2)
    digested = await moments_of_digests(world, 4 * HOUR)
    gaps = [later - sooner for sooner, later in pairwise(digested)]
    assert gaps
    assert min(gaps) >= HOUR
    assert sorted(number for digest in digests(world) for number in digest) == list(range(1, 13))
    world.pass_time(19 * HOUR)  # over the urgent ones, into the broken ones
    alerted = await moments_of_digests(world, 4 * HOUR)
    gaps = [later - sooner for sooner, later in pairwise(alerted)]
    assert min(gaps) >= timedelta(minutes=15)
    assert max(gaps[1:]) < HOUR
    assert (await ticket(world, 12)).notice == "broken"
    named = Counter(number for digest in digests(world) for number in digest)
    assert set(named) == set(range(1, 13))
    assert set(named.values()) <= {2, 3}, "late and broken, and some urgent in between"


async def test_the_first_late_ticket_waits_for_others_that_come_with_it(world: World) -> None:
    await walk_in(world, "one")
    world.pass_time(timedelta(minutes=1))
    await walk_in(world, "two")
    await told(world, 24 * HOUR - timedelta(minutes=1))
    assert digests(world) == []
    await told(world, timedelta(seconds=100))
    assert digests(world) == [], "the second one is late by now"
    await told(world, timedelta(seconds=30))
    assert digests(world) == [[1, 2]]


OFFICE = {"there": "hours", "zone": "Europe/Berlin", "week": "Mo-Fr 09:00-17:00", "holidays": "", "absences": ""}


async def test_agents_are_told_of_late_and_broken_ones_only_when_they_are_there(world: World) -> None:
    await world.send(MAREK, "setup-hours", OFFICE)
    friday = START + 4 * DAY + 5 * HOUR  # 15:00 in Berlin
    world.now = friday
    await walk_in(world, "one")
    assert await told(world, 2 * DAY + 12 * HOUR) == {(1, "late"): 1, (1, "broken"): 1}
    assert digests(world) == [], "it is Monday, three o'clock in the morning"
    begin = world.now
    digested = await moments_of_digests(world, 12 * HOUR)
    assert len(digested) == 1
    nine = START + 7 * DAY - HOUR
    assert nine < begin + digested[0] <= nine + timedelta(minutes=5)
    assert digests(world) == [[1]]


async def test_without_an_agents_channel_the_customer_and_the_agent_are_told_all_the_same(world: World) -> None:
    await world.send(MAREK, "setup", {**SETUP, "agents": ""})
    await walk_in(world, "one", "two")
    await world.command(AYLIN, "/claim")
    assert await told(world, 50 * HOUR) == {
        (1, "reminded"): 1, (1, "late"): 1, (1, "broken"): 1, (2, "late"): 1, (2, "broken"): 1,
    }  # fmt: skip
    assert digests(world) == []


async def test_while_the_bot_is_gone_nothing_is_told_and_once_it_is_back_everything(world: World) -> None:
    await walk_in(world, "one", "two")
    await world.command(AYLIN, "/claim")
    await world.deliver()
    await world.happen(ServerLeft)
    assert await told(world, 30 * HOUR) == {}
    await world.join("de")
    assert await told(world, HOUR) == {(1, "late"): 1, (2, "late"): 1, (1, "reminded"): 1}
    assert digests(world) == [[1, 2]]


async def test_agents_who_were_not_told_when_the_bot_left_are_told_when_it_is_back(world: World) -> None:
    await walk_in(world, "one")
    world.pass_time(HOUR / 2)
    await walk_in(world, "two")
    await told(world, 24 * HOUR)
    assert digests(world) == [[1]]
    await world.happen(ServerLeft)
    await told(world, 3 * HOUR)
    await world.join("de")
    await told(world, HOUR)
    assert digests(world) == [[1], [2]]


# --- what customers are told -------------------------------------------------------------------------------


class Foreseen(Pace):
    """Whatever waits, this is the estimate."""

    def __init__(self, estimate: Estimate) -> None:
        self.estimate = estimate

    def wait(self, ahead: int, now: datetime) -> Estimate:
        """Always the same."""
        del ahead, now
        return self.estimate


@pytest.mark.parametrize(
    ("low", "high", "is_told"),
    [
        (HOUR, 3 * DAY, True),
        (HOUR, 3 * DAY + HOUR, False),
        (4 * HOUR, 79 * HOUR, True),
        (4 * HOUR, 81 * HOUR, False),
        (3 * DAY, 50 * DAY, True),
    ],
)
async def test_a_range_that_is_too_wide_to_help_is_not_told(
    world: World, low: timedelta, high: timedelta, *, is_told: bool
) -> None:
    async def foreseen(server: str, settings: ServerSettings) -> Pace:
        del server, settings
        return Foreseen(Estimate(low, low, high))

    world.desk.paces.of = foreseen  # type: ignore[method-assign]
    await world.command(EMMA, "/ticket it crashes")
    told = keys(await world.command(EMMA, "/place"))
    assert ("estimate" in told, "estimate-none" in told) == (is_told, not is_told)


# --- what is set -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "values"),
    [
        ("setup-promise", {**PROMISE, "reminder_hours": "2"}),
        ("setup-hours", {"there": "hours", "zone": "Europe/Berlin", "week": "Mo-Fr 09:00-17:00"}),
    ],
)
async def test_new_settings_hold_for_the_tickets_that_are_open(world: World, form: str, values: dict[str, str]) -> None:
    await walk_in(world, "one")
    await world.command(AYLIN, "/claim")
    before = (await ticket(world, 1)).wake_at
    await world.send(MAREK, form, {"holidays": "", "absences": "", **values})
    await world.desk.keep_promises()
    after = (await ticket(world, 1)).wake_at
    assert before is not None
    assert after is not None
    assert (after < before) == (form == "setup-promise"), "two hours are sooner than eight; eight end tomorrow"


# --- agents who are none any more --------------------------------------------------------------------------


async def holding(world: World) -> Ticket:
    await walk_in(world, "one", "two")
    await world.command(AYLIN, "/claim")
    return await ticket(world, 1)


async def test_an_agent_who_has_left_gives_all_back_to_the_old_place(world: World) -> None:
    await holding(world)
    del world.chat.people[AYLIN.id]
    await world.desk.look_for_agents()
    assert (await ticket(world, 1)).state is TicketState.WAITING
    await world.command(TOM, "/claim")
    assert (await ticket(world, 1)).agent == TOM.id, "served before all that came after it"


async def test_an_agent_who_lost_the_role_gives_all_back(world: World) -> None:
    await holding(world)
    world.chat.people[AYLIN.id] = Person(AYLIN.id, AYLIN.name, "de")
    await world.desk.look_for_agents()
    assert (await ticket(world, 1)).state is TicketState.WAITING


async def test_an_agent_who_is_still_there_keeps_it(world: World) -> None:
    before = await holding(world)
    await world.desk.look_for_agents()
    assert await ticket(world, 1) == before


async def test_nobody_loses_a_ticket_because_the_chat_cannot_tell(world: World) -> None:
    before = await holding(world)
    world.chat.is_down = True
    await world.desk.look_for_agents()
    assert await ticket(world, 1) == before


async def test_several_workers_who_look_for_agents_give_back_once(world: World, matcher: Matcher) -> None:
    await holding(world)
    del world.chat.people[AYLIN.id]
    async with open_database(world.url) as database:
        other = Desk(database, matcher, clock=lambda: world.now)
        other.chat_of = world.desk.chat_of
        await other.start()
        await asyncio.gather(world.desk.look_for_agents(), other.look_for_agents())
    history = await world.database.transaction(lambda tx: queries.history_of(tx, world.server, 1))
    assert [row["what"] for row in history] == ["opened", "claimed", "released"]
