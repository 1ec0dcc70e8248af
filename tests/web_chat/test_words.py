"""The page's own words: complete in both languages, and none without a use."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adapters.web_chat import server
from adapters.web_chat.people import CHANNELS, PLAYERS
from adapters.web_chat.show import page_words
from bot.coverage.matcher import Matcher
from bot.model import Action, Language, Ruling

PAGE = Path(server.__file__).parent / "page"
SOURCES = "\n".join(
    file.read_text(encoding="utf-8") for file in sorted(PAGE.iterdir()) if file.suffix in {".js", ".html"}
)
HOLE = re.compile(r"\{(\w+)\}")


def test_both_languages_say_the_same_things_with_the_same_holes() -> None:
    german, english = page_words(Language.DE), page_words(Language.EN)
    assert german.keys() == english.keys()
    for key in german:
        assert german[key].strip()
        assert set(HOLE.findall(german[key])) == set(HOLE.findall(english[key])), key


def test_every_word_that_the_page_asks_for_is_there() -> None:
    asked = set(re.findall(r"""\b(?:t|plural)\("([\w.]+)["]""", SOURCES))
    asked |= set(re.findall(r'data-(?:words|label)="([\w.]+)"', SOURCES))
    known = page_words(Language.EN)
    assert asked
    assert {key for key in asked if key not in known and f"{key}.other" not in known} == set()


def test_no_words_are_left_over() -> None:
    asked = SOURCES + Path(server.__file__).read_text(encoding="utf-8")
    built = (*re.findall(r"\b(?:t|plural)\(`([\w.]+)\$", asked), "welcome.")
    known = {re.sub(r"\.(?:one|other)$", "", key) for key in page_words(Language.EN)}
    assert {key for key in known if f'"{key}"' not in asked and not key.startswith(built)} == set()


@pytest.mark.parametrize("language", Language)
def test_the_things_to_try_name_people_and_channels_of_the_playground(language: Language) -> None:
    words = page_words(language)
    tries = {key.rpartition(".")[0] for key in words if key.endswith(".words")}
    assert len(tries) >= 3
    for key in tries:
        player = PLAYERS[words[f"{key}.person"]]
        assert player.sees(words[f"{key}.channel"])
    assert all(f"about.{channel}" in words for channel in CHANNELS)


@pytest.mark.parametrize("language", Language)
def test_what_the_welcome_proposes_to_ask_gets_the_verdict_that_it_promises(
    language: Language, matcher: Matcher
) -> None:
    words = page_words(language)
    reported, wished = matcher.match(words["welcome.1.a.words"]), matcher.match(words["welcome.1.b.words"])
    assert (reported.action, reported.ruling) == (Action.ANSWER, Ruling.COVERED)
    assert (wished.action, wished.ruling) == (Action.ANSWER, Ruling.NOT_COVERED)


def test_no_page_file_reaches_out_of_this_machine() -> None:
    for file in PAGE.iterdir():
        found = re.findall(r"(?:https?:)?//[\w-]+\.\w+[^\s\"']*", file.read_text(encoding="utf-8"))
        assert [address for address in found if "www.w3.org/2000/svg" not in address] == [], file.name
