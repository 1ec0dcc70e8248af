"""Finds what the policy says about a message, and how sure that is."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bot.coverage import calibration, rants, waiting
from bot.coverage.examples import Example, examples_of
from bot.coverage.features import Floats
from bot.coverage.knowledge import Knowledge, adapt, learn
from bot.coverage.meaning import Meaning, Meanings, adapt_meaning, learn_meaning
from bot.coverage.normalise import ASKS, EXCLAIMS, only_hails, sentences, without_courtesies, words
from bot.coverage.policy import Policy
from bot.coverage.thanks import only_thanks
from bot.model import QUIET, Action, Language, Ruling, Verdict

__all__ = ["Example", "Matcher", "examples_of"]

_FEWEST_WORDS = 2
"""Words; one alone says too little to be answered."""

_LONG = 25
"""Words from which only the deciding sentence of a message is quoted."""

_MOST_SENTENCES = 8
"""Sentences among which the deciding one is looked for."""

_LONGEST_EXCERPT = 300
"""Characters."""

_SMALLEST_SHARE = 0.3
"""Of the mean number of phrases; a category with fewer counts as if it had so many, or it would outweigh all others."""

_CANDIDATES = 3
"""Best categories among whose phrases the message itself is looked for."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """A message as the matcher sees it."""

    text: str
    language: Language
    words: Sequence[str]
    """Spelt alike, repaired, without courtesies."""
    is_short: bool
    """Too short to be answered, unless somebody waits."""
    scores: Floats
    """Of each category."""
    tier: calibration.Tier
    """Which look the scores are from."""
    probabilities: Floats
    """Of each category."""


@dataclass(slots=True)
class _Roots:
    """What a matcher shares with all that are adapted from it."""

    known: Knowledge
    meaning: Meaning | None = None
    """What its phrases mean; None until that is learnt, above all without the extra `semantic`."""


class Matcher:
    """Matches messages to one policy. Deterministic; learns it in seconds."""

    def __init__(
        self,
        policy: Policy,
        examples: Sequence[Example] | None = None,
        *,
        known: Knowledge | None = None,
        base: _Roots | None = None,
    ) -> None:
        """Learn from the policy's phrases, or only from some of them (to measure with the others).

        What is `known` of this policy already is not learnt again. With a `base`, only what is different is learnt,
        unless too much is.
        """
        adapted = adapt(base.known, policy) if base else None
        self.policy = policy
        self._known = adapted or known or learn(policy, examples_of(policy) if examples is None else examples)
        self._base = base if base and adapted else _Roots(self._known)
        self._meaning: Meaning | None = None
        self._rulings = [policy.categories[category].ruling for category in self._known.categories]
        self._handicap = _handicaps(self._known)
        self._waiting = waiting.likelier(self._known.categories)
        self._hailing = waiting.likelier(self._known.categories, hailing=True)

    def adapted(self, policy: Policy) -> Matcher:
        """A matcher for a policy that differs in little, in a fraction of the time, and sharing this one's memory.

        The same comes out whatever was adapted before: of a matcher that was adapted itself, what counts is the one
        from which it was.
        """
        return Matcher(policy, base=self._base)

    def is_adapted_from(self, other: Matcher) -> bool:
        """Whether this matcher shares what the other one has learnt, or is that one."""
        return self._base is other._base

    def learn_meaning(self, meanings: Meanings) -> None:
        """From now on, what the letters leave in doubt can be looked at closely. Takes seconds, the first time.

        An adapted matcher shares what the one that it was adapted from has learnt, or will have.
        """
        base = self._base
        if base.meaning is None:
            base.meaning = learn_meaning(meanings, base.known)
        is_adapted = self._known is not base.known
        self._meaning = (
            adapt_meaning(base.meaning, base.known, self._known, self._added()) if is_adapted else base.meaning
        )

    def unread(self, meanings: Meanings) -> list[str]:
        """The phrases whose vectors are not among the `meanings` yet; `learn_meaning` would make them all at once."""
        return meanings.unknown(example.phrase for example in [*self._base.known.examples, *self._added()])

    def _added(self) -> list[Example]:
        """What was added to the phrases of the matcher from which this one was adapted."""
        base = self._base.known
        before = set(base.examples)
        return [] if self._known is base else [one for one in examples_of(self.policy) if one not in before]

    def match(self, text: str) -> Verdict:
        """What the policy says about `text`, at a first look. Never raises, whatever the text."""
        return self._match(text) if len(text) < rants.LONG else self._match_long(text)

    def match_closely(self, text: str) -> Verdict:
        """The same, with a closer look where the first one leaves doubt; that takes tens of milliseconds."""
        first = self.match(text)
        reading = self._read(text, words(text)) if first.is_unsure else None
        return first if reading is None else self._judged(self._read_closely(reading))

    def _match_long(self, text: str) -> Verdict:
        """The verdict on the part of a long message that is clearest about something the policy speaks of."""
        whole, verdicts = self._match(text), [self._match(part) for part in rants.parts(text)]
        clear = [one for one in verdicts if one.action is not Action.SILENT and one.ruling not in QUIET]
        best = max(clear, key=lambda verdict: verdict.confidence, default=whole)
        is_sure = best.action is Action.ANSWER and best.confidence >= calibration.ANSWER_PART
        action = Action.OFFER if best.action is Action.ANSWER and not is_sure else best.action
        return replace(best, action=action, language=whole.language, if_waiting=None, is_unsure=False)

    def _match(self, text: str) -> Verdict:
        message = words(text)
        reading = self._read(text, message)
        return Verdict(self._known.language(message), Action.SILENT) if reading is None else self._judged(reading)

    def _judged(self, reading: _Reading) -> Verdict:
        plain = Verdict(reading.language, Action.SILENT) if reading.is_short else self._verdict(reading)
        return replace(plain, if_waiting=self._if_waiting(reading, plain))

    def likest_phrase(self, verdict: Verdict) -> str | None:
        """The phrase of the verdict's category that is most like what decided; None where nothing did.

        Looked for only where it is shown, because it takes a third of the time of the verdict.
        """
        if verdict.excerpt is None or verdict.category is None:
            return None
        message = self._known.spelling.repaired(without_courtesies(words(verdict.excerpt)))
        return self._known.nearest(verdict.category, verdict.language, self._known.vectors(message))

    def candidates(self, text: str, *, closely: bool = False) -> list[tuple[str, float]]:
        """The categories with their probabilities, the likeliest first; none for what is not understood."""
        reading = self._read(text, words(text))
        if reading is None:
            return []
        if closely and self.match(text).is_unsure:
            reading = self._read_closely(reading)
        found = zip(self._known.categories, reading.probabilities.tolist(), strict=True)
        return sorted(found, key=lambda candidate: -candidate[1])

    def confusions(self, categories: Iterable[str] | None = None) -> Mapping[str, Counter[str]]:
        """For some or all categories: what their phrases would be told as if they were not in the policy, how often.

        In `matcher.confusions()["defect"]["defect"]` is how many of the phrases of `defect` the others explain.
        """
        wanted = self._known.categories if categories is None else list(categories)
        return {category: self._confusions(category) for category in wanted}

    def _confusions(self, category: str) -> Counter[str]:
        label = self._known.categories.index(category)
        told: Counter[str] = Counter()
        for example in examples_of(self.policy):
            if example.category == category:
                scores = self._known.model.scores_left_out(self._known.vectors(example.words), label)
                told[self._known.categories[self._chosen(self._probabilities(scores, calibration.LETTERS))[1]]] += 1
        return told

    def _read(self, text: str, message: Sequence[str]) -> _Reading | None:
        """None for what is too short for any verdict, or in no language that we know."""
        is_short = sum(word not in {ASKS, EXCLAIMS} for word in message) < _FEWEST_WORDS
        if is_short and ASKS not in message:
            return None
        language = self._known.language(message)
        message = self._known.spelling.repaired(without_courtesies(message))
        if self._known.spelling.known_share(message) < calibration.FEWEST_KNOWN:
            return None
        scores = self._known.model.scores(self._known.vectors(message))
        for place in np.argsort(scores)[-_CANDIDATES:].tolist():
            if self._known.is_own(self._known.categories[place], language, message):
                scores[place] += calibration.OWN_PHRASE
        tier = calibration.LETTERS
        return _Reading(text, language, message, is_short, scores, tier, self._probabilities(scores, tier))

    def _read_closely(self, reading: _Reading) -> _Reading:
        """The same message, with a look at its meaning; as it was if nothing is known of meanings."""
        if self._meaning is None:
            return reading
        by_meaning = self._meaning.scores(reading.text, reading.scores)
        scores = calibration.LETTERS_SHARE * reading.scores + calibration.MEANING_SHARE * by_meaning
        tier = calibration.MEANING
        return replace(reading, scores=scores, tier=tier, probabilities=self._probabilities(scores, tier))

    def _probabilities(self, scores: Floats, tier: calibration.Tier) -> Floats:
        """How likely each category is."""
        odds = tier.sharpness * scores + self._handicap
        powers = np.exp(odds - odds.max())
        return np.asarray(powers / powers.sum(), dtype=np.float32)

    def _verdict(self, reading: _Reading) -> Verdict:
        """The verdict for somebody of whom we know nothing else."""
        rulings, chosen = self._chosen(reading.probabilities)
        ruling, category = self._rulings[chosen], self._known.categories[chosen]
        confidence = _calibrated(rulings[ruling], reading.tier)
        action = _action(ruling, confidence, rulings)
        may_look = self._meaning is not None and reading.tier is calibration.LETTERS
        is_unsure = may_look and rulings[ruling] < calibration.UNSURE
        verdict = Verdict(reading.language, action, confidence, category, ruling, is_unsure=is_unsure)
        return verdict if action is Action.SILENT else replace(verdict, excerpt=self._excerpt(reading, chosen))

    def _chosen(self, probabilities: Floats) -> tuple[dict[Ruling, float], int]:
        """The probability of each ruling, and the place of the likeliest category within the likeliest ruling."""
        rulings = dict.fromkeys(Ruling, 0.0)
        for one, probability in zip(self._rulings, probabilities.tolist(), strict=True):
            rulings[one] += probability
        ruling = _likeliest(rulings)
        of_ruling = [place for place, other in enumerate(self._rulings) if other is ruling]
        return rulings, max(of_ruling, key=lambda place: float(probabilities[place]))

    def _if_waiting(self, reading: _Reading, plain: Verdict) -> Verdict | None:
        """The verdict for somebody with a waiting ticket, or None if that makes no difference."""
        if len(reading.words) > waiting.MOST_WORDS or only_thanks(reading.text):
            return None
        times_likelier = self._hailing if only_hails(reading.words) else self._waiting
        weights = reading.probabilities * times_likelier
        asked = weights * (times_likelier > 1)
        confidence = float(asked.sum() / weights.sum())
        chosen = int(np.argmax(asked))
        category = self._known.categories[chosen]
        if confidence < waiting.ENOUGH or (plain.action is Action.ANSWER and plain.category == category):
            return None
        ruling = self._rulings[chosen]
        excerpt = self._excerpt(reading, chosen)
        return Verdict(reading.language, Action.ANSWER, confidence, category, ruling, excerpt)

    def _excerpt(self, reading: _Reading, chosen: int) -> str:
        """All of a short message; of a long one the sentence that speaks most for the chosen category."""
        parts = sentences(reading.text)[:_MOST_SENTENCES] if len(reading.words) >= _LONG else []
        if not parts:
            return reading.text.strip()[:_LONGEST_EXCERPT]
        scores = [self._known.model.scores(self._known.vectors(words(part)))[chosen] for part in parts]
        return parts[int(np.argmax(scores))][:_LONGEST_EXCERPT]


def _handicaps(known: Knowledge) -> Floats:
    """What is added to each category's logarithm of odds: little for many phrases, more for what is frequent."""
    phrases = np.array([known.sizes.get(category, 0) for category in known.categories])
    share = np.maximum((1 + phrases) / (1 + phrases).mean(), _SMALLEST_SHARE)
    frequent = np.array([calibration.FREQUENT.get(category, 0.0) for category in known.categories])
    return np.asarray(frequent - calibration.BALANCE * np.log(share), dtype=np.float32)


def _likeliest(rulings: dict[Ruling, float]) -> Ruling:
    """The likeliest ruling; both of those that the policy is silent about count as one against the others."""
    quiet = max((Ruling.SILENCE, Ruling.NOT_IN_POLICY), key=lambda ruling: rulings[ruling])
    others = [ruling for ruling in rulings if ruling not in QUIET]
    best = max(others, key=lambda ruling: rulings[ruling])
    return quiet if _quiet(rulings) > rulings[best] else best


def _quiet(rulings: dict[Ruling, float]) -> float:
    return rulings[Ruling.SILENCE] + rulings[Ruling.NOT_IN_POLICY]


def _calibrated(probability: float, tier: calibration.Tier) -> float:
    """The probability that a ruling is right, from what the model thinks of it."""
    within = min(max(probability, 1e-6), 1 - 1e-6)
    odds = tier.slope * math.log(within / (1 - within)) + tier.start
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
