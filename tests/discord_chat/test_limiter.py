"""All that the bot sends stays under Discord's global limit, and nobody waits for an answer because of it."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import aiohttp
import discord
import pytest

from adapters.discord_chat.limiter import A_SECOND, is_counted, paced
from bot.coverage.matcher import Matcher
from tests.discord_chat.over_sockets import REQUEST, Shop, hasten, said, saying, statuses
from tests.doubles.discord.server import discord_double

BURST = 150
MOST_A_SECOND = 50


@pytest.fixture
async def shop(database_file: Path, matcher: Matcher, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    hasten(monkeypatch)
    monkeypatch.setattr("bot.store.outbox.MEANWHILE_AFTER", timedelta(seconds=1))
    async with discord_double() as discord:
        yield Shop(discord, database_file, matcher)


def fullest_second(moments: Sequence[float]) -> int:
    """Most calls within any one second, wherever it begins."""
    in_order = sorted(moments)
    return max(bisect_left(in_order, moment + 1) - number for number, moment in enumerate(in_order))


async def test_less_than_fifty_requests_begin_in_any_second(shop: Shop) -> None:
    begun: list[float] = []

    async def note(_session: aiohttp.ClientSession, _context: object, _begun: aiohttp.TraceRequestStartParams) -> None:
        begun.append(time.monotonic())

    noting = aiohttp.TraceConfig()
    noting.on_request_start.append(note)
    async with aiohttp.ClientSession(trace_configs=[paced(), noting]) as session:

        async def ask() -> None:
            async with session.get(f"{shop.discord.api_url}/gateway"):
                pass

        await asyncio.gather(*(ask() for _ in range(BURST)))
    assert len(begun) == BURST
    assert fullest_second(begun) < MOST_A_SECOND


async def test_a_burst_is_not_refused_and_answers_do_not_wait_for_it(shop: Shop) -> None:
    async with shop.open_and_set_up() as bot:
        await asyncio.sleep(1)
        shop.discord.limit_global(MOST_A_SECOND)
        before = len(shop.discord.requests)
        route = discord.http.Route("GET", "/channels/{channel_id}", channel_id=shop.support.id)
        calls = [asyncio.ensure_future(bot.chat.client.http.request(route)) for _ in range(BURST)]
        await asyncio.sleep(0.5)
        answers = await asyncio.gather(*(shop.emma.uses(shop.support, "place") for _ in range(20)))
        assert not calls[-1].done()
        assert all(answer.answered_after is not None and answer.answered_after < 1 for answer in answers)
        await asyncio.gather(*calls)
        made = shop.discord.requests[before:]
        counted = [call.at for call in made if call.counts]
        assert len(counted) == BURST
        assert counted[-1] - counted[0] < BURST / A_SECOND + 1
        assert 429 not in statuses(made)


@pytest.mark.parametrize(
    ("method", "path", "counts"),
    [
        ("POST", "/api/v10/channels/1/messages", True),
        ("GET", "/api/v10/gateway/bot", True),
        ("POST", "/api/v10/interactions/1/token/callback", False),
        ("PATCH", "/api/v10/webhooks/1/token/messages/@original", False),
        ("GET", "/attachments/1/2/policy.yaml", False),
    ],
)
def test_what_counts(method: str, path: str, counts: bool) -> None:  # noqa: FBT001
    assert is_counted(method, path) is counts


# --- limits that hold all the same ---------------------------------------------------------------------


async def test_a_short_limit_of_any_scope_is_waited_out(shop: Shop) -> None:
    async with shop.open_and_set_up():
        for scope in ("user", "shared", "global"):
            shop.discord.fail_next("POST", r"/threads$", retry_after=0.1, scope=scope)
            shop.discord.fail_next("POST", r"/messages$", retry_after=0.1, scope=scope)
        asked = await shop.asks(shop.emma)
        other = await shop.asks(shop.jonas, "Die Galerie stürzt ab", shop.help)
        assert len(said(shop.thread_of(asked))) == len(said(shop.thread_of(other))) == 1
        assert shop.dead() == []


async def test_throttled_threads_do_not_keep_the_customer_without_a_number(shop: Shop) -> None:
    async with shop.open_and_set_up():
        before = len(shop.discord.requests)
        shop.discord.fail_next("POST", r"/threads$", retry_after=2.5, scope="shared")
        first = await shop.emma.says(shop.support, REQUEST)
        await shop.discord.until(lambda: saying(shop.support, "ticket #1"))
        (reply,) = [message for message in shop.support.messages if "ticket #1" in message.text]
        assert reply.answers is first
        assert reply.mentions == [shop.emma.user]
        second = await shop.karla.says(shop.support, "The slider does not work after the update")
        await shop.discord.until(lambda: saying(shop.support, "ticket #2"))
        assert statuses(shop.asked("POST", "/threads", before)) == [429]
        elsewhere = await shop.jonas.says(shop.help, "Die Galerie stürzt ab")
        await shop.discord.until(lambda: elsewhere.thread and said(elsewhere.thread))
        assert first.thread is None
        await shop.quiet()
        for message in (first, second):
            assert len(saying(shop.thread_of(message), "Ticket #")) == 1
        assert len(saying(shop.support, "ticket #")) == 2
        assert statuses(shop.asked("POST", "/threads", before)) == [429, 201, 201, 201]


async def test_a_limit_of_minutes_on_messages_is_not_slept_through(shop: Shop) -> None:
    async with shop.open_and_set_up():
        shop.discord.fail_next("POST", r"/messages$", retry_after=1.5, scope="user")
        asked = await shop.emma.says(shop.support, REQUEST)
        elsewhere = await shop.jonas.says(shop.help, "Die Galerie stürzt ab")
        await shop.discord.until(lambda: elsewhere.thread and said(elsewhere.thread), 1)
        await shop.quiet()
        assert len(said(shop.thread_of(asked))) == 1
