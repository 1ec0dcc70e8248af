"""Tries whether verdicts stand what people do to their messages: typos, capitals, rants, other languages.

Each change is made by chance, but by the same chance every time: it is drawn from the text itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, cycle, pairwise
from random import Random

from bot.coverage.evaluate import Figures, Labelled, Outcome, figures_of, outcomes_of, ruling_of, share
from bot.coverage.matcher import Matcher
from bot.coverage.stress_texts import COMPLAINTS, ENGLISH_FOR, FOREIGN, GREETINGS
from bot.model import Action

RANT = 2_000
"""Characters of a rant: the longest message that Discord takes."""

_FEWEST_LETTERS = 3
"""Letters of a word that gets a typo; shorter ones would become another word."""

_BESIDE = {key: beside for row in ("qwertzuiopü", "asdfghjklöä", "yxcvbnm") for key, beside in pairwise(row)}
"""For a letter the one to its right on a keyboard: who misses a key hits the one beside it."""

_WORD = re.compile(r"[^\W\d_]+")
_BETWEEN_LETTERS = re.compile(r"(?<=\w)['’](?=\w)")
_SIGN = re.compile(r"[^\w\s]")

Change = Callable[[Labelled, Random], str]
"""The text of a message as somebody else would have written it."""


@dataclass(frozen=True, slots=True)
class Stressed:
    """What a change of the messages does to their verdicts. Only messages that it does change are counted."""

    name: str
    before: Figures
    """Of these messages as they were."""
    after: Figures
    kept: float
    """Share of the messages whose verdict is the same as before, right or wrong."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """What is made of messages in a language that the policy does not speak. Shares between 0 and 1."""

    language: str
    messages: int
    silent: float
    not_answered: float
    """Silent, or at most offered a ticket."""


def stress(matcher: Matcher, outcomes: Sequence[Outcome]) -> list[Stressed]:
    """Judge all messages again, once with every change; `outcomes` are those of the messages as they were."""
    return [_stressed(name, matcher, outcomes) for name in CHANGES]


def foreign(matcher: Matcher) -> list[Foreign]:
    """Judge messages in other languages; the last group is all of them."""
    found = []
    for language, texts in {**FOREIGN, "all": list(chain.from_iterable(FOREIGN.values()))}.items():
        actions = [matcher.match_closely(text).action for text in texts]
        silent = share(action is Action.SILENT for action in actions)
        found.append(Foreign(language, len(texts), silent, share(action is not Action.ANSWER for action in actions)))
    return found


def changed(name: str, message: Labelled) -> Labelled:
    """The message with a change made to its text, always the same one."""
    chance = Random(f"{name}: {message.text}")  # noqa: S311 - varies, hides nothing
    return message.model_copy(update={"text": CHANGES[name](message, chance)})


def _stressed(name: str, matcher: Matcher, outcomes: Sequence[Outcome]) -> Stressed:
    pairs = [(outcome, changed(name, outcome.message)) for outcome in outcomes]
    pairs = [(outcome, message) for outcome, message in pairs if message.text != outcome.message.text]
    before = [outcome for outcome, _ in pairs]
    after = outcomes_of(matcher, [message for _, message in pairs])
    kept = share(
        ruling_of(matcher.policy, old.category) == ruling_of(matcher.policy, new.category)
        for old, new in zip(before, after, strict=True)
    )
    return Stressed(name, figures_of(before), figures_of(after), kept)


def _mistyped(message: Labelled, chance: Random, words: float) -> str:
    """The text with a typo in this share of its words."""

    def spoil(found: re.Match[str]) -> str:
        word = found[0]
        return _typo(word, chance) if len(word) >= _FEWEST_LETTERS and chance.random() < words else word

    return _WORD.sub(spoil, message.text)


def _typo(word: str, chance: Random) -> str:
    """The word with two letters swapped, one left out, one there twice, or one that is its neighbour's."""
    place = chance.randrange(len(word) - 1)
    start, letter, after, end = word[:place], word[place], word[place + 1], word[place + 2 :]
    beside = _BESIDE.get(letter.lower(), "")
    return start + chance.choice((after + letter, after, letter + letter + after, beside + after)) + end


_DOTLESS = str.maketrans("äöüÄÖÜ", "aouAOU")


def _without_umlauts(message: Labelled, _: Random) -> str:
    return message.text.translate(_DOTLESS)


_SPELT_OUT = {ord(letter): f"{letter.translate(_DOTLESS)}e" for letter in "äöüÄÖÜ"} | {ord("ß"): "ss"}


def _with_ae(message: Labelled, _: Random) -> str:
    return message.text.translate(_SPELT_OUT)


def _without_punctuation(message: Labelled, _: Random) -> str:
    return " ".join(_SIGN.sub(" ", _BETWEEN_LETTERS.sub("", message.text)).split())


def _politely(message: Labelled, chance: Random) -> str:
    before, behind = chance.choice(GREETINGS.get(message.lang, GREETINGS["en"]))
    return before + message.text + behind


def _half_english(message: Labelled, _: Random) -> str:
    if message.lang != "de":
        return message.text
    return _WORD.sub(lambda found: ENGLISH_FOR.get(found[0].lower(), found[0]), message.text)


def _in_a_rant(message: Labelled, chance: Random) -> str:
    """The message in the middle of complaints that say nothing of the matter."""
    complaints = COMPLAINTS.get(message.lang, COMPLAINTS["en"])
    room = (RANT - len(message.text)) // 2
    return f"{_talk(complaints, room, chance)} {message.text} {_talk(complaints, room, chance)}".strip()


def _talk(complaints: Sequence[str], room: int, chance: Random) -> str:
    """As many complaints, in any order, as there is room for, in characters."""
    endless = cycle(chance.sample(complaints, len(complaints)))
    said = ""
    while len(longer := f"{said} {next(endless)}".strip()) < room:
        said = longer
    return said


CHANGES: Mapping[str, Change] = {
    "typos in a tenth of the words": lambda message, chance: _mistyped(message, chance, 0.1),
    "typos in a quarter of the words": lambda message, chance: _mistyped(message, chance, 0.25),
    "a for ä, o for ö, u for ü": _without_umlauts,
    "ae for ä, oe for ö, ue for ü": _with_ae,
    "no punctuation": _without_punctuation,
    "all small": lambda message, _: message.text.lower(),
    "ALL CAPITALS": lambda message, _: message.text.upper(),
    "greetings and thanks around": _politely,
    "English words in German sentences": _half_english,
    "in the middle of a rant of 2,000 characters": _in_a_rant,
}
"""What is done to messages, by its name."""
