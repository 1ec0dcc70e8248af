"""Our words as Discord's markdown: only our own pieces mean anything."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.discord_chat.markup import escape, head, to_markdown, to_plain, units
from bot.model import ChannelLink, Language, Mention, Moment, Roles, Text, ThreadLink
from bot.texts import text
from tests.test_texts import MESSAGES, NUMBERS, SPECIAL, placeholders

AT = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
ZERO_WIDTH_SPACE = "\u200b"

BLOCK = re.compile(r"[ \t]*(?:#{1,3}|-#|[-*+]|\d+[.)]|>{1,3})(?=\s|$)")
RULES = {
    "escaped": re.compile(r"\\([^0-9A-Za-z\s])"),
    "link": re.compile(r"<([^: >]+:/[^ >]+)>"),
    "address": re.compile(r"(?:https?|steam)://[^\s<]+"),
    "mention": re.compile(r"<(?:@[!&]?|#)\d+>|@(?:everyone|here)"),
    "timestamp": re.compile(r"<t:-?\d+(?::\w)?>"),
    "command": re.compile(r"</[^:>\n]+:\d+>"),
    "guide": re.compile(r"<id:\w+>"),
    "emoji": re.compile(r"<a?:\w+:\d+>|:[^\s:]+?:"),
    "masked link": re.compile(r"\[[^\]]*\]\([^)]*\)"),
    "format": re.compile(r"[*_~|`]"),
}
"""What Discord's app looks for, in its order, a little stricter than it is."""

FRAGMENTS = [
    *"\\*_~|`<>[]()@#:!&-+.1 \n\t/",
    *("@everyone", "<@123456789012345678>", "<@&1>", "<#2>", "</close:3>", "<id:customize>", "<t:1700000000:R>"),
    *(":smile:", "<:a:1>", "https://", "https://a.de/b_c", "http://x.y.z?q=1", "[x](https://evil.com)", "-# ", "1. "),
    *("\r", "\u2028", "\x85", "||", "```", "ä", "😀", "discord.gg/abc", "https://discord.gg/abc", "steam://run/1"),
]
strangers = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=4), max_size=20).map("".join)


def read(markdown: str) -> tuple[str, list[tuple[str, str]]]:
    """What Discord shows of a text, and everything in it that is more than words."""
    shown, found, at = "", [], 0
    while at < len(markdown):
        if (at == 0 or markdown[at - 1] == "\n") and (block := BLOCK.match(markdown, at)):
            found.append(("block", block[0]))
        for name, rule in RULES.items():
            match = rule.match(markdown, at)
            if match:
                words = match[1] if rule.groups else match[0]
                shown, at = shown + words, match.end()
                if name != "escaped":
                    found.append((name, words))
                break
        else:
            shown, at = shown + markdown[at], at + 1
    return shown, found


def lines(words: str) -> str:
    return "\n".join(words.splitlines()).replace(ZERO_WIDTH_SPACE, "")


def test_the_reader_of_these_tests_sees_markup() -> None:
    for words in ("**a**", "# a", "-# a", "1. a", "> a", "[x](y)", "@here", "<t:1:f>", "https://x", "</a:1>", ":a:"):
        assert read(words)[1], words


@given(words=strangers)
@example(words="https://x.org/a(b) https://u@evil.com https://аpple.com https://a.deЯ http://localhost")
def test_what_others_wrote_stays_words(words: str) -> None:
    shown, found = read(escape(words))
    assert shown.replace(ZERO_WIDTH_SPACE, "") == lines(words)
    for name, target in found:
        assert name == "link"
        assert target in words
        assert re.match(r"https?://[\w.-]+\.[\w-]+(?:[:/?#]|$)", target, re.ASCII)


@pytest.mark.parametrize("words", ["@everyone", "<@123456789012345678>", "<@&123456789012345678>", "@here"])
def test_nothing_that_others_wrote_can_ring_even_unrendered(words: str) -> None:
    assert not re.search(r"<@[!&]?\d|@everyone|@here", escape(words))


@pytest.mark.parametrize(
    ("words", "link"),
    [
        ("see https://shop.example/a_b?c=d.", "https://shop.example/a_b?c=d"),
        ("(https://shop.example)", "https://shop.example"),
        ("https://u@evil.example/", None),
        ("https://a.exampleЯ", None),
        ("https://x.example/a(b)", None),
        ("http://localhost/x", None),
    ],
)
def test_only_honest_addresses_can_be_clicked(words: str, link: str | None) -> None:
    assert read(escape(words))[1] == ([("link", link)] if link else [])


def test_links_of_our_own() -> None:
    assert to_markdown(text("receipt-none", person=Mention("17")), Language.EN).startswith("<@17>")
    assert "<#18>" in to_markdown(text("claimed-where", thread=ThreadLink("1", "18")), Language.DE)
    assert "<#19>" in to_markdown(text("setup-sales", channel=ChannelLink("19")), Language.DE)
    roles = text("setup-moderators", roles=Roles(("20", "21")))
    assert "<@&20>, <@&21>" in to_markdown(roles, Language.EN)
    assert "@20, @21" in to_plain(roles, Language.EN)


@pytest.mark.parametrize("language", Language)
def test_our_own_sentences_mean_nothing_by_accident(language: Language) -> None:
    for key, message in MESSAGES[language].items():
        names = placeholders(message)
        values = {name: 2 if name in NUMBERS else SPECIAL.get(name, "# @here") for name in names}
        _, found = read(to_markdown(Text(key, values), language))
        assert {kind for kind, _ in found} <= {"mention", "timestamp"}, key
        assert all("@here" not in words for _, words in found), key


def test_moments_are_told_in_the_readers_zone() -> None:
    told = text("expect-normal", span="1", soft=Moment(AT), hard=Moment(AT))
    assert to_markdown(told, Language.EN).count("<t:1772600760:f>") == 2
    assert "Wed 4 March" in to_plain(told, Language.EN)


def test_commands_in_our_sentences_can_be_clicked() -> None:
    told = to_markdown(text("refused-no-support-channel"), Language.EN, commands={"setup": 5})
    assert "</setup:5>" in told
    two_words = to_markdown(text("effect-document-stays"), Language.EN, commands={"policy": 6})
    assert "</policy:6> edit document" in two_words
    assert "/setup" in to_markdown(text("refused-no-support-channel"), Language.EN, commands={"policy": 6})


@pytest.mark.parametrize("words", [Text("refused-no-such-command", {"name": "x /close"}), "/close", "a /close b"])
def test_commands_that_others_wrote_stay_words(words: Text | str) -> None:
    assert "</close" not in to_markdown(words, Language.EN, commands={"close": 7})


def test_forged_holes_stay_empty() -> None:
    forged = text("because", person=Mention("1"), excerpt="\ue0000\ue001", phrase="x")
    assert to_markdown(forged, Language.EN).count("<@1>") == to_markdown(
        text("because", person=Mention("1"), excerpt="0", phrase="x"), Language.EN
    ).count("<@1>")


@given(words=st.text(), limit=st.integers(1, 50))
def test_plain_text_is_one_line_within_its_limit(words: str, limit: int) -> None:
    told = to_plain(words, Language.EN, limit=limit)
    assert units(told) <= limit
    assert "\n" not in told
    assert told == " ".join(words.split()) or told.endswith("…")


@given(words=st.text(), limit=st.integers(0, 50))
def test_a_head_is_the_longest_that_fits(words: str, limit: int) -> None:
    beginning = head(words, limit)
    assert words.startswith(beginning)
    assert units(beginning) <= limit
    assert beginning == words or units(beginning) >= limit - 1
