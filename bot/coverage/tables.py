"""Figures about the matcher as tables, in a form that a terminal shows well and documentation can take over."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from bot.coverage.compare import Compared
from bot.coverage.evaluate import Evaluation, Figures, Learning
from bot.coverage.stress import Foreign, Stressed

_EXCERPT = 100
"""Characters of a message that are shown."""


def evaluation_tables(evaluation: Evaluation, learning: Learning) -> RenderableType:
    """All that was found out about a file of labelled messages."""
    parts: list[RenderableType] = [
        _figures("Matching labelled messages", evaluation.figures),
        f"Reading the policy and learning: {learning.seconds:.2f} s, {_number(learning.megabytes, 0)} MB of memory",
        f"Adapting to a changed phrase: {learning.adapting_seconds:.2f} s",
    ]
    if evaluation.kinds:
        parts.append(_figures("The same by kind of message", evaluation.kinds))
    confusions = _table("Wrong verdicts by category", "right", "told", "times")
    for right, told, times in evaluation.confusions:
        confusions.add_row(right, told, str(times))
    worst = _table("Worst mistakes", "confidence", "right", "told", "message")
    for outcome in evaluation.worst:
        confidence = f"{outcome.verdict.confidence:.2f}"
        excerpt = escape(repr(outcome.message.text[:_EXCERPT]))
        worst.add_row(confidence, outcome.message.category, outcome.category, excerpt)
    return Group(*parts, confusions, worst)


def stress_tables(stressed: Sequence[Stressed], foreign: Sequence[Foreign]) -> RenderableType:
    """How verdicts stand what people do to their messages, and which other languages are left alone."""
    heads = ("messages changed", "right before", "right after", "verdict kept", "policy answered", "wrong answers")
    changes = _table("Stress: the same messages, written otherwise", "what", *heads)
    for one in stressed:
        after = one.after
        shares = (one.before.verdict_right, after.verdict_right, one.kept, after.policy_answered, after.wrong_answers)
        changes.add_row(one.name, str(after.messages), *map(_percent, shares))
    languages = _table("Other languages", "language", "messages", "silent", "not answered")
    for group in foreign:
        languages.add_row(group.language, str(group.messages), _percent(group.silent), _percent(group.not_answered))
    return Group(changes, languages)


def comparison_table(title: str, compared: Sequence[Compared]) -> RenderableType:
    """Methods side by side on the same messages."""
    heads = ("learns in", "verdict right", "category right", "median", "99th percentile")
    table = _table(title, "method", *heads)
    for one in compared:
        if one.score is None:
            table.add_row(one.method, "not installed", *[""] * (len(heads) - 1))
            continue
        score = one.score
        shares = (_percent(score.verdict_right), _percent(score.category_right))
        times = (f"{score.median_ms:.2f} ms", f"{score.p99_ms:.2f} ms")
        table.add_row(one.method, f"{score.learn_seconds:.1f} s", *shares, *times)
    return table


_ROWS = (
    ("verdict right", "verdict_right"),
    ("category right", "category_right"),
    ("policy messages answered", "policy_answered"),
    ("wrong verdict among the answers", "wrong_answers"),
    ("off-topic messages answered", "off_topic_answered"),
    ("calibration error, of all with a candidate", "calibration_error"),
    ("calibration error, of the answers", "answers_calibration_error"),
)


def _figures(title: str, groups: Mapping[str, Figures]) -> Table:
    table = _table(title, "", *(escape(name) for name in groups))
    table.add_row("messages", *(str(group.messages) for group in groups.values()))
    for words, name in _ROWS:
        table.add_row(words, *(_percent(getattr(group, name)) for group in groups.values()))
    table.add_row("median time", *(f"{_number(group.median_ms, 2)} ms" for group in groups.values()))
    table.add_row("99th percentile", *(f"{_number(group.p99_ms, 2)} ms" for group in groups.values()))
    return table


def _table(title: str, *heads: str) -> Table:
    return Table(*heads, title=f"\n{title}", title_justify="left", box=box.MARKDOWN)


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{share:.1%}".replace("%", " %")


def _number(value: float, digits: int) -> str:
    return "?" if math.isnan(value) else f"{value:.{digits}f}"
