"""Limits on what a stranger can send, and the cleaning of their words."""

from __future__ import annotations

import re
import unicodedata

from bot.model import Refusal, ServerSettings

TEXT_LIMIT = 4_000
"""Longest request that is kept, in characters; the rest stays readable on the platform."""
QUERY_LIMIT = 100
"""Longest title, name or label, in characters (Discord's limit for thread names)."""
ANSWERS_AN_HOUR = 20
"""Most answers that one customer gets within an hour; after that the bot is silent to them."""

_MARK = r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_MARKS = re.compile(f"({_MARK}{{2}}){_MARK}+")
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}
_KEPT = {"\n", "\t", "\u200d"}
"""Line breaks, tabs, and the joiner inside emoji."""


def clean(text: str, limit: int = TEXT_LIMIT) -> str:
    """Somebody's words without what breaks databases and pages: control and direction characters, lone surrogates,
    towers of accents; NFC, trimmed, at most `limit` characters.
    """  # noqa: D205
    kept = text[: 2 * limit]
    if not kept.isprintable():
        kept = "".join(c for c in kept if c in _KEPT or unicodedata.category(c) not in _INVISIBLE)
    plain = _MARKS.sub(r"\1", unicodedata.normalize("NFC", kept)).strip()
    return plain if len(plain) <= limit else plain[: limit - 1].rstrip() + "…"


def title(text: str, limit: int = QUERY_LIMIT) -> str:
    """One line of somebody's words, for a heading or a thread's name."""
    return clean(" ".join(clean(text, 2 * limit).split()), limit)


def require_room(settings: ServerSettings, *, is_blocked: bool, open_tickets: int, opened_last_hour: int) -> None:
    """Refuse a customer whom a moderator has blocked, or who already has as much as is fair to the others."""
    if is_blocked:
        raise Refusal("refused-blocked")
    if open_tickets >= settings.open_limit:
        raise Refusal("refused-too-many-open", limit=settings.open_limit)
    if opened_last_hour >= settings.hourly_limit:
        raise Refusal("refused-too-many-an-hour", limit=settings.hourly_limit)
