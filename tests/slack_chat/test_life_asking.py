"""What customers can do: ask, open, look and close, by words, commands, buttons, shortcuts and signs."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.slack_chat.manifest import NEW_TICKET, manifest
from tests.slack_chat.conftest import REQUEST, Shop
from tests.slack_chat.shop import ABSTURZ, WISH, WUNSCH, done, fills_in, labels, ours, picks, presses, reacts, shown


async def test_a_question_is_answered_in_its_thread_with_a_way_to_a_person(shop: Shop) -> None:
    root = await shop.says(shop.emma, WISH)
    [answer] = shop.replies(root)
    assert "Not covered" in answer.shown
    assert labels(answer) == ["Open a ticket anyway", "Fill in the form", "That helped", "Wrong answer"]
    refused = await presses(shop, shop.tom, answer, "Open a ticket anyway")
    assert refused.text == "This button is for the person who asked."
    opened = await presses(shop, shop.emma, answer, "Open a ticket anyway")
    assert "Ticket #1 is open. The conversation continues here in this thread." in opened.text
    [receipt] = shop.replies(root)
    assert "Ticket #1: we have your request" in receipt.shown, "the answer has become it"
    again = await done(shop, shop.emma.forges(receipt, f"open:{root.address}"))
    assert again.text == "There is already a ticket for this: #1."


async def test_what_people_think_of_an_answer_is_heard(shop: Shop) -> None:
    [first] = shop.replies(await shop.says(shop.emma, WISH))
    assert (await presses(shop, shop.emma, first, "That helped")).text == "Good to hear, thank you!"
    [second] = shop.replies(await shop.says(shop.jonas, WUNSCH))
    sorry = await presses(shop, shop.jonas, second, "Falsche Antwort")
    assert "haben es notiert" in sorry.text
    opened = await presses(shop, shop.jonas, sorry, "Ticket öffnen")
    assert "Ticket #1" in opened.text
    review = await shop.asks(shop.marek, "/policy review")
    await review.until(lambda: "Wrong answer" in review.text)


async def test_paid_work_goes_to_the_sales_channel(bare_shop: Shop) -> None:
    sales = bare_shop.workspace.add_channel("sales", private=True)
    await bare_shop.set_up(sales=sales)
    [answer] = bare_shop.replies(await bare_shop.says(bare_shop.emma, WISH))
    form = await presses(bare_shop, bare_shop.emma, answer, "Fill in the form")
    assert WISH in str(form.modal.data)
    given = {"Name of the product": "Shop <theme>", "Budget": "500 €", "How can we reach you?": "emma@example.com"}
    read = await fills_in(bare_shop, bare_shop.emma, form, given)
    assert "Thank you, your request has arrived" in read
    [told] = ours(bare_shop, sales)
    assert "Shop <theme>" in told.shown.replace("&lt;", "<").replace("&gt;", ">")
    assert bare_shop.cards == []


async def test_what_is_said_soon_after_can_be_added_to_the_ticket(shop: Shop) -> None:
    root = await shop.says(shop.emma, REQUEST)
    more = await shop.says(shop.emma, "The slider does not work either after the update")
    [offer] = shop.replies(more)
    assert labels(offer)[0] == "Add to ticket #1"
    added = await presses(shop, shop.emma, offer, "Add to ticket #1")
    assert added.text == "Added to ticket #1."
    assert "Added by the customer:" in shown(shop.replies(root))
    assert root.permalink in str([reply.blocks for reply in shop.replies(more)])


@pytest.mark.parametrize("other_settings", [{"slack_command_prefix": "sd-"}])
async def test_all_that_customers_can_command_with_a_prefix(bare_shop: Shop, other_settings: dict[str, Any]) -> None:
    shop = bare_shop
    shop.slack.follow(manifest("sd-"))
    form = await shop.marek.uses(shop.general, "/sd-setup")
    await fills_in(shop, shop.marek, form, {"support": [shop.support], "agent_roles": [shop.agent_group]})
    covered = await shop.asks(shop.emma, f"/sd-covered {WISH}")
    assert "Not covered" in covered.text
    opened = await shop.asks(shop.emma, "/sd-ticket The gallery crashes", shop.general)
    assert "Your ticket is #1" in opened.text
    assert "Ticket #1 is next in line." in (await shop.asks(shop.emma, "/sd-place")).text
    assert "/sd-ticket" in (await _refused_for_too_many_questions(shop))
    claimed = await shop.asks(shop.aylin, "/sd-claim")
    assert "Ticket #1 from emma" in claimed.text
    assert (await shop.asks(shop.emma, "/sd-close-ticket It works again")).text == "Ticket #1 is closed."
    assert "emma has closed ticket #1." in shown(ours(shop, shop.support))


async def _refused_for_too_many_questions(shop: Shop) -> str:
    """A sentence of ours that names a command."""
    told = ""
    while "a lot of questions" not in told:
        told = (await shop.asks(shop.jonas, f"/sd-covered {WISH}")).text
        told = (await shop.asks(shop.tom, f"/sd-covered {WISH}")).text
    return told


async def test_forms_open_where_nothing_is_typed_behind_a_command(shop: Shop) -> None:
    asked = await shop.emma.uses(shop.general, "/ticket")
    read = await fills_in(shop, shop.emma, asked, {"What can we help with?": REQUEST})
    assert "Your ticket is #1" in read
    [receipt] = ours(shop, shop.support)
    assert REQUEST in receipt.shown, "nothing else above it says what was asked"
    assert receipt.permalink in str(shop.cards[0].blocks)
    asked = await shop.jonas.uses(shop.general, "/covered")
    assert "Farben" not in str(asked.modal.data)
    read = await fills_in(shop, shop.jonas, asked, {"Ihre Frage": WUNSCH})
    assert "Nicht abgedeckt" in read


async def test_a_refusal_leaves_in_the_form_what_was_typed(shop: Shop) -> None:
    for number in range(3):
        await shop.asks(shop.emma, f"/ticket {REQUEST} {number}")
    asked = await shop.emma.uses(shop.general, "/ticket")
    sent = await shop.emma.fills_in(asked, {"What can we help with?": "And one more"})
    assert "3 open tickets" in str(sent.errors)
    assert asked.has_modal


async def test_every_shortcut_of_a_message(shop: Shop) -> None:
    shop.slack.follow(manifest())
    question = await shop.says(shop.emma, WISH, shop.general)
    covered = await picks(shop, shop.jonas, question, "covered")
    assert "Nicht abgedeckt" in covered.text
    opened = await picks(shop, shop.emma, question, "ticket")
    assert "Your ticket is #1" in opened.text
    hidden = await picks(shop, shop.jonas, await shop.says(shop.jonas, ABSTURZ, shop.general), "private")
    assert "Ihr Ticket hat die Nummer 2" in hidden.text
    assert "Ticket #2" in shown(shop.jonas.direct.messages)
    root = await shop.says(shop.tom, "How do I install the theme?", shop.general)
    told = await picks(shop, shop.tom, root, "claim")
    assert told.text == "This message does not belong to a ticket."


async def test_the_global_shortcut_opens_a_ticket(shop: Shop) -> None:
    started = await shop.jonas.starts(NEW_TICKET)
    assert "Wobei können wir helfen?" in started.modal.shown
    sent = await done(shop, shop.jonas.fills_in(started, {"Wobei können wir helfen?": ABSTURZ}))
    assert "Ihr Ticket hat die Nummer 1" in sent.text
    assert ABSTURZ in shown(ours(shop, shop.support))


async def test_tickets_by_a_sign(shop: Shop) -> None:
    message = await shop.says(shop.emma, WISH)
    await reacts(shop, shop.jonas, message, "ticket")
    assert shop.cards == [], "only who wrote it, or an agent, may ask for its ticket"
    await reacts(shop, shop.tom, message, "admission_tickets")
    await reacts(shop, shop.emma, message, "ticket")
    [card] = shop.cards
    assert "#1 von emma" in card.shown
    assert "Ticket #1: we have your request" in shown(shop.replies(message))
    assert [told for person in (shop.emma, shop.jonas, shop.tom) for told in person.ephemerals] == []


async def test_a_mention_is_answered_in_any_channel_and_small_talk_in_none(shop: Shop) -> None:
    call = await shop.says(shop.emma, WISH, shop.general, mentions_bot=True)
    assert "Not covered" in shown(ours(shop, shop.general))
    assert [message.thread_ts for message in ours(shop, shop.general)] == [call.ts], "what answers stands under it"
    await shop.says(shop.jonas, "Danke!", shop.support)
    assert ours(shop, shop.support) == []


async def test_who_only_calls_us_reads_what_there_is_to_be_had(shop: Shop) -> None:
    await shop.says(shop.jonas, "", shop.general, mentions_bot=True)
    [panel] = ours(shop, shop.general)
    assert labels(panel)[0] == "Ticket öffnen"
    asked = await shop.jonas.presses(panel, "Ist das abgedeckt?")
    read = await fills_in(shop, shop.jonas, asked, {"Ihre Frage": WUNSCH})
    assert "Nicht abgedeckt" in read
