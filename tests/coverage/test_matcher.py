"""What the matcher makes of messages, on the shipped policy."""

from __future__ import annotations

import math
import random
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.coverage.lines import verdict_line
from bot.coverage.matcher import Example, Matcher, examples_of
from bot.coverage.policy import load_policy
from bot.model import Action, Language, Ruling
from tests.coverage.small_policy import write_policy
from tests.coverage.timing import messages_worth

CHANCE = random.Random(1)  # noqa: S311 - the same each time, hides nothing
MOST_WORK = 40
"""Ordinary messages that could be told in the time that any message takes at most."""


@pytest.fixture(scope="session")
def phrases(matcher: Matcher) -> list[Example]:
    """Some hundred of the policy's phrases of more than two words, the same each time."""
    long = [example for example in examples_of(matcher.policy) if len(example.words) > 3]
    return CHANCE.sample(long, 400)


def misspelt(phrase: str) -> str:
    """The phrase with a letter lost or doubled in three of ten longer words."""
    done = []
    for word in phrase.split(" "):
        place = CHANCE.randrange(1, max(2, len(word) - 1))
        spelt = word[:place] + CHANCE.choice(["", word[place] * 2]) + word[place + 1 :] if len(word) > 4 else word
        done.append(spelt if CHANCE.random() < 0.3 else word)
    return " ".join(done)


def test_phrases_and_look_alikes_go_to_their_own_category(matcher: Matcher, phrases: list[Example]) -> None:
    right = [matcher.match(example.phrase).category == example.category for example in phrases]
    assert sum(right) / len(right) > 0.97


def test_a_moderators_own_phrase_is_cited_despite_typos(matcher: Matcher, phrases: list[Example]) -> None:
    own = [example for example in phrases if not example.is_look_alike]
    verdicts = [(example, matcher.match(misspelt(example.phrase))) for example in own]
    assert sum(verdict.category == example.category for example, verdict in verdicts) / len(verdicts) > 0.95
    cited = [(example, phrase) for example, verdict in verdicts if (phrase := matcher.likest_phrase(verdict))]
    assert sum(phrase == example.phrase for example, phrase in cited) / len(cited) > 0.95


@pytest.mark.parametrize(
    ("before", "after", "language"),
    [
        ("Hallo zusammen, ", " Vielen Dank im Voraus und liebe Grüße, Jana", Language.DE),
        ("Hi there, ", " Thanks so much in advance. Best regards, Sam", Language.EN),
    ],
)
def test_greetings_around_a_phrase_do_not_change_the_ruling(
    matcher: Matcher, phrases: list[Example], before: str, after: str, language: Language
) -> None:
    own = [one for one in phrases if one.language is language and one.category != "small_talk"]
    same = [matcher.match(before + one.phrase + after).ruling is matcher.match(one.phrase).ruling for one in own]
    assert sum(same) / len(same) > 0.95


def test_the_language_is_guessed(matcher: Matcher, phrases: list[Example]) -> None:
    right = [matcher.match(example.phrase).language is example.language for example in phrases]
    assert sum(right) / len(right) > 0.97


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n\t ",
        "ok",
        "Hilfe",
        "🎉🎉 🎉",
        "?? !!",
        "<@123> <:lol:1>",
        "https://example.org",
        "Guten Morgen zusammen",
        "thank you so much, you are the best",
        "qwlrk xzvbn trplq wmnd",
        "Dzień dobry, kiedy będzie przerwa obiadowa w sobotę?",
        "\u3053\u3093\u306b\u3061\u306f \u4e16\u754c",
    ],
)
def test_small_talk_other_languages_and_nonsense_stay_silent(matcher: Matcher, text: str) -> None:
    assert matcher.match(text).action is Action.SILENT


@pytest.mark.parametrize("text", ["ich will mein geld zurück", "where can i download my invoice"])
def test_what_the_policy_is_silent_about_is_only_offered_a_ticket(matcher: Matcher, text: str) -> None:
    verdict = matcher.match(text)
    assert (verdict.ruling, verdict.action) == (Ruling.NOT_IN_POLICY, Action.OFFER)
    line = verdict_line(verdict, matcher)
    assert [line[key] for key in ("category", "verdict", "clause", "phrase")] == [None] * 4


def test_a_verdict_tells_why(matcher: Matcher) -> None:
    text = (
        "We have used this theme in our little bakery shop since spring and the whole team is fond of it. "
        "My site was hacked through an upload script in your plugin. "
        "It rained all day here and the bread turned out well, as my aunt would say."
    )
    verdict = matcher.match(text)
    assert verdict.category == "security_fix"
    assert verdict.excerpt == "My site was hacked through an upload script in your plugin."
    assert matcher.likest_phrase(verdict) in matcher.policy.categories["security_fix"].texts[Language.EN].phrases


@pytest.mark.parametrize(
    ("message", "shared"),
    [
        ("Since the last update our header menu is totally broken on phones, nothing opens any more", "update|menu"),
        ("Seit dem Update stürzt mir die App beim Öffnen der Einstellungen jedes Mal ab", "absturz|abst|stürzt|stürz"),
        ("How long does it usually take until somebody answers a question?", "answer|reply|respon"),
        ("Könnt ihr mir bitte einen dunklen Modus für das Theme bauen?", "modus|dark|dunk"),
    ],
)
def test_the_quoted_phrase_is_about_the_same_thing(matcher: Matcher, message: str, shared: str) -> None:
    phrase = matcher.likest_phrase(matcher.match(message))
    assert phrase
    assert re.search(shared, phrase, re.IGNORECASE)


def test_the_same_message_gets_the_same_verdict_from_another_matcher(matcher: Matcher, phrases: list[Example]) -> None:
    other = Matcher(matcher.policy)
    for example in phrases[:50]:
        assert other.match(example.phrase) == matcher.match(example.phrase)


ODD = {
    "zalgo": "h" + "\u0301\u0302\u0303" * 3_000,
    "right to left": "\u202e hello world " * 500,
    "surrogates": "\ud83d help \ud800 please " * 300,
    "nul": "\0" * 5_000,
    "one long word": "x" * 100_000,
    "one long number": "1." * 50_000,
    "forms that grow": "\ufdfa" * 5_000,
    "html": "<script>alert('x')</script>" * 1_000,
    "code fences": "```" * 5_000,
    "at signs": "a@" * 10_000,
    "angle brackets": "<@" * 10_000,
    "sentences": "why? how? now! " * 3_000,
    "spaces": " " * 100_000,
    "lines": "\n" * 100_000,
    "thanks": "hallo danke " * 5_000,
    "matter": "wann wird das denn endlich mal repariert? " * 3_000,
    "unknown words": " ".join("".join(CHANCE.choices("abcdefghijk", k=7)) for _ in range(2_000)),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_texts_are_survived_quickly(matcher: Matcher, name: str) -> None:
    assert 0 <= matcher.match(ODD[name]).confidence <= 1
    assert messages_worth(matcher, lambda: matcher.match(ODD[name]), tries=10) < MOST_WORK


@given(text=st.text(max_size=400) | st.text(alphabet="hallo danke?!.\ud800\u0301<@>1\n ", max_size=1_500))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_text_gets_a_verdict_soon(matcher: Matcher, text: str) -> None:
    verdict = matcher.match(text)
    assert messages_worth(matcher, lambda: matcher.match(text), tries=10) < MOST_WORK
    assert verdict.if_waiting is None or 0 <= verdict.if_waiting.confidence <= 1
    assert 0 <= verdict.confidence <= 1
    assert not math.isnan(verdict.confidence)
    assert (verdict.category is None) == (verdict.ruling is None)
    assert verdict.action is Action.SILENT or verdict.category in matcher.policy.categories
    assert verdict.action is not Action.ANSWER or verdict.ruling in {
        Ruling.COVERED,
        Ruling.NOT_COVERED,
        Ruling.PAID,
        Ruling.PROCESS,
    }


def test_a_policy_of_few_phrases_works_too(tmp_path: Path) -> None:
    matcher = Matcher(load_policy(write_policy(tmp_path)))
    assert matcher.match("the slider stays empty").category == "defect"
    assert matcher.match("bitte baut einen dunklen modus ein").category == "customization"
