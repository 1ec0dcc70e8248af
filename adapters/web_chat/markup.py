"""Our words as HTML, and as plain text where HTML has no place (labels of buttons and fields)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import escape

from adapters.web_chat.people import PLAYERS
from bot.model import ChannelLink, Language, ThreadLink, Words
from bot.texts import Markup, say, tell_moment

_OPEN, _CLOSE = "\ue000", "\ue001"
_HOLE = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")


def to_html(words: Words, language: Language, *, formal: bool = True) -> str:
    """A text as safe HTML: the whole sentence is escaped, then the pieces of markup are put into their holes."""
    pieces = _Html()
    sentence = say(words, language, pieces, formal=formal)
    return _HOLE.sub(lambda hole: pieces.of(int(hole[1])), escape(sentence))


def to_plain(words: Words, language: Language, *, formal: bool = True) -> str:
    """A text without any markup, for places that show characters as they are."""
    return say(words, language, _Plain(), formal=formal)


def name_of(person: str) -> str:
    """A person's name, or the id itself of somebody who is unknown here."""
    return PLAYERS[person].person.name if person in PLAYERS else person


class _Html:
    """Leaves a numbered hole for every piece of markup, so that nothing else in a sentence can become markup."""

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def of(self, number: int) -> str:
        return self._pieces[number] if number < len(self._pieces) else ""

    def escape(self, words: str) -> str:
        own = words.replace(_OPEN, "").replace(_CLOSE, "")
        return self._hole(f"<bdi>{escape(own)}</bdi>")  # bdi: a right-to-left override ends with their words

    def mention(self, person: str) -> str:
        name = escape(name_of(person))
        return self._hole(f'<span class="mention" data-person="{escape(person)}"><bdi>@{name}</bdi></span>')

    def thread(self, link: ThreadLink) -> str:
        places = f'data-channel="{escape(link.channel)}" data-thread="{escape(link.thread)}"'
        return self._hole(f'<a href="#" class="place" {places}>#{escape(link.channel)}</a>')

    def channel(self, link: ChannelLink) -> str:
        channel = escape(link.channel)
        return self._hole(f'<a href="#" class="place" data-channel="{channel}">#{channel}</a>')

    def moment(self, at: datetime, language: Language) -> str:
        """The page puts the reader's own zone in; what stands here is for readers without scripts."""
        stamp = at.astimezone(UTC).isoformat(timespec="seconds")
        return self._hole(f'<time datetime="{stamp}">{escape(tell_moment(at, language))}</time>')

    def _hole(self, piece: str) -> str:
        self._pieces.append(piece)
        return f"{_OPEN}{len(self._pieces) - 1}{_CLOSE}"


class _Plain:
    def escape(self, words: str) -> str:
        return words

    def mention(self, person: str) -> str:
        return f"@{name_of(person)}"

    def thread(self, link: ThreadLink) -> str:
        return f"#{link.channel}"

    def channel(self, link: ChannelLink) -> str:
        return f"#{link.channel}"

    def moment(self, at: datetime, language: Language) -> str:
        return tell_moment(at, language)


_: tuple[type[Markup], type[Markup]] = (_Html, _Plain)
