"""When a customer can expect the first answer. Nothing here, or anywhere, promises when a problem is solved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model import ServerSettings
from bot.rules.estimate import Estimate
from bot.rules.hours import calendar_of


@dataclass(frozen=True, slots=True)
class Promise:
    """Between these two moments the first answer normally comes."""

    soft: datetime
    hard: datetime


def promise(asked_at: datetime, settings: ServerSettings) -> Promise:
    """The server's promise for a request that the platform received at this moment."""
    after = calendar_of(settings.hours if settings.promise_in_hours else None).after
    soft, hard = timedelta(hours=settings.soft_hours), timedelta(hours=settings.hard_hours)
    return Promise(after(asked_at, soft), after(asked_at, hard))


def takes_longer(estimate: Estimate | None, hard_due: datetime, now: datetime) -> bool:
    """Whether the first answer will more likely than not come after the promise's end, so that we must say so."""
    return now + (estimate.middle if estimate else timedelta(0)) > hard_due
