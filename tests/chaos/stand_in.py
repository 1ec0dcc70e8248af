"""A platform that stands in for Discord or Slack over a real socket, and keeps score of every call that it gets.

As on Discord, what is posted anew carries a nonce, and a thread hangs under a message: both are known again and done
once. Edits and the end of a thread have no key, so that these are done as often as they come.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

from aiohttp import web
from pydantic import TypeAdapter

from bot.model import CloseThread, Done, Effect, OpenThread, Say, Text

NONCE = "X-Nonce"
EFFECT: TypeAdapter[Effect] = TypeAdapter(Effect)
DONE = TypeAdapter(Done)
_LONGEST_PAUSE = 0.02
"""Seconds: so long, at most, a call takes before it is done, and again until it is answered."""

_STALL = 2.0
"""Seconds: so long the platform answers nobody, now and then."""


@dataclass
class StandIn:
    """What came, in its order, and what stands there now."""

    chance: random.Random
    url: str = ""
    keeps_calls: bool = True
    """Whether every call is remembered for an audit; else they are only counted."""
    stalls_every: float = math.inf
    """Seconds from one moment in which nobody gets an answer for a while to the next."""
    calls: list[tuple[int, str]] = field(default_factory=list)
    """(number of the letter, its nonce), in the order in which they were done."""
    said: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """What stands in the threads: how often each (server, thread, key of the first sentence) was posted."""
    opened: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Letters that opened a thread, by (server, message)."""
    recognised: int = 0
    """Calls that came again and were known by their key."""
    doubled: Counter[str] = field(default_factory=Counter)
    """Calls without a key that were done again, by what they do."""
    total: int = 0
    _known: dict[tuple[str, str], Done] = field(default_factory=dict)
    """What was done for a key."""
    _done: set[str] = field(default_factory=set)
    """Nonces of calls without a key."""
    _ids: count[int] = field(default_factory=lambda: count(1))

    async def perform(self, request: web.Request) -> web.Response:
        """One call; it is done even if the caller is dead before it is answered."""
        effect = EFFECT.validate_json(await request.read())
        await asyncio.sleep(max(_STALL - time.monotonic() % self.stalls_every, 0))
        await asyncio.sleep(self.chance.random() * _LONGEST_PAUSE)
        done = self._perform(effect, request.headers[NONCE])
        await asyncio.sleep(self.chance.random() * _LONGEST_PAUSE)
        return web.json_response(body=DONE.dump_json(done))

    def _perform(self, effect: Effect, nonce: str) -> Done:
        self.total += 1
        if self.keeps_calls:
            self.calls.append((number_in(nonce), nonce))
        match effect:
            case OpenThread(message=str() as message):
                return self._once((effect.server, message), lambda: self._open(effect, message))
            case Say(replaces=None):
                return self._once((effect.server, nonce), lambda: self._say(effect))
            case Say(replaces=str() as message):
                self._again("edit", nonce)
                return Done(message=message)
            case CloseThread():
                self._again("put a thread away", nonce)
                return Done()
            case _:
                raise web.HTTPNotImplemented(reason="nothing here opens threads of their own")

    def _once(self, key: tuple[str, str], do: Callable[[], Done]) -> Done:
        if key in self._known:
            self.recognised += 1
        elif self.keeps_calls:
            self._known[key] = do()
        else:
            return do()
        return self._known[key]

    def _again(self, what: str, nonce: str) -> None:
        if nonce in self._done:
            self.doubled[what] += 1
        elif self.keeps_calls:
            self._done.add(nonce)

    def _open(self, effect: OpenThread, message: str) -> Done:
        if self.keeps_calls:
            self.opened[effect.server, message] += 1
        return Done(thread=message)

    def _say(self, effect: Say) -> Done:
        words = effect.content.blocks[0].words
        if self.keeps_calls and effect.thread is not None and isinstance(words, Text):
            self.said[effect.server, effect.thread, words.key] += 1
        return Done(message=f"b{next(self._ids)}")


def number_in(nonce: str) -> int:
    """The letter's number in the outbox."""
    return int(nonce.rpartition("-")[2], 16)


@asynccontextmanager
async def stand_in(
    chance: random.Random, *, keeps_calls: bool = True, stalls_every: float = math.inf
) -> AsyncIterator[StandIn]:
    """A platform that can be called."""
    platform = StandIn(chance, keeps_calls=keeps_calls, stalls_every=stalls_every)
    app = web.Application()
    app.router.add_post("/perform", platform.perform)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    platform.url = f"http://{host}:{port}/perform"
    try:
        yield platform
    finally:
        await runner.cleanup()
