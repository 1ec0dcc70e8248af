"""Finds what the policy says about a message, and how sure that is."""

from __future__ import annotations

import math
import random
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rapidfuzz import fuzz, process

from bot.coverage import calibration
from bot.coverage.features import Floats, Vectoriser
from bot.coverage.language import LanguageGuess
from bot.coverage.linear import LinearModel
from bot.coverage.normalise import ASKS, EXCLAIMS, sentences, without_courtesies, words
from bot.coverage.policy import Policy
from bot.coverage.spelling import Spelling
from bot.model import Action, Language, Ruling, Verdict

_FEWEST_WORDS = 2
"""Words; one alone says too little to be answered."""

_LONG = 25
"""Words from which only the deciding sentence of a message is quoted."""

_MOST_SENTENCES = 8
"""Sentences among which the deciding one is looked for."""

_LONGEST_EXCERPT = 300
"""Characters."""

_CANDIDATES = 3
"""Best categories among whose phrases the message itself is looked for."""

_SAME = 88.0
"""Likeness, out of 100, from which a message counts as one of the policy's own phrases with typos."""


@dataclass(frozen=True, slots=True)
class Example:
    """A phrase of the policy, and the category that it stands for."""

    category: str
    language: Language
    phrase: str
    words: tuple[str, ...]
    is_look_alike: bool


def examples_of(policy: Policy) -> list[Example]:
    """All phrases and look-alikes of a policy, in an order that mixes categories and is always the same."""
    found = []
    for category in policy.categories.values():
        for language, texts in category.texts.items():
            groups = [(category.id, texts.phrases, False)]
            groups += [(other, phrases, True) for other, phrases in texts.look_alikes.items()]
            found += [
                Example(owner, language, phrase, tuple(words(phrase)), is_look_alike)
                for owner, phrases, is_look_alike in groups
                for phrase in phrases
            ]
    random.Random(0).shuffle(found)  # noqa: S311 - mixes, hides nothing
    return found


class Matcher:
    """Matches messages to one policy. Deterministic; made once per policy, in about a second."""

    def __init__(self, policy: Policy, examples: Sequence[Example] | None = None) -> None:
        """Learn from the policy's phrases, or only from some of them (to measure with the others)."""
        self.policy = policy
        examples = examples_of(policy) if examples is None else examples
        self._ids = list(policy.categories)
        self._rulings = [category.ruling for category in policy.categories.values()]
        texts = [example.words for example in examples]
        labels = np.array([self._ids.index(example.category) for example in examples])
        self._language = LanguageGuess((example.language, example.words) for example in examples)
        self._spelling = Spelling(word for text in texts for word in text)
        self._vectors = Vectoriser(texts)
        known = [self._vectors(text) for text in texts]
        self._model = LinearModel(known, labels, len(self._ids), self._vectors.size)
        self._handicap = self._handicaps(np.bincount(labels, minlength=len(self._ids)))
        self._own: list[list[str]] = [[] for _ in self._ids]
        for example in sorted(examples, key=lambda example: len(" ".join(example.words))):
            self._own[self._ids.index(example.category)].append(" ".join(example.words))
        self._phrases: dict[tuple[str, Language], dict[str, str]] = {}
        for example in examples:
            if not example.is_look_alike:
                group = self._phrases.setdefault((example.category, example.language), {})
                group[example.phrase] = " ".join(example.words)

    def match(self, text: str) -> Verdict:
        """What the policy says about `text`. Never raises, whatever the text."""
        message = words(text)
        language = self._language(message)
        if sum(word not in {ASKS, EXCLAIMS} for word in message) < _FEWEST_WORDS:
            return Verdict(language, Action.SILENT)
        message = self._spelling.repaired(without_courtesies(message))
        if self._spelling.known_share(message) < calibration.FEWEST_KNOWN:
            return Verdict(language, Action.SILENT)
        odds = self._probabilities(message)
        rulings = dict.fromkeys(Ruling, 0.0)
        for ruling, probability in zip(self._rulings, odds, strict=True):
            rulings[ruling] += float(probability)
        ruling = _likeliest(rulings)
        of_ruling = [place for place, other in enumerate(self._rulings) if other is ruling]
        chosen = max(of_ruling, key=lambda place: float(odds[place]))
        confidence = _calibrated(rulings[ruling])
        action = _action(ruling, confidence, rulings)
        category = self._ids[chosen]
        if action is Action.SILENT:
            return Verdict(language, action, confidence, category, ruling)
        phrase = self._nearest(category, language, message)
        return Verdict(language, action, confidence, category, ruling, phrase, self._excerpt(text, chosen, message))

    def _handicaps(self, phrases: Any) -> Floats:
        """What is added to each category's logarithm of odds: little for many phrases, more for what is frequent."""
        share = (1 + phrases) / (1 + phrases).mean()
        frequent = np.array([calibration.FREQUENT.get(category, 0.0) for category in self._ids])
        return np.asarray(frequent - calibration.BALANCE * np.log(share), dtype=np.float32)

    def _probabilities(self, message: Sequence[str]) -> Floats:
        """How likely each category is."""
        scores = self._model.scores(self._vectors(message))
        for place in np.argsort(scores)[-_CANDIDATES:]:
            if self._has_phrase(int(place), message):
                scores[place] += calibration.OWN_PHRASE
        odds = calibration.SHARPNESS * scores + self._handicap
        powers = np.exp(odds - odds.max())
        return np.asarray(powers / powers.sum(), dtype=np.float32)

    def _has_phrase(self, place: int, message: Sequence[str]) -> bool:
        """Whether the category at `place` has the message, but for a few letters, among its phrases."""
        joined = " ".join(message)
        # texts so alike cannot differ more in length; looking only at these is much faster
        shortest, longest = len(joined) * _SAME / (200 - _SAME), len(joined) * (200 - _SAME) / _SAME
        start = bisect_left(self._own[place], shortest, key=len)
        end = bisect_right(self._own[place], longest, key=len)
        candidates = self._own[place][start:end]
        return process.extractOne(joined, candidates, scorer=fuzz.ratio, score_cutoff=_SAME) is not None

    def _nearest(self, category: str, language: Language, message: Sequence[str]) -> str | None:
        """The moderator's phrase of `category` that is most like the message."""
        phrases = self._phrases.get((category, language), {})
        found: Any = process.extractOne(" ".join(message), phrases, scorer=fuzz.ratio)
        return str(found[2]) if found else None

    def _excerpt(self, text: str, chosen: int, message: Sequence[str]) -> str:
        """All of a short message; of a long one the sentence that speaks most for the chosen category."""
        parts = sentences(text)[:_MOST_SENTENCES]
        if len(message) < _LONG or not parts:
            return text.strip()[:_LONGEST_EXCERPT]
        scores = [self._model.scores(self._vectors(words(part)))[chosen] for part in parts]
        return parts[int(np.argmax(scores))][:_LONGEST_EXCERPT]


def _likeliest(rulings: dict[Ruling, float]) -> Ruling:
    """The likeliest ruling; both of those that the policy is silent about count as one against the others."""
    quiet = max((Ruling.SILENCE, Ruling.NOT_IN_POLICY), key=lambda ruling: rulings[ruling])
    others = [ruling for ruling in rulings if ruling not in {Ruling.SILENCE, Ruling.NOT_IN_POLICY}]
    best = max(others, key=lambda ruling: rulings[ruling])
    return quiet if _quiet(rulings) > rulings[best] else best


def _quiet(rulings: dict[Ruling, float]) -> float:
    return rulings[Ruling.SILENCE] + rulings[Ruling.NOT_IN_POLICY]


def _calibrated(probability: float) -> float:
    """The probability that a ruling is right, from what the model thinks of it."""
    within = min(max(probability, 1e-6), 1 - 1e-6)
    odds = calibration.CONFIDENCE_SLOPE * math.log(within / (1 - within)) + calibration.CONFIDENCE_START
    return 1 / (1 + math.exp(-odds))


def _action(ruling: Ruling, confidence: float, rulings: dict[Ruling, float]) -> Action:
    """Whether to answer, only to offer a ticket, or to stay silent."""
    if ruling is Ruling.SILENCE or rulings[Ruling.SILENCE] > calibration.SMALL_TALK:
        return Action.SILENT
    opposite = {Ruling.COVERED: Ruling.NOT_COVERED, Ruling.NOT_COVERED: Ruling.COVERED}.get(ruling)
    sure = (
        confidence >= calibration.ANSWER
        and _quiet(rulings) <= calibration.MOST_QUIET
        and (opposite is None or rulings[opposite] <= calibration.MOST_OPPOSITE)
    )
    return Action.ANSWER if sure and ruling is not Ruling.NOT_IN_POLICY else Action.OFFER
