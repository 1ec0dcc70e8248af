"""Moderators, who do not read the log, see in the chat that a policy file was refused."""

from tests.doubles.paper_chat import plain
from tests.doubles.world import MAREK, World


async def shown(world: World) -> str:
    reply = await world.command(MAREK, "/setup show")
    assert reply is not None
    assert reply.content is not None
    return plain(reply.content)


async def test_a_refused_policy_is_told_with_file_line_and_reason(world: World) -> None:
    assert "abgelehnt" not in await shown(world)
    world.desk.policy_trouble = "defect.yaml, line 3: verdict must be one of covered, not_covered"
    assert "defect.yaml, line 3: verdict must be one of" in await shown(world)
