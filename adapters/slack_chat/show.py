"""Our messages on Slack: blocks, modals and the App Home, within all of its limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from adapters.slack_chat.markup import Dialect, entities, to_mrkdwn, to_plain, units, unquoted
from bot.model import (
    Block,
    BlockKind,
    Button,
    ButtonStyle,
    ChannelLink,
    Content,
    Language,
    Mention,
    Moment,
    Roles,
    Ruling,
    Text,
    ThreadLink,
    Words,
)
from bot.texts import text

CALLBACK = "desk"
"""`callback_id` of every modal of ours."""
TITLE = "Wartemarke"
"""What stands above a modal whose own title is too long for Slack, or that has none."""
LONGEST_TITLE = 24
"""Most characters above a modal and on its two buttons."""
LONGEST_HEADER = 150
"""Most characters of a header block."""
_LONGEST_TEXT = 3_000
"""Most characters of one text in a block, and of a message's plain form."""
_LONGEST_MESSAGE = 12_000
"""Most characters of all blocks of a message; from about 13,200 on, Slack answers msg_blocks_too_long."""
_MOST_BLOCKS = 50
_MOST_VIEW_BLOCKS = 100
"""Most blocks of a modal and of the App Home."""
_LARGEST_BUTTON = 200
"""Most characters of a button: 75 on it, 100 behind it."""
_ROW = 5
"""Most buttons side by side: Slack takes 25, but breaks the line anywhere."""

_DOTS = {
    Ruling.COVERED: "\N{LARGE GREEN CIRCLE}",
    Ruling.NOT_COVERED: "\N{LARGE ORANGE CIRCLE}",
    Ruling.PAID: "\N{LARGE PURPLE CIRCLE}",
    Ruling.PROCESS: "\N{LARGE BLUE CIRCLE}",
}
"""Slack's blocks have no colour, so a dot in front has it; the words beside it always say the same."""
_STYLES = {ButtonStyle.PRIMARY: "primary", ButtonStyle.DANGER: "danger"}
_SIGNS = {BlockKind.QUOTE: ("> ", "> "), BlockKind.ITEM: ("• ", "   ")}
"""How the first line of a block begins, and each further one."""
_SEQUENCE = re.compile(r"<[^<>]*>")
_TOKEN = re.compile(rf"{_SEQUENCE.pattern}|&(?:amp|lt|gt);|.", re.DOTALL)
"""What must not be torn: a control sequence, an escaped sign, a character."""


@dataclass(frozen=True, slots=True)
class Page:
    """One message."""

    text: str
    """The whole page in plain lines: for notifications, screen readers and clients that know no blocks."""
    blocks: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Part:
    """One block, and what it says as mrkdwn."""

    told: str
    block: dict[str, Any]


def pages(content: Content, dialect: Dialect) -> list[Page]:
    """A message of ours, as several where it is too long for one; the buttons stand under the last."""
    rows = _rows(content, dialect)
    most = _MOST_BLOCKS - len(rows)
    room = _LONGEST_MESSAGE - len(content.buttons) * _LARGEST_BUTTON
    filled: list[list[_Part]] = [[]]
    used = 0
    for part in _parts(content, dialect):
        if filled[-1] and (len(filled[-1]) == most or used + units(part.told) > room):
            filled.append([])
            used = 0
        filled[-1].append(part)
        used += units(part.told)
    *before, last = filled
    return [*(_page(parts, []) for parts in before), _page(last, rows)]


def modal_with(content: Content, dialect: Dialect, metadata: str = "") -> dict[str, Any]:
    """A modal that only tells something."""
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain_text(TITLE),
        "close": plain_text(to_plain(text("modal-close"), content.language, limit=LONGEST_TITLE)),
        "blocks": _view_blocks(content, dialect),
        "private_metadata": metadata,
    }


def home_with(content: Content, dialect: Dialect) -> dict[str, Any]:
    """The App Home."""
    return {"type": "home", "callback_id": CALLBACK, "blocks": _view_blocks(content, dialect)}


def waiting_modal(language: Language) -> dict[str, Any]:
    """A modal to look at until the real one is there."""
    return modal_with(Content(language, (Block(BlockKind.PARAGRAPH, text("modal-wait")),)), Dialect())


def plain_text(words: str) -> dict[str, Any]:
    """A text object that shows characters as they are; Slack refuses an empty one."""
    return {"type": "plain_text", "text": words or "…", "emoji": True}


def _view_blocks(content: Content, dialect: Dialect) -> list[dict[str, Any]]:
    """The blocks of a view, which cannot go on elsewhere: what is too long ends with three dots."""
    rows = _rows(content, dialect)
    blocks = [part.block for part in _parts(content, dialect)] or [_text_part("section", "…").block]
    most = _MOST_VIEW_BLOCKS - len(rows)
    if len(blocks) > most:
        blocks[most - 1 :] = [_text_part("section", "…").block]
    return blocks + rows


def _rows(content: Content, dialect: Dialect) -> list[dict[str, Any]]:
    shown = [_button(number, button, content, dialect) for number, button in enumerate(content.buttons)]
    return [{"type": "actions", "elements": shown[first : first + _ROW]} for first in range(0, len(shown), _ROW)]


def _button(number: int, button: Button, content: Content, dialect: Dialect) -> dict[str, Any]:
    label = to_plain(button.label, content.language, formal=content.formal, dialect=dialect)
    shown = {"type": "button", "action_id": f"desk.{number}", "value": button.action, "text": plain_text(label)}
    if button.style in _STYLES:
        shown["style"] = _STYLES[button.style]
    return shown


def _parts(content: Content, dialect: Dialect) -> list[_Part]:
    """The blocks; list items that follow each other are one."""
    parts: list[_Part] = []
    before: BlockKind | None = None
    dot = f"{_DOTS[content.ruling]} " if content.ruling in _DOTS else ""
    for block in content.blocks:
        words = to_mrkdwn(block.words, content.language, formal=content.formal, dialect=dialect).strip()
        if not words:
            continue
        for part in _set(block, f"{dot}{words}", _header(block, content, dialect, dot)):
            if block.kind is before is BlockKind.ITEM and units(parts[-1].told) + units(part.told) < _LONGEST_TEXT:
                parts[-1] = _text_part("section", f"{parts[-1].told}\n{part.told}")
            else:
                parts.append(part)
        before, dot = block.kind, ""
    return parts


def _header(block: Block, content: Content, dialect: Dialect, dot: str) -> str | None:
    """A heading in plain words, which is all that a header block takes; None where they would not do."""
    if block.kind is not BlockKind.HEADING or _holds_links(block.words):
        return None
    told = to_plain(block.words, content.language, formal=content.formal, limit=_LONGEST_TEXT, dialect=dialect)
    return f"{dot}{told}" if units(dot) + units(entities(told)) <= LONGEST_HEADER else None


def _set(block: Block, words: str, header: str | None) -> Iterator[_Part]:
    match block.kind:
        case BlockKind.HEADING if header is not None:
            yield _Part(words, {"type": "header", "text": plain_text(header)})
        case BlockKind.HEADING:  # bold type ends with its line
            line = " ".join(words.split())
            yield from (_text_part("section", f"*{piece}*") for piece in _split(line, "", "", _LONGEST_TEXT - 2))
        case BlockKind.NOTE:
            yield from (_text_part("context", piece) for piece in _split(words))
        case _:
            signs = _SIGNS.get(block.kind, ("", ""))
            yield from (_text_part("section", piece) for piece in _split(words, *signs))


def _text_part(kind: str, mrkdwn: str) -> _Part:
    words = {"type": "mrkdwn", "text": mrkdwn, "verbatim": True}
    return _Part(mrkdwn, {"type": kind, "elements": [words]} if kind == "context" else {"type": kind, "text": words})


def _holds_links(words: Words) -> bool:
    if not isinstance(words, Text):
        return False
    linked = (Mention, ThreadLink, ChannelLink, Roles, Moment)
    return any(
        isinstance(value, linked) or (isinstance(value, Text) and _holds_links(value))
        for value in words.values.values()
    )


def _page(parts: list[_Part], rows: list[dict[str, Any]]) -> Page:
    told = "\n".join(part.told for part in parts)
    first = next(_split(told, limit=_LONGEST_TEXT - 1), "")
    plain = told if first == told else f"{first}…"
    return Page(plain or "…", [*(part.block for part in parts), *rows])


def _split(mrkdwn: str, first: str = "", further: str = "", limit: int = _LONGEST_TEXT) -> Iterator[str]:
    """Texts that are short enough, cut between paragraphs, else lines, else words, else characters.

    `first` begins the first line of all, `further` each other one.
    """
    sign, rest = first, mrkdwn.replace("\n", f"\n{further}")
    while units(sign) + units(rest) > limit:
        beginning, rest = _cut(rest, limit - units(sign), further)
        if beginning.strip():
            yield sign + beginning
        sign = further
    if rest.strip():
        yield sign + rest


def _cut(mrkdwn: str, room: int, further: str) -> tuple[str, str]:
    window = _whole(mrkdwn, room)
    smooth = _SEQUENCE.sub(lambda sequence: "x" * len(sequence[0]), window)  # a gap inside of one is none
    for gap in (f"\n{further}\n{further}", f"\n{further}", " "):
        at = smooth.rfind(gap, len(window) // 2)  # a beginning of a few words would look torn off
        if at >= 0:
            return mrkdwn[:at], unquoted(mrkdwn[at + len(gap) :])
    return window, unquoted(mrkdwn[len(window) :])


def _whole(mrkdwn: str, room: int) -> str:
    """The longest beginning that tears nothing."""
    end = 0
    for token in _TOKEN.finditer(mrkdwn):
        room -= units(token[0])
        if room < 0:
            break
        end = token.end()
    return mrkdwn[:end]
