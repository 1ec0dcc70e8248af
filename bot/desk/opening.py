"""Opening a ticket: from a message, a command, a form, or the button under an answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from bot.desk import cards
from bot.desk.line import place_blocks
from bot.desk.policy.collecting import collect_silence
from bot.desk.receipt import receipt, ticket_buttons
from bot.desk.scene import Scene
from bot.model import (
    Action,
    Block,
    ChannelLink,
    Content,
    Field,
    FieldKind,
    Mention,
    OpenThread,
    Refusal,
    Reply,
    Say,
    Text,
    Ticket,
    TicketState,
    Verdict,
)
from bot.rules.keeping import scheduled
from bot.rules.limits import TEXT_LIMIT, require_room, title
from bot.rules.promise import promise
from bot.store import queries
from bot.store.database import Transaction
from bot.store.outbox import owe_board
from bot.store.queries import Answer
from bot.texts import heading, paragraph, quote, text

_TWICE = timedelta(minutes=1)
"""Who sends the same words again so soon has not read the answer, and gets the same number."""


async def ticket_command(tx: Transaction, scene: Scene, _: str = "") -> Reply:
    """`/ticket [text]`, or the button for it: a form if there is no text."""
    return await ticket_form(tx, scene) if scene.words else _question(scene, "ticket")


async def private_command(tx: Transaction, scene: Scene, _: str = "") -> Reply:
    """The same for a ticket that only the customer and the agents can read."""
    return await private_form(tx, scene) if scene.words else _question(scene, "private")


def _question(scene: Scene, form: str) -> Reply:
    question = Field("text", text("form-ticket-text"), FieldKind.PARAGRAPH, limit=TEXT_LIMIT)
    return scene.form(form, f"form-{form}", question)


async def ticket_form(tx: Transaction, scene: Scene, _: str = "") -> Reply:
    """The form of `/ticket` is filled in."""
    return await _ticket_without_message(tx, scene, is_private=False)


async def private_form(tx: Transaction, scene: Scene, _: str = "") -> Reply:
    """The form for a private ticket is filled in."""
    return await _ticket_without_message(tx, scene, is_private=True)


async def _ticket_without_message(tx: Transaction, scene: Scene, *, is_private: bool) -> Reply:
    if not scene.words:
        raise Refusal("refused-empty")
    for ticket in await queries.open_tickets(tx, scene.server, scene.person.id):
        is_same = (ticket.text, ticket.is_private) == (scene.words, is_private)
        if is_same and scene.event.at - ticket.opened_at < _TWICE:
            return await opened(tx, scene, ticket)
    spot = Spot(support_channel(scene), is_private=is_private)
    return await opened(tx, scene, await open_ticket(tx, scene, spot))


async def opened(tx: Transaction, scene: Scene, ticket: Ticket) -> Reply:
    """Tells somebody in private of a ticket that has just been opened."""
    where = paragraph(_where(scene, ticket))
    head = heading(text("opened-heading", number=ticket.number))
    return scene.reply(head, *await place_blocks(tx, scene, ticket), where)


def _where(scene: Scene, ticket: Ticket) -> Text:
    if ticket.is_private and scene.has_cards:
        return text("opened-direct")
    key = "opened-private" if ticket.is_private else "opened-where"
    return text(key, channel=ChannelLink(ticket.channel))


async def open_from_answer(tx: Transaction, scene: Scene, message: str) -> Reply:
    """[Open a ticket] under an answer: by the asker, once."""
    answer = await unused_answer(tx, scene, message)
    if answer.thread and (there := await queries.ticket_by_thread(tx, scene.server, answer.thread)):
        raise Refusal("refused-already-open", number=there.number)
    channel = answer.channel if answer.thread else support_channel(scene)
    asked = replace(as_asker(scene, answer), words=answer.text)
    spot = Spot(channel, message, answer.thread, is_private=answer.is_private, policy_version=answer.policy_version)
    ticket = await open_ticket(tx, asked, spot)
    await queries.set_became(tx, answer, ticket.number)
    return asked.reply_text("opened-here", number=ticket.number) if answer.thread else await opened(tx, asked, ticket)


async def own_answer(tx: Transaction, scene: Scene, message: str) -> Answer:
    """The answer whose button was pressed. Refuses everybody but the asker."""
    answer = await queries.answer_to(tx, scene.server, message)
    if answer is None:
        raise Refusal("refused-old-button")
    if answer.customer != scene.person.id:
        raise Refusal("refused-not-your-answer")
    return answer


async def unused_answer(tx: Transaction, scene: Scene, message: str) -> Answer:
    """The answer to a message that is still there and not yet part of a ticket. Refuses all others."""
    answer = await own_answer(tx, scene, message)
    if answer.became is not None:
        raise Refusal("refused-already-open", number=answer.became)
    if not answer.text:
        raise Refusal("refused-deleted")
    return answer


def as_asker(scene: Scene, answer: Answer) -> Scene:
    """The scene of a button under an answer: it tells neither language nor matter, the question did."""
    action = Action.ANSWER if answer.ruling else Action.OFFER
    return replace(scene, verdict=Verdict(answer.language, action, category=answer.category, ruling=answer.ruling))


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a request was made and will be talked about."""

    channel: str
    message: str | None = None
    """What the customer wrote; for a question by command, the key of that event."""
    thread: str | None = None
    """None: it grows from a message that we have yet to write."""
    starts_thread: bool = False
    """Whether the thread has yet to be started from the customer's message."""
    is_private: bool = False
    """Whether only the customer and the agents are to read it."""
    policy_version: str | None = None
    """Under which policy the verdict was given, if not under the one in force."""


async def open_ticket(tx: Transaction, scene: Scene, spot: Spot) -> Ticket:
    """Give the scene's words a number and a place in the line, and promise the receipt."""
    await require_room_for(tx, scene)
    due = promise(scene.event.at, scene.settings)
    category, ruling = scene.finding
    number = await queries.next_number(tx, scene.server)
    ticket = Ticket(
        server=scene.server,
        number=number,
        state=TicketState.WAITING,
        customer=scene.person.id,
        customer_name=scene.person.name,
        language=scene.language,
        channel=spot.channel,
        message=spot.message,
        thread=spot.thread,
        lane=spot.thread or f"ticket-{number}",
        text=scene.words,
        text_order=scene.event.order,
        category=category,
        ruling=ruling,
        policy_version=spot.policy_version or scene.policy.version,
        place_order=scene.event.order,
        opened_at=scene.event.at,
        asked_at=scene.event.at,
        soft_due=due.soft,
        hard_due=due.hard,
        owed_since=scene.event.at,
        is_private=spot.is_private,
    )
    await queries.add_ticket(tx, scheduled(ticket, scene.settings))
    await queries.record(tx, ticket, scene.event.at, scene.person.id, "opened")
    await collect_silence(tx, scene, ticket)
    if scene.has_cards:
        await cards.show_new(tx, scene, ticket)
        return ticket
    places = await place_blocks(tx, scene, ticket)
    if spot.starts_thread and spot.message:
        told = paragraph(text("meanwhile", number=number, person=Mention(ticket.customer)))
        meanwhile = scene.content(told, *places, buttons=ticket_buttons(ticket), language=ticket.language)
        await scene.open_thread(tx, ticket.lane, spot.message, meanwhile)
    await _owe_receipt(tx, scene, ticket, places)
    await owe_board(tx, scene.server, scene.now)
    return ticket


async def require_room_for(tx: Transaction, scene: Scene) -> None:
    """Refuse one more open ticket to who has enough, or is blocked."""
    standing = await queries.standing(tx, scene.server, scene.person.id, scene.event.at)
    mine = await queries.open_tickets(tx, scene.server, scene.person.id)
    require_room(
        scene.settings,
        is_blocked=standing.is_blocked,
        open_tickets=len(mine),
        opened_last_hour=standing.tickets,
    )


def support_channel(scene: Scene) -> str:
    """The channel for a ticket by command: this one, or else the server's first support channel."""
    support = scene.settings.support
    if scene.event.channel in support:
        return scene.event.channel
    if not support:
        raise Refusal("refused-not-set-up")
    return next(iter(support))


async def _owe_receipt(tx: Transaction, scene: Scene, ticket: Ticket, places: list[Block]) -> None:
    lane = ticket.lane
    if ticket.thread is None:
        effect = OpenThread(
            server=ticket.server,
            channel=ticket.channel,
            message=None,
            name=title(f"#{ticket.number} {ticket.text}"),
            opening=None if ticket.is_private else _opening(scene, ticket),
            is_private=ticket.is_private,
        )
        await scene.owe(tx, lane, effect, ticket=ticket.number)
    content = receipt(scene, ticket, places, ticket_buttons(ticket))
    say = Say(server=ticket.server, channel=ticket.channel, thread=ticket.thread, content=content)
    await scene.owe(tx, lane, say, ticket=ticket.number)


def _opening(scene: Scene, ticket: Ticket) -> Content:
    """The message that a ticket without a message of its own hangs under."""
    customer = Mention(ticket.customer, is_called=False)  # the receipt calls them
    blocks = (paragraph(text("opening", number=ticket.number, person=customer)), quote(ticket.text))
    return scene.content(*blocks, language=ticket.language)
