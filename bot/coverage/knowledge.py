"""All that is learnt from the phrases of a policy, and how it changes with a few of them.

What is learnt from the shipped policy is large and takes seconds. The policies of servers differ from it in little,
so theirs is adapted from it: only the difference is learnt, and only the difference takes memory.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from bot.coverage.examples import Example, examples_of
from bot.coverage.features import Ints, Rows, Vector, Vectoriser, learn_features
from bot.coverage.language import LanguageGuess
from bot.coverage.linear import NEW, AdaptedModel, LinearModel
from bot.coverage.phrases import OwnPhrases, Quotable
from bot.coverage.policy import Policy
from bot.coverage.spelling import Spelling
from bot.model import Language

_MOST_CHANGED = 0.2
"""Share of the phrases. If more than these are other ones, too little would be shared."""

Group = tuple[str, Language]
"""A category's phrases in one language."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of the phrases of a policy."""

    categories: Sequence[str]
    """In the order of the model's classes."""
    sizes: Mapping[str, int]
    """How many phrases each category has."""
    examples: Sequence[Example]
    """What was learnt as a whole: the phrases of the policy, or of the one from which this was adapted."""
    language: LanguageGuess
    spelling: Spelling
    vectors: Vectoriser
    model: LinearModel | AdaptedModel
    own: Mapping[Group, OwnPhrases]
    quotable: Mapping[Group, Sequence[Quotable]]

    def is_own(self, category: str, language: Language, text: Sequence[str]) -> bool:
        """Whether a message, given as its words, is but for a few letters a phrase of a category."""
        own = self.own.get((category, language))
        return own is not None and own.has(text)

    def nearest(self, category: str, language: Language, vector: Vector) -> str | None:
        """The phrase of a category that is most like a message."""
        likest = [part.likest(vector) for part in self.quotable.get((category, language), ())]
        return max(likest, key=lambda found: found[0], default=(0.0, ""))[1] or None


def learn(policy: Policy, examples: Sequence[Example]) -> Knowledge:
    """All that is to be known of the examples; their categories are those of the policy."""
    categories = list(policy.categories)
    places = {category: place for place, category in enumerate(categories)}
    examples = sorted(examples, key=lambda one: (places[one.category], one.language, one.is_look_alike))
    texts = [example.words for example in examples]
    vectors, rows = learn_features(texts)
    labels = np.array([places[example.category] for example in examples], dtype=np.int32)
    joined = _joined(zip(examples, texts, strict=True))
    return Knowledge(
        categories,
        Counter(example.category for example in examples),
        examples,
        LanguageGuess((example.language, text) for example, text in zip(examples, texts, strict=True)),
        Spelling(word for text in texts for word in text),
        vectors,
        LinearModel(rows, labels, len(categories), vectors.shared, mixed(examples)),
        {group: OwnPhrases(joined[group]) for group in joined},
        {group: (quotable,) for group, quotable in _quotable(examples, rows, vectors).items()},
    )


def mixed(examples: Sequence[Example]) -> NDArray[np.intp]:
    """An order that mixes the examples, and that changes little when a few are added or removed."""
    return np.argsort([crc32(example.phrase.encode(errors="replace")) for example in examples], kind="stable")


def adapt(base: Knowledge, policy: Policy) -> Knowledge | None:
    """What is to be known of a policy that differs little from that of `base`; None if it differs much.

    Depends on nothing but these two, so that each process comes to the same verdicts.
    """
    if not isinstance(base.model, LinearModel):
        raise TypeError("only what was learnt as a whole can be adapted")
    examples = examples_of(policy)
    before, after = set(base.examples), set(examples)
    removed = np.array([place for place, one in enumerate(base.examples) if one not in after], dtype=np.int32)
    added = [one for one in examples if one not in before]
    categories = list(policy.categories)
    if not len(removed) and not added and categories == base.categories:
        return base
    if len(removed) + len(added) > _MOST_CHANGED * len(base.examples):
        return None
    texts = [example.words for example in added]
    vectors = base.vectors.extended(texts)
    rows = Rows.of(map(vectors, texts))
    return replace(
        base,
        categories=categories,
        sizes=Counter(example.category for example in examples),
        language=LanguageGuess(zip((one.language for one in added), texts, strict=True), base.language),
        spelling=Spelling((word for text in texts for word in text), base.spelling),
        vectors=vectors,
        model=_adapted(base, base.model, removed, added, rows, categories),
        own=_own(base, [base.examples[place] for place in removed], added),
        quotable=_with_changes(base, removed, added, rows, vectors),
    )


def _adapted(
    base: Knowledge, model: LinearModel, removed: Ints, added: Sequence[Example], rows: Rows, categories: list[str]
) -> AdaptedModel:
    former = {category: place for place, category in enumerate(base.categories)}
    classes = np.array([former.get(category, NEW) for category in categories], dtype=np.int32)
    places = {category: place for place, category in enumerate(categories)}
    labels = np.array([places[example.category] for example in added], dtype=np.int32)
    return model.adapted(removed, rows, labels, classes)


def _joined(examples: Iterable[tuple[Example, Sequence[str]]]) -> dict[Group, list[str]]:
    """By group, the words of its examples with gaps between them."""
    joined = defaultdict(list)
    for example, text in examples:
        joined[example.category, example.language].append(" ".join(text))
    return joined


def _own(base: Knowledge, removed: Sequence[Example], added: Sequence[Example]) -> dict[Group, OwnPhrases]:
    gone, new = (_joined((example, example.words) for example in some) for some in (removed, added))
    changed = {
        group: base.own.get(group, OwnPhrases(())).changed(gone.get(group, ()), new.get(group, ()))
        for group in gone.keys() | new.keys()
    }
    return {**base.own, **changed}


def _quotable(examples: Sequence[Example], rows: Rows, vectors: Vectoriser) -> dict[Group, Quotable]:
    """By group, the phrases that may be quoted. Those of a group must come one after the other."""
    quotable, start = {}, 0
    for (category, language, is_look_alike), some in groupby(examples, lambda one: one[:3]):
        phrases = [example.phrase for example in some]
        if not is_look_alike:
            part = rows.part(start, start + len(phrases))
            quotable[category, language] = Quotable.of(phrases, part, vectors)
        start += len(phrases)
    return quotable


def _with_changes(
    base: Knowledge, removed: Ints, added: Sequence[Example], rows: Rows, vectors: Vectoriser
) -> dict[Group, list[Quotable]]:
    quotable = {group: list(parts) for group, parts in base.quotable.items()}
    gone = defaultdict(set)
    for example in (base.examples[place] for place in removed):
        if not example.is_look_alike:
            gone[example.category, example.language].add(example.phrase)
    for group, phrases in gone.items():
        quotable[group] = [part.without(phrases) for part in quotable[group]]
    for group, part in _quotable(added, rows, vectors).items():
        quotable.setdefault(group, []).append(part)
    return quotable
