"""What people see when Discord says no, or when we take our time."""

from __future__ import annotations

import pytest

from tests.discord_chat.conftest import Shop, newest, words

CRASH = "The gallery crashes as soon as I open it since yesterday"


async def test_a_thread_name_that_discord_filters_is_made_neutral(shop: Shop) -> None:
    shop.env.inject_error("POST", "/channels/*/messages/*/threads", status=400, code=50035)
    await shop.says(shop.emma, CRASH)
    assert shop.thread.name == "Support"
    assert "Ticket #1" in words(newest(shop.thread))


async def test_a_thread_that_somebody_else_has_started_is_as_good(shop: Shop) -> None:
    message = await shop.emma.send(shop.support, CRASH)
    shop.env.backend.create_thread(shop.support.id, "mine", shop.emma.id, message_id=message.id)
    shop.env.inject_error("POST", "/channels/*/messages/*/threads", status=400, code=160004)
    await shop.deliver()
    assert len(shop.threads) == 1
    assert "Ticket #1" in words(newest(shop.thread))


async def test_a_question_that_is_gone_before_its_thread_is_no_fault(shop: Shop) -> None:
    message = await shop.emma.send(shop.support, CRASH)
    await shop.emma.delete(message)
    await shop.deliver()
    assert shop.threads == []
    assert "could not be delivered" not in words(await shop.uses(shop.aylin, "queue", shop.agents))


@pytest.mark.parametrize("status", [500, 502])
async def test_what_discord_cannot_take_now_it_gets_later(shop: Shop, status: int) -> None:
    shop.env.inject_error("POST", "/channels/*/messages", status=status, times=3)
    await shop.says(shop.emma, CRASH)
    for _ in range(4):
        await shop.env.advance_time(60)
        await shop.deliver()
    assert [words(message).count("Ticket #1: we have your request") for message in shop.thread.history()] == [1]
