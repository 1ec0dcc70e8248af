"""What only the customer and the team may read: direct messages with the bot, private tickets, the card's thread."""

from __future__ import annotations

from adapters.slack_chat.manifest import manifest
from tests.slack_chat.conftest import REQUEST, Shop
from tests.slack_chat.shop import ABSTURZ, WUNSCH, fills_in, labels, ours, presses, shown


async def test_a_private_ticket_lives_in_direct_messages_and_under_its_card(shop: Shop) -> None:
    shop.slack.follow(manifest())
    opened = await shop.asks(shop.emma, f"/private {REQUEST}", shop.general)
    assert "Your ticket is #1" in opened.text
    [receipt], [card] = ours(shop, shop.emma.direct), shop.cards
    assert REQUEST in receipt.shown
    assert REQUEST in card.shown
    assert "Privat: " in card.shown
    assert ours(shop, shop.support) == []

    shop.emma.writes_to_bot("The theme is Aurora")
    await shop.settled()
    shop.emma.writes_to_bot("It is version 1.9, my licence is HOLUNDER", under=receipt)
    await shop.settled()
    assert "licence is HOLUNDER" in shown(shop.replies(card))
    assert "Aurora" in shown(shop.replies(card))
    assert "Added to ticket #1." in shown(ours(shop, shop.emma.direct))
    assert len(shop.cards) == 1

    form = await shop.aylin.presses(card, "Kunden antworten")
    await fills_in(shop, shop.aylin, form, {"Your words to the customer": "Please try version 2.1"})
    last = ours(shop, shop.emma.direct)[-1]
    assert last.thread_ts == receipt.ts
    assert "aylin writes:" in last.shown
    assert "aylin is taking care of ticket #1." in receipt.shown
    await shop.says(shop.tom, "She has an old version", shop.agents, under=card)
    assert "old version" not in shown(shop.emma.direct.messages)

    ended = await presses(shop, shop.emma, receipt, "Close")
    assert ended.text == "Ticket #1 is closed."
    shop.emma.writes_to_bot("Not yet: the gallery crashes again", under=receipt)
    await shop.settled()
    assert "ticket #1 is open again" in shown(ours(shop, shop.emma.direct))
    assert "crashes again" in shown(shop.replies(card))
    assert "Aurora" not in shown(shop.support.messages)


async def test_who_writes_to_the_bot_is_answered_and_can_open_a_private_ticket(shop: Shop) -> None:
    question = shop.jonas.writes_to_bot(WUNSCH)
    await shop.settled()
    [answer] = shop.replies(question)
    assert "Nicht abgedeckt" in answer.shown
    opened = await presses(shop, shop.jonas, answer, "Trotzdem ein Ticket öffnen")
    assert "Ticket #1" in opened.text
    [card] = shop.cards
    assert "Privat: " in card.shown
    shop.jonas.writes_to_bot("Es eilt etwas", under=question)
    await shop.settled()
    assert "Es eilt etwas" in shown(shop.replies(card))
    assert ours(shop, shop.support) == []


async def test_a_request_in_direct_messages_is_offered_a_ticket(shop: Shop) -> None:
    request = shop.jonas.writes_to_bot(ABSTURZ)
    await shop.settled()
    [answer] = shop.replies(request)
    await presses(shop, shop.jonas, answer, "Ticket öffnen")
    receipt = shop.replies(request)[-1]
    assert "Ticket #1: Ihre Anfrage ist da" in receipt.shown
    assert labels(receipt) == ["Schließen", "Mein Platz"]


async def test_nobody_meets_silence_in_direct_messages(shop: Shop) -> None:
    for words in ("hello there", "lol", "🎉"):
        message = shop.emma.writes_to_bot(words)
        await shop.settled()
        assert len(shop.replies(message)) == 1


async def test_commands_in_direct_messages(shop: Shop) -> None:
    await shop.asks(shop.emma, "/private The gallery crashes", shop.emma.direct)
    shop.emma.writes_to_bot("place")
    await shop.settled()
    await shop.slack.until(lambda: "Ticket #1 is next in line." in shown(ours(shop, shop.emma.direct)))
    answer = await shop.asks(shop.emma, "/place", shop.emma.direct)
    assert "Ticket #1 is next in line." in answer.text
    assert (await shop.asks(shop.emma, "/close-ticket", shop.emma.direct)).text == "Ticket #1 is closed."


async def test_of_a_private_ticket_lists_tell_no_words(shop: Shop) -> None:
    await shop.asks(shop.emma, "/private My licence is HOLUNDER, the gallery crashes")
    line = await shop.asks(shop.tom, "/queue", shop.agents)
    assert "HOLUNDER" not in line.text
    assert "private" in line.text


async def test_a_file_in_direct_messages_is_named_under_the_card(shop: Shop) -> None:
    alone = await shop.says(shop.jonas, "", shop.jonas.direct, files={"shot.png": "picture"})
    assert len(shop.replies(alone)) == 1, "nobody meets silence"
    await shop.asks(shop.emma, f"/private {REQUEST}")
    [receipt], [card] = ours(shop, shop.emma.direct), shop.cards
    await shop.says(shop.emma, "", shop.emma.direct, under=receipt, files={"licence key.txt": "HOLUNDER"})
    await shop.says(shop.emma, "and this is how it looks", shop.emma.direct, files={"gallery.png": "picture"})
    assert "📎 licence key.txt" in shown(shop.replies(card))
    assert "how it looks\n> 📎 gallery.png" in shown(shop.replies(card))


async def test_what_agents_answer_is_seen_by_who_writes_beside_the_thread(shop: Shop) -> None:
    await shop.asks(shop.emma, f"/private {REQUEST}")
    form = await shop.aylin.presses(shop.cards[0], "reply:1")
    await fills_in(shop, shop.aylin, form, {"Your words to the customer": "Please try version 2.1"})
    assert ours(shop, shop.emma.direct)[-1].subtype == "thread_broadcast"
