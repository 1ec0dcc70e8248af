"""How a ticket looks where it has cards: the customer's receipt and the agents' card, both drawn when they are sent."""

from __future__ import annotations

from datetime import timedelta

from bot.desk.line import link, mark, place_blocks
from bot.desk.policy.effects import category_title
from bot.desk.receipt import receipt
from bot.desk.scene import Scene
from bot.model import (
    Button,
    ButtonStyle,
    Content,
    Moment,
    OpenThread,
    Say,
    Text,
    Ticket,
    TicketState,
)
from bot.rules.limits import clean, title
from bot.store import queries
from bot.store.database import Transaction
from bot.store.outbox import CARD, owe, owe_board, owe_drawing
from bot.texts import heading, note, paragraph, quote, text

_RECEIPT = "receipt-"
_UNTIL_OPEN = timedelta(seconds=2)
"""So long a card waits for the thread that it links to."""
_SHOWN = 1_500
"""Characters of the customer's words that a card shows, where the rest can be read in the thread."""


def is_card(post: str) -> bool:
    """Whether a post of ours is drawn here."""
    return post.startswith((_RECEIPT, CARD))


async def show(tx: Transaction, scene: Scene, ticket: Ticket) -> None:
    """Promise that everybody will see how a ticket stands: on its cards, or on the board."""
    if not scene.has_cards:
        await owe_board(tx, ticket.server, scene.now)
        return
    await owe_drawing(tx, ticket.server, ticket.lane, f"{_RECEIPT}{ticket.number}", scene.now)
    await owe_drawing(tx, ticket.server, _card_lane(ticket), f"{CARD}{ticket.number}", scene.now)


async def show_new(tx: Transaction, scene: Scene, ticket: Ticket) -> None:
    """Promise the cards of a ticket that was opened just now; a thread that is yet to be hangs under the receipt."""
    if ticket.thread is None:
        effect = OpenThread(
            server=ticket.server,
            channel=ticket.channel,
            message=None,
            name=title(f"#{ticket.number}"),
            opening=await _receipt(tx, scene, ticket),
            is_private=ticket.is_private,
            person=ticket.customer,
        )
        post = f"{_RECEIPT}{ticket.number}"
        await owe(tx, ticket.lane, effect, scene.now, ticket=ticket.number, post=post)
    else:
        await owe_drawing(tx, ticket.server, ticket.lane, f"{_RECEIPT}{ticket.number}", scene.now)
    delay = _UNTIL_OPEN if ticket.thread is None else timedelta(0)
    await owe_drawing(tx, ticket.server, _card_lane(ticket), f"{CARD}{ticket.number}", scene.now, delay)


async def copy_to_agents(tx: Transaction, scene: Scene, ticket: Ticket) -> None:
    """Promise that agents read under the card what the customer has said where agents cannot read."""
    channel = scene.settings.agents_channel
    if not (scene.has_cards and ticket.is_private and channel is not None and scene.words):
        return
    card = f"{CARD}{ticket.number}"
    await owe_drawing(tx, ticket.server, _card_lane(ticket), card, scene.now)  # perhaps there is none here yet
    content = scene.content(quote(scene.words), language=scene.settings.language)
    await scene.owe(tx, _card_lane(ticket), Say(server=ticket.server, channel=channel, content=content, under=card))


def _card_lane(ticket: Ticket) -> str:
    return f"{CARD}{ticket.number}"


async def draw(tx: Transaction, scene: Scene, post: str) -> Say | None:
    """A receipt or card as it is now; None where it has no place."""
    kind, _, number = post.partition("-")
    ticket = await queries.ticket_by_number(tx, scene.server, int(number))
    if ticket is None:
        return None
    if f"{kind}-" == _RECEIPT:
        if ticket.thread is None:  # it could not be opened; and in its channel, all could read what may be private
            return None
        content = await _receipt(tx, scene, ticket)
        return Say(server=ticket.server, channel=ticket.channel, thread=ticket.thread, content=content)
    channel = scene.settings.agents_channel
    if channel is None:
        return None
    return Say(server=ticket.server, channel=channel, content=await _card(tx, scene, ticket))


async def _receipt(tx: Transaction, scene: Scene, ticket: Ticket) -> Content:
    """The customer's: without what only agents may press, and in the end without anything to press."""
    if ticket.state is TicketState.CLOSED:
        days = scene.settings.reopen_days
        ended = (heading(text("closed", number=ticket.number)), note(text("closed-hint", days=days)))
        return scene.content(*ended, language=ticket.language)
    buttons = (
        Button(f"close:{ticket.number}", text("button-close"), ButtonStyle.DANGER),
        Button("place", text("button-place")),
    )
    return receipt(scene, ticket, await place_blocks(tx, scene, ticket), buttons)


async def _card(tx: Transaction, scene: Scene, ticket: Ticket) -> Content:
    """The agents': who asks for what, since when, who cares for it."""
    blocks = [
        heading(text("card-heading", number=ticket.number, customer=title(ticket.customer_name, 40))),
        paragraph(_state(scene, ticket)),
        paragraph(_verdict(scene, ticket)),
        quote(ticket.words if ticket.is_private else clean(ticket.words, _SHOWN)),
        paragraph(text("card-private") if ticket.is_private else text("card-thread", thread=await link(tx, ticket))),
        note(text("card-internal")),
    ]
    buttons = _card_buttons(ticket)
    return scene.content(*blocks, buttons=buttons, ruling=ticket.ruling, language=scene.settings.language)


def _state(scene: Scene, ticket: Ticket) -> Text:
    match ticket.state:
        case TicketState.WAITING:
            since, due = Moment(ticket.asked_at), Moment(ticket.hard_due)
            return text("card-waiting", mark=mark(scene, ticket), at=since, due=due)
        case TicketState.CLAIMED:
            return text("place-claimed", number=ticket.number, agent=ticket.agent_name or "?")
        case TicketState.CLOSED:
            return text("closed", number=ticket.number)


def _verdict(scene: Scene, ticket: Ticket) -> Text:
    ruling, language = text(f"ruling-{ticket.ruling or 'none'}"), str(ticket.language).upper()
    if ticket.category is None or ticket.category not in scene.policy.categories:
        return text("card-verdict-none", ruling=ruling, language=language)
    named = category_title(scene.policy, ticket.category, scene.settings.language)
    return text("card-verdict", ruling=ruling, title=named, language=language)


def _card_buttons(ticket: Ticket) -> tuple[Button, ...]:
    number = ticket.number
    if ticket.state is TicketState.CLOSED:
        return ()
    if ticket.state is TicketState.WAITING:
        move = Button(f"claim:{number}", text("button-claim"), ButtonStyle.PRIMARY, for_staff=True)
    else:
        move = Button(f"release:{number}", text("button-release"), for_staff=True)
    return (
        move,
        Button(f"reply:{number}", text("button-reply"), for_staff=True),
        Button(f"correct:{number}", text("button-correct"), for_staff=True),
        Button(f"close:{number}", text("button-close"), ButtonStyle.DANGER),
    )
