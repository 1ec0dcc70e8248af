"""The policy: read by all, asked by all; posted, changed, carried out and back in by moderators."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from adapters.slack_chat.manifest import manifest
from tests.doubles.slack.answers import Answer
from tests.slack_chat.conftest import Shop
from tests.slack_chat.shop import WISH, WUNSCH, done, fills_in, labels, ours, presses, shown

CLAUSE = "We mend what is broken, <always> & gladly."


@pytest.fixture(autouse=True)
def _unhurried(shop: Shop) -> None:
    """What a change would do takes some thinking, on a busy machine more than Slack's three seconds."""
    answering = shop.bot.chat.service.answering
    answering.patience = answering.latest = timedelta(seconds=30)
    shop.slack.sockets.ack_seconds = 40


async def test_a_preview_is_private_and_posted_by_its_button(shop: Shop) -> None:
    shop.slack.follow(manifest())
    read = await shop.asks(shop.jonas, "/policy", shop.general)
    assert "Wer zuerst kommt, mahlt zuerst" in read.text
    assert read.buttons == []
    assert not read.is_public
    preview = await shop.asks(shop.marek, "/policy", shop.general)
    assert "first come, first served" in preview.text.lower()
    assert ours(shop, shop.general) == []
    told = await presses(shop, shop.marek, preview, "Post here")
    assert told.messages[-1].shown == "The policy will be here in a moment."
    assert told.messages == preview.messages, "the answer has taken its place"
    assert told.buttons == [], "so that it cannot be posted twice"
    assert "first come, first served" in shown(ours(shop, shop.general)).lower()
    assert all(message.thread_ts is None for message in ours(shop, shop.general))


async def test_both_languages_are_posted_and_follow_the_policy(shop: Shop) -> None:
    assert (await shop.asks(shop.jonas, "/policy post both", shop.general)).text == "Das ist nur für die Moderation."
    await shop.asks(shop.marek, "/policy post both", shop.general)
    posted = ours(shop, shop.general)
    assert "Artikel-Support" in shown(posted)
    assert "Item support" in shown(posted)
    form = await shop.marek.uses(shop.general, "/policy edit document en")
    [field] = [block for block in form.modal.data["blocks"] if block["type"] == "input"]
    changed = field["element"]["initial_value"].replace("First come", "Whoever comes first", 1)
    assert changed != field["element"]["initial_value"]
    await _apply(shop, form, {field["block_id"]: changed})
    assert ours(shop, shop.general) == posted, "edited in place"
    assert "Whoever comes first" in shown(posted)


async def test_the_policy_answers_questions_and_shows_sections(shop: Shop) -> None:
    asked = await shop.asks(shop.emma, "/policy Can you change the design for me?", shop.general)
    assert "Not covered" in asked.text
    opened = await presses(shop, shop.emma, asked, "Open a ticket anyway")
    assert "Your ticket is #1" in opened.text
    assert "Nicht abgedeckt" in (await shop.asks(shop.jonas, f"/policy {WUNSCH}")).text
    section = await shop.asks(shop.jonas, "/policy Personalization en")
    assert "paid solution" in section.text
    assert "First come" not in section.text
    unknown = await shop.asks(shop.emma, "/policy weather in Spain")
    assert "The policy has no section “weather in Spain”." in unknown.text


async def _apply(shop: Shop, form: Answer, values: dict[str, Any]) -> str:
    """Send a form about the policy, and put in force what it would do."""
    before = len(form.messages)
    await shop.marek.fills_in(form, values)
    await form.until(lambda: len(form.messages) > before, 30)
    assert "Apply" in labels(form.messages[-1]), form.messages[-1].shown
    why = await shop.marek.presses(form.messages[-1], "Apply")
    read = await fills_in(shop, shop.marek, why, {"why": "as agreed"})
    assert "Done: version" in read
    return read


async def test_a_category_is_chosen_and_edited(shop: Shop) -> None:
    choice = await shop.asks(shop.marek, "/policy edit", shop.general)
    german = await presses(shop, shop.marek, choice, "German")
    assert "Fehler im Artikel" in german.buttons
    choice = await shop.asks(shop.marek, "/policy edit", shop.general)
    form = await shop.marek.presses(choice, "Defects in the item")
    await _apply(shop, form, {"clause": CLAUSE})
    root = await shop.says(shop.emma, "The gallery crashes")
    assert "We mend what is broken, &lt;always&gt; &amp; gladly." in shop.replies(root)[0].shown


async def test_a_draft_is_gone_on_with_and_dropped(shop: Shop) -> None:
    choice = await shop.asks(shop.marek, "/policy edit", shop.general)
    form = await shop.marek.presses(choice, "The policy's text")
    [field] = [block for block in form.modal.data["blocks"] if block["type"] == "input"]
    longer = field["element"]["initial_value"] + "\nAnd one more line."
    draft = await fills_in(shop, shop.marek, form, {field["block_id"]: longer})
    assert "Saved as a draft. Something is still missing:" in draft
    choice = await shop.asks(shop.marek, "/policy edit", shop.general)
    [go_on] = [label for label in choice.buttons if label.startswith("Go on: ")]
    again = await presses(shop, shop.marek, choice, go_on)
    [discard] = [button for button in again.messages[-1].buttons if button["text"]["text"] == "Discard"]
    dropped = await presses(shop, shop.marek, again, "Discard")
    assert dropped.text == "Dropped. Nothing has changed."
    assert again.buttons == []
    stale = await done(shop, shop.marek.forges(again.messages[-1], discard["value"]))
    assert "already applied or dropped" in stale.text


async def test_categories_are_added_renamed_and_switched_off(shop: Shop) -> None:
    form = await shop.marek.uses(shop.general, "/policy add Refunds")
    titles = {"title_de": "Erstattungen", "title_en": "Refunds", "ruling": "not_covered"}
    draft = await fills_in(shop, shop.marek, form, titles)
    assert "Something is still missing" in draft
    form = await shop.marek.uses(shop.general, "/policy rename defect")
    draft = await fills_in(shop, shop.marek, form, {"title_de": "Macken", "title_en": "Faults"})
    assert "new title: Faults" in draft
    off = await shop.marek.uses(shop.general, "/policy off customization")
    await off.until(lambda: "Apply" in off.buttons, 30)
    why = await shop.marek.presses(off, "Apply")
    await fills_in(shop, shop.marek, why, {"why": "we do that now"})
    assert "Not covered" not in (await shop.asks(shop.emma, f"/covered {WISH}")).text
    history = await shop.asks(shop.marek, "/policy history")
    undo = await shop.marek.presses(history, "Undo version 1")
    await undo.until(lambda: "is switched on again." in undo.text, 30)


async def test_the_policy_is_carried_out_and_back_in_as_a_file(shop: Shop) -> None:
    shop.slack.follow(manifest())
    told = await shop.marek.uses(shop.general, "/policy export")
    await told.until(lambda: "The file is in your direct messages" in told.text, 30)
    [file] = [file for message in shop.marek.direct.messages for file in message.files]
    changed = file.content.decode().replace("Please", "Kindly", 1)
    assert changed != file.content.decode()
    form = await shop.marek.uses(shop.general, "/policy import")
    await _apply(shop, form, {"file": ("policy.yaml", changed)})
    form = await shop.marek.uses(shop.general, "/policy import")
    sent = await shop.marek.fills_in(form, {"file": ("policy.yaml", "nonsense: [")})
    assert "policy.yaml, line" in str(sent.errors)


async def test_what_the_bot_got_wrong_is_learnt_from(shop: Shop) -> None:
    [answer] = shop.replies(await shop.says(shop.emma, WISH))
    await presses(shop, shop.emma, answer, "Wrong answer")
    review = await shop.marek.uses(shop.general, "/policy review")
    await review.until(lambda: "Another category" in review.buttons, 30)
    form = await shop.marek.presses(review, "Another category")
    await shop.marek.fills_in(form, {"category": "usage_question", "phrase": WISH})
    add = "Add to Questions about using the item"
    await form.until(lambda: add in form.buttons, 30)
    learnt = await shop.marek.presses(form, add)
    await learnt.until(lambda: "There is nothing to learn from" in learnt.text, 30)
    [second] = shop.replies(await shop.says(shop.jonas, "Wie lange dauert eine Antwort?"))
    await presses(shop, shop.jonas, second, "Falsche Antwort")
    review = await shop.marek.uses(shop.general, "/policy review")
    await review.until(lambda: "Leave" in review.buttons, 30)
    left = await presses(shop, shop.marek, review, "Leave")
    assert "Left as it is." in left.text
    tried = await shop.marek.uses(shop.general, f"/policy test {WISH}")
    await tried.until(lambda: "Questions about using the item" in tried.text, 30)
