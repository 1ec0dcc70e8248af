"""States of a workspace that break naive bots; each with what must come of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.slack_chat.deliver import Delivery
from adapters.slack_chat.manifest import manifest
from bot.coverage.matcher import Matcher
from bot.settings import SlackWay
from tests.doubles.slack.api import Request
from tests.doubles.slack.server import Double
from tests.doubles.slack.world import Channel
from tests.slack_chat.conftest import REQUEST, Shop, serving, settings_for
from tests.slack_chat.shop import (
    ABSTURZ,
    WISH,
    WUNSCH,
    done,
    labels,
    ours,
    picks,
    presses,
    reacts,
    shown,
)

SOON = timedelta(seconds=0.2)
HOSTILE = "<!channel> <!here> the gallery crashes & <b>shows</b> &lt;nothing&gt; *bold* _x_ `y` <@U0000> 🎉"


@contextmanager
def told_backwards(slack: Double) -> Iterator[None]:
    """What happens meanwhile is told afterwards, the last first."""
    tell, held = slack.world.tell, []
    slack.world.tell = lambda *told: held.append(told)
    yield
    slack.world.tell = tell
    for told in reversed(held):
        tell(*told)


def impatient(shop: Shop) -> Delivery:
    """The delivery of this bot, with less patience than it has of itself."""
    delivery = shop.bot.chat.service.delivery
    delivery.patience = delivery.takes_long = delivery.until_permitted = SOON
    return delivery


# --- how Slack tells ---------------------------------------------------------------------------------


async def test_an_edit_that_is_told_before_its_message(shop: Shop) -> None:
    with told_backwards(shop.slack):
        root = shop.emma.says(shop.support, "The galery chrashes")
        shop.emma.edits(root, "The gallery crashes since version 2.0")
    await shop.settled()
    [card] = shop.cards
    assert "since version 2.0" in card.shown
    assert len(shop.replies(root)) == 1


async def test_a_deletion_that_is_told_before_its_message(shop: Shop) -> None:
    with told_backwards(shop.slack):
        shop.emma.deletes(shop.emma.says(shop.support, REQUEST))
    await shop.settled()
    assert shop.cards == ours(shop, shop.support) == []


async def test_a_reply_that_is_told_before_its_root(shop: Shop) -> None:
    with told_backwards(shop.slack):
        root = shop.emma.says(shop.support, REQUEST)
        shop.emma.says(shop.support, "It is version 2.0", under=root)
    await shop.settled()
    assert len(shop.cards) == len(shop.replies(root)) == 1


async def test_an_edited_request_is_mended_on_the_card(shop: Shop) -> None:
    root = await shop.says(shop.emma, REQUEST)
    shop.emma.edits(root, "The gallery crashes since version 2.0")
    await shop.settled()
    assert "since version 2.0" in shop.cards[0].shown


@pytest.mark.parametrize("told_twice", [REQUEST, WISH])
async def test_a_mention_is_told_twice_and_answered_once(shop: Shop, told_twice: str) -> None:
    with told_backwards(shop.slack):
        root = shop.emma.says(shop.support, told_twice, mentions_bot=True)
    await shop.settled()
    assert {one.name for one in shop.slack.deliveries.all if one.payload.get("event", {}).get("ts") == root.ts} == {
        "message",
        "app_mention",
    }
    assert len(shop.replies(root)) == 1


@pytest.mark.parametrize("way", [SlackWay.HTTP])
async def test_the_header_of_a_repetition_drops_nothing(shop: Shop, way: SlackWay) -> None:
    assert shop.slack.webhooks is not None
    [here] = shop.slack.webhooks.urls
    shop.slack.webhooks.urls = [here, "http://127.0.0.1:9/nobody"]
    shop.slack.deliveries.retry_waits = (0.0, 0.0)
    for person in (shop.emma, shop.jonas):  # of one of them, Slack reaches nobody at first
        await shop.says(person, REQUEST)
    told = shop.slack.deliveries.of("message")
    assert any(len(one.attempts) > 1 and one.is_acknowledged for one in told)
    assert len(shop.cards) == 2


async def test_sockets_are_replaced_in_the_middle_of_a_conversation(shop: Shop) -> None:
    root = await shop.says(shop.emma, REQUEST)
    first, second = shop.slack.sockets.live
    await shop.slack.sockets.refresh(first)
    claimed = await shop.asks(shop.aylin, "/claim")
    await shop.slack.until_connected(2)
    await shop.slack.sockets.refresh(second)
    await shop.says(shop.emma, "It is version 2.0", under=root)
    shop.slack.sockets.live[0].drop()
    await shop.says(shop.jonas, ABSTURZ)
    assert "is now yours" in claimed.text
    assert len(shop.cards) == 2
    await shop.slack.until_connected(2)


# --- what Slack refuses ------------------------------------------------------------------------------


def posts(shop: Shop) -> list[Request]:
    return shop.slack.calls("chat.postMessage")


async def test_a_limit_delays_its_lane_and_no_other(shop: Shop) -> None:
    shop.slack.limit_next("chat.postMessage", 1.0)
    root = await shop.says(shop.emma, REQUEST)
    refused, other, again = posts(shop)
    assert refused.status == 429
    assert other.at - refused.at < 0.9
    assert again.at - refused.at >= 1.0
    assert again.args["channel"] == refused.args["channel"] != other.args["channel"]
    assert len(shop.replies(root)) == len(shop.cards) == 1


@pytest.mark.parametrize("after_doing", [False, True])
@pytest.mark.parametrize("fault", ["status", "connection"])
async def test_after_a_failure_of_slack_everything_stands_there_once(
    shop: Shop, fault: str, *, after_doing: bool
) -> None:
    if fault == "status":
        shop.slack.fail_next("chat.*", "fatal_error", status=503, times=2, after_doing=after_doing)
    else:
        shop.slack.drop_next("chat.*", times=2, after_doing=after_doing)
    root = await shop.says(shop.emma, REQUEST)
    assert len(shop.replies(root)) == len(shop.cards) == 1
    shop.slack.fail_next("chat.update", "internal_error", status=500, times=2, after_doing=after_doing)
    await shop.asks(shop.aylin, "/claim")
    assert "aylin is taking care of ticket #1." in shop.replies(root)[0].shown
    assert "aylin" in shop.cards[0].shown


async def test_a_call_that_hangs_is_waited_for_and_not_made_again(shop: Shop) -> None:
    impatient(shop)
    shop.slack.slow_next("chat.postMessage", 1.0)
    root = await shop.says(shop.emma, REQUEST)
    assert len(shop.replies(root)) == len(shop.cards) == 1
    assert len(posts(shop)) == 2


async def test_while_nobody_tells_who_people_are_customers_are_served_and_agents_are_not(shop: Shop) -> None:
    shop.slack.fail_next("users.info", "internal_error", status=500, times=2)
    root = await shop.says(shop.jonas, ABSTURZ)
    assert "Ihre Anfrage ist da" in shown(shop.replies(root)), "in the message's language"
    assert "Support-Team" in (await shop.asks(shop.tom, "/claim")).text
    assert "is now yours" in (await shop.asks(shop.tom, "/claim")).text


# --- places ------------------------------------------------------------------------------------------


async def test_a_deleted_request_is_withdrawn(shop: Shop) -> None:
    root = await shop.says(shop.emma, REQUEST)
    shop.emma.deletes(root)
    await shop.settled()
    assert "so ticket #1 is withdrawn" in shown(shop.replies(root))
    assert REQUEST not in shop.cards[0].shown
    assert shop.cards[0].buttons == []
    assert (await shop.asks(shop.aylin, "/claim")).text == "Nobody is waiting."


async def test_nothing_is_left_in_the_channel_where_the_root_is_gone(shop: Shop) -> None:
    shop.slack.limit_next("chat.postMessage", 0.5, times=2)
    root = shop.emma.says(shop.support, WISH)
    await shop.slack.until(lambda: posts(shop))
    shop.emma.deletes(root)
    await shop.settled()
    assert ours(shop, shop.support) == []


@pytest.mark.parametrize("state", ["archived", "without us"])
async def test_what_a_channel_does_not_take_waits_until_it_does(shop: Shop, state: str) -> None:
    impatient(shop)
    _take_away(shop.support, state)
    opened = await shop.emma.uses(shop.general, f"/ticket {REQUEST}")
    assert "Your ticket is #1" in opened.text
    await shop.slack.until(lambda: shop.cards)
    [card] = shop.cards
    assert "noch nicht" in card.shown, "the agents know of it, and that its thread is not open yet"
    assert "is now yours" in (await shop.aylin.uses(shop.agents, "/claim")).text
    _give_back(shop.support, state)
    await shop.settled()
    [receipt] = ours(shop, shop.support)
    assert "aylin is taking care of ticket #1." in receipt.shown
    assert receipt.permalink in str(card.blocks)


def _take_away(channel: Channel, state: str) -> None:
    channel.archive() if state == "archived" else channel.remove_bot()


def _give_back(channel: Channel, state: str) -> None:
    channel.unarchive() if state == "archived" else channel.invite_bot()


async def test_a_renamed_channel_is_the_same_channel(shop: Shop) -> None:
    root = await shop.says(shop.emma, REQUEST)
    shop.support.rename("help")
    await shop.asks(shop.aylin, "/claim")
    await shop.says(shop.jonas, ABSTURZ)
    assert "aylin is taking care" in shop.replies(root)[0].shown
    assert len(shop.cards) == 2


async def test_a_deleted_channel_ends_its_tickets_and_the_agents_read_which(shop: Shop) -> None:
    await shop.says(shop.emma, REQUEST)
    shop.support.delete()
    await shop.settled()
    told = shown(ours(shop, shop.agents))
    assert "#1 von" in told
    assert "Geschlossen seit" in told
    assert "not set up" in (await shop.asks(shop.emma, f"/ticket {REQUEST}", shop.general)).text


async def test_a_channel_with_another_id_goes_on_as_before(shop: Shop) -> None:
    root = await shop.says(shop.emma, REQUEST)
    old, new = shop.support.id, shop.support.change_id()
    assert old != new
    await shop.settled()
    await shop.says(shop.emma, "It is version 2.0", under=root)
    await shop.says(shop.aylin, "claim", under=root, mentions_bot=True)
    await shop.settled()
    assert len(shop.replies(root)) == 1
    assert "aylin is taking care" in shop.replies(root)[0].shown
    ended = await presses(shop, shop.emma, shop.replies(root)[0], "Close")
    assert ended.text == "Ticket #1 is closed."
    second = await shop.says(shop.jonas, ABSTURZ)
    assert len(shop.replies(second)) == 1
    setup = await shop.marek.uses(shop.general, "/setup")
    assert new in str(setup.modal.data)
    assert old not in str(setup.modal.data)


# --- people ------------------------------------------------------------------------------------------


async def test_a_stranger_asks_and_is_answered_and_can_do_nothing_of_agents(bare_shop: Shop) -> None:
    shop = bare_shop
    shop.support = shop.workspace.add_channel("support-with-partners", shared=True)
    await shop.set_up()
    paula = shop.workspace.add_stranger("paula")
    answer = shop.replies(await shop.says(paula, WUNSCH))[0]
    assert "Nicht abgedeckt" in answer.shown, "without a locale, in the message's language"
    opened = await presses(shop, paula, answer, "Trotzdem ein Ticket öffnen")
    assert "Ticket #1" in opened.text
    root = await shop.says(shop.emma, REQUEST)
    await reacts(shop, paula, root, "eyes")
    await shop.says(paula, "claim", under=root, mentions_bot=True)
    forged = await done(shop, paula.forges(shop.replies(root)[0], "claim:2"))
    assert "Support-Team" in forged.text
    assert "number 2 in line" in shop.replies(root)[0].shown
    shop.agent_group.set_members([shop.aylin, paula])
    await shop.settled()
    again = await done(shop, paula.forges(shop.replies(root)[0], "claim:2"))
    assert "Support-Team" in again.text, "people of other companies have no rights here"


async def test_rights_follow_the_user_group_at_once(shop: Shop) -> None:
    await shop.says(shop.emma, REQUEST)
    shop.agent_group.set_members([shop.tom])
    await shop.settled()
    assert (await shop.asks(shop.aylin, "/claim")).text == "This is for agents only."
    assert "is now yours" in (await shop.asks(shop.tom, "/claim")).text
    shop.agent_group.disable()
    await shop.settled()
    assert (await shop.asks(shop.tom, "/queue")).text == "This is for agents only."


async def test_a_person_without_a_locale_is_answered_in_their_message_s_language(shop: Shop) -> None:
    kim = shop.workspace.add_person("kim", locale="")
    english, german = await shop.says(kim, WISH), await shop.says(kim, WUNSCH)
    assert "Not covered" in shown(shop.replies(english))
    assert "Nicht abgedeckt" in shown(shop.replies(german))


async def test_other_bots_are_not_served(shop: Shop) -> None:
    robot = shop.workspace.add_bot("robot")
    root = await shop.says(robot, REQUEST)
    await reacts(shop, robot, root, "ticket")
    assert shop.cards == shop.replies(root) == []


@pytest.fixture
async def organisation(slack: Double, database_file: Path, matcher: Matcher) -> AsyncIterator[Shop]:
    """An Enterprise organisation that has installed the bot as a whole."""
    shop = Shop(slack, slack.add_workspace("Concern", organisation=True), database_file)
    settings = settings_for(slack, shop.workspace, SlackWay.SOCKET)
    async with serving(slack, settings, database_file, matcher) as shop.bot:
        yield shop


async def test_an_organisation_is_one_server(organisation: Shop) -> None:
    shop = organisation
    shop.slack.follow(manifest())
    assert shop.server.startswith("slack:E")
    await shop.set_up(agent_roles=[shop.aylin])
    root = await shop.says(shop.emma, REQUEST)
    assert "is now yours" in (await shop.asks(shop.aylin, "/claim")).text
    assert "aylin is taking care" in shop.replies(root)[0].shown
    assert labels(shop.cards[0])[0] == "Zurückgeben"
    await presses(shop, shop.aylin, shop.cards[0], "Zurückgeben")
    await reacts(shop, shop.aylin, root, "eyes")
    assert "already yours" in (await picks(shop, shop.aylin, root, "claim")).text
    await shop.emma.opens_home()
    await shop.slack.until(lambda: shop.emma.home and "Your tickets" in shop.emma.home.shown)
    ended = await presses(shop, shop.emma, shop.replies(root)[0], "Close")
    assert ended.text == "Ticket #1 is closed."


# --- words -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [HOSTILE, "The gallery crashes 🎉 " * 173, "<" * 3_900 + " the gallery crashes"])
async def test_whatever_people_write_calls_nobody_and_is_told_whole(shop: Shop, words: str) -> None:
    await shop.says(shop.emma, words, mentions_bot=True)
    await shop.asks(shop.jonas, f"/ticket {words}"[:4_000])
    await shop.asks(shop.tom, "/queue", shop.agents)
    await shop.asks(shop.tom, "/claim 1 because", shop.agents)
    said = ours(shop, shop.support) + ours(shop, shop.agents)
    assert len(shop.cards) >= 1
    for message in said:
        assert message.text, "for notifications and screen readers"
        assert "<!channel>" not in message.text + str(message.blocks)
        assert "<!here>" not in message.text + str(message.blocks)
    assert all(call.args.get("text") for call in shop.slack.calls("chat.postMessage", "chat.update"))
    assert shop.slack.complaints == []


async def test_calls_are_answered_with_text_for_those_who_see_no_blocks(shop: Shop) -> None:
    preview = await shop.asks(shop.marek, "/policy", shop.general)
    assert all(message.text for message in preview.messages)
    used: list[dict[str, Any]] = [response.body for response in shop.slack.responses.used]
    assert all(body["text"] for body in used)
