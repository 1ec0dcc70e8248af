"""Repairs misspelt words, so that a typo costs a message little."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from rapidfuzz import fuzz, process

_SHORTEST = 4
"""Letters; shorter words resemble too many others."""

_ALIKE = 88.0
"""Likeness, out of 100, from which a word counts as a misspelling of a known one."""

_MOST = 25
"""Words of a message that are repaired; more of them are not typos but another language."""


class Spelling:
    """Knows the words of the policy's phrases."""

    def __init__(self, words: Iterable[str]) -> None:
        """Learn the words that are right."""
        self._known = frozenset(words)
        self._alike: dict[tuple[str, int], list[str]] = {}
        for word in sorted(self._known):
            if len(word) >= _SHORTEST:
                self._alike.setdefault((word[0], len(word)), []).append(word)

    def repaired(self, words: Sequence[str]) -> list[str]:
        """The words, with a known one for each misspelt one."""
        unknown = [word for word in dict.fromkeys(words) if word not in self._known and len(word) >= _SHORTEST]
        nearest = {word: self._nearest(word) for word in unknown[:_MOST]}
        return [nearest.get(word, word) for word in words]

    def known_share(self, words: Sequence[str]) -> float:
        """Which part of the words is known, 0 to 1."""
        return sum(word in self._known for word in words) / len(words) if words else 0.0

    def _nearest(self, word: str) -> str:
        # with this likeness the lengths differ by one in short words and by two in long ones
        lengths = range(len(word) - 2, len(word) + 3)
        candidates = list(chain.from_iterable(self._alike.get((word[0], length), ()) for length in lengths))
        found: Any = process.extractOne(word, candidates, scorer=fuzz.ratio, score_cutoff=_ALIKE)
        return str(found[0]) if found else word
