"""Long messages are taken apart; the answer concerns the part that it quotes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.coverage.matcher import Matcher
from bot.coverage.rants import LONG, parts
from bot.model import Action, Ruling

TALK = "I have been with you for years and I am really not a person who complains about every little thing. "
GERMAN_TALK = "Ich bin seit Jahren bei euch und wirklich niemand, der sich über jede Kleinigkeit beschwert. "


@pytest.mark.parametrize("place", [0, 5, 10])
@pytest.mark.parametrize(
    ("talk", "message", "ruling"),
    [
        (
            TALK,
            "The contact form shows a fatal error since the last update and sends nothing any more.",
            Ruling.COVERED,
        ),
        (GERMAN_TALK, "Seit dem letzten Update stürzt die Galerie beim Öffnen sofort ab.", Ruling.COVERED),
        (TALK, "Could you please add a dark mode to the theme for me?", Ruling.NOT_COVERED),
    ],
)
def test_the_matter_is_found_wherever_it_stands(
    matcher: Matcher, talk: str, message: str, ruling: Ruling, place: int
) -> None:
    text = talk * place + message + " " + talk * (10 - place)
    assert len(text) >= LONG
    verdict = matcher.match(text)
    assert verdict.ruling is ruling
    assert verdict.excerpt is not None
    assert message.split()[-2] in verdict.excerpt


def test_a_long_message_without_a_matter_is_not_answered(matcher: Matcher) -> None:
    assert matcher.match(TALK * 20).action is not Action.ANSWER


@given(st.text(alphabet=st.sampled_from("aä.! \n?xyz"), max_size=6_000))
def test_parts_are_few_and_lose_no_word_of_what_is_examined(text: str) -> None:
    found = parts(text)
    assert len(found) <= 9
    assert "".join("".join(found).split()) == "".join(text[:4_000].split())
