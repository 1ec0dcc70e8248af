"""Fits the matcher's confidence to labelled messages: `python -m bot.coverage.calibrate FILE`.

Of all messages that get a confidence of 0.8, four in five shall be right. The two numbers that see to it are fitted
here, and printed to be written into `calibration`; the table shows what each threshold for answering would cost. The
first look is fitted to all messages; the closer one, with the extra `semantic`, to those that the first one leaves in
doubt.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import policy_text
from bot.coverage import calibration
from bot.coverage.evaluate import OFF_TOPIC, Labelled, Outcome, outcomes_of, read_labelled
from bot.coverage.matcher import Matcher
from bot.coverage.meaning import encoder, shipped_meanings
from bot.coverage.policy import load_policy
from bot.model import Action

_ROUNDS = 50
"""Steps of Newton's method; it needs about ten."""

_THRESHOLDS = (0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


def fit(outcomes: Sequence[Outcome], tier: calibration.Tier = calibration.LETTERS) -> tuple[float, float]:
    """Slope and start that make the confidence of the outcomes, all from one look, most likely: logistic regression."""
    judged = [outcome for outcome in outcomes if outcome.verdict.ruling]
    odds = np.array([_uncalibrated(outcome.verdict.confidence, tier) for outcome in judged])
    right = np.array([outcome.verdict_right for outcome in judged], dtype=float)
    inputs = np.stack([odds, np.ones_like(odds)], axis=1)
    fitted = np.zeros(2)
    for _ in range(_ROUNDS):
        expected = 1 / (1 + np.exp(-inputs @ fitted))
        curvature = inputs.T @ (inputs * (expected * (1 - expected))[:, None]) + 1e-3 * np.eye(2)
        fitted += np.linalg.solve(curvature, inputs.T @ (right - expected) - 1e-3 * fitted)
    return float(fitted[0]), float(fitted[1])


def thresholds(outcomes: Sequence[Outcome]) -> Table:
    """What other thresholds for answering would do, among the messages that are answered or could be."""
    table = Table("confidence", "policy answered", "wrong among answers", "off-topic answered")
    policy = [outcome for outcome in outcomes if outcome.message.category != OFF_TOPIC]
    off_topic = [outcome for outcome in outcomes if outcome.message.category == OFF_TOPIC]
    for threshold in _THRESHOLDS:
        answers = [
            one for one in outcomes if one.verdict.action is Action.ANSWER and one.verdict.confidence >= threshold
        ]
        wrong = sum(not one.verdict_right for one in answers) / max(1, len(answers))
        shares = [sum(one in answers for one in group) / max(1, len(group)) for group in (policy, off_topic)]
        table.add_row(f"{threshold}", f"{shares[0]:.1%}", f"{wrong:.1%}", f"{shares[1]:.1%}")
    return table


def _uncalibrated(confidence: float, tier: calibration.Tier) -> float:
    """The model's own logarithm of odds, from the confidence that was made of it."""
    within = min(max(confidence, 1e-9), 1 - 1e-9)
    return (math.log(within / (1 - within)) - tier.start) / tier.slope


def main() -> None:
    """Print the fitted numbers for the shipped policy."""
    messages: list[Labelled] = read_labelled(Path(sys.argv[1]).read_bytes().splitlines())
    matcher = Matcher(load_policy(Path(policy_text.__file__).parent))
    outcomes = outcomes_of(matcher, messages)
    slope, start = fit(outcomes)
    console = Console()
    console.print(f"CONFIDENCE_SLOPE = {slope:.2f}\nCONFIDENCE_START = {start:.2f}")
    console.print(thresholds(outcomes))
    if model := encoder():
        matcher.learn_meaning(shipped_meanings(model))
        outcomes = outcomes_of(matcher, messages)
        unsure = [outcome for outcome in outcomes if matcher.match(outcome.message.text).is_unsure]
        slope, start = fit(unsure, calibration.MEANING)
        console.print(f"MEANING = Tier({calibration.MEANING.sharpness}, {slope:.2f}, {start:.2f})")
        console.print(thresholds(outcomes))


if __name__ == "__main__":
    main()
