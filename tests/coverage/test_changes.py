"""What moderators change, as the difference to the shipped policy."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.coverage.changes import (
    CategoryChange,
    PolicyChange,
    TextsChange,
    changed,
    difference,
    own_documents,
    phrase_count,
    require_alike,
    taking_over,
    unwritten,
)
from bot.coverage.policy import Category, Policy, PolicyError, load_policy
from bot.model import Language, Ruling
from tests.coverage.small_policy import write_policy

EN = Language.EN


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    folder = tmp_path_factory.mktemp("policy")
    write_policy(folder)
    return load_policy(folder)


def phrases(policy: Policy, id_: str) -> tuple[str, ...]:
    return policy.categories[id_].texts[EN].phrases


def adding(id_: str, *added: str, owner: str | None = None) -> PolicyChange:
    return PolicyChange({id_: CategoryChange(texts={EN: TextsChange(added={owner or id_: added})})})


def test_nothing_changed_is_the_shipped_policy_itself(shipped: Policy) -> None:
    assert changed(shipped, PolicyChange(), 0) is shipped


def test_a_changed_policy_has_a_version_of_its_own(shipped: Policy) -> None:
    assert changed(shipped, adding("defect", "the map is upside down"), 3).version == f"{shipped.version}.3"


def test_phrases_are_added_behind_and_taken_out(shipped: Policy) -> None:
    texts = {
        EN: TextsChange(added={"defect": ("the map is upside down",)}, removed={"defect": ("the slider stays empty",)})
    }
    policy = changed(shipped, PolicyChange({"defect": CategoryChange(texts=texts)}), 1)
    assert phrases(policy, "defect")[-1] == "the map is upside down"
    assert "the slider stays empty" not in phrases(policy, "defect")
    assert policy.categories["small_talk"] is shipped.categories["small_talk"]


def test_what_is_switched_off_is_gone_and_so_are_its_look_alikes(shipped: Policy) -> None:
    policy = changed(shipped, PolicyChange({"customization": CategoryChange(is_off=True)}), 1)
    assert "customization" not in policy.categories
    assert policy.categories["defect"].texts[Language.DE].look_alikes == {}


def test_an_added_phrase_is_taken_from_the_category_it_shipped_with(shipped: Policy) -> None:
    policy = changed(shipped, adding("customization", "The slider stays EMPTY"), 1)
    assert "the slider stays empty" not in phrases(policy, "defect")
    assert "The slider stays EMPTY" in phrases(policy, "customization")


def test_an_added_phrase_is_taken_from_where_it_was_added_before() -> None:
    whole = adding("defect", "the map is upside down")
    news = taking_over(
        whole, "customization", adding("customization", "The map is upside down").categories["customization"]
    )
    both = whole | news
    assert both.categories["defect"].texts[EN].added == {}
    assert list(news.categories) == ["customization", "defect"], "the edited category comes first"


def test_a_category_that_is_shipped_no_more_is_left_out(shipped: Policy) -> None:
    assert "gone" not in changed(shipped, adding("gone", "some words here"), 1).categories


def test_a_new_category_needs_phrases_in_both_languages(shipped: Policy) -> None:
    texts = {EN: TextsChange("Fonts", "Clause.", "Answer.", {"fonts": ("which font is this",)})}
    change = PolicyChange({"fonts": CategoryChange(Ruling.COVERED, texts=texts)})
    assert unwritten(shipped, change) == [("fonts", Language.DE)]
    assert "fonts" not in changed(shipped, change, 1).categories


def test_a_change_and_what_undoes_it(shipped: Policy) -> None:
    first = adding("defect", "the map is upside down")
    second = adding("defect", "the map is upside down", "the map is empty") | PolicyChange(documents={EN: "# Other"})
    assert first | second | second.before(first) == first | PolicyChange(documents={EN: ""})
    assert changed(shipped, first | first.before(PolicyChange()), 2).categories == shipped.categories


def test_documents_that_are_not_alike_are_not_shown(shipped: Policy) -> None:
    alone = PolicyChange(documents={EN: "# Policy\n\n## One\n\nOnly this.\n"})
    assert changed(shipped, alone, 1).documents == shipped.documents
    with pytest.raises(PolicyError):
        require_alike(own_documents(shipped, alone))
    both = alone | PolicyChange(documents={Language.DE: "# Richtlinie\n\n## Eins\n\nNur das.\n"})
    assert changed(shipped, both, 2).documents[EN].sections[0].heading == "One"


def test_a_document_that_cannot_be_read_is_not_shown(shipped: Policy) -> None:
    assert changed(shipped, PolicyChange(documents={EN: "no title"}), 1).documents == shipped.documents


def test_phrases_are_counted_with_look_alikes(shipped: Policy) -> None:
    assert phrase_count(shipped) == 19


_PHRASE = st.sampled_from(["it fails", "it is slow", "add a button", "good night", "the slider stays empty"])
_RULING = st.sampled_from(Ruling)


@st.composite
def edited(draw: st.DrawFn, category: Category) -> Category:
    texts = {}
    for language in Language:
        old = category.texts[language]
        kept = [phrase for phrase in old.phrases if draw(st.booleans())]
        more = [one for one in draw(st.lists(_PHRASE, unique=True, max_size=3)) if one not in kept]
        look_alikes = {"small_talk": ("see you",)} if draw(st.booleans()) else {}
        words = draw(st.sampled_from([old.clause, "Another clause."]))
        texts[language] = replace(old, clause=words, phrases=(*kept, *more), look_alikes=look_alikes)
    return replace(category, ruling=draw(_RULING), texts=texts)


@given(st.data())
def test_the_difference_makes_the_edited_category_of_the_shipped_one(shipped: Policy, data: st.DataObject) -> None:
    wanted = data.draw(edited(shipped.categories["defect"]))
    policy = changed(shipped, PolicyChange({"defect": difference(shipped.categories["defect"], wanted)}), 1)
    made = policy.categories["defect"]
    assert made.ruling is wanted.ruling
    for language in Language:
        assert set(made.texts[language].phrases) == set(wanted.texts[language].phrases)
        assert made.texts[language].look_alikes == wanted.texts[language].look_alikes
        assert made.texts[language].clause == wanted.texts[language].clause
