"""Under a mixed load nothing grows that must not: for two minutes here, for an hour by `make soak`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.image import imread

from tests.coverage.small_policy import write_policy
from tests.soak.__main__ import draw
from tests.soak.soaking import Sample, soak, trends

STEADY = [Sample(float(n), 100.0, 40, 4.0, 1.0 + n, tickets=50 + 50 * n, owed=2, oldest=0.8, events=n * 100)
          for n in range(40)]  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="looks at the process by /proc")
async def test_two_minutes_of_mixed_load_leave_everything_flat(tmp_path: Path) -> None:
    (tmp_path / "policy").mkdir()
    write_policy(tmp_path / "policy")
    samples = await soak(tmp_path, 120, pause=0.1)
    assert samples[-1].events > 500
    assert [trend for trend in trends(samples) if not trend.is_flat] == []


def test_what_is_steady_is_flat() -> None:
    assert [trend.what for trend in trends(STEADY) if not trend.is_flat] == []


@pytest.mark.parametrize(
    ("growing", "what"),
    [
        ([replace(one, memory=100 + one.seconds) for one in STEADY], "memory"),
        ([replace(one, open_files=40 + int(one.seconds)) for one in STEADY], "open files"),
        ([replace(one, file=one.file * (1 + one.seconds / 100)) for one in STEADY], "file, for each ticket"),
        ([replace(one, log=one.seconds) for one in STEADY], "write-ahead log"),
        ([replace(one, oldest=one.seconds) for one in STEADY], "oldest letter in the outbox"),
    ],
)
def test_what_grows_is_found(growing: list[Sample], what: str) -> None:
    assert [trend.what for trend in trends(growing) if not trend.is_flat] == [what]


def test_the_course_is_drawn(tmp_path: Path) -> None:
    draw(STEADY, tmp_path / "soak.png")
    assert imread(tmp_path / "soak.png").shape[:2] == (600, 1200)
