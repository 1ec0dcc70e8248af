"""The process dies at the worst moments: nothing is lost, and only what had lost its mark is doubled."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.coverage.matcher import Matcher
from bot.desk.desk import Desk, utc_now
from bot.store.outbox import LEASE, Outbox
from bot.store.sqlite import SqliteDatabase
from bot.store.tables import outbox, tickets
from tests.doubles.crashing_desk import CRASHED, STANDS_STILL, NotingChat

ROOT = Path(__file__).parents[2]
OWED = select(outbox.c.id).where(outbox.c.state != "done")
NUMBERS = select(tickets.c.number)
EFFECTS = ["open_thread", "say"]
"""Of one ticket: its thread and its receipt. The board comes on top."""


WHEN = ("committed", "after 1", "hang-before 2", "hang-after 2")


@pytest.fixture(scope="module")
def crashed(
    matcher: Matcher, new_database: Callable[[], Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """For each moment of a crash, the folder that the dead process has left; all died side by side."""
    file = tmp_path_factory.mktemp("matcher") / "matcher.pickle"
    file.write_bytes(pickle.dumps(matcher))
    folders = {when: tmp_path_factory.mktemp("crash") for when in WHEN}
    for folder in folders.values():
        new_database().rename(folder / "desk.sqlite3")
    processes = [start(folder, file, when) for when, folder in folders.items()]
    for process in processes:
        die(process)
    return folders


def start(folder: Path, matcher: Path, when: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.doubles.crashing_desk", str(folder), str(matcher), *when.split()]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def die(process: subprocess.Popen[str]) -> None:
    """Wait for the process to end itself, or kill it where it stands still."""
    with process:
        assert process.stdout is not None
        if process.stdout.readline().strip() == STANDS_STILL:
            process.send_signal(signal.SIGKILL)
            assert process.wait(30) == -signal.SIGKILL
        else:
            assert process.wait(30) == CRASHED


async def restart(folder: Path, matcher: Matcher, chat: NotingChat) -> tuple[int, int]:
    """A new process, later: how many tickets there are, and how many effects are still owed in the end."""
    now = utc_now() + LEASE
    async with SqliteDatabase(folder / "desk.sqlite3") as database:
        desk = Desk(database, matcher, clock=lambda: now)
        await desk.start()
        deliveries = Outbox(database, {"web": chat}, desk.draw, lambda: now)
        for _ in range(3):
            while await deliveries.deliver_ready():
                pass
            now += timedelta(minutes=1)
        numbers = await database.transaction(lambda tx: tx.rows(NUMBERS))
        owed = await database.transaction(lambda tx: tx.rows(OWED))
    return len(numbers), len(owed)


@pytest.mark.parametrize(
    ("when", "doubled", "drawings"),
    [
        ("committed", [], 1),
        ("after 1", ["open_thread"], 2),  # drawn again, because it could not link to the late thread
        ("hang-before 2", [], 1),
        ("hang-after 2", ["say"], 1),
    ],
    ids=WHEN,
)
async def test_a_crash_loses_nothing_and_doubles_only_what_had_no_mark_yet(
    crashed: dict[str, Path], matcher: Matcher, when: str, doubled: list[str], drawings: int
) -> None:
    chat = NotingChat(crashed[when])
    before = chat.asked
    assert await restart(crashed[when], matcher, chat) == (1, 0)
    asked = Counter(chat.asked)
    assert sorted(kind for _, kind in asked) == EFFECTS + ["say"] * drawings
    assert [kind for (_, kind), times in asked.items() if times == 2] == doubled
    assert asked.total() == len(EFFECTS) + drawings + len(doubled)
    assert chat.asked[: len(before)] == before
    in_thread = [kind for nonce, kind in asked if not nonce.startswith("board")]
    assert in_thread == EFFECTS
    nothing_stands_there_twice(chat)
    chat.rooms.close()


def nothing_stands_there_twice(chat: NotingChat) -> None:
    """The playground knows nonces again, so its people see each message once."""
    messages, threads = chat.rooms.channel("support")
    assert (len(messages), len(threads)) == (1, 1)
    _, said = chat.rooms.thread("support", threads[0].id)
    assert len(said) == 2, "the opening and the receipt"
    board, _ = chat.rooms.channel("agents")
    assert len(board) == 1
