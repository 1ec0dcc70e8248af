"""Our words as Slack's mrkdwn, and as plain text where mrkdwn has no place (labels, titles, headers).

Slack parses two things: control sequences (`<@U1>`, `<!channel>`, `<https://...|...>`), which `&lt;` ends for good, and
signs that format a word (`*`, `_`, `~`, backticks), for which there is no escape. See `escape`.

What is made here goes out as it is: never with `link_names`, always with `parse="none"` (the default of a post, but not
of chat.update), and every mrkdwn object with `verbatim`. Then Slack looks for no names, so "@channel" and "#general"
that somebody wrote are words, and call nobody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from adapters.slack_chat.addresses import place
from adapters.slack_chat.commands import called
from bot.desk.commands import BY_NAME
from bot.model import ChannelLink, Language, ThreadLink, Words
from bot.texts import Holes, Markup, PlainMarkup, say, tell_moment, text

_JOINER = "\u2060"
"""WORD JOINER: takes no room, breaks no line, and is neither a space nor a punctuation mark."""
_SIGNS = "*_~`＊＿～｀"
"""What formats what stands between two of it; Slack reads the wide forms of East Asian keyboards, too."""
_SIGN = re.compile(f"[{_SIGNS}]")
_QUOTE = re.compile(r"^([^\S\n]*)(&gt;|＞)", re.MULTILINE)
"""What makes a quotation at the start of a line, also in its escaped form."""
_URL = re.compile(
    rf"\bhttps?://[^\s<>|]*[^\s<>|.,:;!?'\"“”„‘’«»…()\[\]{{}}{_SIGNS}]",  # what ends a sentence ends no address
    re.IGNORECASE,
)
_LONGEST_URL = 1_000
"""Longest address that can be clicked; it must not be cut in two, so it has to fit well into one text."""
_ID = re.compile(r"[A-Z][A-Z0-9]{1,30}")
_TS = re.compile(r"[0-9]{1,12}\.[0-9]{6}")
_COMMAND = re.compile(rf"(?<![\w/])/({'|'.join(BY_NAME)})(?![\w/-])")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one workspace writes links, commands and channels."""

    url: str = ""
    """The workspace's own address ("https://acme.slack.com/"); empty if unknown."""
    prefix: str = ""
    """What stands before the names of our commands there: "sd-"."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Ids of channels: as the desk knows them -> as they are now."""


_PLAIN = Dialect()


def to_mrkdwn(words: Words, language: Language, *, formal: bool = True, dialect: Dialect = _PLAIN) -> str:
    """A text as mrkdwn. In our own sentences, commands have the names that they have in this workspace."""
    pieces = _Mrkdwn(language, dialect)
    sentence = entities(say(words, language, pieces, formal=formal))
    return pieces.fill(_with_names(sentence, dialect))


def to_plain(
    words: Words, language: Language, *, formal: bool = True, limit: int = 75, dialect: Dialect = _PLAIN
) -> str:
    """A text as one line of at most `limit` characters, also if Slack counts "&" as the five of "&amp;"."""
    pieces = _Plain()
    told = pieces.fill(_with_names(say(words, language, pieces, formal=formal), dialect))
    line = " ".join(told.split())
    return line if _escaped_units(line) <= limit else f"{head(line, limit - 1, _escaped_units).rstrip()}…"


def escape(words: str) -> str:
    """Somebody's words, shown letter by letter; web addresses in them can be clicked.

    Slack has no escape for signs that format. It looks for them at the edges of words only, so there an invisible
    joiner on each side keeps them from being an edge; inside of words (`snake_case`) and between spaces (`2 * 3`) they
    are left alone. The price: who copies such a word from Slack copies the joiners, too; the desk drops them from what
    it is told, other programs may not. Should Slack ever read a joiner as an edge, a word is bold and nothing worse.

    `:tada:` stays, since that is how Slack tells us the emoji that somebody chose.
    """
    lines = "\n".join(words.splitlines())  # clients know more line ends than "\n", and each begins a line
    told, end = [], 0
    for url in _URL.finditer(lines):
        link = f"<{entities(url[0])}>"
        if units(link) <= _LONGEST_URL:
            told += [_letter_by_letter(lines[end : url.start()]), link]
            end = url.end()
    told.append(_letter_by_letter(lines[end:]))
    return unquoted("".join(told))


def unquoted(mrkdwn: str) -> str:
    """The same text, without a quotation of somebody else's making."""
    return _QUOTE.sub(rf"\1{_JOINER}\2", mrkdwn)


def entities(words: str) -> str:
    """Words without control sequences."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def units(text: str) -> int:
    """The length as the most cautious counts it: characters beyond the basic plane, such as emoji, are two."""
    return len(text) + sum(character > "\uffff" for character in text)


def head(text: str, limit: int, size: Callable[[str], int] = units) -> str:
    """The beginning of a text, of at most `limit` units."""
    room = limit
    for at, character in enumerate(text):
        room -= size(character)
        if room < 0:
            return text[:at]
    return text


def _escaped_units(text: str) -> int:
    return units(entities(text))


def _letter_by_letter(words: str) -> str:
    return entities(_SIGN.sub(_inert, words).replace(_JOINER * 2, _JOINER))


def _inert(sign: re.Match[str]) -> str:
    start, end = sign.span()
    before, after = sign.string[max(start - 1, 0) : start], sign.string[end : end + 1]
    is_inside = before.isalnum() and after.isalnum()
    is_alone = before.isspace() and after.isspace()
    return sign[0] if is_inside or is_alone else f"{_JOINER}{sign[0]}{_JOINER}"


def _with_names(sentence: str, dialect: Dialect) -> str:
    return _COMMAND.sub(lambda command: called(command[1], dialect.prefix), sentence)


class _Mrkdwn(Holes):
    """Ids that are none of Slack's stay words, so that a forged one cannot become something else."""

    def __init__(self, language: Language, dialect: Dialect) -> None:
        super().__init__()
        self._language, self._dialect = language, dialect

    def escape(self, words: str) -> str:
        return self.hole(escape(self.foreign(words)))

    def mention(self, person: str) -> str:
        return self.hole(f"<@{person}>" if _ID.fullmatch(person) else escape(f"@{person}"))

    def thread(self, link: ThreadLink) -> str:
        """Slack has no sequence for a thread; what leads there is the address of its first message."""
        try:
            known, ts = place(link.thread)
        except ValueError:
            return self.channel(ChannelLink(link.channel))
        channel = self._now(known)
        if not (self._dialect.url and _ID.fullmatch(channel) and _TS.fullmatch(ts)) or _is_direct(channel):
            return self.channel(ChannelLink(known))
        address = f"{self._dialect.url}archives/{channel}/p{ts.replace('.', '')}"
        return self.hole(f"<{entities(address)}|{self._word('link-thread')}>")

    def channel(self, link: ChannelLink) -> str:
        """Nobody else can open a person's direct messages, so these are only named."""
        channel = self._now(link.channel)
        if not _ID.fullmatch(channel):
            return self.hole(escape(f"#{channel}"))
        return self._word("link-direct") if _is_direct(channel) else self.hole(f"<#{channel}>")

    def roles(self, roles: tuple[str, ...]) -> str:
        """User groups; and people, where a workspace has no user groups."""
        return ", ".join(self.hole(f"<!subteam^{role}>") if _is_group(role) else self.mention(role) for role in roles)

    def moment(self, at: datetime, language: Language) -> str:
        """Told in each reader's own zone and language; the words behind it are for apps that cannot."""
        words = entities(tell_moment(at, language))
        return self.hole(f"<!date^{int(at.timestamp())}^{{date_short_pretty}}, {{time}}|{words}>")

    def _now(self, channel: str) -> str:
        return self._dialect.renamed.get(channel, channel)

    def _word(self, key: str) -> str:
        return say(text(key), self._language, PlainMarkup())


class _Plain(Holes, PlainMarkup):
    """Others' words leave holes only so that no command is looked for in them."""

    def escape(self, words: str) -> str:
        return self.hole(self.foreign(words))


def _is_direct(channel: str) -> bool:
    return channel.startswith("D")


def _is_group(role: str) -> bool:
    return role.startswith("S") and _ID.fullmatch(role) is not None


_: tuple[type[Markup], ...] = (_Mrkdwn, _Plain)
