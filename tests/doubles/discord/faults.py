"""What goes wrong with REST calls: single faults on order, and limits that are really kept."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Literal

from tests.doubles.discord.errors import ApiError, too_many

Scope = Literal["user", "shared", "global"]


@dataclass(slots=True)
class Fault:
    """Something that happens to the next calls that match."""

    method: str
    path: re.Pattern[str]
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

    def clear(self) -> None:
        self._waiting.clear()

    def take(self, method: str, path: str) -> Fault | None:
        for fault in self._waiting:
            if fault.method == method and fault.path.search(path):
                fault.times -= 1
                if not fault.times:
                    self._waiting.remove(fault)
                return fault
        return None


@dataclass(slots=True)
class Window:
    """So many calls in so many seconds, counted from the first one."""

    limit: int
    seconds: float
    used: int = 0
    started: float = 0.0

    def take(self) -> float:
        """Count a call; 0 if it may pass, else the seconds until the next window."""
        now = time.monotonic()
        if now - self.started >= self.seconds:
            self.started, self.used = now, 0
        if self.used >= self.limit:
            return self.started + self.seconds - now
        self.used += 1
        return 0.0

    @property
    def remaining(self) -> int:
        return self.limit - self.used

    @property
    def reset_after(self) -> float:
        return max(0.0, self.started + self.seconds - time.monotonic())


GENEROUS = (1_000, 0.1)
"""What a bucket allows until a test sets something else: calls and seconds."""


class Limits:
    """The global limit and the buckets of the routes."""

    def __init__(self) -> None:
        self.everything: Window | None = None
        self._routes: dict[tuple[str, str], tuple[int, float]] = {}
        self._buckets: dict[tuple[str, str, str], Window] = {}

    def set_route(self, method: str, template: str, calls: int, seconds: float) -> None:
        self._routes[method, template] = (calls, seconds)
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if key[:2] != (method, template)}

    def bucket(self, method: str, template: str, major: str) -> Window:
        """The bucket of a route; `major` is the id of its channel, guild or webhook."""
        key = (method, template, major)
        if key not in self._buckets:
            self._buckets[key] = Window(*self._routes.get((method, template), GENEROUS))
        return self._buckets[key]

    def check_global(self) -> None:
        wait = self.everything.take() if self.everything is not None else 0.0
        if wait:
            raise too_many(wait, "global")
