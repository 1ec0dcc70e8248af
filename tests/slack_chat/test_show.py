"""Our messages on Slack: within its limits whatever they hold, and nothing of them lost."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack_chat.markup import Dialect
from adapters.slack_chat.show import Page, home_with, modal_with, pages, waiting_modal
from bot.model import Block, BlockKind, Button, ButtonStyle, Content, Language, Mention, Moment, Ruling, Text
from bot.texts import Holes, heading, item, note, paragraph, quote, text
from tests.slack_chat.blocks import check_message, check_view, needs_schema, texts_in

JOINER = "\u2060"
DIALECT = Dialect("https://acme.slack.com/", "sd-")
WORDS = [
    *(
        "Hallo ",
        "*",
        "x" * 700,
        "\n",
        "\n\n",
        "> ",
        "😀" * 50,
        "https://a.de/b?c&d ",
        "<!channel> ",
        "&" * 300,
        "ü" * 9,
    ),
    *("&lt; ", "`a` ", "_" * 90, "• ", ">" * 200),
]


def content(*blocks: Block, buttons: int = 0, ruling: Ruling | None = None) -> Content:
    some = tuple(Button(f"claim:{number}", text("button-claim")) for number in range(buttons))
    return Content(Language.EN, blocks, some, ruling)


def shown(*blocks: Block, **more: Any) -> list[dict[str, Any]]:
    (page,) = pages(content(*blocks, **more), DIALECT)
    return page.blocks


def buttons_of(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [button for block in blocks if block["type"] == "actions" for button in block["elements"]]


def words_of(block: dict[str, Any]) -> str:
    (words,) = texts_in(block)
    return words


def letters(words: str) -> str:
    """What is to be read, without spaces, joiners, and the signs of lists."""
    return re.sub(rf"[\s•{JOINER}]", "", words)


def told_by(page: Page) -> str:
    """The letters of the texts of a page."""
    told = ""
    for block in page.blocks:
        if block["type"] == "header":
            told += letters(words_of(block))
        elif block["type"] != "actions":
            words = re.sub(r"<(https?://[^<>]*)>", r"\1", words_of(block)).replace(">", "")  # others' are escaped
            is_bold = words.startswith("*") and words.endswith("*")
            words = words[1:-1] if is_bold else words
            told += letters(words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    return told


contents = st.builds(
    lambda blocks, buttons, ruling: content(*blocks, buttons=buttons, ruling=ruling),
    st.lists(
        st.builds(
            Block,
            st.sampled_from(BlockKind),
            st.lists(st.sampled_from(WORDS) | st.text(max_size=9), max_size=25).map("".join),
        ),
        max_size=12,
    ),
    st.integers(0, 25),
    st.none() | st.sampled_from(Ruling),
)


@needs_schema
@settings(max_examples=60, deadline=None)
@given(content=contents)
def test_whatever_is_said_keeps_the_limits_and_loses_nothing(content: Content) -> None:
    shown = pages(content, DIALECT)
    for page in shown:
        check_message(page.text, page.blocks)
    assert [len(buttons_of(page.blocks)) for page in shown] == [0] * (len(shown) - 1) + [len(content.buttons)]
    said = letters(Holes().foreign("".join(str(block.words) for block in content.blocks)))
    told = re.sub("[🟢🟠🟣🔵]", "", "".join(told_by(page) for page in shown))
    assert told == re.sub("[🟢🟠🟣🔵]", "", said)


@needs_schema
@settings(max_examples=30, deadline=None)
@given(content=contents)
def test_views_keep_the_limits(content: Content) -> None:
    check_view(modal_with(content, DIALECT, "x" * 3_000))
    check_view(home_with(content, DIALECT))


@needs_schema
@pytest.mark.parametrize("language", Language)
def test_a_modal_to_look_at_meanwhile(language: Language) -> None:
    view = waiting_modal(language)
    check_view(view)
    assert words_of(view["blocks"][0]) in {"Einen Moment, bitte …", "One moment, please …"}


@needs_schema
def test_a_view_that_is_too_long_says_so_and_keeps_its_buttons() -> None:
    view = home_with(content(*(note("n") for _ in range(150)), buttons=7), DIALECT)
    check_view(view)
    assert len(view["blocks"]) == 100
    assert len(buttons_of(view["blocks"])) == 7
    assert words_of(view["blocks"][-3]) == "…"


@pytest.mark.parametrize(
    ("gap", "unit"),
    [("\n\n", "A paragraph of its own."), ("\n", "A line of its own."), (" ", "word")],
    ids=["paragraphs", "lines", "words"],
)
def test_what_is_too_long_is_cut_between(gap: str, unit: str) -> None:
    long = gap.join([unit] * (8_000 // len(gap + unit)))
    blocks = shown(paragraph(long))
    assert len(blocks) == 3
    for block in blocks:
        assert words_of(block).startswith(unit)
        assert words_of(block).endswith(unit)


@pytest.mark.parametrize(("block", "first", "further"), [(quote, "> ", "> "), (item, "• ", "   "), (paragraph, "", "")])
def test_a_cut_line_goes_on_as_what_it_was(block: Any, first: str, further: str) -> None:
    words = "a" * 2_996 + " > " + "b" * 30
    beginning, rest = map(words_of, shown(block(words)))
    assert beginning == first + "a" * 2_996
    assert rest == f"{further}{JOINER}&gt; " + "b" * 30


def test_neither_addresses_nor_dates_nor_escaped_signs_are_torn() -> None:
    long = text("added-moved", number=1, thread=text("expect-by", hard=Moment(datetime(2026, 3, 4, tzinfo=UTC))))
    date = "<!date^1772582400^{date_short_pretty}, {time}|Wed 4 March, 00:00 UTC>"
    for length in range(2_850, 3_000, 7):
        told = Text(
            "refused-field-missing", {"field": Text("because-words", {"person": "x" * length, "excerpt": long})}
        )
        assert date in " ".join(map(words_of, shown(paragraph(told))))
    for length in range(2_990, 3_000):
        *_, rest = map(words_of, shown(paragraph("x" * length + "&" * 9)))
        assert re.fullmatch("(?:&amp;)+", rest)
    link = "https://a.de/" + "x" * 900
    assert f"<{link}>" in map(words_of, shown(paragraph("x" * 2_900 + " " + link)))


def test_each_kind_of_block_looks_as_people_expect() -> None:
    blocks = shown(heading("h"), paragraph("p"), quote("q\n\nr"), item("i"), item("j\nk"), note("n"), item("l"))
    assert [(block["type"], words_of(block)) for block in blocks] == [
        ("header", "h"),
        ("section", "p"),
        ("section", "> q\n> \n> r"),
        ("section", "• i\n• j\n   k"),
        ("context", "n"),
        ("section", "• l"),
    ]


def test_slack_looks_for_no_names_in_our_texts() -> None:
    blocks = shown(heading("h"), paragraph("@channel"), item("#general"), note("@here"))
    texts = [block.get("text") or block["elements"][0] for block in blocks[1:]]
    assert all(words["verbatim"] is True for words in texts)


def test_a_heading_with_links_or_too_many_words_is_bold() -> None:
    (linked,) = shown(heading(text("offer-for", person=Mention("U1"))))
    assert (linked["type"], words_of(linked)) == ("section", "*For <@U1>*")
    nested = Text("refused-field-missing", {"field": text("offer-for", person=Mention("U1"))})
    assert shown(heading(nested))[0]["type"] == "section"
    (long,) = shown(heading("w " * 100))
    assert words_of(long) == f"*{('w ' * 100).strip()}*"
    assert shown(heading("&" * 40))[0]["type"] == "section"
    assert shown(heading("&" * 30))[0]["type"] == "header"


@pytest.mark.parametrize("ruling", [*Ruling, None])
def test_the_ruling_is_seen_at_a_glance(ruling: Ruling | None) -> None:
    coloured = {Ruling.COVERED: "🟢 ", Ruling.NOT_COVERED: "🟠 ", Ruling.PAID: "🟣 ", Ruling.PROCESS: "🔵 "}
    (page,) = pages(content(heading("a"), paragraph("b"), heading("c"), ruling=ruling), DIALECT)
    dot = coloured.get(ruling, "") if ruling else ""
    assert list(map(words_of, page.blocks)) == [f"{dot}a", "b", "c"]
    assert page.text == f"{dot}a\nb\nc"


def test_buttons_look_as_they_are_meant() -> None:
    label = text("button-category", title="t" * 200)
    some = tuple(Button(f"{style}:1", label, style) for style in ButtonStyle) * 2
    (page,) = pages(Content(Language.EN, (paragraph("p"),), some), DIALECT)
    assert [len(block["elements"]) for block in page.blocks if block["type"] == "actions"] == [5, 1]
    buttons = buttons_of(page.blocks)
    assert [button.get("style") for button in buttons[:3]] == ["primary", None, "danger"]
    assert [button["value"] for button in buttons[:3]] == ["primary:1", "plain:1", "danger:1"]
    assert [button["action_id"] for button in buttons] == [f"desk.{number}" for number in range(6)]
    assert all(len(button["text"]["text"]) == 75 for button in buttons)


def test_the_plain_form_tells_the_whole_page_as_far_as_it_goes() -> None:
    told = text("offer-for", person=Mention("U1"))
    (page,) = pages(content(heading("a < b"), paragraph(told), quote("<!channel>"), item("i")), DIALECT)
    assert page.text == "a &lt; b\nFor <@U1>\n> &lt;!channel&gt;\n• i"
    (long,) = pages(content(*(paragraph("word " * 500) for _ in range(4))), DIALECT)
    assert 2_000 < len(long.text) <= 3_000
    assert long.text.endswith("word…")


def test_there_is_always_something_to_send() -> None:
    assert pages(content(paragraph("  ")), DIALECT) == [Page("…", [])]
    (page,) = pages(content(buttons=1), DIALECT)
    assert (page.text, len(page.blocks)) == ("…", 1)


def test_commands_are_told_by_their_names_in_the_workspace() -> None:
    (block,) = shown(heading(text("refused-setup-words")))
    assert words_of(block).startswith("Use /sd-setup, /sd-setup rules")
