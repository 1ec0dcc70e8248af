"""The policy that ships is complete in both languages."""

from __future__ import annotations

import re

import pytest

from bot.coverage.matcher import Matcher
from bot.coverage.policy import ANSWER_TIME, CategoryTexts, address
from bot.model import Language, Ruling

RULINGS = {
    "usage_question": Ruling.COVERED,
    "technical_question": Ruling.COVERED,
    "defect": Ruling.COVERED,
    "third_party_asset_defect": Ruling.COVERED,
    "compatibility_update": Ruling.COVERED,
    "security_fix": Ruling.COVERED,
    "customization": Ruling.NOT_COVERED,
    "outdated_version": Ruling.NOT_COVERED,
    "modified_product": Ruling.NOT_COVERED,
    "third_party_customization": Ruling.NOT_COVERED,
    "paid_customization": Ruling.PAID,
    "response_time": Ruling.PROCESS,
    "resolution_time": Ruling.PROCESS,
    "queue_order": Ruling.PROCESS,
    "no_reply_yet": Ruling.PROCESS,
    "why_no_customization": Ruling.PROCESS,
    "not_in_policy": Ruling.NOT_IN_POLICY,
    "small_talk": Ruling.SILENCE,
}


def test_every_category_has_its_ruling(matcher: Matcher) -> None:
    assert {category.id: category.ruling for category in matcher.policy.categories.values()} == RULINGS


@pytest.mark.parametrize("category", RULINGS)
@pytest.mark.parametrize("language", Language)
def test_every_category_has_forty_phrases_in_each_language(matcher: Matcher, category: str, language: Language) -> None:
    assert len(matcher.policy.categories[category].texts[language].phrases) >= 40


@pytest.mark.parametrize("category", RULINGS)
def test_both_forms_of_address_read_as_sentences(matcher: Matcher, category: str) -> None:
    for language, texts in matcher.policy.categories[category].texts.items():
        for text in (texts.clause, texts.answer):
            formal, familiar = address(text, formal=True), address(text, formal=False)
            assert not set("[]|") & set(formal + familiar)
            assert not text or text.endswith((".", "?", "!"))
            assert language is Language.DE or formal == familiar


@pytest.mark.parametrize("language", Language)
def test_no_text_of_ours_states_a_time_that_a_server_may_set(matcher: Matcher, language: Language) -> None:
    texts = [part for one in matcher.policy.categories.values() for part in _said(one.texts[language])]
    document = matcher.policy.documents[language]
    texts += [str(block.words) for section in document.sections for block in section.blocks]
    assert sum(ANSWER_TIME in text for text in texts) == 3, "the document, and two categories"
    for text in texts:
        assert not re.search(r"\d|(zwanzig|vierzig|twenty|forty|(?<!\w)(zwei|zwölf|drei|two|twelve|three)\b)", text), (
            text
        )


def _said(texts: CategoryTexts) -> tuple[str, ...]:
    return (texts.title, texts.clause, texts.answer)


def test_the_languages_have_documents_of_one_shape(matcher: Matcher) -> None:
    german, english = (matcher.policy.documents[language] for language in (Language.DE, Language.EN))
    assert [len(section.blocks) for section in german.sections] == [len(s.blocks) for s in english.sections]
