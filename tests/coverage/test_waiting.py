"""What somebody with a waiting ticket means: the same words can ask for news, or tell something new."""

from __future__ import annotations

import pytest

from bot.coverage.matcher import Matcher
from bot.model import Action, Ruling

ABOUT_WAITING = [
    "kommt da noch was?",
    "bin ich bald dran",
    "gibts schon was neues?",
    "immer noch nichts...",
    "ich warte immer noch",
    "wann meldet sich denn mal jemand",
    "Hallo?",
    "nix?",
    "any update?",
    "still waiting...",
    "still nothing?",
    "nothing?",
    "update?",
    "how much longer",
    "when is it my turn",
    "did you forget me?",
]
OTHER = [
    "danke",
    "thanks",
    "ok",
    "alles klar",
    "hat sich erledigt",
    "thanks, that fixed it",
    "schönes wochenende",
    "das menü klappt auf dem handy nicht mehr auf",
    "the slider throws an error since the update",
    "where do i change the logo?",
    "könnt ihr mir eine eigene startseite bauen?",
    "the export is empty as well",
    "can i get a refund?",
    "Logo?",
]


@pytest.mark.parametrize("text", ABOUT_WAITING)
def test_who_waits_and_asks_gets_an_answer(matcher: Matcher, text: str) -> None:
    plain = matcher.match(text)
    verdict = plain.if_waiting or plain
    assert (verdict.action, verdict.ruling) == (Action.ANSWER, Ruling.PROCESS)
    assert matcher.likest_phrase(verdict)
    assert verdict.if_waiting is None


@pytest.mark.parametrize("text", OTHER)
def test_other_words_mean_the_same_whoever_writes_them(matcher: Matcher, text: str) -> None:
    assert matcher.match(text).if_waiting is None


@pytest.mark.parametrize("text", ["Hallo?", "nothing?", "update?"])
def test_nobody_else_is_answered_for_a_single_word(matcher: Matcher, text: str) -> None:
    assert matcher.match(text).action is Action.SILENT
