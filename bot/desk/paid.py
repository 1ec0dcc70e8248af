"""Paid work: a form, kept and handed to sales. It never enters the support queue."""

from __future__ import annotations

from dataclasses import replace

from bot.desk.scene import Scene
from bot.model import Field, FieldKind, Mention, Refusal, Reply, Say
from bot.rules.limits import clean
from bot.store import queries
from bot.store.database import Transaction
from bot.texts import heading, item, note, paragraph, quote, text

FIELDS = (
    Field("product", text("form-paid-product"), limit=100),
    Field("wish", text("form-paid-wish"), FieldKind.PARAGRAPH, limit=2_000),
    Field("budget", text("form-paid-budget"), required=False, limit=100),
    Field("deadline", text("form-paid-deadline"), required=False, limit=100),
    Field("contact", text("form-paid-contact"), limit=200),
)
_AN_HOUR = 3
"""Most requests for paid work that one person may send within an hour."""


async def paid_form(tx: Transaction, scene: Scene, message: str) -> Reply:
    """[Fill in the form] under an answer; the asker's own words stand in it already."""
    await _require_welcome(tx, scene)
    answer = await queries.answer_to(tx, scene.server, message)
    wish = answer.text if answer and answer.customer == scene.person.id else ""
    fields = [replace(field, value=clean(wish, field.limit)) if field.name == "wish" else field for field in FIELDS]
    return scene.form("paid", "form-paid", *fields)


async def paid_request(tx: Transaction, scene: Scene, _: str) -> Reply:
    """The form is filled in."""
    await _require_welcome(tx, scene)
    given = {field.name: clean(scene.values.get(field.name, ""), field.limit) for field in FIELDS}
    missing = [field.label for field in FIELDS if field.required and not given[field.name]]
    if missing:
        raise Refusal("refused-field-missing", field=missing[0])
    person = scene.person
    await queries.add_paid_request(
        tx, server=scene.server, customer=person.id, customer_name=person.name, at=scene.event.at, **given
    )
    await _tell_sales(tx, scene, given)
    return scene.reply(heading(text("paid-thanks-heading")), paragraph(text("paid-thanks")))


async def _require_welcome(tx: Transaction, scene: Scene) -> None:
    if _channel(scene) is None:
        raise Refusal("refused-not-set-up")
    standing = await queries.standing(tx, scene.server, scene.person.id, scene.event.at)
    if standing.is_blocked:
        raise Refusal("refused-blocked")
    if standing.paid_requests >= _AN_HOUR:
        raise Refusal("refused-too-many-an-hour", limit=_AN_HOUR)


def _channel(scene: Scene) -> str | None:
    """Where requests for paid work are read."""
    return scene.settings.sales_channel or scene.settings.agents_channel


async def _tell_sales(tx: Transaction, scene: Scene, given: dict[str, str]) -> None:
    channel = _channel(scene)
    if channel is None:
        return
    asked = [
        item(text("paid-item", label=text(f"sales-{name}"), words=given[name]))
        for name in ("budget", "deadline", "contact")
        if given[name]
    ]
    content = scene.content(
        heading(text("paid-heading", product=given["product"])),
        paragraph(text("paid-from", person=Mention(scene.person.id, is_called=False), name=scene.person.name)),
        quote(given["wish"]),
        *asked,
        note(text("paid-not-in-queue")),
        language=scene.settings.language,
    )
    await scene.owe(tx, f"sales/{channel}", Say(server=scene.server, channel=channel, content=content))
