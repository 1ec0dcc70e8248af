"""Slack's ids and timestamps."""

from __future__ import annotations

import secrets
import time


class Ids:
    """Makes ids that are never given twice, and timestamps that always grow."""

    def __init__(self) -> None:
        self._count = 0
        self._last = 0
        self.skew = 0.0
        """Seconds that Slack's clock is ahead of ours; a test lets time pass by adding to it."""

    def new(self, prefix: str) -> str:
        """An id such as C00000012: the prefix says what it is of."""
        self._count += 1
        return f"{prefix}{self._count:08d}"

    def now(self) -> float:
        """Slack's time, in seconds since 1970."""
        return time.time() + self.skew

    def ts(self) -> str:
        """The timestamp of something that happens now; nothing else has it."""
        self._last = max(self._last + 1, int(self.now() * 1_000_000))
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def trigger(self) -> str:
        """An id that a person's act carries."""
        return f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
