"""What a message means when its writer has a waiting ticket: "still nothing?" asks about that."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bot.coverage.features import Floats

_LIKELIER = {"no_reply_yet": 12.0, "queue_order": 3.0, "resolution_time": 2.0, "response_time": 2.0}
"""How many times as likely it is that somebody who waits writes about these categories."""

_HAILING = {"no_reply_yet": 200.0}
"""The same when the message is nothing but a greeting and a question mark."""

ENOUGH = 0.6
"""Probability of all of these together from which the message is about one of them."""

MOST_WORDS = 12
"""Who writes more tells something new."""


def likelier(categories: Sequence[str], *, hailing: bool = False) -> Floats:
    """How many times as likely each category is when somebody waits; more than 1 for those that are about waiting."""
    known = _HAILING if hailing else _LIKELIER
    return np.array([known.get(category, 1.0) for category in categories], dtype=np.float32)
