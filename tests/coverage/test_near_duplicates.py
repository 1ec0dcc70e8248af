"""Phrases that are nearly those of another category."""

from __future__ import annotations

from pathlib import Path

from bot.coverage.matcher import Matcher
from bot.coverage.near_duplicates import near_duplicates
from bot.coverage.policy import load_policy
from bot.model import Language
from tests.coverage.small_policy import CUSTOMIZATION, write_policy
from tests.coverage.timing import messages_worth


def test_pairs_within_a_policy_are_found_once(tmp_path: Path) -> None:
    alike = CUSTOMIZATION.replace("please add a dark mode", "the slider stays emty")
    [pair] = near_duplicates(load_policy(write_policy(tmp_path, customization_yaml=alike)))
    assert {pair.category, pair.other} == {"defect", "customization"}
    assert {pair.phrase, pair.other_phrase} == {"the slider stays empty", "the slider stays emty"}
    assert 90 <= pair.likeness < 100


def test_the_same_words_in_one_category_are_no_trouble(tmp_path: Path) -> None:
    policy = load_policy(write_policy(tmp_path))
    assert near_duplicates(policy) == []
    assert near_duplicates(policy, {"defect": ["the slider stays emty"]}) == []


def test_only_new_phrases_are_compared(matcher: Matcher) -> None:
    phrases = matcher.policy.categories["customization"].texts[Language.DE].phrases
    new = [f"{phrase}!" for phrase in phrases if len(phrase) > 30][:20]
    found = near_duplicates(matcher.policy, {"defect": new})
    assert messages_worth(matcher, lambda: near_duplicates(matcher.policy, {"defect": new}), tries=5) < 100
    assert {pair.phrase for pair in found} == set(new)
    assert all((pair.category, pair.other) == ("defect", "customization") for pair in found)


def test_spelling_does_not_hide_a_duplicate(tmp_path: Path) -> None:
    policy = load_policy(write_policy(tmp_path))
    [pair] = near_duplicates(policy, {"customization": ["Die Seite ist weiss, seit dem Update!"]})
    assert pair.other_phrase == "die seite ist weiß seit dem update"
