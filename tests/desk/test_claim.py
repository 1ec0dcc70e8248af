"""Claiming through the real desk."""

from tests.doubles.paper_chat import plain
from tests.doubles.world import AYLIN, EMMA, World


async def test_the_first_who_asked_is_claimed_first(world: World) -> None:
    await world.command(EMMA, "/ticket the export fails")
    await world.command(EMMA, "/ticket the import fails")
    reply = await world.command(AYLIN, "/claim")
    assert reply is not None
    assert reply.content is not None
    assert "the export fails" in plain(reply.content)
