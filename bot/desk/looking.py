"""The closer look at messages that the first one leaves in doubt: beside the event loop, one message at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Lock
from typing import ParamSpec, TypeVar

import structlog

from bot.coverage.features import Floats
from bot.coverage.matcher import Matcher
from bot.coverage.meaning import Encoder, Meanings, encoder, shipped_meanings
from bot.model import Verdict

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE = timedelta(seconds=1)
"""How long a message waits for a closer look; after that, the first one decides."""

_log = structlog.get_logger(__name__)


class OneAtATime:
    """An encoder that several threads may call: it takes up one core, however many ask."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._lock = Lock()

    def query(self, texts: Sequence[str]) -> Floats:
        """One row per text."""
        with self._lock:
            return self._encoder.query(texts)


def known_meanings() -> Meanings | None:
    """What the shipped phrases mean; None without the extra `semantic`."""
    found = encoder()
    return shipped_meanings(OneAtATime(found)) if found else None


class CloserLook:
    """One worker thread, so that many messages queue up instead of taking all cores."""

    def __init__(self, meanings: Meanings | None, patience: timedelta) -> None:
        self._meanings = meanings
        self._patience = patience
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="closer-look")
        self._learning: set[asyncio.Task[None]] = set()

    def learn(self, matcher: Matcher) -> None:
        """Learn, beside all else, what the matcher's phrases mean; until that is known, its first look decides."""
        if self._meanings is not None:
            learning = asyncio.create_task(self._learn(matcher, self._meanings))
            self._learning.add(learning)
            learning.add_done_callback(self._learning.discard)

    async def _learn(self, matcher: Matcher, meanings: Meanings) -> None:
        try:
            for phrase in await self._aside(matcher.unread, meanings):
                await self._aside(meanings.learn, phrase)  # one by one, so that messages come in between
            await self._aside(matcher.learn_meaning, meanings)
        except Exception:  # noqa: BLE001 (it is logged; the first look decides)
            _log.exception("meaning of a policy could not be learnt", version=matcher.policy.version)

    async def verdict(self, matcher: Matcher, words: str, first: Verdict) -> Verdict:
        """The verdict after a closer look; the `first` one if that takes too long."""
        try:
            async with asyncio.timeout(self._patience.total_seconds()):
                return await self._aside(matcher.match_closely, words)
        except TimeoutError:
            _log.warning("no time for a closer look", version=matcher.policy.version)
        except Exception:  # noqa: BLE001 (it is logged; the first look decides)
            _log.exception("closer look failed", version=matcher.policy.version)
        return first

    async def _aside(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.wrap_future(self._worker.submit(work, *args, **kwargs))

    def close(self) -> None:
        """Learn no more, and look no more; waits for nothing."""
        for learning in self._learning:
            learning.cancel()
        self._worker.shutdown(wait=False, cancel_futures=True)
