"""Slack tells everything once at least, in any order: ten thousand times more, in both ways, nothing happens again."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, closing
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from bot.coverage.matcher import Matcher
from bot.settings import SlackWay
from tests.doubles.slack.deliveries import Attempt, Delivery, Kind
from tests.doubles.slack.server import Double, slack_double
from tests.doubles.slack.webhooks import encoded
from tests.slack_chat.conftest import REQUEST, Bot, Shop, serving, settings_for

TIMES = 5_000
"""How often something is told again in each of the two ways."""
AT_ONCE = 40
BOUND = 60.0
"""Seconds for all that on a busy machine; alone it takes less than half of that."""
APART = 20
"""Seconds between two repetitions of an event, by their signatures; at most five minutes are taken."""
SPOKEN_TO = {"chat.postMessage", "chat.update", "chat.postEphemeral", "chat.delete"}
KEPT = ("tickets", "history", "answers", "posts", "outbox", "servers", "lessons")
REASONS = ("http_timeout", "connection_failed", "http_error", "unknown_error")
Tell = Callable[[Delivery, int], Awaitable[None]]


async def test_ten_thousand_repetitions_make_no_second_ticket_and_no_second_answer(
    database_file: Path, matcher: Matcher
) -> None:
    """First over sockets; then over HTTP, to a process that knows nothing but what is on the disk."""
    chance = random.Random(5)  # noqa: S311 (it shuffles)
    async with slack_double(checked=False) as slack:
        shop = Shop(slack, slack.add_workspace(), database_file)
        async with _serving(shop, SlackWay.SOCKET, matcher) as shop.bot:
            await shop.set_up()
            await _an_eventful_day(shop)
            before, began = _state(shop), time.monotonic()
            told = [delivery for delivery in slack.deliveries.all if delivery.kind is Kind.EVENT]
            assert len(told) > 400
            assert len(_tickets(shop)) == 101
            await _tell_again(told, chance, _by_socket(slack))
            await shop.settled()
        async with _serving(shop, SlackWay.HTTP, matcher, most_heard=1) as shop.bot:
            await _tell_again(told, chance, _by_http(slack, chance))
            await shop.settled()
    assert _state(shop) == before
    assert time.monotonic() - began < BOUND


def _serving(shop: Shop, way: SlackWay, matcher: Matcher, **haste: Any) -> AbstractAsyncContextManager[Bot]:
    """Without the limits, which would spread the hundred cards over two minutes."""
    settings = settings_for(shop.slack, shop.workspace, way)
    return serving(shop.slack, settings, shop.file, matcher, is_limited=False, **haste)


async def _an_eventful_day(shop: Shop) -> None:
    """Requests, some edited or withdrawn, words in threads, small talk, questions by mention, and a ticket by 🎫."""
    customers = [shop.workspace.add_person(f"customer {number}") for number in range(100)]
    asked = [customer.says(shop.support, REQUEST) for customer in customers]
    for customer, message in zip(customers[:40], asked, strict=False):
        customer.says(shop.support, "It is version 2.1, by the way", under=message)
    for customer, message in zip(customers[40:50], asked[40:], strict=False):
        customer.edits(message, f"{REQUEST}, always")
    for customer, message in zip(customers[50:60], asked[50:], strict=False):
        customer.deletes(message)
    talk = [customer.says(shop.support, "Good morning everybody") for customer in customers[60:]]
    shop.aylin.reacts(talk[0], "ticket")
    for customer in customers[60:70]:
        customer.says(shop.general, "place", mentions_bot=True)
    for agent, message in zip(cycle([shop.aylin, shop.tom]), asked[70:80], strict=False):
        agent.says(shop.support, "Please update to 2.2", under=message)
    await shop.settled()


async def _tell_again(told: list[Delivery], chance: random.Random, tell: Tell) -> None:
    """All of it, again and again, shuffled, many at a time."""
    again = list(islice(cycle(told), TIMES))
    chance.shuffle(again)
    waiting = iter(again)

    async def teller() -> None:
        for delivery in waiting:
            await tell(delivery, chance.randint(1, 3))

    await asyncio.gather(*(teller() for _ in range(AT_ONCE)))


def _by_socket(slack: Double) -> Tell:
    async def tell(delivery: Delivery, number: int) -> None:
        attempt = Attempt(number, "timeout", time.monotonic())
        await slack.sockets.send(delivery, attempt)
        assert attempt.is_acknowledged, attempt

    return tell


def _by_http(slack: Double, chance: random.Random) -> Tell:
    """Each signed at a time of its own: the same words, signed in the same second, are not a retry but a replay."""
    times: Counter[Delivery] = Counter()

    async def tell(delivery: Delivery, number: int) -> None:
        assert slack.webhooks is not None
        content_type, body = encoded(delivery)
        retry = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": chance.choice(REASONS)}
        times[delivery] += 1
        told_at = str(int(time.time()) - APART * times[delivery])
        answer = await slack.webhooks.knock(body, content_type, headers=retry, timestamp=told_at)
        assert answer.status == 200, answer

    return tell


def _state(shop: Shop) -> dict[str, Any]:
    """All that is kept, but for which effects are being done, and all that was ever said."""
    with closing(sqlite3.connect(shop.file)) as database:
        kept = {table: database.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in KEPT}  # noqa: S608
    calls = [(call.method, str(call.args)) for call in shop.slack.calls(*SPOKEN_TO)]
    return {**kept, "calls": calls}


def _tickets(shop: Shop) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(shop.file)) as database:
        return database.execute("SELECT number, customer FROM tickets").fetchall()
