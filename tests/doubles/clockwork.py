"""What a world was told because time had passed: read from what the chat did and from what the record says."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from sqlalchemy import bindparam, select

from bot.model import Notice, Say, Text, Ticket, TicketState
from bot.store.tables import history
from tests.doubles.world import World

CLOCK = {
    "late": "late",
    "broken": "broken",
    "remind": "reminded",
    "nudge": "nudged",
    "closed-in-silence": "closed in silence",
}
"""The messages of the clock, by the key of their first sentence -> what the record calls them."""
_RECORDED = select(history.c.ticket, history.c.what).where(history.c.server == bindparam("server"))


def said(world: World) -> Counter[tuple[int, str]]:
    """How often the clock said what about which ticket, by what the record calls it."""
    found: Counter[tuple[int, str]] = Counter()
    for _, effect in world.chat.performed:
        words = effect.content.blocks[0].words if isinstance(effect, Say) else ""
        if isinstance(words, Text) and words.key in CLOCK:
            number = words.values["number"]
            assert isinstance(number, int)
            found[number, CLOCK[words.key]] += 1
    return found


async def recorded(world: World) -> Counter[tuple[int, str]]:
    """How often the record says that it did."""
    rows = await world.database.transaction(lambda tx: tx.rows(_RECORDED, server=world.server))
    return Counter((row["ticket"], row["what"]) for row in rows if row["what"] in CLOCK.values())


def digests(world: World) -> list[list[int]]:
    """The tickets that each message to the agents about late tickets names."""
    return [
        [
            number
            for block in effect.content.blocks
            if isinstance(block.words, Text) and block.words.key == "behind-item"
            and isinstance(number := block.words.values["number"], int)
        ]
        for _, effect in world.chat.performed
        if isinstance(effect, Say)
        and isinstance(words := effect.content.blocks[0].words, Text)
        and words.key.startswith("digest-")
    ]  # fmt: skip


def is_behind(ticket: Ticket, now: datetime) -> bool:
    """Whether a ticket without an answer is past its promise, and its customer has not been told so."""
    if ticket.state is TicketState.CLOSED or ticket.first_answer_at is not None:
        return False
    if now > ticket.hard_due:
        return ticket.notice is not Notice.BROKEN
    return now > ticket.soft_due and ticket.notice is None
