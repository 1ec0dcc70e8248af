"""What time asks for: late tickets are told about, forgotten ones go back, silent ones are asked about and closed.

The rules of the clock stand in bot/rules/keeping.py; here they meet the people. Each step is taken in the transaction
that notes it, so it happens once, whatever ends the process and however many of them look.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from bot.desk.cards import show
from bot.desk.claiming import give_back
from bot.desk.closing import end_settled
from bot.desk.line import CLAIM_NEXT, place_when_late, staff_link, working_on
from bot.desk.scene import Scene, keep, say_in_ticket, say_to_agents
from bot.model import (
    Block,
    Button,
    Duration,
    Mention,
    Moment,
    Notice,
    Reply,
    Roles,
    Text,
    Ticket,
)
from bot.rules import keeping as rules
from bot.rules import tickets as life
from bot.rules.hours import calendar_of
from bot.rules.keeping import Step
from bot.rules.limits import title
from bot.rules.permissions import require_agent, require_staff
from bot.store import promise_queries, queries
from bot.store.database import Transaction
from bot.store.outbox import is_undelivered
from bot.texts import heading, item, note, paragraph, text

_DIGEST_EVERY = timedelta(hours=1)
"""Agents are told of newly late tickets at most this often."""
_ALERT_EVERY = timedelta(minutes=15)
"""And this often of broken promises."""
_GATHER = timedelta(minutes=2)
"""So long the first of these waits for others that come with it."""
_MOMENT = timedelta(microseconds=1)
_GRACE = timedelta(minutes=10)
"""A notice that is so little late is on its way."""
_LISTED = 10
"""Tickets that are named one by one."""
_LONGEST_LIST = 25
"""The same where somebody has asked for the list."""

# --- one ticket --------------------------------------------------------------------------------------------


async def wake(tx: Transaction, scene: Scene, number: int) -> None:
    """Do what is due for a ticket by now, and note when it needs us next."""
    ticket = await queries.ticket_by_number(tx, scene.server, number)
    if ticket is None:
        return
    if await queries.settings_of(tx, scene.server) is None:  # the bot was removed; it is woken when it comes back
        await promise_queries.put_off(tx, scene.server, number, None)
    else:
        for step in rules.due(ticket, scene.settings, scene.now):
            ticket = await _STEPS[step](tx, scene, ticket)
        await keep(tx, scene, ticket)


async def _late(tx: Transaction, scene: Scene, ticket: Ticket) -> Ticket:
    """One kind message: where the ticket stands, and what can be expected."""
    await _tell_customer(tx, scene, ticket, "late")
    return await _notice(tx, scene, ticket, Notice.LATE, _DIGEST_EVERY)


async def _urgent(tx: Transaction, scene: Scene, ticket: Ticket) -> Ticket:
    """Agents see it marked; it stays at its place."""
    if ticket.notice is None:  # nobody looked since the soft end: the customer has not heard yet that it takes longer
        ticket = await _late(tx, scene, ticket)
    return await _notice(tx, scene, ticket, Notice.URGENT, _DIGEST_EVERY)


async def _broken(tx: Transaction, scene: Scene, ticket: Ticket) -> Ticket:
    """An apology to the customer, an alert to the agents."""
    await _tell_customer(tx, scene, ticket, "broken")
    return await _notice(tx, scene, ticket, Notice.BROKEN, _ALERT_EVERY)


async def _tell_customer(tx: Transaction, scene: Scene, ticket: Ticket, key: str) -> None:
    told = text(
        key,
        person=Mention(ticket.customer),
        number=ticket.number,
        waited=Duration(scene.now - ticket.asked_at),
        due=Moment(ticket.hard_due),
        alerted=int(scene.settings.agents_channel is not None),
    )
    places = await place_when_late(tx, scene, ticket)
    await say_in_ticket(tx, scene, ticket, paragraph(told), *places, note(text("nobody-left-behind")))


async def _notice(tx: Transaction, scene: Scene, ticket: Ticket, notice: Notice, every: timedelta) -> Ticket:
    await queries.record(tx, ticket, scene.now, None, notice)
    noticed_at, soonest = scene.now, scene.now + _GATHER
    if told_at := await promise_queries.agents_told_at(tx, scene.server):
        noticed_at = max(scene.now, told_at + _MOMENT)  # they were told by another clock, or by one that was set back
        soonest = min(max(soonest, told_at + every), scene.now + every)
    when_there = calendar_of(scene.settings.hours).after(soonest, _MOMENT)  # nobody is called out of their weekend
    await promise_queries.tell_agents_by(tx, scene.server, when_there)
    await show(tx, scene, ticket)
    return rules.noticed(ticket, notice, noticed_at)


async def _remind(tx: Transaction, scene: Scene, ticket: Ticket) -> Ticket:
    """The agent who holds it is called; what happens next is said, too."""
    reminded = rules.reminded(ticket, scene.settings, scene.now)
    told = text(
        "remind",
        agent=Mention(ticket.agent or ""),
        number=ticket.number,
        customer=title(ticket.customer_name, 40),
        waiting=Duration(scene.now - (ticket.owed_since or scene.now)),
        back=Moment(reminded.returns_at or scene.now),
        thread=await staff_link(tx, scene, ticket),
    )
    release = Button(f"release:{ticket.number}", text("button-release"))
    if scene.settings.agents_channel is None:
        await say_in_ticket(tx, scene, ticket, paragraph(told), buttons=(release,))
    else:
        await say_to_agents(tx, scene, paragraph(told), buttons=(release,))
    await queries.record(tx, ticket, scene.now, None, "reminded")
    return reminded


async def _return(tx: Transaction, scene: Scene, ticket: Ticket) -> Ticket:
    """Nobody is left behind by an agent who cannot answer: back to the old place."""
    returned = life.release(ticket, scene.settings)
    await give_back(tx, scene, returned, "returned", actor=None)
    told = text("returned-agents", number=ticket.number, agent=ticket.agent_name or "?")
    await say_to_agents(tx, scene, paragraph(told), buttons=(CLAIM_NEXT,))
    return returned


async def _nudge(tx: Transaction, scene: Scene, ticket: Ticket) -> Ticket:
    """Ask once whether anything is left to do."""
    nudged = rules.nudged(ticket, scene.settings, scene.now)
    end = Moment(nudged.closes_at or scene.now)
    told = text("nudge", person=Mention(ticket.customer), number=ticket.number, end=end)
    close = Button(f"close:{ticket.number}", text("button-close"))
    await say_in_ticket(tx, scene, ticket, paragraph(told), buttons=(close,))
    await queries.record(tx, ticket, scene.now, None, "nudged")
    return nudged


async def _close(tx: Transaction, scene: Scene, ticket: Ticket) -> Ticket:
    """Nobody has anything left to say; a word opens it again. Who could not be asked yet is asked anew."""
    if await is_undelivered(
        tx, ticket.server, ticket.lane, ticket.number, since=ticket.last_spoke_at or ticket.asked_at
    ):
        return await _nudge(tx, scene, ticket)
    return await end_settled(tx, scene, ticket, "closed in silence", "closed-in-silence", actor=None)


_STEPS: Mapping[Step, Callable[[Transaction, Scene, Ticket], Awaitable[Ticket]]] = {
    Step.LATE: _late,
    Step.URGENT: _urgent,
    Step.BROKEN: _broken,
    Step.REMIND: _remind,
    Step.RETURN: _return,
    Step.NUDGE: _nudge,
    Step.CLOSE: _close,
}

# --- all tickets of a server -------------------------------------------------------------------------------


async def tell_agents(tx: Transaction, scene: Scene) -> None:
    """One message about all tickets that have gone a step beyond the promise since the last one."""
    since = await promise_queries.agents_told_at(tx, scene.server)
    if not await promise_queries.agents_told(tx, scene.server, scene.now):
        return
    counts = await promise_queries.noticed_counts(tx, scene.server, since)
    blocks: list[Block] = []
    for notice in reversed(Notice):
        if count := counts.get(notice):
            tickets = await promise_queries.noticed(tx, scene.server, since, notice, _LISTED)
            blocks.append(heading(text(f"digest-{notice}", count=count)))
            blocks += await _listed(tx, scene, tickets, count)
    if Notice.BROKEN in counts and scene.settings.agent_roles:
        called = Roles(tuple(sorted(scene.settings.agent_roles)), is_called=True)
        blocks.append(paragraph(text("alert-call", roles=called)))
    if blocks:  # else all were answered meanwhile
        await say_to_agents(tx, scene, *blocks, buttons=(CLAIM_NEXT,))


async def sweep(tx: Transaction, scene: Scene) -> int:
    """The daily proof that nobody is left behind: who is neither inside the promise nor told is told now; how many."""
    behind = await promise_queries.remember_forgotten(tx, scene.server, scene.now - _GRACE)
    await promise_queries.swept(tx, scene.server, scene.now, behind)
    return behind


# --- what people ask for -----------------------------------------------------------------------------------


async def behind(tx: Transaction, scene: Scene) -> Reply:
    """`/behind`: whose promise has run out, first of all those who were not told."""
    require_staff(scene.person, scene.settings)
    before = scene.now - _GRACE
    found = await promise_queries.late(tx, scene.server, before)
    blocks = [heading(text("behind-heading", late=found.late))]
    for told, count in ((False, found.late - found.told), (True, found.told)):
        if count:
            tickets = await promise_queries.late_tickets(tx, scene.server, before, told=told, most=_LONGEST_LIST)
            blocks.append(paragraph(text("behind-told" if told else "behind-untold")))
            blocks += await _listed(tx, scene, tickets, count)
    if not found.late:
        blocks.append(paragraph(text("nobody-left-behind")))
    if last := await promise_queries.last_sweep(tx, scene.server):
        at, forgotten = last
        blocks.append(note(text("behind-swept", at=Moment(at), count=forgotten)))
    return scene.reply(*blocks, buttons=(CLAIM_NEXT,) if found.late else ())


async def mine(tx: Transaction, scene: Scene) -> Reply:
    """`/mine`: what I have claimed, and where somebody waits for my word; the longest first."""
    require_agent(scene.person, scene.settings)
    held = await queries.tickets_of_agent(tx, scene.server, scene.person.id)
    held.sort(key=lambda ticket: (ticket.owed_since is None, ticket.owed_since or ticket.last_spoke_at))
    blocks = [heading(text("mine-heading", count=len(held)))]
    for ticket in held[:_LONGEST_LIST]:
        blocks += [item(await working_on(tx, scene, ticket)), note(_whose_turn(scene, ticket))]
    return scene.reply(*blocks, *_more(len(held) - _LONGEST_LIST), buttons=(CLAIM_NEXT,))


def _whose_turn(scene: Scene, ticket: Ticket) -> Text:
    if ticket.owed_since is None:
        return text("mine-customers-turn")
    waiting = Duration(scene.now - ticket.owed_since)
    if ticket.first_answer_at is not None:
        return text("mine-waits", waiting=waiting)
    return text("mine-waits-first", waiting=waiting, due=Moment(ticket.hard_due))


async def _listed(tx: Transaction, scene: Scene, tickets: list[Ticket], count: int) -> list[Block]:
    """Tickets one by one, and how many of `count` these are not."""
    listed = [
        item(
            text(
                "behind-item",
                number=ticket.number,
                customer=title(ticket.customer_name, 40),
                age=Duration(scene.now - ticket.asked_at),
                due=Moment(ticket.hard_due),
                agent=ticket.agent_name or text("behind-unclaimed"),
                thread=await staff_link(tx, scene, ticket),
            )
        )
        for ticket in tickets
    ]
    return [*listed, *_more(count - len(tickets))]


def _more(count: int) -> list[Block]:
    return [note(text("queue-more", more=count))] if count > 0 else []
