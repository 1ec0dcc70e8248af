"""A policy of more categories than one of Discord's menus holds: none is out of reach."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.coverage.matcher import Matcher
from bot.coverage.policy import CategoryTexts
from bot.model import Form, Language, Reply
from tests.doubles.paper_chat import plain
from tests.doubles.world import JONAS, MAREK, TOM, World, open_world

MORE = 40
LAST = f"extra_{MORE - 1}"


@pytest.fixture
async def world(database_url: str, matcher: Matcher) -> AsyncIterator[World]:
    """A shop whose policy has many categories beside the shipped ones."""
    shipped = matcher.policy
    model = shipped.categories["defect"]
    extra = {}
    for number in range(MORE):
        phrases = tuple(f"Sonderfall{number} {word}" for word in ("hier", "dort", "heute", "immer", "nie", "bald"))
        texts = CategoryTexts(f"Sonderfall {number}", "Satz.", "Antwort.", phrases, {})
        extra[f"extra_{number}"] = replace(model, id=f"extra_{number}", texts=dict.fromkeys(Language, texts))
    large = Matcher(replace(shipped, categories={**shipped.categories, **extra}))
    async with open_world(database_url, large) as opened:
        yield opened


def form(reply: Reply | None) -> Form:
    assert reply is not None
    assert reply.form is not None
    return reply.form


def choices(told: Form) -> list[str]:
    (field,) = [field for field in told.fields if field.name == "category"]
    return [value for value, _ in field.choices]


async def test_a_ticket_can_be_about_any_of_them(world: World) -> None:
    await world.command(JONAS, "/ticket die galerie stürzt beim öffnen immer ab")
    assert sorted(choices(form(await world.command(TOM, "/correct 1")))) == sorted(world.desk.policy.categories)
    corrected = await world.send(TOM, "correct:1", {"category": LAST})
    assert corrected is not None
    assert corrected.content is not None
    assert "Sonderfall 39" in plain(corrected.content)


async def test_a_lesson_can_go_to_any_of_them(world: World) -> None:
    message = await world.post(JONAS, "ist es abgedeckt, wenn die galerie abstürzt?")
    await world.press(JONAS, f"wrong:{message}")
    review = await world.command(MAREK, "/policy review")
    assert review is not None
    assert review.content is not None
    action = next(one.action for one in review.content.buttons if one.action.startswith("policy-teach"))
    assert sorted(choices(form(await world.press(MAREK, action)))) == sorted(world.desk.policy.categories)


async def test_the_choice_what_to_edit_says_how_to_reach_the_others(world: World) -> None:
    shown = await world.command(MAREK, "/policy edit")
    assert shown is not None
    assert shown.content is not None
    buttons = [one for one in shown.content.buttons if one.action.startswith("policy-edit:")]
    hidden = len(world.desk.policy.categories) - len(buttons)
    assert f"und noch {hidden} Teile: /policy edit und der Name" in plain(shown.content)
    assert form(await world.command(MAREK, "/policy edit Sonderfall 39")).name.startswith(f"policy-edit:{LAST}:")
