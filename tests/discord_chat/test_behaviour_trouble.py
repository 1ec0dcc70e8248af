"""What people see when Discord says no, or when we take our time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from adapters.discord_chat import answering
from bot.desk.desk import Desk
from bot.model import Event, Reply
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


class TestASlowDesk:
    """The desk needs more time than we let Discord wait, which is tenfold shorter here."""

    @pytest.fixture(autouse=True)
    def _is_slow(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG002 (set up before)
        monkeypatch.setattr(answering, "PATIENCE", timedelta(seconds=0.2))
        handle = Desk.handle

        async def slowly(desk: Desk, event: Event) -> Reply | None:
            await asyncio.sleep(0.4)
            return await handle(desk, event)

        monkeypatch.setattr(Desk, "handle", slowly)

    async def test_the_answer_follows(self, shop: Shop) -> None:
        answer = await shop.emma.slash(shop.support, "covered", question=CRASH)
        await shop.env.advance_time(3)
        assert _deferred(shop)
        assert answer.ephemeral
        assert "Covered: Defects in the item" in words(answer)

    async def test_a_form_cannot_follow_and_the_person_reads_so(self, shop: Shop) -> None:
        answer = await shop.emma.slash(shop.support, "ticket")
        await shop.env.advance_time(3)
        assert answer.modal is None
        assert "Please press or type it once more." in words(answer)

    async def test_public_words_are_public_all_the_same(self, shop: Shop) -> None:
        await shop.says(shop.emma, CRASH)
        await shop.env.advance_time(3)
        await shop.deliver()
        await shop.emma.slash(shop.thread, "close")
        await shop.env.advance_time(3)
        await shop.deliver()
        assert "emma has closed ticket #1." in words(newest(shop.thread))
        assert _deferred(shop)


def _deferred(shop: Shop) -> bool:
    """Whether we have asked for more time."""
    callbacks = (request.json for request in shop.env.http_requests if request.path.endswith("/callback"))
    return any(callback is not None and callback["type"] == 5 for callback in callbacks)
