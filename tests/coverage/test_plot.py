"""The picture of an evaluation is drawn, whatever the messages are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from bot.coverage.evaluate import Labelled, evaluate
from bot.coverage.matcher import Matcher
from bot.coverage.plot import draw


def labelled(text: str, category: str) -> Labelled:
    return Labelled(text=text, lang="en", category=category)


MESSAGES = [
    labelled("since the last update the gallery crashes as soon as i open it", "defect"),
    labelled("since the last update the gallery crashes as soon as i open it", "customization"),
    labelled("good morning everybody, have a nice weekend", "off_topic"),
    labelled("hm", "a_category_of_another_policy"),
]


def test_a_picture_has_ink_in_all_its_parts_and_none_at_its_edges(tmp_path: Path, matcher: Matcher) -> None:
    draw(evaluate(matcher, MESSAGES), matcher.policy, tmp_path / "out.png")
    picture = np.asarray(imread(tmp_path / "out.png"))[:, :, :3]
    assert picture.shape == (1000, 1900, 3)
    ink = np.min(picture, axis=2) < 0.99
    for part in (ink[:, :950], ink[:500, 950:], ink[500:, 950:]):
        assert part.mean() > 0.01
    for edge in (ink[:2], ink[-2:], ink[:, :2], ink[:, -2:]):
        assert not edge.any()


def test_the_ending_chooses_the_form(tmp_path: Path, matcher: Matcher) -> None:
    draw(evaluate(matcher, MESSAGES[:1]), matcher.policy, tmp_path / "out.svg")
    drawn = (tmp_path / "out.svg").read_text(encoding="utf-8")
    assert "<svg" in drawn


def test_without_messages_there_is_no_picture(tmp_path: Path, matcher: Matcher) -> None:
    with pytest.raises(ValueError, match="no message"):
        draw(evaluate(matcher, []), matcher.policy, tmp_path / "out.png")
