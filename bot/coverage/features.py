"""Turns messages into sparse vectors: words, pairs of words and pieces of words, weighted by how rare they are.

Pieces of words (character n-grams) survive typos, German compounds and endings; words and pairs tell apart what is
spelt alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
"""Enough for the number of features, and half the memory of the usual kind."""

Floats = NDArray[np.float32]

_PIECES = (2, 3, 4)
"""Lengths of the pieces of words, in characters."""

_FEWEST_PIECES = 2
"""Phrases that must have a piece; those that only one has are many, and say nothing that its words do not say."""


@dataclass(frozen=True, slots=True)
class Vector:
    """What a message is made of: feature `columns[i]` weighs `values[i]`, all other features nothing."""

    columns: Ints
    values: Floats


class Vectoriser:
    """Knows the features of the policy's phrases, and turns messages into vectors of them."""

    def __init__(self, texts: Sequence[Sequence[str]]) -> None:
        """Learn the features of `texts`, each given as its words."""
        self._pieces = _Features(texts, _pieces, _FEWEST_PIECES, first=1)
        self._words = _Features(texts, _words, 1, first=1 + self._pieces.size)
        self.size = 1 + self._pieces.size + self._words.size
        """How many features there are."""

    def __call__(self, text: Sequence[str]) -> Vector:
        """The vector of `text`, given as its words. Pieces and words weigh the same in all."""
        parts = (_START, self._pieces(text), self._words(text))
        columns = np.concatenate([part.columns for part in parts])
        return Vector(columns, np.concatenate([part.values for part in parts]))


_START = Vector(np.zeros(1, dtype=np.int32), np.ones(1, dtype=np.float32))
"""The first feature stands in every message, as the models' starting point."""


class _Features:
    """The features of one kind."""

    def __init__(
        self, texts: Sequence[Sequence[str]], split: Callable[[Sequence[str]], list[str]], fewest: int, *, first: int
    ) -> None:
        self._split = split
        # dicts keep their order and sets do not: the columns must be the same each time
        found = Counter(chain.from_iterable(dict.fromkeys(split(text)) for text in texts))
        # the most frequent first: they lie together in memory then, which makes learning faster
        kept = [(term, times) for term, times in found.most_common() if times >= fewest]
        self.size = len(kept)
        self._first = first
        self._place = {term: place for place, (term, _) in enumerate(kept)}
        times = np.array([times for _, times in kept])
        self._rarity = (1 + np.log((1 + len(texts)) / (1 + times))).astype(np.float32)

    def __call__(self, text: Sequence[str]) -> Vector:
        """The text's features of this kind, scaled to length 1."""
        place = self._place
        counts = {place[term]: times for term, times in Counter(self._split(text)).items() if term in place}
        places = np.fromiter(counts.keys(), dtype=np.int32, count=len(counts))
        times = np.fromiter(counts.values(), dtype=np.float32, count=len(counts))
        values = self._rarity[places] * (1 + np.log(times))
        length = max(1.0, float(np.sqrt(values @ values)))
        return Vector(places + np.int32(self._first), (values / length).astype(np.float32))


def _pieces(text: Sequence[str]) -> list[str]:
    return list(chain.from_iterable(map(_pieces_of, text)))


@lru_cache(maxsize=4096)
def _pieces_of(word: str) -> list[str]:
    """The pieces of a word with the gaps around it; most words come again and again."""
    padded = f" {word} "
    return [padded[start : start + length] for length in _PIECES for start in range(len(padded) - length + 1)]


def _words(text: Sequence[str]) -> list[str]:
    return [*text, *(f"{first} {second}" for first, second in pairwise(text))]
