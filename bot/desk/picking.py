"""Somebody picks a message from a menu: is this covered, or make a ticket of it."""

from __future__ import annotations

from dataclasses import replace

from bot.desk.answering import covered_command
from bot.desk.claiming import claim_picked, ticket_of, ticket_under
from bot.desk.opening import Spot, open_ticket, opened, support_channel
from bot.desk.scene import Scene, ticket_here
from bot.model import MessagePicked, Person, Refusal, Reply, Wish
from bot.rules.limits import title
from bot.rules.permissions import is_staff
from bot.store import queries
from bot.store.database import Transaction


async def message_picked(tx: Transaction, scene: Scene, event: MessagePicked) -> Reply:
    """Staff open a ticket for who wrote the message, everybody else for themselves; agents claim."""
    if event.wish is Wish.CLAIM:
        return await claim_picked(tx, scene, event)
    if event.is_sign:
        return await _signed(tx, scene, event)
    return await _picked(tx, scene, event)


async def _signed(tx: Transaction, scene: Scene, event: MessagePicked) -> Reply:
    """A sign under a message asks for its ticket only where author or staff set it; the receipt is answer enough."""
    may_ask = event.author.id == event.person.id or is_staff(event.person, scene.settings)
    if not may_ask or not scene.words or await ticket_of(tx, event) is not None:
        return Reply()
    await _picked(tx, scene, event)
    return Reply()


async def _picked(tx: Transaction, scene: Scene, event: MessagePicked) -> Reply:
    if not scene.words:
        raise Refusal("refused-empty")
    if event.wish is Wish.COVERED:
        return await covered_command(tx, scene)
    there = await ticket_under(tx, event)
    if there is not None and there.closed_at is None:
        raise Refusal("refused-already-open", number=there.number)
    is_own = event.author.id == event.person.id
    for_author = is_own or is_staff(event.person, scene.settings)
    if event.wish is Wish.PRIVATE_TICKET or await _is_hidden(tx, scene):
        spot = Spot(support_channel(scene), is_private=True)
    elif for_author and there is None and event.thread is None and event.channel in scene.settings.support:
        spot = await _under(tx, event)
    else:  # somebody else's message, or one with an old ticket's thread, is no place for this one
        spot = Spot(support_channel(scene), event.message if for_author and there is None else None)
    if is_own or not for_author:
        return await opened(tx, scene, await open_ticket(tx, scene, spot))
    return await _open_for_author(tx, scene, event.author, spot)


async def _is_hidden(tx: Transaction, scene: Scene) -> bool:
    """Whether the message may stand where not everybody reads it: then its words are not for a public channel."""
    here = await ticket_here(tx, scene)
    return scene.event.channel not in scene.settings.support or (here is not None and here.is_private)


async def _open_for_author(tx: Transaction, scene: Scene, author: Person, spot: Spot) -> Reply:
    author = replace(author, name=title(author.name) or author.id)
    try:
        ticket = await open_ticket(tx, replace(scene, person=author), spot)
    except Refusal as refusal:  # it speaks to the author
        raise Refusal("refused-for-author", person=author.name) from refusal
    return scene.reply_text("opened-for-author", number=ticket.number, person=author.name)


async def _under(tx: Transaction, event: MessagePicked) -> Spot:
    """The thread under the message; if we have answered there, it is open already."""
    answer = await queries.answer_to(tx, event.server, event.message)
    is_answered = answer is not None and answer.thread is not None
    return Spot(event.channel, event.message, event.message, starts_thread=not is_answered)
