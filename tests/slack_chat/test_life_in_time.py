"""Three seconds are kept while the database is slow, and nothing is lost by it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from adapters.slack_chat.manifest import NEW_TICKET
from bot.settings import SlackWay
from tests.doubles.locked_file import locked
from tests.slack_chat.conftest import REQUEST, Shop
from tests.slack_chat.shop import ABSTURZ, WUNSCH, shown


async def let_the_database_wait(shop: Shop) -> None:
    """From now on it waits for a lock for as long as a test needs."""
    await shop.bot.database.transaction(lambda tx: tx.run(text("PRAGMA busy_timeout = 20000")))


@pytest.mark.parametrize("way", [SlackWay.SOCKET, SlackWay.HTTP])
async def test_everything_is_acknowledged_in_time_and_answered_when_it_can_be(bare_shop: Shop, way: SlackWay) -> None:
    shop = bare_shop
    await shop.set_up()
    await let_the_database_wait(shop)
    message = await shop.says(shop.jonas, WUNSCH)
    [said] = shop.replies(message)
    form = await shop.emma.uses(shop.general, "/ticket")
    await shop.tom.opens_home()
    await shop.slack.until(lambda: shop.tom.home)
    home = shop.tom.home
    assert home is not None
    async with locked(shop.file):
        command, button, sent, picked, started, next_one = await asyncio.gather(
            shop.emma.uses(shop.general, "/covered Please add a dark mode!"),
            shop.jonas.presses(said, "Das hat geholfen"),
            shop.emma.fills_in(form, {"What can we help with?": REQUEST}),
            shop.jonas.picks(message, "covered"),
            shop.jonas.starts(NEW_TICKET),
            shop.tom.presses(home, "Claim next"),
        )
        answers = [command, button, sent, picked, started, next_one]
        assert [answer for answer in answers if answer.failed or not 1.5 < answer.seconds < 3] == []
        assert command.text == button.text == picked.text == ""
        assert "One moment, please" in sent.modal.shown
        assert "Einen Moment, bitte" in started.modal.shown
        assert "One moment, please" in next_one.modal.shown
    await command.until(lambda: "Not covered" in command.text)
    await button.until(lambda: "Das freut uns" in button.text)
    await sent.until(lambda: "Your ticket is #1" in sent.modal.shown)
    await picked.until(lambda: "Nicht abgedeckt" in picked.text)
    await started.until(lambda: "Wobei können wir helfen?" in started.modal.shown)
    await next_one.until(lambda: "#1" in next_one.modal.shown or "Nobody is waiting" in next_one.modal.shown)
    assert command.messages[0].seen_by is shop.emma
    again = await shop.jonas.fills_in(started, {"Wobei können wir helfen?": ABSTURZ})
    assert "Ihr Ticket hat die Nummer 2" in again.text


async def test_who_waits_too_long_reads_that_nothing_was_done(shop: Shop) -> None:
    async with locked(shop.file):
        answer = await shop.emma.uses(shop.general, f"/ticket {REQUEST}")
        assert not answer.failed
        await answer.until(lambda: "Something went wrong on our side" in answer.text)
    await shop.settled()
    assert shop.cards == []
    again = await shop.asks(shop.emma, f"/ticket {REQUEST}", shop.general)
    assert "Your ticket is #1" in again.text


@pytest.mark.parametrize("way", [SlackWay.SOCKET, SlackWay.HTTP])
async def test_a_message_is_told_again_until_it_is_on_the_disk_and_is_one_ticket(shop: Shop, way: SlackWay) -> None:
    hurried: Any = shop.slack.webhooks if way is SlackWay.HTTP else shop.slack.sockets
    hurried.ack_seconds = 0.3
    shop.slack.deliveries.retry_waits = (0.1, 0.1, 0.1, 1)
    async with locked(shop.file):
        root = shop.emma.says(shop.support, REQUEST)
        await shop.slack.until(lambda: len(shop.slack.deliveries.all[-1].attempts) > 2)
        assert not shop.slack.deliveries.all[-1].is_acknowledged
    hurried.ack_seconds = 10
    await shop.settled()
    assert len(shop.replies(root)) == len(shop.cards) == 1
    assert "Ticket #1" in shown(shop.replies(root))
