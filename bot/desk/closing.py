"""The end of a ticket: closed by its customer or by staff, withdrawn; and opened again."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from bot.desk.cards import show
from bot.desk.claiming import find
from bot.desk.line import place_blocks
from bot.desk.opening import require_room_for
from bot.desk.scene import Scene, button_number, keep, leading_number, only, say_in_ticket, ticket_here
from bot.model import CloseThread, Mention, Reply, Ticket, TicketState
from bot.rules import tickets as rules
from bot.rules.fairness import answer_detail, unanswered_detail
from bot.rules.limits import TEXT_LIMIT, clean
from bot.rules.permissions import is_agent, is_staff, require_close
from bot.store import queries
from bot.store.database import Transaction
from bot.texts import note, paragraph, quote, text

LAST_WORD = timedelta(seconds=2)
"""So much later a thread is archived: words that came after would open it again."""


async def close_command(tx: Transaction, scene: Scene) -> Reply:
    """`/close [words]` in the ticket's thread; elsewhere my only ticket, or `/close <number> [words]`.

    A bare number, or one with its #, names another ticket even in a thread.
    """
    ticket, words = await _which(tx, scene)
    return await _close(tx, scene, ticket, words)


async def close_button(tx: Transaction, scene: Scene, number: str) -> Reply:
    """[Close] under a ticket."""
    return await _close(tx, scene, await find(tx, scene, button_number(number)), "")


async def _which(tx: Transaction, scene: Scene) -> tuple[Ticket, str]:
    here = await ticket_here(tx, scene)
    if here and not re.match(r"#\d{1,9}\b|\d{1,9}$", scene.words, re.ASCII):
        return here, scene.words
    number, rest = leading_number(scene.words)
    if number is not None:
        return await find(tx, scene, number), rest
    return await _mine(tx, scene), scene.words


async def _mine(tx: Transaction, scene: Scene) -> Ticket:
    """The only ticket that the person has open as a customer, or holds as an agent."""
    if is_staff(scene.person, scene.settings):
        return only(await queries.tickets_of_agent(tx, scene.server, scene.person.id), "refused-nothing-claimed")
    return only(await queries.open_tickets(tx, scene.server, scene.person.id), "refused-no-open-ticket")


async def _close(tx: Transaction, scene: Scene, ticket: Ticket, words: str) -> Reply:
    require_close(ticket, scene.person, scene.settings)
    is_by_agent = is_agent(scene.person, scene.settings) and scene.person.id != ticket.customer
    if words and is_by_agent and ticket.state is not TicketState.CLOSED:
        ticket = await answer(tx, scene, ticket)
    await end(tx, scene, ticket, "closed", actor=scene.person.id)
    by = "closed-by-customer" if scene.person.id == ticket.customer else "closed-public"
    blocks = [paragraph(text(by, number=ticket.number, person=scene.person.name))]
    if words:
        blocks.append(quote(clean(words, TEXT_LIMIT)))
    if not scene.has_cards:
        blocks.append(note(text("closed-hint", days=scene.settings.reopen_days)))
    elif not words:  # the receipt says it
        return scene.reply_text("closed", number=ticket.number)
    if not scene.has_cards and ticket.thread is not None and ticket.thread == scene.event.thread:
        # the answer itself is the last word there
        await archive(tx, scene, ticket, delay=LAST_WORD)
        return Reply(scene.content(*blocks, language=ticket.language), is_public=True)
    await say_in_ticket(tx, scene, ticket, *blocks)
    await archive(tx, scene, ticket)
    return scene.reply_text("closed", number=ticket.number)


async def answer(tx: Transaction, scene: Scene, ticket: Ticket) -> Ticket:
    """An agent's words to the customer, on record where they are the first."""
    at = scene.event.at
    if ticket.first_answer_at is None:
        await queries.record(tx, ticket, at, scene.person.id, "answered", answer_detail(ticket, at))
        await show(tx, scene, ticket)
    return rules.answered(ticket, scene.person.id, at)


async def close_by_word(tx: Transaction, scene: Scene, ticket: Ticket) -> None:
    """The customer was asked whether everything is settled, and says yes."""
    await end_settled(tx, scene, ticket, "closed", "closed-by-word", actor=scene.person.id)


async def end_settled(tx: Transaction, scene: Scene, ticket: Ticket, what: str, told: str, actor: str | None) -> Ticket:
    """Close a ticket in which nothing is left to do, say so with the sentence `told`, and put its thread away."""
    closed = await end(tx, scene, ticket, what, actor)
    hint = note(text("closed-hint", days=scene.settings.reopen_days))
    await say_in_ticket(tx, scene, closed, paragraph(text(told, number=ticket.number)), hint)
    await archive(tx, scene, closed)
    return closed


async def withdraw(tx: Transaction, scene: Scene, ticket: Ticket) -> None:
    """The customer has taken the request back while it waited: its words are gone here, too."""
    ticket = replace(ticket, text="")
    await end(tx, scene, ticket, "withdrawn", actor=None)
    await say_in_ticket(tx, scene, ticket, paragraph(text("withdrawn", number=ticket.number)))
    await archive(tx, scene, ticket)


async def end(tx: Transaction, scene: Scene, ticket: Ticket, what: str, actor: str | None) -> Ticket:
    """Close a ticket, on record."""
    closed = rules.close(ticket, scene.event.at)
    await keep(tx, scene, closed)
    await queries.record(tx, closed, scene.event.at, actor, what)
    if closed.first_answer_at is None:
        await queries.record(tx, closed, scene.event.at, None, "unanswered", unanswered_detail(closed, scene.event.at))
    await show(tx, scene, closed)
    return closed


async def archive(tx: Transaction, scene: Scene, ticket: Ticket, delay: timedelta = timedelta(0)) -> None:
    """Promise to put the ticket's thread away."""
    effect = CloseThread(server=ticket.server, channel=ticket.channel, thread=ticket.thread)
    await scene.owe(tx, ticket.lane, effect, ticket=ticket.number, delay=delay)


async def reopen(tx: Transaction, scene: Scene, ticket: Ticket) -> None:
    """The customer wrote again soon after closing: the same ticket, at the end of the line. The limits hold."""
    await require_room_for(tx, scene)
    at = scene.event.at
    again = rules.reopen(ticket, scene.event.order, at, scene.settings)
    if not again.text:  # it was withdrawn
        again = replace(again, text=scene.words, text_order=scene.event.order)
    await keep(tx, scene, again)
    await queries.record(tx, again, at, scene.person.id, "reopened")
    told = paragraph(text("reopened", number=ticket.number, person=Mention(ticket.customer)))
    await say_in_ticket(tx, scene, again, told, *await place_blocks(tx, scene, again))
    await show(tx, scene, again)
