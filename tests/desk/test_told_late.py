"""What people said is told late, or out of order: nobody is taken for silent because of that."""

from __future__ import annotations

from datetime import timedelta

from bot.model import Done, MessagePosted, Never, Person, TicketState
from bot.store import queries
from tests.desk.test_keeping import DAY, HOUR, REQUEST, sql, ticket
from tests.doubles.paper_chat import plain
from tests.doubles.world import AYLIN, EMMA, JONAS, TOM, World


async def history(world: World, number: int = 1) -> list[str]:
    rows = await world.database.transaction(lambda tx: queries.history_of(tx, world.server, number))
    return [row["what"] for row in rows]


async def told_late(world: World, person: Person, words: str, *, ago: timedelta, message: str = "late") -> None:
    """Somebody wrote in the thread a while ago, and we hear of it only now."""
    at = world.now - ago
    order = int(at.timestamp() * 1_000_000)
    base = {"key": message, "server": world.server, "channel": "support", "thread": "m1", "order": order, "at": at}
    await world.desk.handle(MessagePosted(**base, person=person, message=message, text=words))  # type: ignore[arg-type]


async def ask_and_answer(world: World) -> None:
    await world.post(EMMA, REQUEST, message="m1")
    await world.command(TOM, "/claim", channel="agents")
    await world.post(TOM, "Please try version 2.1.", thread="m1")
    await world.deliver()


# --- while something may have been missed --------------------------------------------------------------


async def test_nobody_is_taken_for_silent_before_the_chat_has_told_what_was_said(world: World) -> None:
    await world.post(EMMA, REQUEST, message="m1")
    await world.command(TOM, "/claim", channel="agents")
    world.chat.is_deaf = True
    world.pass_time(3 * DAY)
    due = await world.desk.keep_promises()
    assert await history(world) == ["opened", "claimed"]
    assert due is not None
    assert world.now < due <= world.now + timedelta(minutes=1)
    await told_late(world, TOM, "Please try version 2.1.", ago=70 * HOUR)
    world.chat.is_deaf = False
    world.pass_time(timedelta(minutes=1))
    await world.desk.keep_promises()
    assert await history(world) == ["opened", "claimed", "answered"]


# --- out of order ----------------------------------------------------------------------------------------


async def test_an_answer_from_before_a_notice_takes_the_ticket_all_the_same(world: World) -> None:
    await world.post(EMMA, REQUEST, message="m1")
    await world.live(30 * HOUR)
    await told_late(world, TOM, "Please try version 2.1.", ago=20 * HOUR)
    taken = await ticket(world, 1)
    assert (taken.state, taken.agent) == (TicketState.CLAIMED, TOM.id)
    assert await history(world) == ["opened", "late", "claimed", "answered"]


async def test_an_answer_from_before_a_question_leaves_the_question_open(world: World) -> None:
    await ask_and_answer(world)
    await world.post(EMMA, "And now the slider is gone", thread="m1")
    await told_late(world, TOM, "Clear the cache, too.", ago=timedelta(seconds=2))
    assert (await ticket(world, 1)).owed_since is not None
    await world.live(9 * HOUR)
    assert "reminded" in await history(world)


async def test_a_question_from_before_an_answer_is_answered(world: World) -> None:
    await ask_and_answer(world)
    world.pass_time(HOUR)
    await world.post(TOM, "Clear the cache, too.", thread="m1")
    await told_late(world, EMMA, "And now the slider is gone", ago=timedelta(minutes=30))
    assert (await ticket(world, 1)).owed_since is None


# --- what never arrived ----------------------------------------------------------------------------------


async def test_who_could_not_be_asked_is_asked_again_before_the_ticket_is_closed(world: World) -> None:
    await ask_and_answer(world)
    world.chat.answers = [Never("refused")]
    await world.live(3 * DAY + HOUR)
    await world.deliver()
    assert await history(world) == ["opened", "claimed", "answered", "nudged"]
    world.chat.answers = [Done()]
    await world.live(4 * DAY)
    await world.deliver()
    assert (await ticket(world, 1)).state is TicketState.CLAIMED
    asked = [message for message in world.chat.messages if "has this settled everything?" in plain(message.content)]
    assert len(asked) == 1
    await sql(world, "DELETE FROM outbox WHERE state = 'dead'")  # as after a month
    await world.live(5 * DAY)
    assert (await history(world))[-1] == "closed in silence"


# --- who is asked ------------------------------------------------------------------------------------------


async def test_a_chat_that_fails_for_one_agent_is_asked_for_the_others(world: World) -> None:
    await world.post(EMMA, REQUEST, message="m1")
    await world.post(JONAS, "The import stops with error 500", message="m2")
    await world.command(AYLIN, "/claim", channel="agents")
    await world.command(TOM, "/claim", channel="agents")

    world.chat.unknown.add(AYLIN.id)
    del world.chat.people[TOM.id]
    await world.desk.look_for_agents()
    assert (await ticket(world, 1)).agent == AYLIN.id
    assert (await ticket(world, 2)).agent is None


async def test_closing_words_of_an_agent_are_an_answer(world: World) -> None:
    await world.post(EMMA, REQUEST, message="m1")
    await world.command(TOM, "/claim", channel="agents")
    await world.command(TOM, "/close Install version 2.1", thread="m1")
    assert await history(world) == ["opened", "claimed", "answered", "closed"]
