"""What a customer reads about a ticket of theirs: number, verdict, the policy's words, place."""

from __future__ import annotations

from bot.coverage.policy import CategoryTexts
from bot.desk.scene import Scene
from bot.model import Block, Button, ButtonStyle, Content, Language, Mention, Ruling, Ticket
from bot.texts import heading, note, paragraph, quote, text


def receipt(scene: Scene, ticket: Ticket, places: list[Block], buttons: tuple[Button, ...]) -> Content:
    """Number, verdict, place, and when an answer can be expected; with the buttons of the ticket's life."""
    texts = _texts(scene, ticket.category, ticket.language)
    topic = texts.title if texts else ""
    told = text(f"receipt-{ticket.ruling or 'none'}", person=Mention(ticket.customer), title=topic)
    blocks = [heading(text("receipt-heading", number=ticket.number)), paragraph(told)]
    if _is_alone(scene, ticket):
        blocks.append(quote(ticket.text))
    blocks += clause_blocks(scene, ticket.category, ticket.language)
    if ticket.ruling is Ruling.COVERED:
        blocks += answer_blocks(scene, ticket.category, ticket.language)
    blocks += [*places, note(text("first-come"))]
    return scene.content(*blocks, buttons=buttons, ruling=ticket.ruling, language=ticket.language)


def _is_alone(scene: Scene, ticket: Ticket) -> bool:
    """Whether nothing stands above the receipt that tells what was asked."""
    if scene.has_cards:
        return ticket.thread is None or ticket.thread != ticket.message
    return ticket.is_private


def clause_blocks(scene: Scene, category: str | None, language: Language) -> list[Block]:
    """The policy's own sentence about a category, where it has one."""
    texts = _texts(scene, category, language)
    clause = texts.clause if texts else ""
    return [quote(scene.policy_words(clause, language))] if clause else []


def answer_blocks(scene: Scene, category: str | None, language: Language) -> list[Block]:
    """What the policy's editors say to a category: above all, what to send along."""
    texts = _texts(scene, category, language)
    answer = texts.answer.strip() if texts else ""
    parts = scene.policy_words(answer, language).split("\n\n") if answer else []
    return [paragraph(part) for part in parts]


def _texts(scene: Scene, category: str | None, language: Language) -> CategoryTexts | None:
    known = scene.policy.categories.get(category or "")
    return known.texts[language] if known else None


def ticket_buttons(ticket: Ticket) -> tuple[Button, ...]:
    """Stateless: what a press means is decided when it happens."""
    return (
        Button(f"claim:{ticket.number}", text("button-claim"), ButtonStyle.PRIMARY, for_staff=True),
        Button(f"release:{ticket.number}", text("button-release"), for_staff=True),
        Button(f"close:{ticket.number}", text("button-close"), ButtonStyle.DANGER),
        Button("place", text("button-place")),
    )
