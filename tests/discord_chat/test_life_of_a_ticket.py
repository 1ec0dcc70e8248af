"""From the first message to the last word, on Discord, and what it costs."""

from __future__ import annotations

from tests.discord_chat.conftest import Shop, buttons, is_archived, words

BOARD_LIMIT = 4
"""Most edits of the board for four things that happen to one ticket; the outbox puts close ones together."""


async def test_a_covered_request_gets_a_thread_and_a_receipt(shop: Shop) -> None:
    asked = await shop.says(shop.emma, "The gallery crashes")
    (thread,) = shop.support.threads
    assert thread.id == asked.id
    receipt = thread.history()[-1]
    assert "Ticket #1" in words(receipt)
    assert f"<@{shop.emma.id}>" in words(receipt)
    assert buttons(receipt) == ["Claim", "Release", "Close", "My place"]


async def test_the_whole_life_costs_four_counted_calls(shop: Shop) -> None:
    begun = len(shop.counted)
    asked = await shop.says(shop.emma, "The gallery crashes")
    claimed = await shop.uses(shop.aylin, "claim", shop.agents)
    assert claimed.ephemeral
    closed = await shop.uses(shop.aylin, "close", shop.thread, words="Update to 2.1, please")
    assert not closed.ephemeral
    assert "Update to 2.1" in words(closed)
    assert is_archived(shop.thread)

    calls = shop.counted[begun:]
    board = f"PATCH /channels/{shop.agents.id}/messages/{shop.board.id}"
    support, thread = f"/channels/{shop.support.id}", f"/channels/{asked.id}"
    assert [call for call in calls if call != board] == [
        f"POST {support}/messages/{asked.id}/threads",
        f"POST {thread}/messages",  # the receipt; its mention lets the customer in
        f"POST {thread}/messages",  # who takes care of it
        f"PATCH {thread}",  # put away
    ]
    assert 1 <= calls.count(board) <= BOARD_LIMIT
    assert not [call for call in calls if call.startswith("GET")]
