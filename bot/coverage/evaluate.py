"""Measures the matcher on labelled messages.

The file has one JSON object a line: `text`, `lang`, `category` (of the policy, or `off_topic`), and `also`, the other
categories that are right as well. An answer is right if its category is one of these, and its verdict if it is the
verdict of one of these; for `off_topic` the right answer is none.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError
from rich.console import Group, RenderableType
from rich.table import Table

from bot.coverage.lines import read_objects, refuse, verdict_line
from bot.coverage.matcher import Matcher
from bot.model import Action, Verdict

OFF_TOPIC = "off_topic"
"""The label of all that the policy says nothing about."""

_BINS = 10
"""Groups of like confidence whose mean is compared with how often they are right."""

_MOST_SHOWN = 10
"""Confusions and mistakes that are shown."""


class Labelled(BaseModel):
    """A message, and what is right for it."""

    model_config = ConfigDict(frozen=True)

    text: str
    lang: str
    category: str
    also: tuple[str, ...] = ()

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
    """Mean distance between the confidence and how often it is right."""
    median_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures of a whole file, in all and per language, and where the matcher goes wrong."""

    figures: Mapping[str, Figures]
    """Per language; `all` for all messages."""
    confusions: Sequence[tuple[str, str, int]]
    """Right category, told category and how often, the most frequent first; only where the verdict is wrong, too."""
    worst: Sequence[Outcome]
    """Wrong verdicts, the most confident first."""


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


def evaluate(matcher: Matcher, messages: Sequence[Labelled]) -> Evaluation:
    """Match all messages, and compare with what is right."""
    outcomes = outcomes_of(matcher, messages)
    groups = {language: [one for one in outcomes if one.message.lang == language] for language in _languages(messages)}
    wrong = [outcome for outcome in outcomes if not outcome.verdict_right]
    confusions = Counter((outcome.message.category, outcome.category) for outcome in wrong)
    return Evaluation(
        {name: _figures(group) for name, group in {**groups, "all": outcomes}.items()},
        [(right, told, times) for (right, told), times in confusions.most_common(_MOST_SHOWN)],
        sorted(wrong, key=lambda outcome: -outcome.verdict.confidence)[:_MOST_SHOWN],
    )


def outcomes_of(matcher: Matcher, messages: Sequence[Labelled]) -> list[Outcome]:
    """What the matcher makes of each message."""
    return [_outcome(matcher, message) for message in messages]


def report(evaluation: Evaluation) -> RenderableType:
    """The evaluation as tables for the terminal."""
    figures = Table("", *evaluation.figures, title="Matching labelled messages")
    for title, name, scale, unit in _ROWS:
        values = [getattr(group, name) * scale for group in evaluation.figures.values()]
        figures.add_row(title, *(f"{value:.{2 if unit == ' ms' else 0 if not unit else 1}f}{unit}" for value in values))
    confusions = Table("right", "told", "times", title="Wrong verdicts by category")
    for right, told, times in evaluation.confusions:
        confusions.add_row(right, told, str(times))
    worst = Table("confidence", "right", "told", "message", title="Worst mistakes")
    for outcome in evaluation.worst:
        confidence = f"{outcome.verdict.confidence:.2f}"
        worst.add_row(confidence, outcome.message.category, outcome.category, repr(outcome.message.text[:100]))
    return Group(figures, confusions, worst)


_ROWS = (
    ("messages", "messages", 1, ""),
    ("verdict right", "verdict_right", 100, " %"),
    ("category right", "category_right", 100, " %"),
    ("policy messages answered", "policy_answered", 100, " %"),
    ("wrong verdict among the answers", "wrong_answers", 100, " %"),
    ("off-topic messages answered", "off_topic_answered", 100, " %"),
    ("calibration error", "calibration_error", 100, " %"),
    ("median time", "median_ms", 1, " ms"),
    ("99th percentile", "p99_ms", 1, " ms"),
)


def _outcome(matcher: Matcher, message: Labelled) -> Outcome:
    start = time.perf_counter()
    verdict = matcher.match(message.text)
    seconds = time.perf_counter() - start
    told = str(verdict_line(verdict, matcher.policy)["category"] or OFF_TOPIC)
    rulings = {_ruling(matcher, category) for category in message.right}
    return Outcome(message, verdict, told, told in message.right, _ruling(matcher, told) in rulings, seconds)


def _ruling(matcher: Matcher, category: str) -> str:
    known = matcher.policy.categories.get(category)
    return known.ruling.value if known else OFF_TOPIC


def _languages(messages: Sequence[Labelled]) -> list[str]:
    return sorted({message.lang for message in messages})


def _figures(outcomes: Sequence[Outcome]) -> Figures:
    answers = [outcome for outcome in outcomes if outcome.verdict.action is Action.ANSWER]
    policy = [outcome for outcome in outcomes if outcome.message.category != OFF_TOPIC]
    off_topic = [outcome for outcome in outcomes if outcome.message.category == OFF_TOPIC]
    times = [outcome.seconds * 1000 for outcome in outcomes] or [float("nan")]
    return Figures(
        messages=len(outcomes),
        verdict_right=_share(outcome.verdict_right for outcome in outcomes),
        category_right=_share(outcome.category_right for outcome in outcomes),
        policy_answered=_share(outcome.verdict.action is Action.ANSWER for outcome in policy),
        wrong_answers=_share(not outcome.verdict_right for outcome in answers),
        off_topic_answered=_share(outcome.verdict.action is Action.ANSWER for outcome in off_topic),
        calibration_error=_calibration_error(outcomes),
        median_ms=float(np.median(times)),
        p99_ms=float(np.percentile(times, 99)),
    )


def _share(found: Iterable[bool]) -> float:
    values = list(found)
    return sum(values) / len(values) if values else float("nan")


def _calibration_error(outcomes: Sequence[Outcome]) -> float:
    """Expected calibration error: messages of like confidence should be right as often as it says."""
    judged = [outcome for outcome in outcomes if outcome.verdict.ruling]
    total = 0.0
    for number in range(_BINS):
        group = [one for one in judged if min(int(one.verdict.confidence * _BINS), _BINS - 1) == number]
        if group:
            confidence = sum(one.verdict.confidence for one in group) / len(group)
            total += abs(confidence - _share(one.verdict_right for one in group)) * len(group) / len(judged)
    return total if judged else float("nan")
