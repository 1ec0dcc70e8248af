"""`/policy`: everybody reads it; moderators post, change and test it. The first word says what to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from bot.desk.answering import covered_command
from bot.desk.policy import drafts, editing, exchanging, lessons, posts
from bot.desk.policy.naming import name_and_languages
from bot.desk.scene import Answer, Scene
from bot.model import Action
from bot.store.database import Transaction

ACTIONS: Mapping[str, Callable[[Transaction, Scene, str], Awaitable[Answer]]] = {
    "post": posts.post,
    "edit": editing.edit,
    "add": editing.add,
    "rename": editing.rename,
    "off": editing.switch_off,
    "on": editing.switch_on,
    "import": exchanging.import_file,
    "export": exchanging.export_file,
    "history": drafts.history,
    "undo": drafts.undo,
    "test": lessons.test,
    "review": lessons.review,
}


async def policy_command(tx: Transaction, scene: Scene) -> Answer:
    """`/policy [action] [words]`; without an action, the policy to read, one section of it, or a question to it."""
    first, _, rest = scene.words.partition(" ")
    action = ACTIONS.get(first.casefold())
    if action is not None:
        return await action(tx, scene, rest.strip())
    if _is_question(scene):
        return await covered_command(tx, replace(scene, verdict=scene.matcher.match(scene.words)))
    return await posts.show(tx, scene, scene.words)


def _is_question(scene: Scene) -> bool:
    """Whether the policy is asked, rather than read: with a question mark, or where its answer is known."""
    name, _ = name_and_languages(scene.words)
    if " " not in name:
        return False
    if name.endswith("?"):
        return True
    return posts.section_meant(scene, name) is None and scene.matcher.match(scene.words).action is Action.ANSWER
