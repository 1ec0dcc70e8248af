"""Two workers that deliver in one workspace keep Slack's limits together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import count

import aiohttp
import pytest

from adapters.slack_chat.deliver import Delivery
from bot.coverage.matcher import Matcher
from bot.desk.desk import Desk
from bot.model import Done, Later, Say
from bot.store.engines import open_database
from tests.doubles.slack.server import slack_double
from tests.slack_chat.test_deliver import Shop, message, new_nonce

pytestmark = pytest.mark.postgres


class Workers:
    """Two of them; each has a desk and a delivery of its own."""

    def __init__(self, shop: Shop, deliveries: list[Delivery]) -> None:
        self.shop, self.deliveries = shop, deliveries

    async def deliver(self, effect: Say, first: int) -> str:
        """As their outboxes do it: whoever comes next takes up what was put off."""
        nonce = new_nonce()
        for number in count(first):
            outcome = await self.deliveries[number % 2].perform(effect, nonce)
            if isinstance(outcome, Done):
                return message(outcome)
            assert isinstance(outcome, Later)
            assert outcome.is_untouched, outcome
            assert outcome.wait is not None
            await asyncio.sleep(outcome.wait.total_seconds())
        raise AssertionError


@pytest.fixture
async def workers(database_url: str, matcher: Matcher) -> AsyncIterator[Workers]:
    async with slack_double() as slack, AsyncExitStack() as doors:
        databases = [await doors.enter_async_context(open_database(database_url)) for _ in range(2)]
        session = await doors.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)))
        slack.api.rates.is_strict, slack.api.rates.channel_burst = True, 2  # calls arrive less evenly than they begin
        shop = Shop(slack, session, Desk(databases[0], matcher))
        one = shop.delivery
        shop.desk = Desk(databases[1], matcher)
        shop.restart()
        yield Workers(shop, [one, shop.delivery])


async def test_a_channel_gets_one_message_a_second_from_both_together(workers: Workers) -> None:
    shop = workers.shop
    asked = shop.asks()
    began = time.monotonic()
    elsewhere = asyncio.create_task(workers.deliver(shop.say("Hier", under=asked), 0))
    await asyncio.gather(*(workers.deliver(shop.say(f"Karte {number}"), number) for number in range(8)))
    await elsewhere
    assert len(shop.agents.roots) == 8
    posts = [call for call in shop.slack.calls("chat.postMessage") if call.args["channel"] == shop.agents.id]
    assert shop.slack.api.rates.refused == 0
    assert posts[-1].at - posts[0].at > len(posts) - 1
    assert time.monotonic() - began < 8 * 1.1 + 3, "and no second is wasted"
    (other,) = (call for call in shop.slack.calls("chat.postMessage") if call.args["channel"] == shop.support.id)
    assert other.at - began < 3, "another channel has not waited"


async def test_both_share_the_limit_of_edits(workers: Workers) -> None:
    said = message(await workers.deliveries[0].perform(workers.shop.say("Karte"), new_nonce()))
    edits = [workers.shop.say(f"Karte, Stand {number}", replaces=said) for number in range(14)]
    began = time.monotonic()
    await asyncio.gather(*(workers.deliver(edit, number) for number, edit in enumerate(edits)))
    assert workers.shop.slack.api.rates.refused == 0
    assert time.monotonic() - began > 2, "what is more than twelve has waited for what comes in"


async def test_a_refusal_is_kept_by_who_got_it(workers: Workers) -> None:
    one, shop = workers.deliveries[0], workers.shop
    shop.slack.limit_next("chat.postMessage", 30)
    refused = await one.perform(shop.say(), new_nonce())
    assert refused == Later("throttled by Slack", timedelta(seconds=30), is_untouched=True)
    again = await one.perform(shop.say(), new_nonce())
    assert isinstance(again, Later)
    assert again.is_untouched
    assert again.wait is not None
    assert again.wait > timedelta(seconds=25)
    message(await one.perform(shop.say(under=shop.asks()), new_nonce()))
