"""Figures under load are there, on both kinds of database, and of work that was really done."""

from __future__ import annotations

from bot.coverage.matcher import Matcher
from tests.bench.load import Size, measure
from tests.doubles.postgres import need_postgres

SMALL = Size(
    turns=1,
    opens=16,
    few=20,
    many=200,
    claims=3,
    workers=2,
    jobs=2_000,
    seconds=0.1,
    a_second=50,
    servers=20,
    tickets=40,
    starts=1,
    has_slow_disk=False,
)


async def test_a_small_measurement_has_all_figures(matcher: Matcher) -> None:
    need_postgres()
    figures = [figure async for figure in measure(matcher, SMALL)]
    told = [figure.what for figure in figures]
    for words, times in {
        "opens": 9,
        "whole path": 4,
        "event to committed": 4,
        "place in the line": 2,
        "claim,": 4,
        "open,": 2,
        "claims by 2 processes": 2,
        "memory": 1,
        "start": 1,
    }.items():
        assert sum(one.startswith(words) for one in told) == times, words
    assert all(figure.ratio > 0 for figure in figures)
