"""The message catalogue: key + language + values -> words, at the moment of sending.

The sentences live in policy_text/messages.<language>.ftl (Project Fluent, which does the plurals); Babel tells
dates and spans of time. What differs by platform (escaping, mentions, links, moments) comes from its `Markup`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from pathlib import Path
from typing import Protocol

from babel.dates import format_datetime
from babel.units import format_unit
from fluent.runtime import FluentBundle, FluentResource
from fluent.runtime.types import fluent_number

import policy_text
from bot.coverage.policy import ANSWER_TIME, address
from bot.model import (
    Block,
    BlockKind,
    ChannelLink,
    Duration,
    Language,
    Mention,
    Moment,
    Roles,
    ServerSettings,
    Text,
    ThreadLink,
    Value,
    Words,
)

_UNITS = (
    ("duration-minute", timedelta(minutes=1), timedelta(minutes=90)),
    ("duration-hour", timedelta(hours=1), timedelta(hours=72)),
    ("duration-day", timedelta(days=1), timedelta(days=60)),
    ("duration-month", timedelta(days=30), timedelta.max),
)
"""(unit, how long it is, below which span it is told): 36 hours are not two days, because the promise has just two."""
_LOCALE = {Language.DE: "de_DE", Language.EN: "en_GB"}


class Markup(Protocol):
    """How one platform writes what is more than plain words."""

    def escape(self, words: str) -> str:
        """Somebody's words, so that nothing in them mentions, links or formats."""

    def mention(self, person: str) -> str:
        """A person, addressed by id."""

    def thread(self, link: ThreadLink) -> str:
        """A link to a thread."""

    def channel(self, link: ChannelLink) -> str:
        """A link to a channel."""

    def roles(self, roles: tuple[str, ...]) -> str:
        """The names of some roles, by their ids."""

    def moment(self, at: datetime, language: Language) -> str:
        """A point in time, in the reader's own zone where the platform can tell it."""


class Holes:
    """Leaves a numbered hole in a sentence for every piece of markup and for everybody else's words.

    So the sentence around them can be escaped, or searched for commands, and nothing in them is taken for ours.
    """

    _OPEN, _CLOSE = "\ue000", "\ue001"
    _HOLE = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def hole(self, piece: str) -> str:
        """What stands for the piece until `fill`."""
        self._pieces.append(piece)
        return f"{self._OPEN}{len(self._pieces) - 1}{self._CLOSE}"

    def fill(self, sentence: str) -> str:
        """The sentence with all pieces in their holes; a hole that we did not leave vanishes."""
        return self._HOLE.sub(lambda hole: "".join(self._pieces[int(hole[1]) :][:1]), sentence)

    def foreign(self, words: str) -> str:
        """Somebody's words, which leave no holes."""
        return words.replace(self._OPEN, "").replace(self._CLOSE, "")


class PlainMarkup:
    """No markup at all: for labels and titles, which show characters as they are. Names are ids, or better ones."""

    def escape(self, words: str) -> str:
        """As they are."""
        return words

    def mention(self, person: str) -> str:
        """@ and the name."""
        return f"@{person}"

    def thread(self, link: ThreadLink) -> str:
        """The channel that it hangs in."""
        return f"#{link.channel}"

    def channel(self, link: ChannelLink) -> str:
        """# and the name."""
        return f"#{link.channel}"

    def roles(self, roles: tuple[str, ...]) -> str:
        """@ and the name of each."""
        return ", ".join(f"@{role}" for role in roles)

    def moment(self, at: datetime, language: Language) -> str:
        """In words."""
        return tell_moment(at, language)


def say(words: Words, language: Language, markup: Markup, *, formal: bool = True) -> str:
    """Put one text into words. Raises LookupError for an unknown key, ValueError for a missing value."""
    if isinstance(words, str):
        return markup.escape(words)
    bundle = _bundle(language, formal)
    pattern = bundle.get_message(words.key).value
    if pattern is None:
        raise LookupError(words.key)
    values = {name: _value(value, language, markup, formal=formal) for name, value in words.values.items()}
    told, errors = bundle.format_pattern(pattern, values)
    if errors:
        message = f"{words.key} in {language}: {errors[0]}"
        raise ValueError(message)
    return str(told)


def promise_span(settings: ServerSettings) -> Text:
    """Within which time this server promises an answer: from the same settings that the promise is kept by."""
    key = "promise-span-in-hours" if settings.promise_in_hours and settings.hours else "promise-span"
    return text(key, least=settings.soft_hours, most=settings.hard_hours)


def policy_words(words: str, language: Language, settings: ServerSettings) -> str:
    """A clause, an answer or a part of the policy's document as the people of this server read it."""
    formal = settings.formal
    told = address(words, formal=formal)
    if ANSWER_TIME not in told:
        return told
    return told.replace(ANSWER_TIME, say(promise_span(settings), language, PlainMarkup(), formal=formal))


def tell_moment(at: datetime, language: Language, zone: tzinfo = UTC) -> str:
    """A point in time in words, for platforms that cannot tell it in the reader's own zone."""
    pattern = {Language.DE: "EE, d. MMMM, HH:mm 'Uhr' z", Language.EN: "EE d MMMM, HH:mm z"}[language]
    return format_datetime(at, pattern, tzinfo=zone, locale=_LOCALE[language])


def keys(language: Language) -> frozenset[str]:
    """All keys of a language's catalogue."""
    return frozenset(re.findall(r"^([a-z][\w-]*) =", _source(language), flags=re.MULTILINE))


def heading(words: Words) -> Block:
    """A heading block."""
    return Block(BlockKind.HEADING, words)


def paragraph(words: Words) -> Block:
    """A paragraph block."""
    return Block(BlockKind.PARAGRAPH, words)


def quote(words: Words) -> Block:
    """A quotation block."""
    return Block(BlockKind.QUOTE, words)


def item(words: Words) -> Block:
    """A list item block."""
    return Block(BlockKind.ITEM, words)


def note(words: Words) -> Block:
    """A block of small print."""
    return Block(BlockKind.NOTE, words)


def text(key: str, **values: Value) -> Text:
    """A catalogue sentence."""
    return Text(key, values)


def _value(value: Value, language: Language, markup: Markup, *, formal: bool) -> object:
    match value:
        case int():
            return fluent_number(value, useGrouping=False)
        case Mention(person=person):
            return markup.mention(person)
        case ThreadLink():
            return markup.thread(value)
        case ChannelLink():
            return markup.channel(value)
        case Roles(roles=roles):
            return markup.roles(roles)
        case Moment(at=at):
            return markup.moment(at, language)
        case Duration(span=span):
            return _span(span, language)
        case _:
            return say(value, language, markup, formal=formal)


def _span(span: timedelta, language: Language) -> str:
    unit, size = next((unit, size) for unit, size, limit in _UNITS if span < limit)
    return format_unit(max(round(span / size), 1), unit, locale=_LOCALE[language])


@cache
def _source(language: Language) -> str:
    return (Path(policy_text.__file__).parent / f"messages.{language}.ftl").read_text(encoding="utf-8")


@cache
def _bundle(language: Language, formal: bool) -> FluentBundle:  # noqa: FBT001 (a cache key)
    bundle = FluentBundle([_LOCALE[language]], use_isolating=False)
    bundle.add_resource(FluentResource(address(_source(language), formal=formal)))
    return bundle
