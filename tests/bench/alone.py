"""What is measured in a process of its own: from its start to the first event, and the memory it holds then.

`python -m tests.bench.alone URL SERVERS` starts as the product does, opens a ticket, then one in each of so many
servers; after each of the two it prints how many KiB it holds.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from bot import log
from bot.app import learn_once, open_desk
from bot.desk.desk import Desk
from bot.model import MessagePosted, Person
from bot.settings import LogFormat, LogLevel, Settings
from bot.store.engines import open_database

_STATUS = Path("/proc/self/status")


async def main(url: str, servers: int) -> None:
    """Start, and hear."""
    log.set_up(LogLevel.ERROR, LogFormat.AUTO)
    matcher = await asyncio.to_thread(learn_once, Settings(_env_file=None).policy_dir)
    async with open_database(url) as database, open_desk(database, matcher, {}) as desk:
        await desk.handle(_request(1, 0))
        _tell()
        for number in range(1, servers + 1):
            await desk.handle(_request(number, number))
        if not _hears_all(desk, servers):
            raise RuntimeError("not all servers were known")
        _tell()


def _request(server: int, number: int) -> MessagePosted:
    now = datetime.now(UTC)
    return MessagePosted(
        key=f"alone-{number}",
        server=f"bench:{server}",
        channel="support",
        order=2**40 + number,
        at=now,
        person=Person(f"alone-{number}", "Customer", "en"),
        message=f"alone-{number}",
        text="since the last update the gallery crashes as soon as I open the settings",
    )


def _hears_all(desk: Desk, servers: int) -> bool:
    return len(desk.servers()) >= servers


def _tell() -> None:
    """KiB in memory; 0 where the system does not tell it so."""
    told = _STATUS.read_text(encoding="utf-8") if _STATUS.exists() else "VmRSS: 0"
    sys.stdout.write(f"{told.partition('VmRSS:')[2].split()[0]}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
