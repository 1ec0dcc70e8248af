"""The running bot outlives what happens to its policy and its database, and serves a database alone."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from bot.app import serve
from bot.model import Chat, CommandUsed, Done, Effect, Listener, Outcome, Person
from bot.store.engines import url_of
from tests.coverage.small_policy import DEFECT, write_policy
from tests.doubles.paper_chat import plain

_FIRST = "Yes, this is covered."
_SECOND = "Yes, and we are glad to help."
_NUMBERS = count()


class Telephone(Chat):
    """A chat on which the test asks the running bot something."""

    def __init__(self) -> None:
        self.connected: asyncio.Future[Listener] = asyncio.get_running_loop().create_future()

    async def run(self, desk: Listener) -> None:
        self.connected.set_result(desk)
        await asyncio.Event().wait()

    async def perform(self, effect: Effect, nonce: str, attempt: int = 1) -> Outcome:
        del effect, nonce, attempt
        return Done()

    async def member(self, server: str, person: str) -> Person | None:
        raise ConnectionError(f"cannot tell who {person} is on {server}")

    async def ask(self, words: str) -> str:
        """What the bot answers to `/covered`; somebody else asks each time, for nobody may ask without end."""
        desk, number = await self.connected, next(_NUMBERS)
        asked = CommandUsed(
            key=f"k{number}",
            server="paper:1",
            channel="support",
            order=0,
            at=datetime.now(UTC),
            person=Person(f"customer-{number}", f"Customer {number}", "en"),
            name="covered",
            words=words,
        )
        reply = await desk.handle(asked)
        assert reply is not None
        assert reply.content is not None
        return plain(reply.content)

    async def is_told(self, answer: str) -> None:
        """Wait until the bot answers by the policy that says `answer`."""

        async def is_it() -> bool:
            return answer in await self.ask("the slider stays empty")

        await eventually(is_it)


@asynccontextmanager
async def calling(file: Path, policy: Path) -> AsyncIterator[Telephone]:
    """A running bot, and a telephone to ask it; it must still be running in the end."""
    telephone = Telephone()
    running = asyncio.create_task(serve(url_of(file), policy, {"paper": telephone}))
    either: list[asyncio.Future[Any]] = [running, telephone.connected]
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        yield telephone
        assert not running.done()
    finally:
        running.cancel()
        await running


async def happens(logged: list[EventDict], event: str, **values: str) -> None:
    """Wait until the log tells of an event, with these words among its values."""

    def is_it(entry: EventDict) -> bool:
        return entry["event"] == event and all(words in str(entry.get(name)) for name, words in values.items())

    async def is_there() -> bool:
        return any(map(is_it, logged))

    await eventually(is_there)


async def eventually(happened: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await happened():  # noqa: ASYNC110 (nobody tells us)
            await asyncio.sleep(0.05)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    (tmp_path / "policy").mkdir()
    return write_policy(tmp_path / "policy")


def move(folder: Path, to: Path) -> None:
    folder.rename(to)


def change(policy: Path, answer: str = _SECOND) -> None:
    (policy / "categories" / "defect.yaml").write_text(DEFECT.replace(_FIRST, answer), encoding="utf-8")


async def test_a_changed_policy_takes_effect_by_itself(database_file: Path, policy: Path) -> None:
    async with calling(database_file, policy) as telephone:
        await telephone.is_told(_FIRST)
        change(policy)
        await telephone.is_told(_SECOND)


async def test_a_policy_that_cannot_be_used_is_refused_and_the_next_good_one_taken(
    database_file: Path, policy: Path
) -> None:
    with capture_logs() as logged:
        async with calling(database_file, policy) as telephone:
            (policy / "categories" / "folder.yaml").mkdir()
            change(policy)
            await happens(logged, "policy refused, the last good one stays in force", reason="folder.yaml")
            await telephone.is_told(_FIRST)
            (policy / "categories" / "folder.yaml").rmdir()
            await telephone.is_told(_SECOND)


async def test_a_folder_in_the_place_of_the_policys_is_watched_instead(database_file: Path, policy: Path) -> None:
    shutil.copytree(policy, policy.with_name("next"))
    change(policy.with_name("next"))
    async with calling(database_file, policy) as telephone:
        move(policy, to=policy.with_name("old"))
        move(policy.with_name("next"), to=policy)
        await telephone.is_told(_SECOND)
        change(policy, "Yes, gladly.")
        await telephone.is_told("Yes, gladly.")


async def test_a_link_to_the_policy_may_lead_elsewhere(database_file: Path, policy: Path) -> None:
    shutil.copytree(policy, policy.with_name("next"))
    change(policy.with_name("next"))
    link = policy.with_name("link")
    link.symlink_to(policy)
    async with calling(database_file, link) as telephone:
        link.unlink()
        link.symlink_to(policy.with_name("next"))
        await telephone.is_told(_SECOND)


async def test_a_policy_that_is_away_for_a_while_is_found_again(database_file: Path, policy: Path) -> None:
    with capture_logs() as logged:
        async with calling(database_file, policy) as telephone:
            move(policy, to=policy.with_name("away"))
            await happens(logged, "policy folder cannot be watched, it is tried again until it can", reason="policy")
            await telephone.is_told(_FIRST)
            change(policy.with_name("away"))
            move(policy.with_name("away"), to=policy)
            await telephone.is_told(_SECOND)


async def test_tidying_that_fails_does_not_end_the_bot(database_file: Path, policy: Path) -> None:
    with closing(sqlite3.connect(database_file)) as connection:
        connection.executescript(
            """
            CREATE TRIGGER locked BEFORE DELETE ON inbox BEGIN SELECT RAISE(ABORT, 'database is locked'); END;
            INSERT INTO inbox (server, key, at) VALUES ('paper:1', 'long ago', 0);
            """
        )
    with capture_logs() as logged:
        async with calling(database_file, policy) as telephone:
            await happens(logged, "tidying failed, it is tried again in an hour")
            await telephone.is_told(_FIRST)


async def test_a_database_is_served_by_one_process_alone(database_file: Path, policy: Path) -> None:
    async with calling(database_file, policy):
        by_another_name = policy / ".." / database_file.name
        with pytest.raises(sqlite3.OperationalError, match=f"{database_file.name} is served by another process"):
            await serve(url_of(by_another_name), policy, {})
    async with calling(database_file, policy) as telephone:
        await telephone.is_told(_FIRST)
