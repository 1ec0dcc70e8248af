"""A change of the policy on its way: what it would do, and then in force, or dropped.

Every change goes through here, whether it was typed into a form, imported, undone or learnt from a mistake: it is kept
as a draft, the moderator reads what it would do, and only [Apply] makes a new version of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from bot.coverage.changes import PolicyChange, changed, own_documents, require_alike, touched, unwritten, with_all_on
from bot.coverage.policy import Policy, PolicyError
from bot.desk.policy import posts
from bot.desk.policy.effects import effects_of, names_of
from bot.desk.scene import Answer, Scene, Study, button_number
from bot.model import Button, ButtonStyle, Field, Language, Moment, Refusal, Reply, Text, Value
from bot.rules.limits import title
from bot.rules.permissions import require_moderator
from bot.rules.policies import MOST_CATEGORIES, require_sound
from bot.store import queries
from bot.store.database import Transaction
from bot.store.policy_queries import (
    Draft,
    add_version,
    draft_named,
    drop_draft,
    keep_draft,
    newest_versions,
    policy_change,
    policy_number,
    recent_texts,
)
from bot.texts import heading, item, note, paragraph, text

RECENT = timedelta(days=30)
"""From this long ago, messages are looked at to see what a change would do."""
_MOST_TEXTS = 300
"""Answered messages, and as many tickets; a second is enough for them."""
_REASON = 200
"""Characters of the reason for a change."""
_FEW = 3
"""Parts that a draft from a form touches at most."""
_LISTED = 10
"""Versions that the history shows."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A server's policy as it stands in the database at this moment."""

    number: int
    change: PolicyChange
    policy: Policy


def policy_with(scene: Scene, now: Standing, change: PolicyChange) -> Policy:
    """What would be in force with one more change."""
    return changed(scene.shipped.policy, now.change | change, now.number + 1)


def title_in(change: PolicyChange, id_: str, language: Language) -> str:
    """The title that a change gives a category, else its id."""
    texts = change.categories[id_].texts.get(language)
    return texts.title if texts and texts.title else id_


async def standing(tx: Transaction, scene: Scene) -> Standing:
    """What a new change builds upon."""
    number = await policy_number(tx, scene.server)
    change = await policy_change(tx, scene.server, number)
    return Standing(number, change, changed(scene.shipped.policy, change, number))


@dataclass(frozen=True, slots=True)
class Work:
    """What a form works on: a draft, or something new, upon the version that was in force when it was opened."""

    now: Standing
    draft: str
    """Its id; empty for something new."""
    number: int
    drafted: PolicyChange
    """What the draft changes."""
    whole: PolicyChange
    """All that is changed, with the draft."""

    @property
    def key(self) -> str:
        """Stands at the end of a form's name, so that whoever was overtaken while typing is told so."""
        return f"{self.draft}:{self.number}"


async def work_on(tx: Transaction, scene: Scene, key: str) -> Work:
    """Begin, or go on with, what the end of a button's action or of a form's name says. Moderators only."""
    require_moderator(scene.person, scene.settings)
    found = re.fullmatch(r"([0-9a-f]{0,20})(?::(\d{1,9}))?", key, re.ASCII)
    if found is None:
        raise Refusal("refused-old-button")
    now = await standing(tx, scene)
    if found[1]:
        draft = await the_draft(tx, scene, found[1])
        return Work(now, draft.id, draft.number, draft.change, now.change | draft.change)
    return Work(now, "", min(int(found[2] or now.number), now.number), PolicyChange(), now.change)


async def propose(
    tx: Transaction, scene: Scene, now: Standing, change: PolicyChange, why: str, work: Work | None = None, *notes: Text
) -> Answer:
    """Keep a change as a draft, and show what it would do, or what it lacks. Refuses one that changes nothing."""
    draft = Draft(
        server=scene.server,
        id=work.draft if work and work.draft else f"{scene.event.order:x}",
        by=scene.person.id,
        at=scene.now,
        number=work.number if work else now.number,
        why=title(why, _REASON),
        change=change,
    )
    new = policy_with(scene, now, change)
    lacking = _lacking(scene, now, draft, new)
    if not lacking and not touched(now.policy, new) and new.documents == now.policy.documents:
        raise Refusal("refused-nothing-new")
    await keep_draft(tx, draft)
    return await _show(tx, scene, now, draft, lacking, new, notes)


async def _show(
    tx: Transaction, scene: Scene, now: Standing, draft: Draft, lacking: list[Text], new: Policy, notes: Sequence[Text]
) -> Answer:
    if lacking:
        blocks = [heading(text("draft-lacks")), *(item(one) for one in lacking)]
        return scene.reply(*blocks, buttons=_buttons(draft)[1:])
    texts = await recent_texts(tx, scene.server, scene.now - RECENT, _MOST_TEXTS)
    return Study(partial(_effects, scene, draft, now.policy, new, texts, notes))


def _effects(
    scene: Scene, draft: Draft, old: Policy, new: Policy, texts: Sequence[str], notes: Sequence[Text]
) -> Reply:
    """What a draft would do: thinking, after the transaction."""
    blocks = [heading(text("draft-heading")), *effects_of(scene, draft.change, old, new, texts)]
    return scene.reply(*blocks, *map(note, notes), buttons=_buttons(draft))


async def draft_button(tx: Transaction, scene: Scene, id_: str) -> Answer:
    """[Go on: ...]: a draft that was left lying."""
    draft = await the_draft(tx, scene, id_)
    now = await standing(tx, scene)
    new = policy_with(scene, now, draft.change)
    return await _show(tx, scene, now, draft, _lacking(scene, now, draft, new), new, ())


def _lacking(scene: Scene, now: Standing, draft: Draft, new: Policy) -> list[Text]:
    """What has yet to be written before a draft can be in force: the sister language, a clause ..."""
    shipped, whole = scene.shipped.policy, now.change | draft.change
    lacking = [
        text("lacks-texts", title=title_in(whole, id_, scene.language), language=text(f"language-{language}"))
        for id_, language in unwritten(shipped, whole)
        if id_ in draft.change.categories
    ]
    if len(whole.categories) > MOST_CATEGORIES:
        raise Refusal("refused-too-many-categories", most=MOST_CATEGORIES)
    try:
        require_alike(own_documents(shipped, whole))
        require_sound(new, touched(now.policy, new))
    except PolicyError as error:
        lacking.append(text("lacks-document", file=error.file, line=error.line, reason=error.reason))
    except Refusal as refusal:
        lacking.append(refusal.text)
    return lacking


def _buttons(draft: Draft) -> tuple[Button, ...]:
    """[Apply] comes first. What came from a form can be worked on in the form: the edited part comes first in a draft,
    behind it at most those that lose a phrase to it. A larger draft was imported, and is worked on in its file.
    """  # noqa: D205
    buttons = [Button(f"policy-apply:{draft.id}", text("button-apply"), ButtonStyle.PRIMARY)]
    parts = [f"policy-edit:{id_}" for id_ in draft.change.categories]
    parts += ["policy-document"] if draft.change.documents else []
    if 1 <= len(parts) <= _FEW:
        for language in Language:
            label = text("button-edit", language=text(f"language-{language}"))
            buttons.append(Button(f"{parts[0]}:{language}:{draft.id}", label))
    buttons.append(Button(f"policy-discard:{draft.id}", text("button-discard"), ButtonStyle.DANGER))
    return tuple(buttons)


async def the_draft(tx: Transaction, scene: Scene, id_: str) -> Draft:
    """A draft of this server that nobody has decided about. Moderators only."""
    require_moderator(scene.person, scene.settings)
    draft = await draft_named(tx, scene.server, id_)
    if draft is None:
        raise Refusal("refused-no-draft")
    return draft


async def apply_button(tx: Transaction, scene: Scene, id_: str) -> Reply:
    """[Apply] asks why."""
    draft = await the_draft(tx, scene, id_)
    why = Field("why", text("form-apply-why"), limit=_REASON, value=draft.why)
    return scene.form(f"policy-apply:{draft.id}", "form-apply", why)


async def apply_form(tx: Transaction, scene: Scene, id_: str) -> Reply:
    """Put a draft in force."""
    draft = await the_draft(tx, scene, id_)
    now = await standing(tx, scene)
    for version in await newest_versions(tx, scene.server, max(0, now.number - draft.number)):
        if _touch_the_same(version.change, draft.change):
            raise Refusal("refused-overtaken", number=version.number, name=version.by_name)
    new = policy_with(scene, now, draft.change)
    if lacking := _lacking(scene, now, draft, new):
        raise Refusal("refused-draft-lacks", what=lacking[0])
    await drop_draft(tx, scene.server, draft.id)
    number = await in_force(tx, scene, draft.change, title(scene.values.get("why", ""), _REASON) or draft.why)
    return scene.reply(paragraph(text("policy-in-force", number=number)), buttons=(undo_this(number),))


def undo_this(number: int) -> Button:
    """[Undo version 3]."""
    return Button(f"policy-undo:{number}", text("button-undo", number=number))


async def in_force(tx: Transaction, scene: Scene, change: PolicyChange, why: str) -> int:
    """Make a change the server's newest version; its number. What is posted follows."""
    person = scene.person
    await queries.add_server(tx, scene.server, scene.settings, scene.event.at)
    number = await add_version(tx, scene.server, change, at=scene.event.at, by=person.id, by_name=person.name, why=why)
    await posts.refresh(tx, scene.server, scene.now)
    return number


async def discard_button(tx: Transaction, scene: Scene, id_: str) -> Reply:
    """[Discard]: nothing changes."""
    draft = await the_draft(tx, scene, id_)
    await drop_draft(tx, scene.server, draft.id)
    return scene.reply_text("draft-discarded")


def _touch_the_same(one: PolicyChange, other: PolicyChange) -> bool:
    return bool(one.categories.keys() & other.categories.keys() or one.documents.keys() & other.documents.keys())


async def history(tx: Transaction, scene: Scene, _: str) -> Reply:
    """`/policy history`: who changed what, when and why."""
    require_moderator(scene.person, scene.settings)
    versions = await newest_versions(tx, scene.server, _LISTED)
    blocks = [heading(text("history-heading"))]
    policy = with_all_on(scene.shipped.policy, (await standing(tx, scene)).change)
    for version in versions:
        parts = names_of(version.change, policy, scene.language)
        told: dict[str, Value] = {"number": version.number, "name": version.by_name, "why": version.why}
        blocks.append(item(text("history-item", at=Moment(version.at), parts=", ".join(parts), **told)))
    if not versions:
        return scene.reply(*blocks, paragraph(text("history-none")))
    older = versions[-1].number - 1
    if older:
        blocks.append(note(text("history-older", older=older)))
    return scene.reply(*blocks, buttons=(undo_this(versions[0].number),))


async def undo(tx: Transaction, scene: Scene, words: str) -> Answer:
    """`/policy undo [number]`: what a version changed becomes what it was before it."""
    require_moderator(scene.person, scene.settings)
    now = await standing(tx, scene)
    if words and not words.isdecimal():
        raise Refusal("refused-no-such-version", newest=now.number)
    number = int(words[:9]) if words else now.number
    if not now.number:
        raise Refusal("history-none")
    if not 0 < number <= now.number:
        raise Refusal("refused-no-such-version", newest=now.number)
    *later, undone = await newest_versions(tx, scene.server, now.number - number + 1)
    earlier = await policy_change(tx, scene.server, number - 1)
    back = undone.change.before(earlier)
    known = {*scene.shipped.policy.categories, *earlier.categories}
    added = {id_: replace(now.change.categories[id_], is_off=True) for id_ in back.categories if id_ not in known}
    notes = [
        text("effect-undone-too", number=one.number, name=one.by_name, why=one.why)
        for one in reversed(later)
        if _touch_the_same(one.change, undone.change)
    ]
    return await propose(tx, scene, now, back | PolicyChange(added), f"/policy undo {number}", None, *notes)


async def undo_button(tx: Transaction, scene: Scene, number: str) -> Answer:
    """[Undo] under a version."""
    return await undo(tx, scene, str(button_number(number)))
