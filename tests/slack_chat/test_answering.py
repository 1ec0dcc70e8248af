"""Every answer comes within three seconds, by whatever way is open, and what was typed is not lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from adapters.slack_chat.commands import called
from adapters.slack_chat.files import _MOST_BYTES, _fetched, with_texts
from bot.desk.commands import COMMANDS
from bot.model import Content, Event, FormSent, Language, Reply
from bot.settings import SlackWay
from bot.texts import paragraph
from tests.doubles.slack.answers import Answer
from tests.doubles.slack.world import Message
from tests.slack_chat.conftest import REQUEST, Shop
from tests.slack_chat.paper_slack import PaperSlack
from tests.slack_chat.paper_slack import workspace as paper_workspace

QUESTION = "What can we help with?"
"""The one field of the form by which tickets are opened."""
QUICK = 0.15
"""Seconds that a test's desk takes when it is slow; the adapter loses its patience before."""

SlowDesk = Callable[..., None]


@pytest.fixture
def slow_desk(shop: Shop) -> SlowDesk:
    """Makes the desk answer events of some kinds late, and the adapter lose its patience early."""

    def make(*kinds: type[Event]) -> None:
        shop.desk.hesitates_at, shop.desk.hesitation = kinds or (Event,), 3 * QUICK
        answering = shop.bot.chat.service.answering
        answering.patience, answering.latest = timedelta(seconds=QUICK), timedelta(seconds=1.5 * QUICK)

    return make


def long_content(pages: int) -> Content:
    """So much that Slack takes it only in this many messages."""
    return Content(Language.EN, tuple(paragraph("word " * 560) for _ in range(4 * pages)))


async def button_shown(shop: Shop) -> Message:
    """A message of ours with buttons: the receipt of a ticket."""
    [receipt] = shop.replies(await shop.says(shop.emma, REQUEST))
    return receipt


# --- commands ----------------------------------------------------------------------------------------


async def test_every_command_is_answered_at_once(shop: Shop) -> None:
    for person, command in ((person, command) for command in COMMANDS for person in (shop.marek, shop.jonas)):
        answer = await person.uses(shop.general, called(command.name, ""))
        assert not answer.failed
        assert answer.messages or answer.has_modal, command.name
        assert answer.body or answer.has_modal, command.name
        for view in person.modals:
            person.closes(view)


async def test_an_answer_in_the_acknowledgement_costs_no_call(shop: Shop) -> None:
    await shop.asks(shop.aylin, "/queue")
    before, used = len(shop.slack.calls()), len(shop.slack.responses.used)
    answer = await shop.asks(shop.aylin, "/queue")
    assert "nobody is waiting" in answer.text
    assert not answer.is_public
    assert shop.slack.calls()[before:] == []
    assert len(shop.slack.responses.used) == used


@pytest.mark.parametrize("way", [SlackWay.SOCKET, SlackWay.HTTP])
async def test_a_late_answer_comes_by_the_response_url(shop: Shop, way: SlackWay, slow_desk: SlowDesk) -> None:
    slow_desk()
    answer = await shop.emma.uses(shop.support, "/place")
    assert not answer.failed
    assert answer.messages == []
    await answer.until(lambda: answer.messages)
    assert answer.text == "You have no open ticket."


async def test_a_form_that_comes_too_late_is_asked_for_again(shop: Shop, slow_desk: SlowDesk) -> None:
    slow_desk()
    answer = await shop.emma.uses(shop.support, "/ticket")
    await answer.until(lambda: answer.messages)
    assert "once more" in answer.text
    assert answer.views == []


async def test_a_form_that_slack_does_not_open_is_asked_for_again(shop: Shop) -> None:
    shop.slack.fail_next("views.open", "expired_trigger_id")
    answer = await shop.jonas.uses(shop.support, "/ticket")
    assert "noch einmal" in answer.text


async def test_slack_that_opens_a_form_slowly_keeps_nobody_waiting(shop: Shop) -> None:
    shop.bot.chat.service.answering.latest = timedelta(seconds=QUICK)
    shop.slack.slow_next("views.open", 2 * QUICK)
    answer = await shop.emma.uses(shop.support, "/ticket")
    assert not answer.failed
    assert answer.seconds < 2 * QUICK
    await shop.slack.delivered()
    assert answer.has_modal
    await asyncio.sleep(2 * QUICK)
    assert answer.messages == []


async def test_a_long_answer_comes_in_its_order(shop: Shop) -> None:
    shop.desk.only_reply = Reply(long_content(3))
    answer = await shop.emma.uses(shop.support, "/policy")
    await answer.until(lambda: len(answer.messages) == 3)
    assert all(message.seen_by is shop.emma for message in answer.messages)
    assert answer.body is None


async def test_a_public_answer_is_seen_by_all(shop: Shop) -> None:
    shop.desk.only_reply = Reply(long_content(1), is_public=True)
    answer = await shop.emma.uses(shop.support, "/policy")
    assert answer.is_public


async def test_what_cannot_be_told_by_the_response_url_is_told_by_a_message(shop: Shop, slow_desk: SlowDesk) -> None:
    slow_desk()
    shop.slack.fail_next("response_url", status=404)
    await shop.emma.uses(shop.support, "/place")
    await shop.slack.until(lambda: shop.emma.ephemerals)
    assert [said.shown for said in shop.emma.ephemerals] == ["You have no open ticket."]


@pytest.fixture
async def private_answer(shop: Shop) -> Answer:
    """An answer that only one person sees, with buttons."""
    return await shop.asks(shop.emma, "/covered Please add a dark mode!")


async def test_the_answer_to_a_button_takes_the_place_of_what_only_one_person_sees(
    shop: Shop, private_answer: Answer
) -> None:
    [asked] = private_answer.messages
    shop.desk.only_reply = Reply(long_content(2))
    answer = await shop.emma.presses(private_answer, "That helped")
    await answer.until(lambda: len(answer.messages) == 2)
    assert answer.messages[0] is asked
    assert asked.shown == answer.messages[1].shown


SAID = Reply(Content(Language.EN, (paragraph("Said."),)))


@pytest.mark.parametrize("reply", [replace(SAID, is_refusal=True), replace(SAID, is_public=True)])
async def test_what_may_be_pressed_once_more_stays(shop: Shop, private_answer: Answer, reply: Reply) -> None:
    [asked] = private_answer.messages
    shop.desk.only_reply = reply
    answer = await shop.emma.presses(private_answer, "That helped")
    await answer.until(lambda: answer.messages)
    assert answer.text == "Said."
    assert asked.buttons


async def test_a_button_whose_form_does_not_open_stays(shop: Shop, private_answer: Answer) -> None:
    shop.slack.fail_next("views.open", "expired_trigger_id")
    answer = await shop.emma.presses(private_answer, "Fill in the form")
    await answer.until(lambda: answer.messages)
    assert "once more" in answer.text
    assert private_answer.messages[0].buttons


async def test_public_words_that_cannot_be_told_by_the_response_url_are_said(shop: Shop) -> None:
    receipt = await button_shown(shop)
    shop.desk.only_reply = Reply(Content(Language.EN, (paragraph("The end."),)), is_public=True)
    shop.slack.drop_next("response_url", after_doing=False)
    await shop.emma.presses(receipt, "Close")
    await shop.slack.until(lambda: "The end." in shop.support.messages[-1].shown)
    assert shop.support.messages[-1].thread_ts == receipt.thread_ts


@pytest.mark.parametrize("trouble", ["put off", "unsure"])
async def test_public_words_that_slack_does_not_take_at_once_are_said_later_and_once(shop: Shop, trouble: str) -> None:
    receipt = await button_shown(shop)
    shop.desk.only_reply = Reply(Content(Language.EN, (paragraph("The end."),)), is_public=True)
    shop.bot.chat.service.answering.pause = timedelta(seconds=QUICK)
    shop.slack.drop_next("response_url", after_doing=False)
    if trouble == "put off":
        shop.slack.limit_next("chat.postMessage", 0.3)
    else:
        shop.slack.fail_next("chat.postMessage", "fatal_error", after_doing=True)
    await shop.emma.presses(receipt, "Close")
    await shop.slack.until(lambda: "The end." in shop.support.messages[-1].shown)
    await shop.slack.until(lambda: trouble == "put off" or shop.slack.calls("conversations.replies"))
    await asyncio.sleep(2 * QUICK)
    assert [reply.thread_ts for reply in shop.support.messages if "The end." in reply.shown] == [receipt.thread_ts]


async def test_a_fault_of_ours_is_not_hidden(shop: Shop) -> None:
    shop.desk.failures.append(ZeroDivisionError())
    shop.slack.sockets.ack_seconds = 0.5
    assert (await shop.emma.uses(shop.support, "/place")).failed


# --- buttons -----------------------------------------------------------------------------------------


async def test_a_button_in_a_thread_is_answered_there(shop: Shop) -> None:
    receipt = await button_shown(shop)
    answer = await shop.emma.presses(receipt, "My place")
    await answer.until(lambda: answer.messages)
    [told] = answer.messages
    assert "#1" in told.shown
    assert (told.seen_by, told.thread_ts) == (shop.emma, receipt.thread_ts)
    assert "Ticket #1" in receipt.shown, "what the button stood in stays as it is"


async def test_a_button_in_a_channel_is_answered_in_the_channel(shop: Shop) -> None:
    await button_shown(shop)
    answer = await shop.aylin.presses(shop.cards[0], "Übernehmen")
    await answer.until(lambda: answer.messages)
    assert answer.messages[0].thread_ts is None


async def test_a_late_button_is_answered_afterwards(shop: Shop, slow_desk: SlowDesk) -> None:
    receipt = await button_shown(shop)
    slow_desk()
    answer = await shop.emma.presses(receipt, "My place")
    assert not answer.failed
    await answer.until(lambda: answer.messages)
    assert "#1" in answer.text


async def test_a_forged_button_does_no_harm(shop: Shop) -> None:
    receipt = await button_shown(shop)
    for action in ("", "claim-next", "reply:1", "nonsense", "close:99999999", "x" * 2_000):
        answer = await shop.emma.forges(receipt, action)
        await answer.until(lambda answer=answer: answer.messages or answer.has_modal)  # type: ignore[misc]
        assert not answer.failed


async def test_a_reply_to_the_customer_is_a_form(shop: Shop) -> None:
    receipt = await button_shown(shop)
    form = await shop.aylin.presses(shop.cards[0], "Kunden antworten")
    answer = await shop.aylin.fills_in(form, {"Your words to the customer": "Please update to 2.0."})
    await answer.until(lambda: form.messages)
    await shop.settled()
    said = [reply.shown for reply in shop.support.messages if reply.thread_ts == receipt.thread_ts]
    assert any("Please update to 2.0." in words for words in said)


# --- forms -------------------------------------------------------------------------------------------


async def test_a_form_is_answered_where_it_was_opened(shop: Shop) -> None:
    form = await shop.emma.uses(shop.support, "/ticket")
    answer = await shop.emma.fills_in(form, {QUESTION: REQUEST})
    assert shop.emma.modals == []
    await answer.until(lambda: form.messages)
    assert "#1" in form.text


async def test_a_refused_form_stays_open_with_what_was_typed(shop: Shop) -> None:
    form = await shop.emma.uses(shop.support, "/ticket")
    answer = await shop.emma.fills_in(form, {QUESTION: " "})
    assert list(answer.errors) == ["text"]
    assert len(shop.emma.modals) == 1
    again = await shop.emma.fills_in(form, {QUESTION: REQUEST})
    assert not again.errors
    await again.until(lambda: form.messages)
    assert "#1" in form.text


async def test_a_late_form_asks_for_a_moment_and_becomes_the_answer(shop: Shop, slow_desk: SlowDesk) -> None:
    form = await shop.emma.uses(shop.support, "/ticket")
    slow_desk(FormSent)
    answer = await shop.emma.fills_in(form, {QUESTION: REQUEST})
    assert "moment" in answer.text
    await answer.until(lambda: "#1" in answer.text)
    assert len(shop.emma.modals) == 1


@pytest.mark.parametrize(
    ("command", "given", "begun"),
    [
        ("/setup promise", {"soft_hours": "50"}, {"soft_hours": ("initial_value", "50")}),
        (
            "/setup hours",
            {"week": "now and then", "there": "both"},
            {"week": ("initial_value", "now and then"), "there": ("initial_option", "both")},
        ),
    ],
)
async def test_a_late_refusal_brings_back_what_was_filled_in(
    shop: Shop, slow_desk: SlowDesk, command: str, given: dict[str, str], begun: dict[str, tuple[str, str]]
) -> None:
    form = await shop.marek.uses(shop.general, command)
    slow_desk(FormSent)
    answer = await shop.marek.fills_in(form, given)
    await answer.until(lambda: "moment" not in answer.text)
    blocks = answer.modal.data["blocks"]
    assert blocks[0]["type"] == "section", "it says why"
    elements = {block["block_id"]: block["element"] for block in blocks if block["type"] == "input"}
    for name, (key, value) in begun.items():
        found = elements[name][key]
        assert value == (found["value"] if isinstance(found, dict) else found)


async def test_the_same_form_a_second_time_closes(shop: Shop) -> None:
    form = await shop.emma.uses(shop.support, "/ticket")
    view = form.modal
    await shop.emma.fills_in(form, {QUESTION: REQUEST})
    view.is_open = True  # what Slack has shown twice
    again = await shop.emma.fills_in(view, {QUESTION: REQUEST})
    assert again.body == {"response_action": "clear"}
    await shop.settled()
    assert shop.emma.modals == []
    assert len(shop.cards) == 1


async def test_late_the_same_form_a_second_time_does_not_ask_for_patience_for_ever(
    shop: Shop, slow_desk: SlowDesk
) -> None:
    form = await shop.emma.uses(shop.support, "/ticket")
    view = form.modal
    await shop.emma.fills_in(form, {QUESTION: REQUEST})
    view.is_open = True
    slow_desk(FormSent)
    again = await shop.emma.fills_in(view, {QUESTION: REQUEST})
    assert "moment" in again.text
    await again.until(lambda: "done already" in again.text)


async def test_a_window_that_waits_for_nothing_says_so(shop: Shop, slow_desk: SlowDesk) -> None:
    await shop.emma.opens_home()
    await shop.slack.until(lambda: shop.emma.home)
    home = shop.emma.home
    assert home is not None
    shop.desk.only_reply = Reply()
    slow_desk()
    answer = await shop.emma.presses(home, "My place")
    await answer.until(lambda: "done already" in answer.text)


async def test_a_form_whose_response_url_is_too_old_is_answered_by_a_message(shop: Shop) -> None:
    form = await shop.emma.uses(shop.support, "/ticket")
    shop.slack.let_pass(31 * 60)
    await shop.emma.fills_in(form, {QUESTION: REQUEST})
    await shop.slack.until(lambda: shop.emma.ephemerals)
    assert "#1" in shop.emma.ephemerals[0].shown


async def test_a_forged_form_is_refused(shop: Shop) -> None:
    form = await shop.emma.uses(shop.support, "/ticket")
    states: list[dict[str, Any]] = [{}, {"text": {}}, {"no": {"such": {"type": "plain_text_input", "value": "x"}}}]
    for state in states:
        answer = await shop.emma.forges_form(form.modal, state)
        assert answer.errors


async def test_whoever_sets_up_reads_what_is_missing(bare_shop: Shop) -> None:
    office = bare_shop.workspace.add_channel("office")
    hidden = bare_shop.workspace.add_channel("hidden", private=True, has_bot=False)
    form = await bare_shop.marek.uses(bare_shop.general, "/setup")
    given: dict[str, Any] = {"support": [hidden], "agents": office, "agent_roles": [bare_shop.agent_group]}
    answer = await bare_shop.marek.fills_in(form, given)
    await answer.until(lambda: form.messages)
    assert f"The bot is not in <#{hidden.id}>" in form.text
    assert f"In <#{office.id}> customers' words are quoted" in form.text


# --- the Home tab and the global shortcut ------------------------------------------------------------


async def test_the_home_tab_is_shown_and_kept_current(shop: Shop) -> None:
    await shop.emma.opens_home()
    await shop.slack.until(lambda: shop.emma.home)
    home = shop.emma.home
    assert home is not None
    form = await shop.emma.presses(home, "Open a ticket")
    answer = await shop.emma.fills_in(form, {QUESTION: REQUEST})
    assert "#1" in answer.text, "there is no conversation to answer in, so the form becomes the answer"
    await shop.slack.until(lambda: "#1" in home.shown)


async def test_a_button_in_the_home_tab_opens_its_answer(shop: Shop) -> None:
    await shop.says(shop.emma, REQUEST)
    await shop.aylin.opens_home()
    await shop.slack.until(lambda: shop.aylin.home)
    home = shop.aylin.home
    assert home is not None
    answer = await shop.aylin.presses(home, "Claim next")
    assert "#1" in answer.modal.shown
    await shop.slack.until(lambda: "nobody is waiting" in home.shown)
    again = await shop.aylin.presses(answer, "Release")
    await again.until(lambda: "#1" in answer.modal.shown and "Release" not in answer.buttons)
    assert shop.aylin.modals == [answer.modal]


async def test_refreshing_the_home_tab_opens_nothing(shop: Shop) -> None:
    await shop.emma.opens_home()
    await shop.slack.until(lambda: shop.emma.home)
    home = shop.emma.home
    assert home is not None
    await shop.says(shop.emma, REQUEST)
    await shop.emma.presses(home, "Refresh")
    await shop.slack.until(lambda: "#1" in home.shown)
    assert shop.emma.modals == []


async def test_the_other_tabs_of_the_home_are_not_ours(shop: Shop) -> None:
    await shop.emma.opens_home("messages")
    await shop.settled()
    assert shop.slack.calls("views.publish") == []


async def test_a_late_answer_in_the_home_tab_has_a_modal_that_waits(shop: Shop, slow_desk: SlowDesk) -> None:
    await shop.emma.opens_home()
    await shop.slack.until(lambda: shop.emma.home)
    home = shop.emma.home
    assert home is not None
    slow_desk()
    answer = await shop.emma.presses(home, "Open a ticket")
    await answer.until(lambda: answer.views)
    assert "moment" in answer.modal.shown
    await answer.until(lambda: QUESTION in answer.modal.shown)


async def test_an_answer_that_no_modal_can_show_comes_by_direct_message(shop: Shop) -> None:
    await shop.emma.opens_home()
    await shop.slack.until(lambda: shop.emma.home)
    home = shop.emma.home
    assert home is not None
    shop.slack.fail_next("views.open", "expired_trigger_id")
    await shop.emma.presses(home, "My place")
    await shop.slack.until(lambda: shop.emma.direct.messages)
    assert "no open ticket" in shop.emma.direct.messages[0].shown


async def test_a_home_tab_that_slack_does_not_take_does_no_harm(shop: Shop) -> None:
    shop.slack.fail_next("views.publish", "hash_conflict")
    await shop.emma.opens_home()
    await shop.settled()
    await shop.emma.opens_home()
    await shop.slack.until(lambda: shop.emma.home)


# --- files -------------------------------------------------------------------------------------------


async def test_a_file_comes_by_direct_message(shop: Shop) -> None:
    answer = await shop.marek.uses(shop.general, "/policy export")
    await answer.until(lambda: answer.messages)
    assert "direct messages" in answer.text
    [file] = shop.workspace.files.values()
    assert file.channels == [shop.marek.direct.id]


async def test_a_file_that_cannot_be_sent_is_not_promised(shop: Shop) -> None:
    shop.slack.fail_next("files.getUploadURLExternal", "missing_scope")
    answer = await shop.marek.uses(shop.general, "/policy export")
    await answer.until(lambda: answer.messages)
    assert "cannot be sent" in answer.text


async def test_a_picture_for_all_comes_to_where_it_was_asked_for(shop: Shop) -> None:
    await shop.says(shop.emma, REQUEST)
    await shop.asks(shop.aylin, "/claim")
    answer = await shop.marek.uses(shop.general, "/fairness all picture")
    await answer.until(lambda: answer.messages, 20)
    assert answer.is_public
    [file] = shop.workspace.files.values()
    assert file.channels == [shop.general.id]


async def test_an_exported_policy_can_be_imported(shop: Shop) -> None:
    exported = await shop.marek.uses(shop.general, "/policy export")
    await exported.until(lambda: exported.messages)
    [file] = shop.workspace.files.values()
    form = await shop.marek.uses(shop.general, "/policy import")
    answer = await shop.marek.fills_in(form, {"file": ("policy.yaml", file.content)})
    await answer.until(lambda: form.messages or answer.errors or answer.has_modal, 20)
    assert "went wrong" not in form.text + answer.text


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"- not: a policy"])
async def test_what_is_no_policy_is_refused(shop: Shop, content: bytes) -> None:
    form = await shop.marek.uses(shop.general, "/policy import")
    answer = await shop.marek.fills_in(form, {"file": ("policy.yaml", content)})
    assert answer.errors


@pytest.mark.parametrize(
    "about",
    [
        {"is_external": True},
        {"mode": "remote"},
        {"url_private": "https://files.example.com/x"},
        {"url_private": "https://slack.com.example.com/x"},
        {"url_private": "https://notslack.com/x"},
        {"url_private": "http://files.slack.com/x"},
        {"url_private": "http://127.0.0.1:1/x"},
    ],
)
async def test_our_token_is_shown_to_slack_alone(about: dict[str, Any]) -> None:
    class Abroad:
        token, base_url, session = "xoxb-1", "https://slack.com/api/", None

        async def files_info(self, *, file: str) -> dict[str, Any]:
            return {"file": {"id": file, "size": 1, "url_private": "https://files.slack.com/x", **about}}

    acme = replace(paper_workspace(PaperSlack()), client=cast("AsyncWebClient", Abroad()))
    view = {"state": {"values": {"file": {"file": {"files": [{"id": "F1"}]}}}}}
    assert await with_texts(acme, view, {"file": "F1"}) == {"file": "\N{REPLACEMENT CHARACTER}"}


async def test_a_file_that_is_larger_than_slack_says_is_not_read_to_its_end(shop: Shop) -> None:
    acme = await shop.bot.chat.service.workspaces.of(shop.workspace.id)
    assert acme is not None
    file = shop.workspace.store("large.yaml", b"x" * (_MOST_BYTES + 1), shop.marek)
    fetched = await _fetched(acme, URL(acme.client.base_url).with_path(file.path))
    assert fetched is None


async def test_a_file_that_slack_does_not_give_can_be_sent_again(shop: Shop) -> None:
    form = await shop.marek.uses(shop.general, "/policy import")
    shop.slack.fail_next("files.info", "file_not_found")
    answer = await shop.marek.fills_in(form, {"file": ("policy.yaml", b"x")})
    assert "once more" in str(answer.errors)
