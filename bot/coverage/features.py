"""Turns messages into sparse vectors: words, pairs of words and pieces of words, weighted by how rare they are.

Pieces of words (character n-grams) survive typos, German compounds and endings; words and pairs tell apart what is
spelt alike.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count, pairwise

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
"""Enough for the number of features, and half the memory of the usual kind."""

Longs = NDArray[np.int64]

Floats = NDArray[np.float32]

Halves = NDArray[np.float16]
"""For what is kept as long as the policy: three digits are enough, in half the memory."""

_PIECES = (2, 3, 4)
"""Lengths of the pieces of words, in characters."""

_START, _PIECE, _WORD = range(3)
"""Kinds of features: the one that stands in every message, pieces of words, and words and pairs of words."""

_KINDS = np.array([_START, _PIECE, _WORD], dtype=np.int8)

_TOGETHER = 512
"""Texts whose features are found in one step."""

_FEWEST_PIECES = 2
"""Phrases that must have a piece; those that only one has are many, and say nothing that its words do not say."""


@dataclass(frozen=True, slots=True)
class Vector:
    """What a message is made of: feature `columns[i]` weighs `values[i]`, all other features nothing."""

    columns: Ints
    values: Floats


@dataclass(frozen=True, slots=True)
class Rows:
    """Many vectors, one after the other: that of row i stands from `starts[i]` to `starts[i + 1]`. None is empty."""

    starts: Ints
    columns: Ints
    values: Halves

    def __len__(self) -> int:
        return len(self.starts) - 1

    @staticmethod
    def of(vectors: Iterable[Vector]) -> Rows:
        """Vectors put one after the other."""
        return Rows.joined(
            [
                Rows(
                    np.array([0, len(vector.columns)], dtype=np.int32), vector.columns, vector.values.astype(np.float16)
                )
                for vector in vectors
            ]
        )

    def masses(self, size: int) -> Floats:
        """The sum of the squares of each of `size` features; in parts, because all at once takes much memory."""
        masses = np.zeros(size, dtype=np.float32)
        for first in range(0, len(self), _TOGETHER):
            part = self.part(first, min(first + _TOGETHER, len(self)))
            masses += np.bincount(part.columns, np.square(part.values, dtype=np.float32), minlength=size)
        return masses

    def take(self, rows: NDArray[np.integer]) -> Rows:
        """Only these rows."""
        places, lengths = spread(self.starts, rows)
        return Rows(np.append(0, np.cumsum(lengths)).astype(np.int32), self.columns[places], self.values[places])

    def part(self, first: int, end: int) -> Rows:
        """The rows from `first` to before `end`, in the same memory."""
        within = slice(self.starts[first], self.starts[end])
        return Rows(self.starts[first : end + 1] - self.starts[first], self.columns[within], self.values[within])

    def only(self, kept: NDArray[np.bool_]) -> Rows:
        """The rows with only the values that are `kept`."""
        starts = np.append(0, np.cumsum(kept))[self.starts]
        return Rows(starts.astype(np.int32), self.columns[kept], self.values[kept])

    @staticmethod
    def joined(parts: Sequence[Rows]) -> Rows:
        """The rows of all parts, one after the other."""
        lengths = [np.zeros(1, dtype=np.int32), *(np.diff(part.starts) for part in parts)]
        return Rows(
            np.cumsum(np.concatenate(lengths), dtype=np.int32),
            np.concatenate([np.zeros(0, dtype=np.int32), *(part.columns for part in parts)]),
            np.concatenate([np.zeros(0, dtype=np.float16), *(part.values for part in parts)]),
        )

    def products(self, weights: Floats) -> Floats:
        """The product of each row with `weights`, one for each feature."""
        return self._sums(weights.take(self.columns))

    def likeness(self, vector: Vector) -> Floats:
        """The product of each row with the vector, whose features are in rising order."""
        places = vector.columns.searchsorted(self.columns)
        places[places == len(vector.columns)] = 0
        return self._sums(vector.values[places] * (vector.columns[places] == self.columns))

    def _sums(self, weights: Floats) -> Floats:
        if not len(self):
            return np.zeros(0, dtype=np.float32)
        return np.add.reduceat(weights * self.values, self.starts[:-1])


def spread(starts: Ints, parts: NDArray[np.integer]) -> tuple[NDArray[np.intp], Ints]:
    """Where some parts of an array stand of which part i begins at `starts[i]`; and the length of each."""
    first = starts[parts]
    lengths = starts[parts + 1] - first
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(first - (ends - lengths), lengths) + np.arange(total), lengths


@dataclass(frozen=True, slots=True)
class Vectoriser:
    """Knows the features of the policy's phrases, and turns messages into vectors of them.

    Features come in the order of how many phrases have them: what is looked up most lies together in memory, and the
    features that only one phrase has come last. The first stands in every message, as the models' starting point.
    """

    size: int
    """How many features there are."""
    shared: int
    """How many of them more than one phrase has."""
    _texts: int
    _rarity: Floats
    _kinds: NDArray[np.int8]
    """Each kind is scaled for itself."""
    _numbers: Mapping[str, int]
    """The known words."""
    _of_words: Sequence[Ints]
    """The features of each word, by its number: the pieces, and the word itself."""
    _pieces: Mapping[str, int]
    """The feature of each piece: for words that are not known."""
    _pairs: Longs
    """The known pairs of words, as the first's number times the number of words, plus the second's; sorted."""
    _pair_columns: Ints
    _added: Mapping[str, int] = field(default_factory=dict)
    """Words, and pairs of words with a gap between them, of the texts by which this was extended."""
    _added_rarity: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float32))

    def __call__(self, text: Sequence[str]) -> Vector:
        """The vector of `text`, given as its words. Pieces and words weigh the same in all."""
        numbers = [self._numbers.get(word, -1) for word in text]
        others = [0, *self._pieces_of_unknown(text, numbers), *self._known_pairs(numbers)]
        if self._added:
            others += [self._added[term] for term in _words(text) if term in self._added]
        known = [self._of_words[number] for number in numbers if number >= 0]
        columns = np.concatenate([*known, np.array(others, dtype=np.int32)])
        columns.sort()
        is_first = np.ones(len(columns) + 1, dtype=bool)
        np.not_equal(columns[1:], columns[:-1], out=is_first[1:-1])
        first = np.flatnonzero(is_first)
        return self._weighed(columns[first[:-1]], (first[1:] - first[:-1]).astype(np.float32))

    def is_piece(self, columns: Ints) -> NDArray[np.bool_]:
        """Which of the features are pieces of words; others are words, pairs of words and the start."""
        known = np.minimum(columns, len(self._kinds) - 1)
        return np.asarray((self._kinds[known] == _PIECE) & (known == columns))

    def extended(self, texts: Sequence[Sequence[str]]) -> Vectoriser:
        """One that also knows the words and pairs of these texts, and shares with this one all that this one knows."""
        found = Counter(chain.from_iterable(dict.fromkeys(_words(text)) for text in texts))
        new = {term: times for term, times in found.items() if not self._knows(term)}
        return replace(
            self,
            size=self.size + len(new),
            _added={term: self.size + place for place, term in enumerate(new)},
            _added_rarity=_rarity(self._texts, np.array(list(new.values()), dtype=np.int64)),
        )

    def rows_of(self, part: _Part, columns: Ints) -> Rows:
        """The vectors of texts of which the terms are known; `columns` has the feature of each term, or -1."""
        column = columns[part.terms]
        kept = column >= 0
        owner = np.repeat(np.arange(len(part.starts) - 1), np.diff(part.starts))[kept]
        column = column[kept]
        values = self._rarity[column] * (1 + np.log(part.times[kept].astype(np.float32)))
        group = len(_KINDS) * owner + self._kinds[column]
        lengths = np.sqrt(np.bincount(group, weights=values * values))
        values /= np.maximum(1, lengths).astype(np.float32)[group]
        starts = np.append(0, np.cumsum(kept))[part.starts]
        return Rows(starts.astype(np.int32), column, values.astype(np.float16))

    def _knows(self, term: str) -> bool:
        numbers = [self._numbers.get(word, -1) for word in term.split(" ")]
        return min(numbers) >= 0 and (len(numbers) == 1 or bool(self._known_pairs(numbers)))

    def _pieces_of_unknown(self, text: Sequence[str], numbers: Sequence[int]) -> list[int]:
        unknown = [word for word, number in zip(text, numbers, strict=True) if number < 0]
        pieces = chain.from_iterable(map(_pieces_of, unknown))
        return [column for piece in pieces if (column := self._pieces.get(piece)) is not None]

    def _known_pairs(self, numbers: Sequence[int]) -> list[int]:
        if not len(self._pairs):
            return []
        words = len(self._numbers)
        pairs = np.array([first * words + second for first, second in pairwise(numbers) if first >= 0 <= second])
        places = self._pairs.searchsorted(pairs)
        places[places == len(self._pairs)] = 0
        found: list[int] = self._pair_columns[places[self._pairs[places] == pairs]].tolist()
        return found

    def _weighed(self, columns: Ints, times: Floats) -> Vector:
        """Sorted features, each with how often it is there, scaled to length 1 within each kind."""
        rarity, kinds = self._rarity, self._kinds
        if self._added:
            known = int(np.searchsorted(columns, len(rarity)))
            rarity = np.concatenate([rarity[columns[:known]], self._added_rarity[columns[known:] - len(rarity)]])
            kinds = np.concatenate([kinds[columns[:known]], np.full(len(columns) - known, _WORD, dtype=np.int8)])
        else:
            rarity, kinds = rarity[columns], kinds[columns]
        values = rarity * (1 + np.log(times))
        lengths = np.sqrt(np.bincount(kinds, weights=values * values)).astype(np.float32)
        return Vector(columns, values / np.maximum(1, lengths)[kinds])


def learn_features(texts: Sequence[Sequence[str]]) -> tuple[Vectoriser, Rows]:
    """What turns messages into vectors, learnt from `texts` (each given as its words), and the texts' own vectors.

    The same as one text after the other, but in few steps for many of them, because there are millions of pieces.
    """
    terms = _Terms(texts)
    parts = [terms.of(range(first, min(first + _TOGETHER, len(texts)))) for first in range(0, len(texts), _TOGETHER)]
    frequencies = np.zeros(terms.number, dtype=np.int64)
    for part in parts:
        frequencies += np.bincount(part.terms, minlength=terms.number)
    # the first is the models' starting point, which every text has; the rest are pieces, words and pairs of words
    kinds = np.repeat(_KINDS, [1, len(terms.pieces), len(terms.words) + len(terms.pairs)])
    frequencies[(kinds == _PIECE) & (frequencies < _FEWEST_PIECES)] = 0
    order = np.argsort(-frequencies, kind="stable")[: np.count_nonzero(frequencies)]
    columns = np.full(terms.number, -1, dtype=np.int32)
    columns[order] = np.arange(len(order))
    of_pieces, of_words, of_pairs = np.split(columns[1:], np.cumsum([len(terms.pieces), len(terms.words)]))
    vectoriser = Vectoriser(
        size=len(order),
        shared=int(np.count_nonzero(frequencies > 1)),
        _texts=len(texts),
        _rarity=_rarity(len(texts), frequencies[order]),
        _kinds=kinds[order],
        _numbers=terms.words,
        _of_words=_by_word(of_pieces[terms.piece], terms.piece_starts, of_words),
        _pieces={piece: column for piece, column in zip(terms.pieces, of_pieces.tolist(), strict=True) if column >= 0},
        _pairs=terms.pairs,
        _pair_columns=of_pairs,
    )
    # each part's memory is given back as soon as its rows are there
    parts.reverse()
    return vectoriser, Rows.joined([vectoriser.rows_of(parts.pop(), columns) for _ in range(len(parts))])


@dataclass(frozen=True, slots=True)
class _Part:
    """Some texts as terms: the terms of text i stand from `starts[i]` to `starts[i + 1]`, each once."""

    starts: Longs
    terms: Ints
    times: NDArray[np.uint16]
    """How often the text has the term."""


class _Terms:
    """Numbers all that may become a feature: first the start, then pieces, words, and pairs of words."""

    def __init__(self, texts: Sequence[Sequence[str]]) -> None:
        self.words, self._word = _numbered(chain.from_iterable(texts))
        self._starts = np.cumsum([0, *map(len, texts)])
        self.pieces, self.piece = _numbered(chain.from_iterable(map(_pieces_of, self.words)))
        self.piece_starts = np.cumsum([0, *map(_number_of_pieces, map(len, self.words))])
        is_last = np.zeros(len(self._word) + 1, dtype=bool)
        is_last[self._starts - 1] = True
        self._first = np.flatnonzero(~is_last[:-1])
        """The words, by their places in all texts, that have another word behind them."""
        pairs = self._word[self._first] * len(self.words) + self._word[self._first + 1]
        self.pairs, self._pair = np.unique(pairs, return_inverse=True)
        self.number = 1 + len(self.pieces) + len(self.words) + len(self.pairs)

    def of(self, texts: range) -> _Part:
        """The terms of some texts."""
        start, end = self._starts[texts.start], self._starts[texts.stop]
        words = self._word[start:end]
        owner = np.repeat(np.arange(len(texts)), np.diff(self._starts[texts.start : texts.stop + 1]))
        places, lengths = spread(self.piece_starts, words)
        within = slice(*np.searchsorted(self._first, (start, end)))
        owners = [np.arange(len(texts)), np.repeat(owner, lengths), owner, owner[self._first[within] - start]]
        first = np.cumsum([1, len(self.pieces), len(self.words)])
        terms = [np.zeros(len(texts), dtype=np.int64), first[0] + self.piece[places], first[1] + words]
        terms.append(first[2] + self._pair[within])
        found, times = np.unique(np.concatenate(owners) * self.number + np.concatenate(terms), return_counts=True)
        owner, term = np.divmod(found, self.number)
        starts = np.searchsorted(owner, np.arange(len(texts) + 1))
        return _Part(starts, term.astype(np.int32), times.astype(np.uint16))


def _by_word(pieces: Ints, starts: Longs, words: Ints) -> list[Ints]:
    """The features of each word, as parts of one array: those of its pieces, but for -1, and the word's own."""
    columns = np.insert(pieces, starts[1:], words)
    kept = columns >= 0
    ends = np.append(0, np.cumsum(kept))[starts[1:] + np.arange(1, len(starts))]
    return np.split(columns[kept], ends[:-1])


def _rarity(texts: int, frequencies: NDArray[np.integer]) -> Floats:
    """How much a feature weighs that so many of the texts have."""
    return (1 + np.log((1 + texts) / (1 + frequencies))).astype(np.float32)


def _numbered(terms: Iterable[str]) -> tuple[dict[str, int], Longs]:
    """All different terms with a number each, and the numbers of the terms."""
    numbers: dict[str, int] = defaultdict(count().__next__)
    found = np.fromiter(map(numbers.__getitem__, terms), dtype=np.int64)
    return dict(numbers), found


def _pieces_of(word: str) -> list[str]:
    """The pieces of a word with the gaps around it."""
    padded = f" {word} "
    return [padded[start : start + length] for length in _PIECES for start in range(len(padded) - length + 1)]


def _number_of_pieces(letters: int) -> int:
    """Of a word of so many letters."""
    return sum(max(0, letters + 3 - length) for length in _PIECES)


def _words(text: Sequence[str]) -> list[str]:
    return [*text, *(f"{first} {second}" for first, second in pairwise(text))]
