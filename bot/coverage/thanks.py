"""Tells a thank-you after the end of a ticket from words that ask for more."""

from __future__ import annotations

import re

_THANKS = re.compile(
    r"\b(danke\w*|dank|merci|thx|ty|thanks?|thank\s*you|cheers|super|top|prima|klasse|perfe[ck]t|great|awesome|nice"
    r"|erledigt|gelöst|geloest|solved|fixed|works|l[äa]uft|geht\s+wieder|alles\s+gut|all\s+good|ok(ay)?|sch[öo]n\w*)\b",
    re.IGNORECASE,
)
_BUT = re.compile(
    r"\?|\b(aber|but|nicht|not|n't|nie|never|leider|unfortunately|immer\s+noch|still|again|erneut|kaputt|broken|fehler"
    r"|error|problem|geht\s+nix|nope|nee|nein|nö|however|trotzdem)\b",
    re.IGNORECASE,
)
_EMOJI = re.compile(r"(\W|<a?:\w+:\d+>|:\w+:)+")
"""Signs without a letter, and emoji as chats write them."""
_LONG = 15
"""Words; who writes more has something to say."""


def only_thanks(text: str) -> bool:
    """Whether words ask for nothing: thanks, "solved", an emoji. In doubt they do: nobody is left behind."""
    words = text.split()
    if len(words) == 1 and _EMOJI.fullmatch(text.strip()):
        return True
    return len(words) <= _LONG and _THANKS.search(text) is not None and _BUT.search(text) is None
