"""The bot as a process of its own, on the stand-in's platform: it is told events by HTTP, and calls over a socket.

Run as: python -m tests.chaos.worker DATABASE_URL POLICY_FOLDER PORT PLATFORM_URL
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import aiohttp
from aiohttp import web
from pydantic import TypeAdapter

from bot import log
from bot.app import serve
from bot.model import (
    ButtonPressed,
    Chat,
    CommandUsed,
    Done,
    Effect,
    Event,
    FormSent,
    Later,
    Listener,
    MessageDeleted,
    MessagePosted,
    Outcome,
    Person,
    Reply,
)
from bot.settings import LogFormat, LogLevel
from bot.store.engines import DatabaseError
from tests.chaos.stand_in import DONE, EFFECT, NONCE

PREFIX = "far"
KEY = "X-Event"
"""Says in an answer which event was handled."""
EVENTS: Mapping[str, TypeAdapter[Event]] = {
    kind.__name__: TypeAdapter(kind) for kind in (MessagePosted, MessageDeleted, CommandUsed, ButtonPressed, FormSent)
}
REPLY: TypeAdapter[Reply | None] = TypeAdapter(Reply | None)
CANNOT_SERVE = 3
"""Exit code of a worker that finds no database."""
_CALL = aiohttp.ClientTimeout(total=10)
_KEPT_OPEN = 2.0
"""Seconds for which a connection is kept that nobody needs: what a rush has opened is closed soon."""


class FarChat(Chat):
    """Translates between the desk and the stand-in."""

    def __init__(self, port: int, platform: str) -> None:
        """`port` is where events are told, `platform` the address that takes calls."""
        self._port = port
        self._platform = platform

    async def run(self, desk: Listener) -> None:
        """Take events until cancelled; each is acknowledged when it is on the disk."""

        async def told(request: web.Request) -> web.Response:
            event = EVENTS[request.match_info["kind"]].validate_json(await request.read())
            reply = await desk.handle(event)
            return web.Response(body=REPLY.dump_json(reply), headers={KEY: event.key})

        app = web.Application()
        app.router.add_post("/{kind}", told)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", self._port).start()
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()
            await self._session.close()

    @cached_property
    def _session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(keepalive_timeout=_KEPT_OPEN)
        return aiohttp.ClientSession(timeout=_CALL, connector=connector)

    async def perform(self, effect: Effect, nonce: str, attempt: int = 1) -> Outcome:
        """One call."""
        del attempt
        try:
            async with self._session.post(
                self._platform, data=EFFECT.dump_json(effect), headers={NONCE: nonce}, raise_for_status=True
            ) as answer:
                done: Done = DONE.validate_json(await answer.read())
                return done
        except (aiohttp.ClientError, TimeoutError) as error:
            return Later(type(error).__name__)

    async def member(self, server: str, person: str) -> Person | None:
        """It is not asked for often enough to matter."""
        raise ConnectionError(f"cannot tell who {person} is on {server}")


def work(url: str, policy: str, port: int, platform: str, told: str = "") -> None:
    """Serve until killed. With `told`, the log is written to this file."""
    if told:
        sys.stderr = Path(told).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115 (as long as the process lives)
    log.set_up(LogLevel.WARNING, LogFormat.JSON)
    try:
        asyncio.run(serve(url, Path(policy), {PREFIX: FarChat(port, platform)}))
    except (*DatabaseError, OSError) as error:
        print(f"cannot serve: {error}", file=sys.stderr)  # noqa: T201 (what a person would read)
        sys.exit(CANNOT_SERVE)


if __name__ == "__main__":
    _url, _policy, _port, _platform = sys.argv[1:]
    work(_url, _policy, int(_port), _platform)
