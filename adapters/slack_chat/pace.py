"""The bot's share of Slack's limits, kept before Slack has to refuse (apis/web-api/rate-limits).

Limits hold for each workspace and method: `chat.postMessage` takes one message a second in a channel and some hundred a
minute in all, the other methods that we deliver with are of tier 3, at least 50 requests a minute. Whoever comes too
early gets a time of their own and keeps it, so that the next call does not push in front of them.

Workers that share a database take their turns from it, because together they have only one limit.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cachetools import LRUCache

from bot.model import Listener

SPACING = 1.1
"""Seconds between two messages in one channel; a little more than Slack asks for, since they do not travel evenly."""
LONGEST_SLEEP = 1.2
"""Seconds for which waiting on the spot is worth while: the next message in a channel."""
EARLY = 0.6
"""Seconds before its time at which a call that was put off should be back."""
_LATE = 0.05
"""Seconds after which the time that was kept for a call is missed; it gets another one, so that none gets too near."""
_SWEEP = 60.0
"""Seconds between two times at which what is over is forgotten."""
_MOST_ON_THE_SPOT = 2
"""How many wait on the spot for one limit that workers share; the others come back later."""
_MOST_REMEMBERED = 10_000
POST = "chat.postMessage"


@dataclass(frozen=True, slots=True)
class Call:
    """What shares one limit: a method in a workspace; posting also has one for each channel."""

    workspace: str
    method: str
    channel: str = ""
    """Where it posts; empty for what no channel limits."""


@dataclass(frozen=True, slots=True)
class Budget:
    """At most so many calls within each span of so many seconds."""

    most: int
    seconds: float


_POSTS = Budget(4, 1)
_TIER_3 = Budget(12, 20)
"""A minute touches at most four such spans: 48 calls, wherever it begins."""


@dataclass(slots=True)
class _Line:
    free_at: float = 0
    """From when on a time can be given away."""
    held_until: float = 0
    """Slack has refused everything until then, whatever was given away before."""


class Limits:
    """Slack's limits, as they are kept by whoever says when a call may be made."""

    def __init__(self) -> None:
        self.spacing, self.posts, self.tier_3 = SPACING, _POSTS, _TIER_3

    def budget(self, method: str) -> Budget:
        """Of all calls of this method in a workspace."""
        return self.posts if method == POST else self.tier_3


class Pace(Limits):
    """Says when a call may be made. Knows only the calls of this process; the rest is left to Slack's refusals."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        super().__init__()
        self._clock = clock
        self._lines: dict[Call, _Line] = {}
        self._spent: dict[tuple[str, str], Counter[int]] = {}
        """By workspace and method: how many calls begin in each span of its budget."""
        self._kept: dict[tuple[Call, str], float] = {}
        self._sweep_at = clock() + _SWEEP

    async def wait(self, call: Call, nonce: str, *, can_come_back: bool) -> float:
        """Wait until the call may be made: 0. If that takes long and it can come back, seconds after which to do so."""
        wait = self.turn(call, nonce)
        while wait > LONGEST_SLEEP:
            if can_come_back:
                return wait - EARLY
            await asyncio.sleep(wait - EARLY)
            wait = self.turn(call, nonce)
        await asyncio.sleep(wait)
        return 0

    def turn(self, call: Call, nonce: str) -> float:
        """Seconds until this call may be made.

        Up to LONGEST_SLEEP the turn is taken by this: sleep so long and call. Beyond, it is kept under the nonce: be
        back EARLY.
        """
        now = self._clock()
        self._sweep(now)
        line = self._lines.setdefault(call, _Line())
        mine = self._kept.pop((call, nonce), None)
        if mine is None or mine < max(now - _LATE, line.held_until):
            mine = self._reserve(call, line, now)
        if mine - now > LONGEST_SLEEP:
            self._kept[call, nonce] = mine
        return max(mine - now, 0)

    def hold(self, call: Call, seconds: float) -> None:
        """Slack has refused such a call for so long: nobody else need ask before."""
        line = self._lines.setdefault(call, _Line())
        line.held_until = max(line.held_until, self._clock() + seconds)
        line.free_at = max(line.free_at, line.held_until)

    def _reserve(self, call: Call, line: _Line, now: float) -> float:
        """The first moment that nobody else has, for as long as the budget lasts."""
        budget = self.budget(call.method)
        spent = self._spent.setdefault((call.workspace, call.method), Counter())
        at = max(now, line.free_at)
        while spent[_span(at, budget)] >= budget.most:
            at = (_span(at, budget) + 1) * budget.seconds
        spent[_span(at, budget)] += 1
        line.free_at = at + (self.spacing if call.channel else 0)
        return at

    def _sweep(self, now: float) -> None:
        """Forget what is over, now and then; so what is remembered is what waits, and a minute of calls."""
        if now < self._sweep_at:
            return
        self._sweep_at = now + _SWEEP
        self._kept = {key: at for key, at in self._kept.items() if at >= now - _LATE}
        self._lines = {call: line for call, line in self._lines.items() if line.free_at > now}
        for key, spent in list(self._spent.items()):
            budget = self.budget(key[1])
            ahead = Counter({span: calls for span, calls in spent.items() if span >= _span(now, budget)})
            if ahead:
                self._spent[key] = ahead
            else:
                del self._spent[key]


@dataclass(frozen=True, slots=True)
class _Limit:
    """What all workers share."""

    name: str
    a_second: float
    """How many turns come in."""
    most: int
    """How many there are at once, at most."""


@dataclass(eq=False, slots=True)
class _Queue:
    """Who waits in this process for one limit."""

    here: int = 0
    """How many wait on the spot."""
    back_at: float = 0
    """When the last one of the others will be back."""


class SharedPace(Limits):
    """Lets calls wait for limits that all workers share. Keeps no times: the next attempt may be another worker's."""

    def __init__(self, desk: Listener, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        super().__init__()
        self._desk = desk
        self._clock = clock
        self._queues: LRUCache[str, _Queue] = LRUCache(_MOST_REMEMBERED)
        self._held_until: LRUCache[Call, float] = LRUCache(_MOST_REMEMBERED)

    async def wait(self, call: Call, _nonce: str, *, can_come_back: bool) -> float:
        """Wait until the call may be made: 0. If that takes long and it can come back, seconds after which to do so."""
        for limit in self._limits(call):
            queue = self._queues.setdefault(limit.name, _Queue())
            while wait := self._held(call) or await self._taken(limit):
                if can_come_back and (wait > LONGEST_SLEEP or queue.here >= _MOST_ON_THE_SPOT):
                    return self._put_off(queue, limit, wait)
                queue.here += 1
                try:
                    await asyncio.sleep(wait)
                finally:
                    queue.here -= 1
            can_come_back = False  # one turn is taken already
        return 0

    def _put_off(self, queue: _Queue, limit: _Limit, wait: float) -> float:
        """Seconds after which to be back: not all at once."""
        now = self._clock()
        queue.back_at = max(queue.back_at + 1 / limit.a_second, now + wait)
        return queue.back_at - now

    def hold(self, call: Call, seconds: float) -> None:
        """Slack has refused such a call for so long: nobody else here need ask before."""
        self._held_until[call] = self._clock() + seconds

    def _held(self, call: Call) -> float:
        return max(self._held_until.get(call, 0) - self._clock(), 0)

    async def _taken(self, limit: _Limit) -> float:
        """0 if the turn is ours; else how long to wait before asking again."""
        return (await self._desk.wait_turn(limit.name, limit.a_second, limit.most)).total_seconds()

    def _limits(self, call: Call) -> Iterator[_Limit]:
        """Those that the call is under."""
        if call.channel and self.spacing:
            yield _Limit(f"slack/{call.workspace}/{call.channel}", 1 / self.spacing, 1)
        budget = self.budget(call.method)
        yield _Limit(f"slack/{call.workspace}/{call.method}", budget.most / budget.seconds, budget.most)


def pace_of(desk: Listener) -> Pace | SharedPace:
    """One for all workers where there may be others, else our own."""
    return SharedPace(desk) if desk.has_company else Pace()


def _span(at: float, budget: Budget) -> int:
    return int(at // budget.seconds)
