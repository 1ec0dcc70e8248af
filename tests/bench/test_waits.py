"""The wait that is told holds as often as it says, whatever the shop goes through; the measurement is a fair one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from tests.bench.waits import AGAIN, LOADS, METHODS, SHOPS, Figure, Load, Told, draw, figures, measure, simulate

SEEDS = (1, 2, 3)
SAMPLES = 16
"""With so few, chance alone moves a share by some points; the whole run of `make bench` says it more exactly."""


@pytest.fixture(scope="module")
def found() -> Sequence[Figure]:
    return figures(list(measure(SEEDS, SAMPLES, asks_again=False)))


@pytest.mark.parametrize("load", [*(load.name for load in LOADS), "all"])
def test_about_four_in_five_waits_lie_in_the_range(found: Sequence[Figure], load: str) -> None:
    [ours] = [one for one in found if (one.load, one.method) == (load, "ours")]
    assert 0.72 <= ours.held <= 0.88
    assert max(ours.sooner, ours.later) < 0.2


@pytest.mark.parametrize("load", [load.name for load in LOADS])
def test_no_simple_rule_comes_nearer(found: Sequence[Figure], load: str) -> None:
    ours, *simple = [one for one in found if one.load == load and one.method in METHODS]
    assert all(abs(ours.held - 0.8) < abs(one.held - 0.8) for one in simple)
    assert all(ours.off < one.off for one in simple)


@pytest.mark.parametrize("load", LOADS, ids=lambda load: load.name)
def test_a_simulated_shop_answers_everybody_and_nobody_before_they_asked(load: Load) -> None:
    past = simulate(load, SHOPS[0], 7)
    assert np.isfinite(past.answered).all()
    assert (past.answered > past.asked).all()
    assert (np.diff(past.asked) >= 0).all()


def test_the_same_seed_is_the_same_shop() -> None:
    one, same, other = (simulate(LOADS[0], SHOPS[0], seed) for seed in (1, 1, 2))
    assert one.answered.tolist() == same.answered.tolist() != other.answered.tolist()


def test_a_figure_counts_only_what_all_methods_spoke_about() -> None:
    def row(wait: float, *ranges: tuple[float, float, float] | None) -> list[Told]:
        return [Told("steady", 5, name, wait, told) for name, told in zip(METHODS, ranges, strict=True)]

    held, sooner, later = (1, 2, 4), (3, 4, 5), (0.5, 1, 1.5)
    ours, place, _ = figures([row(2, held, sooner, later), row(2, None, held, held)])[:3]
    assert (ours.requests, ours.held, ours.off, ours.silent) == (1, 1, 0, 0.5)
    assert (place.requests, place.held, place.sooner, place.off_hours, place.silent) == (1, 0, 1, 2, 0)


def test_who_asks_again_is_measured_too() -> None:
    again = [row[-1] for row in measure([1], 2) if row[-1].method == AGAIN]
    assert again
    assert all(one.wait > 0 and one.load in {load.name for load in LOADS} for one in again)


def test_the_picture_has_ink_in_both_halves_and_none_at_its_edges(found: Sequence[Figure], tmp_path: Path) -> None:
    draw(found, tmp_path / "out.png")
    picture = np.asarray(imread(tmp_path / "out.png"))[:, :, :3]
    ink = np.min(picture, axis=2) < 0.99
    assert ink[:, : ink.shape[1] // 2].mean() > 0.02
    assert ink[:, ink.shape[1] // 2 :].mean() > 0.02
    for edge in (ink[:2], ink[-2:], ink[:, :2], ink[:, -2:]):
        assert not edge.any()
