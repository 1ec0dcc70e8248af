"""Agents answer from the agents' channel, where they cannot or need not write in the ticket's thread."""

from __future__ import annotations

from bot.desk.cards import copy_to_agents
from bot.desk.claiming import claim_by_answering, find
from bot.desk.closing import answer
from bot.desk.scene import Scene, button_number, keep, say_in_ticket
from bot.model import Field, FieldKind, Refusal, Reply, Ticket, TicketState
from bot.rules.limits import TEXT_LIMIT, clean
from bot.rules.permissions import require_agent
from bot.store.database import Transaction
from bot.store.outbox import owes_thread
from bot.texts import paragraph, quote, text


async def reply_button(tx: Transaction, scene: Scene, number: str) -> Reply:
    """[Reply to customer] on a ticket's card."""
    ticket = await _answerable(tx, scene, number)
    words = Field("text", text("form-reply-text"), FieldKind.PARAGRAPH, limit=TEXT_LIMIT)
    return scene.form(f"reply:{ticket.number}", "form-reply", words, number=ticket.number)


async def reply_form(tx: Transaction, scene: Scene, number: str) -> Reply:
    """The words go into the ticket under the agent's name; like words written there, they claim a waiting ticket."""
    ticket = await _answerable(tx, scene, number)
    words = clean(scene.values.get("text", ""), TEXT_LIMIT)
    if not words:
        raise Refusal("refused-empty")
    if ticket.state is TicketState.WAITING:
        ticket = await claim_by_answering(tx, scene, ticket)
    await keep(tx, scene, await answer(tx, scene, ticket))
    told = (paragraph(text("reply-from", agent=scene.person.name)), quote(words))
    await say_in_ticket(tx, scene, ticket, *told)
    await copy_to_agents(tx, scene, ticket, *told)
    return scene.reply_text("replied", number=ticket.number)


async def _answerable(tx: Transaction, scene: Scene, number: str) -> Ticket:
    require_agent(scene.person, scene.settings)
    ticket = await find(tx, scene, button_number(number))
    if ticket.state is TicketState.CLOSED:
        raise Refusal("refused-closed", number=ticket.number)
    if ticket.thread is None and not await owes_thread(tx, ticket.server, ticket.lane):
        raise Refusal("refused-unreachable", number=ticket.number)
    return ticket
