"""What people write in support channels and in tickets' threads."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.coverage.thanks import is_content, says_yes
from bot.desk.answering import answer_content, is_heard, keep_answer, offer_content
from bot.desk.cards import change_copy, copy_to_agents, show
from bot.desk.claiming import claim_by_answering
from bot.desk.closing import LAST_WORD, answer, archive, close_by_word, reopen, withdraw
from bot.desk.responding import as_waiting, ask_which, respond_to
from bot.desk.scene import Scene, keep, say_in_ticket
from bot.model import (
    Action,
    MessageDeleted,
    MessageEdited,
    MessagePosted,
    Mode,
    Refusal,
    Ruling,
    Ticket,
    TicketState,
)
from bot.rules import tickets as rules
from bot.rules.limits import ANSWERS_AN_HOUR
from bot.rules.permissions import is_agent, is_staff
from bot.rules.response import Response
from bot.store import queries
from bot.store.database import Transaction
from bot.store.policy_queries import drop_lesson, lesson_id, mend_lesson
from bot.texts import note, paragraph, quote, text


async def message_posted(tx: Transaction, scene: Scene, event: MessagePosted) -> None:
    """A message in a support channel, or in a thread that hangs there."""
    if not await queries.is_new(tx, event.server, f"message:{event.message}", event.at):
        return
    early = await queries.early_news(tx, event.server, event.message)
    if early is not None:
        if early.text is None:
            return
        scene = replace(scene, words=early.text, verdict=scene.matcher.match(early.text))
    if event.thread is None and event.is_direct:
        await _directly(tx, scene, event)
    elif event.thread is None:
        await respond_to(tx, scene, event, thread=None)
    elif ticket := await queries.ticket_by_thread(tx, event.server, event.thread):
        await _in_ticket(tx, scene, event, ticket)
    elif event.is_to_us:
        await respond_to(tx, scene, event, event.thread)
    else:
        await _under_answer(tx, scene, event, event.thread)


async def _directly(tx: Transaction, scene: Scene, event: MessagePosted) -> None:
    """Few people use threads where only the bot is: who has one private ticket goes on with it."""
    if (await queries.standing(tx, event.server, event.person.id, event.at)).is_blocked:
        return
    mine = [one for one in await queries.open_tickets(tx, event.server, event.person.id) if one.is_private]
    if not mine:
        closed = await queries.latest_private(tx, event.server, event.person.id)
        if closed is None or not is_content(scene.words):  # else it is meant for whoever has helped
            await respond_to(tx, scene, event, thread=None)
        return
    if len(mine) > 1:
        await ask_which(tx, scene, event, mine)
        return
    goes_on = mine[0].last_spoke == event.person.id  # then they know already where their words go
    if not (await _in_ticket(tx, scene, event, mine[0]) or goes_on or is_content(scene.words)):
        await say_in_ticket(tx, scene, mine[0], paragraph(text("added", number=mine[0].number)))


async def _under_answer(tx: Transaction, scene: Scene, event: MessagePosted, thread: str) -> None:
    """The asker goes on in the thread of an answer; what others say there is none of our business."""
    answer = await queries.first_answer_in(tx, event.server, thread)
    if answer is not None and answer.customer == event.person.id:
        await respond_to(tx, scene, event, thread)


async def _in_ticket(tx: Transaction, scene: Scene, event: MessagePosted, ticket: Ticket) -> bool:
    """Something was said in a ticket; whether the bot has a word to say to that."""
    person, settings = event.person, scene.settings
    if is_agent(person, settings) and person.id != ticket.customer and not event.is_to_us:
        if scene.has_cards and scene.words.startswith("!"):  # a command that was mistyped is no answer
            return False
        if ticket.state is TicketState.WAITING:
            ticket = await claim_by_answering(tx, scene, ticket)
        await keep(tx, scene, await answer(tx, scene, ticket))
        return False
    if person.id == ticket.customer:
        if ticket.closes_at is not None and says_yes(scene.words):
            await close_by_word(tx, scene, ticket)
            return True
        ticket = rules.asked(ticket, event.at, settings, is_thanks=is_content(scene.words))
        await keep(tx, scene, ticket)
        if scene.words:
            await copy_to_agents(tx, scene, ticket, quote(scene.words), message=event.message)
        return await _customer_in_ticket(tx, scene, event, ticket)
    if event.is_to_us:
        await respond_to(tx, scene, event, event.thread)
    return event.is_to_us


async def _customer_in_ticket(tx: Transaction, scene: Scene, event: MessagePosted, ticket: Ticket) -> bool:
    scene = as_waiting(scene, [ticket])
    verdict = scene.verdict
    if ticket.state is TicketState.CLOSED:
        await _in_closed_ticket(tx, scene, event, ticket)
        return True
    if (
        ticket.state is TicketState.WAITING
        and verdict is not None
        and scene.settings.support.get(event.channel) is not Mode.QUIET
        and (verdict.ruling, verdict.action) == (Ruling.PROCESS, Action.ANSWER)
        and not is_staff(event.person, scene.settings)
        and await is_heard(tx, scene)
    ):
        await keep_answer(tx, scene, Response.ANSWER, message=event.message, thread=event.thread)
        content = await answer_content(tx, scene, verdict, event.message)
        await say_in_ticket(tx, scene, ticket, *content.blocks)
        return True
    if event.is_to_us:
        await respond_to(tx, scene, event, event.thread)
    return event.is_to_us


async def _in_closed_ticket(tx: Transaction, scene: Scene, event: MessagePosted, ticket: Ticket) -> None:
    standing = await queries.standing(tx, event.server, event.person.id, event.at)
    if standing.is_blocked or is_content(scene.words):
        await archive(tx, scene, ticket, delay=LAST_WORD)  # a message opens an archived thread again
        return
    if not rules.may_reopen(ticket, event.at, timedelta(days=scene.settings.reopen_days)):
        await keep_answer(tx, scene, Response.OFFER_TICKET, message=event.message, thread=None)
        offer = offer_content(scene, event.message)
        told = paragraph(text("closed-long-ago", number=ticket.number))
        await say_in_ticket(tx, scene, ticket, told, buttons=offer.buttons[:1])
        return
    try:
        await reopen(tx, scene, ticket)
    except Refusal as refusal:
        if standing.answers <= ANSWERS_AN_HOUR:
            await keep_answer(tx, scene, Response.NOTHING, message=event.message, thread=None)
            await say_in_ticket(tx, scene, ticket, paragraph(refusal.text))


async def message_edited(tx: Transaction, scene: Scene, event: MessageEdited) -> None:
    """A message was changed: its ticket, or what a button under its answer would open, says what it says now."""
    if event.is_direct:
        await change_copy(tx, scene, event.message, quote(scene.words))
    await mend_lesson(tx, event.server, event.message, scene.words)
    was_answered = await queries.say_instead(tx, event.server, event.message, scene.words)
    ticket = await queries.ticket_by_message(tx, event.server, event.message)
    if ticket is None:
        if not was_answered:
            await queries.keep_early_news(tx, event.server, event.message, event.at, scene.words)
    elif ticket.state is not TicketState.CLOSED and scene.words and event.order > ticket.text_order:
        await queries.save_ticket(tx, replace(ticket, text=scene.words, text_order=event.order))
        await queries.record(tx, ticket, event.at, ticket.customer, "edited")
        await show(tx, scene, ticket)


async def message_deleted(tx: Transaction, scene: Scene, event: MessageDeleted) -> None:
    """A message and its words are gone: a waiting ticket is withdrawn; whoever works on a claimed one is told."""
    if event.is_direct:
        await change_copy(tx, scene, event.message, note(text("copy-deleted")))
    await drop_lesson(tx, event.server, lesson_id(event.message))
    was_answered = await queries.say_instead(tx, event.server, event.message, "")
    ticket = await queries.ticket_by_message(tx, event.server, event.message)
    if ticket is None:
        if not was_answered:
            await queries.keep_early_news(tx, event.server, event.message, event.at, None)
        return
    if ticket.state is TicketState.WAITING:
        await withdraw(tx, scene, ticket)
        return
    await queries.save_ticket(tx, replace(ticket, text=""))
    await show(tx, scene, ticket)
    if ticket.state is TicketState.CLAIMED:
        await queries.record(tx, ticket, event.at, None, "message deleted")
        await say_in_ticket(tx, scene, ticket, paragraph(text("opening-message-deleted", number=ticket.number)))
