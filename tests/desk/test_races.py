"""What happens at the same time, or too late, at the real desk."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.model import CommandUsed, Later, MessagePosted, Mode
from bot.store import queries
from bot.store.engines import file_of
from tests.doubles.locked_file import locked
from tests.doubles.paper_chat import plain
from tests.doubles.world import AYLIN, EMMA, MAREK, SERVER, TOM, World

RULES = {"language": "en", "address": "du", "retention": "30"}
LIMITS = {"open_limit": "2", "hourly_limit": "4", "reopen": "7"}


async def test_moderators_at_once_all_have_their_way(world: World) -> None:
    await asyncio.gather(
        world.send(MAREK, "setup-rules", RULES),
        world.send(MAREK, "setup-tickets", LIMITS),
        world.command(MAREK, "/setup mode quiet"),
    )
    settings = await world.database.transaction(lambda tx: queries.settings_of(tx, SERVER))
    assert settings is not None
    assert (settings.open_limit, settings.formal) == (2, False)
    assert settings.support["support"] is Mode.QUIET


async def test_a_caller_who_goes_away_leaves_no_stale_memory(world: World) -> None:
    asked = asyncio.ensure_future(world.command(MAREK, "/setup mode quiet"))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.sleep(0.1)
    await world.post(EMMA, "the gallery crashes as soon as I open it since yesterday")
    await world.deliver()
    assert [message for message in world.chat.messages if message.channel == "support"] == []


@pytest.mark.sqlite
@pytest.mark.parametrize("after", [timedelta(0), timedelta(hours=1)], ids=["", "when the pace has to be measured"])
async def test_a_message_waits_for_a_locked_file(world: World, after: timedelta) -> None:
    world.pass_time(after)
    file = file_of(world.url)
    assert file is not None
    async with locked(file):
        asked = asyncio.ensure_future(world.post(EMMA, "the gallery crashes as soon as I open it since yesterday"))
        await asyncio.sleep(2.7)  # the file's own patience ends after 2.5 seconds
    await asked
    assert [ticket.number for ticket in await world.database.transaction(lambda tx: queries.line(tx, SERVER, 9))] == [1]


async def test_a_receipt_never_comes_before_the_answer_above_it(world: World) -> None:
    asked = await world.post(EMMA, "When is it my turn?")
    world.chat.answers += [Later("throttled", timedelta(seconds=30))]
    await world.outbox.deliver_ready()
    await world.post(EMMA, "the gallery crashes as soon as I open it since yesterday", thread=asked)
    for _ in range(60):
        world.pass_time(timedelta(seconds=2))
        await world.outbox.deliver_ready()
    said = [plain(message.content) for message in world.chat.messages if message.thread == asked]
    assert ["About your question" in words for words in said] == [True, False]


async def test_that_helped_closes_the_thread_once_and_never_a_tickets(world: World) -> None:
    asked = await world.post(EMMA, "When is it my turn?")
    await world.deliver()
    for _ in range(5):
        await world.press(EMMA, f"helped:{asked}")
    await world.press(EMMA, f"open:{asked}")
    await world.deliver()
    kinds = [effect.kind for _, effect in world.chat.performed]
    assert kinds.count("close_thread") == 1
    assert kinds.index("close_thread") < len(kinds) - 1 - kinds[::-1].index("say")


async def test_words_from_before_a_release_do_not_claim_again(world: World) -> None:
    message = await world.post(EMMA, "the gallery crashes as soon as I open it since yesterday")
    before = world.now
    await world.command(TOM, "/claim")
    await world.command(TOM, "/release")
    late = MessagePosted(
        key="late",
        server=SERVER,
        channel="support",
        thread=message,
        order=1,
        at=before,
        person=TOM,
        message="l",
        text="Hi",
    )
    await world.desk.handle(late)
    ticket = await world.database.transaction(lambda tx: queries.ticket_by_number(tx, SERVER, 1))
    assert ticket is not None
    assert ticket.agent is None


async def test_an_older_edit_told_late_does_not_win(world: World) -> None:
    message = await world.post(EMMA, "the gallery crashes as soon as I open it since yesterday")
    await world.edit(message, "newest words")
    newest = world.now
    world.now -= timedelta(seconds=2)
    await world.edit(message, "older words")
    world.now = newest
    ticket = await world.database.transaction(lambda tx: queries.ticket_by_number(tx, SERVER, 1))
    assert ticket is not None
    assert ticket.text == "newest words"


async def test_who_is_blocked_adds_nothing(world: World) -> None:
    await world.post(EMMA, "the gallery crashes as soon as I open it since yesterday")
    second = await world.post(EMMA, "the settings page shows only error 500")
    await world.command(MAREK, "/block emma")
    await world.press(EMMA, f"add:1:{second}")
    ticket = await world.database.transaction(lambda tx: queries.ticket_by_number(tx, SERVER, 1))
    assert ticket is not None
    assert ticket.added == ""


async def test_an_unknown_thread_changes_nothing_for_claim(world: World) -> None:
    await world.command(EMMA, "/ticket the export fails")
    claim = CommandUsed(
        key="c", server=SERVER, channel="general", thread="unknown", order=9, at=world.now, person=AYLIN, name="claim"
    )
    reply = await world.desk.handle(claim)
    assert reply is not None
    assert reply.content is not None
    assert "the export fails" in plain(reply.content)
