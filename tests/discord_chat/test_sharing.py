"""Workers on one database share the shards: each is served by one of them, and taken over when that one is gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapters.discord_chat.limiter import A_SECOND, limiter_of, paced
from bot.coverage.matcher import Matcher
from bot.desk.desk import Desk
from bot.store.database import Database
from bot.store.engines import open_database
from tests.discord_chat.over_sockets import REQUEST, Bot, Shop, Waits, said, serving
from tests.doubles.counting import fullest_second
from tests.doubles.discord.server import Double, discord_double
from tests.doubles.discord.world import Message
from tests.doubles.postgres import PostgresServer

SHARDS = 2
IDENTIFY = 2
LEASE = 4.0
LONG = 40.0
"""Seconds after which something will not happen any more."""


@pytest.fixture
async def discord() -> AsyncIterator[Double]:
    async with discord_double() as discord:
        discord.gateway.recommended_shards = SHARDS
        yield discord


@pytest.fixture
def url(postgres: PostgresServer, _postgres_template: str) -> str:
    """A database that several workers can share."""
    return postgres.new_database(_postgres_template)


@pytest.fixture
def shops(discord: Double, matcher: Matcher) -> list[Shop]:
    """One in each shard."""
    return [Shop(discord, Path(), matcher) for _ in range(SHARDS)]


def served(bot: Bot) -> set[int]:
    """The shards that a worker serves now."""
    clients = (client for client in bot.chat._clients if client.may_serve())  # noqa: SLF001 (nobody else knows)
    return {shard for client in clients for shard in client.shard_ids or ()}


async def until_shared(discord: Double, *bots: Bot, sizes: Sequence[int]) -> None:
    """All shards are served, so many of them by each worker."""
    await discord.until(lambda: [len(served(bot)) for bot in bots] == list(sizes), LONG)
    assert set().union(*map(served, bots)) == set(range(SHARDS))
    ready = [client.is_ready for bot in bots for client in bot.chat._clients]  # noqa: SLF001
    await discord.until(lambda: all(is_ready() for is_ready in ready), LONG)


@asynccontextmanager
async def watched(*bots: Bot) -> AsyncIterator[None]:
    """All the while, no shard is served by two of them."""
    overlaps: list[set[int]] = []

    async def watch() -> None:
        while True:
            overlaps.extend(filter(None, [served(bots[0]) & served(bots[1])]))
            await asyncio.sleep(0.005)

    watching = asyncio.create_task(watch())
    yield
    watching.cancel()
    assert overlaps == []


@contextmanager
def cut_off(*bots: Bot) -> Iterator[None]:
    """Their database does not answer when they want to renew what they have leased."""
    mended = asyncio.Event()

    async def hang(*_: Any) -> bool:
        await mended.wait()
        raise ConnectionError

    for bot in bots:
        vars(bot.desk)["lease"] = hang
    yield
    for bot in bots:
        del vars(bot.desk)["lease"]
    mended.set()


def identified(discord: Double) -> list[int]:
    """The shards that identified themselves, in this order."""
    return [payload["d"]["shard"][0] for payload in discord.gateway.received if payload["op"] == IDENTIFY]


async def until_receipts(discord: Double, *asked: Message) -> None:
    for message in asked:
        await discord.until(lambda at=message: at.thread and said(at.thread), LONG)  # type: ignore[misc]


async def ask_everywhere(shops: Sequence[Shop]) -> list[Message]:
    return [await shop.emma.says(shop.support, REQUEST) for shop in shops]


def each_has_one_receipt(asked: Sequence[Message]) -> bool:
    return [len(said(message.thread)) for message in asked if message.thread] == [1] * len(asked)


async def test_one_worker_serves_all_and_hands_half_to_another(
    discord: Double, url: str, matcher: Matcher, shops: list[Shop]
) -> None:
    discord.gateway.identify_every = 0.3
    waits = Waits(lease=3 * LEASE, identify_every=0.35)
    async with serving(discord, url, matcher, waits) as first:
        await until_shared(discord, first, sizes=[2])
        for shop in shops:
            await shop.set_up()
        async with serving(discord, url, matcher, waits) as second, watched(first, second):
            asked = await ask_everywhere(shops)
            await until_shared(discord, first, second, sizes=[1, 1])
            asked += await ask_everywhere(shops)
            await until_receipts(discord, *asked)
            assert len(identified(discord)) == SHARDS + 1  # none was refused for coming too early
        begun = time.monotonic()
        await until_shared(discord, first, sizes=[2])
        assert time.monotonic() - begun < waits.lease  # it was given back
    assert each_has_one_receipt(asked)


async def test_the_shards_of_a_dead_worker_are_taken_over_with_all_that_was_said(
    discord: Double, url: str, matcher: Matcher, shops: list[Shop]
) -> None:
    waits = Waits(lease=LEASE)
    async with AsyncExitStack() as stack, serving(discord, url, matcher, waits) as first:
        await until_shared(discord, first, sizes=[2])
        for shop in shops:
            await shop.set_up()
        second = await stack.enter_async_context(serving(discord, url, matcher, waits))
        await until_shared(discord, first, second, sizes=[1, 1])
        with cut_off(first):
            first.running.cancel()  # it cannot give anything back
            vars(first.desk)["unlease"] = first.desk.lease
            await asyncio.wait([first.running])
        asked = await ask_everywhere(shops)
        await until_shared(discord, second, sizes=[2])
        await until_receipts(discord, *asked)
        assert each_has_one_receipt(asked)


async def test_a_worker_without_its_database_stops_before_another_one_begins(
    discord: Double, url: str, matcher: Matcher, shops: list[Shop]
) -> None:
    waits = Waits(lease=LEASE)
    async with serving(discord, url, matcher, waits) as first:
        await until_shared(discord, first, sizes=[2])
        for shop in shops:
            await shop.set_up()
        async with serving(discord, url, matcher, waits) as second, watched(first, second):
            await until_shared(discord, first, second, sizes=[1, 1])
            with cut_off(first):
                await discord.until(lambda: not served(first), LEASE)
                assert len(discord.gateway.live) == SHARDS  # it is still connected
                asked = await ask_everywhere(shops)
                await until_shared(discord, second, sizes=[2])
                await until_receipts(discord, *asked)
            await until_shared(discord, first, second, sizes=[1, 1])
            asked += await ask_everywhere(shops)
            await until_receipts(discord, *asked)
    assert each_has_one_receipt(asked)


async def test_when_the_database_was_away_for_all_they_go_on_without_identifying_again(
    discord: Double, url: str, matcher: Matcher, shops: list[Shop]
) -> None:
    async with serving(discord, url, matcher, Waits(lease=LEASE)) as bot:
        await until_shared(discord, bot, sizes=[2])
        for shop in shops:
            await shop.set_up()
        with cut_off(bot):
            await discord.until(lambda: not served(bot), LEASE)
            asked = await ask_everywhere(shops)
            command = await shops[0].emma.uses(shops[0].support, "place")
            assert command.answered_after is None
            assert not any(message.thread for message in asked)
        await until_receipts(discord, *asked)
        assert each_has_one_receipt(asked)
        assert sorted(identified(discord)) == list(range(SHARDS))


async def test_two_workers_send_fifty_requests_a_second_together_at_most(
    discord: Double, url: str, matcher: Matcher
) -> None:
    begun: list[float] = []

    async def note(_session: aiohttp.ClientSession, _context: object, _begun: aiohttp.TraceRequestStartParams) -> None:
        begun.append(time.monotonic())

    noting = aiohttp.TraceConfig()
    noting.on_request_start.append(note)

    async def rush(database: Database) -> None:
        limiter = limiter_of(Desk(database, matcher))
        async with aiohttp.ClientSession(trace_configs=[paced(limiter), noting]) as session:
            asking = [asyncio.create_task(session.get(f"{discord.api_url}/gateway")) for _ in range(70)]
            for response in await asyncio.gather(*asking):
                response.release()

    with discord.redirected():
        async with open_database(url) as first, open_database(url) as second:
            await asyncio.gather(rush(first), rush(second))
    assert len(begun) == len(discord.counted) == 140
    assert fullest_second(begun) <= 50
    assert max(begun) - min(begun) < 2 * 140 / A_SECOND  # nobody waits for nothing
