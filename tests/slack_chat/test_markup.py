"""Our words as Slack's mrkdwn: only our own pieces mean anything."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.slack_chat.markup import Dialect, escape, head, to_mrkdwn, to_plain, units, unquoted
from bot.model import ChannelLink, Language, Mention, Moment, Roles, Text, ThreadLink, Value
from bot.rules.limits import clean
from bot.texts import text
from tests.test_texts import MESSAGES, NUMBERS, SPECIAL, placeholders

AT = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
ACME = Dialect("https://acme.slack.com/", "sd-", {"G1": "C1NEW"})
JOINER = "\u2060"

EDGE = r"\s\u2000-\u200f\u2026!-)+-/:-@\[-^{-}„“”‚‘’«»"
"""Spaces and punctuation: where Slack takes a word to begin or end. The joiner is none of them."""
RULES = {
    "sequence": re.compile(r"<[^<>]+>"),
    "quote": re.compile(r"^\s*(?:&gt;|＞|>)", re.MULTILINE),
    "code": re.compile(rf"(?:^|(?<=[{EDGE}]))([`｀]+)(?=\S)[^\n]*?\S?\1(?=$|[{EDGE}*_~])", re.MULTILINE),
    "format": re.compile(rf"(?:^|(?<=[{EDGE}_*~]))([*_~＊＿～])(?=\S)[^\n]*?(?<=\S)\1(?=$|[{EDGE}_*~])", re.MULTILINE),
}
"""What Slack's apps look for; nobody has written down how exactly, so this is a little stricter than what they show."""
NAMES = re.compile(r"@(?:channel|here|everyone)")

FRAGMENTS = [
    *"*_~`<>&|!@#^:. \n\t＊＿～＞",
    *(
        "<!channel>",
        "<!here|here>",
        "<@U012ABC>",
        "<#C012ABC>",
        "<!subteam^S1>",
        "<https://a.de|bank>",
        "<!date^1^{date}|x>",
    ),
    *(
        "&lt;!channel&gt;",
        "&amp;",
        "```",
        "*bold*",
        "_it_",
        "~no~",
        "`code`",
        "> quote",
        ">>> all",
        "snake_case",
        "**kwargs",
    ),
    *(
        "https://a.de/b_c?d=1&e=2",
        "http://",
        "https://a.de/_x_",
        "\r",
        "\u2028",
        "\x85",
        "ä",
        "😀",
        "x",
        ":tada:",
        JOINER,
    ),
]
strangers = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=4), max_size=20).map("".join)


def found_in(mrkdwn: str) -> list[tuple[str, str]]:
    """Everything in a text that is more than words."""
    kept = RULES["sequence"].findall(mrkdwn)
    rest = RULES["sequence"].sub("x", mrkdwn)
    found = [("sequence", one) for one in kept]
    return found + [(name, rule[0]) for name, one in RULES.items() if name != "sequence" for rule in one.finditer(rest)]


def shown(mrkdwn: str) -> str:
    """What a reader sees of a text without control sequences of ours, but for links."""
    words = re.sub(r"<(https?://[^<>|]*)>", r"\1", mrkdwn, flags=re.IGNORECASE).replace(JOINER, "")
    return words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def test_the_reader_of_these_tests_sees_markup() -> None:
    for words in (
        "*a*",
        "(*a b*)",
        "x _a_.",
        "~a~",
        "`a`",
        "```a\n```",
        "> a",
        "&gt; a",
        "<!channel>",
        "“*a*”",
        "*_a_*",
    ):
        assert found_in(words), words
    for words in ("snake_case_name", "2 * 3 * 4", "a*b*c", "a"):
        assert not found_in(words), words


@given(words=strangers)
@example(words="*_~`x`~_*")
@example(words="“*a* `b`”, (_c_)")
@example(words="&lt;!channel&gt;")
@example(words="https://a.de/|x> https://<@U1> https://a.de*")
def test_what_others_wrote_stays_words(words: str) -> None:
    told = escape(words)
    assert shown(told) == "\n".join(words.splitlines()).replace(JOINER, "")
    for kind, what in found_in(told):
        assert kind == "sequence", (kind, what)
        assert re.fullmatch(r"<https?://[^\s<>|]+>", what, re.IGNORECASE), what


@given(words=strangers, other=strangers)
def test_what_two_people_wrote_means_nothing_together(words: str, other: str) -> None:
    told = to_mrkdwn(text("because-words", person="x", excerpt=words) if words else other, Language.EN)
    told += f" {escape(other)}"
    assert {kind for kind, _ in found_in(told)} <= {"sequence"}
    assert not re.search(r"<[^h\s]|<[^>]*\|", told, re.IGNORECASE)


@pytest.mark.parametrize(
    "words", ["@channel", "<!channel>", "<!everyone|x>", "<@U012AB3CD>", "<!subteam^S1|@x>", "<#C1>"]
)
def test_nothing_that_others_wrote_can_call(words: str) -> None:
    assert "<" not in escape(words)


@pytest.mark.parametrize(
    "code", ["snake_case_name", "x = a * b", "a*b", "print(x[1:2])", "C:\\temp\\a_b.txt", ":arrow_up:"]
)
def test_ordinary_code_stays_as_it_is(code: str) -> None:
    assert escape(code) == code


@pytest.mark.parametrize("code", ["*args, **kwargs", "__init__", "`npm i`", "~/.config", "> gallery", "```\nx\n```"])
def test_what_is_copied_back_to_us_is_what_was_written(code: str) -> None:
    told = escape(code)
    assert JOINER in told
    assert clean(shown(told.replace("&gt;", ">"))) == clean(code)
    assert clean(told) == code.replace(">", "&gt;")


@pytest.mark.parametrize(
    ("words", "link"),
    [
        ("see https://shop.example/a_b?c=d&e.", "<https://shop.example/a_b?c=d&amp;e>"),
        ("(https://shop.example)", "<https://shop.example>"),
        ("*https://shop.example/_x*", "<https://shop.example/_x>"),
        ("“http://localhost:8000/”", "<http://localhost:8000/>"),
        ("https://a.de|evil", "<https://a.de>"),
        ("https://", None),
        ("javascript:alert(1)", None),
        ("https://a.de/" + "x" * 1_000, None),
        ("https://a.de/" + "&" * 500 + "x", None),
    ],
)
def test_addresses_can_be_clicked_as_they_are_read(words: str, link: str | None) -> None:
    assert [what for _, what in found_in(escape(words))] == ([link] if link else [])


def test_links_of_our_own() -> None:
    assert to_mrkdwn(text("receipt-none", person=Mention("U17")), Language.EN).startswith("<@U17>")
    assert "<#C19>" in to_mrkdwn(text("setup-sales", channel=ChannelLink("C19")), Language.DE)
    assert "<#C1NEW>" in to_mrkdwn(text("setup-sales", channel=ChannelLink("G1")), Language.DE, dialect=ACME)
    roles = text("setup-moderators", roles=Roles(("S20", "U21", "W22")))
    assert "<!subteam^S20>, <@U21>, <@W22>" in to_mrkdwn(roles, Language.EN)


def test_a_thread_is_the_address_of_its_first_message() -> None:
    told = text("claimed-where", thread=ThreadLink("C1", "C1-1700000000.000100"))
    link = "<https://acme.slack.com/archives/C1/p1700000000000100|zum Thread>"
    assert link in to_mrkdwn(told, Language.DE, dialect=ACME)
    renamed = text("claimed-where", thread=ThreadLink("G1", "G1-1700000000.000100"))
    assert "/archives/C1NEW/p1700000000000100|view thread>" in to_mrkdwn(renamed, Language.EN, dialect=ACME)


def test_a_thread_whose_address_nobody_knows_is_its_channel() -> None:
    told = text("claimed-where", thread=ThreadLink("C1", "C1-1700000000.000100"))
    assert "<#C1>" in to_mrkdwn(told, Language.EN)
    for forged in ("t1", "C1-1|x", "C1>-1700000000.000100"):
        told = text("claimed-where", thread=ThreadLink("C1", forged))
        assert [kind for kind, _ in found_in(to_mrkdwn(told, Language.EN, dialect=ACME))] in (["sequence"], [])


def test_direct_messages_are_only_named() -> None:
    told = text("claimed-where", thread=ThreadLink("C1", "D1-1700000000.000100"))
    assert to_mrkdwn(told, Language.DE, dialect=ACME).endswith("Direktnachricht")
    assert "direct message" in to_mrkdwn(text("setup-sales", channel=ChannelLink("D1")), Language.EN, dialect=ACME)


@pytest.mark.parametrize("forged", ["U1>x", "!channel", "C1|x", "", "emma", "U1> <!here"])
def test_forged_ids_stay_words(forged: str) -> None:
    values: dict[str, Value] = {"person": Mention(forged), "channel": ChannelLink(forged), "roles": Roles((forged,))}
    for key, name in (("receipt-none", "person"), ("setup-sales", "channel"), ("setup-moderators", "roles")):
        assert not found_in(to_mrkdwn(Text(key, {name: values[name]}), Language.EN))


@pytest.mark.parametrize("language", Language)
def test_our_own_sentences_mean_nothing_by_accident(language: Language) -> None:
    for key, message in MESSAGES[language].items():
        names = placeholders(message)
        values = {name: 2 if name in NUMBERS else SPECIAL.get(name, "*x* <!here>") for name in names}
        found = found_in(to_mrkdwn(Text(key, values), language))
        assert all(what.startswith("<!date^") for _, what in found), (key, found)


def test_moments_are_told_in_the_readers_zone() -> None:
    told = text("expect-normal", span="1", soft=Moment(AT), hard=Moment(AT))
    date = "<!date^1772600760^{date_short_pretty}, {time}|Wed 4 March, 05:06 UTC>"
    assert to_mrkdwn(told, Language.EN).count(date) == 2
    assert "Wed 4 March" in to_plain(told, Language.EN, limit=200)


def test_commands_in_our_sentences_have_the_names_of_the_workspace() -> None:
    told = text("refused-reason-needed", ahead=1, number=12)
    assert "/sd-claim 12" in to_mrkdwn(told, Language.EN, dialect=ACME)
    assert "/claim 12" in to_mrkdwn(told, Language.EN)
    assert "/sd-setup," in to_mrkdwn(text("refused-setup-words"), Language.EN, dialect=ACME)
    assert "/sd-claim 12" in to_plain(told, Language.EN, limit=200, dialect=ACME)
    closing = text("refused-too-many-open", limit=3)
    assert "/sd-close-ticket." in to_mrkdwn(closing, Language.EN, dialect=ACME)
    assert "/close-ticket." in to_plain(closing, Language.EN, limit=200)


@pytest.mark.parametrize("words", [Text("refused-no-such-command", {"name": "x /close"}), "/close", "a /close b"])
def test_commands_that_others_wrote_stay_as_they_are(words: Text | str) -> None:
    assert "/close" in to_mrkdwn(words, Language.EN, dialect=ACME)
    assert "/close" in to_plain(words, Language.EN, dialect=ACME)


def test_forged_holes_stay_empty() -> None:
    forged = text("because", person=Mention("U1"), excerpt="\ue0000\ue001", phrase="x")
    assert to_mrkdwn(forged, Language.EN).count("<@U1>") == 1
    assert "\ue000" not in to_plain("\ue0000\ue001", Language.EN)


def test_a_line_becomes_no_quotation_by_being_cut() -> None:
    assert unquoted("&gt; a\n> b") == f"{JOINER}&gt; a\n> b"
    assert unquoted(unquoted("  &gt; a")) == unquoted("  &gt; a")


@given(words=st.text() | strangers, limit=st.integers(5, 60))
def test_plain_text_is_one_line_within_its_limit_even_escaped(words: str, limit: int) -> None:
    told = to_plain(words, Language.EN, limit=limit)
    assert units(told.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")) <= limit
    assert "\n" not in told
    whole = " ".join(words.replace("\ue000", "").replace("\ue001", "").split())
    assert told == whole or told.endswith("…")


@given(words=st.text(), limit=st.integers(0, 50))
def test_a_head_is_the_longest_that_fits(words: str, limit: int) -> None:
    beginning = head(words, limit)
    assert words.startswith(beginning)
    assert units(beginning) <= limit
    assert beginning == words or units(words[: len(beginning) + 1]) > limit
