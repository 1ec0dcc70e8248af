"""Discord's limits (developers/topics/rate-limits): in all, 50 requests a second, by all workers together.

discord.py reacts to a refused request, and waits for the limits of single routes; this keeps all of them together from
being refused in the first place. And where Discord refuses for long, or everything, the outbox waits instead of
discord.py: so it can tell people, and nothing of the kind is sent before the time has come. (discord.py's own
`max_ratelimit_timeout` refuses too much: any call of a route whose limit is counted over a longer time.)
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from http import HTTPStatus
from types import SimpleNamespace
from typing import Protocol

import aiohttp
import discord
import structlog
from aiolimiter import AsyncLimiter
from discord.http import Route
from yarl import URL

from bot.model import Listener

BURST = 5
A_SECOND = 40
"""In any second at most BURST + A_SECOND requests begin: 45. They arrive less evenly than that, so a few are spare."""
LONGEST_SLEEP = 5.0
"""Seconds that discord.py may wait by itself until it sends a refused request again."""
_WITHOUT_A_TIME = 60.0
"""Seconds to wait where a refusal does not say how long."""
_MOST_ROUTES = 1_000
_EVERYTHING = "global"
_ID = re.compile(r"/\d{15,}")
_REQUESTS = "discord/requests"
"""The name of the limit that all workers share."""
_TRY_AGAIN = 1.0
"""Seconds until the database is asked again that could not tell; nothing is sent meanwhile."""

_log = structlog.get_logger(__name__)


class Limiter(Protocol):
    """Whoever wants to send a request waits here for its turn."""

    async def acquire(self) -> None:
        """Returns when the request may begin."""


def limiter_of(desk: Listener, share: float = 1) -> Limiter:
    """One for all workers where there may be others; else our own, with this share of the limit."""
    return SharedLimiter(desk) if desk.has_company else AsyncLimiter(BURST, BURST / (A_SECOND * share))


class SharedLimiter:
    """Takes turns from the limit of all workers for all who wait here, so that not each costs a transaction."""

    def __init__(self, desk: Listener) -> None:
        self._desk = desk
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._taking: asyncio.Task[None] | None = None

    async def acquire(self) -> None:
        """Returns when the request may begin."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        if self._taking is None or self._taking.done():
            self._taking = asyncio.create_task(self._take())
        await turn

    async def _take(self) -> None:
        """Take for all who wait, as many at a time as may begin at once."""
        while waiting := [turn for turn in self._waiting if not turn.done()]:  # the others have gone away
            self._waiting = deque(waiting)
            count = min(len(waiting), BURST)
            seconds = await self._seconds_until_taken(count)
            if seconds:
                await asyncio.sleep(seconds)
                continue
            for _ in range(count):
                turn = self._waiting.popleft()
                if not turn.done():
                    turn.set_result(None)

    async def _seconds_until_taken(self, count: int) -> float:
        """0 if these turns are ours now; else how long to wait before asking again."""
        try:
            wait = await self._desk.wait_turn(_REQUESTS, A_SECOND, BURST, count)
        except Exception:  # noqa: BLE001 (logged; while nobody can tell, nothing is sent)
            _log.exception("could not ask whether a request may be sent; trying again")
            return _TRY_AGAIN
        return wait.total_seconds()


def paced(limiter: Limiter, longest_sleep: float = LONGEST_SLEEP) -> aiohttp.TraceConfig:
    """What makes each counted request of a session wait for its turn, whoever sends it.

    A change that is refused for longer than `longest_sleep`, or together with everything, ends in discord.RateLimited,
    and so do all of its kind until then. What is only read can wait.
    """
    refused = _Refused()

    async def wait(
        _session: aiohttp.ClientSession, _context: SimpleNamespace, request: aiohttp.TraceRequestStartParams
    ) -> None:
        if not is_counted(request.method, request.url.path):
            return
        limits = _EVERYTHING, _route(request.method, request.url.path)
        if request.method == "GET":
            await asyncio.sleep(refused.seconds(*limits))
        await limiter.acquire()
        seconds = refused.seconds(*limits)  # only now: it may have been refused while this waited for its turn
        if seconds > 0 and request.method != "GET":
            raise discord.RateLimited(seconds)

    async def give_back(
        _session: aiohttp.ClientSession, _context: SimpleNamespace, request: aiohttp.TraceRequestEndParams
    ) -> None:
        response = request.response
        is_ours = is_counted(request.method, request.url.path) and request.method != "GET"
        if response.status != HTTPStatus.TOO_MANY_REQUESTS or not is_ours:
            return
        seconds = _retry_after(response)
        is_global = "X-RateLimit-Global" in response.headers or response.headers.get("X-RateLimit-Scope") == _EVERYTHING
        if is_global or seconds > longest_sleep:
            if is_global or request.method != "PATCH":  # edits of old messages have a limit of their own on this route
                refused.note(_EVERYTHING if is_global else _route(request.method, request.url.path), seconds)
            response.close()
            raise discord.RateLimited(seconds)

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(wait)
    trace.on_request_end.append(give_back)
    return trace


class _Refused:
    """What Discord does not take at the moment, and until when, by the loop's clock."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def note(self, what: str, seconds: float) -> None:
        now = asyncio.get_running_loop().time()
        if len(self._until) >= _MOST_ROUTES:
            self._until = {route: until for route, until in self._until.items() if until > now}
        self._until[what] = now + seconds

    def seconds(self, *whats: str) -> float:
        """How long it is until all of these are taken again; 0 if they are now."""
        if not self._until:
            return 0
        latest = max(self._until.get(what, 0) for what in whats)
        return max(latest - asyncio.get_running_loop().time(), 0)


def _route(method: str, path: str) -> str:
    """What shares one limit: the method and the path, with the first id and without the others."""
    first = _ID.search(path)
    return method + (path[: first.end()] + _ID.sub("/*", path[first.end() :]) if first else path)


def _retry_after(response: aiohttp.ClientResponse) -> float:
    try:
        return float(response.headers["Retry-After"])
    except (KeyError, ValueError):  # not from Discord itself, but from what stands before it
        return _WITHOUT_A_TIME


def is_counted(method: str, path: str) -> bool:
    """Whether a request counts against the global limit.

    Answers to interactions do not (developers/interactions/receiving-and-responding, "Endpoints"); the gateway is no
    request.
    """
    base = URL(Route.BASE).path.rstrip("/")
    if not path.startswith(f"{base}/"):
        return False
    kind = path[len(base) :]
    return not (kind.startswith("/interactions/") or (method != "GET" and kind.startswith("/webhooks/")))
