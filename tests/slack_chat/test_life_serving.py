"""What agents do: claim in seven ways, answer, talk among themselves, give back, correct, close and look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from adapters.slack_chat.manifest import manifest
from tests.doubles.slack.world import Message
from tests.slack_chat.conftest import REQUEST, Shop
from tests.slack_chat.shop import done, fills_in, labels, ours, picks, presses, reacts, shown

BY_AYLIN = "aylin is taking care of ticket #1."


async def by_command(shop: Shop, _root: Message) -> None:
    assert "is now yours" in (await shop.asks(shop.aylin, "/claim", shop.agents)).text


async def by_number(shop: Shop, _root: Message) -> None:
    assert "is now yours" in (await shop.asks(shop.aylin, "/claim #1")).text


async def by_link(shop: Shop, root: Message) -> None:
    assert "is now yours" in (await shop.asks(shop.aylin, f"/claim {root.permalink}")).text


async def by_card(shop: Shop, _root: Message) -> None:
    assert "is now yours" in (await presses(shop, shop.aylin, shop.cards[0], "Übernehmen")).text


async def by_shortcut(shop: Shop, root: Message) -> None:
    assert "is now yours" in (await picks(shop, shop.aylin, root, "claim")).text


async def by_eyes(shop: Shop, root: Message) -> None:
    await reacts(shop, shop.aylin, root, "eyes")


async def by_mention(shop: Shop, root: Message) -> None:
    await shop.says(shop.aylin, "claim", under=root, mentions_bot=True)


async def by_mark(shop: Shop, root: Message) -> None:
    await shop.says(shop.aylin, "!claim", under=root)


async def by_answering(shop: Shop, root: Message) -> None:
    await shop.says(shop.aylin, "Which version is it?", under=root)


WAYS = [by_command, by_number, by_link, by_card, by_shortcut, by_eyes, by_mention, by_mark, by_answering]


@pytest.mark.parametrize("claim", WAYS)
async def test_all_ways_to_claim_are_the_same_and_none_steals(
    shop: Shop, claim: Callable[[Shop, Message], Awaitable[None]]
) -> None:
    shop.slack.follow(manifest())
    root = await shop.says(shop.emma, REQUEST)
    await claim(shop, root)
    [receipt], [card] = shop.replies(root), shop.cards
    assert BY_AYLIN in receipt.shown
    assert "Um Ticket #1 kümmert sich aylin" in card.shown
    await shop.says(shop.tom, "Have you tried turning it off and on?", under=root)
    await reacts(shop, shop.tom, root, "eyes")
    assert "already with aylin" in (await picks(shop, shop.tom, root, "claim")).text
    assert BY_AYLIN in receipt.shown


async def test_customers_claim_nothing(shop: Shop) -> None:
    root = await shop.says(shop.emma, REQUEST)
    await reacts(shop, shop.jonas, root, "eyes")
    assert (await shop.asks(shop.jonas, "/claim")).text == "Das ist nur für das Support-Team."
    assert (await picks(shop, shop.emma, root, "claim")).text == "This is for agents only."
    forged = await done(shop, shop.emma.forges(shop.replies(root)[0], "claim:1"))
    assert forged.text == "This is for agents only."
    assert "next in line" in shop.replies(root)[0].shown


async def test_a_claim_out_of_turn_asks_for_a_reason(shop: Shop) -> None:
    await shop.says(shop.jonas, REQUEST)
    await shop.says(shop.emma, REQUEST)
    form = await shop.aylin.uses(shop.agents, "/claim 2")
    assert "One ticket is ahead. Why this one first?" in form.modal.shown
    read = await fills_in(shop, shop.aylin, form, {"reason": "a security hole"})
    assert "Out of turn: one ticket was ahead." in read
    fairness = await shop.asks(shop.marek, "/fairness")
    assert "a security hole" in fairness.text
    csv = await presses(shop, shop.marek, fairness, "CSV")
    assert "The file is in your direct messages with the bot." in csv.text
    assert [file.name for message in shop.marek.direct.messages for file in message.files] != []
    picture = await shop.tom.uses(shop.agents, "/fairness picture")
    await shop.slack.until(lambda: any(message.files for message in shop.agents.messages), 20)
    assert not picture.failed


async def test_an_agent_answers_from_the_card(shop: Shop) -> None:
    root = await shop.says(shop.emma, REQUEST)
    form = await shop.aylin.presses(shop.cards[0], "Kunden antworten")
    assert "Reply to #1" in form.modal.shown
    read = await fills_in(shop, shop.aylin, form, {"Your words to the customer": "Please <try> version 2.1 & tell us"})
    assert "Your words are on their way to the customer of ticket #1." in read
    [receipt, answer] = shop.replies(root)
    assert "aylin writes:" in answer.shown
    assert "Please &lt;try&gt; version 2.1 &amp; tell us" in str(answer.blocks)
    assert BY_AYLIN in receipt.shown
    refused = await presses(shop, shop.marek, shop.cards[0], "Kunden antworten")
    assert refused.text == "This is for agents only."


async def test_talk_under_the_card_stays_among_the_agents(shop: Shop) -> None:
    root = await shop.says(shop.emma, REQUEST)
    [card] = shop.cards
    for words in ("He is a difficult one", "claim", REQUEST):
        await shop.says(shop.tom, words, shop.agents, under=card)
    assert len(shop.replies(root)) == 1
    assert "difficult" not in shown(shop.support.messages)
    assert "next in line" in shop.replies(root)[0].shown, "it claims nothing"
    assert shop.replies(card) == []


async def test_the_buttons_under_a_claimed_ticket(shop: Shop) -> None:
    root = await shop.says(shop.emma, REQUEST)
    claimed = await shop.asks(shop.aylin, "/claim", shop.agents)
    assert labels(claimed.messages[0]) == ["Release", "Correct the verdict", "Close"]
    form = await shop.aylin.presses(claimed, "Correct the verdict")
    assert "Ticket #1 is now about: Questions about using the item" in await fills_in(
        shop, shop.aylin, form, {"category": "usage_question"}
    )
    assert "aylin has taken a closer look" in shown(shop.replies(root))
    released = await presses(shop, shop.aylin, claimed, "Release")
    assert "back in line at its old place: number 1" in released.text
    assert "next in line" in shop.replies(root)[0].shown
    assert claimed.buttons == []
    old = await done(shop, shop.aylin.forges(claimed.messages[0], "release:1"))
    assert "Nobody has claimed ticket #1." in old.text
    claimed = await shop.asks(shop.aylin, "/claim", shop.agents)
    closed = await presses(shop, shop.aylin, claimed, "Close")
    assert closed.text == "Ticket #1 is closed."


async def test_every_button_of_the_card(shop: Shop) -> None:
    await shop.says(shop.emma, REQUEST)
    [card] = shop.cards
    assert labels(card) == ["Übernehmen", "Kunden antworten", "Urteil berichtigen", "Schließen"]
    await presses(shop, shop.aylin, card, "Übernehmen")
    assert labels(card) == ["Zurückgeben", "Kunden antworten", "Urteil berichtigen", "Schließen"]
    assert "Only they or a moderator" in (await presses(shop, shop.tom, card, "Zurückgeben")).text
    form = await shop.tom.presses(card, "Urteil berichtigen")
    await fills_in(shop, shop.tom, form, {"category": "usage_question"})
    await presses(shop, shop.aylin, card, "Zurückgeben")
    await presses(shop, shop.tom, card, "Übernehmen")
    assert "tom" in card.shown
    await presses(shop, shop.tom, card, "Schließen")
    assert card.buttons == []


async def test_commands_of_agents(shop: Shop) -> None:
    await shop.says(shop.emma, REQUEST)
    await shop.says(shop.jonas, "Nach dem Update geht der Slider nicht mehr")
    line = await shop.asks(shop.tom, "/queue", shop.agents)
    assert "The line: 2 tickets" in line.text
    assert "Ticket #1 from emma" in (await presses(shop, shop.tom, line, "Claim next")).text
    assert "You have claimed one ticket" in (await shop.asks(shop.tom, "/mine")).text
    assert "Nobody is waiting too long" in (await shop.asks(shop.tom, "/behind")).text
    form = await shop.tom.uses(shop.agents, "/correct 1")
    await fills_in(shop, shop.tom, form, {"category": "usage_question"})
    assert "back in line" in (await shop.asks(shop.tom, "/release")).text
    assert "“abc”" in (await shop.asks(shop.tom, "/claim abc")).text
    for command in ("/queue", "/mine", "/behind", "/fairness", "/release", "/correct 1"):
        assert (await shop.asks(shop.jonas, command)).text.startswith("Das ist nur für")


def _is_told(shop: Shop, words: str) -> bool:
    return words in shown(shop.tom.ephemerals[-1:])


async def test_commands_by_mention_and_mark_in_the_thread(shop: Shop) -> None:
    root = await shop.says(shop.emma, REQUEST)
    for words, told in (("place", "next in line"), ("claim", "is now yours"), ("release", "back in line")):
        await shop.says(shop.tom, words, under=root, mentions_bot=True)
        await shop.slack.until(partial(_is_told, shop, told))
    await shop.says(shop.tom, "!claim", under=root)
    await shop.says(shop.tom, "!close", under=root)
    assert "Ticket #1 is closed." in shop.replies(root)[0].shown
    assert len(ours(shop, shop.support)) == 1, "all else is told in private"
