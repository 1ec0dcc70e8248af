"""Our words as HTML, and as plain text where HTML has no place (labels of buttons and fields)."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

from adapters.web_chat.people import PLAYERS
from bot.model import ChannelLink, Language, ThreadLink, Words
from bot.texts import Holes, Markup, PlainMarkup, say, tell_moment


def to_html(words: Words, language: Language, *, formal: bool = True) -> str:
    """A text as safe HTML: the whole sentence is escaped, then the pieces of markup are put into their holes."""
    pieces = _Html()
    sentence = say(words, language, pieces, formal=formal)
    return pieces.fill(escape(sentence))


def to_plain(words: Words, language: Language, *, formal: bool = True) -> str:
    """A text without any markup, for places that show characters as they are."""
    return say(words, language, _Plain(), formal=formal)


def name_of(person: str) -> str:
    """A person's name, or the id itself of somebody who is unknown here."""
    return PLAYERS[person].person.name if person in PLAYERS else person


class _Html(Holes):
    def escape(self, words: str) -> str:
        own = escape(self.foreign(words))
        return self.hole(f"<bdi>{own}</bdi>")  # bdi: a right-to-left override ends with their words

    def mention(self, person: str) -> str:
        name = escape(name_of(person))
        return self.hole(f'<span class="mention" data-person="{escape(person)}"><bdi>@{name}</bdi></span>')

    def thread(self, link: ThreadLink) -> str:
        places = f'data-channel="{escape(link.channel)}" data-thread="{escape(link.thread)}"'
        return self.hole(f'<a href="#" class="place" {places}>#{escape(link.channel)}</a>')

    def channel(self, link: ChannelLink) -> str:
        channel = escape(link.channel)
        return self.hole(f'<a href="#" class="place" data-channel="{channel}">#{channel}</a>')

    def roles(self, roles: tuple[str, ...]) -> str:
        return self.hole(", ".join(map(_role, roles)))

    def moment(self, at: datetime, language: Language) -> str:
        """The page puts the reader's own zone in; what stands here is for readers without scripts."""
        stamp = at.astimezone(UTC).isoformat(timespec="seconds")
        return self.hole(f'<time datetime="{stamp}">{escape(tell_moment(at, language))}</time>')


def _role(role: str) -> str:
    return f'<span class="mention" data-role="{escape(role)}"><bdi>@{escape(role)}</bdi></span>'


class _Plain(PlainMarkup):
    def mention(self, person: str) -> str:
        return f"@{name_of(person)}"


_: type[Markup] = _Html
