"""Tells a thank-you, or a yes, at the end of a ticket from words that ask for more."""

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


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_YES = _words("ja jo jep jup jawohl yes yep yup yeah")
_DONE = _words(
    """
    danke dankeschön merci thx ty thanks thank cheers dank passt geklärt geklaert settled erledigt gelöst geloest solved
    fixed resolved done works working worked helped geholfen geklappt funktioniert läuft laeuft ok okay perfekt perfect
    super top prima klasse great awesome gut good wars
    """
)
_FILLERS = _words(
    """
    you vielen herzlichen besten lieben many much very so sehr schön nice best fertig alles all everything klar clear
    sorted das hat it this that s es ist is was war geht now jetzt and und a lot of tons just fine did trick bestens
    toll wunderbar wonderful fantastic mille einwandfrei rund soweit from my side von mir aus euch ihnen dir für die for
    the your
    """
)
_AGAIN = re.compile(r"\b(geht|läuft|laeuft|funktioniert|works|working) ((jetzt|now) )?(wieder|again)\b", re.IGNORECASE)
_FOR_HELP = re.compile(r"\b(for|für|fuer) \w+ (schnelle |quick )?(help|hilfe|support)\b", re.IGNORECASE)
_HAPPY = frozenset("👍🙏🎉✅😀😃😄😁😊🙂❤💚💙🥳👌💯")
_WORD = re.compile(r"[^\W\d_]+")
_SIGNS = 8
"""Characters of a mere sign."""


def only_thanks(text: str) -> bool:
    """Whether words ask for nothing: thanks, "solved", an emoji. In doubt they do: nobody is left behind."""
    words = text.split()
    if len(words) == 1 and _EMOJI.fullmatch(text.strip()):
        return True
    return len(words) <= _LONG and _THANKS.search(text) is not None and _BUT.search(text) is None


def is_content(text: str) -> bool:
    """Whether words are nothing but thanks or "solved", or a happy sign. Anything else may want an answer."""
    return _is_nothing_but(_DONE, text)


def says_yes(text: str) -> bool:
    """The same, or nothing but a yes: what may follow upon the question whether all is settled."""
    return _is_nothing_but(_DONE | _YES, text)


def _is_nothing_but(core: frozenset[str], text: str) -> bool:
    words = _WORD.findall(_AGAIN.sub("works", _FOR_HELP.sub("", text)).casefold())
    if "?" in text or len(words) > _LONG:
        return False
    if not words:
        return not _HAPPY.isdisjoint(text) and len(text.strip()) <= _SIGNS
    return not core.isdisjoint(words) and (_DONE | _YES | _FILLERS).issuperset(words)
