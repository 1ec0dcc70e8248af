"""Collecting what the bot got wrong, for the moderators to learn from.

A customer's words stay no longer than the server keeps texts, and go at once when their message is deleted.
"""

from __future__ import annotations

from bot.desk.scene import Scene
from bot.model import Action, Language, Ticket
from bot.store.database import Transaction
from bot.store.policy_queries import Lesson, keep_lesson
from bot.store.queries import Answer


async def collect_wrong_answer(tx: Transaction, scene: Scene, answer: Answer) -> None:
    """A customer says that the answer was wrong."""
    await _keep(tx, scene, answer.message, "wrong", answer.text, answer.language, answer.category)


async def collect_silence(tx: Transaction, scene: Scene, ticket: Ticket) -> None:
    """What the bot would have passed over has become a ticket."""
    verdict = scene.verdict
    if verdict is not None and verdict.action is Action.SILENT:
        await _keep(tx, scene, _id_of(ticket), "silent", ticket.text, ticket.language, verdict.category)


async def collect_correction(tx: Transaction, scene: Scene, ticket: Ticket, right: str) -> None:
    """An agent says what a ticket is really about."""
    await _keep(tx, scene, _id_of(ticket), "corrected", ticket.text, ticket.language, ticket.category, right)


def _id_of(ticket: Ticket) -> str:
    return ticket.message or f"ticket-{ticket.number}"


async def _keep(
    tx: Transaction,
    scene: Scene,
    id_: str,
    source: str,
    words: str,
    language: Language,
    told: str | None,
    right: str | None = None,
) -> None:
    if words:
        await keep_lesson(tx, Lesson(scene.server, id_, source, words, language, told, right, scene.event.at))
