"""Snowflakes: Discord's ids, which carry the moment at which it made them."""

from __future__ import annotations

import time
from datetime import UTC, datetime

EPOCH = 1_420_070_400_000
"""The first moment of 2015 in milliseconds since 1970."""

SHARD_COUNTS = 48
"""Every number of shards that divides this gets its guilds in turn."""


class Snowflakes:
    """Makes ids that always grow, as if one worker of Discord made them all."""

    def __init__(self) -> None:
        self._last = 0
        self._guilds = 0

    def new(self) -> str:
        self._last = max(self._last + 1, self._now())
        return str(self._last)

    def new_guild(self) -> str:
        """An id that puts neighbours into different shards, and as many guilds into each."""
        next_ = max((self._last >> 22) + 1, self._now() >> 22)
        next_ += (self._guilds - next_) % SHARD_COUNTS
        self._guilds += 1
        self._last = next_ << 22
        return str(self._last)

    @staticmethod
    def _now() -> int:
        return int(time.time() * 1000) - EPOCH << 22


def moment(snowflake: str) -> datetime:
    """When it was made."""
    return datetime.fromtimestamp(((int(snowflake) >> 22) + EPOCH) / 1000, UTC)
