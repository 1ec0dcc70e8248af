"""`/policy`: everybody reads it; moderators post, change and test it. The first word says what to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from bot.desk.policy import drafts, editing, exchanging, lessons, posts
from bot.desk.scene import Answer, Scene
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
    """`/policy [action] [words]`; without an action, the policy to read, or one section of it."""
    first, _, rest = scene.words.partition(" ")
    action = ACTIONS.get(first.casefold())
    return await (action(tx, scene, rest.strip()) if action else posts.show(tx, scene, scene.words))
