"""The line-by-line form of the matcher: one JSON object in, one out. This form stays stable."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

from bot.coverage.matcher import Matcher
from bot.coverage.policy import Policy, address
from bot.model import Ruling, Verdict

_QUIET = {Ruling.SILENCE, Ruling.NOT_IN_POLICY}
"""Rulings of which the policy itself says nothing."""


def verdict_line(verdict: Verdict, policy: Policy) -> dict[str, str | float | None]:
    """A verdict as the plain object that `wartemarke match` prints."""
    category = policy.categories.get(verdict.category or "")
    if category is None or category.ruling in _QUIET:
        category = None
    return {
        "lang": verdict.language.value,
        "category": category.id if category else None,
        "verdict": category.ruling.value if category else None,
        "confidence": round(verdict.confidence, 4),
        "action": verdict.action.value,
        "clause": address(category.texts[verdict.language].clause, formal=True) if category else None,
        "phrase": verdict.phrase if category else None,
    }


def match_lines(matcher: Matcher, lines: Iterable[bytes], complain: Callable[[str], None]) -> Iterator[str]:
    """One line of JSON for each `{"text": ...}`; a line that is none is told to `complain` and left out."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            text = json.loads(line)["text"]
        except (ValueError, KeyError, TypeError, RecursionError):
            complain(f'line {number} is not a JSON object with a "text"')
            continue
        if not isinstance(text, str):
            complain(f'line {number}: "text" is not a string')
            continue
        yield json.dumps(verdict_line(matcher.match(text), matcher.policy), ensure_ascii=True) + "\n"
