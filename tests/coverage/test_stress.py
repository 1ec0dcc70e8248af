"""Changed messages are what they are called, always the same, and what they do to verdicts is counted right."""

from __future__ import annotations

from rapidfuzz.distance import OSA

from bot.coverage.evaluate import Labelled, outcomes_of
from bot.coverage.matcher import Matcher
from bot.coverage.stress import CHANGES, RANT, changed, foreign, stress
from bot.coverage.stress_texts import COMPLAINTS, FOREIGN, GREETINGS
from bot.model import Action

GERMAN = Labelled(text="Größe ändern? Die Schrift, ja: die SEITE wird's nicht.", lang="de", category="usage_question")
LONG = Labelled(text=" ".join(["picture"] * 1000), lang="en", category="defect")


def now_reads(change: str) -> str:
    return changed(change, GERMAN).text


def test_spelling_is_changed_as_the_name_says() -> None:
    assert now_reads("a for ä, o for ö, u for ü") == "Große andern? Die Schrift, ja: die SEITE wird's nicht."
    assert now_reads("ae for ä, oe for ö, ue for ü") == "Groesse aendern? Die Schrift, ja: die SEITE wird's nicht."
    assert now_reads("no punctuation") == "Größe ändern Die Schrift ja die SEITE wirds nicht"
    assert now_reads("all small") == "größe ändern? die schrift, ja: die seite wird's nicht."
    assert now_reads("ALL CAPITALS") == "GRÖSSE ÄNDERN? DIE SCHRIFT, JA: DIE SEITE WIRD'S NICHT."
    assert now_reads("English words in German sentences") == "Größe changen? Die font, ja: die page wird's nicht."


def test_english_messages_stay_english() -> None:
    english = Labelled(text="the version on my Handy", lang="en", category="defect")
    assert changed("English words in German sentences", english) == english


def test_so_many_words_have_one_typo_each() -> None:
    for change, least, most in (
        ("typos in a tenth of the words", 70, 130),
        ("typos in a quarter of the words", 210, 290),
    ):
        words = changed(change, LONG).text.split()
        assert len(words) == 1000
        typos = [OSA.distance(word, "picture") for word in words if word != "picture"]
        assert set(typos) == {1}
        assert least < len(typos) < most


def test_a_rant_has_the_message_whole_in_its_middle() -> None:
    rant = now_reads("in the middle of a rant of 2,000 characters")
    assert RANT - 200 < len(rant) <= RANT
    assert 0.4 < rant.index(GERMAN.text) / len(rant) < 0.6


def test_a_message_as_long_as_a_rant_stays_alone() -> None:
    assert changed("in the middle of a rant of 2,000 characters", LONG) == LONG


def test_courtesies_stand_around_the_message() -> None:
    assert now_reads("greetings and thanks around") in {
        before + GERMAN.text + behind for before, behind in GREETINGS["de"]
    }


def test_every_change_is_the_same_each_time() -> None:
    for change in CHANGES:
        assert changed(change, LONG) == changed(change, LONG)


def test_only_changed_messages_count_each_against_itself(matcher: Matcher) -> None:
    messages = [
        Labelled(text="since the last update the gallery crashes as soon as i open it", lang="en", category="defect"),
        Labelled(text="Since The Last Update The Gallery Crashes On Opening", lang="en", category="customization"),
    ]
    found = {one.name: one for one in stress(matcher, outcomes_of(matcher, messages))}
    assert list(found) == list(CHANGES)
    small = found["all small"]
    assert (small.before.messages, small.after.messages) == (1, 1)
    assert (small.before.verdict_right, small.after.verdict_right, small.kept) == (0, 0, 1)
    assert found["ALL CAPITALS"].after.messages == 2
    assert found["ALL CAPITALS"].after.verdict_right == 0.5


def test_complaints_alone_are_not_answered(matcher: Matcher) -> None:
    """Else a rant would not measure how well the message within it is found."""
    for complaints in COMPLAINTS.values():
        assert [text for text in complaints if matcher.match(text).action is Action.ANSWER] == []


def test_other_languages_are_counted(matcher: Matcher) -> None:
    *languages, together = foreign(matcher)
    assert len(languages) == len(FOREIGN) >= 8
    assert together.messages == sum(group.messages for group in languages)
    for group in [*languages, together]:
        assert 0 <= group.silent <= group.not_answered <= 1
    assert together.not_answered > 0.95
    assert together.silent > 0.7
