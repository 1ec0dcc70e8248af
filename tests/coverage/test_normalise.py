"""Spellings of the same thing become alike; greetings and thanks go, the matter stays."""

from __future__ import annotations

import pytest

from bot.coverage.normalise import sentences, without_courtesies, words
from bot.coverage.spelling import Spelling


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Für die Größe", "fuer die groesse"),
        ("FÜR DIE GRÖSSE", "fur die grosse"),
        ("don't", "dont"),
        ("geht’s", "gehts"),
        ("ｆｕｌｌｗｉｄｔｈ", "fullwidth"),
        ("neeeeeein", "neein"),
        ("PHP 8.3 and PHP v7.4.1", "php 5.6 and php 2.0"),
        ("<@123456> look <:wave:99>", "look"),
        ("see https://example.org/a?b=c now", "see now"),
        ("```\ncode\n``` breaks", "breaks"),
        ("c\u0327a\u0301f\u0300e\u0301", "cafe"),
    ],
)
def test_spellings_of_the_same_are_alike(one: str, other: str) -> None:
    assert words(one) == words(other)


def test_questions_and_exclamations_are_marked_last() -> None:
    assert words("How? Why?! Tell me.") == ["how", "why", "tell", "me", "?", "!"]


@pytest.mark.parametrize(
    "text",
    [
        "Hallo zusammen, die Seite lädt seit gestern nicht",
        "Guten Morgen! die Seite lädt seit gestern nicht. Vielen Dank im Voraus",
        "moin, die Seite lädt seit gestern nicht, danke euch und liebe Grüße Jana",
        "die Seite lädt seit gestern nicht. Mit freundlichen Grüßen Karl Ott",
    ],
)
def test_german_courtesies_are_cut_off(text: str) -> None:
    plain = [word for word in without_courtesies(words(text)) if word != "!"]
    assert plain == words("die Seite lädt seit gestern nicht")


@pytest.mark.parametrize(
    "text",
    [
        "Hi there, the page does not load",
        "Good morning all! the page does not load. Thanks so much in advance!",
        "hello support team, the page does not load, many thanks. Best regards, Sam",
    ],
)
def test_english_courtesies_are_cut_off(text: str) -> None:
    plain = [word for word in without_courtesies(words(text)) if word != "!"]
    assert plain == words("the page does not load")


@pytest.mark.parametrize("text", ["Hallo zusammen", "danke euch", "Thanks a lot, works now", "hey"])
def test_messages_that_are_hardly_more_than_courtesies_stay_whole(text: str) -> None:
    assert without_courtesies(words(text)) == words(text)


def test_sentences_end_at_full_stops_and_lines() -> None:
    assert sentences("One. Two?  Three!\nfour") == ["One.", "Two?", "Three!", "four"]


def test_misspelt_words_are_repaired_and_others_left_alone() -> None:
    spelling = Spelling(["einstellungen", "update", "blank"])
    misspelt = ["einstelungen", "updaate", "blank", "xyz", "giraffe"]
    assert spelling.repaired(misspelt) == ["einstellungen", "update", "blank", "xyz", "giraffe"]
    assert spelling.known_share(["update", "kitten"]) == 0.5
    assert spelling.known_share([]) == 0.0
    assert spelling.known_share(["update", "更新"]) == 0.5
