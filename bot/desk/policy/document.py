"""Changing the policy as people read it, in its own form of Markdown."""

from __future__ import annotations

from bot.coverage.changes import PolicyChange
from bot.desk.policy.drafts import propose, work_on
from bot.desk.scene import Answer, Scene
from bot.model import Field, FieldKind, Language, Refusal, Reply
from bot.rules.limits import TEXT_LIMIT
from bot.store.database import Transaction
from bot.texts import text


async def document_button(tx: Transaction, scene: Scene, action: str) -> Reply:
    """[The policy's text], or [German]/[English] under its draft: `policy-document:<language>:<work>`."""
    language, key = _parts(action)
    work = await work_on(tx, scene, key)
    source = work.whole.documents.get(language) or scene.shipped.policy.documents[language].source
    if len(source) > TEXT_LIMIT:
        raise Refusal("refused-too-long-for-form")
    label = text("form-document-text", language=text(f"language-{language}"))
    field = Field("document", label, FieldKind.PARAGRAPH, required=False, limit=TEXT_LIMIT, value=source)
    return scene.form(f"policy-document:{language}:{work.key}", "form-document", field)


def _parts(action: str) -> tuple[Language, str]:
    code, _, key = action.partition(":")
    if code not in set(Language):
        raise Refusal("refused-old-button")
    return Language(code), key


async def document_form(tx: Transaction, scene: Scene, action: str) -> Answer:
    """The text in one language is filled in; left empty, it is the shipped one again."""
    language, key = _parts(action)
    work = await work_on(tx, scene, key)
    source = scene.values.get("document", "")
    if source.strip() == scene.shipped.policy.documents[language].source.strip():
        source = ""
    change = work.drafted | PolicyChange(documents={language: source})
    return await propose(tx, scene, work.now, change, "/policy edit document", work)
