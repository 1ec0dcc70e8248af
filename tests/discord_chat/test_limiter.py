"""All that the bot sends stays under Discord's global limit, and nobody waits for an answer because of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import aiohttp
import discord
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiolimiter import AsyncLimiter

from adapters.discord_chat import create_client
from adapters.discord_chat import limiter as module
from adapters.discord_chat.limiter import A_SECOND, is_counted, limiter_of, paced
from adapters.discord_chat.limiter import BURST as AT_ONCE
from bot.coverage.matcher import Matcher
from bot.model import Listener
from bot.settings import Settings
from tests.discord_chat.over_sockets import REQUEST, Shop, said, saying, statuses
from tests.doubles.counting import fullest_second
from tests.doubles.discord.server import discord_double
from tests.doubles.discord.world import Message

BURST = 150
MOST_A_SECOND = 50


ALONE = cast("Listener", SimpleNamespace(has_company=False))
"""The desk of a process that has no company."""


@pytest.fixture
async def shop(database_file: Path, matcher: Matcher) -> AsyncIterator[Shop]:
    async with discord_double() as discord:
        shop = Shop(discord, database_file, matcher)
        shop.waits.meanwhile_after = 1
        yield shop


async def test_less_than_fifty_requests_begin_in_any_second(shop: Shop) -> None:
    begun: list[float] = []

    async def note(_session: aiohttp.ClientSession, _context: object, _begun: aiohttp.TraceRequestStartParams) -> None:
        begun.append(time.monotonic())

    noting = aiohttp.TraceConfig()
    noting.on_request_start.append(note)
    async with aiohttp.ClientSession(trace_configs=[paced(limiter_of(ALONE)), noting]) as session:

        async def ask() -> None:
            async with session.get(f"{shop.discord.api_url}/gateway"):
                pass

        await asyncio.gather(*(ask() for _ in range(BURST)))
    assert len(begun) == BURST
    assert fullest_second(begun) < MOST_A_SECOND


async def test_a_burst_is_not_refused_and_answers_do_not_wait_for_it(shop: Shop) -> None:
    async with shop.open_and_set_up() as bot:
        await shop.quiet()
        # What began evenly is held up here by what else the machine does, so the limit's second is a little shorter.
        shop.discord.limit_global(MOST_A_SECOND, seconds=0.75)
        before = len(shop.discord.requests)
        route = discord.http.Route("GET", "/channels/{channel_id}", channel_id=shop.support.id)
        calls = [asyncio.ensure_future(bot.chat.client.http.request(route)) for _ in range(BURST)]
        await shop.discord.until(lambda: len(shop.discord.requests) > before)
        waited_from = len(shop.discord.requests)
        answers = await asyncio.gather(*(shop.emma.uses(shop.support, "place") for _ in range(20)))
        meanwhile = shop.discord.requests[waited_from:]
        assert all(answer.answered_after is not None for answer in answers)
        await asyncio.gather(*calls)
        made = shop.discord.requests[before:]
        counted = [call.at for call in made if call.counts and call.method == "GET"]
        assert len(counted) == BURST
        assert sum(call.counts for call in meanwhile) < A_SECOND  # less than a second, in the limiter's own measure
        assert fullest_second(counted) >= A_SECOND
        assert 429 not in statuses(made)


class Shared:
    """The desk of a worker that has company; its database is away when it is first asked."""

    has_company = True

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def wait_turn(self, _name: str, _rate: float, _most: int, count: int) -> timedelta:
        self.asked.append(count)
        if len(self.asked) == 1:
            raise ConnectionError
        return timedelta(seconds=0.01 if len(self.asked) == 2 else 0)


async def test_turns_are_taken_together_and_none_is_while_the_database_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_TRY_AGAIN", 0.1)
    desk = Shared()
    limiter = limiter_of(cast("Listener", desk))
    waiting = [asyncio.create_task(limiter.acquire()) for _ in range(12)]
    await asyncio.sleep(0.05)
    assert desk.asked == [AT_ONCE]
    assert not any(one.done() for one in waiting)
    waiting.pop().cancel()
    await asyncio.gather(*waiting)
    assert desk.asked == [AT_ONCE, AT_ONCE, AT_ONCE, AT_ONCE, 1]


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


def test_what_counts_behind_another_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord.http.Route, "BASE", "http://relay.example/discord/api/v9/")
    assert is_counted("POST", "/discord/api/v9/channels/1/messages")
    assert not is_counted("POST", "/discord/api/v9/interactions/1/token/callback")
    assert not is_counted("POST", "/api/v10/channels/1/messages")


@pytest.mark.parametrize(("shards", "count", "share"), [((), None, 1), ((0,), 2, 0.5), ((0, 1, 2), 4, 0.75)])
async def test_each_process_without_a_shared_database_takes_its_share_of_the_limit(
    shards: tuple[int, ...], count: int | None, share: float
) -> None:
    settings = Settings(discord_shards=shards, discord_shard_count=count, _env_file=None)
    limiter = create_client(settings, ALONE).limiter
    assert isinstance(limiter, AsyncLimiter)
    assert limiter.max_rate / limiter.time_period == pytest.approx(A_SECOND * share)


# --- what Discord refuses ------------------------------------------------------------------------------


@asynccontextmanager
async def refusing(
    headers: dict[str, str], a_second: float = A_SECOND
) -> AsyncIterator[tuple[aiohttp.ClientSession, list[str]]]:
    """A session with the limiter, for a place that refuses everything with these headers; and what arrives there."""
    arrived: list[str] = []

    async def refuse(request: web.Request) -> web.Response:
        arrived.append(f"{request.method} {request.path}")
        return web.Response(status=429, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", refuse)
    limiter = AsyncLimiter(AT_ONCE, AT_ONCE / a_second)
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession(server.make_url("/"), trace_configs=[paced(limiter)]) as session,
    ):
        yield session, arrived


@pytest.mark.parametrize("told", [None, "soon", "Wed, 21 Oct 2026 07:28:00 GMT"])
async def test_a_refusal_that_tells_no_seconds_is_waited_out_for_a_minute(told: str | None) -> None:
    async with refusing({"Retry-After": told} if told else {}) as (session, arrived):
        for _ in range(2):
            with pytest.raises(discord.RateLimited) as refused:
                await session.post("/api/v10/channels/1/messages")
            assert refused.value.retry_after == pytest.approx(60, abs=1)
        assert len(arrived) == 1


async def test_what_was_refused_for_long_is_not_asked_again_before_its_time() -> None:
    channel, other, message = 10**17, 2 * 10**17, 3 * 10**17
    async with refusing({"Retry-After": "6"}) as (session, arrived):

        async def ask(method: str, path: str) -> bool:
            before = len(arrived)
            with pytest.raises(discord.RateLimited):
                await session.request(method, f"/api/v10{path}")
            return len(arrived) > before

        assert await ask("POST", f"/channels/{channel}/messages/{message}/threads")
        assert not await ask("POST", f"/channels/{channel}/messages/{message + 1}/threads")
        assert await ask("POST", f"/channels/{other}/messages/{message}/threads")
        assert await ask("POST", f"/channels/{channel}/messages")
        # One old message says nothing about the others, nor about young ones.
        assert await ask("PATCH", f"/channels/{channel}/messages/{message}")
        assert await ask("PATCH", f"/channels/{channel}/messages/{message}")


async def test_what_waits_for_its_turn_is_not_sent_when_everything_is_refused_meanwhile() -> None:
    async with refusing({"Retry-After": "60", "X-RateLimit-Global": "true"}, a_second=5) as (session, arrived):
        sent = (session.post(f"/api/v10/channels/{number}/messages") for number in range(AT_ONCE + 3))
        results = await asyncio.gather(*sent, return_exceptions=True)
        assert all(isinstance(result, discord.RateLimited) for result in results)
        assert len(arrived) == AT_ONCE


async def test_while_everything_is_refused_no_change_is_sent() -> None:
    async with refusing({"Retry-After": "1", "X-RateLimit-Global": "true"}) as (session, arrived):
        for method, path in (("POST", "/channels/1/messages"), ("PATCH", "/channels/2"), ("PUT", "/commands")):
            with pytest.raises(discord.RateLimited):
                await session.request(method, f"/api/v10{path}")
        assert arrived == ["POST /api/v10/channels/1/messages"]
        async with session.post("/api/v10/interactions/1/token/callback") as answer:
            assert answer.status == 429  # not counted, so it was sent


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


async def test_a_global_limit_is_waited_out_and_then_all_goes_on(shop: Shop) -> None:
    async with shop.open_and_set_up() as bot:
        shop.discord.fail_next("POST", r"/threads$", retry_after=1.5, scope="global")
        first = await shop.emma.says(shop.support, REQUEST)
        await shop.discord.until(lambda: "throttled by Discord" in shop.waits_for())
        refused = len(shop.discord.requests)
        others = [
            await shop.karla.says(shop.support, "The slider does not work after the update"),
            await shop.jonas.says(shop.help, "Die Galerie stürzt ab"),
        ]
        answer = await shop.emma.uses(shop.support, "place")
        assert "#1" in answer.text
        await shop.quiet()
        later = [call for call in shop.discord.requests[refused:] if call.counts]
        (limited,) = [call for call in shop.discord.requests if call.status == 429]
        assert min(call.at for call in later) - limited.at > 1.5
        assert all(len(saying(shop.thread_of(message), "Ticket #")) == 1 for message in (first, *others))
        assert bot.chat.client.http._global_over.is_set()  # noqa: SLF001 (discord.py's own lock)


async def test_a_used_up_limit_of_threads_starves_no_other_channel(shop: Shop) -> None:
    shop.waits.patience = 1
    async with shop.open_and_set_up():
        shop.discord.limit_route("POST", "/channels/{channel_id}/messages/{message_id}/threads", 2, 300)
        people = [shop.guild.add_member(f"customer {number}") for number in range(10)]
        asked = [await person.says(shop.support, REQUEST) for person in people]
        elsewhere = await shop.jonas.says(shop.help, "Die Galerie stürzt ab")
        await shop.discord.until(lambda: elsewhere.thread and said(elsewhere.thread))
        waiting = set(asked[2:])
        await shop.discord.until(lambda: waiting <= set(answered_by_number(shop)))
        assert len(answered_by_number(shop)) <= len(people)


def answered_by_number(shop: Shop) -> list[Message]:
    """Whose ticket was told in the channel, because there is no thread yet."""
    replies = [message for message in shop.support.messages if "your request is ticket #" in message.text]
    return [reply.answers for reply in replies if reply.answers is not None]
