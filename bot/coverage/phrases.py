"""The policy's own phrases: recognises them despite typos, and finds the one to quote."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from bot.coverage.features import Halves, Ints, Rows, Vector, Vectoriser

_SAME = 88.0
"""Likeness, out of 100, from which a message counts as a phrase with typos."""


class OwnPhrases:
    """All phrases of one category, in the words that they consist of."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Keep texts, each given as its words with gaps between them."""
        self._texts = sorted(texts, key=lambda text: (len(text), text))

    def has(self, message: Sequence[str]) -> bool:
        """Whether the message, but for a few letters, is among them."""
        text = " ".join(message)
        # texts so alike cannot differ more in length; looking only at these is much faster
        shortest, longest = len(text) * _SAME / (200 - _SAME), len(text) * (200 - _SAME) / _SAME
        start = bisect_left(self._texts, shortest, key=len)
        end = bisect_right(self._texts, longest, key=len)
        return process.extractOne(text, self._texts[start:end], scorer=fuzz.ratio, score_cutoff=_SAME) is not None

    def changed(self, removed: Iterable[str], added: Iterable[str]) -> OwnPhrases:
        """These without some, and with others."""
        texts = list(self._texts)
        for text in removed:
            texts.remove(text)
        return OwnPhrases([*texts, *added])


_CLOSER_LOOK = 8
"""Phrases with the likest words, among which the likest in all is looked for."""


@dataclass(frozen=True, slots=True)
class Quotable:
    """Phrases of one category and language that may be quoted, with their vectors."""

    phrases: Sequence[str | None]
    """None for those that were taken out since."""
    rows: Rows
    _columns: Ints
    """The features of all rows but pieces of words, in rising order: to find quickly what is worth a closer look."""
    _owners: Ints
    """For each of them, the place of the phrase that has it."""
    _values: Halves

    @staticmethod
    def of(phrases: Sequence[str], rows: Rows, vectors: Vectoriser) -> Quotable:
        """Phrases with these vectors."""
        chosen = np.flatnonzero(~vectors.is_piece(rows.columns))
        chosen = chosen[np.argsort(rows.columns[chosen], kind="stable")]
        owners = (rows.starts.searchsorted(chosen, side="right") - 1).astype(np.int32)
        return Quotable(phrases, rows, rows.columns[chosen], owners, rows.values[chosen])

    def without(self, removed: Collection[str]) -> Quotable:
        """These without some; the vectors stay shared."""
        return replace(self, phrases=[None if phrase in removed else phrase for phrase in self.phrases])

    def likest(self, message: Vector) -> tuple[float, str]:
        """How alike the likest phrase is to a message, and that phrase."""
        by_words = np.argsort(-self._likeness_of_words(message), kind="stable")
        kept = (place for place in by_words.tolist() if self.phrases[place] is not None)
        close = list(islice(kept, _CLOSER_LOOK))
        likeness = self.rows.take(np.array(close, dtype=np.intp)).likeness(message)
        found = zip(likeness.tolist(), (self.phrases[place] or "" for place in close), strict=True)
        return max(found, key=lambda one: one[0], default=(0.0, ""))

    def _likeness_of_words(self, message: Vector) -> NDArray[np.float64]:
        starts, ends = (self._columns.searchsorted(message.columns, side=side) for side in ("left", "right"))
        lengths = ends - starts
        places = np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        values = self._values[places] * np.repeat(message.values, lengths)
        return np.asarray(np.bincount(self._owners[places], values, minlength=len(self.phrases)), dtype=np.float64)
