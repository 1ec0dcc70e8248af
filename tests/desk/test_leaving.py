"""What goes away: nothing is owed or drawn without need, and nobody's words are kept for longer than was decided."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.model import Event, PersonBanned, PlaceGone, ServerLeft
from bot.store import queries
from tests.doubles.world import EMMA, MAREK, TOM, World

REQUEST = "the gallery crashes as soon as I open it since yesterday"


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        (PlaceGone, {"channel": "general"}),
        (PlaceGone, {"channel": "general", "thread": "t1"}),
        (PersonBanned, {"banned": "nobody we know"}),
    ],
)
async def test_what_is_none_of_our_business_costs_no_request(
    world: World, kind: type[Event], facts: dict[str, str]
) -> None:
    await world.post(EMMA, REQUEST)
    await world.deliver()
    before = len(world.chat.performed)
    await world.happen(kind, **facts)
    await world.deliver()
    assert len(world.chat.performed) == before


async def test_more_tickets_than_one_can_list_are_counted(world: World) -> None:
    values = {"open_limit": "20", "hourly_limit": "20", "reopen": "7"}
    await world.send(MAREK, "setup-tickets", values)
    for number in range(12):
        await world.command(EMMA, f"/ticket number {number}")
    await world.happen(PersonBanned, banned=EMMA.id)
    await world.deliver()
    assert await world.database.transaction(lambda tx: queries.open_tickets(tx, world.server, EMMA.id)) == []
    (told,) = [message.content for message in world.chat.messages if message.channel == "agents"][1:]
    assert len(told.blocks) == 1 + 10 + 1


async def test_a_thread_that_is_told_twice_to_be_gone_ends_its_ticket_once(world: World) -> None:
    thread = await world.post(EMMA, REQUEST)
    await world.deliver()
    await world.happen(PlaceGone, channel="support", thread=thread)
    await world.happen(PlaceGone, channel="support", thread=thread)
    history = await world.database.transaction(lambda tx: queries.history_of(tx, world.server, 1))
    assert [row["what"] for row in history] == ["opened", "place deleted", "unanswered"]


async def test_words_are_not_kept_for_longer_because_the_bot_was_removed(world: World) -> None:
    await world.send(MAREK, "setup-rules", {"language": "de", "address": "sie", "retention": "10"})
    thread = await world.post(EMMA, REQUEST)
    await world.command(TOM, "/close 1")
    await world.deliver()
    await world.happen(ServerLeft)
    world.pass_time(timedelta(days=11))
    await world.desk.tidy()
    ticket = await world.database.transaction(lambda tx: queries.ticket_by_thread(tx, world.server, thread))
    assert ticket is not None
    assert ticket.text == ""
