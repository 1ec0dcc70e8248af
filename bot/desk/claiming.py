"""Agents take tickets, in order or with a reason out of it, and give them back."""

from __future__ import annotations

from bot.desk.cards import show
from bot.desk.line import staff_link
from bot.desk.receipt import clause_blocks
from bot.desk.scene import (
    Scene,
    button_number,
    keep,
    leading_number,
    only,
    say_in_ticket,
    tell_change,
    ticket_here,
    ticket_of_card,
)
from bot.model import (
    Button,
    ButtonStyle,
    Duration,
    Field,
    FieldKind,
    Mention,
    MessagePicked,
    Refusal,
    Reply,
    Ticket,
    TicketState,
)
from bot.rules import tickets as rules
from bot.rules.fairness import MOST_PASSED, claim_detail
from bot.rules.limits import clean, title
from bot.rules.permissions import is_agent, require_agent, require_release, require_staff
from bot.store import queries
from bot.store.database import Transaction
from bot.texts import heading, note, paragraph, quote, text

_REASON = 200
"""Longest reason for a claim out of turn, in characters."""
BY_PICKING = "picked in the thread"
"""The reason on record where an agent claimed by a message of the ticket."""
BY_ANSWERING = "answered in the thread"
"""The reason on record where an agent claimed by answering."""
_SHOWN = 1_000
"""Characters of the customer's words that the agent sees at once."""


async def claim_command(tx: Transaction, scene: Scene) -> Reply:
    """`/claim` takes the head of the line, or the ticket in whose thread it is given.

    `/claim <number> [reason]` takes another one, on record.
    """
    require_agent(scene.person, scene.settings)
    if not scene.words:
        here = await ticket_here(tx, scene)
        if here and here.state is not TicketState.CLOSED and here.agent != scene.person.id:
            return await _claim(tx, scene, here)  # of somebody else's, they are told whose it is
        return await claim_next(tx, scene)
    number, reason = leading_number(scene.words)
    if number is None:
        raise Refusal("refused-not-a-number", words=title(scene.words, 40))
    return await _claim(tx, scene, await find(tx, scene, number), reason)


async def claim_next(tx: Transaction, scene: Scene, _: str = "") -> Reply:
    """The head of the line goes to this agent; one statement, so there is one winner."""
    require_agent(scene.person, scene.settings)
    ticket = await queries.claim_head(tx, scene.server, scene.person.id, scene.person.name, scene.event.at)
    if ticket is None:
        raise Refusal("refused-line-empty")
    await keep(tx, scene, ticket)
    return await _claimed(tx, scene, ticket, ahead=0, reason="")


async def claim_button(tx: Transaction, scene: Scene, number: str) -> Reply:
    """[Claim] under a ticket."""
    require_agent(scene.person, scene.settings)
    return await _claim(tx, scene, await find(tx, scene, button_number(number)))


async def claim_picked(tx: Transaction, scene: Scene, event: MessagePicked) -> Reply:
    """A message of the ticket was picked; the agent reads there what it is about, so nobody asks for a reason."""
    ticket = await ticket_of(tx, event)
    is_free = ticket is not None and ticket.state is TicketState.WAITING
    if event.is_sign and not (is_free and is_agent(scene.person, scene.settings)):
        return Reply()
    require_agent(scene.person, scene.settings)
    if ticket is None:
        raise Refusal("refused-no-ticket-here")
    reply = await _claim(tx, scene, ticket, BY_PICKING)
    return Reply() if event.is_sign else reply


async def ticket_of(tx: Transaction, event: MessagePicked) -> Ticket | None:
    """The ticket that is talked about under the message or around it, or whose card it is."""
    around = await queries.ticket_by_thread(tx, event.server, event.thread) if event.thread else None
    found = around or await ticket_under(tx, event)
    return found or await ticket_of_card(tx, event.server, event.thread or event.message)


async def ticket_under(tx: Transaction, event: MessagePicked) -> Ticket | None:
    """The ticket that was opened from the message, or is talked about in its thread."""
    opened_from = await queries.ticket_by_message(tx, event.server, event.message)
    return opened_from or await queries.ticket_by_thread(tx, event.server, event.message)


async def claim_form(tx: Transaction, scene: Scene, number: str) -> Reply:
    """The reason for a claim out of turn has been given; a form cannot be answered with another one."""
    require_agent(scene.person, scene.settings)
    ticket = await find(tx, scene, button_number(number))
    reply = await _claim(tx, scene, ticket, scene.values.get("reason", ""))
    if reply.form is not None:
        raise Refusal("refused-reason-needed", number=ticket.number, ahead=await _ahead(tx, ticket))
    return reply


async def _claim(tx: Transaction, scene: Scene, ticket: Ticket, reason: str = "") -> Reply:
    """A certain ticket; if others wait ahead of it, the reason is asked for."""
    rules.claim(ticket, scene.person, scene.event.at)
    ahead, reason = await _ahead(tx, ticket), title(reason, _REASON)
    if ahead > 0 and not reason:
        question = Field("reason", text("form-claim-reason", ahead=ahead), FieldKind.LINE, limit=_REASON)
        return scene.form(f"claim:{ticket.number}", "form-claim", question)
    return await _claimed(tx, scene, await _take(tx, scene, ticket), ahead, reason)


async def _ahead(tx: Transaction, ticket: Ticket) -> int:
    """How many tickets wait that came before this one."""
    return await queries.place_of(tx, ticket) - 1


async def claim_by_answering(tx: Transaction, scene: Scene, ticket: Ticket) -> Ticket:
    """An agent who answers in the thread of a waiting ticket has taken it, also out of turn; never from another.

    Words that were written before the ticket's latest change, and are told late, take nothing.
    """
    history = await queries.history_of(tx, scene.server, ticket.number)
    if scene.event.at < max(row["at"] for row in history if row["what"] in rules.MOVES):  # notices move nothing
        return ticket
    ahead = await _ahead(tx, ticket)
    claimed = await _take(tx, scene, ticket)
    await _record(tx, scene, claimed, ahead, BY_ANSWERING)
    return claimed


async def _take(tx: Transaction, scene: Scene, ticket: Ticket) -> Ticket:
    claimed = rules.claim(ticket, scene.person, scene.event.at)
    await keep(tx, scene, claimed)
    return claimed


async def _record(tx: Transaction, scene: Scene, ticket: Ticket, ahead: int, reason: str) -> None:
    passed = await queries.line_ahead(tx, ticket, MOST_PASSED) if ahead > 0 else []
    detail = claim_detail(ahead, passed, reason)
    await queries.record(tx, ticket, scene.event.at, scene.person.id, "claimed", detail)
    agent = Mention(scene.person.id) if ticket.is_private else scene.person.name  # a mention lets them in
    await tell_change(tx, scene, ticket, paragraph(text("claimed-public", agent=agent)))
    await show(tx, scene, ticket)


async def _claimed(tx: Transaction, scene: Scene, ticket: Ticket, ahead: int, reason: str) -> Reply:
    await _record(tx, scene, ticket, ahead, reason)
    waited = Duration(scene.event.at - ticket.asked_at)
    blocks = [
        heading(text("claimed-heading", number=ticket.number, customer=title(ticket.customer_name, 40))),
        paragraph(text("claimed-facts", waited=waited, ruling=text(f"ruling-{ticket.ruling or 'none'}"))),
        quote(clean(ticket.words, _SHOWN)),
        paragraph(text("claimed-where", thread=await staff_link(tx, scene, ticket))),
    ]
    blocks += clause_blocks(scene, ticket.category, scene.language)
    if ahead > 0:
        blocks.append(note(text("claimed-out-of-turn", ahead=ahead)))
    buttons = [
        Button(f"release:{ticket.number}", text("button-release")),
        Button(f"correct:{ticket.number}", text("button-correct")),
        Button(f"close:{ticket.number}", text("button-close"), ButtonStyle.DANGER),
    ]
    if scene.has_cards and ticket.is_private:  # the agent cannot write there
        buttons.insert(0, Button(f"reply:{ticket.number}", text("button-reply"), ButtonStyle.PRIMARY))
    return scene.reply(*blocks, buttons=tuple(buttons), ruling=ticket.ruling)


async def release_command(tx: Transaction, scene: Scene) -> Reply:
    """`/release` gives back the thread's ticket, or the one I hold, or the one with this number."""
    require_staff(scene.person, scene.settings)
    if scene.words:
        number, _ = leading_number(scene.words)
        if number is None:
            raise Refusal("refused-not-a-number", words=title(scene.words, 40))
        return await _release(tx, scene, await find(tx, scene, number))
    return await _release(tx, scene, await _ticket_at_hand(tx, scene))


async def release_button(tx: Transaction, scene: Scene, number: str) -> Reply:
    """[Release] under a ticket."""
    return await _release(tx, scene, await find(tx, scene, button_number(number)))


async def _release(tx: Transaction, scene: Scene, ticket: Ticket) -> Reply:
    require_staff(scene.person, scene.settings)
    released = rules.release(ticket, scene.settings)
    require_release(ticket, scene.person, scene.settings)
    place = await give_back(tx, scene, released, "released", scene.person.id)
    return scene.reply_text("released", number=ticket.number, place=place)


async def give_back(tx: Transaction, scene: Scene, released: Ticket, what: str, actor: str | None) -> int:
    """The ticket has nobody any more: it is back at its old place, which is told; its place in the line."""
    await keep(tx, scene, released)
    await queries.record(tx, released, scene.event.at, actor, what)
    place = await queries.place_of(tx, released)
    tell = say_in_ticket if what == "returned" else tell_change  # the customer has waited for an answer
    await tell(tx, scene, released, paragraph(text(f"{what}-public", place=place)))
    await show(tx, scene, released)
    return place


async def _ticket_at_hand(tx: Transaction, scene: Scene) -> Ticket:
    """The ticket of the thread the command was given in, else the only one that the agent holds."""
    if here := await ticket_here(tx, scene):
        return here
    return only(await queries.tickets_of_agent(tx, scene.server, scene.person.id), "refused-nothing-claimed")


async def find(tx: Transaction, scene: Scene, number: int) -> Ticket:
    """The server's ticket with this number; another server's does not exist here."""
    ticket = await queries.ticket_by_number(tx, scene.server, number)
    if ticket is None:
        raise Refusal("refused-no-such-ticket", number=number)
    return ticket
