"""What people write on Slack, as plain words: names instead of ids, addresses as they are, and commands among them."""

from __future__ import annotations

import re
from collections.abc import Callable

from adapters.slack_chat.commands import named

Name = Callable[[str], str | None]
"""The name of a person by their id, if it is known."""

_TAG = re.compile(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>")
"""Slack writes people, channels, groups, dates and addresses in angle brackets; what people type has none left."""
_SOMEBODY, _CHANNEL, _GROUP = "@somebody", "#channel", "@group"
"""Whose name nobody has told us."""
_PERSON = re.compile(r"(?P<tag><@)?(?P<id>[UW][A-Z0-9]+)(?(tag)(?:\|[^<>]*)?>)")
_MARKED = re.compile(r"!(?P<name>[\w-]+)(?:[.!?]*|\s+(?P<words>.+))", re.DOTALL)

_ALONE = "claim|release|close|place|queue|mine|behind|policy|covered"
_COMMAND = re.compile(
    rf"(?P<alone>{_ALONE})[.!?]*"
    r"|(?P<numbered>release|close)\s+(?P<number>#?\d{1,9})"
    r"|(?P<claim>claim)\s+(?P<reason>#?\d{1,9}(?!\S).*)"
    r"|(?P<question>policy|covered)\s+(?P<words>.+)",
    re.IGNORECASE | re.DOTALL,
)


def mentions(words: str, user: str) -> bool:
    """Whether somebody is called in words as Slack tells them."""
    return f"<@{user}>" in words or f"<@{user}|" in words


def plain(words: str, name: Name, bot_user: str) -> str:
    """Words as Slack tells them, as people read them. That we are called is not among them."""
    return _unescaped(_TAG.sub(lambda tag: _readable(tag, name), without_us(words, bot_user))).strip()


def without_us(words: str, bot_user: str) -> str:
    """Words as Slack tells them, without that we are called."""
    us = rf"<@{bot_user}(?:\|[^<>]*)?>"
    return re.sub(rf"\A\s*{us}[\s,:]*|[ \t]?{us}", "", words) if "<" in words else words


def person_in(words: str) -> str | None:
    """The id of the one person who is named in words as Slack tells them, for commands about people."""
    found = _PERSON.fullmatch(words.strip())
    return found and found["id"]


def command_in(words: str, *, is_called: bool, is_alone: bool, may_mark: bool) -> tuple[str, str] | None:
    """A command in plain words, its name and what stands behind it; None for everything else.

    Marked ("!ticket it broke") and where it `may_mark`, every command is meant, by any of its names. Without a mark,
    only what reads like nothing else is, where we are called (`is_called`) and in direct messages (`is_alone`). There a
    question about the policy is a message like all others.
    """
    marked = _MARKED.fullmatch(words)
    if marked is not None:
        name = named(marked["name"]) if may_mark else None
        return (name, (marked["words"] or "").strip()) if name else None
    found = _COMMAND.fullmatch(words)
    if found is None or not (is_called or (is_alone and not found["question"])):
        return None
    word = found["alone"] or found["numbered"] or found["claim"] or found["question"]
    rest = found["number"] or found["reason"] or found["words"] or ""
    return word.lower(), rest.strip()


def _readable(tag: re.Match[str], name: Name) -> str:
    """What stands for one pair of angle brackets."""
    sign, what, label = tag.groups()
    if sign == "@":
        known = name(what) or label
        return f"@{known}" if known else _SOMEBODY
    if sign == "#":
        return f"#{label}" if label else _CHANNEL
    if sign == "!":
        return _special(what, label)
    address = what.removeprefix("mailto:").removeprefix("tel:")
    return address if not label or label in address else f"{label} ({address})"


def _special(what: str, label: str | None) -> str:
    """Groups, dates, and calls for everybody."""
    if what.startswith("subteam^"):
        return label or _GROUP
    return label or f"@{what.partition('^')[0]}"


def _unescaped(words: str) -> str:
    return words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
