"""Draws an evaluation: which categories are taken for which, and whether the confidence keeps its word.

Matplotlib takes its time to load: only who wants a picture imports this module.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Patch, Rectangle

from bot.coverage.evaluate import BINS, OFF_TOPIC, Evaluation, Figures, Outcome, answers_of, reliability, ruling_of
from bot.coverage.policy import Policy
from bot.model import Action, Ruling

_RIGHT, _SAME_VERDICT, _WRONG = "#2b7a99", "#e3a02c", "#c63d36"
"""Colours of the confusions: right; another category, but of the same verdict; another verdict."""

_ACTIONS = {Action.ANSWER: "#2b7a99", Action.OFFER: "#8fbccb", Action.SILENT: "#d5dde1"}
_INK, _FAINT = "#263238", "#c9d2d6"

_PALEST = 0.25
"""Strength of the colour where a cell has next to nothing of its row; 1 where it has all."""

_WHITE_FROM = 0.6
"""Strength of the colour from which its number is white."""

_ORDER = [*(ruling.value for ruling in Ruling), OFF_TOPIC]


def draw(evaluation: Evaluation, policy: Policy, file: Path) -> None:
    """Draw both pictures into one file, whose ending (.png, .svg, .pdf) says in which form. Raises ValueError."""
    if not evaluation.outcomes:
        raise ValueError("There is no message to draw.")
    figure = Figure(figsize=(19, 10), layout=ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.15), facecolor="white")
    grid = figure.add_gridspec(2, 2, width_ratios=(1.4, 1), height_ratios=(2.6, 1), wspace=0.05)
    _draw_confusions(figure.add_subplot(grid[:, 0]), evaluation.outcomes, policy)
    curve = figure.add_subplot(grid[0, 1])
    _draw_reliability(curve, evaluation)
    _draw_actions(figure.add_subplot(grid[1, 1], sharex=curve), evaluation.outcomes)
    figure.savefig(file, dpi=100)


def _draw_confusions(axes: Axes, outcomes: Sequence[Outcome], policy: Policy) -> None:
    """A row for each right category, a column for each told one; an accepted alternative counts as the right one."""
    pairs = Counter((one.message.category, _counted_as(one)) for one in outcomes)
    rows = Counter(one.message.category for one in outcomes)
    names = _in_order({name for pair in pairs for name in pair}, policy)
    place = {name: number for number, name in enumerate(names)}
    for (right, told), times in pairs.items():
        strength = _PALEST + (1 - _PALEST) * times / rows[right]
        same_verdict = ruling_of(policy, right) == ruling_of(policy, told)
        colour = _RIGHT if right == told else _SAME_VERDICT if same_verdict else _WRONG
        corner = (place[told] - 0.5, place[right] - 0.5)
        axes.add_patch(Rectangle(corner, 1, 1, facecolor=colour, alpha=strength, linewidth=0))
        ink = "white" if strength > _WHITE_FROM else _INK
        axes.text(place[told], place[right], str(times), ha="center", va="center", color=ink, fontsize=11)
    axes.set_xticks(
        range(len(names)), [_words(name) for name in names], rotation=45, ha="right", rotation_mode="anchor"
    )
    axes.set_yticks(range(len(names)), [f"{_words(name)}  ({rows[name]})" for name in names])
    axes.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(names) - 0.5, -0.5), aspect="equal")
    title = "What is taken for what?\na row for what is right (and how many messages), a column for what is told"
    axes.set_title(title, loc="left", fontsize=13, color=_INK, pad=30)
    _draw_verdict_borders(axes, [ruling_of(policy, name) for name in names])
    legend = {"right": _RIGHT, "another category, same verdict": _SAME_VERDICT, "another verdict": _WRONG}
    handles = [Patch(color=colour, label=label) for label, colour in legend.items()]
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, borderaxespad=0.2)
    _tidy(axes)


def _draw_verdict_borders(axes: Axes, rulings: Sequence[str]) -> None:
    """Thin lines between all categories, strong ones between verdicts, and the verdicts' names on the right."""
    for number in range(1, len(rulings)):
        is_border = rulings[number] != rulings[number - 1]
        for line in (axes.axhline, axes.axvline):
            line(number - 0.5, color=_INK if is_border else _FAINT, linewidth=1.2 if is_border else 0.5)
    start = 0
    for ruling, group in groupby(rulings):
        size = len(list(group))
        axes.text(len(rulings) - 0.3, start + (size - 1) / 2, _words(ruling), va="center", color=_INK, style="italic")
        start += size


def _draw_reliability(axes: Axes, evaluation: Evaluation) -> None:
    """How often the messages of each tenth of confidence are right: all as bars, the answers as dots."""
    for number, found in enumerate(reliability(evaluation.outcomes)):
        if found:
            axes.bar((number + 0.5) / BINS, found.right, 0.94 / BINS, color=_ACTIONS[Action.OFFER])
            label = f"{round(found.right * found.messages)} of\n{found.messages}"
            axes.text((number + 0.5) / BINS, 0.012, label, ha="center", va="bottom", fontsize=10, color=_INK)
    answers = [found for found in reliability(answers_of(evaluation.outcomes)) if found]
    axes.plot([0, 1], [0, 1], color=_INK, linestyle="--", linewidth=1, label="as often as the confidence says")
    axes.bar(0, 0, 0, color=_ACTIONS[Action.OFFER], label="all with a candidate")
    axes.plot(
        [found.confidence for found in answers],
        [found.right for found in answers],
        marker="o",
        markersize=9,
        linestyle="",
        clip_on=False,
        color=_WRONG,
        label="the answers alone",
    )
    axes.set(xlim=(0, 1), ylim=(0, 1.03), ylabel="share with the right verdict")
    axes.legend(loc="upper left", frameon=False)
    axes.set_title(_reliability_title(evaluation.figures["all"]), loc="left", fontsize=13, color=_INK, pad=12)
    _tidy(axes)


def _reliability_title(figures: Figures) -> str:
    errors = (figures.calibration_error, figures.answers_calibration_error)
    of_all, of_answers = ("-" if math.isnan(error) else f"{error * 100:.1f} %" for error in errors)
    return f"Is it right as often as it says?\nexpected calibration error: {of_all} of all, {of_answers} of the answers"


def _draw_actions(axes: Axes, outcomes: Sequence[Outcome]) -> None:
    """How many messages of each tenth of confidence are answered, offered a ticket, or left in silence."""
    bottoms = [0] * BINS
    for action, colour in _ACTIONS.items():
        bins = reliability([one for one in outcomes if one.verdict.action is action])
        counts = [found.messages if found else 0 for found in bins]
        centres = [(number + 0.5) / BINS for number in range(BINS)]
        axes.bar(centres, counts, 0.94 / BINS, bottom=bottoms, color=colour, label=action.value)
        bottoms = [bottom + count for bottom, count in zip(bottoms, counts, strict=True)]
    axes.set(xlabel="confidence", ylabel="messages")
    axes.set_xticks([number / BINS for number in range(BINS + 1)])
    axes.legend(loc="upper left", frameon=False)
    _tidy(axes)


def _counted_as(outcome: Outcome) -> str:
    return outcome.message.category if outcome.category_right else outcome.category


def _in_order(names: set[str], policy: Policy) -> list[str]:
    """Category names by verdict, so that mistakes within one verdict stand together near the diagonal."""
    return sorted(names, key=lambda name: (_ORDER.index(ruling_of(policy, name)), name))


def _words(name: str) -> str:
    return name.replace("_", " ")


def _tidy(axes: Axes) -> None:
    axes.tick_params(length=0, colors=_INK, labelsize=11)
    for spine in axes.spines.values():
        spine.set_color(_FAINT)
