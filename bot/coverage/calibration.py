"""The few fitted numbers of the matcher, all in this place.

`python -m bot.coverage.calibrate FILE` measures them on a file of labelled messages; run it again after larger changes
of the phrases. The first four were chosen by comparing its figures, the last ones are what it prints.
"""

from __future__ import annotations

from typing import NamedTuple

SHARPNESS = 12.0
"""From the linear model's scores to logarithms of odds."""

BALANCE = 1.0
"""How far a category's number of phrases is discounted, 0 (a large one is likely) to 1 (all are equally likely)."""

FREQUENT = {"defect": 0.8, "customization": 0.5, "usage_question": 0.4, "small_talk": 0.25}
"""Logarithms of odds for what customers write about most; the rest has 0."""

OWN_PHRASE = 1.0
"""Added to the score of a category that has the message, nearly letter by letter, among its phrases."""

CONFIDENCE_SLOPE = 0.95
CONFIDENCE_START = 0.46
"""From the odds of a ruling (as a logarithm) to those of its being right."""

ANSWER = 0.88
"""Confidence from which a ruling is answered with the policy."""

ANSWER_PART = 0.97
"""The same for a part of a long message: of many parts, one may look clear by chance."""

MOST_QUIET = 0.03
"""Most probability of small talk and of what the policy says nothing about beside an answered ruling."""

MOST_OPPOSITE = 0.12
"""Most probability of "not covered" beside an answered "covered", and the reverse: that mistake costs most."""

SMALL_TALK = 0.4
"""Probability of small talk from which the bot does not even offer a ticket."""

FEWEST_KNOWN = 0.3
"""Share of a message's words that must be known; less is another language, or none."""

UNSURE = 0.7
"""Probability of the likeliest ruling below which the message's meaning is looked at, if the extra is installed."""

LETTERS_SHARE, MEANING_SHARE = 0.7, 0.7
"""Weights of both scores in the closer look."""


class Tier(NamedTuple):
    """How the scores of one look become a confidence."""

    sharpness: float
    """From scores to logarithms of odds."""
    slope: float
    start: float
    """From the odds of a ruling (as a logarithm) to those of its being right."""


LETTERS = Tier(SHARPNESS, CONFIDENCE_SLOPE, CONFIDENCE_START)
"""The first look, at letters and words."""

MEANING = Tier(8.0, 0.82, 0.69)
"""The closer look, at the meaning as well, at the messages about which the first one was unsure."""
