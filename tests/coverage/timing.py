"""How much of a processor something needs, told by something that every machine does in its own time."""

from __future__ import annotations

import time
from collections.abc import Callable

from bot.coverage.matcher import Matcher

ORDINARY = (
    "Hello, since the last update the header menu of our shop is broken on phones: it opens, but nothing in it can be "
    "tapped. Could you please have a look at it? Thank you!"
)


def messages_worth(matcher: Matcher, work: Callable[[], object], tries: int) -> float:
    """How many ordinary messages the matcher could tell meanwhile: both take turns, and of each the quickest counts."""
    turns = [(seconds(lambda: matcher.match(ORDINARY)), seconds(work)) for _ in range(tries)]
    return min(needed for _, needed in turns) / min(ordinary for ordinary, _ in turns)


def seconds(work: Callable[[], object]) -> float:
    """Seconds of a processor that the work needs this once."""
    start = time.process_time()
    work()
    return time.process_time() - start
