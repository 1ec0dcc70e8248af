"""Measures the product against simpler things, as ratios taken in one run: machines differ, ratios hardly."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from rapidfuzz import fuzz, process

from bot.coverage.matcher import Matcher
from bot.desk.desk import Desk
from bot.model import FormSent, MessagePosted, Person
from bot.store import migrations
from bot.store.engines import open_database, url_of

_SERVER = "bench:shop"
_MODERATOR = Person("m", "M", "en", is_admin=True)
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Figure:
    """One comparison: what ours costs in units of what is simpler, or how many times as many it does a second."""

    what: str
    against: str
    ratio: float
    aim: str
    detail: str


async def measure(matcher: Matcher) -> AsyncIterator[Figure]:
    """All figures, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        async with _desk(Path(folder) / "idle.sqlite3", matcher) as desk:
            yield await _ignored(desk)
        yield _verdict(matcher)


async def _ignored(desk: Desk, rounds: int = 20_000) -> Figure:
    event = _message("somewhere-else", "good morning everybody")
    places = {(_SERVER, "support")}
    start = time.perf_counter()
    for _ in range(rounds):
        await desk.handle(event)
    ours = time.perf_counter() - start
    start = time.perf_counter()
    for _ in range(rounds):
        _ = (event.server, event.channel) in places
    simple = time.perf_counter() - start
    detail = f"{ours / rounds * 1e9:.0f} ns against {simple / rounds * 1e9:.0f} ns"
    return Figure("a message that does not concern us", "a bare set lookup", ours / simple, "-", detail)


def _verdict(matcher: Matcher) -> Figure:
    phrases = [
        phrase
        for category in matcher.policy.categories.values()
        for texts in category.texts.values()
        for phrase in texts.phrases
    ]
    messages = phrases[:: max(1, len(phrases) // 300)]
    ours = _median(matcher.match, messages)
    simple = _median(lambda text: process.extractOne(text, phrases, scorer=fuzz.token_set_ratio), messages)
    detail = f"{ours * 1e3:.2f} ms against {simple * 1e3:.2f} ms at the median, {len(phrases)} phrases"
    return Figure("a verdict", "rapidfuzz extractOne, token_set_ratio", ours / simple, "at most 1", detail)


def _median(work: Callable[[str], object], texts: Sequence[str]) -> float:
    times = []
    for text in texts:
        start = time.perf_counter()
        work(text)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


@asynccontextmanager
async def _desk(file: Path, matcher: Matcher) -> AsyncIterator[Desk]:
    migrations.upgrade(url_of(file))
    async with open_database(url_of(file)) as database:
        desk = Desk(database, matcher)
        await desk.start()
        values = {"support": "support", "agents": "agents", "agent_roles": "agent"}
        setup = FormSent(
            key="setup",
            server=_SERVER,
            channel="support",
            order=0,
            at=_NOW,
            person=_MODERATOR,
            form="setup",
            values=values,
        )
        await desk.handle(setup)
        yield desk


def _message(channel: str, text: str) -> MessagePosted:
    number = next(_numbers)
    person = Person(f"c{number}", "Customer", "en")
    return MessagePosted(
        key=f"k{number}",
        server=_SERVER,
        channel=channel,
        order=number,
        at=_NOW,
        person=person,
        message=f"m{number}",
        text=text,
    )
