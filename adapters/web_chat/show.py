"""What a window is shown: messages, threads, forms and people as plain JSON, in words."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Protocol

import structlog

import policy_text
from adapters.web_chat.markup import to_html, to_plain
from adapters.web_chat.people import BOT, CHANNELS, PLAYERS, ROLES, Part, Player
from adapters.web_chat.rooms import CONTENT, Message, Thread, moment_of, stamp_of
from bot.desk.commands import Audience
from bot.model import Button, Content, Event, Field, FieldKind, File, Form, Language, MessagePosted, Reply, Text

Json = dict[str, Any]

_MENUS = {
    Part.CUSTOMER: {Audience.EVERYBODY},
    Part.AGENT: {Audience.EVERYBODY, Audience.AGENTS},
    Part.MODERATOR: set(Audience),
}
"""Whose commands each part is shown. Any can be typed: the desk decides."""

_LARGEST_FILE = 5_000_000
"""Bytes; of a larger file a window is told only the name."""

_log = structlog.get_logger(__name__)


class CommandHelp(Protocol):
    """A slash command, as the completion list tells it."""

    @property
    def name(self) -> str:
        """Without the slash."""

    @property
    def audience(self) -> Audience:
        """Who is shown it."""

    @property
    def usage(self) -> Text:
        """What can be typed behind it."""

    @property
    def description(self) -> Text:
        """What it does, in one sentence."""


@cache
def page_words(language: Language) -> dict[str, str]:
    """The page's own words, by their keys."""
    file = Path(policy_text.__file__).parent / f"page.{language}.json"
    words: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return words


def message(told: Message) -> Json:
    """A message of anybody. Ours come as safe HTML, people's as text that the page must not read as HTML."""
    shown: Json = {
        "id": told.id,
        "channel": told.channel,
        "thread": told.thread,
        "author": told.author,
        "at": moment_of(told.id).isoformat(),
        "edited": told.edited,
        "deleted": told.deleted,
        "board": told.board,
        "answers": told.answers,
        "text": told.text,
    }
    return shown if told.content is None else {**shown, "content": _stored(told.content), "file": told.file}


def thread(told: Thread) -> Json:
    """A thread's summary."""
    return {
        "id": told.id,
        "channel": told.channel,
        "name": told.name,
        "closed": told.closed,
        "count": told.count,
        "last": told.last,
        "lastAuthor": told.last_author,
        "people": told.people,
        "private": bool(told.readers),
    }


def content(told: Content) -> Json:
    """Our words as blocks of HTML, with their buttons and their colour."""
    language, formal = told.language, told.formal
    return {
        "language": language,
        "ruling": told.ruling,
        "blocks": [
            {"kind": block.kind, "html": to_html(block.words, language, formal=formal)} for block in told.blocks
        ],
        "buttons": [_button(button, language, formal=formal) for button in told.buttons],
    }


def done(event: Event, reply: Reply | None) -> Json:
    """What came of an action, for the window that acted: its message, and the private answer, which is kept nowhere."""
    shown: Json = {"message": event.message} if isinstance(event, MessagePosted) else {}
    if reply and reply.form:
        shown["form"] = form(reply.form)
    if reply and reply.content:
        # It takes its place among the messages at the moment of the action, so what came of it stands below.
        place = {"id": stamp_of(event.order), "at": event.at.isoformat()}
        told = {"content": content(reply.content), "file": file(reply.file), "refused": reply.is_refusal}
        shown["answer"] = {**place, **told}
    return shown


def file(told: File | None) -> str | None:
    """A file as JSON, which can be kept with a message; one that is too large has only its name."""
    if told is None:
        return None
    data = b64encode(told.data).decode() if len(told.data) <= _LARGEST_FILE else None
    return json.dumps({"name": told.name, "data": data, "about": told.about})


def form(told: Form) -> Json:
    """A form for the dialog; channels and roles to choose from are the playground's."""
    language, formal = told.language, told.formal
    return {
        "name": told.name,
        "title": to_plain(told.title, language, formal=formal),
        "language": language,
        "fields": [
            {
                "name": field.name,
                "label": to_plain(field.label, language, formal=formal),
                "kind": field.kind,
                "required": field.required,
                "limit": field.limit,
                "value": field.value,
                "choices": _choices(field, language, formal=formal),
            }
            for field in told.fields
        ],
    }


def commands(known: Sequence[CommandHelp], player: Player) -> list[Json]:
    """The completion list for one person, in their language."""
    return [
        {
            "name": command.name,
            "usage": to_plain(command.usage, player.language),
            "description": to_plain(command.description, player.language),
        }
        for command in known
        if command.audience in _MENUS[player.part]
    ]


def people() -> list[Json]:
    """Everybody one can be, and the bot."""
    return [
        {"id": player.person.id, "name": player.person.name, "part": player.part, "language": player.language}
        for player in PLAYERS.values()
    ]


def channels(player: Player) -> list[Json]:
    """The channels that a person sees."""
    return [{"id": channel, "closed": CHANNELS[channel]} for channel in CHANNELS if player.sees(channel)]


def _button(button: Button, language: Language, *, formal: bool) -> Json:
    return {
        "action": button.action,
        "style": button.style,
        "forStaff": button.for_staff,
        "label": to_plain(button.label, language, formal=formal),
    }


def _choices(field: Field, language: Language, *, formal: bool) -> list[tuple[str, str]]:
    match field.kind:
        case FieldKind.CHANNEL | FieldKind.CHANNELS:
            return [(channel, f"#{channel}") for channel in CHANNELS]
        case FieldKind.ROLES:
            return [(role, f"@{role}") for role in ROLES]
        case _:
            return [(value, to_plain(label, language, formal=formal)) for value, label in field.choices]


@lru_cache(maxsize=4096)
def _stored(written: str) -> Json:
    """A stored message of ours; one that only an older version could tell leaves a gap, not a crash."""
    try:
        return content(CONTENT.validate_json(written))
    except (LookupError, ValueError) as error:
        # the error's own words quote the message
        _log.warning("a stored message cannot be shown", author=BOT, error=type(error).__name__)
        return {"language": Language.EN, "ruling": None, "blocks": [{"kind": "note", "html": "…"}], "buttons": []}
