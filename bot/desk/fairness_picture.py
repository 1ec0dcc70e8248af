"""Draws how long people waited, and which promises were kept.

Loads matplotlib, which takes a second: only who wants a picture imports this module.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from math import ceil

from babel.dates import format_skeleton
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, MultipleLocator

from bot.model import Language, Text
from bot.rules.fairness import Facts, Kept, Report
from bot.texts import PlainMarkup, say, text

_INK, _FAINT, _PAPER = "#263238", "#c9d2d6", "#ffffff"
"""White paper: it can be read on a dark page and on a light one."""
_COLOURS = {Kept.SOFT: "#2b7a99", Kept.HARD: "#8fbccb", Kept.BROKEN: "#c63d36"}
_OPEN = "#b0b7ba"
"""Colour of those who still wait."""
_LEGEND = {
    "picture-early": _COLOURS[Kept.SOFT],
    "picture-in-time": _COLOURS[Kept.HARD],
    "picture-later": _COLOURS[Kept.BROKEN],
    "picture-open": _OPEN,
}
_HOUR = timedelta(hours=1)
_BARS = 6
"""From one tick to the next."""
_MOST_TICKS = 9
_MOST_LONG_TICKS = 5
"""Where the labels are long."""
_FEW = 5
"""Weeks for which there is room in any case, so that a single bar is no wall."""
_TICKS = (1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 672, 1_344)
"""Possible hours from one tick to the next."""
_ROOM = 1.25
"""How far the axis goes on behind what is to be seen on it."""
_SHORTEST = 24.0
"""Hours that it has in any case."""
_MOST_WEEKS = 104
_LONG = 40
"""From so many weeks on, months and years are told instead of days."""

_LOCALE = {Language.DE: "de_DE", Language.EN: "en_GB"}

Tell = Callable[[Text], str]
"""A sentence of the catalogue in the reader's language."""

logging.getLogger("matplotlib").setLevel(logging.WARNING)  # it tells at length which fonts it has found


def draw(facts: Facts, report: Report, language: Language, *, formal: bool) -> bytes:
    """A PNG of 1,200 x 600 pixels, in which nobody is named."""
    tell = partial(_told, language=language, formal=formal)
    figure = Figure(figsize=(12, 6), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12), facecolor=_PAPER)
    waits, weeks = figure.subplots(1, 2)
    _draw_waits(waits, facts, report, tell)
    _draw_weeks(weeks, report, language, tell)
    handles = [Patch(color=colour, label=tell(text(words))) for words, colour in _LEGEND.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False, labelcolor=_INK, fontsize=12)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=100)
    return picture.getvalue()


def _told(words: Text, language: Language, *, formal: bool) -> str:
    return say(words, language, PlainMarkup(), formal=formal)


def _draw_waits(axes: Axes, facts: Facts, report: Report, tell: Tell) -> None:
    """How many waited how long, by what became of the promise; the last bar holds all who waited longer.

    No line shows where a promise ends: it can be another one for each request.
    """
    longest = _ROOM * max([_SHORTEST, *(wait / _HOUR for wait in report.waits.values())])
    step = next((step for step in _TICKS if longest / step <= _MOST_TICKS), _TICKS[-1])
    bars = ceil(longest / step * _BARS)
    edges = [step / _BARS * number for number in range(bars + 1)]
    end = edges[-1]
    spans = {_COLOURS[kept]: [one.waited for one in facts.answers if one.kept is kept] for kept in Kept}
    in_vain = [one for one in facts.unanswered if one.ended_at is not None and one.is_broken(facts.until)]
    spans[_COLOURS[Kept.BROKEN]] += [one.wait(facts.until).span for one in in_vain]
    spans[_OPEN] = [one.wait(facts.until).span for one in facts.unanswered if one.ended_at is None]
    hours = [[min(span / _HOUR, end) for span in some] for some in spans.values()]
    axes.hist(hours, edges, stacked=True, color=list(spans), edgecolor=_PAPER, linewidth=0.5)
    axes.set(xlim=(0, end), xlabel=tell(text("picture-hours")), ylabel=tell(text("picture-requests")))
    axes.xaxis.set_major_locator(MultipleLocator(step))
    _tidy(axes, tell(text("picture-waits")))


def _draw_weeks(axes: Axes, report: Report, language: Language, tell: Tell) -> None:
    """What became of each week's promises; of the latest, where there are very many."""
    weeks = dict(list(report.weeks.items())[-_MOST_WEEKS:])
    places = range(len(weeks))
    bottoms = [0] * len(weeks)
    for kept, colour in _COLOURS.items():
        counts = [week[kept] for week in weeks.values()]
        axes.bar(places, counts, 0.8, bottom=bottoms, color=colour)
        bottoms = [bottom + count for bottom, count in zip(bottoms, counts, strict=True)]
    skeleton, most = ("yMMM", _MOST_LONG_TICKS) if len(weeks) > _LONG else ("MMMd", _MOST_TICKS)
    step = ceil(len(weeks) / most) or 1
    labels = [format_skeleton(skeleton, week, locale=_LOCALE[language]) for week in weeks]
    axes.set_xticks(places[::step], labels[::step])
    axes.set_xlim(-0.6, max(len(weeks), _FEW) - 0.4)
    axes.set_ylim(0, 1.08 * max(bottoms, default=1) or 1)
    axes.set(xlabel=tell(text("picture-week-of")), ylabel=tell(text("picture-promises")))
    _tidy(axes, tell(text("picture-weeks")))


def _tidy(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=14, color=_INK, pad=12)
    axes.set_facecolor(_PAPER)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.tick_params(length=0, colors=_INK, labelsize=11)
    axes.xaxis.label.set_color(_INK)
    axes.yaxis.label.set_color(_INK)
    axes.margins(y=0.08)
    for name, spine in axes.spines.items():
        spine.set_visible(name in {"bottom", "left"})
        spine.set_color(_FAINT)
