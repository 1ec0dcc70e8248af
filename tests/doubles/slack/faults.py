"""What goes wrong with calls of the Web API: single faults on order, and limits that are really kept."""

from __future__ import annotations

import re
import time
from collections import deque
from dataclasses import dataclass, field

from tests.doubles.slack.errors import ApiError, rate_limited


@dataclass(slots=True)
class Fault:
    """Something that happens to the next calls that match."""

    method: re.Pattern[str]
    times: int
    error: ApiError | None = None
    drop: bool = False
    """Cut the connection instead of answering."""
    delay: float = 0.0
    """Seconds that the answer takes."""
    after_doing: bool = False
    """Whether the call has done its work before that."""


class Faults:
    """The faults on order; each call takes at most one."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def take(self, method: str) -> Fault | None:
        for fault in self._waiting:
            if fault.method.fullmatch(method):
                fault.times -= 1
                if not fault.times:
                    self._waiting.remove(fault)
                return fault
        return None


TIER = {1: 1, 2: 20, 3: 50, 4: 100}
"""Calls a minute, for each method and workspace."""
TIERS = {
    "auth.test": 4,
    "chat.delete": 3,
    "chat.getPermalink": 4,
    "chat.postEphemeral": 4,
    "chat.update": 3,
    "conversations.history": 3,
    "conversations.info": 3,
    "conversations.list": 2,
    "conversations.open": 3,
    "conversations.replies": 3,
    "files.completeUploadExternal": 4,
    "files.getUploadURLExternal": 4,
    "files.info": 4,
    "reactions.get": 3,
    "usergroups.list": 2,
    "users.info": 4,
    "views.open": 4,
    "views.publish": 4,
    "views.push": 4,
    "views.update": 4,
}
POSTING = "chat.postMessage"
"""Has a limit of its own: so many a second in each channel, with a small burst, and so many a minute in a workspace."""
POSTS_A_SECOND, BURST, POSTS_A_MINUTE = 1.0, 3, 300


@dataclass
class Rates:
    """Slack's limits, kept only where a test asks for it."""

    is_strict: bool = False
    channel_burst: int = BURST
    history_calls: int | None = None
    """Calls a minute of history and replies; 1 for an app that is distributed outside the marketplace."""
    refused: int = 0
    """How many calls have run into a limit."""
    _calls: dict[tuple[str, ...], deque[float]] = field(default_factory=dict)
    _channels: dict[tuple[str, str], float] = field(default_factory=dict)
    """When the allowance of a channel is full again."""

    def check(self, method: str, workspace: str, channel: str) -> None:
        """Count a call; raise Slack's refusal if there are too many."""
        if not self.is_strict:
            return
        wait = self._wait(method, workspace, channel)
        if wait > 0:
            self.refused += 1
            raise rate_limited(wait)

    def _wait(self, method: str, workspace: str, channel: str) -> float:
        if method == POSTING:
            return self._in_channel(workspace, channel) or self._in_a_minute((method, workspace), POSTS_A_MINUTE)
        if method in {"conversations.history", "conversations.replies"} and self.history_calls is not None:
            return self._in_a_minute((method, workspace), self.history_calls)
        if method not in TIERS:
            return 0.0
        return self._in_a_minute((method, workspace), TIER[TIERS[method]])

    def _in_channel(self, workspace: str, channel: str) -> float:
        """A bucket that holds a few posts and fills up by one a second."""
        now = time.monotonic()
        full_at = max(self._channels.get((workspace, channel), now), now)
        wait = full_at + 1 / POSTS_A_SECOND - now - self.channel_burst / POSTS_A_SECOND
        if wait > 0:
            return wait
        self._channels[workspace, channel] = full_at + 1 / POSTS_A_SECOND
        return 0.0

    def _in_a_minute(self, key: tuple[str, ...], most: int) -> float:
        now = time.monotonic()
        calls = self._calls.setdefault(key, deque())
        while calls and calls[0] <= now - 60:
            calls.popleft()
        if len(calls) >= most:
            return calls[0] + 60 - now
        calls.append(now)
        return 0.0
