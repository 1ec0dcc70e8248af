"""Repairs misspelt words, so that a typo costs a message little."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Any

from rapidfuzz import fuzz, process

_SHORTEST = 4
"""Letters; shorter words resemble too many others."""

_ALIKE = 88.0
"""Likeness, out of 100, from which a word counts as a misspelling of a known one."""

_LETTERS = 2
"""By which a misspelling is longer or shorter at most."""

_MOST = 25
"""Words of a message that are repaired; more of them are not typos but another language."""


_DENSE = 3
"""How many Latin letters a letter of another script stands for: many of these have no gaps between words."""


def _room(word: str) -> int:
    """How much a word takes of a text; accents and umlauts are folded already."""
    return len(word) if word.isascii() else _DENSE * len(word)


class Spelling:
    """Knows the words of the policy's phrases."""

    def __init__(self, words: Iterable[str], base: Spelling | None = None) -> None:
        """Learn the words that are right, besides those of `base`."""
        self._base = base
        self._known = frozenset(word for word in words if base is None or not base.knows(word))
        self._by_letter: dict[str, list[str]] = {}
        for word in sorted(self._known, key=lambda word: (len(word), word)):
            if len(word) >= _SHORTEST:
                self._by_letter.setdefault(word[0], []).append(word)

    def repaired(self, words: Sequence[str]) -> list[str]:
        """The words, with a known one for each misspelt one."""
        unknown = [word for word in dict.fromkeys(words) if len(word) >= _SHORTEST and not self.knows(word)]
        nearest = {word: self._nearest(word) for word in unknown[:_MOST]}
        return [nearest.get(word, word) for word in words]

    def known_share(self, words: Sequence[str]) -> float:
        """Which part of a text stands in known words, 0 to 1."""
        room = sum(map(_room, words))
        return sum(_room(word) for word in words if self.knows(word)) / room if room else 0.0

    def knows(self, word: str) -> bool:
        """Whether the word is right."""
        return word in self._known or (self._base is not None and self._base.knows(word))

    def _nearest(self, word: str) -> str:
        candidates = self.alike(word) + (self._base.alike(word) if self._base else [])
        found: Any = process.extractOne(word, candidates, scorer=fuzz.ratio, score_cutoff=_ALIKE)
        return str(found[0]) if found else word

    def alike(self, word: str) -> list[str]:
        """Words with the same first letter that are not too long or short to be so alike."""
        words = self._by_letter.get(word[0], [])
        shortest = max(len(word) - _LETTERS, len(word) * _ALIKE / (200 - _ALIKE))
        longest = min(len(word) + _LETTERS, len(word) * (200 - _ALIKE) / _ALIKE)
        start, end = bisect_left(words, shortest, key=len), bisect_right(words, longest, key=len)
        return words[start:end]
