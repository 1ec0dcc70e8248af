"""Takes long messages apart: somewhere in a rant of a whole page stands what it is about."""

from __future__ import annotations

from bot.coverage.normalise import sentences

LONG = 700
"""Characters from which a message is taken apart; shorter ones are judged better as a whole."""

_EXAMINED = 4_000
"""Characters; the longest request that is kept."""

_PART = 120
"""Characters that a part has at least: about two sentences."""

_MOST_PARTS = 8
"""They are judged one by one, which takes time."""


def parts(text: str) -> list[str]:
    """A long message in parts of some sentences each; of text without full stops, of as many words."""
    examined = text[:_EXAMINED]
    least = max(_PART, len(examined) // _MOST_PARTS)
    found: list[str] = []
    for piece in _pieces(examined, least):
        if found and len(found[-1]) < least:
            found[-1] = f"{found[-1]} {piece}"
        else:
            found.append(piece)
    return found[: _MOST_PARTS + 1]


def _pieces(text: str, longest: int) -> list[str]:
    """The sentences, long ones cut between words."""
    pieces = []
    for sentence in sentences(text, _EXAMINED):
        rest = sentence
        while len(rest) > 2 * longest:
            end = rest.rfind(" ", 0, longest)
            end = longest if end <= 0 else end
            pieces.append(rest[:end])
            rest = rest[end:].lstrip()
        pieces.append(rest)
    return pieces
