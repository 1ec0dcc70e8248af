"""When a customer can expect the first answer. Nothing here, or anywhere, promises when a problem is solved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

SOFT = timedelta(hours=24)
HARD = timedelta(hours=48)
"""The policy's "normally 24 to 48 hours"."""

PACE_CLAIMS = 50
PACE_WINDOW = timedelta(days=14)
"""The pace is measured over the latest claims, at most this many, not older than this."""

_ENOUGH_CLAIMS = 5


@dataclass(frozen=True, slots=True)
class Promise:
    """Between these two moments the first answer normally comes."""

    soft: datetime
    hard: datetime


def promise(asked_at: datetime) -> Promise:
    """The promise for a request that the platform received at this moment."""
    return Promise(asked_at + SOFT, asked_at + HARD)


def pace(claims: int, oldest: datetime | None, now: datetime) -> timedelta | None:
    """Mean time between claims, from how many there were since the oldest; None while that tells nothing yet."""
    if oldest is None or claims < _ENOUGH_CLAIMS:
        return None
    return max(now - oldest, timedelta(0)) / claims


def expected_wait(place: int, mean_interval: timedelta | None) -> timedelta | None:
    """How long the ticket at this place (1 is next) will wait if agents go on as they do; None if unknown."""
    return None if mean_interval is None else place * mean_interval


def takes_longer(wait: timedelta | None, hard_due: datetime, now: datetime) -> bool:
    """Whether the first answer will come after the promise's end, so that we must say so."""
    return now + (wait or timedelta(0)) > hard_due
