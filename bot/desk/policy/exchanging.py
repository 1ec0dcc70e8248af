"""`/policy export` and `/policy import`: the policy as one file."""

from __future__ import annotations

from functools import partial

from bot.coverage.changes import PolicyChange
from bot.coverage.exchange import PolicyFile, exported, imported, read_file
from bot.coverage.policy import Policy, PolicyError
from bot.desk.policy.drafts import propose, standing
from bot.desk.scene import Answer, Scene, Study
from bot.model import Event, Field, FieldKind, File, FormSent, Refusal, Reply
from bot.rules.limits import clean
from bot.rules.permissions import require_moderator
from bot.store.database import Transaction
from bot.texts import paragraph, text

LARGEST_IMPORT = 3_000_000
"""Characters: twice the shipped policy."""
_NAME = "policy.yaml"


async def export_file(tx: Transaction, scene: Scene, _: str) -> Study:
    """`/policy export`: the server's whole policy to download."""
    require_moderator(scene.person, scene.settings)
    change = (await standing(tx, scene)).change
    return Study(partial(_exported, scene, scene.shipped.policy, change))


def _exported(scene: Scene, shipped: Policy, change: PolicyChange) -> Reply:
    told = scene.reply(paragraph(text("policy-exported")))
    return Reply(told.content, file=File(_NAME, exported(shipped, change).encode()))


async def import_file(tx: Transaction, scene: Scene, _: str) -> Reply:
    """`/policy import` asks for the file."""
    del tx
    require_moderator(scene.person, scene.settings)
    field = Field("file", text("form-import-file"), FieldKind.FILE, limit=LARGEST_IMPORT)
    return scene.form("policy-import", "form-import", field)


def read_import(event: Event) -> PolicyFile | PolicyError | None:
    """What was handed in, before the transaction: understanding a large file takes up to a second."""
    content = event.values.get("file", "") if isinstance(event, FormSent) else ""
    if len(content) > LARGEST_IMPORT:
        return None
    try:
        return read_file(_NAME, clean(content, LARGEST_IMPORT))
    except PolicyError as error:
        return error


async def import_form(tx: Transaction, scene: Scene, _: str) -> Answer:
    """A file was given: it becomes a draft like any other change."""
    require_moderator(scene.person, scene.settings)
    if scene.file is None:
        raise Refusal("refused-large-file", most=LARGEST_IMPORT)
    try:
        if isinstance(scene.file, PolicyError):
            raise scene.file
        now = await standing(tx, scene)
        change = imported(scene.file, scene.shipped.policy, now.change)
    except PolicyError as error:
        raise Refusal("refused-import", file=error.file, line=error.line, reason=error.reason) from error
    if change == PolicyChange():
        raise Refusal("refused-nothing-new")
    return await propose(tx, scene, now, change, "/policy import")
