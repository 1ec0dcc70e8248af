"""A policy of many more categories and phrases than ours still answers at once."""

from __future__ import annotations

import random

from bot.coverage.matcher import Matcher
from bot.coverage.policy import Category, CategoryTexts, Policy
from bot.model import Language, Ruling
from tests.coverage.timing import messages_worth

CHANCE = random.Random(7)  # noqa: S311 (the same each time, hides nothing)
SYLLABLES = [f"{start}{vowel}" for start in (*"bdfgklmnprstw", "st", "tr") for vowel in "aeiou"]
WORDS = ["".join(CHANCE.choices(SYLLABLES, k=CHANCE.choice((2, 3, 4)))) for _ in range(6_000)]


def made_up(topic: list[str]) -> str:
    """A phrase about something."""
    words = [CHANCE.choice(CHANCE.choice((topic, WORDS[:300], WORDS))) for _ in range(CHANCE.randrange(3, 8))]
    return " ".join(words)


def made_up_category(number: int) -> Category:
    topic = CHANCE.sample(WORDS, 60)
    texts = {
        language: CategoryTexts("t", "c.", "a.", tuple(made_up(topic) for _ in range(50)), {}) for language in Language
    }
    return Category(f"category_{number}", list(Ruling)[number % 4], texts)


def test_two_hundred_categories_of_a_hundred_phrases_answer_at_once(matcher: Matcher) -> None:
    categories = {category.id: category for category in map(made_up_category, range(200))}
    large = Matcher(Policy(categories, {}, "made up"))
    for category in list(categories.values())[::5]:
        phrase = category.texts[Language.DE].phrases[0]
        assert large.match(phrase).category == category.id
        assert messages_worth(matcher, lambda phrase=phrase: large.match(phrase), tries=5) < 3  # type: ignore[misc]
