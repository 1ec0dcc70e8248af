"""The policy: read by all, posted, changed, carried out and back in by moderators."""

from __future__ import annotations

from typing import Any

import pytest
from simcord.results import InteractionResult

from tests.discord_chat.conftest import Shop, buttons, message_of, newest, questions, words

pytestmark = pytest.mark.simcord(settle_timeout=30.0)
"""What a change would do takes some thinking, on a busy machine more than the simulation's usual five seconds."""
CRASH = "The gallery crashes as soon as I open it since yesterday"
WISH = "Please add a dark mode!"


async def test_everybody_reads_the_policy_in_private(shop: Shop) -> None:
    english = await shop.uses(shop.emma, "policy", shop.general)
    assert english.ephemeral
    assert "first come, first served" in words(english).lower()
    assert "paid solution" in words(english)
    assert buttons(english) == []
    german = await shop.uses(shop.jonas, "policy", shop.general)
    assert "Wer zuerst kommt, mahlt zuerst" in words(german)


async def test_one_section_in_the_language_of_choice(shop: Shop) -> None:
    section = await shop.uses(shop.emma, "policy", text="Personalization", language="de")
    assert "kostenpflichtige Lösung" in words(section)
    assert "Wer zuerst kommt" not in words(section)
    unknown = await shop.uses(shop.emma, "policy", text="weather in Spain")
    assert "The policy has no section “weather in Spain”." in words(unknown)


async def test_a_preview_is_posted_by_its_button(shop: Shop) -> None:
    preview = await shop.uses(shop.marek, "policy", shop.general)
    assert preview.ephemeral
    assert buttons(preview) == ["Post here"]
    begun = len(shop.general.history(viewer=shop.emma))
    told = await shop.presses(shop.marek, preview, "Post here")
    assert told.ephemeral
    posted = shop.general.history(viewer=shop.emma)[begun:]
    assert "\n".join(map(words, posted)) == words(preview)


@pytest.mark.parametrize(("language", "messages"), [("de", 1), ("en", 1), ("both", 2)])
async def test_the_policy_is_posted_for_everybody(shop: Shop, language: str, messages: int) -> None:
    told = await shop.uses(shop.marek, "policy", shop.general, action="post", language=language)
    assert told.ephemeral
    assert "The policy will be here in a moment." in words(told)
    posted = shop.general.history(viewer=shop.emma)
    assert len(posted) == messages
    said = "\n".join(map(words, posted))
    assert ("Artikel-Support" in said) == (language != "en")
    assert ("Item support" in said) == (language != "de")


async def test_what_is_posted_follows_the_policy(shop: Shop) -> None:
    await shop.uses(shop.marek, "policy", shop.general, action="post", language="en")
    (posted,) = shop.general.history()
    form = await shop.uses(shop.marek, "policy", action="edit", text="document", language="en")
    ((name, asked),) = questions(form).items()
    changed = str(asked["value"]).replace("First come, first served.", "Served in the order of asking.")
    assert changed != asked["value"]
    draft = await shop.fills_in(shop.marek, form, **{name: changed})
    assert draft.ephemeral
    assert words(newest(shop.general)) == words(posted)
    await _apply(shop, draft)
    (follows,) = shop.general.history()
    assert follows.id == posted.id
    assert "Served in the order of asking." in words(follows)


async def _apply(shop: Shop, draft: InteractionResult) -> None:
    form = await shop.presses(shop.marek, draft, "Apply")
    done = await shop.fills_in(shop.marek, form, why="as agreed")
    assert "of the policy is in force" in words(done)


# --- the file ----------------------------------------------------------------------------------------


async def _exported(shop: Shop) -> str:
    answer = await shop.uses(shop.marek, "policy", action="export")
    assert answer.ephemeral
    (file,) = message_of(answer).attachments
    assert file.filename == "policy.yaml"
    return (await file.read()).decode()


async def test_the_policy_is_carried_out_as_a_file(shop: Shop) -> None:
    policy = await _exported(shop)
    assert "customization" in policy
    assert "Kostenvoranschlag bitte" in policy


async def test_a_changed_file_is_a_draft_and_then_in_force(shop: Shop) -> None:
    policy = await _exported(shop)
    changed = policy.replace("Defects in the item", "Faults in the item")
    assert changed != policy
    form = await shop.uses(shop.marek, "policy", action="import")
    draft = await shop.fills_in(shop.marek, form, file=("policy.yaml", changed.encode()))
    assert draft.ephemeral
    assert "Faults in the item" in words(draft)
    await _apply(shop, draft)
    await shop.says(shop.emma, CRASH)
    assert "Faults in the item" in words(newest(shop.thread))
    assert "Faults in the item" in await _exported(shop)


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (b"", "line 1"),
        (b"categories: [", "policy.yaml, line 1"),
        (bytes(range(256)), "policy.yaml, line"),
        ("x".encode("utf-16"), "policy.yaml, line"),
        (b"a" * 3_000_001, "The file is too large"),
        (b"\xff" * 12_100_000, "The file is too large"),
    ],
    ids=["empty", "broken", "binary", "another encoding", "too long", "far too long"],
)
async def test_a_file_that_is_no_policy_is_refused_with_the_reason(shop: Shop, file: bytes, told: str) -> None:
    form = await shop.uses(shop.marek, "policy", action="import")
    refused = await shop.fills_in(shop.marek, form, file=("policy.yaml", file))
    assert refused.ephemeral
    assert told in words(refused)


async def test_an_unchanged_file_changes_nothing(shop: Shop) -> None:
    form = await shop.uses(shop.marek, "policy", action="import")
    refused = await shop.fills_in(shop.marek, form, file=("policy.yaml", (await _exported(shop)).encode()))
    assert words(refused) == "That changes nothing."


# --- the forms ---------------------------------------------------------------------------------------


async def test_a_category_is_chosen_by_button_and_edited_by_form(shop: Shop) -> None:
    choice = await shop.uses(shop.marek, "policy", action="edit")
    assert choice.ephemeral
    assert "German" in buttons(choice)
    form = await shop.presses(shop.marek, choice, "Defects in the item")
    assert {"ruling", "clause", "answer", "phrases"} <= questions(form).keys()
    draft = await shop.fills_in(shop.marek, form, **_as_it_stands(form) | {"clause": "We mend what is broken."})
    assert "We mend what is broken." in words(draft)
    await _apply(shop, draft)
    await shop.says(shop.emma, CRASH)
    assert "> We mend what is broken." in words(newest(shop.thread))


def _as_it_stands(form: InteractionResult) -> dict[str, Any]:
    """What a form sends if nobody touches it."""
    values: dict[str, Any] = {}
    for name, asked in questions(form).items():
        if "options" in asked:
            values[name] = [option["value"] for option in asked["options"] if option.get("default")]
        else:
            values[name] = asked.get("value") or ""
    return values


async def test_a_draft_can_be_dropped(shop: Shop) -> None:
    form = await shop.uses(shop.marek, "policy", action="edit", text="defect", language="en")
    draft = await shop.fills_in(shop.marek, form, **_as_it_stands(form) | {"clause": "We mend what is broken."})
    dropped = await shop.presses(shop.marek, draft, "Discard")
    assert "Nothing has changed" in words(dropped)
    assert "already applied or dropped" in words(await shop.presses(shop.marek, draft, "Apply"))


async def test_a_category_is_switched_off_and_on_again_and_that_is_on_record(shop: Shop) -> None:
    await _apply(shop, await shop.uses(shop.marek, "policy", action="off", text="customization"))
    assert "Not covered" not in words(await shop.uses(shop.emma, "covered", question=WISH))
    await _apply(shop, await shop.uses(shop.marek, "policy", action="on", text="customization"))
    assert "Not covered" in words(await shop.uses(shop.emma, "covered", question=WISH))
    history = await shop.uses(shop.marek, "policy", action="history")
    assert "as agreed" in words(history)
    assert "marek" in words(history)
    undone = await shop.presses(shop.marek, history, "Undo version 2")
    assert "is switched off" in words(undone)
    assert "is switched off" in words(await shop.uses(shop.marek, "policy", action="undo", text="2"))


async def test_a_new_category_is_added_and_renamed(shop: Shop) -> None:
    form = await shop.uses(shop.marek, "policy", action="add")
    given = {name: ["covered"] if "options" in asked else f"Hosting {name}" for name, asked in questions(form).items()}
    draft = await shop.fills_in(shop.marek, form, **given)
    assert draft.ephemeral
    assert "Something is still missing" in words(draft)
    form = await shop.uses(shop.marek, "policy", action="rename", text="defect")
    renamed = await shop.fills_in(shop.marek, form, **dict.fromkeys(questions(form), "Faults"))
    assert "Faults" in words(renamed)


async def test_a_sentence_is_tried_out(shop: Shop) -> None:
    tried = await shop.uses(shop.marek, "policy", action="test", text=WISH)
    assert tried.ephemeral
    assert "Confidence" in words(tried)


async def test_what_the_bot_got_wrong_is_gone_through(shop: Shop) -> None:
    assert "nothing to learn" in words(await shop.uses(shop.marek, "policy", action="review"))
    await shop.says(shop.emma, f"{CRASH}, is that covered by support?")
    await shop.presses(shop.emma, newest(shop.thread), "Wrong answer")
    review = await shop.uses(shop.marek, "policy", action="review")
    assert "The customer pressed “Wrong answer”." in words(review)
    form = await shop.presses(shop.marek, review, "Another category")
    chosen = await shop.fills_in(shop.marek, form, **_as_it_stands(form) | {"category": ["usage_question"]})
    label = next(label for label in buttons(chosen) if label.startswith("Add to"))
    taught = await shop.presses(shop.marek, chosen, label)
    assert "Now a phrase of" in words(taught)
    assert "nothing to learn" in words(await shop.uses(shop.marek, "policy", action="review"))


async def test_a_case_can_be_left_as_it_is(shop: Shop) -> None:
    await shop.says(shop.emma, f"{CRASH}, is that covered by support?")
    await shop.presses(shop.emma, newest(shop.thread), "Wrong answer")
    review = await shop.uses(shop.marek, "policy", action="review")
    assert "Left as it is." in words(await shop.presses(shop.marek, review, "Leave"))
