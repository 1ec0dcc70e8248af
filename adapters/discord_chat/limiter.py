"""The bot's share of Discord's global limit: 50 requests a second (developers/topics/rate-limits, "Global Rate Limit").

discord.py reacts to a refused request, and waits for the limits of single routes; this keeps all of them together from
being refused in the first place. And where Discord asks for a long wait, the outbox waits instead of discord.py, so
that it can tell people. (discord.py's own `max_ratelimit_timeout` refuses too much: any call of a route whose limit is
counted over a longer time.)
"""

from __future__ import annotations

from types import SimpleNamespace

import aiohttp
import discord
from aiolimiter import AsyncLimiter

BURST = 5
A_SECOND = 40
"""In any second at most BURST + A_SECOND requests begin: 45. They arrive less evenly than that, so a few are spare."""
LONGEST_SLEEP = 5.0
"""Seconds that discord.py may wait by itself until it sends a refused request again."""
_TOO_MANY_REQUESTS = 429


def paced(a_second: float = A_SECOND, longest_sleep: float = LONGEST_SLEEP) -> aiohttp.TraceConfig:
    """What makes each counted request of a session wait for its turn, whoever sends it.

    A change that is refused for longer than `longest_sleep` ends in discord.RateLimited; what is only read can wait.
    """
    limiter = AsyncLimiter(BURST, BURST / a_second)

    async def wait(
        _session: aiohttp.ClientSession, _context: SimpleNamespace, request: aiohttp.TraceRequestStartParams
    ) -> None:
        if is_counted(request.method, request.url.path):
            await limiter.acquire()

    async def give_back(
        _session: aiohttp.ClientSession, _context: SimpleNamespace, request: aiohttp.TraceRequestEndParams
    ) -> None:
        response = request.response
        if (
            response.status != _TOO_MANY_REQUESTS
            or request.method == "GET"
            or not is_counted(request.method, request.url.path)
        ):
            return
        seconds = float(response.headers.get("Retry-After", 0))
        if seconds > longest_sleep:
            response.close()
            raise discord.RateLimited(seconds)

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(wait)
    trace.on_request_end.append(give_back)
    return trace


def is_counted(method: str, path: str) -> bool:
    """Whether a request counts against the global limit.

    Answers to interactions do not (developers/interactions/receiving-and-responding, "Endpoints"); the gateway is no
    request.
    """
    return "/api/" in path and not ("/interactions/" in path or (method != "GET" and "/webhooks/" in path))
