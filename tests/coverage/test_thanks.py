"""After the end of a ticket: thanks leave it closed, everything else opens it again."""

import pytest

from bot.coverage.policy_question import asks_about_policy
from bot.coverage.thanks import is_content, only_thanks, says_yes
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


SETTLED = [
    "ja",
    "Ja!",
    "ja, danke",
    "jo",
    "jep",
    "jawohl",
    "Ja, ist geklärt. Danke euch!",
    "ja, hat geklappt",
    "ja, es funktioniert jetzt",
    "ja das hat geholfen",
    "ja, passt so",
    "ja, alles gut",
    "alles geklärt",
    "erledigt",
    "läuft",
    "vielen Dank!",
    "Danke für die schnelle Hilfe",
    "super, vielen Dank",
    "ja 👍",
    "yes",
    "Yes, thanks!",
    "yep",
    "yeah",
    "yes, all good",
    "yes it works now",
    "all settled",
    "everything is settled",
    "solved",
    "fixed, thank you",
    "thanks for your help",
    "thanks a lot, that helped",
    "thank you, that solved it",
    "👍",
    "🙏",
]
UNSETTLED = [
    "",
    "nein",
    "no",
    "noch nicht",
    "not yet",
    "ja noch nicht",
    "yes, not yet",
    "ja, aber der Fehler ist noch da",
    "yes but it still crashes",
    "ja wann denn?",
    "ja?",
    "yes?",
    "ja, nur noch eine Frage",
    "yes, one more thing",
    "ja, wenn das Update da ist",
    "yes, when will it be out",
    "ja fast",
    "yes almost",
    "ja leider",
    "yes unfortunately",
    "ja, es geht nicht",
    "yes it is broken again",
    "ja, ich warte",
    "yes I am waiting",
    "ich probiere es morgen",
    "thanks, I will try it",
    "danke, ich melde mich",
    "thanks for nothing",
    "danke für nichts",
    "super, jetzt geht gar nichts mehr",
    "klasse, wieder kaputt",
    "geklärt ist gar nichts",
    "is it fixed?",
    "works on my machine, fails on the server",
    "not all good",
    "alles gut außer der Galerie",
    "alles kaputt",
    "jain",
    "hm",
    "...",
    "👎",
    "🤔",
]


@pytest.mark.parametrize("words", SETTLED)
def test_a_mere_yes_says_that_all_is_settled(words: str) -> None:
    assert says_yes(words)


@pytest.mark.parametrize("words", UNSETTLED)
def test_a_yes_with_anything_behind_it_may_want_an_answer(words: str) -> None:
    assert not says_yes(words)


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


@pytest.mark.parametrize("words", ["yes", "Ja!", "jo", "yep"])
def test_a_mere_yes_answers_a_question_but_is_no_thanks(words: str) -> None:
    assert says_yes(words)
    assert not is_content(words)


@pytest.mark.parametrize("words", ["ja wieder", "yes again", "ja hilfe", "yes please help"])
def test_a_yes_with_more_may_want_an_answer(words: str) -> None:
    assert not says_yes(words)


@pytest.mark.parametrize("words", ["alles gut", "all good", "Ja das wars", "läuft wieder, danke", "that's it, thanks"])
def test_somebody_is_content(words: str) -> None:
    assert is_content(words)
