"""Moderators block and unblock customers: a blocked one is neither answered nor given a ticket."""

from __future__ import annotations

import re

from bot.desk.scene import Scene
from bot.model import Mention, Refusal, Reply
from bot.rules.limits import title
from bot.rules.permissions import require_moderator
from bot.store import queries
from bot.store.database import Transaction

_PERSON = re.compile(r"<?@?!?([\w.-]{1,64})(?:\|[^>]*)?>?")
"""A person's id, bare or as Discord and Slack write a mention."""


async def block_command(tx: Transaction, scene: Scene) -> Reply:
    """`/block <person>`."""
    person = _person(scene)
    if person == scene.person.id:
        raise Refusal("refused-block-self")
    known = not await queries.block(tx, scene.server, person, scene.person.id, scene.event.at)
    return scene.reply_text("already-blocked" if known else "blocked", person=Mention(person))


async def unblock_command(tx: Transaction, scene: Scene) -> Reply:
    """`/unblock <person>`."""
    person = _person(scene)
    changed = await queries.unblock(tx, scene.server, person)
    return scene.reply_text("unblocked" if changed else "not-blocked", person=Mention(person))


def _person(scene: Scene) -> str:
    require_moderator(scene.person, scene.settings)
    found = _PERSON.fullmatch(scene.words.strip())
    if found is None:
        raise Refusal("refused-no-person", words=title(scene.words, 40))
    return found[1]
