"""The line as people see it: a customer's place, what can be expected, the agents' queue and the board."""

from __future__ import annotations

from datetime import timedelta

from bot.desk.scene import Scene, ticket_here
from bot.model import (
    Block,
    Button,
    ButtonStyle,
    Duration,
    Moment,
    Refusal,
    Reply,
    Say,
    Text,
    ThreadLink,
    Ticket,
    TicketState,
)
from bot.rules.limits import title
from bot.rules.permissions import is_staff, require_staff
from bot.rules.promise import PACE_CLAIMS, PACE_WINDOW, expected_wait, pace, promise, takes_longer
from bot.store import queries
from bot.store.database import Transaction
from bot.store.outbox import dead_letter_count, owes_thread
from bot.texts import heading, item, note, paragraph, text

_LISTED = 10
"""Tickets that the queue and the board name one by one."""


async def mean_interval(tx: Transaction, scene: Scene) -> timedelta | None:
    """The server's measured pace: the time from one claim to the next."""
    claims, oldest = await queries.latest_claims(tx, scene.server, scene.now, PACE_WINDOW, PACE_CLAIMS)
    return pace(claims, oldest, scene.now)


async def place_blocks(tx: Transaction, scene: Scene, ticket: Ticket) -> list[Block]:
    """Where a ticket stands and what its customer can expect, as of now."""
    if ticket.state is TicketState.CLAIMED:
        return [paragraph(text("place-claimed", number=ticket.number, agent=ticket.agent_name or "?"))]
    place = await queries.place_of(tx, ticket)
    wait = expected_wait(place, await mean_interval(tx, scene))
    blocks = [paragraph(text("place-waiting", number=ticket.number, place=place))]
    if takes_longer(wait, ticket.hard_due, scene.now):
        return [*blocks, paragraph(text("expect-longer"))]
    blocks.append(paragraph(text("expect-normal", soft=Moment(ticket.soft_due), hard=Moment(ticket.hard_due))))
    if wait is not None:
        blocks.append(paragraph(text("expect-pace", wait=Duration(wait))))
    return blocks


async def live_facts(tx: Transaction, scene: Scene) -> list[Block]:
    """What a question about the process is answered with: the asker's own places, or how it would be for them now."""
    blocks: list[Block] = []
    for ticket in await queries.open_tickets(tx, scene.server, scene.person.id):
        blocks += await place_blocks(tx, scene, ticket)
    if blocks:
        return blocks
    waiting = await queries.waiting_count(tx, scene.server)
    wait = expected_wait(waiting + 1, await mean_interval(tx, scene))
    blocks = [paragraph(text("facts-no-ticket", waiting=waiting))]
    if takes_longer(wait, promise(scene.now).hard, scene.now):
        blocks.append(paragraph(text("expect-longer")))
    elif wait is not None:
        blocks.append(paragraph(text("facts-pace", wait=Duration(wait))))
    return blocks


async def place(tx: Transaction, scene: Scene) -> Reply:
    """`/place`: all my open tickets; for staff, the ticket of the thread they are in."""
    tickets = await queries.open_tickets(tx, scene.server, scene.person.id)
    if not tickets and is_staff(scene.person, scene.settings):
        there = await ticket_here(tx, scene)
        tickets = [there] if there and there.state is not TicketState.CLOSED else []
    if not tickets:
        raise Refusal("refused-no-open-ticket")
    return scene.reply(*[block for ticket in tickets for block in await place_blocks(tx, scene, ticket)])


async def place_button(tx: Transaction, scene: Scene, _: str) -> Reply:
    """[My place] under an answer or a ticket."""
    return await place(tx, scene)


async def queue(tx: Transaction, scene: Scene) -> Reply:
    """`/queue`: the line, for agents and moderators."""
    require_staff(scene.person, scene.settings)
    blocks = await _line_blocks(tx, scene)
    mine = await queries.tickets_of_agent(tx, scene.server, scene.person.id)
    if mine:
        blocks += [heading(text("queue-mine")), *[item(await _working_on(tx, ticket)) for ticket in mine]]
    lost = await dead_letter_count(tx, scene.server)
    if lost:
        blocks.append(note(text("queue-dead-letters", count=lost)))
    return scene.reply(*blocks, buttons=(CLAIM_NEXT,))


async def board(tx: Transaction, scene: Scene) -> Say | None:
    """The board in the agents' channel; None where the server has no such channel."""
    channel = scene.settings.agents_channel
    if channel is None:
        return None
    blocks = await _line_blocks(tx, scene)
    claimed = await queries.claimed_tickets(tx, scene.server, _LISTED)
    if claimed:
        blocks += [heading(text("queue-claimed")), *[item(await _working_on(tx, ticket)) for ticket in claimed]]
    blocks.append(note(text("board-as-of", at=Moment(scene.now))))
    content = scene.content(*blocks, buttons=(CLAIM_NEXT,), language=scene.settings.language)
    return Say(server=scene.server, channel=channel, content=content)


async def _line_blocks(tx: Transaction, scene: Scene) -> list[Block]:
    waiting = await queries.waiting_count(tx, scene.server)
    listed = await queries.line(tx, scene.server, _LISTED)
    blocks = [heading(text("queue-heading", waiting=waiting))]
    blocks += [item(await _waiting_for(tx, scene, place, ticket)) for place, ticket in enumerate(listed, start=1)]
    if waiting > len(listed):
        blocks.append(note(text("queue-more", more=waiting - len(listed))))
    if not listed:
        blocks.append(paragraph(text("queue-empty")))
    return blocks


async def _waiting_for(tx: Transaction, scene: Scene, place: int, ticket: Ticket) -> Text:
    return text(
        "queue-item",
        place=place,
        number=ticket.number,
        customer=title(ticket.customer_name, 40),
        age=Duration(scene.now - ticket.opened_at),
        due=Moment(ticket.hard_due),
        overdue=int(scene.now > ticket.hard_due),
        ruling=text(f"ruling-{ticket.ruling or 'none'}"),
        language=str(ticket.language).upper(),
        words=_words(ticket),
        thread=await link(tx, ticket),
    )


async def _working_on(tx: Transaction, ticket: Ticket) -> Text:
    return text(
        "queue-working",
        agent=ticket.agent_name or "?",
        number=ticket.number,
        customer=title(ticket.customer_name, 40),
        words=_words(ticket),
        thread=await link(tx, ticket),
    )


def _words(ticket: Ticket) -> str | Text:
    """What a list quotes of a ticket; who may read the board is the server's decision, not the customer's."""
    return text("words-private") if ticket.is_private else title(ticket.words, 80)


async def link(tx: Transaction, ticket: Ticket) -> ThreadLink | Text:
    """A link to the ticket's thread, or words in its stead while there is none yet."""
    if ticket.thread is None or await owes_thread(tx, ticket.server, ticket.lane):
        return text("thread-not-open-yet")
    return ThreadLink(ticket.channel, ticket.thread)


CLAIM_NEXT = Button("claim-next", text("button-claim-next"), ButtonStyle.PRIMARY)
