"""Runs the desk, its outbox and its chats together, until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import signal
import sqlite3
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, closing, contextmanager, suppress
from datetime import timedelta
from os import stat_result
from os.path import samestat
from pathlib import Path

import structlog
from watchfiles import Change, awatch

from bot.coverage.matcher import Matcher
from bot.coverage.meaning import Meanings
from bot.coverage.memory import recall
from bot.coverage.policy import PolicyError, load_policy
from bot.desk.desk import Desk, utc_now
from bot.desk.looking import known_meanings
from bot.model import Chat
from bot.store.database import Database
from bot.store.engines import file_of, open_database
from bot.store.outbox import Outbox

_TIDY_EVERY = timedelta(hours=1)
_FOLLOW_EVERY = timedelta(seconds=1)
_KEEP_EVERY = timedelta(seconds=5)
_LOOK_FOR_AGENTS_EVERY = timedelta(hours=1)
_LOOK_EVERY = timedelta(seconds=0.5)
"""How soon we see that the policy's folder was replaced, or is there again."""

_OWED = "owed"
_ANYTHING = ""
"""What there is to follow when something may have been missed."""

_log = structlog.get_logger(__name__)


async def serve(url: str, policy_folder: Path, chats: Mapping[str, Chat]) -> None:
    """Serve `chats` (by the prefix of their servers' ids) until SIGTERM or SIGINT.

    Raises PolicyError, a DatabaseError (above all when another process serves this SQLite file) or, when a chat cannot
    be served, OSError.
    """
    with alone_with(url):
        matcher = await asyncio.to_thread(learn_once, policy_folder)
        meanings = await asyncio.to_thread(known_meanings)
        async with open_database(url) as database, open_desk(database, matcher, chats, meanings) as desk:
            with suppress(asyncio.CancelledError):
                await _run(desk, policy_folder, chats.values())


@contextmanager
def alone_with(url: str) -> Iterator[None]:
    """Keep every other process from serving this SQLite file; reading and writing it stays possible.

    Of several that write the losers starve; PostgreSQL is made for them. The lock is SQLite's own, on a file beside
    the database, so that it ends with the process, however that ends. Raises sqlite3.OperationalError.
    """
    file = file_of(url)
    if file is None:
        yield
        return
    with closing(sqlite3.connect(f"{file.resolve()}-lock", timeout=0, isolation_level=None)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            is_taken = error.sqlite_errorcode == sqlite3.SQLITE_BUSY
            reason = "is served by another process: stop that one first" if is_taken else f"cannot be locked: {error}"
            raise sqlite3.OperationalError(f"{file} {reason}.") from error
        yield


@asynccontextmanager
async def open_desk(
    database: Database, matcher: Matcher, chats: Mapping[str, Chat], meanings: Meanings | None = None
) -> AsyncIterator[Desk]:
    """A desk that has read its settings, and an outbox that delivers what it owes."""
    desk = Desk(database, matcher, meanings=meanings)
    outbox = Outbox(database, chats, desk.draw, utc_now)

    def owe() -> None:
        outbox.wake()
        database.tell_others(_OWED)

    desk.on_commit = owe
    desk.chat_of = lambda server: chats.get(server.split(":", 1)[0])
    await desk.start()
    hearing = asyncio.create_task(_hear_others(database, desk, outbox))
    deliveries = asyncio.create_task(outbox.run())
    try:
        yield desk
    finally:
        await desk.finish()
        for task in (hearing, deliveries):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _hear_others(database: Database, desk: Desk, outbox: Outbox) -> None:
    """What another worker has changed is in force here within milliseconds."""
    told: asyncio.Queue[str] = asyncio.Queue()

    def hear(news: str) -> None:
        if news == _OWED:
            outbox.wake()
        else:
            told.put_nowait(news)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(database.listen(hear, lambda: hear(_ANYTHING)))
        while True:
            news = {await told.get()}
            while not told.empty():
                news.add(told.get_nowait())
            for one in news:
                await _follow_news(desk, one)


async def _follow_news(desk: Desk, news: str) -> None:
    try:
        await desk.follow(news)
    except Exception:  # noqa: BLE001 (logged; what comes next is followed all the same)
        _log.exception("what another worker has changed could not be read")


def learn(folder: Path) -> Matcher:
    """Read the policy and learn from its phrases. Raises PolicyError."""
    return Matcher(load_policy(folder))


def learn_once(folder: Path) -> Matcher:
    """The same for a process that serves: it remembers what was learnt before it, and is spared long pauses."""
    policy = load_policy(folder)
    matcher = Matcher(policy, known=recall(policy))
    gc.collect()
    gc.freeze()  # what was learnt is no garbage; to look through it again takes 60 ms, in which nobody is answered
    return matcher


def learn_all(folder: Path) -> Matcher:
    """The same, and what the phrases mean, if the extra `semantic` is installed: all that a server has in the end."""
    matcher, meanings = learn(folder), known_meanings()
    if meanings is not None:
        matcher.learn_meaning(meanings)
    return matcher


async def _run(desk: Desk, policy_folder: Path, chats: Collection[Chat]) -> None:
    try:
        async with asyncio.TaskGroup() as tasks:
            _stop_on_signal(asyncio.current_task())
            tasks.create_task(_tidy(desk))
            tasks.create_task(_watch(desk, policy_folder))
            tasks.create_task(_follow_moderators(desk))
            tasks.create_task(_keep_promises(desk))
            tasks.create_task(_look_for_agents(desk))
            for chat in chats:
                tasks.create_task(chat.run(desk))
    except ExceptionGroup as group:
        # a port that is taken, say, alone: the operator can mend it; anything else is a fault of ours, and told whole
        raise next((one for one in group.exceptions if isinstance(one, OSError)), group) from None


def _stop_on_signal(task: asyncio.Task[None] | None) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # Windows has no signal handlers on its event loop
            loop.add_signal_handler(number, task.cancel) if task else None


async def _tidy(desk: Desk) -> None:
    while True:
        try:
            await desk.tidy()
        except Exception:  # noqa: BLE001 (what only saves room must not end the bot, whatever is wrong)
            _log.exception("tidying failed, it is tried again in an hour")
        await asyncio.sleep(_TIDY_EVERY.total_seconds())


async def _keep_promises(desk: Desk) -> None:
    """What time asks for is done a few seconds after its moment at the latest."""
    while True:
        try:
            await desk.keep_promises()
        except Exception:  # noqa: BLE001 (logged; what is due stays due)
            _log.exception("promises could not be looked after; trying again")
        await asyncio.sleep(_KEEP_EVERY.total_seconds())


async def _look_for_agents(desk: Desk) -> None:
    while True:
        await asyncio.sleep(_LOOK_FOR_AGENTS_EVERY.total_seconds())
        try:
            await desk.look_for_agents()
        except Exception:  # noqa: BLE001 (logged, and tried again in an hour)
            _log.exception("agents could not be looked for")


async def _follow_moderators(desk: Desk) -> None:
    """What a moderator changed in another process is in force here a second later."""
    while True:
        await asyncio.sleep(_FOLLOW_EVERY.total_seconds())
        await desk.follow_policies()


async def _watch(desk: Desk, folder: Path) -> None:
    """A changed policy takes effect by itself, also one in a folder that was put in the place of the watched one."""
    trouble = ""
    while True:
        try:
            await _follow(desk, folder)
            trouble = ""
            _log.info("policy folder was replaced or removed, what is there now is watched")
        except Exception as error:  # noqa: BLE001 (a bot that cannot watch its policy still serves)
            if str(error) != trouble:
                _log.error("policy folder cannot be watched, it is tried again until it can", reason=str(error))
            trouble = str(error)
            await asyncio.sleep(_LOOK_EVERY.total_seconds())


async def _follow(desk: Desk, folder: Path) -> None:
    """Read the policy soon after the watch has begun, and after every change.

    Ends when the path leads to another folder, of which this watch would see nothing. Raises OSError without a folder.
    """
    watched, is_new = await asyncio.to_thread(folder.stat), True
    milliseconds = int(_LOOK_EVERY / timedelta(milliseconds=1))
    rounds = awatch(folder, watch_filter=None, rust_timeout=milliseconds, yield_on_timeout=True)
    async with aclosing(rounds):
        async for changes in rounds:
            if await asyncio.to_thread(_is_replaced, folder, watched, changes):
                return
            if changes or is_new:
                await _read(desk, folder)
            is_new = False


def _is_replaced(folder: Path, watched: stat_result, changes: Collection[tuple[Change, str]]) -> bool:
    """Whether the path leads to another folder now; one that was deleted and made anew may even have the old inode."""
    return (Change.deleted, str(folder.absolute())) in changes or not samestat(folder.stat(), watched)


async def _read(desk: Desk, folder: Path) -> None:
    """Put the policy in force; one that cannot be used is refused, and the last good one stays."""
    try:
        policy = await asyncio.to_thread(load_policy, folder)
        if policy.version != desk.policy.version:
            # in force at once, as well as can be had quickly; then learnt from the ground up, as after a restart
            await desk.use(await asyncio.to_thread(desk.policies.shipped.adapted, policy))
            _log.info("policy read", version=policy.version)
            await desk.use(await asyncio.to_thread(Matcher, policy))
        desk.policy_trouble = ""
    except PolicyError as error:
        desk.policy_trouble = str(error)
        _log.error("policy refused, the last good one stays in force", reason=str(error))
    except Exception as error:  # noqa: BLE001 (whatever it is, a policy must not end the bot)
        desk.policy_trouble = type(error).__name__
        _log.exception("policy refused, the last good one stays in force")
