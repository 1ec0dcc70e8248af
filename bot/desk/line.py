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
    Notice,
    Refusal,
    Reply,
    Say,
    Text,
    ThreadLink,
    Ticket,
    TicketState,
)
from bot.rules.estimate import Estimate
from bot.rules.limits import title
from bot.rules.permissions import is_staff, require_staff
from bot.rules.promise import Promise, promise, takes_longer
from bot.store import promise_queries, queries
from bot.store.database import Transaction
from bot.store.outbox import CARD, dead_letter_count, owes_thread
from bot.texts import heading, item, note, paragraph, text

_LISTED = 10
"""Tickets that the queue and the board name one by one."""
_ROUGH = (
    (timedelta(minutes=90), timedelta(minutes=5)),
    (timedelta(hours=72), timedelta(hours=1)),
    (timedelta(days=60), timedelta(days=1)),
    (timedelta.max, timedelta(days=30)),
)
"""(shorter than this, told in steps of this)."""
_WIDE, _LONG = 20, timedelta(days=3)
"""A range that goes so many times as far as it begins, and is so long, helps nobody."""


async def estimated(tx: Transaction, scene: Scene, ahead: int) -> Estimate | None:
    """How long a request waits for its answer before which so many wait in the line; None where nothing helps."""
    if scene.pace is None:
        return None
    estimate = scene.pace.wait(ahead + await promise_queries.being_answered(tx, scene.server), scene.now)
    is_vague = estimate is not None and estimate.high > max(_LONG, _WIDE * estimate.low)
    return None if is_vague else estimate


async def place_blocks(tx: Transaction, scene: Scene, ticket: Ticket) -> list[Block]:
    """Where a ticket stands and what its customer can expect, as of now."""
    if ticket.state is TicketState.CLAIMED:
        blocks, estimate = [_with_agent(ticket)], None
    else:
        place = await queries.place_of(tx, ticket)
        blocks, estimate = [_in_line(ticket, place)], await estimated(tx, scene, place - 1)
    if ticket.first_answer_at is None:
        blocks.append(_expectation(scene, estimate, ticket))
    return blocks if ticket.state is TicketState.CLAIMED else [*blocks, _estimate_note(estimate)]


async def place_when_late(tx: Transaction, scene: Scene, ticket: Ticket) -> list[Block]:
    """The same where it has just been said that the answer takes longer."""
    if ticket.state is TicketState.CLAIMED:
        return [_with_agent(ticket)]
    place = await queries.place_of(tx, ticket)
    estimate = await estimated(tx, scene, place - 1)
    return [_in_line(ticket, place), *([_estimate_note(estimate)] if estimate else [])]


def _with_agent(ticket: Ticket) -> Block:
    return paragraph(text("place-claimed", number=ticket.number, agent=ticket.agent_name or "?"))


def _in_line(ticket: Ticket, place: int) -> Block:
    return paragraph(text("place-waiting", number=ticket.number, place=place))


def _expectation(scene: Scene, estimate: Estimate | None, ticket: Ticket) -> Block:
    """When the ticket's answer can be expected: by what it was promised, whatever is set by now."""
    soft, hard = Moment(ticket.soft_due), Moment(ticket.hard_due)
    if takes_longer(estimate, ticket.hard_due, scene.now):
        return paragraph(text("expect-longer"))
    if scene.now > ticket.soft_due:
        return paragraph(text("expect-by", hard=hard))
    if promise(ticket.asked_at, scene.settings) == Promise(ticket.soft_due, ticket.hard_due):
        return paragraph(text("expect-normal", span=scene.promise_span, soft=soft, hard=hard))
    return paragraph(text("expect-between", soft=soft, hard=hard))


def _estimate_note(estimate: Estimate | None) -> Block:
    return note(text("estimate-none") if estimate is None else _range("estimate", estimate))


def _range(key: str, estimate: Estimate) -> Text:
    """A range as one says it: rounded outwards, so that it holds at least as often."""
    return text(key, low=Duration(rough(estimate.low)), high=Duration(-rough(-estimate.high)))


def rough(span: timedelta) -> timedelta:
    """Rounded down to what suits its size."""
    step = next(step for limit, step in _ROUGH if abs(span) < limit)
    return span // step * step


async def live_facts(tx: Transaction, scene: Scene) -> list[Block]:
    """What a question about the process is answered with: the asker's own places, or how it would be for them now."""
    blocks: list[Block] = []
    for ticket in await queries.open_tickets(tx, scene.server, scene.person.id):
        blocks += await place_blocks(tx, scene, ticket)
    if blocks:
        return blocks
    waiting = await queries.waiting_count(tx, scene.server)
    estimate = await estimated(tx, scene, waiting)
    blocks = [paragraph(text("facts-no-ticket", waiting=waiting))]
    if takes_longer(estimate, promise(scene.now, scene.settings).hard, scene.now):
        blocks.append(paragraph(text("expect-longer")))
    return [*blocks, _estimate_note(estimate)]


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
    return scene.reply(*await queue_blocks(tx, scene), buttons=(CLAIM_NEXT,))


async def queue_blocks(tx: Transaction, scene: Scene) -> list[Block]:
    """The line, what the person has claimed, and what could not be delivered."""
    blocks = await _line_blocks(tx, scene, await queries.waiting_count(tx, scene.server))
    mine = await queries.tickets_of_agent(tx, scene.server, scene.person.id)
    if mine:
        blocks += [heading(text("queue-mine")), *[item(await working_on(tx, scene, ticket)) for ticket in mine]]
    lost = await dead_letter_count(tx, scene.server)
    if lost:
        blocks.append(note(text("queue-dead-letters", count=lost)))
    return blocks


async def board(tx: Transaction, scene: Scene) -> Say | None:
    """The board in the agents' channel; None where the server has no such channel."""
    channel = scene.settings.agents_channel
    if channel is None:
        return None
    waiting = await queries.waiting_count(tx, scene.server)
    blocks = await _line_blocks(tx, scene, waiting)
    claimed = await queries.claimed_tickets(tx, scene.server, _LISTED)
    if claimed:
        blocks += [heading(text("queue-claimed")), *[item(await working_on(tx, scene, ticket)) for ticket in claimed]]
    blocks += await _outlook(tx, scene, waiting)
    blocks.append(note(text("board-as-of", at=Moment(scene.now))))
    content = scene.content(*blocks, buttons=(CLAIM_NEXT,), language=scene.settings.language)
    return Say(server=scene.server, channel=channel, content=content)


async def _outlook(tx: Transaction, scene: Scene, waiting: int) -> list[Block]:
    """What the board says of the wait to come, where the pace is known."""
    estimate = await estimated(tx, scene, waiting)
    if estimate is None:
        return []
    return [note(_range("board-estimate", estimate))]


async def _line_blocks(tx: Transaction, scene: Scene, waiting: int) -> list[Block]:
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
        age=Duration(scene.now - ticket.asked_at),
        state=text(f"queue-{mark(scene, ticket)}", due=Moment(ticket.hard_due)),
        ruling=text(f"ruling-{ticket.ruling or 'none'}"),
        language=str(ticket.language).upper(),
        words=_words(ticket),
        thread=await staff_link(tx, scene, ticket),
    )


def mark(scene: Scene, ticket: Ticket) -> str:
    """What the line says of a ticket's promise."""
    if ticket.first_answer_at is not None:
        return "answered"
    if scene.now > ticket.hard_due:
        return "overdue"
    return "urgent" if ticket.notice is Notice.URGENT else "fine"


async def working_on(tx: Transaction, scene: Scene, ticket: Ticket) -> Text:
    """A claimed ticket, in one line."""
    return text(
        "queue-working",
        agent=ticket.agent_name or "?",
        number=ticket.number,
        customer=title(ticket.customer_name, 40),
        words=_words(ticket),
        thread=await staff_link(tx, scene, ticket),
    )


def _words(ticket: Ticket) -> str | Text:
    """What a list quotes of a ticket; who may read the board is the server's decision, not the customer's."""
    return text("words-private") if ticket.is_private else title(ticket.words, 80)


async def link(tx: Transaction, ticket: Ticket) -> ThreadLink | Text:
    """A link to the ticket's thread, or words in its stead while there is none yet."""
    if ticket.thread is None or await owes_thread(tx, ticket.server, ticket.lane):
        return text("thread-not-open-yet")
    return ThreadLink(ticket.channel, ticket.thread)


async def staff_link(tx: Transaction, scene: Scene, ticket: Ticket) -> ThreadLink | Text:
    """The same for agents, who find a private ticket by its card where they cannot read its thread."""
    channel = scene.settings.agents_channel
    if scene.has_cards and ticket.is_private and channel is not None:
        card = await queries.post_named(tx, ticket.server, f"{CARD}{ticket.number}", channel)
        if card is not None:
            return ThreadLink(channel, card.message)
    return await link(tx, ticket)


CLAIM_NEXT = Button("claim-next", text("button-claim-next"), ButtonStyle.PRIMARY)
