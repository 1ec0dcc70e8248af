"""A line to a server that a test can slow down, silence and cut: TCP, passed on byte by byte."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

_CHUNK = 65536
_HEARD = 0.2
"""Seconds within which the server acts on what it has heard; its answer must not come through meanwhile."""


class CutLine:
    """Stands between clients and the server at `host` and `port`."""

    def __init__(self, host: str, port: int) -> None:
        self._to = host, port
        self._ends: set[StreamWriter] = set()
        self._calls: set[asyncio.Task[None]] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self.delay = 0.0
        """Seconds that everything takes to the other end."""
        self.cuts_after: bytes | None = None
        """Words after which it is cut, once: the server has heard them, and its answer is lost."""
        self._loses_answers = False
        self.port = 0
        """Where clients call."""

    def hush(self) -> None:
        """From now on nothing comes through, and nobody is told: as with a pulled cable or a full firewall."""
        self._flows.clear()

    def speak(self) -> None:
        """What was held back comes through, and all that follows."""
        self._flows.set()

    def cut(self) -> None:
        """Both ends of all calls see at once that the other one is gone; new calls can be made."""
        for end in self._ends:
            end.transport.abort()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[CutLine]:
        """Take calls; in the end all are cut."""
        server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for call in self._calls:
                call.cancel()
            await asyncio.gather(*self._calls, return_exceptions=True)
            self.cut()

    def _take(self, hears: StreamReader, says: StreamWriter) -> None:
        call = asyncio.create_task(self._call(hears, says))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _call(self, hears: StreamReader, says: StreamWriter) -> None:
        self._ends.add(says)
        await self._flows.wait()
        try:
            there_hears, there_says = await asyncio.open_connection(*self._to)
        except OSError:
            says.transport.abort()
        else:
            self._ends.add(there_says)
            await asyncio.gather(self._pass_on(hears, there_says), self._pass_on(there_hears, says))
            self._ends.discard(there_says)
        self._ends.discard(says)

    async def _pass_on(self, hears: StreamReader, says: StreamWriter) -> None:
        with suppress(OSError):
            while words := await hears.read(_CHUNK):
                await asyncio.sleep(self.delay)
                await self._flows.wait()
                if self._loses_answers:
                    continue
                says.write(words)
                await says.drain()
                if self.cuts_after and self.cuts_after in words:
                    await self._lose_the_answer()
        await self._flows.wait()
        says.transport.abort()

    async def _lose_the_answer(self) -> None:
        self.cuts_after, self._loses_answers = None, True
        await asyncio.sleep(_HEARD)
        self.cut()
        self._loses_answers = False


@asynccontextmanager
async def cut_line(url: str) -> AsyncIterator[tuple[CutLine, str]]:
    """A line to the server of this address, and the address over it."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    async with CutLine(parts.hostname, parts.port).listening() as line:
        yield line, urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{line.port}"))
