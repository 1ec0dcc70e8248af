"""How often something happened."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


def fullest_second(moments: Sequence[float]) -> int:
    """Most within any one second, wherever it begins; moments are in seconds."""
    in_order = sorted(moments)
    return max(bisect_left(in_order, moment + 1) - number for number, moment in enumerate(in_order))
