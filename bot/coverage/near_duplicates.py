"""Finds phrases that are, but for a few letters, those of another category: who writes so may get either answer."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from rapidfuzz import fuzz, process

from bot.coverage.normalise import words
from bot.coverage.policy import Policy
from bot.model import Language

_ALIKE = 90.0
"""Likeness of the words, spelt alike, out of 100, from which two phrases count as nearly the same."""

_WORTH_A_LOOK = 80.0
"""Likeness of the texts as they were written, from which their words are compared."""

_TOGETHER = 256
"""Phrases of about the same length that are compared with all others in one go."""


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """Two phrases that differ in a few letters, but stand for different categories."""

    category: str
    phrase: str
    other: str
    """The other category."""
    other_phrase: str
    likeness: float
    """Out of 100."""


@dataclass(frozen=True, slots=True)
class _Line:
    category: str
    phrase: str
    folded: str


def near_duplicates(policy: Policy, added: Mapping[str, Sequence[str]] | None = None) -> list[NearDuplicate]:
    """The pairs within the policy, the most alike first; or only those of the phrases `added` to some categories."""
    known = {language: _lines(_phrases(policy, language)) for language in Language}
    if added is None:
        candidates = chain.from_iterable(_candidates(lines, lines, upwards=True) for lines in known.values())
    else:
        new = _lines(added.items())
        candidates = chain.from_iterable(_candidates(new, lines, upwards=False) for lines in known.values())
    found: dict[frozenset[str], NearDuplicate] = {}
    for line, other in candidates:
        pair = frozenset((line.phrase, other.phrase))
        if line.category != other.category and pair not in found:
            likeness = fuzz.ratio(" ".join(words(line.phrase)), " ".join(words(other.phrase)))
            if likeness >= _ALIKE:
                found[pair] = NearDuplicate(line.category, line.phrase, other.category, other.phrase, likeness)
    return sorted(found.values(), key=lambda one: (-one.likeness, one.category, one.phrase))


def _phrases(policy: Policy, language: Language) -> Iterator[tuple[str, Sequence[str]]]:
    for category in policy.categories.values():
        texts = category.texts[language]
        yield category.id, texts.phrases
        yield from texts.look_alikes.items()


def _lines(phrases: Iterable[tuple[str, Sequence[str]]]) -> list[_Line]:
    """The phrases, the shortest first."""
    found = [_Line(category, phrase, phrase.casefold()) for category, some in phrases for phrase in some]
    return sorted(found, key=lambda line: len(line.folded))


def _candidates(new: Sequence[_Line], lines: Sequence[_Line], *, upwards: bool) -> Iterator[tuple[_Line, _Line]]:
    """Pairs worth a closer look: of each of the new lines with all others, or with those behind it in the same list."""
    lengths = [len(line.folded) for line in lines]
    for first in range(0, len(new), _TOGETHER):
        some = new[first : first + _TOGETHER]
        # what differs much in length cannot be alike
        shortest, longest = len(some[0].folded), len(some[-1].folded)
        start = first if upwards else bisect_left(lengths, shortest * _WORTH_A_LOOK / (200 - _WORTH_A_LOOK))
        end = bisect_right(lengths, longest * (200 - _WORTH_A_LOOK) / _WORTH_A_LOOK)
        likeness: Any = process.cdist(
            [line.folded for line in some],
            [line.folded for line in lines[start:end]],
            scorer=fuzz.ratio,
            score_cutoff=_WORTH_A_LOOK,
            dtype=np.uint8,
        )
        for one, other in zip(*np.nonzero(likeness), strict=True):
            yield some[one], lines[start + other]
