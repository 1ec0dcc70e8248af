"""From nothing to a shop that is set up: by user groups, or person by person where a workspace has none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from adapters.slack_chat.manifest import manifest
from bot.coverage.matcher import Matcher
from bot.model import Mode
from bot.settings import SlackWay
from bot.store import queries
from tests.doubles.slack.server import Double
from tests.slack_chat.conftest import REQUEST, Shop, serving, settings_for
from tests.slack_chat.shop import WISH, done, fills_in, labels, ours, presses, shown


async def test_before_it_is_set_up_nothing_happens_and_commands_say_so(bare_shop: Shop) -> None:
    shop = bare_shop
    shop.slack.follow(manifest())
    await shop.says(shop.emma, REQUEST)
    assert ours(shop, shop.support) == []
    told = await shop.asks(shop.emma, "/ticket The gallery crashes")
    assert told.text == "Support is not set up here yet. A moderator does that with /setup."
    assert (await shop.asks(shop.jonas, "/setup")).text == "Das ist nur für die Moderation."


async def test_everything_is_set_up_by_forms(bare_shop: Shop) -> None:
    shop = bare_shop
    sales = shop.workspace.add_channel("sales", private=True)
    moderators = shop.workspace.add_group("Moderators", [shop.tom])
    await shop.settled()
    form = await shop.marek.uses(shop.general, "/setup")
    asked = {"support": [shop.support, shop.general], "agents": shop.agents, "sales": sales}
    roles = {"agent_roles": [shop.agent_group], "moderator_roles": [moderators]}
    read = await fills_in(shop, shop.marek, form, asked | roles)
    assert "Saved." in read
    assert shop.agent_group.mention in read
    assert "Missing" not in read
    form = await shop.tom.uses(shop.general, "/setup rules")
    read = await fills_in(shop, shop.tom, form, {"language": "en", "address": "du", "retention": "30"})
    assert "Customers' texts are kept for 30 days." in read
    form = await shop.tom.uses(shop.general, "/setup tickets")
    assert "At most 2 open tickets" in await fills_in(shop, shop.tom, form, {"open_limit": "2"})
    form = await shop.tom.uses(shop.general, "/setup hours")
    hours = {"there": "both", "zone": "Europe/Berlin", "week": "Mon-Fri 8-20", "holidays": "DE-BY"}
    assert "08:00" in await fills_in(shop, shop.tom, form, hours)
    form = await shop.tom.uses(shop.general, "/setup promise")
    read = await fills_in(shop, shop.tom, form, {"soft_hours": "12", "hard_hours": "36"})
    assert "12 to 36 support hours" in read
    form = await shop.tom.uses(shop.general, "/setup mode")
    assert "commands only" in await fills_in(shop, shop.tom, form, {"mode": "quiet"})
    settings = await shop.bot.database.transaction(lambda tx: queries.settings_of(tx, shop.server))
    assert settings is not None
    assert settings.support == {shop.support.id: Mode.AUTO, shop.general.id: Mode.QUIET}
    assert settings.moderator_roles == {moderators.id}
    shown_now = await shop.asks(shop.marek, "/setup show")
    assert "12 to 36 support hours" in shown_now.text


async def test_a_wrong_answer_stays_in_the_form_to_be_mended(shop: Shop) -> None:
    form = await shop.marek.uses(shop.general, "/setup hours")
    wrong = {"there": "hours", "week": "now and then"}
    sent = await shop.marek.fills_in(form, wrong)
    assert "I do not understand “now and then” as weekly hours." in str(sent.errors)
    assert "Saved." in await fills_in(shop, shop.marek, form, {"there": "hours", "week": "Mon-Thu 9-17, Fri 9-15"})


async def test_who_sets_up_reads_what_is_missing(bare_shop: Shop) -> None:
    shop = bare_shop
    public = shop.workspace.add_channel("helpers")
    elsewhere = shop.workspace.add_channel("questions", has_bot=False)
    form = await shop.marek.uses(shop.general, "/setup")
    given = {"support": [elsewhere], "agents": public, "agent_roles": [shop.agent_group]}
    read = await fills_in(shop, shop.marek, form, given)
    assert f"The bot is not in <#{elsewhere.id}>" in read
    assert "Please make the channel private." in read


@pytest.fixture
async def free_shop(slack: Double, database_file: Path, matcher: Matcher) -> AsyncIterator[Shop]:
    """A workspace that does not pay for user groups."""
    shop = Shop(slack, slack.add_workspace(has_groups=False), database_file)
    settings = settings_for(slack, shop.workspace, SlackWay.SOCKET)
    async with serving(slack, settings, database_file, matcher) as shop.bot:
        yield shop


async def test_a_free_workspace_picks_its_agents_one_by_one(free_shop: Shop) -> None:
    shop = free_shop
    shop.slack.follow(manifest())
    await shop.set_up(agent_roles=[shop.aylin, shop.tom])
    root = await shop.says(shop.emma, REQUEST)
    assert (await shop.asks(shop.jonas, "/claim")).text == "Das ist nur für das Support-Team."
    assert "is now yours" in (await shop.asks(shop.tom, "/claim")).text
    assert "tom is taking care" in shop.replies(root)[0].shown
    again = await shop.marek.uses(shop.general, "/setup")
    assert shop.tom.id in str(again.modal.data), "those who were picked stand in the form"


@pytest.mark.parametrize("other_settings", [{"slack_command_prefix": "sd-"}])
async def test_the_panel_offers_everything_to_everybody(bare_shop: Shop, other_settings: dict[str, Any]) -> None:
    shop = bare_shop
    form = await shop.lena.uses(shop.general, "/sd-setup")
    given = {"support": [shop.support], "agents": shop.agents, "agent_roles": [shop.agent_group]}
    await fills_in(shop, shop.lena, form, given)
    assert (await shop.asks(shop.marek, "/sd-panel", shop.general)).text == "The panel will be here in a moment."
    [panel] = ours(shop, shop.general)
    assert labels(panel) == [
        "Ticket öffnen", "Privates Ticket", "Ist das abgedeckt?", "Kostenpflichtige Lösung", "Mein Platz",
    ]  # fmt: skip
    form = await shop.emma.presses(panel, "Ticket öffnen")
    read = await fills_in(shop, shop.emma, form, {"What can we help with?": REQUEST})
    assert "Your ticket is #1" in read
    form = await shop.jonas.presses(panel, "Privates Ticket")
    assert "Ihr Ticket hat die Nummer 2" in await fills_in(shop, shop.jonas, form, {"text": "Absturz beim Start"})
    assert "Ticket #1 is next in line." in (await presses(shop, shop.emma, panel, "Mein Platz")).text
    form = await shop.emma.presses(panel, "Kostenpflichtige Lösung")
    paid = {"product": "Aurora", "wish": "A dark mode", "contact": "emma@example.com"}
    assert "Thank you, your request has arrived" in await fills_in(shop, shop.emma, form, paid)
    assert "Aurora" in shown(ours(shop, shop.agents))


async def test_blocked_customers_are_not_served_until_they_are_heard_again(shop: Shop) -> None:
    assert "is blocked" in (await shop.asks(shop.marek, f"/block {shop.emma.mention}")).text
    root = await shop.says(shop.emma, REQUEST)
    assert "paused your access" in shown(shop.replies(root)) or shop.replies(root) == []
    assert "paused your access" in (await shop.asks(shop.emma, f"/covered {WISH}")).text
    assert shop.cards == []
    assert "is heard again" in (await shop.asks(shop.marek, f"/unblock {shop.emma.mention}")).text
    again = await done(shop, shop.emma.uses(shop.support, f"/ticket {REQUEST}"))
    assert "Your ticket is #1" in again.text
