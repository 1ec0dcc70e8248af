"""What the desk's commands are called on Slack, where people type some of them in words, too."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from bot.desk.commands import BY_NAME
from bot.model import Language
from bot.texts import PlainMarkup, keys, say, text

_CALLED = {"close": "close-ticket"}
"""Those that have a name of Slack's own commands at the desk: `/close` leaves the channel."""
_MEANT = {ours: name for name, ours in _CALLED.items()}


def called(name: str, prefix: str) -> str:
    """A command of the desk as people type it: "/sd-close-ticket"."""
    return f"/{prefix}{_CALLED.get(name, name)}"


def meant(typed: str, prefix: str) -> str:
    """The desk's name of a command that Slack tells us of."""
    name = typed.removeprefix("/").removeprefix(prefix)
    return _MEANT.get(name, name)


def named(word: str) -> str | None:
    """The desk's name of a command, by any of its names in any language; None for all other words."""
    return _names().get(word.casefold())


@cache
def _names() -> Mapping[str, str]:
    translated = {
        say(text(f"name-{name}"), language, PlainMarkup()).casefold(): name
        for language in Language
        for name in BY_NAME
        if f"name-{name}" in keys(language)
    }
    return {**translated, **_MEANT, **{name: name for name in BY_NAME}}
