"""After the end of a ticket: thanks leave it closed, everything else opens it again."""

import pytest

from bot.coverage.policy_question import asks_about_policy
from bot.coverage.thanks import only_thanks
from bot.model import Language

THANKS = [
    "Danke!",
    "👍",
    "ok",
    "thank you so much, works now",
    "super, vielen Dank, läuft",
    "perfekt, erledigt",
    "cheers",
]
TROUBLE = [
    "Problem besteht weiterhin",
    "hmm no, it is broken again",
    "sorry, the error came back",
    "oh nein, es geht doch noch nicht",
    "nö, leider nicht",
    "kaputt",
    "danke, aber der Fehler ist noch da",
    "thanks! one more thing?",
    "thanks, and while you are at it the footer on the second page of the shop moves to the left on my tablet",
]


@pytest.mark.parametrize("words", THANKS)
def test_thanks_ask_for_nothing(words: str) -> None:
    assert only_thanks(words)


@pytest.mark.parametrize("words", TROUBLE)
def test_in_doubt_there_is_more_to_say(words: str) -> None:
    assert not only_thanks(words)


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("Gehört ein Absturz zum Support?", Language.DE),
        ("ist das vom support abgedeckt wenn der slider spinnt", Language.DE),
        ("is a broken slider covered?", Language.EN),
        ("does support include updates for WordPress 7", Language.EN),
    ],
)
def test_who_asks_what_support_includes_wants_to_know_it_first(words: str, language: Language) -> None:
    assert asks_about_policy(words, language)


@pytest.mark.parametrize(
    ("words", "language"),
    [("Der Slider ist kaputt, bitte helft mir", Language.DE), ("the gallery crashes since the update", Language.EN)],
)
def test_who_wants_help_is_not_asking_about_the_policy(words: str, language: Language) -> None:
    assert not asks_about_policy(words, language)
