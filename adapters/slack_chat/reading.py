"""What people write on Slack, as plain words: names instead of ids, addresses as they are, and commands among them."""

from __future__ import annotations

import re
from collections.abc import Callable

Name = Callable[[str], str | None]
"""The name of a person by their id, if it is known."""

_TAG = re.compile(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>")
"""Slack writes people, channels, groups, dates and addresses in angle brackets; what people type has none left."""
_SOMEBODY, _CHANNEL, _GROUP = "@somebody", "#channel", "@group"
"""Whose name nobody has told us."""
_PERSON = re.compile(r"<@(\w+)(?:\|[^<>]*)?>")

_ALONE = "claim|release|close|place|queue|mine|behind|policy|covered"
_COMMAND = re.compile(
    rf"(?P<mark>!?)(?:(?P<alone>{_ALONE})[.!?]*"
    r"|(?P<numbered>release|close)\s+(?P<number>#?\d{1,9})"
    r"|(?P<claim>claim)\s+(?P<reason>#?\d{1,9}(?!\S).*)"
    r"|(?P<question>policy|covered)\s+(?P<words>.+))",
    re.IGNORECASE | re.DOTALL,
)


def mentions(words: str, user: str) -> bool:
    """Whether somebody is called in words as Slack tells them."""
    return f"<@{user}>" in words or f"<@{user}|" in words


def plain(words: str, name: Name, bot_user: str) -> str:
    """Words as Slack tells them, as people read them. That we are called is not among them."""
    if "<" in words:
        us = rf"<@{bot_user}(?:\|[^<>]*)?>"
        words = re.sub(rf"\A\s*{us}[\s,:]*|[ \t]?{us}", "", words)
        words = _TAG.sub(lambda tag: _readable(tag, name), words)
    return _unescaped(words).strip()


def with_ids(words: str) -> str:
    """Words with people as their bare ids, for commands about people."""
    return _unescaped(_PERSON.sub(r"\1", words)).strip()


def command_in(words: str, *, is_called: bool, is_alone: bool, may_mark: bool) -> tuple[str, str] | None:
    """A command in plain words, its name and what stands behind it; None for everything else.

    Commands are meant where we are called (`is_called`), where they are marked ("!claim") and `may_mark`, and in direct
    messages (`is_alone`). There a question about the policy is a message like all others.
    """
    found = _COMMAND.fullmatch(words)
    if found is None:
        return None
    is_marked = bool(found["mark"])
    is_meant = may_mark if is_marked else is_called or (is_alone and not found["question"])
    name = found["alone"] or found["numbered"] or found["claim"] or found["question"]
    rest = found["number"] or found["reason"] or found["words"] or ""
    return (name.lower(), rest.strip()) if is_meant else None


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
