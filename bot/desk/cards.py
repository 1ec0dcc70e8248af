"""How a ticket looks where it has cards: the customer's receipt and the agents' card, both drawn when they are sent."""

from __future__ import annotations

from datetime import timedelta

from bot.desk.line import link, mark, place_blocks
from bot.desk.policy.effects import category_title
from bot.desk.receipt import clause_blocks, receipt
from bot.desk.scene import Scene
from bot.model import (
    Block,
    Button,
    ButtonStyle,
    Content,
    Language,
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

_RECEIPT, _COPY = "receipt-", "copy-"
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


def answer_post(message: str) -> str:
    """The name of our answer to a message: it becomes the receipt of the ticket that is opened from it."""
    return f"answer-{message}"


async def show_new(tx: Transaction, scene: Scene, ticket: Ticket) -> None:
    """Promise the cards of a ticket that was opened just now; a thread that is yet to be hangs under the receipt."""
    if ticket.message is not None:
        post = f"{_RECEIPT}{ticket.number}"
        await queries.rename_post(tx, ticket.server, answer_post(ticket.message), post)
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


async def copy_to_agents(tx: Transaction, scene: Scene, ticket: Ticket, *blocks: Block, message: str = "") -> None:
    """Promise that agents read under the card what was said where they cannot read; of which `message` this is."""
    channel = scene.settings.agents_channel
    if not (scene.has_cards and ticket.is_private and channel is not None):
        return
    card = _card_lane(ticket)
    await owe_drawing(tx, ticket.server, card, card, scene.now)  # perhaps there is none here yet
    say = Say(server=ticket.server, channel=channel, content=_copy(scene, *blocks), under=card)
    await owe(tx, card, say, scene.now, post=f"{_COPY}{message}" if message else None)


async def change_copy(tx: Transaction, scene: Scene, message: str, block: Block) -> None:
    """Promise that the copy of a message says something else."""
    channel, post = scene.settings.agents_channel, f"{_COPY}{message}"
    if channel is not None and await queries.post_named(tx, scene.server, post, channel):
        say = Say(server=scene.server, channel=channel, content=_copy(scene, block))
        await owe(tx, post, say, scene.now, post=post)


def _copy(scene: Scene, *blocks: Block) -> Content:
    return scene.content(*blocks, language=scene.settings.language)


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
    """The customer's; in the end without anything to press."""
    if ticket.state is TicketState.CLOSED:
        blocks = [
            heading(text("closed", number=ticket.number)),
            paragraph(_verdict(scene, ticket, ticket.language)),
            *clause_blocks(scene, ticket.category, ticket.language),
            note(text("closed-hint", days=scene.settings.reopen_days)),
        ]
        return scene.content(*blocks, ruling=ticket.ruling, language=ticket.language)
    buttons = [
        Button(f"close:{ticket.number}", text("button-close"), ButtonStyle.DANGER),
        Button("place", text("button-place")),
    ]
    if ticket.state is TicketState.WAITING and not ticket.is_private:  # there are no commands in the thread
        buttons.append(Button(f"claim:{ticket.number}", text("button-claim"), for_staff=True))
    return receipt(scene, ticket, await place_blocks(tx, scene, ticket), tuple(buttons))


async def _card(tx: Transaction, scene: Scene, ticket: Ticket) -> Content:
    """The agents': who asks for what, since when, who cares for it."""
    blocks = [
        heading(text("card-heading", number=ticket.number, customer=title(ticket.customer_name, 40))),
        *(paragraph(state) for state in _states(scene, ticket)),
        paragraph(_verdict(scene, ticket, scene.settings.language)),
        quote(ticket.words if ticket.is_private else clean(ticket.words, _SHOWN)),
        paragraph(text("card-private") if ticket.is_private else text("card-thread", thread=await link(tx, ticket))),
        note(text("card-internal")),
    ]
    buttons = _card_buttons(ticket)
    return scene.content(*blocks, buttons=buttons, ruling=ticket.ruling, language=scene.settings.language)


def _states(scene: Scene, ticket: Ticket) -> list[Text]:
    """Who has the ticket, and how long somebody has waited for an answer."""
    if ticket.state is TicketState.CLOSED:
        return [text("card-closed", at=Moment(ticket.closed_at or scene.now))]
    with_whom = text("place-claimed", number=ticket.number, agent=ticket.agent_name or "?")
    promised = mark(scene, ticket)
    waiting = text(f"card-waiting-{promised}", at=Moment(ticket.asked_at), due=Moment(ticket.hard_due))
    if ticket.state is TicketState.WAITING:
        return [waiting]
    return [with_whom] if promised == "answered" else [with_whom, waiting]


def _verdict(scene: Scene, ticket: Ticket, reader: Language) -> Text:
    ruling, language = text(f"ruling-{ticket.ruling or 'none'}"), str(ticket.language).upper()
    if ticket.category is None or ticket.category not in scene.policy.categories:
        return text("card-verdict-none", ruling=ruling, language=language)
    named = category_title(scene.policy, ticket.category, reader)
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
