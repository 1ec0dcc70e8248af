"""What a policy must keep to when moderators change it. Each refusal says what to mend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.coverage.changes import lines_of, phrase_count
from bot.coverage.policy import (
    ANSWER_TIME,
    FEWEST_PHRASES,
    Category,
    CategoryTexts,
    Policy,
    has_brackets,
    has_stray_brackets,
)
from bot.model import QUIET, Language, Refusal, Ruling, Text, Value

MOST_CATEGORIES = 200
MOST_PHRASES = 20_000
"""In all: so large a policy is still matched within five milliseconds."""
LONGEST_PHRASE = 1_000
"""Characters; of longer messages the end is not examined anyway."""
_LONGEST = {"title": 80, "clause": 1_000, "answer": 2_000}
"""Characters of a category's texts."""


def require_sound(policy: Policy, touched: Iterable[str]) -> None:
    """Refuse a policy whose `touched` categories could not be matched, or would leave somebody without an answer."""
    if not policy.categories:
        raise Refusal("refused-no-category")
    if len(policy.categories) > MOST_CATEGORIES:
        raise Refusal("refused-too-many-categories", most=MOST_CATEGORIES)
    if phrase_count(policy) > MOST_PHRASES:
        raise Refusal("refused-too-many-phrases", most=MOST_PHRASES)
    for id_ in touched:
        if id_ in policy.categories:  # it may be switched off
            for language in Language:
                _require_sound_texts(policy.categories[id_], language)


def _require_sound_texts(category: Category, language: Language) -> None:
    texts = category.texts[language]
    where: dict[str, Value] = {"title": texts.title or category.id, "language": Text(f"language-{language}")}
    if not texts.title:
        raise Refusal("refused-no-title", **where)
    if not texts.clause and category.ruling not in QUIET:
        raise Refusal("refused-no-clause", **where)
    if not texts.answer and category.ruling is not Ruling.SILENCE:
        raise Refusal("refused-no-answer", **where)
    for part, most in _LONGEST.items():
        if len(getattr(texts, part)) > most:
            raise Refusal("refused-too-long", **where, most=most)
    if has_brackets(texts.title) or has_stray_brackets(texts.clause) or has_stray_brackets(texts.answer):
        raise Refusal("refused-brackets", **where, placeholder=ANSWER_TIME)
    if len(texts.phrases) < FEWEST_PHRASES:
        raise Refusal("refused-too-few-phrases", **where, fewest=FEWEST_PHRASES)
    _require_short_phrases(category.id, texts, where)


def _require_short_phrases(id_: str, texts: CategoryTexts, where: Mapping[str, Value]) -> None:
    for phrases in lines_of(id_, texts).values():
        for phrase in phrases:
            if len(phrase) > LONGEST_PHRASE:
                raise Refusal("refused-long-phrase", **where, phrase=phrase[:60], most=LONGEST_PHRASE)
