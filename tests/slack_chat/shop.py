"""What people do in a shop on Slack, together with all that follows from it."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping
from typing import Any

from tests.doubles.slack.answers import Answer
from tests.doubles.slack.people import Person, Where
from tests.doubles.slack.world import Channel, Message, View
from tests.slack_chat.conftest import Shop

WISH, WUNSCH = "Please add a dark mode!", "Bitte baut einen Dark Mode ein!"
"""A request that the policy answers, so that it becomes no ticket by itself."""
ABSTURZ = "seit gestern stürzt die App beim Start ab"
"""A request that the policy covers, in German."""


async def done(shop: Shop, acting: Awaitable[Answer]) -> Answer:
    """Something that is answered, its answer, and all that follows from it."""
    answer = await acting
    await answer.until(lambda: answer.failed or _is_said(answer))
    assert not answer.failed
    await shop.settled()
    return answer


async def presses(shop: Shop, person: Person, where: Where, button: str) -> Answer:
    """Somebody presses the button with this label or value, and reads the answer."""
    return await done(shop, person.presses(where, button))


async def presses_in_modal(shop: Shop, person: Person, modal: Answer, button: str) -> str:
    """Somebody presses a button in a modal; what it says then."""
    before = modal.modal.hash
    pressed = await person.presses(modal, button)
    assert not pressed.failed
    await modal.until(lambda: modal.modal.hash != before)
    await shop.settled()
    return modal.modal.shown


async def picks(shop: Shop, person: Person, message: Message, shortcut: str) -> Answer:
    """Somebody uses a shortcut in a message's menu, and reads the answer."""
    return await done(shop, person.picks(message, shortcut))


async def reacts(shop: Shop, person: Person, message: Message, sign: str) -> None:
    """Somebody puts a sign under a message; nobody is answered for that."""
    person.reacts(message, sign)
    await shop.settled()


def _is_said(answer: Answer) -> bool:
    """Whether there is something to read, and no longer the request for a moment's patience."""
    return bool(answer.text) and not any(f"{moment}, " in answer.text for moment in ("One moment", "Einen Moment"))


async def fills_in(shop: Shop, person: Person, form: Answer, values: Mapping[str, Any]) -> str:
    """Somebody sends a form, and what they read then: in the form, or where they had asked for it."""
    before = len(form.messages)
    sent = await person.fills_in(form, values)
    assert not sent.failed
    await form.until(lambda: _is_said(sent) or len(form.messages) > before)
    await shop.settled()
    return "\n".join([sent.text, *(message.shown for message in form.messages[before:])])


def labels(where: Message | View) -> list[str]:
    """What its buttons say."""
    return [str(button["text"]["text"]) for button in where.buttons]


def shown(messages: Iterable[Message]) -> str:
    """All that can be read in some messages."""
    return "\n".join(message.shown for message in messages)


def ours(shop: Shop, channel: Channel) -> list[Message]:
    """What the bot has said in a channel and its threads."""
    return [message for message in channel.messages if message.user is shop.workspace.bot]
