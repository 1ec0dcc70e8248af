"""Agents say what a ticket is really about, where the verdict was wrong."""

from __future__ import annotations

import json
from dataclasses import replace

from bot.desk.cards import show
from bot.desk.claiming import find
from bot.desk.policy.collecting import collect_correction
from bot.desk.policy.effects import category_title
from bot.desk.receipt import answer_blocks, clause_blocks
from bot.desk.scene import Scene, button_number, leading_number, say_in_ticket, ticket_here
from bot.model import Button, Field, FieldKind, Refusal, Reply, Ruling, Ticket, TicketState
from bot.rules.limits import title
from bot.rules.permissions import require_staff
from bot.store import queries
from bot.store.database import Transaction
from bot.texts import paragraph, text

_FOR_SALES = {Ruling.PAID, Ruling.NOT_COVERED}


async def correct_command(tx: Transaction, scene: Scene) -> Reply:
    """`/correct [number]`: the ticket in whose thread it is given, or another one, is about something else."""
    require_staff(scene.person, scene.settings)
    number, _ = leading_number(scene.words)
    if scene.words and number is None:
        raise Refusal("refused-not-a-number", words=title(scene.words, 40))
    ticket = await ticket_here(tx, scene) if number is None else await find(tx, scene, number)
    if ticket is None:
        raise Refusal("refused-which-to-correct")
    return _choose_category(scene, ticket)


async def correct_button(tx: Transaction, scene: Scene, number: str) -> Reply:
    """[Correct] under a claimed ticket."""
    require_staff(scene.person, scene.settings)
    return _choose_category(scene, await find(tx, scene, button_number(number)))


def _choose_category(scene: Scene, ticket: Ticket) -> Reply:
    field = category_field(scene, ticket.words, ticket.category or "")
    return scene.form(f"correct:{ticket.number}", "form-correct", field)


def category_field(scene: Scene, words: str, value: str) -> Field:
    """The categories to choose from, the likeliest first."""
    likely = [id_ for id_, _ in scene.matcher.candidates(words)]
    ids = sorted(scene.policy.categories, key=lambda id_: likely.index(id_) if id_ in likely else len(likely))
    options = tuple(
        (id_, text("category-option", title=category_title(scene.policy, id_, scene.language))) for id_ in ids
    )
    return Field("category", text("form-correct-category"), FieldKind.CHOICE, value=value, choices=options)


async def correct_form(tx: Transaction, scene: Scene, number: str) -> Reply:
    """What the ticket is about, as an agent sees it; the customer is told, and the moderators get a lesson."""
    require_staff(scene.person, scene.settings)
    ticket = await find(tx, scene, button_number(number))
    id_ = scene.values.get("category", "")
    category = scene.policy.categories.get(id_)
    if category is None:
        raise Refusal("refused-choice", field=text("form-correct-category"))
    if ticket.category == id_:
        raise Refusal("refused-nothing-new")
    corrected = replace(ticket, category=id_, ruling=category.ruling, policy_version=scene.policy.version)
    await queries.save_ticket(tx, corrected)
    detail = json.dumps({"from": ticket.category, "to": id_})
    await queries.record(tx, corrected, scene.event.at, scene.person.id, "corrected", detail)
    await collect_correction(tx, scene, ticket, id_)
    if ticket.state is not TicketState.CLOSED and category.ruling is not Ruling.SILENCE:
        named = category_title(scene.policy, id_, ticket.language)
        told = text("corrected-public", agent=scene.person.name, title=named, ruling=text(f"ruling-{category.ruling}"))
        words = (*clause_blocks(scene, id_, ticket.language), *answer_blocks(scene, id_, ticket.language))
        buttons = (Button(f"paid:{ticket.message}", text("button-paid")),) if category.ruling in _FOR_SALES else ()
        await say_in_ticket(tx, scene, corrected, paragraph(told), *words, buttons=buttons)
    await show(tx, scene, corrected)
    return scene.reply_text("corrected", number=ticket.number, title=category_title(scene.policy, id_, scene.language))
