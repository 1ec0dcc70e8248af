"""What the phrases of a category would be told as if they were not in the policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.coverage.examples import examples_of
from bot.coverage.features import Ints, learn_features
from bot.coverage.linear import LinearModel
from bot.coverage.matcher import Matcher
from bot.coverage.policy import load_policy
from tests.coverage.small_policy import write_policy
from tests.coverage.timing import messages_worth


def test_every_phrase_is_counted_once_and_soon(matcher: Matcher) -> None:
    phrases = sum(example.category == "queue_order" for example in examples_of(matcher.policy))
    assert messages_worth(matcher, lambda: matcher.confusions(["queue_order"]), tries=3) < 400
    told = matcher.confusions(["queue_order"])
    assert list(told) == ["queue_order"]
    assert told["queue_order"].total() == phrases
    assert told["queue_order"].most_common(1)[0][0] == "queue_order"
    assert told["queue_order"]["queue_order"] < phrases


def test_all_categories_are_told_by_default(tmp_path: Path) -> None:
    matcher = Matcher(load_policy(write_policy(tmp_path)))
    assert list(matcher.confusions()) == list(matcher.policy.categories)


def test_it_is_close_to_really_leaving_out(matcher: Matcher) -> None:
    examples = examples_of(matcher.policy)[::40]
    categories = list(matcher.policy.categories)
    labels = np.array([categories.index(example.category) for example in examples], dtype=np.int32)
    texts = [example.words for example in examples]
    told, really = [], []
    whole_vectors, whole = _learnt(texts, labels, len(categories))
    for place in range(0, len(examples), len(examples) // 20):
        rest = [*range(place), *range(place + 1, len(examples))]
        vectors, model = _learnt([texts[other] for other in rest], labels[rest], len(categories))
        label = int(labels[place])
        really.append(model.scores(vectors(texts[place]))[label])
        told.append(whole.scores_left_out(whole_vectors(texts[place]), label)[label])
    assert np.corrcoef(told, really)[0, 1] > 0.8
    assert np.mean(told) == pytest.approx(np.mean(really), abs=0.08)


def _learnt(texts: list[tuple[str, ...]], labels: Ints, classes: int) -> tuple[Any, LinearModel]:
    vectors, rows = learn_features(texts)
    order = np.random.default_rng(0).permutation(len(texts))
    return vectors, LinearModel(rows, labels, classes, vectors.shared, order)
