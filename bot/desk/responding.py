"""What a customer's message leads to, where it is not part of a ticket yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.coverage.policy_question import asks_about_policy
from bot.desk.answering import answer_content, is_heard, keep_answer, offer_content, same_matter_content
from bot.desk.cards import answer_post, copy_to_agents
from bot.desk.line import link
from bot.desk.opening import Spot, as_asker, open_ticket, unused_answer
from bot.desk.panel import panel_content
from bot.desk.scene import Scene, button_number, say_in_ticket
from bot.model import Content, MessagePosted, Mode, Refusal, Reply, Say, Ticket, TicketState, Verdict
from bot.rules.limits import ANSWERS_AN_HOUR, clean
from bot.rules.response import SAME_MATTER, Response, respond
from bot.store import queries
from bot.store.database import Transaction
from bot.texts import paragraph, quote, text


async def respond_to(tx: Transaction, scene: Scene, event: MessagePosted, thread: str | None) -> None:
    """Answer a message, open a ticket for it, offer one, or keep quiet; in `thread`, or in one that starts from it."""
    mine = await queries.open_tickets(tx, event.server, event.person.id)
    scene = as_waiting(scene, mine)
    verdict = scene.verdict
    if verdict is None:
        if event.is_to_us or event.is_direct:
            await _greet(tx, scene, event, thread)
        return
    is_called = event.is_to_us or event.is_direct
    mode = Mode.ASK if is_called else scene.settings.support.get(event.channel, Mode.QUIET)
    fresh = _fresh_ticket(mine, event)
    about_policy = asks_about_policy(scene.words, verdict.language)
    response = respond(verdict, mode, asks_about_policy=about_policy, has_fresh_ticket=fresh is not None)
    if response is Response.NOTHING:
        if is_called:  # who is spoken to does not keep silent
            await _greet(tx, scene, event, thread)
        return
    if response is Response.OPEN_TICKET:  # looks itself at how the customer stands
        await _open(tx, scene, event, thread)
        return
    standing = await queries.standing(tx, event.server, event.person.id, event.at)
    if standing.is_blocked:
        return
    if standing.answers < ANSWERS_AN_HOUR:
        content = await _content(tx, scene, event, response, verdict, fresh)
        await _say(tx, scene, event, thread, response, content)
    elif standing.answers == ANSWERS_AN_HOUR:  # told once, and then silent
        enough = scene.content(paragraph(text("refused-too-many-questions")))
        await _say(tx, scene, event, thread, Response.NOTHING, enough)


async def ask_which(tx: Transaction, scene: Scene, event: MessagePosted, tickets: Sequence[Ticket]) -> None:
    """Somebody wrote to the bot alone and has several private tickets, and says to which it belongs."""
    if await is_heard(tx, scene):
        content = same_matter_content(scene, event.message, *(ticket.number for ticket in tickets))
        await _say(tx, scene, event, None, Response.OFFER_SAME_TICKET, content)


async def _greet(tx: Transaction, scene: Scene, event: MessagePosted, thread: str | None) -> None:
    """Somebody has only called us: say what there is to be had."""
    if await is_heard(tx, scene):
        await _say(tx, scene, event, thread, Response.NOTHING, panel_content(scene, scene.language))


async def _content(
    tx: Transaction, scene: Scene, event: MessagePosted, response: Response, verdict: Verdict, fresh: Ticket | None
) -> Content:
    if response is Response.OFFER_SAME_TICKET and fresh is not None:
        return same_matter_content(scene, event.message, fresh.number)
    if response is Response.OFFER_TICKET:
        return offer_content(scene, event.message)
    return await answer_content(tx, scene, verdict, event.message)


async def _open(tx: Transaction, scene: Scene, event: MessagePosted, thread: str | None) -> None:
    try:
        spot = Spot(event.channel, event.message, thread or event.message, starts_thread=thread is None)
        await open_ticket(tx, scene, spot)
    except Refusal as refusal:
        if await is_heard(tx, scene):
            await _say(tx, scene, event, thread, Response.NOTHING, scene.content(paragraph(refusal.text)))


async def _say(
    tx: Transaction, scene: Scene, event: MessagePosted, thread: str | None, response: Response, content: Content
) -> None:
    """Answer in the message's thread; it counts as one of the answers that a customer gets within an hour.

    Where we were called into another channel, the answer stands in the channel itself.
    """
    is_elsewhere = thread is None and not event.is_direct and event.channel not in scene.settings.support
    thread = None if is_elsewhere else thread or event.message
    await keep_answer(tx, scene, response, message=event.message, thread=thread)
    if thread is None:
        say = Say(server=event.server, channel=event.channel, content=content, answers=event.message)
        await scene.owe(tx, event.message, say)
        return
    if event.thread is None:
        await scene.open_thread(tx, event.message, event.message)
    post = answer_post(event.message) if scene.has_cards else None
    await scene.say_in_thread(tx, thread, content, post)


def as_waiting(scene: Scene, mine: Sequence[Ticket]) -> Scene:
    """Who has a waiting ticket and writes "still nothing?" asks about it: the verdict for them is another one."""
    waits = any(ticket.state is TicketState.WAITING for ticket in mine)
    if scene.verdict is None or scene.verdict.if_waiting is None or not waits:
        return scene
    return replace(scene, verdict=scene.verdict.if_waiting)


def _fresh_ticket(mine: Sequence[Ticket], event: MessagePosted) -> Ticket | None:
    fresh = [
        ticket
        for ticket in mine
        if ticket.state is TicketState.WAITING
        and ticket.channel == event.channel
        and abs(event.at - ticket.opened_at) <= SAME_MATTER
    ]
    return fresh[-1] if fresh else None


async def add_to_ticket(tx: Transaction, scene: Scene, action: str) -> Reply:
    """[Add to ticket 12] under a second message of the same customer."""
    number, _, message = action.partition(":")
    answer = await unused_answer(tx, scene, message)
    ticket = await queries.ticket_by_number(tx, scene.server, button_number(number))
    if ticket is None or ticket.customer != answer.customer:
        raise Refusal("refused-old-button")
    if ticket.state is TicketState.CLOSED:
        raise Refusal("refused-closed", number=ticket.number)
    if (await queries.standing(tx, scene.server, scene.person.id, scene.event.at)).is_blocked:
        raise Refusal("refused-blocked")
    await queries.set_became(tx, answer, ticket.number)
    await queries.save_ticket(tx, replace(ticket, added=clean(f"{ticket.added}\n\n{answer.text}")))
    await queries.record(tx, ticket, scene.event.at, scene.person.id, "added")
    await say_in_ticket(tx, scene, ticket, paragraph(text("added-heading")), quote(answer.text))
    await copy_to_agents(tx, scene, ticket, quote(answer.text), message=message)
    scene = as_asker(scene, answer)
    if answer.thread and answer.thread != ticket.thread:
        moved = scene.content(paragraph(text("added-moved", number=ticket.number, thread=await link(tx, ticket))))
        await scene.say_in_thread(tx, answer.thread, moved)
        await scene.close_thread(tx, answer.thread)
    return scene.reply_text("added", number=ticket.number)
