"""What goes away: the bot from a server, a channel or a thread with what was said in it, a customer, an agent."""

from __future__ import annotations

from dataclasses import replace

from bot.desk.claiming import give_back
from bot.desk.closing import archive, end
from bot.desk.scene import Scene, say_to_agents
from bot.model import AgentLeft, Mention, PersonBanned, PlaceGone, ServerLeft, Ticket
from bot.rules.tickets import release
from bot.store import queries
from bot.store.database import Transaction
from bot.store.outbox import owe_nothing, owe_nothing_in
from bot.texts import item, paragraph, text

_LISTED = 10
"""Tickets that are named one by one."""


async def server_left(tx: Transaction, scene: Scene, event: ServerLeft) -> None:
    """Nothing can be delivered there any more; what the server has decided stays, in case it comes back."""
    await queries.leave_server(tx, event.server, scene.now)
    await owe_nothing(tx, event.server, "the bot was removed from the server", scene.now)


async def place_gone(tx: Transaction, scene: Scene, event: PlaceGone) -> None:
    """A deleted thread ends its ticket; a deleted channel ends all that hung in it, and is set up no more."""
    if event.thread is not None:
        ticket = await queries.ticket_by_thread(tx, event.server, event.thread)
        gone = [ticket] if ticket and ticket.closed_at is None else []
    else:
        await _forget_channel(tx, scene, event.channel)
        gone = await queries.open_tickets_in(tx, event.server, event.channel)
        if scene.has_cards:  # private ones live elsewhere
            gone = [ticket for ticket in gone if not ticket.is_private]
    await _end_all(tx, scene, gone, "place deleted", "thread-gone")
    for ticket in gone:
        await owe_nothing_in(tx, event.server, ticket.lane, "the place was deleted", scene.now)


async def person_banned(tx: Transaction, scene: Scene, event: PersonBanned) -> None:
    """Who may not come back neither stands in the line nor holds a ticket."""
    await _release_all(tx, scene, event.banned)
    gone = await queries.open_tickets(tx, event.server, event.banned)
    for ticket in gone:
        await archive(tx, scene, ticket)
    await _end_all(tx, scene, gone, "customer banned", "customer-gone")


async def agent_left(tx: Transaction, scene: Scene, event: AgentLeft) -> None:
    """What somebody holds who is no agent any more goes back to its old place; the agents are told."""
    await _release_all(tx, scene, event.agent)


async def _release_all(tx: Transaction, scene: Scene, agent: str) -> None:
    held = await queries.tickets_of_agent(tx, scene.server, agent)
    for ticket in held:
        await give_back(tx, scene, release(ticket, scene.settings), "released", actor=None)
    if held:
        numbers = ", ".join(f"#{ticket.number}" for ticket in held)
        told = text("agent-gone", agent=held[0].agent_name or "?", numbers=numbers, count=len(held))
        await say_to_agents(tx, scene, paragraph(told))


async def _forget_channel(tx: Transaction, scene: Scene, channel: str) -> None:
    old = await queries.settings_of(tx, scene.server) or scene.settings
    new = replace(
        old,
        support={known: mode for known, mode in old.support.items() if known != channel},
        agents_channel=None if old.agents_channel == channel else old.agents_channel,
        sales_channel=None if old.sales_channel == channel else old.sales_channel,
    )
    if new != old:
        await queries.change_settings(tx, scene.server, new)


async def _end_all(tx: Transaction, scene: Scene, gone: list[Ticket], what: str, told: str) -> None:
    """Agents read which tickets ended without them, so that nobody is left behind by mistake."""
    for ticket in gone:
        await end(tx, scene, ticket, what, actor=None)
    if gone:
        listed = [
            item(
                text(
                    "gone-ticket",
                    number=ticket.number,
                    person=Mention(ticket.customer, is_called=False),
                    name=ticket.customer_name,
                )
            )
            for ticket in gone[:_LISTED]
        ]
        more = [item(text("queue-more", more=len(gone) - _LISTED))] if len(gone) > _LISTED else []
        await say_to_agents(tx, scene, paragraph(text(told, count=len(gone))), *listed, *more)
