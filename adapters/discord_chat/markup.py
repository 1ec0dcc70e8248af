"""Our words as Discord's markdown, and as plain text where markdown has no place (labels, titles, file names)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from discord.utils import escape_mentions, format_dt

from bot.model import ChannelLink, Language, ThreadLink, Words
from bot.texts import Holes, Markup, PlainMarkup, say

_NO_COMMANDS: Mapping[str, int] = MappingProxyType({})
_COMMAND = re.compile(r"(?<![\w/])/([a-z]+)(?![\w/-])")

_URL = re.compile(
    r"(?>https?://(?:[a-z0-9-]{1,63}\.){1,8}[a-z0-9-]{2,63}(?::[0-9]{1,5})?"  # no user, no bare host
    r"(?:[/?#][a-z0-9/?#&=%+.,:;!@_~'-]{0,300}(?<![.,:;!?']))?)"
    r"(?![^\s.,:;!?'\"“”»…)\]])",  # the whole address or nothing: a part of it would lead elsewhere
    re.IGNORECASE,
)
"""A web address that can be read for what it is. Any other stays words that cannot be clicked."""

_SIGN = re.compile(r"[\\*_~|`<>\[\]@]|:(?!\s)")
"""What formats, mentions, links or draws an emoji wherever it stands."""
_LINE_START = re.compile(r"^([^\S\n]*[0-9]*)([#+.)-])", re.MULTILINE)
"""What makes a heading, a list or small print at the start of a line."""


def to_markdown(
    words: Words, language: Language, *, formal: bool = True, commands: Mapping[str, int] = _NO_COMMANDS
) -> str:
    """A text as markdown. `commands` tells the ids of slash commands by name: they can be clicked in our sentences."""
    pieces = _Markdown()
    sentence = escape_line_starts(say(words, language, pieces, formal=formal))  # our "2. #12" is no list either

    def clickable(command: re.Match[str]) -> str:
        name = command[1]
        return f"</{name}:{commands[name]}>" if name in commands else command[0]

    return pieces.fill(_COMMAND.sub(clickable, sentence))


def to_plain(words: Words, language: Language, *, formal: bool = True, limit: int = 100) -> str:
    """A text as one line of at most `limit` characters, for places that show characters as they are."""
    told = " ".join(say(words, language, PlainMarkup(), formal=formal).split())
    return told if units(told) <= limit else f"{head(told, limit - 1).rstrip()}…"


def escape(words: str) -> str:
    """Somebody's words, shown letter by letter; only honest web addresses can be clicked."""
    lines = "\n".join(words.splitlines())  # browsers know more line ends than "\n", and each begins a line
    told, end = [], 0
    for url in _URL.finditer(lines):
        told += [_escape_signs(lines[end : url.start()]), f"<{url[0]}>"]
        end = url.end()
    told.append(_escape_signs(lines[end:]))
    return escape_line_starts("".join(told))


def escape_line_starts(markdown: str) -> str:
    """The same text, without headings, lists and small print."""
    return _LINE_START.sub(r"\1\\\2", markdown)


def units(text: str) -> int:
    """The length as the most cautious counts it: characters beyond the basic plane, such as emoji, are two."""
    return len(text) + sum(character > "\uffff" for character in text)


def head(text: str, limit: int) -> str:
    """The beginning of a text, of at most `limit` units."""
    return (
        text[:limit].encode("utf-16-le")[: 2 * limit].decode("utf-16-le", errors="ignore")
    )  # half an emoji is dropped


def _escape_signs(words: str) -> str:
    return _SIGN.sub(lambda sign: f"\\{sign[0]}", escape_mentions(words))


class _Markdown(Holes):
    def escape(self, words: str) -> str:
        return self.hole(escape(self.foreign(words)))

    def mention(self, person: str) -> str:
        return self.hole(f"<@{person}>")

    def thread(self, link: ThreadLink) -> str:
        return self.hole(f"<#{link.thread}>")

    def channel(self, link: ChannelLink) -> str:
        return self.hole(f"<#{link.channel}>")

    def roles(self, roles: tuple[str, ...]) -> str:
        return self.hole(", ".join(f"<@&{role}>" for role in roles))

    def moment(self, at: datetime, language: Language) -> str:
        del language  # each reader's own client tells it
        return self.hole(format_dt(at, "f"))


_: type[Markup] = _Markdown
