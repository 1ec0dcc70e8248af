"""The bot's share of Discord's limits (developers/topics/rate-limits): in all, 50 requests a second.

discord.py reacts to a refused request, and waits for the limits of single routes; this keeps all of them together from
being refused in the first place. And where Discord refuses for long, or everything, the outbox waits instead of
discord.py: so it can tell people, and nothing of the kind is sent before the time has come. (discord.py's own
`max_ratelimit_timeout` refuses too much: any call of a route whose limit is counted over a longer time.)
"""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus
from types import SimpleNamespace

import aiohttp
import discord
from aiolimiter import AsyncLimiter
from discord.http import Route
from yarl import URL

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


def paced(a_second: float = A_SECOND, longest_sleep: float = LONGEST_SLEEP) -> aiohttp.TraceConfig:
    """What makes each counted request of a session wait for its turn, whoever sends it.

    A change that is refused for longer than `longest_sleep`, or together with everything, ends in discord.RateLimited,
    and so do all of its kind until then. What is only read can wait.
    """
    limiter = AsyncLimiter(BURST, BURST / a_second)
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
