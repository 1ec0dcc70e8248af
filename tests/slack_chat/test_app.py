"""What Slack tells comes to the desk, in each of the three ways, and is committed before it is acknowledged."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from adapters.slack_chat.app import EVENTS
from adapters.slack_chat.manifest import EVENTS as SUBSCRIBED
from adapters.slack_chat.manifest import SHORTCUTS, manifest
from bot.settings import SlackWay
from tests.doubles.slack.deliveries import Delivery, Kind
from tests.slack_chat.conftest import REQUEST, Shop

QUESTION = "Can you change the colours for me?"
"""A request that the policy answers, so that nobody needs a ticket."""


def test_every_type_that_is_subscribed_to_has_a_listener() -> None:
    assert EVENTS.keys() == {name.partition(".")[0] for name in SUBSCRIBED}


@pytest.mark.parametrize("way", SlackWay)
async def test_a_request_becomes_a_ticket(shop: Shop, way: SlackWay) -> None:
    message = await shop.says(shop.emma, REQUEST)
    [receipt] = shop.replies(message)
    assert "Ticket #1" in receipt.shown
    [card] = shop.cards
    assert "#1" in card.shown


@pytest.mark.parametrize("way", SlackWay)
async def test_what_the_manifest_asks_for_is_all_that_is_needed(shop: Shop, way: SlackWay) -> None:
    shop.slack.follow(manifest())
    message = await shop.says(shop.emma, REQUEST)
    assert len(shop.replies(message)) == 1
    assert "#1" in (await shop.asks(shop.aylin, "/claim")).text
    await shop.emma.opens_home()
    await shop.slack.until(lambda: shop.emma.home)


@pytest.mark.parametrize("other_settings", [{"slack_command_prefix": "sd-"}])
async def test_commands_may_have_a_prefix(bare_shop: Shop, other_settings: dict[str, Any]) -> None:
    bare_shop.slack.follow(manifest("sd-"))
    answer = await bare_shop.asks(bare_shop.emma, "/sd-place")
    assert answer.text == "You have no open ticket."


@pytest.mark.parametrize("shape", [{"has_groups": False}, {"enterprise": True}, {"organisation": True}])
async def test_workspaces_of_all_shapes_are_served(bare_shop: Shop, shape: dict[str, Any]) -> None:
    shop = bare_shop
    await shop.set_up(agent_roles=[shop.aylin] if shape != {"enterprise": True} else [shop.agent_group])
    message = await shop.says(shop.emma, REQUEST)
    [receipt] = shop.replies(message)
    answer = await shop.emma.presses(receipt, "My place")
    await answer.until(lambda: answer.messages)
    assert "#1" in answer.text
    assert "#1" in (await shop.asks(shop.aylin, "/claim")).text
    form = await shop.jonas.starts("new_ticket")
    assert "#2" in (await shop.jonas.fills_in(form, {"text": REQUEST})).text


@pytest.mark.parametrize("way", [SlackWay.SOCKET, SlackWay.HTTP])
async def test_people_of_another_company_are_served_without_commands(bare_shop: Shop, way: SlackWay) -> None:
    shop = bare_shop
    shop.support.is_shared = True
    await shop.set_up()
    paul = shop.workspace.add_stranger("paul")
    message = await shop.says(paul, REQUEST)
    [receipt] = shop.replies(message)
    answer = await paul.presses(receipt, "My place")
    await answer.until(lambda: answer.messages)
    assert "#1" in answer.text
    await shop.says(paul, "claim", under=message, mentions_bot=True)
    await shop.slack.until(lambda: paul.ephemerals[1:])
    assert "nur für das Support-Team" in paul.ephemerals[-1].shown, "without a locale, in the language of the shop"


# --- events ------------------------------------------------------------------------------------------


async def test_what_is_none_of_our_business_costs_nothing(shop: Shop) -> None:
    before = len(shop.slack.calls())
    for words in ("Lunch?", "The gallery crashes", "<!here> cake in the kitchen"):
        message = shop.emma.says(shop.general, words)
        shop.emma.reacts(message, "ticket")
    await shop.settled()
    assert shop.slack.calls()[before:] == []


async def test_we_ask_slack_only_once_who_we_are(shop: Shop) -> None:
    for number in range(5):
        await shop.says(shop.emma, f"Thanks {number}!")
    assert len(shop.slack.calls("auth.test")) <= 2  # once for the token, once for the workspace


async def test_an_event_that_is_told_again_is_one_event(shop: Shop) -> None:
    message = await shop.says(shop.emma, REQUEST)
    for delivery in list(shop.slack.deliveries.of("message")):
        shop.slack.deliveries.again(delivery)
    await shop.settled()
    assert len(shop.replies(message)) == 1
    assert len(shop.cards) == 1


@pytest.mark.parametrize("way", [SlackWay.SOCKET, SlackWay.HTTP])
async def test_what_was_not_committed_is_not_acknowledged(shop: Shop, way: SlackWay) -> None:
    shop.desk.failures.append(sqlite3.OperationalError("disk I/O error"))
    shop.slack.sockets.ack_seconds = 0.5
    shop.slack.deliveries.retry_waits = (0.1,)
    message = await shop.says(shop.emma, REQUEST)
    told = next(one for one in shop.slack.deliveries.of("message") if one.payload["event"]["ts"] == message.ts)
    assert [attempt.is_acknowledged for attempt in told.attempts] == [False, True]
    assert len(shop.replies(message)) == 1


@pytest.mark.parametrize("way", [SlackWay.SOCKET, SlackWay.HTTP])
async def test_while_slack_does_not_tell_who_we_are_events_are_not_acknowledged(shop: Shop, way: SlackWay) -> None:
    shop.bot.chat.service.workspaces.forget(shop.workspace.id)
    shop.slack.fail_next("auth.test", "ratelimited")
    shop.slack.sockets.ack_seconds = 0.5
    shop.slack.deliveries.retry_waits = (0.1,)
    message = await shop.says(shop.emma, REQUEST)
    told = next(one for one in shop.slack.deliveries.of("message") if one.payload["event"]["ts"] == message.ts)
    assert [attempt.is_acknowledged for attempt in told.attempts] == [False, True]
    assert len(shop.replies(message)) == 1


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (Kind.EVENT, {"type": "event_callback", "event": {"type": "emoji_changed"}}),
        (Kind.INTERACTION, {"type": "block_actions", "actions": [{"action_id": "another", "block_id": "b"}]}),
        (Kind.INTERACTION, {"type": "view_closed", "view": {"callback_id": "desk"}}),
        (Kind.INTERACTION, {"type": "shortcut", "callback_id": "ticket_of_old"}),
        (Kind.INTERACTION, {"type": "block_suggestion", "action_id": "x", "value": ""}),
    ],
)
async def test_what_nobody_listens_to_is_acknowledged(bare_shop: Shop, kind: Kind, payload: dict[str, Any]) -> None:
    team = bare_shop.workspace.id
    sent = {"team_id": team, "team": {"id": team}, "user": {"id": bare_shop.emma.id}, "trigger_id": "1.2.a", **payload}
    told: Delivery = bare_shop.slack.deliveries.start(kind, sent)
    await told.settled.wait()
    assert [attempt.is_acknowledged for attempt in told.attempts] == [True]


# --- mentions and signs ------------------------------------------------------------------------------


async def test_a_command_by_mention_is_answered_once(shop: Shop) -> None:
    await shop.says(shop.emma, "place", shop.general, mentions_bot=True)
    await shop.slack.until(lambda: shop.emma.ephemerals)
    await shop.says(shop.jonas, "Hallo!")
    assert [said.shown for said in shop.emma.ephemerals] == ["You have no open ticket."]


async def test_claiming_by_mention_in_the_thread(shop: Shop) -> None:
    root = await shop.says(shop.emma, REQUEST)
    await shop.says(shop.aylin, "claim", under=root, mentions_bot=True)
    await shop.slack.until(lambda: shop.aylin.ephemerals)
    [told] = shop.aylin.ephemerals
    assert "#1" in told.shown
    assert told.thread_ts == root.ts


async def test_an_answer_by_mention_is_only_for_who_asked(shop: Shop) -> None:
    root = await shop.says(shop.emma, REQUEST)
    await shop.says(shop.aylin, "close", under=root, mentions_bot=True)
    await shop.slack.until(lambda: shop.aylin.ephemerals)
    assert "closed" in shop.aylin.ephemerals[0].shown
    assert len(shop.replies(root)) == 1


async def test_what_needs_a_form_cannot_be_had_by_mention(shop: Shop) -> None:
    await shop.says(shop.jonas, "policy import", shop.general, mentions_bot=True)
    await shop.says(shop.marek, "policy import", shop.general, mentions_bot=True)
    await shop.slack.until(lambda: shop.marek.ephemerals)
    assert "form" in shop.marek.ephemerals[0].shown


async def test_any_command_can_be_given_in_a_thread_behind_an_exclamation_mark(shop: Shop) -> None:
    root = await shop.says(shop.emma, REQUEST)
    await shop.says(shop.marek, "!setup show", under=root)
    await shop.slack.until(lambda: shop.marek.ephemerals)
    assert shop.marek.ephemerals[-1].shown.startswith("How this server is set up")
    await shop.says(shop.marek, f"!block {shop.jonas.mention}", under=root)
    await shop.slack.until(lambda: "is blocked" in shop.marek.ephemerals[-1].shown)
    await shop.says(shop.aylin, "!schließen Version 2 mends it", under=root)
    assert "Version 2 mends it" in shop.replies(root)[-1].shown
    assert "closed" in shop.replies(root)[0].shown


async def test_a_file_that_was_asked_for_by_a_message_comes(shop: Shop) -> None:
    await shop.says(shop.marek, "policy export", shop.general, mentions_bot=True)
    await shop.slack.until(lambda: shop.marek.ephemerals)
    assert "The file is in your direct messages" in shop.marek.ephemerals[-1].shown
    assert [file.name for message in shop.marek.direct.messages for file in message.files]


async def test_only_people_are_blocked(shop: Shop) -> None:
    told = await shop.asks(shop.marek, "/block jonas")
    assert "is not a person" in told.text


async def test_a_ticket_by_a_sign_is_told_by_its_receipt_alone(shop: Shop) -> None:
    message = await shop.says(shop.emma, QUESTION)
    shop.emma.reacts(message, "ticket")
    await shop.settled()
    assert any("#1" in reply.shown for reply in shop.replies(message))
    assert shop.emma.ephemerals == []


async def test_eyes_claim_and_mean_nothing_elsewhere(shop: Shop) -> None:
    root = await shop.says(shop.emma, REQUEST)
    other = await shop.says(shop.jonas, "Danke!", shop.general)
    shop.tom.reacts(other, "eyes")
    shop.aylin.reacts(root, "eyes")
    await shop.settled()
    await shop.slack.until(lambda: "aylin" in shop.cards[0].shown)
    assert shop.tom.ephemerals == []


# --- people and places -------------------------------------------------------------------------------


async def test_user_groups_are_kept_current(shop: Shop) -> None:
    await shop.says(shop.emma, REQUEST)
    assert "for agents only" in (await shop.asks(shop.marek, "/claim")).text
    shop.agent_group.set_members([shop.aylin, shop.marek])
    await shop.settled()
    assert "#1" in (await shop.asks(shop.marek, "/claim")).text


async def test_a_removed_bot_leaves(shop: Shop) -> None:
    assert shop.server in shop.desk.servers()
    shop.workspace.uninstall()
    await shop.slack.until(lambda: shop.server not in shop.desk.servers())


@pytest.mark.parametrize("way", [SlackWay.OAUTH])
async def test_who_installs_the_bot_again_loses_nothing(bare_shop: Shop, way: SlackWay) -> None:
    """Slack may tell of the end only after the new beginning."""
    left = {"type": "app_uninstalled"}
    bare_shop.workspace.tell(left)
    await bare_shop.settled()
    assert bare_shop.server in bare_shop.desk.servers()


@pytest.mark.parametrize("way", [SlackWay.OAUTH])
async def test_whoever_installs_the_bot_reads_what_to_do_next(bare_shop: Shop, way: SlackWay) -> None:
    await bare_shop.settled()
    [welcome] = bare_shop.marek.direct.messages
    assert "/setup" in welcome.shown


@pytest.mark.parametrize("way", [SlackWay.OAUTH])
async def test_a_workspace_that_has_not_installed_the_bot_is_told(bare_shop: Shop, way: SlackWay) -> None:
    other = bare_shop.slack.add_workspace("Other")
    person, place = other.add_person("paul"), other.add_channel("support")
    message = person.says(place, REQUEST)
    answer = await person.uses(place, "/place")
    await answer.until(lambda: answer.messages)
    assert "not installed" in answer.text
    assert message.replies == []


# --- shortcuts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("callback_id", [shortcut.callback_id for shortcut in SHORTCUTS])
async def test_every_shortcut_is_answered(shop: Shop, callback_id: str) -> None:
    shop.slack.follow(manifest())
    if callback_id in {"covered", "ticket", "private", "claim"}:
        message = await shop.says(shop.jonas, QUESTION)
        answer = await shop.jonas.picks(message, callback_id)
    else:
        answer = await shop.jonas.starts(callback_id)
    await answer.until(lambda: answer.messages or answer.has_modal)
    assert not answer.failed
