"""Strangers flood a support channel. Run as: python -m tests.faults.flood MATCHER URL MESSAGES; prints JSON."""

from __future__ import annotations

import asyncio
import json
import pickle
import re
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import func, select

from bot.coverage.matcher import Matcher
from bot.model import MessagePosted, Person
from bot.store.database import Transaction
from bot.store.tables import outbox, tickets
from tests.doubles.world import SERVER, World, open_world

STRANGERS = 500
AT_ONCE = 10_000
"""So many messages come in the same instant; the next ones when those are handled, as a gateway's socket has it."""
_COUNT = select(func.count().label("count"))
MOST_OF_ONE = _COUNT.select_from(tickets).group_by(tickets.c.customer).order_by(func.count().desc()).limit(1)
TICKETS = _COUNT.select_from(tickets)
EFFECTS = _COUNT.select_from(outbox)


@dataclass
class Flooded:
    """What a flood did to a process."""

    before: float
    """MB, at its start."""
    peak: float
    """MB, at most."""
    seconds: float
    tickets: int
    most_of_one: int
    """Tickets of one stranger."""
    effects: int
    """Calls that are owed to the platform."""


async def flood(world: World, messages: int) -> Flooded:
    """So many messages, of the strangers in turn."""
    before, began = _memory("VmRSS"), time.monotonic()
    for first in range(0, messages, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, messages))
        await asyncio.gather(*(world.desk.handle(_message(number, world)) for number in numbers))
    seconds = time.monotonic() - began

    async def figures(tx: Transaction) -> list[int]:
        return [await tx.value(figure) for figure in (TICKETS, MOST_OF_ONE, EFFECTS)]

    counted = await world.database.transaction(figures)
    return Flooded(before, _memory("VmHWM"), seconds, *counted)


def _message(number: int, world: World) -> MessagePosted:
    stranger = f"s{number % STRANGERS}"
    return MessagePosted(
        key=f"k{number}",
        server=SERVER,
        channel="support",
        order=number,
        at=world.now,
        person=Person(stranger, stranger, "en"),
        message=f"m{number}",
        text=f"the gallery crashes as soon as I open it, and that since {number % 30} days",
    )


def _memory(kind: str) -> float:
    found = re.search(rf"{kind}:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    assert found is not None
    return int(found[1]) / 1024


async def _main(matcher: bytes, url: str, messages: int) -> Flooded:
    learnt: Matcher = pickle.loads(matcher)  # noqa: S301 (a test made it)
    async with open_world(url, learnt) as world:
        return await flood(world, messages)


if __name__ == "__main__":
    _matcher, _url, _messages = sys.argv[1:]
    print(json.dumps(asdict(asyncio.run(_main(Path(_matcher).read_bytes(), _url, int(_messages))))))  # noqa: T201
