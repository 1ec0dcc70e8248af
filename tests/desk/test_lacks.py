"""What the platform keeps the bot from doing is told to whoever sets the server up, and to nobody else."""

from __future__ import annotations

from bot.model import Reply
from bot.texts import text
from tests.doubles.paper_chat import plain
from tests.doubles.world import EMMA, MAREK, SETUP, World

LACK = "Message Content Intent"


def told(reply: Reply | None) -> str:
    assert reply is not None
    assert reply.content is not None
    return plain(reply.content)


async def test_setup_tells_what_the_platform_keeps_from_us(world: World) -> None:
    world.chat.lacking = (text("lacks-message-content"),)
    assert LACK in told(await world.send(MAREK, "setup", SETUP))
    assert LACK in told(await world.command(MAREK, "/setup show"))
    assert LACK not in told(await world.command(EMMA, "/setup show"))
    assert LACK not in told(await world.command(EMMA, "/ticket help"))
    world.chat.lacking = ()
    assert LACK not in told(await world.command(MAREK, "/setup show"))


async def test_what_is_lacking_is_asked_for_the_settings_that_were_just_kept(world: World) -> None:
    world.chat.asked.clear()
    await world.send(MAREK, "setup", SETUP | {"agents": "general"})
    assert [(server, settings.agents_channel) for server, settings in world.chat.asked] == [(world.server, "general")]
