"""Runs the desk, its outbox and its chats together, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import structlog
from watchfiles import awatch

from bot.coverage.matcher import Matcher
from bot.coverage.policy import PolicyError, load_policy
from bot.desk.desk import Desk, utc_now
from bot.model import Chat
from bot.store.database import Database
from bot.store.outbox import Outbox

_TIDY_EVERY = timedelta(hours=1)

_log = structlog.get_logger(__name__)


async def serve(file: Path, policy_folder: Path, chats: Mapping[str, Chat]) -> None:
    """Serve `chats` (by the prefix of their servers' ids) until SIGTERM or SIGINT. Raises PolicyError at the start."""
    matcher = await asyncio.to_thread(learn, policy_folder)
    async with Database(file) as database, open_desk(database, matcher, chats) as desk:
        with suppress(asyncio.CancelledError):
            async with asyncio.TaskGroup() as tasks:
                _stop_on_signal(asyncio.current_task())
                tasks.create_task(_tidy(desk))
                tasks.create_task(_watch(desk, policy_folder))
                for chat in chats.values():
                    tasks.create_task(chat.run(desk.handle))


@asynccontextmanager
async def open_desk(database: Database, matcher: Matcher, chats: Mapping[str, Chat]) -> AsyncIterator[Desk]:
    """A desk that has read its settings, and an outbox that delivers what it owes."""
    desk = Desk(database, matcher)
    outbox = Outbox(database, chats, desk.draw_board, utc_now)
    desk.on_commit = outbox.wake
    await desk.start()
    deliveries = asyncio.create_task(outbox.run())
    try:
        yield desk
    finally:
        deliveries.cancel()
        with suppress(asyncio.CancelledError):
            await deliveries


def learn(folder: Path) -> Matcher:
    """Read the policy and learn from its phrases. Raises PolicyError."""
    return Matcher(load_policy(folder))


def _stop_on_signal(task: asyncio.Task[None] | None) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # Windows has no signal handlers on its event loop
            loop.add_signal_handler(number, task.cancel) if task else None


async def _tidy(desk: Desk) -> None:
    while True:
        await desk.tidy()
        await asyncio.sleep(_TIDY_EVERY.total_seconds())


async def _watch(desk: Desk, folder: Path) -> None:
    """A changed policy takes effect by itself; a broken one is refused, and the last good one stays in force."""
    async for _ in awatch(folder):
        try:
            desk.use(await asyncio.to_thread(learn, folder))
            _log.info("policy read", version=desk.policy.version)
        except PolicyError as error:
            _log.error("policy refused, the last good one stays in force", reason=str(error))
