"""One open browser window: who sits at it, and what is still to be told to it."""

from __future__ import annotations

import asyncio
import json
import time

from aiohttp import WSCloseCode, web

from adapters.web_chat.people import Player
from adapters.web_chat.show import Json
from adapters.web_chat.to_event import NotTaken

_A_SECOND, _AT_ONCE = 20.0, 40.0
"""How many frames a second a window may send, and how many in one burst."""
_BEHIND = 1000
"""A window that is so many frames behind is closed; it comes back and is told everything anew."""


class Window:
    """A WebSocket with a queue before it, so that a slow window holds nobody up."""

    def __init__(self, player: Player, socket: web.WebSocketResponse) -> None:
        self.player = player
        self.socket = socket
        self._queue: asyncio.Queue[Json] = asyncio.Queue(_BEHIND)
        self._allowance = _AT_ONCE
        self._heard = time.monotonic()

    def tell(self, frame: Json) -> None:
        """Queue a frame; a window that does not keep up is closed by its writer."""
        if not self._queue.full():
            self._queue.put_nowait(frame)

    async def write(self, first: Json) -> None:
        """Send `first`, then what is queued, until the window closes or is too far behind."""
        frame = first
        try:
            while not self._queue.full():
                await self.socket.send_str(json.dumps(frame, ensure_ascii=False))
                frame = await self._queue.get()
            await self.socket.close(code=WSCloseCode.TRY_AGAIN_LATER)
        except ConnectionError:
            return  # it closed; its reader notices as well

    def pace(self) -> None:
        """Count one frame that was heard; raise NotTaken when they come too fast."""
        now = time.monotonic()
        self._allowance = min(_AT_ONCE, self._allowance + (now - self._heard) * _A_SECOND)
        self._heard = now
        if self._allowance < 1:
            raise NotTaken("too_fast")
        self._allowance -= 1
