"""Collecting what the bot got wrong, for the moderators to learn from.

A customer's words stay no longer than the server keeps texts, and go at once when their message is deleted. Those of a
private ticket are for the agents alone, so nothing is learnt from them.
"""

from __future__ import annotations

from bot.desk.scene import Scene
from bot.model import Action, Ticket
from bot.store.database import Transaction
from bot.store.policy_queries import Lesson, drop_lesson, keep_lesson, lesson_id, lesson_named
from bot.store.queries import Answer


async def collect_wrong_answer(tx: Transaction, scene: Scene, answer: Answer) -> None:
    """A customer says that the answer was wrong; once is enough."""
    if answer.opinion != "wrong" and not answer.is_private:
        await _keep(tx, scene, lesson_id(answer.message), "wrong", answer.text, answer.category)


async def collect_silence(tx: Transaction, scene: Scene, ticket: Ticket) -> None:
    """What the bot would have passed over has become a ticket."""
    verdict = scene.verdict
    if verdict is not None and verdict.action is Action.SILENT and not ticket.is_private:
        await _keep(tx, scene, _id_of(ticket), "silent", ticket.text, verdict.category)


async def collect_correction(tx: Transaction, scene: Scene, ticket: Ticket, right: str) -> None:
    """An agent says what a ticket is really about; what the bot had told first is what counts."""
    if ticket.is_private:
        return
    before = await lesson_named(tx, scene.server, _id_of(ticket))
    told = before.told if before else ticket.category
    if told == right:
        await drop_lesson(tx, scene.server, _id_of(ticket))
    else:
        await _keep(tx, scene, _id_of(ticket), "corrected", ticket.text, told, right)


def _id_of(ticket: Ticket) -> str:
    return lesson_id(ticket.message or f"ticket {ticket.number}")


async def _keep(
    tx: Transaction,
    scene: Scene,
    id_: str,
    source: str,
    words: str,
    told: str | None,
    right: str | None = None,
) -> None:
    if any(map(str.isalnum, words)):
        language = scene.matcher.match(words).language  # of the words; the person's own may be another
        await keep_lesson(tx, Lesson(scene.server, id_, source, words, language, told, right, scene.event.at))
