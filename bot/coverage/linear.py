"""A linear classifier over sparse vectors, trained from the policy's phrases whenever a policy is loaded.

Ridge regression, solved block by block in plain numpy (each block of phrases exactly, given the others): a second
for some thousand phrases, the same result each time, and nothing to ship, cache or keep in step with the phrases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # it has no types

from bot.coverage.features import Floats, Ints, Vector

_PASSES = 6
"""How often each block is solved; more changes next to nothing."""

_BLOCK = 64
"""Phrases that are solved together. They must come well mixed, or the blocks need many passes to agree."""

_STIFFNESS = 1.0
"""Ridge: how much the weights resist single phrases."""


@dataclass(frozen=True, slots=True)
class _Block:
    """Some vectors as a dense matrix over the features that they use."""

    used: Ints
    row: Ints
    place: Ints
    values: Floats
    solver: Floats
    """Inverse of the vectors' products with each other plus the ridge."""

    def dense(self) -> Floats:
        matrix = np.zeros((len(self.solver), len(self.used)), dtype=np.float32)
        matrix[self.row, self.place] = self.values
        return matrix


class LinearModel:
    """Scores per class: near 1 for what is certainly of the class, near 0 for what is not."""

    def __init__(self, vectors: Sequence[Vector], labels: NDArray[np.intp], classes: int, size: int) -> None:
        """Learn from `vectors`, of the classes `labels`; `size` counts the features."""
        self.weights = np.zeros((size, classes), dtype=np.float32)
        # several threads gain nothing on matrices this small, and on a busy machine they wait for each other
        with threadpool_limits(limits=1, user_api="blas"):
            self._learn(vectors, np.eye(classes, dtype=np.float32)[labels])

    def _learn(self, vectors: Sequence[Vector], wanted: Floats) -> None:
        duals = np.zeros_like(wanted)
        parts = [slice(first, first + _BLOCK) for first in range(0, len(vectors), _BLOCK)]
        blocks = [_block(vectors[part]) for part in parts]
        for _ in range(_PASSES):
            for part, block in zip(parts, blocks, strict=True):
                matrix = block.dense()
                missing = wanted[part] - matrix @ self.weights[block.used] - _STIFFNESS * duals[part]
                change = block.solver @ missing
                duals[part] += change
                self.weights[block.used] += matrix.T @ change

    def scores(self, vector: Vector) -> Floats:
        """The score of each class."""
        return np.asarray(vector.values @ self.weights[vector.columns], dtype=np.float32)


def _block(vectors: Sequence[Vector]) -> _Block:
    columns = np.concatenate([vector.columns for vector in vectors])
    values = np.concatenate([vector.values for vector in vectors])
    used, place = np.unique(columns, return_inverse=True)
    row = np.repeat(np.arange(len(vectors), dtype=np.int32), [len(vector.columns) for vector in vectors])
    solver = np.zeros((len(vectors), len(vectors)), dtype=np.float32)
    block = _Block(used, row, place.astype(np.int32), values, solver)
    matrix = block.dense()
    solver[:] = np.linalg.inv(matrix @ matrix.T + _STIFFNESS * np.eye(len(vectors), dtype=np.float32))
    return block
