"""What somebody means who types a name: a section's heading, a category's title."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from rapidfuzz import fuzz, process

from bot.model import Language

Key = TypeVar("Key")

_LANGUAGES = {
    **dict.fromkeys(("de", "deutsch", "german"), (Language.DE,)),
    **dict.fromkeys(("en", "englisch", "english"), (Language.EN,)),
    **dict.fromkeys(("both", "beide"), (Language.DE, Language.EN)),
}
"""How people name a language, or both."""

_LIKE_ENOUGH = 70
"""rapidfuzz's partial ratio, 0 to 100: a part of the name will do, also with a typo."""


def meant(typed: str, names: Mapping[Key, str]) -> Key | None:
    """The key of the name that is most like what was typed; None if nothing is."""
    wanted = typed.casefold()
    spelt = {key: name.casefold() for key, name in names.items()}
    alike = process.extract(wanted, spelt, scorer=fuzz.partial_ratio, score_cutoff=_LIKE_ENOUGH, limit=None)
    # "Included" is also a part of "not included": among the equally good ones its beginning decides, then all of it
    best = max(
        alike, key=lambda found: (found[1], found[0].startswith(wanted), fuzz.ratio(wanted, found[0])), default=None
    )
    return None if best is None else best[2]


def name_and_languages(typed: str) -> tuple[str, tuple[Language, ...]]:
    """A name, and the languages that were typed behind it (none: not said): "order en" is ("order", (English,))."""
    words = typed.split()
    languages = _LANGUAGES.get(words[-1].casefold(), ()) if words else ()
    return " ".join(words[:-1] if languages else words), languages
