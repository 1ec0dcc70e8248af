"""Power cuts: what a worker has written and not synced is lost, in whole or in parts.

A worker under load is recorded once with strace: each write to its SQLite file, each sync, each acknowledgement, each
call to the platform, in their order. From that, the disk can be made as it would be had the power failed at any moment:
what was synced is there; of each later write nothing, all, or some sectors. Then the product opens it.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import select

from bot.model import Event
from bot.store import migrations
from bot.store.engines import open_database, url_of
from bot.store.tables import outbox
from tests.bench.audit import Findings
from tests.chaos import killing
from tests.chaos.audit import audit_kept, broken_links
from tests.chaos.people import Told, shops
from tests.chaos.stand_in import NONCE, number_in, stand_in
from tests.chaos.worker import KEY
from tests.doubles.bot_process import ROOT

NAME = "desk.sqlite3"
_FILES = NAME, f"{NAME}-wal"
_SECTOR = 512
"""Bytes that a disk writes whole or not at all."""
_STRACE = (
    *("strace", "-f", "-qq", "-y", "-xx", "-s", "70000", "--seccomp-bpf", "-e", "signal=none"),
    *("-e", "trace=pwrite64,fsync,fdatasync,ftruncate,sendto,sendmsg"),
)
_CALL = re.compile(r"^(?P<pid>\d+) +(?P<name>\w+)\(\d+<(?P<path>(?:\\x[0-9a-f]{2})*)>(?P<rest>.*)$")
_RESUMED = re.compile(r"^(?P<pid>\d+) +<\.\.\. (?:fsync|fdatasync) resumed>")
_WRITTEN = re.compile(r'^, "(?P<data>[^"]*)", \d+, (?P<offset>\d+)')
_SENT = re.compile(r'"(?P<data>[^"]*)"')
_HEADER = re.compile(rf"(?P<name>{KEY}|{NONCE}): (?P<value>\S+)")
_LETTERS = select(outbox.c.id)


@dataclass(frozen=True, slots=True)
class Write:
    """Some bytes were given to the system."""

    file: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    """A file was cut to a size."""

    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """The system has said that all of a file is on the disk."""

    file: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Somebody was told that their event was handled."""

    key: str


@dataclass(frozen=True, slots=True)
class Called:
    """The platform was asked for an effect."""

    letter: int


Change: TypeAlias = Write | Truncate
Step: TypeAlias = Change | Sync | Acknowledged | Called


@dataclass
class Recording:
    """What a worker did, and what was there before."""

    base: Path
    """The database as it was, all of it on the disk."""
    steps: Sequence[Step]
    told: Told


@cache
def why_not() -> str | None:
    """Why nothing can be recorded here, or None if it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run([*_STRACE, "true"], capture_output=True, text=True, check=False)
    return f"strace cannot be used here: {tried.stderr.strip()}" if tried.returncode else None


# --- recording ---------------------------------------------------------------------------------------


async def record(folder: Path, seconds: float, seed: int) -> Recording:
    """Let people act on a new database for so long. The folder has the policy."""
    file, base, trace = folder / NAME, folder / "base.sqlite3", folder / "trace"
    migrations.upgrade(url_of(file))
    async with open_database(url_of(file)):  # from here on it is in write-ahead mode, as at any later start
        pass
    shutil.copy(file, base)
    port = killing.free_port()
    async with stand_in(random.Random(seed)) as platform:  # noqa: S311
        told = Told(random.Random(seed), [f"http://127.0.0.1:{port}"])  # noqa: S311
        people = shops(3, told, seed, pause=0.02)
        worker = [sys.executable, "-m", "tests.chaos.worker"]
        arguments = [url_of(file), str(folder / "policy"), str(port), platform.url]
        process = await asyncio.create_subprocess_exec(
            *_STRACE, "-o", str(trace), *worker, *arguments, cwd=ROOT, start_new_session=True
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                for shop in people:
                    tasks.create_task(shop.live(customers=3, agents=2))
                await killing.until_heard(told)
                await asyncio.sleep(seconds)
                killing.close(people)
        finally:
            os.killpg(process.pid, signal.SIGTERM)  # strace ends when the worker does
            await process.wait()
    return Recording(base, list(_steps(trace)), told)


def _steps(trace: Path) -> Iterator[Step]:
    """What strace has written down; a sync counts from its end."""
    syncing: dict[str, str] = {}
    with trace.open(encoding="ascii") as lines:
        for line in lines:
            if resumed := _RESUMED.match(line):
                if (file := syncing.pop(resumed["pid"], None)) is not None:
                    yield Sync(file)
                continue
            call = _CALL.match(line)
            if call is None:
                continue
            file, name, rest = Path(_bytes(call["path"]).decode()).name, call["name"], call["rest"]
            if name.startswith("send"):
                yield from _sent(rest)
            elif file in _FILES and "sync" in name and rest.rstrip().endswith("<unfinished ...>"):
                syncing[call["pid"]] = file
            elif file in _FILES:
                yield _step(file, name, rest)


def _step(file: str, name: str, rest: str) -> Step:
    match name:
        case "pwrite64":
            written = _WRITTEN.match(rest)
            if written is None:
                raise ValueError(f"strace has left something out: {rest[-100:]}")
            return Write(file, int(written["offset"]), _bytes(written["data"]))
        case "ftruncate":
            return Truncate(file, int(rest.removeprefix(", ").partition(")")[0].partition(" ")[0]))
        case _:
            return Sync(file)


def _sent(rest: str) -> Iterator[Step]:
    for found in _SENT.finditer(rest):
        for header in _HEADER.finditer(_bytes(found["data"]).decode("latin-1")):
            value = header["value"]
            yield Acknowledged(value) if header["name"] == KEY else Called(number_in(value))


def _bytes(told: str) -> bytes:
    return bytes.fromhex(told.replace(r"\x", ""))


# --- cutting -----------------------------------------------------------------------------------------


@dataclass
class Disk:
    """What would be found after a power cut."""

    synced: dict[str, bytearray]
    pending: dict[str, list[Change]] = field(default_factory=lambda: {name: [] for name in _FILES})

    def take(self, change: Change) -> None:
        """It may be on the disk from now on, or not."""
        self.pending[change.file].append(change)

    def sync(self, file: str) -> None:
        """It is on the disk."""
        for change in self.pending[file]:
            _apply(self.synced[file], change)
        self.pending[file].clear()

    def cut(self, chance: random.Random, folder: Path) -> None:
        """Write down what is left; which of the pending changes, and how much of each, is chance."""
        for name, synced in self.synced.items():
            left = bytearray(synced)
            share = chance.choice((0.0, 0.5, 0.9, 1.0))  # of what was not synced
            for change in self.pending[name]:
                if chance.random() < share:
                    _apply(left, change)
                elif isinstance(change, Write) and chance.random() < share:
                    _apply_torn(left, change, chance)
            (folder / name).write_bytes(left)


def _apply(content: bytearray, change: Change) -> None:
    if isinstance(change, Truncate):
        del content[change.size :]
        content.extend(bytes(change.size - len(content)))
        return
    content.extend(bytes(max(change.offset - len(content), 0)))
    content[change.offset : change.offset + len(change.data)] = change.data


def _apply_torn(content: bytearray, write: Write, chance: random.Random) -> None:
    for begin in range(0, len(write.data), _SECTOR):
        if chance.random() < 0.5:
            _apply(content, Write(write.file, write.offset + begin, write.data[begin : begin + _SECTOR]))


def cut_often(recording: Recording, cuts: int, seed: int, folder: Path, *, syncs_lie: bool = False) -> Findings:
    """Cut the power at so many moments, each time in an undisturbed course, and open what is left.

    With `syncs_lie`, the disk only says that it has synced: then something must be found missing.
    """
    chance = random.Random(seed)  # noqa: S311
    first = next(number for number, step in enumerate(recording.steps) if isinstance(step, Acknowledged))
    moments = sorted(chance.sample(range(first + 1, len(recording.steps)), cuts))
    disk = Disk({NAME: bytearray(recording.base.read_bytes()), f"{NAME}-wal": bytearray()})
    acknowledged, called = set[str](), set[int]()
    findings, done = Findings(), 0
    for moment in moments:
        for step in recording.steps[done:moment]:
            match step:
                case Write() | Truncate():
                    disk.take(step)
                case Sync(file) if not syncs_lie:
                    disk.sync(file)
                case Acknowledged(key):
                    acknowledged.add(key)
                case Called(letter):
                    called.add(letter)
        done = moment
        at = folder / f"cut-{moment}"
        at.mkdir()
        disk.cut(chance, at)
        known = [event for event in recording.told.acknowledged if event.key in acknowledged]
        findings += _look(at / NAME, recording.told, known, called)
        findings.counts["unsynced changes at a cut"] += sum(map(len, disk.pending.values()))
        shutil.rmtree(at)
    findings.counts["power cuts"] = cuts
    return findings


def _look(file: Path, told: Told, known: list[Event], called: set[int]) -> Findings:
    """What the product finds after a power cut."""
    try:
        with closing(sqlite3.connect(file)) as connection:
            if connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                return Findings(faults=Counter({"broken files": 1}))  # what stands in it means nothing
        kept = Told(told.chance, told.doors, acknowledged=known, orders=told.orders)
        findings = asyncio.run(_audit(file, kept, called))
        findings.faults["links of the record broken"] = broken_links(url_of(file))
        findings.counts["events acknowledged before"] = len(known)
    except sqlite3.DatabaseError:
        return Findings(faults=Counter({"broken files": 1}))
    return findings


async def _audit(file: Path, told: Told, called: set[int]) -> Findings:
    async with open_database(url_of(file)) as database:
        findings = await database.transaction(lambda tx: audit_kept(tx, told))
        promised = {row["id"] for row in await database.transaction(lambda tx: tx.rows(_LETTERS))}
    findings.faults["effects that nobody promised"] = len(called - promised)
    return findings
