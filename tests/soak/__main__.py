"""`make soak`: an hour of mixed load, a picture of it, and exit code 1 if anything has grown that must not."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from rich.console import Console
from rich.table import Column, Table

from tests.coverage.small_policy import write_policy
from tests.soak.soaking import Sample, Trend, soak, trends

_INK, _FAINT, _LINE = "#263238", "#c9d2d6", "#2b7a99"


def main(
    *,
    minutes: Annotated[float, typer.Option(help="How long it is to last.")] = 60.0,
    pause: Annotated[float, typer.Option(help="Seconds between two acts of a person, on average.")] = 0.25,
    picture: Annotated[Path | None, typer.Option(help="Draw the course into this file.")] = None,
) -> None:
    """Live for a while under mixed load, and print whether everything stayed flat."""
    with tempfile.TemporaryDirectory() as folder:
        policy = Path(folder) / "policy"
        policy.mkdir()
        write_policy(policy)
        samples = asyncio.run(soak(Path(folder), minutes * 60, pause=pause))
    found = trends(samples)
    Console(highlight=False).print(_table(samples, found, minutes))
    if picture is not None:
        draw(samples, picture)
    sys.exit(not all(trend.is_flat for trend in found))


def _table(samples: Sequence[Sample], found: Sequence[Trend], minutes: float) -> Table:
    last = samples[-1]
    title = f"{minutes:g} minutes, {last.events:,} events, {last.tickets:,} tickets, file grown by {last.file:.1f} MiB"
    right = [Column(name, justify="right") for name in ("second quarter", "last quarter", "at most")]
    table = Table("what", *right, "flat", title=title)
    for one in found:
        values = (f"{value:.1f} {one.unit}" for value in (one.earlier, one.later, one.most))
        table.add_row(one.what, *values, "yes" if one.is_flat else "NO")
    return table


def draw(samples: Sequence[Sample], file: Path) -> None:
    """The course as a PNG."""
    picture = Figure(figsize=(12, 6), layout=ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.12), facecolor="white")
    [[memory, files], [size, oldest]] = picture.subplots(2, 2)
    _plot(memory, "memory of the process (MiB)", samples, lambda one: one.memory)
    _plot(files, "open files and sockets", samples, lambda one: one.open_files)
    _plot(size, "file for each ticket (KiB)", samples, lambda one: one.for_each_ticket)
    size.set_ylim(0, 2 * samples[-1].for_each_ticket)  # with the first tickets, all of it is schema
    _plot(oldest, "oldest letter in the outbox (s)", samples, lambda one: one.oldest)
    for axes in (size, oldest):
        axes.set_xlabel("minutes", color=_INK)
    picture.savefig(file, dpi=100)


def _plot(axes: Axes, title: str, samples: Sequence[Sample], value: Callable[[Sample], float]) -> None:
    values = [value(one) for one in samples]
    axes.plot([one.seconds / 60 for one in samples], values, color=_LINE, linewidth=1.5)
    axes.set_title(title, loc="left", fontsize=12, color=_INK)
    axes.set_ylim(0, max(values) * 1.2)
    axes.set_xlim(0, samples[-1].seconds / 60)
    axes.grid(color=_FAINT, linewidth=0.6)
    axes.tick_params(length=0, colors=_INK)
    for spine in axes.spines.values():
        spine.set_color(_FAINT)


if __name__ == "__main__":
    typer.run(main)
