"""The line-by-line form of the matcher: one JSON object in, one out. This form stays stable."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn

from bot.coverage.matcher import Matcher
from bot.coverage.policy import Category, Policy
from bot.model import QUIET, ServerSettings, Verdict
from bot.texts import policy_words

Complain = Callable[[str], None]
"""Hears in one sentence which line is wrong, and why."""


def told_category(verdict: Verdict, policy: Policy) -> Category | None:
    """The category of a verdict; None where the policy has nothing to say."""
    category = policy.categories.get(verdict.category or "")
    return None if category is None or category.ruling in QUIET else category


def verdict_line(verdict: Verdict, matcher: Matcher) -> dict[str, str | float | None]:
    """A verdict as the plain object that `wartemarke match` prints."""
    category = told_category(verdict, matcher.policy)
    clause = category.texts[verdict.language].clause if category else ""
    return {
        "lang": verdict.language.value,
        "category": category.id if category else None,
        "verdict": category.ruling.value if category else None,
        "confidence": round(verdict.confidence, 4),
        "action": verdict.action.value,
        "clause": policy_words(clause, verdict.language, ServerSettings()) if category else None,
        "phrase": matcher.likest_phrase(verdict) if category else None,
    }


def match_lines(matcher: Matcher, lines: Iterable[bytes], complain: Complain) -> Iterator[str]:
    """One line of JSON for each `{"text": ...}`; a line that is none is told to `complain` and left out."""
    for text in read_texts(lines, complain):
        yield json.dumps(verdict_line(matcher.match_closely(text), matcher), ensure_ascii=True) + "\n"


def read_texts(lines: Iterable[bytes], complain: Complain) -> Iterator[str]:
    """The text of each `{"text": ...}`, whatever else the line has; one without is told to `complain` and left out."""
    for number, found in read_objects(lines, complain):
        text = found.get("text")
        if isinstance(text, str):
            yield text
        else:
            complain(f'line {number}: "text" is missing or not a string')


def read_objects(lines: Iterable[bytes], complain: Complain) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSONL stream, each with its line, from 1; a line that is none is told to `complain`.

    Bytes, because only a newline ends a line here, not all that ends one for `str.splitlines`; and for `json`, which
    passes over the byte order mark that some editors write.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            yield number, found
        else:
            complain(f"line {number} is not a JSON object")


def refuse(problem: str) -> NoReturn:
    """Complain by raising ValueError: for those who want all lines or none."""
    raise ValueError(problem)
