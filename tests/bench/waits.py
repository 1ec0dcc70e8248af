"""Measures how well waits are told in advance, in simulated shops, next to simple rules: `make bench`."""

from __future__ import annotations

import statistics
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import numpy as np
import typer
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import PercentFormatter
from rich.console import Console
from rich.table import Table

from bot.rules.estimate import HISTORY, MOST_CASES, Case, Estimate, Pace

_HOUR = timedelta(hours=1)
_ZONE = ZoneInfo("Europe/Berlin")
_BEGIN = datetime(2026, 3, 2, tzinfo=_ZONE).astimezone(UTC)
"""A Monday. All times of the simulation are hours since then; nobody there changes to summer time, the zone does."""

_AFTERWARDS = 60
"""Days that agents go on when nobody asks any more, so that all are answered in the end."""
_ABSENT = 0.04
"""Share of the days on which an agent is ill or away."""
_PUNCTUALITY = 0.4
"""Hours by which agents begin and end sooner or later than usual (standard deviation)."""
_UNEVENNESS = 0.8
"""How much the requests differ in work: standard deviation of its logarithm."""
_BY_HOUR = np.array([1, 1, 0.5, 0.5, 0.5, 0.5, 1, 2, 3, 5, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 5, 4, 3, 2])
"""When customers ask, by hour of the day, as weights."""

_LATER = 4.0
"""Hours after which a customer who still waits asks again."""


# --- shops -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shop:
    """How large it is, and for how long it is watched."""

    a_day: int
    """Requests."""
    agents: int
    days: int


@dataclass(frozen=True, slots=True)
class Load:
    """What a shop goes through."""

    name: str
    busy: float
    """Share of their hours that the agents need for the requests."""
    is_closed_at_weekends: bool = False
    has_releases: bool = False
    """Every second week, two days bring five times as many requests."""
    loses_half: bool = False
    """From the middle on, half of the agents (of a single one, a second one) are gone without a word."""
    growth: float = 1
    """From the middle on, so many times as many requests."""


SHOPS = (Shop(5, 1, 84), Shop(30, 2, 70), Shop(150, 6, 42))
LOADS = (
    Load("steady", busy=0.7),
    Load("bursts", busy=0.55, has_releases=True),
    Load("weekends", busy=0.8, is_closed_at_weekends=True),
    Load("agent leaves", busy=0.45, loses_half=True),
    Load("backlog grows", busy=0.75, growth=5 / 3),
)


@dataclass(frozen=True, slots=True)
class Past:
    """What happened, by request, in the order of asking; times in hours."""

    asked: np.ndarray
    answered: np.ndarray
    agents: Sequence[str]


def simulate(load: Load, shop: Shop, seed: int) -> Past:
    """A shop that serves first come, first served: whoever can start first takes the head of the line."""
    random = np.random.default_rng([seed, shop.a_day, LOADS.index(load)])
    agents = max(shop.agents, 2) if load.loses_half else shop.agents
    team = [list(_shifts(random, load, shop, agent)) for agent in range(agents)]
    asked = _requests(random, load, shop)
    hours_a_day = agents * 8 * (5 / 7 if load.is_closed_at_weekends else 1)
    mean = np.log(load.busy * hours_a_day / shop.a_day) - _UNEVENNESS**2 / 2
    work = random.lognormal(mean, _UNEVENNESS, len(asked))
    free, answered, names = [0.0] * agents, [], []
    for at, takes in zip(asked.tolist(), work.tolist(), strict=True):
        start, agent = min((_start(team[agent], max(at, free[agent])), agent) for agent in range(agents))
        free[agent] = start + takes
        answered.append(start + takes)
        names.append(f"agent {agent}")
    return Past(asked, np.array(answered), names)


def _requests(random: np.random.Generator, load: Load, shop: Shop) -> np.ndarray:
    """When customers ask."""
    often = np.full(shop.days, float(shop.a_day))
    often[shop.days // 2 :] *= load.growth
    if load.has_releases:
        first = int(random.integers(8, 14))
        for day in range(first, shop.days, 14):
            often[day : day + 2] *= 5
    counts = random.poisson(np.outer(often, _BY_HOUR / _BY_HOUR.sum()).ravel())
    hours = np.repeat(np.arange(len(counts)), counts)
    return np.sort(hours + random.random(len(hours)))


def _shifts(random: np.random.Generator, load: Load, shop: Shop, agent: int) -> Iterator[tuple[float, float]]:
    """When an agent is there: every other one early (8 to 16), the others late (12 to 20)."""
    opens = 8 if agent % 2 == 0 or load.is_closed_at_weekends else 12
    stays = shop.days // 2 if load.loses_half and agent % 4 in (1, 2) else shop.days + _AFTERWARDS
    for day in range(stays):
        is_closed = load.is_closed_at_weekends and day % 7 in (5, 6)
        if not is_closed and random.random() >= _ABSENT:
            early, late = random.normal(0, _PUNCTUALITY, 2)
            yield day * 24 + opens + early, day * 24 + opens + 8 + late


def _start(shifts: Sequence[tuple[float, float]], at: float) -> float:
    """When an agent who is free at this moment can start; what was started is finished, however late."""
    number = bisect_right(shifts, at, key=lambda shift: shift[1])
    return max(at, shifts[number][0]) if number < len(shifts) else np.inf


# --- telling the wait --------------------------------------------------------------------------------

Range = tuple[float, float, float]
"""Low, middle and high, in hours."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known when somebody asks how long it will take."""

    past: Past
    cases: tuple[Sequence[Case], Sequence[Case]]
    """All requests as they were in the end, and as they were before their answers."""
    now: float
    place: int
    """Place of the request among all; everybody up to it has asked."""

    @property
    def ahead(self) -> int:
        """How many wait for their answers before this one."""
        return int(np.count_nonzero(self.past.answered[: self.place] > self.now))

    def answered(self, limit: int) -> np.ndarray:
        """The latest requests that are answered by now, the last answer last."""
        known = np.flatnonzero(self.past.answered[: np.searchsorted(self.past.asked, self.now)] <= self.now)
        return known[np.argsort(self.past.answered[known])][-limit:]


def ours(moment: Moment) -> Range | None:
    """As the product tells it."""
    ended, waiting = moment.cases
    asked = int(np.searchsorted(moment.past.asked, moment.now))
    known = [
        one for one in moment.answered(MOST_CASES).tolist() if moment.past.answered[one] > moment.now - HISTORY / _HOUR
    ]
    still = np.flatnonzero(moment.past.answered[:asked] > moment.now).tolist()
    now = _at(moment.now)
    pace = Pace([*(ended[one] for one in known), *(waiting[one] for one in still)], now, _ZONE)
    told = pace.wait(moment.ahead, now)
    return None if told is None else _in_hours(told)


def place_times_interval(moment: Moment) -> Range | None:
    """The place times the mean time between the last 50 answers; half and twice as much for the range."""
    answers = moment.past.answered[moment.answered(50)]
    if len(answers) < 5:
        return None
    middle = (moment.ahead + 1) * (moment.now - answers[0]) / len(answers)
    return middle / 2, middle, middle * 2


def last_ten_waits(moment: Moment) -> Range | None:
    """Shortest, median and longest of the last ten waits."""
    last = moment.answered(10)
    if len(last) < 10:
        return None
    waits = moment.past.answered[last] - moment.past.asked[last]
    return float(waits.min()), float(np.median(waits)), float(waits.max())


METHODS: dict[str, Callable[[Moment], Range | None]] = {
    "ours": ours,
    "place x mean interval": place_times_interval,
    "last ten waits": last_ten_waits,
}
AGAIN = "ours, asked again"
"""What customers are told who still wait after some hours."""


def _at(hours: float) -> datetime:
    return _BEGIN + hours * _HOUR


def _in_hours(told: Estimate) -> Range:
    return told.low / _HOUR, told.middle / _HOUR, told.high / _HOUR


# --- measuring ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """What a method told one customer, and what came of it; hours."""

    load: str
    a_day: int
    method: str
    wait: float
    range: Range | None


@dataclass(frozen=True, slots=True)
class Figure:
    """How good a method was under a load. All but `silent` are of the requests that all methods spoke about."""

    load: str
    method: str
    requests: int
    held: float
    """Share of the waits that lay in the range."""
    sooner: float
    later: float
    """Shares that were shorter, and longer, than the range."""
    off: float
    """Median distance of the middle from the wait, as a share of the wait."""
    off_hours: float
    width: float
    """Median width of the range, as a share of the wait."""
    silent: float
    """Share of all requests that the method said nothing about."""


def measure(seeds: Iterable[int], samples: int, *, asks_again: bool = True) -> Iterator[list[Told]]:
    """What was told to some customers of each shop, with the same random numbers each time."""
    for load in LOADS:
        for shop in SHOPS:
            for seed in seeds:
                past = simulate(load, shop, seed)
                chosen = np.random.default_rng(seed).choice(len(past.asked), samples, replace=False)
                yield from _measured(load, shop, past, chosen.tolist(), asks_again=asks_again)


def _measured(load: Load, shop: Shop, past: Past, chosen: Sequence[int], *, asks_again: bool) -> Iterator[list[Told]]:
    rows = zip(past.asked.tolist(), past.answered.tolist(), past.agents, strict=True)
    ended = [Case(_at(asked), _at(answered), agent) for asked, answered, agent in rows]
    cases = ended, [Case(case.asked_at, None, None) for case in ended]
    for place in chosen:
        asked, wait = float(past.asked[place]), float(past.answered[place] - past.asked[place])
        moment = Moment(past, cases, asked, place)
        told = [Told(load.name, shop.a_day, name, wait, method(moment)) for name, method in METHODS.items()]
        if asks_again and wait > _LATER:
            later = Moment(past, cases, asked + _LATER, place)
            told.append(Told(load.name, shop.a_day, AGAIN, wait - _LATER, ours(later)))
        yield told


def figures(told: Sequence[Sequence[Told]]) -> list[Figure]:
    """A figure for each load and method, and for all loads together."""
    found = []
    for load in (*(load.name for load in LOADS), "all"):
        rows = [row for row in told if load in ("all", row[0].load)]
        for method in (*METHODS, AGAIN):
            of_method = [
                (one, all(other.range for other in row)) for row in rows for one in row if one.method == method
            ]
            if of_method:
                found.append(_figure(load, method, of_method))
    return found


def _figure(load: str, method: str, told: Sequence[tuple[Told, bool]]) -> Figure:
    pairs = [(one.wait, one.range) for one, is_compared in told if is_compared and one.range]
    sooner = sum(wait < low for wait, (low, _, _) in pairs) / len(pairs)
    later = sum(wait > high for wait, (_, _, high) in pairs) / len(pairs)
    return Figure(
        load=load,
        method=method,
        requests=len(pairs),
        held=1 - sooner - later,
        sooner=sooner,
        later=later,
        off=statistics.median(abs(middle - wait) / wait for wait, (_, middle, _) in pairs),
        off_hours=statistics.median(abs(middle - wait) for wait, (_, middle, _) in pairs),
        width=statistics.median((high - low) / wait for wait, (low, _, high) in pairs),
        silent=sum(one.range is None for one, _ in told) / len(told),
    )


# --- the picture -------------------------------------------------------------------------------------

_COLOURS = {"ours": "#2b7a99", "place x mean interval": "#e3a02c", "last ten waits": "#c9d2d6"}
_INK, _FAINT = "#263238", "#c9d2d6"
_AIM = 0.8


def draw(found: Sequence[Figure], file: Path) -> None:
    """How often the range held, and how far the middle was off, for each load."""
    picture = Picture(figsize=(14, 5.5), layout=ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.15), facecolor="white")
    held, off = picture.subplots(1, 2)
    _draw_bars(held, found, lambda one: one.held)
    held.axhline(_AIM, color=_INK, linestyle="--", linewidth=1, label="aim")
    held.set(ylim=(0, 1), ylabel="share of the waits")
    held.set_title("How often did the wait lie in the range?", loc="left", fontsize=13, color=_INK, pad=32)
    held.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, frameon=False, borderaxespad=0.2)
    _draw_bars(off, found, lambda one: one.off)
    off.set(ylabel="distance as a share of the wait (median)")
    off.set_title("How far was the middle off?", loc="left", fontsize=13, color=_INK, pad=32)
    picture.savefig(file, dpi=100)


def _draw_bars(axes: Axes, found: Sequence[Figure], value: Callable[[Figure], float]) -> None:
    loads = list(dict.fromkeys(one.load for one in found))
    for number, (method, colour) in enumerate(_COLOURS.items()):
        bars = {one.load: value(one) for one in found if one.method == method}
        at = [loads.index(load) + (number - 1) * 0.27 for load in bars]
        axes.bar(at, list(bars.values()), 0.25, color=colour, label=method)
        for x, height in zip(at, bars.values(), strict=True):
            axes.text(x, height, f"{height:.0%}", ha="center", va="bottom", fontsize=8, color=_INK)
    axes.set_xticks(range(len(loads)), [load.replace(" ", "\n") for load in loads])
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlim(-0.65, len(loads) - 0.35)
    axes.tick_params(length=0, colors=_INK, labelsize=11)
    for spine in axes.spines.values():
        spine.set_color(_FAINT)


# --- the command -------------------------------------------------------------------------------------


def main(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    picture: Annotated[Path | None, typer.Option(help="Draw the figures into this file.")] = None,
    seeds: Annotated[int, typer.Option(help="How many lives each shop is given.", min=1)] = 3,
    samples: Annotated[int, typer.Option(help="Customers of each life who are told their wait.", min=1)] = 30,
) -> None:
    """Measure how well waits are told in advance, next to simple rules."""
    console = Console(highlight=False)
    found = figures(list(measure(range(1, seeds + 1), samples)))
    if picture:
        draw(found, picture)
    if as_json:
        for figure in found:
            console.print_json(data=asdict(figure), indent=None)
    else:
        console.print(_table(found))


def _table(found: Sequence[Figure]) -> Table:
    columns = ("load", "method", "requests", "held", "sooner", "later", "middle off", "width", "silent")
    table = Table(*columns, title="The wait, told in advance: 80 % shall hold")
    for one in found:
        table.add_row(
            one.load if one.method == "ours" else "",
            one.method,
            str(one.requests),
            *(f"{share:.0%}" for share in (one.held, one.sooner, one.later)),
            f"{one.off:.0%}, {one.off_hours:.1f} h",
            f"{one.width:.0%}",
            f"{one.silent:.0%}",
            end_section=one.method == AGAIN,
        )
    return table


if __name__ == "__main__":
    typer.run(main)
