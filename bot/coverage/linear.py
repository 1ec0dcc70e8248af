"""A linear classifier over sparse vectors, trained from the policy's phrases whenever a policy is loaded.

Ridge regression, solved block by block in plain numpy (each block of phrases exactly, given the others): half a second
for ten thousand phrases, the same result each time, and nothing to ship, cache or keep in step with the phrases.

Each phrase has a dual weight for each class: how hard it pulls, to be told as what it is. A feature's weight is the sum
of the duals of the phrases that have it. So the part of a phrase can be taken away, and a few new ones can be learnt on
top of what is known, which is what `LinearModel.adapted` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # it has no types

from bot.coverage.features import Floats, Halves, Ints, Rows, Vector

_PASSES = 4
"""How often each block is solved; more changes next to nothing."""

_BLOCK = 32
"""Phrases that are solved together."""

_MOST_GROUPS = 32
"""Groups of phrases whose duals are moved together."""

_STIFFNESS = 1.0
"""Ridge: how much the weights resist single phrases."""

_RESISTANCE = 10.0
"""How much a feature's weight resists a later change for each phrase that has the feature. It is more than 1 because
features come in company: about ten pieces of a word all say the same."""

_NOTHING = 0.003
"""A change of a weight that is not worth its memory."""

_STRAYED = 256
"""Former phrases from which a new class learns what does not belong to it."""

_RESISTANCE_LEFT_OUT = 2.0
"""The same for the scores of the left-out phrase itself, for which fewer others stand in; found by leaving some out."""

NEW = -1
"""Stands for a class that a model did not have before."""


class LinearModel:
    """Scores per class: near 1 for what is certainly of the class, near 0 for what is not."""

    def __init__(self, rows: Rows, labels: Ints, classes: int, shared: int, order: NDArray[np.intp]) -> None:
        """Learn from `rows`, of the classes `labels`; from feature `shared` on, each is only in one of them.

        They are learnt in this `order`, which must mix the classes, or the blocks need many passes to agree.
        """
        self._rows = rows
        self._masses = rows.masses(int(rows.columns.max(initial=0)) + 1)
        """How much of each feature there is in all rows."""
        own = np.flatnonzero(rows.columns >= shared)
        own = own[np.argsort(rows.columns[own])]
        self._owners = (rows.starts.searchsorted(own, side="right") - 1).astype(np.int32)
        self._own_values = rows.values[own]
        # a feature that nobody else has only makes its row easier to tell: it needs no place among the weights
        stiffness = _STIFFNESS + np.bincount(
            self._owners, weights=np.square(self._own_values, dtype=np.float32), minlength=len(rows)
        )
        weights, duals = _solved(
            list(_blocks(rows, order, shared)),
            np.eye(classes, dtype=np.float32)[labels],
            stiffness.astype(np.float32),
            shared,
            labels,
        )
        self._weights = weights.astype(np.float16)
        self._duals = duals.astype(np.float16)

    def scores(self, vector: Vector) -> Floats:
        """The score of each class."""
        return vector.values @ self.weights(vector.columns)

    def scores_left_out(self, vector: Vector, label: int) -> Floats:
        """The scores of a phrase of the class `label`, if it had not been learnt."""
        return _left_out(self.scores(vector), label, vector, self.masses(vector.columns))

    def masses(self, columns: Ints) -> Floats:
        """How much of some features, in rising order, there is in all rows; 0 for those that came later."""
        masses = np.zeros(len(columns), dtype=np.float32)
        known = columns.searchsorted(len(self._masses))
        masses[:known] = self._masses[columns[:known]]
        return masses

    def weights(self, columns: Ints) -> Floats:
        """The weights of some features, in rising order, per class; 0 for those that came after this was learnt."""
        shared = len(self._weights)
        end, last = columns.searchsorted((shared, shared + len(self._owners)))
        own = columns[end:last] - shared
        weights = np.zeros((len(columns), self._weights.shape[1]), dtype=np.float32)
        weights[:end] = self._weights.take(columns[:end], axis=0)
        weights[end:last] = self._own_values[own][:, None] * self._duals[self._owners[own]]
        return weights

    def adapted(self, removed: Ints, added: Rows, labels: Ints, classes: Ints) -> AdaptedModel:
        """A model without the rows `removed`, and with others `added`, which are of the classes `labels`.

        `classes` tells for each class which of the former ones, or NEW, it is. The rows that stay are not learnt again,
        but resist: the weight of a feature changes the less, the more of it they have.
        """
        gone = self._rows.take(removed)
        columns = np.unique(np.concatenate([_FIRST, gone.columns, added.columns]))
        gone, added = _renumbered(gone, columns), _renumbered(added, columns)
        ease = _ease(self.masses(columns) - gone.masses(len(columns)), _RESISTANCE)
        before = _chosen(self.weights(columns), classes)
        weights = before.copy()
        duals = _chosen(self._duals[removed].astype(np.float32), classes)
        for block in _blocks(gone, np.arange(len(gone)), len(columns)):
            weights[block.used] -= ease[block.used, None] * (block.dense().T @ duals[block.rows])
        if len(added):
            wanted = np.eye(len(classes), dtype=np.float32)[labels] - _scores(added, weights)
            change = _change(added, wanted, labels, ease)
            if NEW in classes:
                strayed = self._strayed(columns, (weights + change)[:, classes == NEW], removed)
                unwanted = np.where(classes == NEW, -_scores(strayed, weights), 0)
                labels = np.append(labels, np.full(len(strayed), len(classes)))
                change = _change(Rows.joined([added, strayed]), np.concatenate([wanted, unwanted]), labels, ease)
            weights += change
        differ = np.abs(weights - before).max(axis=1) > _NOTHING
        differ[0] = True
        return AdaptedModel(self, classes, columns[differ], weights[differ].astype(np.float16))

    def _strayed(self, columns: Ints, weights: Floats, removed: Ints) -> Rows:
        """The rows that new classes, with these weights for some features, take most for theirs: as these features.

        Without them a class that is new would know what belongs to it, but not what does not.
        """
        greatest = np.zeros(max(len(self._masses), columns[-1] + 1), dtype=np.float32)
        greatest[columns] = weights.max(axis=1)
        likeness = self._rows.products(greatest)
        likeness[removed] = -np.inf
        rows = self._rows.take(np.argsort(-likeness, kind="stable")[:_STRAYED])
        is_known = np.zeros(len(greatest), dtype=bool)
        is_known[columns] = True
        return _renumbered(rows.only(is_known[rows.columns]), columns)


_FIRST = np.zeros(1, dtype=np.int32)
"""The first feature, which every message has."""


@dataclass(frozen=True, slots=True)
class AdaptedModel:
    """A model that differs from another in some features and classes, and shares all else with it."""

    _base: LinearModel
    _classes: Ints
    """For each class, which one of the base it is, or NEW."""
    _columns: Ints
    """The features whose weights differ, in rising order; the first is always among them."""
    _weights: Halves
    """Their weights, per class."""

    def scores(self, vector: Vector) -> Floats:
        """The score of each class."""
        weights = _chosen(self._base.weights(vector.columns), self._classes)
        places = self._columns.searchsorted(vector.columns)
        places[places == len(self._columns)] = 0
        differ = self._columns[places] == vector.columns
        weights[differ] = self._weights[places[differ]]
        return vector.values @ weights

    def scores_left_out(self, vector: Vector, label: int) -> Floats:
        """The scores of a phrase of the class `label`, if it had not been learnt."""
        return _left_out(self.scores(vector), label, vector, self._base.masses(vector.columns))


def _left_out(scores: Floats, label: int, vector: Vector, masses: Floats) -> Floats:
    pull = np.eye(len(scores), dtype=np.float32)[label] - scores
    squares = np.square(vector.values)
    return np.asarray(scores - pull * (squares @ _ease(masses - squares, _RESISTANCE_LEFT_OUT)))


def _ease(masses: Floats, resistance: float) -> Floats:
    """How easily the weights of features change, 0 to 1, of which the other rows have so much."""
    return (1 / (_STIFFNESS + resistance * np.maximum(0, masses))).astype(np.float32)


def _scores(rows: Rows, weights: Floats) -> Floats:
    """The scores of each row."""
    scores = np.empty((len(rows), weights.shape[1]), dtype=np.float32)
    for block in _blocks(rows, np.arange(len(rows)), len(weights)):
        scores[block.rows] = block.dense() @ weights[block.used]
    return scores


def _change(rows: Rows, wanted: Floats, labels: Ints, ease: Floats) -> Floats:
    """The change of the weights by which the scores of some rows change as `wanted`.

    `ease` is how easily the weight of each feature changes, 0 to 1.
    """
    ease = np.sqrt(ease)
    eased = replace(rows, values=(rows.values * ease[rows.columns]).astype(np.float16))
    blocks = list(_blocks(eased, _spread_out(len(rows)), len(ease)))
    stiffness = np.full(len(rows), _STIFFNESS, dtype=np.float32)
    return np.asarray(ease[:, None] * _solved(blocks, wanted, stiffness, len(ease), labels)[0])


@dataclass(frozen=True, slots=True)
class _Block:
    """Some rows as a dense matrix over the features that they use."""

    rows: NDArray[np.intp]
    used: Ints
    place: Ints
    """Where in the matrix, line after line, each value stands."""
    values: Halves

    def dense(self) -> Floats:
        matrix = np.zeros((len(self.rows), len(self.used)), dtype=np.float32)
        matrix.ravel()[self.place] = self.values
        return matrix


def _blocks(rows: Rows, order: NDArray[np.intp], size: int) -> Iterator[_Block]:
    """The rows in blocks, in this order, with their features before `size`."""
    place_of = np.empty(size, dtype=np.int32)
    for first in range(0, len(order), _BLOCK):
        part = order[first : first + _BLOCK]
        some = rows.take(part)
        some = some.only(some.columns < size)
        is_used = np.zeros(size, dtype=bool)
        is_used[some.columns] = True
        used = np.flatnonzero(is_used).astype(np.int32)
        place_of[used] = np.arange(len(used))
        line = np.repeat(np.arange(len(part), dtype=np.int32), np.diff(some.starts))
        yield _Block(part, used, line * len(used) + place_of[some.columns], some.values)


def _solved(
    blocks: Sequence[_Block], wanted: Floats, stiffness: Floats, size: int, labels: Ints
) -> tuple[Floats, Floats]:
    """Weights of the features, and duals of the rows, by which each row gets what it wants, as far as the ridge allows.

    `stiffness` is the ridge for each row, `size` counts the features, and rows of the same label want nearly the same.
    """
    weights, duals = (np.zeros((number, wanted.shape[1]), dtype=np.float32) for number in (size, len(wanted)))
    # several threads gain nothing on matrices this small, and on a busy machine they wait for each other
    with threadpool_limits(limits=1, user_api="blas"):
        solvers = [_inverse(block.dense(), stiffness[block.rows]) for block in blocks]
        groups = _Groups(blocks, stiffness, size, labels)
        for _ in range(_PASSES):
            for block, solver in zip(blocks, solvers, strict=True):
                rows, matrix = block.rows, block.dense()
                before = weights.take(block.used, axis=0)
                change = solver @ (wanted[rows] - matrix @ before - stiffness[rows, None] * duals[rows])
                duals[rows] += change
                weights[block.used] = before + matrix.T @ change
            groups.move(wanted - stiffness[:, None] * duals, weights, duals)
    return weights, duals


class _Groups:
    """Moves the duals of all rows of a class together: what is wrong with whole classes, blocks only mend slowly."""

    def __init__(self, blocks: Sequence[_Block], stiffness: Floats, size: int, labels: Ints) -> None:
        groups = np.unique(labels, return_inverse=True)[1] % _MOST_GROUPS
        self._members = np.eye(groups.max() + 1, dtype=np.float32)[groups]
        self._sums = np.zeros((size, self._members.shape[1]), dtype=np.float32)
        for block in blocks:
            self._sums[block.used] += block.dense().T @ self._members[block.rows]
        self._solver = _inverse(self._sums.T, stiffness @ self._members)

    def move(self, missing: Floats, weights: Floats, duals: Floats) -> None:
        """Change weights and duals by what is missing in each group, apart from what the weights give."""
        change = self._solver @ (self._members.T @ missing - self._sums.T @ weights)
        duals += self._members @ change
        weights += self._sums @ change


def _inverse(matrix: Floats, stiffness: Floats) -> Floats:
    """Of the products of the matrix's rows with each other, plus the ridge."""
    return np.asarray(np.linalg.inv(matrix @ matrix.T + np.diag(stiffness)), dtype=np.float32)


def _spread_out(number: int) -> NDArray[np.intp]:
    """The numbers from 0, in steps of the golden ratio, which mix best whatever stands together."""
    return np.argsort(np.arange(number) * ((5**0.5 - 1) / 2) % 1)


def _renumbered(rows: Rows, columns: Ints) -> Rows:
    """The rows, with the features numbered by their places among `columns`."""
    return replace(rows, columns=columns.searchsorted(rows.columns).astype(np.int32))


def _chosen(values: Floats, classes: Ints) -> Floats:
    """Per class the values of the former one that it is, and 0 where it is NEW."""
    chosen = values[:, classes]
    chosen[:, classes == NEW] = 0
    return chosen
