"""A desk on a disk that is full for a while. Run as: python -m tests.faults.full_disk MATCHER FILE BALLAST.

BALLAST is a file on the same small disk; what the people saw is printed as JSON.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import select
from structlog.testing import capture_logs

from bot.model import Reply
from bot.store.engines import url_of
from bot.store.tables import tickets
from tests.doubles.paper_chat import plain
from tests.doubles.world import EMMA, JONAS, World, open_world

REQUEST = "the gallery crashes as soon as I open it since yesterday"
LONG = f"{REQUEST}. {'It says error 500. ' * 250}"
"""So long that it is cut, and still needs a page of its own."""
CUSTOMERS = select(tickets.c.customer).order_by(tickets.c.number)


@dataclass
class Seen:
    """What came of it."""

    told_while_full: str
    customers_while_full: list[str]
    waits_while_full: bool
    customers_afterwards: list[str]
    numbers_said: list[str]


async def play(world: World, fill: Callable[[], Awaitable[None]], free: Callable[[], Awaitable[None]]) -> Seen:
    """One asks by a command and one writes while the disk is full; then there is room again."""
    delivering = asyncio.create_task(world.outbox.run())
    with capture_logs():
        await fill()
        told = words(await world.command(JONAS, f"/ticket {LONG}"))
        writing = asyncio.create_task(world.post(EMMA, LONG))
        await asyncio.sleep(0.3)
        waits, customers = not writing.done(), await who(world)
        await free()
        async with asyncio.timeout(20):
            await writing
            await world.command(JONAS, f"/ticket {LONG}")
        async with asyncio.timeout(20):
            while len(numbers_said(world)) < len(await who(world)):
                world.outbox.wake()
                await asyncio.sleep(0.05)
    delivering.cancel()
    with suppress(asyncio.CancelledError):
        await delivering
    return Seen(told, customers, waits, await who(world), numbers_said(world))


def words(reply: Reply | None) -> str:
    """What a reply says."""
    assert reply is not None
    assert reply.content is not None
    return plain(reply.content)


async def who(world: World) -> list[str]:
    """Who has a ticket."""
    return [row["customer"] for row in await world.database.transaction(lambda tx: tx.rows(CUSTOMERS))]


def numbers_said(world: World) -> list[str]:
    """The first lines of what was said in threads."""
    return [plain(message.content).partition("\n")[0] for message in world.chat.messages if message.thread]


async def _main(matcher: Path, file: Path, ballast: Path) -> Seen:
    async def fill() -> None:
        with ballast.open("wb", buffering=0) as heavy, suppress(OSError):
            for size in (65536, 4096, 1):
                with suppress(OSError):
                    while heavy.write(bytes(size)):
                        pass

    async def free() -> None:
        await asyncio.to_thread(ballast.unlink)

    learnt = pickle.loads(await asyncio.to_thread(matcher.read_bytes))  # noqa: S301 (a test made it)
    async with open_world(url_of(file), learnt) as world:
        return await play(world, fill, free)


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(_main(*map(Path, sys.argv[1:]))))))  # noqa: T201 (the test reads it)
