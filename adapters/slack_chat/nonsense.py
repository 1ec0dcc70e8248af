"""What makes no sense: a payload without what Slack always sends, an answer without what was asked for."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

NONSENSE = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What reading it raises."""


class Malformed(ValueError):  # noqa: N818 (the state of a payload)
    """A payload cannot be read, and will not be if it comes again."""


@contextmanager
def reading_payload() -> Iterator[None]:
    """Around all that reads a payload. Raises Malformed, which tells nothing of what stands in it."""
    try:
        yield
    except NONSENSE as error:
        raise error if isinstance(error, Malformed) else Malformed(fault_in(error)) from None


@contextmanager
def reading_answer() -> Iterator[None]:
    """Around a call to Slack and what reads its answer: no sensible answer is none. Raises ConnectionError."""
    try:
        yield
    except NONSENSE as error:
        raise ConnectionError(f"Slack's answer makes no sense ({fault_in(error)})") from None


def word(told: object) -> str:
    """What must be a word: of what is missing in an answer, the SDK makes None. Raises TypeError."""
    if isinstance(told, str):
        return told
    raise TypeError("no word")


def fault_in(error: Exception) -> str:
    """What went wrong where, without the words that an error quotes."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {last.name}, line {last.lineno}"
