"""The policy's own phrases: recognises them despite typos, and finds the one to quote."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from rapidfuzz import fuzz, process

from bot.coverage.features import Floats, Rows

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


_CLOSER_LOOK = 16
"""Phrases with the likest words, among which the likest in all is looked for."""


@dataclass(frozen=True, slots=True)
class Quotable:
    """Phrases of one category and language that may be quoted, with their vectors."""

    phrases: Sequence[str | None]
    """None for those that were taken out since."""
    rows: Rows
    words: Rows
    """The vectors, of words and pairs of words only: a tenth of all, to find quickly what is worth a closer look."""

    def without(self, removed: Collection[str]) -> Quotable:
        """These without some; the vectors stay shared."""
        return replace(self, phrases=[None if phrase in removed else phrase for phrase in self.phrases])

    def likest(self, weights: Floats) -> tuple[float, str]:
        """The phrase most like a message of which `weights` has the weight of each feature, after how alike it is."""
        by_words = np.argsort(-self.words.products(weights), kind="stable")
        close = [place for place in by_words[:_CLOSER_LOOK].tolist() if self.phrases[place] is not None]
        likeness = self.rows.take(np.array(close, dtype=np.intp)).products(weights)
        found = zip(likeness.tolist(), (self.phrases[place] or "" for place in close), strict=True)
        return max(found, key=lambda one: one[0], default=(0.0, ""))
