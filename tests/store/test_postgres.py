"""What waits in one process for PostgreSQL: servers take turns, and nobody hears of what was not saved."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from bot.store import queries
from bot.store.database import Database, Transaction
from tests.doubles.post_office import SERVER, START

pytestmark = pytest.mark.postgres
BUSY, WAITING = 8, 150


async def see(database: Database, server: str, key: str) -> bool:
    return await database.transaction(lambda tx: queries.is_new(tx, server, key, START), server)


async def test_busy_servers_do_not_starve_a_quiet_one(database: Database) -> None:
    done = 0

    async def go_on(server: str, caller: int) -> None:
        nonlocal done
        while done < 6 * BUSY * WAITING:
            done += 1
            await see(database, server, f"{caller}-{done}")

    async def come_later() -> int:
        while done < 2 * BUSY * WAITING:  # noqa: ASYNC110 (all are at work)
            await asyncio.sleep(0.01)
        before = done
        await see(database, SERVER, "quiet")
        return done - before

    coming = asyncio.create_task(come_later())
    callers = [go_on(f"moody:busy{server}", caller) for server in range(BUSY) for caller in range(WAITING)]
    await asyncio.gather(*callers)
    assert await coming < 2 * BUSY * WAITING, "one turn of each, and what was on its way"


async def hush(tx: Transaction) -> str:
    """Goes on after an error of the database, as no use case may."""
    with suppress(Exception):
        await queries.ticket_by_number(tx, f"{SERVER}\x00", 1)
    return "all is well"


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_nobody_is_told_that_something_was_saved_which_was_not(database: Database, place: int) -> None:
    others = [f"key {number}" for number in range(2)]
    jobs = [see(database, SERVER, key) for key in others]
    jobs.insert(place, database.transaction(hush, SERVER))  # type: ignore[arg-type]
    told = await asyncio.gather(*jobs, return_exceptions=True)
    assert isinstance(told.pop(place), Exception)
    assert [one is True for one in told] == [not await see(database, SERVER, key) for key in others]


async def test_one_who_goes_on_after_an_error_alone_is_told(database: Database) -> None:
    with pytest.raises(Exception, match=r"rolled back"):
        await database.transaction(hush, SERVER)
    assert await see(database, SERVER, "after it")
