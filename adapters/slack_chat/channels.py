"""Channels whose id has changed: Slack gives a private channel another one when it is shared with another company.

The desk goes on knowing a channel by the id that it had first, and with it what hangs there: tickets, threads, posts.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

import structlog

from bot.model import Listener

_log = structlog.get_logger(__name__)

_KEPT_AS = "channels"
"""Under which name the desk keeps the changes for us."""
_READ_EVERY = 10.0
"""Seconds after which another process may know more than we do."""


class Channels:
    """The channels of one workspace: as the desk knows them, and as they are called now."""

    def __init__(self, desk: Listener, server: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is read before `read`; `clock` tells seconds."""
        self._desk = desk
        self._server = server
        self._clock = clock
        self._now: Mapping[str, str] = MappingProxyType({})
        self._known: Mapping[str, str] = {}
        self._read_at = 0.0
        self._reading: asyncio.Task[None] | None = None

    @property
    def changed(self) -> Mapping[str, str]:
        """Ids that have changed: as the desk knows them -> as they are now."""
        return self._now

    def known_as(self, now: str) -> str:
        """The id by which the desk knows a channel."""
        return self._known.get(now, now)

    def now(self, known: str) -> str:
        """The id that a channel of the desk's has now."""
        return self._now.get(known, known)

    async def renamed(self, old: str, new: str) -> None:
        """A channel has another id from now on. When this returns, it is on the disk."""
        await self.read()  # what another process has kept must not be lost
        known = self.known_as(old)
        if self.now(known) != old:
            return  # told again, or overtaken by a later change
        changed = {**self._now, known: new}
        await self._desk.keep(self._server, _KEPT_AS, json.dumps(changed))
        self._take(changed)

    async def read(self) -> None:
        """Take over what is kept."""
        self._read_at = self._clock()
        words = await self._desk.kept(self._server, _KEPT_AS)
        self._take(json.loads(words) if words else {})

    def read_if_old(self) -> None:
        """Read again what another process may have kept meanwhile; nobody waits for it."""
        if self._clock() >= self._read_at + _READ_EVERY:
            self._read_at = self._clock()
            self._reading = asyncio.create_task(self._read_quietly())

    async def _read_quietly(self) -> None:
        try:
            await self.read()
        except Exception:  # noqa: BLE001 (it is logged, and tried again in some seconds)
            _log.exception("changed channels could not be read", server=self._server)

    def _take(self, changed: Mapping[str, str]) -> None:
        self._now = MappingProxyType(dict(changed))
        self._known = {new: known for known, new in changed.items()}
