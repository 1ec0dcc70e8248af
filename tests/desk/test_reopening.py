"""A reopened ticket has a new promise, and is told that one."""

from __future__ import annotations

from datetime import timedelta

from tests.doubles.paper_chat import plain
from tests.doubles.world import AYLIN, EMMA, World

REQUEST = "the gallery crashes as soon as I open it since yesterday"


async def test_a_reopened_ticket_is_promised_an_answer_anew(world: World) -> None:
    message = await world.post(EMMA, REQUEST)
    await world.command(AYLIN, "/close 1")
    world.pass_time(timedelta(days=3))
    await world.post(EMMA, "the gallery crashes again as soon as I open it", thread=message)
    await world.deliver()
    told = plain(next(said for said in reversed(world.chat.messages) if said.thread == message).content)
    assert "open again" in told
    assert "24 to 48 hours, so between" in told
