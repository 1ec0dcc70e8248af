"""Cleaning never fails, changes nothing twice, and leaves nothing behind that breaks files and pages."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.model import Refusal, ServerSettings
from bot.rules.limits import QUERY_LIMIT, TEXT_LIMIT, clean, require_room, title

WORDS = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)
"""Any text at all, lone surrogates included."""
NASTY = st.text(
    st.sampled_from("ab \n\t\0\u200b\u200d\u202e\ud800\u0301\u0316\u0489\u1100\u1161\u00e9…😀"), max_size=40
)


@given(st.one_of(WORDS, NASTY), st.integers(1, 50))
@example("e\u0301\u0316\u0489\u0301", 50)
@example("\u1100\u0301\u0301\u0301\u1161", 50)
def test_cleaning_twice_is_cleaning_once(words: str, limit: int) -> None:
    once = clean(words, limit)
    assert clean(once, limit) == once


@given(st.one_of(WORDS, NASTY), st.integers(1, 50))
def test_clean_words_can_be_stored_and_shown(words: str, limit: int) -> None:
    told = clean(words, limit)
    assert len(told) <= limit
    assert told == told.strip()
    assert told.encode("utf-8").decode("utf-8") == told
    categories = {unicodedata.category(letter) for letter in told if letter not in "\n\t\u200d"}
    assert not categories & {"Cc", "Cf", "Cs", "Cn"}
    assert not re.search("[\u0300-\u036f]{3}", told)


@given(st.one_of(WORDS, NASTY), st.integers(1, 50))
def test_a_title_is_one_line(words: str, limit: int) -> None:
    told = title(words, limit)
    assert len(told) <= limit
    assert told == " ".join(told.split())


@pytest.mark.parametrize(
    "words",
    ["Die Galerie stürzt ab", "a\n\nb", "x\ty", "naïve café", "👩‍👩‍👧 family", "Ελληνικά", "日本語", "C:\\temp & <b>"],
)
def test_honest_words_stay_as_they_are(words: str) -> None:
    assert clean(words) == words


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("e\u0301", "é"),
        ("a\0b", "ab"),
        ("a\u202eb", "ab"),
        ("  a  ", "a"),
        ("\r\n", ""),
        ("!" + "\u0301" * 99, "!\u0301\u0301"),
        ("a" * (TEXT_LIMIT + 1), "a" * (TEXT_LIMIT - 1) + "…"),
        ("a" * TEXT_LIMIT, "a" * TEXT_LIMIT),
    ],
)
def test_what_is_cleaned(words: str, told: str) -> None:
    assert clean(words) == told


def test_a_title_is_short_enough_for_a_thread() -> None:
    assert len(title("word " * 1_000)) <= QUERY_LIMIT == 100


def room(open_tickets: int, lately: int, *, is_blocked: bool = False) -> str | None:
    """The key of the refusal, or None."""
    settings = ServerSettings(open_limit=3, hourly_limit=5)
    try:
        require_room(settings, is_blocked=is_blocked, open_tickets=open_tickets, opened_last_hour=lately)
    except Refusal as refusal:
        return refusal.text.key
    return None


def test_there_is_room_up_to_the_limits() -> None:
    assert room(2, 4) is None
    assert room(3, 0) == "refused-too-many-open"
    assert room(0, 5) == "refused-too-many-an-hour"
    assert room(0, 0, is_blocked=True) == "refused-blocked"
