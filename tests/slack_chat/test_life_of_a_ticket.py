"""A ticket from the question to its end and back, in each of the three ways; and what that costs."""

from __future__ import annotations

import aiohttp
import pytest

from adapters.slack_chat.manifest import manifest
from bot.settings import SlackWay
from tests.slack_chat.conftest import REQUEST, Shop
from tests.slack_chat.shop import ABSTURZ, labels, presses, shown


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> list[aiohttp.ClientSession]:
    """Every HTTP session that is opened from now on."""
    opened: list[aiohttp.ClientSession] = []
    begin = aiohttp.ClientSession.__init__

    def note(self: aiohttp.ClientSession, *given: object, **named: object) -> None:
        opened.append(self)
        begin(self, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(aiohttp.ClientSession, "__init__", note)
    return opened


@pytest.mark.parametrize("way", SlackWay)
async def test_a_ticket_lives_from_the_question_to_its_second_end(shop: Shop, way: SlackWay) -> None:
    shop.slack.follow(manifest())
    root = await shop.says(shop.emma, REQUEST)
    [receipt], [card] = shop.replies(root), shop.cards
    assert "Ticket #1: we have your request" in receipt.shown
    assert "Ticket #1 is next in line." in receipt.shown
    assert "First come, first served." in receipt.shown
    assert labels(receipt) == ["Close", "My place", "Claim"]
    assert card.shown.startswith("🟢 #1 ")
    assert REQUEST in card.shown
    assert root.permalink in str(card.blocks)

    claimed = await shop.asks(shop.aylin, "/claim", shop.agents)
    assert "Ticket #1 from emma is now yours" in claimed.text
    assert not claimed.is_public
    assert "aylin is taking care of ticket #1." in receipt.shown
    assert "aylin" in card.shown

    await shop.says(shop.aylin, "Please try version 2.1", under=root)
    await shop.says(shop.emma, "That does it, thank you!", under=root)
    assert shop.replies(root) == [receipt]
    ended = await presses(shop, shop.emma, receipt, "Close")
    assert ended.text == "Ticket #1 is closed."
    assert "Ticket #1 is closed." in receipt.shown
    assert receipt.buttons == card.buttons == []

    await shop.says(shop.emma, "I was wrong, it still crashes", under=root)
    assert "ticket #1 is open again" in shown(shop.replies(root))
    await presses(shop, shop.tom, card, "claim:1")
    closed = await shop.asks(shop.tom, "/close-ticket 1 Version 2.2 mends it", shop.agents)
    assert closed.text == "Ticket #1 is closed."
    last = shop.replies(root)[-1]
    assert "tom has closed ticket #1." in last.shown
    assert "Version 2.2 mends it" in last.shown
    assert shop.cards == [card]
    assert shop.slack.calls("conversations.history", "conversations.replies") == []


async def test_the_same_in_german(shop: Shop) -> None:
    root = await shop.says(shop.jonas, ABSTURZ)
    [receipt] = shop.replies(root)
    assert "Ticket #1: Ihre Anfrage ist da" in receipt.shown
    assert "Ticket #1 ist als Nächstes dran." in receipt.shown
    assert labels(receipt) == ["Schließen", "Mein Platz", "Übernehmen"]
    place = await presses(shop, shop.jonas, receipt, "Mein Platz")
    assert "Ticket #1 ist als Nächstes dran." in place.text
    await shop.asks(shop.aylin, "/claim", shop.agents)
    assert "Um Ticket #1 kümmert sich aylin" in receipt.shown
    ended = await shop.asks(shop.jonas, "/close-ticket")
    assert ended.text == "Ticket #1 ist geschlossen."
    assert "Ist noch etwas offen?" in receipt.shown


async def test_opening_claiming_and_closing_cost_two_calls_each(shop: Shop) -> None:
    await shop.says(shop.emma, "Hello!", shop.support)
    await shop.asks(shop.emma, "/place")
    await shop.asks(shop.aylin, "/queue", shop.agents)

    before, by_url = len(shop.slack.calls()), len(shop.slack.responses.used)
    root = await shop.says(shop.emma, REQUEST)
    assert [call.method for call in shop.slack.calls()[before:]] == ["chat.postMessage"] * 2
    assert shop.replies(root)

    before = len(shop.slack.calls())
    shop.slack.slow_next("chat.update", 0.5, times=2)
    claimed = await shop.aylin.uses(shop.agents, "/claim")
    assert claimed.seconds < 0.5, "the answer waits for no call"
    assert "Ticket #1 from emma" in str(claimed.body)
    await shop.settled()
    assert [call.method for call in shop.slack.calls()[before:]] == ["chat.update"] * 2

    before = len(shop.slack.calls())
    await shop.asks(shop.aylin, "/close-ticket", shop.agents)
    assert [call.method for call in shop.slack.calls()[before:]] == ["chat.update"] * 2
    assert len(shop.slack.responses.used) == by_url


async def test_one_session_and_one_look_at_who_we_are_serve_everything(
    sessions: list[aiohttp.ClientSession], shop: Shop
) -> None:
    for number in range(3):
        await shop.says(shop.emma, f"{REQUEST} {number}")
        await shop.asks(shop.aylin, "/claim", shop.agents)
        await shop.asks(shop.aylin, "/close-ticket", shop.agents)
    assert len(sessions) == 1
    assert len(shop.slack.calls("auth.test")) <= 2
