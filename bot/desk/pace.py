"""How fast each server answers: measured now and then, kept for some minutes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.model import ServerSettings, SupportHours
from bot.rules.estimate import Pace
from bot.store.database import Database
from bot.store.promise_queries import cases

_KEPT_FOR = timedelta(minutes=5)
_MOST = 5_000
"""Servers whose pace is kept."""


class Paces:
    """The servers' paces. A restart forgets nothing: they are measured anew from the tickets."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self.kept_for = _KEPT_FOR
        """How old a pace may become before it is measured anew."""
        self._measured: dict[str, tuple[datetime, asyncio.Task[Pace]]] = {}

    async def of(self, server: str, settings: ServerSettings) -> Pace:
        """The server's pace, at most some minutes old; who asks at the same time waits for the same measurement."""
        now = self._clock()
        at, measuring = self._measured.get(server, (now, None))
        if measuring is None or abs(now - at) > self.kept_for or (measuring.done() and measuring.exception()):
            measuring = asyncio.create_task(self._measure(server, settings, now))
            self._measured.pop(server, None)
            self._measured[server] = now, measuring
            if len(self._measured) > _MOST:
                del self._measured[next(iter(self._measured))]
        return await asyncio.shield(measuring)

    def known(self, server: str) -> Pace | None:
        """The pace that was measured last, if it was."""
        _, measuring = self._measured.get(server, (None, None))
        is_there = measuring is not None and measuring.done() and not measuring.exception()
        return measuring.result() if measuring is not None and is_there else None

    async def _measure(self, server: str, settings: ServerSettings, now: datetime) -> Pace:
        found = await self._database.transaction(lambda tx: cases(tx, server, now))
        zone = ZoneInfo((settings.hours or SupportHours()).zone)
        return await asyncio.to_thread(Pace, found, now, zone)
