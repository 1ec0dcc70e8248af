"""Makes different spellings of the same message alike, and cuts off what says nothing of the matter.

Chats are full of greetings, links, emoji, dropped umlauts and missing apostrophes. All of it is evened out once,
here, and the phrases of the policy go through the same mill.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

LONGEST = 1_200
"""Characters of a message that are examined; who writes more has said it by then."""

_LONGEST_WORD = 40
"""Characters of a word that are looked at."""

_NOISE = re.compile(
    r"```.*?```|<(?:@[!&]?|#|a?:\w{1,40}:|!)[^>\s]{0,80}>|@(?:everyone|here|channel)\b|(?:https?://|www\.)\S+",
    re.DOTALL,
)
_NOISY = ("```", "<", "@", "://", "www.")
"""One of these stands in whatever `_NOISE` finds; looking for them is much faster."""

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|\n+|(?<=[.!?]{2})(?=\w)|;\s")
_VERSION = re.compile(r"\bv?\d+(?:[._]\d+)+(?:\.x)?\b|\bv\d+\b")
_NUMBER = re.compile(r"\d+")
_RUN = re.compile(r"(.)\1\1+")
_WORD = re.compile(r"[^\W_]+")
_USUAL = (("ä", "a"), ("ö", "o"), ("ü", "u"), ("ß", "ss"), ("'", ""), ("’", ""), ("`", ""), ("´", ""))
"""What makes nearly all German and English letters simple ones."""

_FOLDS = str.maketrans("éèêáàâíîóôúûñçøł", "eeeaaaiioouuncol") | str.maketrans({"æ": "a", "œ": "o"})
"""Other letters that are not rare, because folding them one by one is much faster than what comes after it."""

_UMLAUT = re.compile(r"e(?=[a-z])(?<=[aou]e)(?:(?<=[a-z]..)|(?<=\b..)(?=[a-z]{2}))")
"""The second letter of ae, oe and ue within words; the pattern begins with its rarest sign, which makes it fast."""

_KEPT_NUMBERS = {"24", "48", "404", "500", "502", "504"}
"""Numbers with a meaning of their own: the promised hours, the web's errors."""

ASKS, EXCLAIMS = "?", "!"
"""Stand last among the words of a message that has such a mark: asking is unlike complaining."""


def words(text: str) -> list[str]:
    """The words of a text, spelt alike; last the marks that it has. Only its beginning counts if it is very long."""
    folded = _fold(text[:LONGEST])
    plain = [word if word.isalpha() and len(word) <= _LONGEST_WORD else _word(word) for word in _WORD.findall(folded)]
    return plain + [mark for mark in (ASKS, EXCLAIMS) if mark in folded]


def sentences(text: str, longest: int = LONGEST) -> list[str]:
    """The parts of a text between full stops and line ends, without the empty ones."""
    return [part.strip() for part in _SENTENCE_END.split(text[:longest]) if part.strip()]


def _fold(text: str) -> str:
    """Small letters without accents or apostrophes; ä, ae and a become the same, links and mentions vanish."""
    text = text.lower()
    if any(mark in text for mark in _NOISY):
        text = _NOISE.sub(" ", text)
    for letter, simple in _USUAL:
        text = text.replace(letter, simple)
    if not text.isascii():
        # compatible forms can be many times as long, so that the limit holds for them again
        forms = unicodedata.normalize("NFKD", text.translate(_FOLDS))[:LONGEST].lower()
        text = "".join(letter for letter in forms if not unicodedata.combining(letter))
    text = _RUN.sub(r"\1\1", text)
    if _NUMBER.search(text):
        text = _VERSION.sub(" vnum ", text)
    return _UMLAUT.sub("", text)


def _word(word: str) -> str:
    word = word[:_LONGEST_WORD]
    return word if word.isalpha() or word in _KEPT_NUMBERS else _NUMBER.sub("0", word)


def _words(line: str) -> frozenset[str]:
    return frozenset(line.split())


_HELLO = _words("hallo hallochen hello hi hey heya huhu moin servus tach mahlzeit greetings howdy dear")
_WITH_HELLO = _words(
    "zusammen allerseits leute ihr lieben team support there all guys folks everyone everybody sir madam again"
)
_GOOD = _words("guten good")
_DAYTIME = _words("morgen tag abend morning afternoon evening day")
_THANKS = _words("danke dank dankeschon merci thanks thank thx ty tia cheers")
_BEFORE_THANKS = _words("vielen herzlichen besten lieben schon schonmal many und and")
_WITH_THANKS = _words("schon mal schonmal im voraus vorab euch ihnen dir you u so very much a lot in advance")
_SIGNED = _words("lg mfg vg gruss grusse grussen regards")
_BEFORE_SIGNED = _words(
    "mit freundlichem freundlichen freundliche liebe lieben viele vielen beste besten best kind und and"
)
_LONGEST_NAME = 2
"""Words that may follow a closing formula: the writer's name."""

_FEWEST_LEFT = 4
"""Words; courtesies are cut off only where so many are left. Very short messages often consist of them."""


def without_courtesies(words: Sequence[str]) -> list[str]:
    """The words without the greeting before them and the thanks behind them, which say nothing of the matter."""
    plain = [word for word in words if word not in {ASKS, EXCLAIMS}]
    marks = words[len(plain) :]
    rest = plain[_greeting(plain) :]
    rest = rest[: _closing(rest, _SIGNED, _BEFORE_SIGNED, frozenset(), _LONGEST_NAME)]
    rest = rest[: _closing(rest, _THANKS, _BEFORE_THANKS, _WITH_THANKS, 0)]
    return [*rest, *marks] if len(rest) >= _FEWEST_LEFT else list(words)


def only_hails(words: Sequence[str]) -> bool:
    """Whether a message is nothing but a greeting, or not even that, and a question mark: "hello?"."""
    plain = [word for word in words if word not in {ASKS, EXCLAIMS}]
    return ASKS in words and _greeting(plain) == len(plain)


def _greeting(words: Sequence[str]) -> int:
    """How many words the message spends on greeting."""
    end = 0
    while end < len(words):
        if words[end] in _HELLO or (end and words[end] in _WITH_HELLO):
            end += 1
        elif words[end] in _GOOD and end + 1 < len(words) and words[end + 1] in _DAYTIME:
            end += 2
        else:
            break
    return end


def _closing(
    words: Sequence[str], core: frozenset[str], before: frozenset[str], after: frozenset[str], others: int
) -> int:
    """Where the closing formula begins: a `core` word, words of its kind before and after it, up to `others` last."""
    place = len(words) - 1
    while place >= 0 and words[place] not in core and (words[place] in after or others > 0):
        others -= words[place] not in after
        place -= 1
    if place < 0 or words[place] not in core:
        return len(words)
    while place > 0 and (words[place - 1] in before or words[place - 1] in core):
        place -= 1
    return place
