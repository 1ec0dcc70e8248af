"""The bot's share of Slack's limits, kept before Slack has to refuse (apis/web-api/rate-limits).

Limits hold for each workspace and method: `chat.postMessage` takes one message a second in a channel and some hundred a
minute in all, the other methods that we deliver with are of tier 3, at least 50 requests a minute. Whoever comes too
early gets a time of their own and keeps it, so that the next call does not push in front of them.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

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


class Pace:
    """Says when a call may be made. Knows only the calls of this process; the rest is left to Slack's refusals."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self.spacing, self.posts, self.tier_3 = SPACING, _POSTS, _TIER_3
        self._clock = clock
        self._lines: dict[Call, _Line] = {}
        self._spent: dict[tuple[str, str], Counter[int]] = {}
        """By workspace and method: how many calls begin in each span of its budget."""
        self._kept: dict[tuple[Call, str], float] = {}
        self._sweep_at = clock() + _SWEEP

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
        budget = self._budget(call.method)
        spent = self._spent.setdefault((call.workspace, call.method), Counter())
        at = max(now, line.free_at)
        while spent[_span(at, budget)] >= budget.most:
            at = (_span(at, budget) + 1) * budget.seconds
        spent[_span(at, budget)] += 1
        line.free_at = at + (self.spacing if call.channel else 0)
        return at

    def _budget(self, method: str) -> Budget:
        return self.posts if method == POST else self.tier_3

    def _sweep(self, now: float) -> None:
        """Forget what is over, now and then; so what is remembered is what waits, and a minute of calls."""
        if now < self._sweep_at:
            return
        self._sweep_at = now + _SWEEP
        self._kept = {key: at for key, at in self._kept.items() if at >= now - _LATE}
        self._lines = {call: line for call, line in self._lines.items() if line.free_at > now}
        for key, spent in list(self._spent.items()):
            budget = self._budget(key[1])
            ahead = Counter({span: calls for span, calls in spent.items() if span >= _span(now, budget)})
            if ahead:
                self._spent[key] = ahead
            else:
                del self._spent[key]


def _span(at: float, budget: Budget) -> int:
    return int(at // budget.seconds)
