"""Channels whose id has changed: Slack gives a private channel another one when it is shared with another company.

The desk goes on knowing a channel by the id that it had first, and with it what hangs there: tickets, threads, posts.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

from adapters.slack_chat.people import InFlight
from bot.model import Listener

_KEPT_AS = "channels"
"""Under which name the desk keeps the changes for us."""
_READ_EVERY = 10.0
"""Seconds after which another worker may know more than we do."""


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
        self._reading: InFlight[None] = InFlight()

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
        await self.read()  # what another worker has kept must not be lost
        known = self.known_as(old)
        if self.now(known) != old:
            return  # told again, or overtaken by a later change
        changed = {**self._now, known: new}
        await self._desk.keep(self._server, _KEPT_AS, json.dumps(changed))
        self._take(changed)

    async def read(self) -> None:
        """Take over what is kept."""
        words = await self._desk.kept(self._server, _KEPT_AS)
        self._take(json.loads(words) if words else {})
        self._read_at = self._clock()

    async def read_if_old(self) -> None:
        """Read again what another worker may have kept meanwhile: who does not know a channel, would not hear it."""
        if self._desk.has_company and self._clock() >= self._read_at + _READ_EVERY:
            await self._reading("", self.read)

    def _take(self, changed: Mapping[str, str]) -> None:
        self._now = MappingProxyType(dict(changed))
        self._known = {new: known for known, new in changed.items()}
