"""Measures the matcher on labelled messages.

The file has one JSON object a line: `text`, `lang`, `category` (of the policy, or `off_topic`), and if wanted `also`,
the other categories that are right as well, and `kind`, any word by which the figures shall be told apart. An answer is
right if its category is `category` or in `also`, and its verdict if it is the verdict of one of these; for `off_topic`
the right answer is none.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.coverage.changes import CategoryChange, PolicyChange, TextsChange, changed
from bot.coverage.lines import read_objects, refuse, told_category
from bot.coverage.matcher import Matcher
from bot.coverage.policy import Policy
from bot.model import Action, Language, Verdict

OFF_TOPIC = "off_topic"
"""The label of all that the policy says nothing about."""

BINS = 10
"""Groups of like confidence whose mean is compared with how often they are right."""

_MOST_SHOWN = 10
"""Confusions and mistakes that are shown."""

_PAGE = 4096
"""Bytes of a page of memory, in which Linux counts what a process holds."""


class Labelled(BaseModel):
    """A message, and what is right for it."""

    model_config = ConfigDict(frozen=True)

    text: str
    lang: str
    category: str
    also: tuple[str, ...] = ()
    kind: str = ""

    @property
    def right(self) -> frozenset[str]:
        """All categories that are right."""
        return frozenset({self.category, *self.also})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the matcher made of one message."""

    message: Labelled
    verdict: Verdict
    category: str
    """The category that it told, or `off_topic` if it told none."""
    category_right: bool
    verdict_right: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Messages of like confidence."""

    messages: int
    confidence: float
    """Mean of their confidences."""
    right: float
    """Share of them whose verdict is right."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How well some messages were matched. Shares are between 0 and 1, NaN without messages of the kind."""

    messages: int
    verdict_right: float
    category_right: float
    policy_answered: float
    """Of the messages about the policy."""
    wrong_answers: float
    """Answers with a wrong verdict, of all answers."""
    off_topic_answered: float
    """Of the messages that the policy says nothing about."""
    calibration_error: float
    """Mean distance between the confidence and how often it is right, of all messages that have a candidate."""
    answers_calibration_error: float
    """The same, of the answers alone: what customers see."""
    median_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures of a whole file, in all and by language and kind, and where the matcher goes wrong."""

    figures: Mapping[str, Figures]
    """Per language; `all` for all messages."""
    kinds: Mapping[str, Figures]
    """Per kind, where messages name one."""
    confusions: Sequence[tuple[str, str, int]]
    """Right category, told category and how often, the most frequent first; only where the verdict is wrong, too."""
    worst: Sequence[Outcome]
    """Wrong verdicts, the most confident first."""
    outcomes: Sequence[Outcome]


@dataclass(frozen=True, slots=True)
class Learning:
    """What it costs to make a matcher: reading the policy and learning from its phrases."""

    seconds: float
    megabytes: float
    """Memory that the process holds more than before; NaN where the system does not tell (only Linux does)."""
    adapting_seconds: float
    """To adapt the matcher to a policy with one phrase less."""


def read_labelled(lines: Iterable[bytes]) -> list[Labelled]:
    """The labelled messages of a JSONL stream. Raises ValueError that names the line."""
    messages = []
    for number, found in read_objects(lines, refuse):
        try:
            messages.append(Labelled.model_validate(found))
        except ValidationError as error:
            first = error.errors()[0]
            raise ValueError(f'line {number}: "{first["loc"][0]}": {first["msg"]}') from error
    return messages


def measured(learn: Callable[[], Matcher]) -> tuple[Matcher, Learning]:
    """The matcher that `learn` makes, and what that cost."""
    before = _held_bytes()
    start = time.perf_counter()
    matcher = learn()
    seconds = time.perf_counter() - start
    megabytes = (_held_bytes() - before) / 1e6
    fewer = _without_a_phrase(matcher.policy)
    start = time.perf_counter()
    matcher.adapted(fewer)
    return matcher, Learning(seconds, megabytes, time.perf_counter() - start)


def _without_a_phrase(policy: Policy) -> Policy:
    id_, category = next(iter(policy.categories.items()))
    phrase = category.texts[Language.DE].phrases[0]
    change = CategoryChange(texts={Language.DE: TextsChange(removed={id_: (phrase,)})})
    return changed(policy, PolicyChange({id_: change}), 1)


def evaluate(matcher: Matcher, messages: Sequence[Labelled]) -> Evaluation:
    """Match all messages, and compare with what is right."""
    outcomes = outcomes_of(matcher, messages)
    wrong = [outcome for outcome in outcomes if not outcome.verdict_right]
    confusions = Counter((outcome.message.category, outcome.category) for outcome in wrong)
    return Evaluation(
        {**_by(lambda message: message.lang, outcomes), "all": figures_of(outcomes)},
        _by(lambda message: message.kind, outcomes),
        [(right, told, times) for (right, told), times in confusions.most_common(_MOST_SHOWN)],
        sorted(wrong, key=lambda outcome: -outcome.verdict.confidence)[:_MOST_SHOWN],
        outcomes,
    )


def outcomes_of(matcher: Matcher, messages: Sequence[Labelled]) -> list[Outcome]:
    """What the matcher makes of each message."""
    return [_outcome(matcher, message) for message in messages]


def figures_of(outcomes: Sequence[Outcome]) -> Figures:
    """How well these messages were matched."""
    answers = answers_of(outcomes)
    policy = [outcome for outcome in outcomes if outcome.message.category != OFF_TOPIC]
    off_topic = [outcome for outcome in outcomes if outcome.message.category == OFF_TOPIC]
    times = [outcome.seconds * 1000 for outcome in outcomes] or [float("nan")]
    return Figures(
        messages=len(outcomes),
        verdict_right=share(outcome.verdict_right for outcome in outcomes),
        category_right=share(outcome.category_right for outcome in outcomes),
        policy_answered=share(outcome.verdict.action is Action.ANSWER for outcome in policy),
        wrong_answers=share(not outcome.verdict_right for outcome in answers),
        off_topic_answered=share(outcome.verdict.action is Action.ANSWER for outcome in off_topic),
        calibration_error=calibration_error(reliability(outcomes)),
        answers_calibration_error=calibration_error(reliability(answers)),
        median_ms=float(np.median(times)),
        p99_ms=float(np.percentile(times, 99)),
    )


def answers_of(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Those that were answered with the policy."""
    return [outcome for outcome in outcomes if outcome.verdict.action is Action.ANSWER]


def reliability(outcomes: Sequence[Outcome]) -> list[Bin | None]:
    """The messages that have a candidate in tenths of confidence, from 0 up; None where there is no message."""
    groups: list[list[Outcome]] = [[] for _ in range(BINS)]
    for outcome in outcomes:
        if outcome.verdict.ruling:
            groups[min(int(outcome.verdict.confidence * BINS), BINS - 1)].append(outcome)
    return [_bin(group) if group else None for group in groups]


def calibration_error(bins: Iterable[Bin | None]) -> float:
    """Expected calibration error: messages of like confidence should be right as often as it says."""
    filled = [found for found in bins if found]
    total = sum(found.messages for found in filled)
    errors = sum(abs(found.confidence - found.right) * found.messages for found in filled)
    return errors / total if total else float("nan")


def share(found: Iterable[bool]) -> float:
    """How many of them are true, between 0 and 1; NaN of none."""
    values = list(found)
    return sum(values) / len(values) if values else float("nan")


def ruling_of(policy: Policy, category: str) -> str:
    """The verdict that stands for a label: of a category the policy's ruling, of all else `off_topic`."""
    known = policy.categories.get(category)
    return known.ruling.value if known else OFF_TOPIC


def told_as(verdict: Verdict, policy: Policy) -> str:
    """The label that a verdict comes to."""
    category = told_category(verdict, policy)
    return category.id if category else OFF_TOPIC


def _outcome(matcher: Matcher, message: Labelled) -> Outcome:
    start = time.perf_counter()
    verdict = matcher.match_closely(message.text)
    seconds = time.perf_counter() - start
    told = told_as(verdict, matcher.policy)
    rulings = {ruling_of(matcher.policy, category) for category in message.right}
    return Outcome(message, verdict, told, told in message.right, ruling_of(matcher.policy, told) in rulings, seconds)


def _by(label: Callable[[Labelled], str], outcomes: Sequence[Outcome]) -> dict[str, Figures]:
    """The figures of each group of messages with the same label; those with an empty one are in none."""
    names = sorted({label(outcome.message) for outcome in outcomes} - {""})
    return {name: figures_of([one for one in outcomes if label(one.message) == name]) for name in names}


def _bin(outcomes: Sequence[Outcome]) -> Bin:
    confidence = float(np.mean([outcome.verdict.confidence for outcome in outcomes]))
    return Bin(len(outcomes), confidence, share(outcome.verdict_right for outcome in outcomes))


def _held_bytes() -> float:
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except FileNotFoundError:
        return float("nan")
