"""Figures on Discord are there, and cannot be had by leaving something out."""

from __future__ import annotations

import pytest

from bot.coverage.matcher import Matcher
from tests.bench.discord_chat import Size, measure, waits

SMALL = Size(rounds=1, ignored=50, paces=((10, True),), seconds=0.5, guilds=0)


async def test_a_small_measurement_has_all_figures(matcher: Matcher) -> None:
    figures = [figure async for figure in measure(matcher, SMALL)]
    assert [figure.what.split(",")[0] for figure in figures] == [
        "a message that does not concern us",
        "message to receipt",
    ]
    assert all(figure.ratio > 0 for figure in figures)


def test_a_request_without_a_receipt_is_no_figure() -> None:
    assert waits({"1": 2.0}, {"1": 2.5, "2": 3.0}) == [0.5]
    with pytest.raises(RuntimeError, match="1 of 2 requests have no receipt"):
        waits({"1": 2.0, "3": 2.0}, {"1": 2.5})
