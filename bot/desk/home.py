"""What people see on a page of their own: customers their tickets, agents also the line."""

from __future__ import annotations

from bot.desk.line import CLAIM_NEXT, link, place_blocks, queue_blocks
from bot.desk.panel import panel_buttons
from bot.desk.scene import Scene
from bot.model import Block, Button, Reply
from bot.rules.permissions import is_agent, is_staff
from bot.store import queries
from bot.store.database import Transaction
from bot.texts import heading, note, paragraph, text


async def home(tx: Transaction, scene: Scene, _: str = "") -> Reply:
    """The page as it is now, in the person's language."""
    refresh = Button("home", text("button-refresh"))
    if not scene.settings.support:
        return scene.reply(heading(text("welcome-heading")), paragraph(text("home-not-set-up")), buttons=(refresh,))
    blocks = await _my_tickets(tx, scene)
    buttons = panel_buttons()
    if is_staff(scene.person, scene.settings):
        blocks = [*await queue_blocks(tx, scene), *blocks]
    if is_agent(scene.person, scene.settings):
        buttons = (CLAIM_NEXT, *buttons)
    return scene.reply(*blocks, buttons=(*buttons, refresh))


async def _my_tickets(tx: Transaction, scene: Scene) -> list[Block]:
    tickets = await queries.open_tickets(tx, scene.server, scene.person.id)
    blocks = [heading(text("home-heading"))]
    if not tickets:
        blocks.append(paragraph(text("home-empty")))
    for ticket in tickets:
        blocks += await place_blocks(tx, scene, ticket)
        blocks.append(note(text("card-thread", thread=await link(tx, ticket))))
    return blocks
