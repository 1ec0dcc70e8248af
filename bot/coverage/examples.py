"""The phrases of a policy as examples to learn from."""

from __future__ import annotations

from collections.abc import Iterator
from sys import intern
from typing import NamedTuple

from bot.coverage.normalise import words
from bot.coverage.policy import Policy
from bot.model import Language


class Example(NamedTuple):
    """A phrase of the policy, and the category that it stands for."""

    category: str
    language: Language
    is_look_alike: bool
    phrase: str

    @property
    def words(self) -> tuple[str, ...]:
        """The phrase's words, spelt alike; equal ones are in memory once."""
        return tuple(map(intern, words(self.phrase)))


def examples_of(policy: Policy) -> list[Example]:
    """All phrases of a policy, and the look-alikes of its categories; those of one category and language together."""
    places = {category: place for place, category in enumerate(policy.categories)}
    # what only looks like a category that is switched off is left out, too
    known = [example for example in _examples(policy) if example.category in places]
    return sorted(known, key=lambda example: (places[example.category], example.language, example.is_look_alike))


def _examples(policy: Policy) -> Iterator[Example]:
    for category in policy.categories.values():
        for language, texts in category.texts.items():
            yield from (Example(category.id, language, False, phrase) for phrase in texts.phrases)
            for other, phrases in texts.look_alikes.items():
                yield from (Example(other, language, True, phrase) for phrase in phrases)
