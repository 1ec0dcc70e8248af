"""How much of a processor something needs, as far as a busy machine can tell."""

from __future__ import annotations

import time
from collections.abc import Callable


def quickest(work: Callable[[], object], tries: int) -> float:
    """Seconds of a processor: the best of several tries, because others may be busy on it, too."""
    times = []
    for _ in range(tries):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)
