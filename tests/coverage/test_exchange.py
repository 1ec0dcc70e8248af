"""The policy as one file, out and in again."""

from __future__ import annotations

from pathlib import Path

import pytest

import policy_text
from bot.coverage.changes import CategoryChange, PolicyChange, TextsChange, changed
from bot.coverage.exchange import exported, imported, read_file
from bot.coverage.policy import Policy, PolicyError, load_policy
from bot.model import Language, Ruling
from tests.coverage.small_policy import write_policy

EN = Language.EN
NOTHING = PolicyChange()


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return load_policy(write_policy(tmp_path_factory.mktemp("policy")))


@pytest.fixture(scope="module")
def file(shipped: Policy) -> str:
    return exported(shipped, NOTHING)


def brought(text: str, shipped: Policy, now: PolicyChange) -> PolicyChange:
    return imported(read_file("policy.yaml", text), shipped, now)


def test_the_shipped_policy_comes_back_as_it_went() -> None:
    policy = load_policy(Path(policy_text.__file__).parent)
    assert brought(exported(policy, NOTHING), policy, NOTHING) == NOTHING


def test_a_changed_policy_comes_back_as_it_went(shipped: Policy) -> None:
    texts = {EN: TextsChange(added={"defect": ("it: - fails", "# not a remark", "'quoted'", "tab: 🎉")})}
    change = PolicyChange({"defect": CategoryChange(texts=texts), "customization": CategoryChange(is_off=True)})
    text = exported(shipped, change)
    assert brought(text, shipped, change) == NOTHING
    assert changed(shipped, brought(text, shipped, NOTHING), 1) == changed(shipped, change, 1)


def test_what_was_written_into_the_file_is_the_change(shipped: Policy, file: str) -> None:
    edited = file.replace("the slider stays empty", "the slider stays black").replace(
        "verdict: not_covered", "verdict: paid"
    )
    change = brought(edited, shipped, NOTHING)
    assert change.categories["customization"].ruling is Ruling.PAID
    texts = change.categories["defect"].texts[EN]
    assert (texts.added, texts.removed) == (
        {"defect": ("the slider stays black",)},
        {"defect": ("the slider stays empty",)},
    )


def test_a_part_of_the_file_changes_only_that_part(shipped: Policy, file: str) -> None:
    part = next(part for part in file.split("---\n") if "id: small_talk" in part)
    change = brought(part.replace("title: Small talk", "title: Chatter"), shipped, NOTHING)
    assert list(change.categories) == ["small_talk"]
    assert change.documents == {}


def test_a_switched_off_category_is_in_the_file_and_can_be_switched_on(shipped: Policy) -> None:
    off = PolicyChange({"defect": CategoryChange(is_off=True)})
    text = exported(shipped, off)
    assert "switched_off: true" in text
    change = brought(text.replace("switched_off: true", "switched_off: no"), shipped, off)
    assert not change.categories["defect"].is_off


def test_a_document_is_brought_back_in_both_languages(shipped: Policy, file: str) -> None:
    edited = file.replace("Soon.", "Very soon.").replace("Bald.", "Sehr bald.").replace("\n", "\r\n")
    change = brought("\ufeff" + edited, shipped, NOTHING)
    assert changed(shipped, change, 1).documents[EN].sections[0].blocks[0].words == "Very soon."


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("verdict: covered", "verdict: perhaps", "verdict must be one of"),
        ("id: small_talk", "id: defect", "already used"),
        ("have a nice weekend all", "the slider stays empty", "stands for"),
        ("the slider stays empty", "the page is white since the update", "there twice"),
        ("# Policy", "Policy", "must begin with its title"),
        ("    - one\n", "", "differs in form"),
        ("title: Small talk", "tilte: Small talk", 'unknown key "tilte"'),
    ],
)
def test_a_mistake_is_told_with_its_line(shipped: Policy, file: str, old: str, new: str, reason: str) -> None:
    assert old in file
    with pytest.raises(PolicyError, match=reason):
        brought(file.replace(old, new, 1), shipped, NOTHING)


def test_the_line_counts_from_the_beginning_of_the_file(shipped: Policy, file: str) -> None:
    line = file.split("\n").index("id: small_talk") + 1
    with pytest.raises(PolicyError) as caught:
        brought(file.replace("id: small_talk", "id: Small Talk"), shipped, NOTHING)
    assert caught.value.line == line


@pytest.mark.parametrize("text", ["", "\n---\n", "just words", "- a\n- list", "{", "document: 3", "\0", "&a [*a, *a]"])
def test_what_is_no_policy_is_refused(shipped: Policy, text: str) -> None:
    with pytest.raises(PolicyError):
        brought(text, shipped, NOTHING)
