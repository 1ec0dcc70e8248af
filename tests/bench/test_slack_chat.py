"""Figures on Slack are there, and of events that were really handled."""

from __future__ import annotations

from bot.coverage.matcher import Matcher
from tests.bench.slack_chat import Size, measure

SMALL = Size(rounds=1, events=20, tickets=3, claims=3)


async def test_a_small_measurement_has_all_figures(matcher: Matcher) -> None:
    figures = [figure async for figure in measure(matcher, SMALL)]
    told = [figure.what.split(",")[0] for figure in figures]
    assert told == 2 * [
        "a message that does not concern us",
        "small talk in a support channel",
        "a message that opens a ticket",
        "a message in a ticket's thread",
        "an event that is told again",
        "/claim with 1000 waiting",
    ]
    assert all(figure.ratio > 0 for figure in figures)
