"""What the bot does with a message, by verdict and mode."""

from __future__ import annotations

from itertools import product

import pytest

from bot.model import Action, Language, Mode, Ruling, Verdict
from bot.rules.response import Response, respond


def decide(
    ruling: Ruling | None, action: Action = Action.ANSWER, mode: Mode = Mode.AUTO, *, about: bool = False,
    fresh: bool = False,
) -> Response:  # fmt: skip
    verdict = Verdict(Language.EN, action, ruling=ruling)
    return respond(verdict, mode, asks_about_policy=about, has_fresh_ticket=fresh)


def test_a_covered_request_opens_a_ticket() -> None:
    assert decide(Ruling.COVERED) is Response.OPEN_TICKET


def test_the_question_whether_it_is_covered_is_answered() -> None:
    assert decide(Ruling.COVERED, about=True) is Response.ANSWER


@pytest.mark.parametrize("ruling", [Ruling.NOT_COVERED, Ruling.PAID, Ruling.PROCESS])
@pytest.mark.parametrize("fresh", [True, False])
def test_what_is_not_covered_and_what_is_about_the_process_is_answered(ruling: Ruling, *, fresh: bool) -> None:
    assert decide(ruling, fresh=fresh) is Response.ANSWER


def test_the_unsure_are_offered_a_ticket() -> None:
    for ruling in (*Ruling, None):
        if ruling is not Ruling.SILENCE:
            assert decide(ruling, Action.OFFER) is Response.OFFER_TICKET


def test_a_second_request_may_belong_to_the_first() -> None:
    assert decide(Ruling.COVERED, fresh=True) is Response.OFFER_SAME_TICKET
    assert decide(None, Action.OFFER, fresh=True) is Response.OFFER_SAME_TICKET
    assert decide(Ruling.COVERED, about=True, fresh=True) is Response.ANSWER


def test_in_mode_ask_nothing_opens_by_itself() -> None:
    for ruling, action, about, fresh in product((*Ruling, None), Action, (True, False), (True, False)):
        assert decide(ruling, action, Mode.ASK, about=about, fresh=fresh) is not Response.OPEN_TICKET


def test_small_talk_is_met_with_silence() -> None:
    for action, mode, fresh in product(Action, Mode, (True, False)):
        assert decide(Ruling.SILENCE, action, mode, fresh=fresh) is Response.NOTHING
    for ruling, mode in product((*Ruling, None), Mode):
        assert decide(ruling, Action.SILENT, mode) is Response.NOTHING


def test_mode_quiet_is_quiet() -> None:
    for ruling, action, about, fresh in product((*Ruling, None), Action, (True, False), (True, False)):
        assert decide(ruling, action, Mode.QUIET, about=about, fresh=fresh) is Response.NOTHING
