"""Who may do what: what Discord's menus show, and what the desk lets happen whatever they show."""

from __future__ import annotations

from typing import Any

import pytest
from simcord import SetupError

from tests.discord_chat.conftest import Shop, newest, words

CRASH = "The gallery crashes as soon as I open it since yesterday"
EVERYBODY = ("close", "covered", "place", "policy", "ticket")
AGENTS = ("behind", "claim", "correct", "fairness", "mine", "queue", "release")
MODERATORS = ("block", "panel", "setup", "unblock")
ONLY_AGENTS, ONLY_MODERATORS = "This is for agents only.", "This is for moderators only."
MODERATORS_ACTIONS = (
    "post",
    "edit",
    "add",
    "rename",
    "off",
    "on",
    "import",
    "export",
    "history",
    "undo",
    "test",
    "review",
)


@pytest.mark.parametrize(
    ("person", "commands"),
    [("emma", EVERYBODY), ("aylin", EVERYBODY + AGENTS), ("marek", EVERYBODY + MODERATORS)],
    ids=["customer", "agent", "moderator"],
)
async def test_everybody_sees_the_commands_that_are_for_them(
    shop: Shop, person: str, commands: tuple[str, ...]
) -> None:
    assert set(getattr(shop, person).available_commands(shop.support)) == set(commands)


async def test_what_is_not_seen_cannot_be_used(shop: Shop) -> None:
    with pytest.raises(SetupError, match="not visible"):
        await shop.uses(shop.emma, "claim")


@pytest.mark.parametrize("name", AGENTS + MODERATORS)
async def test_the_desk_checks_again_when_a_server_shows_a_command_to_all(shop: Shop, name: str) -> None:
    await shop.says(shop.emma, CRASH)
    shop.guild.set_command_permissions(shop.command(name), {shop.guild.default_role: True})
    options = {"person": shop.jonas} if name.endswith("block") else {}
    refused = await shop.uses(shop.emma, name, shop.thread, **options)
    assert refused.ephemeral
    assert words(refused) == (ONLY_AGENTS if name in AGENTS else ONLY_MODERATORS)


@pytest.mark.parametrize("name", MODERATORS)
async def test_an_agent_does_not_decide_for_the_server(shop: Shop, name: str) -> None:
    shop.guild.set_command_permissions(shop.command(name), {shop.agent_role: True})
    options = {"person": shop.jonas} if name.endswith("block") else {}
    assert words(await shop.uses(shop.aylin, name, **options)) == ONLY_MODERATORS


@pytest.mark.parametrize("action", MODERATORS_ACTIONS)
@pytest.mark.parametrize("person", ["emma", "aylin"])
async def test_only_moderators_touch_the_policy(shop: Shop, action: str, person: str) -> None:
    refused = await shop.uses(getattr(shop, person), "policy", action=action, text="customization")
    assert refused.ephemeral
    assert words(refused) == ONLY_MODERATORS


@pytest.mark.parametrize("label", ["Claim", "Release"])
async def test_a_customer_presses_an_agents_button_in_vain(shop: Shop, label: str) -> None:
    await shop.says(shop.emma, CRASH)
    refused = await shop.presses(shop.emma, newest(shop.thread), label)
    assert refused.ephemeral
    assert words(refused) == ONLY_AGENTS


async def test_a_moderator_is_no_agent_and_may_do_the_rest(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    receipt = newest(shop.thread)
    assert words(await shop.presses(shop.marek, receipt, "Claim")) == ONLY_AGENTS
    await shop.presses(shop.aylin, receipt, "Claim")
    assert "back in line" in words(await shop.presses(shop.marek, receipt, "Release"))
    assert "marek has closed ticket #1." in words(await shop.presses(shop.marek, receipt, "Close"))


async def test_a_moderator_role_that_was_set_up_counts_as_well_as_manage_server(shop: Shop) -> None:
    helpers = shop.guild.create_role("Helpers")
    lena = shop.joins("lena", helpers)
    shop.guild.set_command_permissions(shop.command("panel"), {helpers: True})
    assert words(await shop.uses(lena, "panel")) == ONLY_MODERATORS
    await shop.set_up(moderator_roles=[helpers])
    assert "The panel will be here in a moment." in words(await shop.uses(lena, "panel"))


async def test_a_role_that_is_taken_away_counts_no_more_from_the_next_press_on(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    receipt = newest(shop.thread)
    await shop.presses(shop.aylin, receipt, "Claim")
    shop.env.backend.remove_member_role(shop.guild.id, shop.aylin.id, shop.agent_role.id)
    await shop.env.settle()
    assert words(await shop.presses(shop.aylin, receipt, "Release")) == ONLY_AGENTS
    shop.env.backend.add_member_role(shop.guild.id, shop.aylin.id, shop.agent_role.id)
    await shop.env.settle()
    assert "back in line" in words(await shop.presses(shop.aylin, receipt, "Release"))


async def test_a_form_that_was_opened_with_a_role_is_not_sent_without_it(shop: Shop) -> None:
    form = await shop.marek.slash(shop.support, "setup")
    shop.env.backend.remove_member_role(shop.guild.id, shop.marek.id, shop.moderator_role.id)
    await shop.env.settle()
    refused = await shop.fills_in(shop.marek, form, support=[shop.general], agent_roles=[shop.agent_role])
    assert words(refused) == ONLY_MODERATORS


async def test_a_blocked_customer_is_heard_no_more_until_unblocked(shop: Shop) -> None:
    blocked = await shop.uses(shop.marek, "block", person=shop.emma)
    assert f"<@{shop.emma.id}> is blocked" in words(blocked)
    begun = len(shop.env.http_requests)
    await shop.says(shop.emma, CRASH)
    assert len(shop.env.http_requests) == begun
    for name, options in _ways_in():
        refused = await shop.uses(shop.emma, name, **options)
        assert "paused your access" in words(refused), name
    assert "is heard again" in words(await shop.uses(shop.marek, "unblock", person=shop.emma))
    await shop.says(shop.emma, CRASH)
    assert "Ticket #1" in words(newest(shop.thread))


def _ways_in() -> list[tuple[str, dict[str, Any]]]:
    return [("covered", {"question": CRASH}), ("ticket", {"text": CRASH}), ("ticket", {"text": CRASH, "private": True})]
