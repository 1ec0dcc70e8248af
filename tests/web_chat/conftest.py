"""A playground on a free port, windows that speak its WebSocket, and a desk that only notes what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse

from adapters.web_chat.server import WebChat
from bot.model import Event, Listener, Reply

Json = dict[str, Any]


@dataclass
class Desk(Listener):
    """Stands for the desk: notes every event, and answers what the test put in."""

    told: list[Event] = field(default_factory=list)
    answer: Callable[[Event], Awaitable[Reply | None]] | Reply | None = None

    moved_in: list[Event] = field(default_factory=list)
    """What a fresh playground tells before anybody does anything."""

    async def handle(self, event: Event) -> Reply | None:
        if event.key in {"joined", "set up"}:
            self.moved_in.append(event)
            return None
        self.told.append(event)
        return await self.answer(event) if callable(self.answer) else self.answer

    def servers(self) -> Collection[str]:
        return ()

    def hears(self, _server: str, _channel: str) -> bool:
        return True

    def heard_in(self, _server: str) -> Collection[str]:
        return ()

    async def heard_until(self, _server: str) -> int | None:
        return None

    async def kept(self, _server: str, _name: str) -> str | None:
        return None

    async def all_kept(self, _prefix: str, _name: str) -> Mapping[str, str]:
        return {}

    async def keep(self, _server: str, _name: str, _words: str) -> None: ...

    async def drop(self, _server: str, _name: str) -> bool:
        return False

    async def note_heard(self, _server: str, _order: int) -> None:
        return None


class Window:
    """One person's browser window, as the server sees it."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket
        self.heard: list[Json] = []

    async def hear(self, kind: str, **expected: object) -> Json:
        """Wait for the next frame of a kind whose fields are as expected."""
        async with asyncio.timeout(3):
            while True:
                frame: Json = await self.socket.receive_json()
                self.heard.append(frame)
                if frame["type"] == kind and all(frame.get(name) == value for name, value in expected.items()):
                    return frame

    async def do(self, kind: str, **fields: object) -> Json:
        """Send a frame, and wait until it is done or refused."""
        action = fields.setdefault("id", f"action-{id(fields):x}-{len(self.heard)}")
        await self.socket.send_json({"type": kind, **fields})
        async with asyncio.timeout(3):
            while True:
                frame: Json = await self.socket.receive_json()
                self.heard.append(frame)
                if frame["type"] in {"done", "refused"} and frame["id"] in {action, ""}:
                    return frame


@dataclass
class Playground:
    """A running playground."""

    chat: WebChat
    desk: Desk
    address: str
    client: ClientSession
    windows: list[Window] = field(default_factory=list)

    async def open(self, person: str, **headers: str) -> tuple[Window, Json]:
        """Open a window as a person; the window, and the state that it was told first."""
        origin = {"Origin": self.address.rstrip("/"), **headers}
        window = Window(await self.client.ws_connect(f"{self.address}socket?as={person}", headers=origin))
        self.windows.append(window)
        return window, await window.hear("state")


Start = Callable[..., AbstractAsyncContextManager[Playground]]


@asynccontextmanager
async def playground(file: Path, **options: Any) -> AsyncIterator[Playground]:
    """Start a playground on a free port, and end it again."""
    chat, desk = WebChat(file, port=0, **options), Desk()
    running = asyncio.create_task(chat.run(desk))
    try:
        async with ClientSession() as client:
            opened = Playground(chat, desk, await chat.listening(), client)
            yield opened
            for window in opened.windows:
                await window.socket.close()
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        chat.close()


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """How a test starts a playground; to start it twice is a restart."""
    return lambda **options: playground(tmp_path / "playground.sqlite3", **options)
