"""A server's own policy: learnt from the difference to the shipped one, in a moment and in little memory."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import pytest

from bot.coverage.examples import Example, examples_of
from bot.coverage.matcher import Matcher
from bot.coverage.policy import Category, CategoryTexts, Policy, load_policy
from bot.model import Action, Language, Ruling
from tests.coverage.small_policy import write_policy
from tests.coverage.timing import messages_worth

MOST_WORK = 200
"""Ordinary messages that could be told meanwhile; it takes about 50."""


def without(policy: Policy, dropped: Collection[Example]) -> Policy:
    """The policy without some of its phrases."""
    return with_phrases(
        policy,
        lambda id_, language, phrases: tuple(
            phrase for phrase in phrases if Example(id_, language, is_look_alike=False, phrase=phrase) not in dropped
        ),
    )


def with_phrases(policy: Policy, changed: Callable[[str, Language, tuple[str, ...]], tuple[str, ...]]) -> Policy:
    """The policy with other phrases."""
    categories = {
        id_: replace(
            category,
            texts={
                language: replace(texts, phrases=changed(id_, language, texts.phrases))
                for language, texts in category.texts.items()
            },
        )
        for id_, category in policy.categories.items()
    }
    return replace(policy, categories=categories)


def added(policy: Policy, category: str, language: Language, phrase: str) -> Policy:
    """The policy with one more phrase."""
    return with_phrases(
        policy, lambda id_, one, phrases: (*phrases, phrase) if (id_, one) == (category, language) else phrases
    )


@pytest.fixture(scope="module")
def examples(matcher: Matcher) -> list[Example]:
    """Some of the policy's phrases, in no order."""
    own = [one for one in examples_of(matcher.policy) if not one.is_look_alike and len(one.words) > 3]
    return random.Random(3).sample(own, 600)  # noqa: S311 (mixes, hides nothing)


@pytest.fixture(scope="module")
def poorer(matcher: Matcher, examples: list[Example]) -> Matcher:
    """A matcher that was learnt without these phrases."""
    return Matcher(without(matcher.policy, set(examples)))


def misspelt(phrase: str, chance: random.Random) -> str:
    """The phrase with a letter lost or doubled in one of three longer words."""
    done = []
    for word in phrase.split(" "):
        place = chance.randrange(1, max(2, len(word) - 1))
        typo = word[:place] + chance.choice(["", word[place] * 2]) + word[place + 1 :] if len(word) > 4 else word
        done.append(typo if chance.random() < 0.3 else word)
    return " ".join(done)


def test_a_new_phrase_is_right_at_once_also_with_typos(poorer: Matcher, examples: list[Example]) -> None:
    chance = random.Random(5)  # noqa: S311 (the same each time, hides nothing)
    wrong = [one for one in examples if poorer.match(one.phrase).category != one.category][:50]
    assert len(wrong) == 50
    right = misspelt_right = 0
    for example in wrong:
        adapted = poorer.adapted(added(poorer.policy, example.category, example.language, example.phrase))
        right += adapted.match(example.phrase).category == example.category
        misspelt_right += adapted.match(misspelt(example.phrase, chance)).category == example.category
    assert right >= 49
    assert misspelt_right >= 49


def test_a_few_phrases_more_or_less_change_little_else(matcher: Matcher, examples: list[Example]) -> None:
    fewer = without(matcher.policy, set(examples[:20]))
    adapted, anew = matcher.adapted(fewer), Matcher(fewer)
    back = anew.adapted(matcher.policy)
    others = [one.phrase for one in examples[100:]]
    assert agreement(adapted, anew, others) >= 0.98
    assert agreement(back, matcher, others) >= 0.98


def agreement(one: Matcher, other: Matcher, messages: list[str]) -> float:
    """Share of the messages that both tell as the same category."""
    return sum(one.match(text).category == other.match(text).category for text in messages) / len(messages)


def test_adapting_takes_a_moment_and_little_memory(matcher: Matcher, examples: list[Example]) -> None:
    policy = without(matcher.policy, set(examples[:20]))
    assert messages_worth(matcher, lambda: matcher.adapted(policy), tries=3) < MOST_WORK


def test_nothing_but_the_two_policies_counts(matcher: Matcher, examples: list[Example]) -> None:
    fewer = without(matcher.policy, set(examples[:5]))
    direct, detour = (
        matcher.adapted(fewer),
        matcher.adapted(without(matcher.policy, set(examples[5:20]))).adapted(fewer),
    )
    for example in examples[:100]:
        assert direct.match(example.phrase) == detour.match(example.phrase)
    same = direct.adapted(matcher.policy)
    for example in examples[:100]:
        assert same.match(example.phrase) == matcher.match(example.phrase)


def test_a_category_that_is_off_is_never_told(matcher: Matcher) -> None:
    categories = {id_: one for id_, one in matcher.policy.categories.items() if id_ != "customization"}
    adapted = matcher.adapted(replace(matcher.policy, categories=categories))
    for phrase in matcher.policy.categories["customization"].texts[Language.EN].phrases:
        verdict = adapted.match(phrase)
        assert verdict.category != "customization"
        assert adapted.likest_phrase(verdict) != phrase
        assert "customization" not in dict(adapted.candidates(phrase))


def test_a_new_category_is_told_and_takes_nothing_from_others(matcher: Matcher, examples: list[Example]) -> None:
    german = (
        "wo finde ich die rechnung mit umsatzsteuer",
        "die steuernummer unserer gmbh steht nicht drauf",
        "brauche die rechnung auf einen anderen firmennamen",
        "könnt ihr die rechnung als xrechnung schicken",
    )
    english = (
        "the invoice lacks our vat number",
        "please put another company name on the invoice",
        "can you send the invoice as a pdf with vat",
        "invoice shows the wrong billing address",
    )
    texts = {
        Language.DE: CategoryTexts("Rechnungen", "Rechnungen stellt der Marktplatz.", "Dort.", german, {}),
        Language.EN: CategoryTexts("Invoices", "The marketplace writes invoices.", "There.", english, {}),
    }
    new = Category("invoices", Ruling.NOT_COVERED, texts)
    adapted = matcher.adapted(replace(matcher.policy, categories={**matcher.policy.categories, "invoices": new}))
    for phrase in (*german, *english):
        assert adapted.match(phrase).category == "invoices"
    likely = [id_ for id_, _ in adapted.candidates("our vat number is missing on the invoice")]
    assert "invoices" in likely[:2], "eight phrases cannot beat the hundreds about invoices, but come close"
    others = [one.phrase for one in examples]
    assert agreement(adapted, matcher, others) > 0.97


def test_a_changed_ruling_needs_no_learning(matcher: Matcher) -> None:
    paid = replace(matcher.policy.categories["customization"], ruling=Ruling.PAID)
    adapted = matcher.adapted(replace(matcher.policy, categories={**matcher.policy.categories, "customization": paid}))
    assert adapted.match("please add a dark mode to the theme for me").ruling is Ruling.PAID


def test_a_removed_phrase_is_not_quoted_any_more(matcher: Matcher, examples: list[Example]) -> None:
    quoted = [one for one in examples if quoted_for(matcher, one.phrase) == one.phrase][:20]
    assert quoted
    adapted = matcher.adapted(without(matcher.policy, set(quoted)))
    for example in quoted:
        assert quoted_for(adapted, example.phrase) != example.phrase


def quoted_for(matcher: Matcher, message: str) -> str | None:
    return matcher.likest_phrase(matcher.match(message))


def test_a_wholly_different_policy_is_learnt_anew(matcher: Matcher, tmp_path: Path) -> None:
    small = load_policy(write_policy(tmp_path))
    adapted = matcher.adapted(small)
    assert adapted.match("the slider stays empty") == Matcher(small).match("the slider stays empty")
    assert adapted.match("bitte baut einen dunklen modus ein").category == "customization"


def test_candidates_come_likeliest_first(matcher: Matcher) -> None:
    candidates = matcher.candidates("the slider throws an error since the update")
    assert candidates[0][0] == "defect"
    chances = [chance for _, chance in candidates]
    assert chances == sorted(chances, reverse=True)
    assert sum(chances) == pytest.approx(1, abs=1e-3)
    assert matcher.candidates("") == []


def test_a_verdict_of_an_adapted_matcher_is_whole(matcher: Matcher, examples: list[Example]) -> None:
    adapted = matcher.adapted(without(matcher.policy, set(examples[:20])))
    verdict = adapted.match("The slider of your theme throws an error in the console since the last update.")
    assert verdict.action is Action.ANSWER
    assert adapted.likest_phrase(verdict) in adapted.policy.categories["defect"].texts[Language.EN].phrases


def test_a_small_new_category_does_not_outweigh_the_others(matcher: Matcher) -> None:
    """Six phrases must not make the bot unsure of all that has nothing to do with them."""
    lines = {
        Language.DE: ("darf ich die Schriftart drucken?", "welche Lizenz hat die Schrift?", "Schriftlizenz fürs Büro"),
        Language.EN: (
            "may I print the typeface?",
            "which licence has the typeface?",
            "typeface licence for the office",
        ),
    }
    for ruling in (Ruling.NOT_COVERED, Ruling.NOT_IN_POLICY):
        texts = {one: CategoryTexts("Fonts", "Clause.", "Answer.", some, {}) for one, some in lines.items()}
        fonts = Category("fonts", ruling, texts)
        adapted = matcher.adapted(replace(matcher.policy, categories={**matcher.policy.categories, "fonts": fonts}))
        for text in ("der Export bricht mit einer Fehlermeldung ab", "the gallery crashes as soon as I open it"):
            assert adapted.match(text).action is Action.ANSWER
