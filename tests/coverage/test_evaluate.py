"""The figures follow the labelling rules, and the shipped matcher does well on real messages."""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from bot.coverage.calibrate import fit, thresholds
from bot.coverage.evaluate import (
    Bin,
    Labelled,
    Learning,
    Outcome,
    evaluate,
    figures_of,
    measured,
    outcomes_of,
    read_labelled,
    reliability,
)
from bot.coverage.lines import match_lines, verdict_line
from bot.coverage.matcher import Matcher
from bot.coverage.tables import evaluation_tables
from bot.model import Action, Language, Ruling, Verdict

DEVELOPMENT = Path(__file__).parents[3] / "shared" / "questions" / "dev.jsonl"


class Parrot(Matcher):
    """A matcher that says what it is told to: the message is the category."""

    def __init__(self, original: Matcher) -> None:
        self.policy = original.policy

    def match(self, text: str) -> Verdict:
        category = self.policy.categories.get(text)
        if category is None:
            return Verdict(Language.EN, Action.SILENT)
        return Verdict(Language.EN, Action.ANSWER, 0.9, category.id, category.ruling)


def labelled(text: str, category: str, *also: str) -> Labelled:
    return Labelled(text=text, lang="en", category=category, also=also)


def test_the_figures_follow_the_labelling_rules(matcher: Matcher) -> None:
    evaluation = evaluate(
        Parrot(matcher),
        [
            labelled("defect", "defect"),
            labelled("defect", "customization", "usage_question"),
            labelled("defect", "customization"),
            labelled("defect", "off_topic"),
            labelled("nothing", "off_topic"),
            labelled("nothing", "defect", "off_topic"),
            labelled("small_talk", "off_topic"),
            labelled("nothing", "defect"),
        ],
    )
    figures = evaluation.figures["all"]
    assert figures.messages == 8
    assert figures.category_right == 4 / 8
    assert figures.verdict_right == 5 / 8
    assert figures.policy_answered == 3 / 5
    assert figures.wrong_answers == 2 / 5
    assert figures.off_topic_answered == 2 / 3
    assert {(right, told): times for right, told, times in evaluation.confusions} == {
        ("customization", "defect"): 1,
        ("off_topic", "defect"): 1,
        ("defect", "off_topic"): 1,
    }


def outcome(confidence: float, *, right: bool, action: Action = Action.ANSWER) -> Outcome:
    verdict = Verdict(Language.EN, action, confidence, "defect", Ruling.COVERED)
    return Outcome(labelled("a", "defect"), verdict, "defect", right, right, 0.001)


def test_a_calibration_error_is_the_distance_between_what_is_said_and_what_is_so() -> None:
    nine_of_ten = [outcome(0.9, right=number > 0) for number in range(10)]
    assert figures_of(nine_of_ten).answers_calibration_error == pytest.approx(0)
    boasting = nine_of_ten + [outcome(0.65, right=False, action=Action.OFFER)] * 10
    assert figures_of(boasting).answers_calibration_error == pytest.approx(0)
    assert figures_of(boasting).calibration_error == pytest.approx(0.65 / 2)


def test_messages_of_like_confidence_are_counted_together() -> None:
    without_candidate = Outcome(
        labelled("a", "defect"), Verdict(Language.EN, Action.SILENT), "off_topic", False, False, 0
    )
    bins = reliability(
        [outcome(0.95, right=True), outcome(1.0, right=False), outcome(0.1, right=True), without_candidate]
    )
    assert bins == [None, Bin(1, 0.1, 1.0), *[None] * 7, Bin(2, 0.975, 0.5)]


def test_figures_are_told_apart_by_kind_where_messages_name_one(matcher: Matcher) -> None:
    named = [labelled("defect", "defect").model_copy(update={"kind": kind}) for kind in ("real", "", "made up", "real")]
    kinds = evaluate(Parrot(matcher), named).kinds
    assert {kind: figures.messages for kind, figures in kinds.items()} == {"real": 2, "made up": 1}


def test_learning_is_measured(matcher: Matcher) -> None:
    kept = []

    def learn() -> Matcher:
        kept.append(np.ones(200_000_000, dtype=np.uint8))
        time.sleep(0.01)
        return matcher

    learnt, learning = measured(learn)
    assert learnt is matcher
    assert learning.seconds >= 0.01
    if sys.platform == "linux":
        assert 100 < learning.megabytes < 300


def test_a_broken_line_is_named() -> None:
    with pytest.raises(ValueError, match='line 2: "text"'):
        read_labelled([b'{"text": "a", "lang": "en", "category": "defect"}', b"{}"])


def test_the_report_can_be_read_in_a_terminal(matcher: Matcher) -> None:
    console = Console(file=io.StringIO(), width=120)
    console.print(
        evaluation_tables(
            evaluate(matcher, [labelled("how do i import the demo?", "usage_question")]),
            Learning(1.5, float("nan"), 0.1),
        )
    )
    console.print(evaluation_tables(evaluate(matcher, []), Learning(1.5, float("nan"), 0.1)))
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert "| verdict right" in shown
    assert "1.50 s, ? MB" in shown
    assert "nan" not in shown


def test_lines_have_their_stable_form(matcher: Matcher) -> None:
    line = verdict_line(matcher.match("Is there a paid option for custom work? What is your hourly rate?"), matcher)
    assert list(line) == ["lang", "category", "verdict", "confidence", "action", "clause", "phrase"]
    assert (line["lang"], line["category"], line["verdict"]) == ("en", "paid_customization", Ruling.PAID)


def test_bad_lines_are_told_and_left_out(matcher: Matcher) -> None:
    lines = [
        b'{"text": "how do i import the demo?", "id": 7}\n',
        b"\n",
        b"no json\n",
        b'{"words": "x"}\n',
        b'{"text": 5}\n',
        b"[1]\n",
        b"\xff\xfe\n",
        b"[" * 100_000,
        b'{"text": "\\ud800 hello \\udfff"}\n',
    ]
    complaints: list[str] = []
    answers = [json.loads(line) for line in match_lines(matcher, lines, complaints.append)]
    assert len(answers) == 2
    assert len(complaints) == 6
    assert all(complaint.startswith("line ") for complaint in complaints)


@pytest.mark.skipif(not DEVELOPMENT.exists(), reason="the development messages (../shared/questions) are not here")
def test_real_messages_are_judged_well(matcher: Matcher) -> None:
    figures = evaluate(matcher, read_labelled(DEVELOPMENT.read_bytes().splitlines())).figures
    overall = figures["all"]
    assert overall.verdict_right > 0.76
    assert overall.category_right > 0.70
    assert overall.policy_answered > 0.44
    assert overall.wrong_answers < 0.06
    assert overall.off_topic_answered < 0.08
    assert overall.calibration_error < 0.12


@pytest.mark.skipif(not DEVELOPMENT.exists(), reason="the development messages (../shared/questions) are not here")
def test_the_confidence_is_calibrated(matcher: Matcher) -> None:
    outcomes = outcomes_of(matcher, read_labelled(DEVELOPMENT.read_bytes().splitlines()))
    slope, start = fit(outcomes)
    assert 0.8 < slope < 1.6
    assert -0.3 < start < 1.0
    assert thresholds(outcomes).row_count == 7
