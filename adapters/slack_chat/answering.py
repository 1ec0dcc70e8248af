"""The desk's private answers: in Slack's acknowledgement, by the response_url, or in a modal.

Slack waits three seconds for an acknowledgement, and a trigger_id opens a modal for as long
(interactivity/handling-user-interaction). So the acknowledgement goes out by then, and what is not there yet follows.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any, TypeGuard, TypeVar

import aiohttp
import structlog
from cachetools import LRUCache
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.errors import SlackClientError
from slack_sdk.webhook.async_client import AsyncWebhookClient

from adapters.slack_chat.addresses import place
from adapters.slack_chat.deliver import Delivery, tell
from adapters.slack_chat.files import send_file
from adapters.slack_chat.forms import Origin, errors_of, form_of, modal_of
from adapters.slack_chat.markup import to_plain
from adapters.slack_chat.nonsense import Malformed, reading_payload
from adapters.slack_chat.people import reason_of
from adapters.slack_chat.rooms import Rooms
from adapters.slack_chat.show import Page, home_with, modal_with, pages, waiting_modal
from adapters.slack_chat.workspaces import SDK, Workspace
from bot.model import (
    Block,
    ButtonPressed,
    CommandUsed,
    Content,
    Done,
    FormSent,
    Language,
    Later,
    Listener,
    MessagePicked,
    Person,
    Reply,
    Say,
    Text,
)
from bot.texts import note, paragraph, text

Interaction = CommandUsed | ButtonPressed | MessagePicked | FormSent
Body = Mapping[str, Any]
"""A payload of Slack's."""
T = TypeVar("T")

PATIENCE = timedelta(seconds=2)
"""After so long without a reply of the desk's we ask for more time."""
LATEST = timedelta(seconds=2.5)
"""Whatever is still on its way then, the acknowledgement goes out; after three seconds Slack gives up on us."""
FAREWELL = timedelta(seconds=2)
"""How long a stopping process waits for what it still has to say."""
PAUSE = timedelta(seconds=1)
"""How long to wait for another attempt to say something to all, where Slack does not tell."""
_MOST_ATTEMPTS = 5
TROUBLE = (SlackClientError, aiohttp.ClientError, OSError)
"""Slack says no, or cannot be reached."""
_MOST_BY_URL = 5
"""Messages that one response_url takes (interactivity/handling-user-interaction)."""
_HOME = "home"
"""The action by which the desk tells what stands in the Home tab."""
_MOST_TOLD = 10_000
"""Answers to mentions that are remembered, so that none is given twice."""
_LONGEST_ERROR = 1_000
"""Characters of a refusal under a field of a form."""

_log = structlog.get_logger(__name__)


class Errands:
    """What goes on after an acknowledgement; kept here, because the event loop itself would forget it."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, errand: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Do it in a task of its own; what goes wrong there is logged."""
        task = asyncio.create_task(errand)
        self._tasks.add(task)
        task.add_done_callback(self._end)
        return task

    def begin(self, errand: Coroutine[Any, Any, None]) -> None:
        """The same, where nobody waits for it."""
        _ = self.start(errand)

    def _end(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, Malformed):  # of which whoever asked is told
            _log.error("what was begun could not be ended", exc_info=error)

    async def close(self) -> None:
        """Let everything come to its end for a moment, and break off the rest."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=FAREWELL.total_seconds())
        left = list(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


# --- the ways in which an answer can be given --------------------------------------------------------


class Asked:
    """Something that a person waits for an answer to; the subclasses know how it can be given."""

    def __init__(self, workspace: Workspace, body: Body, ack: AsyncAck) -> None:
        self.workspace, self.body = workspace, body
        self.event: Interaction | None = None
        """What it is to the desk, as soon as that is known."""
        self.acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ack = ack

    @property
    def is_late(self) -> bool:
        """Whether the acknowledgement is gone, and can carry no answer any more."""
        return self.acknowledged.done()

    @property
    def language(self) -> Language:
        """For our own words about an answer."""
        return language_of(self.event.person) if self.event is not None else Language.EN

    @property
    def is_at_home(self) -> bool:
        """Whether it began in no conversation: then in the Home tab, which may have to show something else now."""
        return False

    async def acknowledge(self, answer: dict[str, Any] | None = None) -> None:
        """Once; with an answer where there is one."""
        if not self.is_late:
            self.acknowledged.set_result(None)
            await self._ack(answer or "")

    async def acknowledge_late(self) -> None:
        """The answer is not there yet."""
        await self.acknowledge()

    async def hold_on(self) -> None:
        """Ask for more time, in a way that leaves room for every answer."""
        await self.acknowledge_late()

    async def tell(self, reply: Reply) -> None:
        """Give the answer. Raises one of TROUBLE."""
        raise NotImplementedError

    async def tell_nothing(self) -> None:
        """There is no answer, as when the same is sent a second time. Raises one of TROUBLE."""
        await self.acknowledge()

    async def _modal(self, reply: Reply, origin: Origin) -> dict[str, Any]:
        """The answer as a modal: a form, or something to read."""
        if reply.form is None:
            return modal_with(reply.content or self._please_again(), self.workspace.dialect)
        groups = await self.workspace.people.groups()
        return modal_of(reply.form, origin, groups, self.workspace.dialect)

    def _pages(self, reply: Reply) -> list[Page]:
        return pages(reply.content or self._please_again(), self.workspace.dialect)

    def _done_already(self) -> dict[str, Any]:
        return modal_with(note_to(self.language, text("modal-done")), self.workspace.dialect)

    def _please_again(self) -> Content:
        """A form cannot follow when its trigger has expired."""
        return note_to(self.language, text("please-again"))


class AskedInConversation(Asked):
    """A slash command, a message's menu, or a button on a message: there is a response_url."""

    def __init__(self, workspace: Workspace, body: Body, ack: AsyncAck, *, takes_answer: bool = False) -> None:
        """With `takes_answer`, a short answer goes out in the acknowledgement itself: so it is with commands."""
        super().__init__(workspace, body, ack)
        self._takes_answer = takes_answer
        self._trigger, self._url = str(body["trigger_id"]), _url_of(body)
        self._is_under_whisper = bool((body.get("container") or {}).get("is_ephemeral"))
        """Whether it is a button on something that only this person sees."""

    async def tell(self, reply: Reply) -> None:
        """What comes late, or in many parts, comes by the response_url; each part after the one before.

        What was done by a button under a private message cannot be done once more: the answer takes its place.
        """
        if reply.form is not None and not self.is_late and await self._is_opened(reply):
            await self.acknowledge()
            return
        told = self._pages(reply)
        if self._takes_answer and len(told) == 1 and not self.is_late:
            await self.acknowledge(_message(told[0], is_public=reply.is_public))
            return
        await self.acknowledge()
        is_done = not (reply.is_refusal or reply.is_public or reply.form)
        url, replaces = self._origin.response_url, self._is_under_whisper and is_done
        await tell_by_url(self.workspace, url, told, is_public=reply.is_public, replaces=replaces)

    @property
    def _origin(self) -> Origin:
        channel, thread, is_direct = ("", None, False)
        if self.event is not None:
            channel, thread, is_direct = self.event.channel, self.event.thread, self.event.is_direct
        return Origin(channel=channel, thread=thread, response_url=self._url, is_direct=is_direct)

    async def _is_opened(self, reply: Reply) -> bool:
        view = await self._modal(reply, self._origin)
        try:
            await self.workspace.client.views_open(trigger_id=self._trigger, view=view)
        except TROUBLE as error:
            _log.warning("a form could not be opened", reason=reason_of(error))
            return False
        return True


class AskedInView(Asked):
    """A button in the Home tab or in a modal, or a global shortcut: the answer is a modal.

    In a modal, the answer takes the place of what the button stood in.
    """

    def __init__(self, workspace: Workspace, body: Body, ack: AsyncAck) -> None:
        super().__init__(workspace, body, ack)
        view: Body = body.get("view") or {}
        self._view: str | None = view.get("id") if view.get("type") == "modal" else None
        self._trigger = str(body["trigger_id"])
        self._is_waiting = False
        """Whether a request for patience is open."""

    @property
    def is_at_home(self) -> bool:
        """A modal does not tell where it began; showing the Home tab once too often does no harm."""
        return True

    async def hold_on(self) -> None:
        """A modal that is open already can still be changed when the trigger has expired."""
        await self.acknowledge()
        if self._view is None:
            try:
                await self._show(waiting_modal(self.language))
                self._is_waiting = True
            except TROUBLE as error:
                _log.warning("a modal could not be opened", reason=reason_of(error))

    async def tell(self, reply: Reply) -> None:
        """Open it, or change the one that is open."""
        await self._show(await self._modal(reply, Origin(is_direct=True)))
        await self.acknowledge()

    async def tell_nothing(self) -> None:
        """A request for patience is not the last word."""
        if self._is_waiting:
            await self._show(self._done_already())
        await self.acknowledge()

    async def _show(self, view: dict[str, Any]) -> None:
        client = self.workspace.client
        if self._view is None:
            opened = await client.views_open(trigger_id=self._trigger, view=view)
            self._view = opened["view"]["id"]
        else:
            await client.views_update(view_id=self._view, view=view)


class AskedByForm(Asked):
    """A form that was filled in: it stays as it is to be mended, or closes, or becomes the answer."""

    def __init__(self, workspace: Workspace, body: Body, ack: AsyncAck) -> None:
        """Raises ValueError for a view that no form of ours has become."""
        super().__init__(workspace, body, ack)
        self._view, self._origin = str(body["view"]["id"]), form_of(body["view"])[1]

    @property
    def is_at_home(self) -> bool:
        """Whether the form was opened there."""
        return not self._origin.channel

    async def acknowledge_late(self) -> None:
        """Meanwhile the form becomes a request for patience, which can be changed later."""
        await self.acknowledge({"response_action": "update", "view": waiting_modal(self.language)})

    async def tell(self, reply: Reply) -> None:
        """What was asked in a conversation is answered there, if the form can simply be closed."""
        if self.is_late:
            view = await self._modal(reply, self._origin)
            if reply.is_refusal:
                view = _form_again(self.body["view"], view["blocks"])
            await self.workspace.client.views_update(view_id=self._view, view=view)
        elif reply.is_refusal and (errors := self._errors(reply)):
            await self.acknowledge({"response_action": "errors", "errors": errors})
        elif reply.form is not None or not self._origin.response_url:
            view = await self._modal(reply, self._origin)
            await self.acknowledge({"response_action": "update", "view": view})
        else:
            await self.acknowledge({"response_action": "clear"})
            await self._tell_there(reply)
            return
        if reply.is_public:
            await self._tell_there(reply)

    async def tell_nothing(self) -> None:
        """The form closes; a request for patience can only become something else."""
        if self.is_late:
            await self.workspace.client.views_update(view_id=self._view, view=self._done_already())
        await self.acknowledge({"response_action": "clear"})

    def _errors(self, reply: Reply) -> dict[str, str]:
        said = reply.content and _sentence(reply.content, self.workspace)
        return errors_of(self.body["view"], said) if said else {}

    async def _tell_there(self, reply: Reply) -> None:
        await tell_by_url(self.workspace, self._origin.response_url, self._pages(reply), is_public=reply.is_public)


def _form_again(sent: Body, above: list[dict[str, Any]]) -> dict[str, Any]:
    """A form as it was sent, with all that was filled in, below what has to be said about it."""
    kept = ("type", "callback_id", "title", "submit", "close", "private_metadata")
    filled = [_filled(block, sent["state"]["values"]) for block in sent["blocks"] if block["type"] == "input"]
    return {**{name: sent[name] for name in kept}, "blocks": [*above, *filled]}


def _filled(block: dict[str, Any], values: Body) -> dict[str, Any]:
    """Slack calls what was chosen selected_..., and what is chosen beforehand initial_...; a file cannot be."""
    element: dict[str, Any] = block["element"]
    given = values.get(block["block_id"], {}).get(element["action_id"], {})
    begun = {
        "initial_value" if name == "value" else name.replace("selected", "initial"): value
        for name, value in given.items()
        if value and (name == "value" or name.startswith("selected"))
    }
    return {**block, "element": {**element, **begun}}


async def tell_by_url(
    workspace: Workspace, url: str, told: list[Page], *, is_public: bool = False, replaces: bool = False
) -> None:
    """Say something where the response_url leads, one page after the other. Raises one of TROUBLE.

    With `replaces`, the first takes the place of the message that the button was on.
    """
    address, _, thread_ts = url.partition("#")
    if len(told) > _MOST_BY_URL:
        _log.warning("an answer was cut: a response_url takes no more", pages=len(told), most=_MOST_BY_URL)
    client = workspace.client
    there = AsyncWebhookClient(address, session=client.session, logger=logging.getLogger(SDK), retry_handlers=[])
    for number, page in enumerate(told[:_MOST_BY_URL]):
        message = _message(page, is_public=is_public) | {"replace_original": replaces and number == 0}
        answer = await there.send_dict(message | ({"thread_ts": thread_ts} if thread_ts else {}))
        if answer.status_code != HTTPStatus.OK:
            raise ConnectionError(f"Slack does not take an answer: status {answer.status_code}")


def _url_of(body: Body) -> str:
    """The response_url; as its fragment, which Slack never sees, the thread that people look at while they ask.

    Without that, an answer by the url stands in the channel.
    """
    container, message = body.get("container") or {}, body.get("message") or {}
    ts = container.get("message_ts") or message.get("ts")
    thread_ts = container.get("thread_ts") or message.get("thread_ts")
    url = str(body.get("response_url") or "")
    return f"{url}#{thread_ts}" if url and thread_ts and thread_ts != ts else url


def _message(page: Page, *, is_public: bool) -> dict[str, Any]:
    return {
        "response_type": "in_channel" if is_public else "ephemeral",
        "text": page.text,
        "blocks": page.blocks,
    }


def _sentence(content: Content, workspace: Workspace) -> str:
    """All that a content says, in one line."""
    said = (
        to_plain(block.words, content.language, formal=content.formal, limit=_LONGEST_ERROR, dialect=workspace.dialect)
        for block in content.blocks
    )
    return " ".join(said)[:_LONGEST_ERROR]


def note_to(language: Language, words: Text) -> Content:
    """One sentence of the adapter's own."""
    return Content(language, (paragraph(words),))


def language_of(person: Person) -> Language:
    """What somebody reads."""
    return Language.of_locale(person.locale) or Language.EN


# --- asking the desk ---------------------------------------------------------------------------------


class Answering:
    """Hands to the desk what people ask for, and brings them its answers, in time."""

    def __init__(self, desk: Listener, delivery: Delivery) -> None:
        self.errands = Errands()
        self.rooms = Rooms()
        self.patience, self.latest, self.pause = PATIENCE, LATEST, PAUSE
        self._desk, self._delivery = desk, delivery
        self._told: LRUCache[tuple[str, str], None] = LRUCache(_MOST_TOLD)

    async def answer(self, asked: Asked, hearing: Coroutine[Any, Any, Interaction]) -> None:
        """Returns when the acknowledgement can go out; what is left to say is said afterwards."""
        answering = self.errands.start(self._answer(asked, hearing))
        either = {answering, asked.acknowledged}
        await asyncio.wait(either, timeout=self.latest.total_seconds(), return_when=asyncio.FIRST_COMPLETED)
        if answering.done():
            answering.result()  # raises what went wrong, so that the person sees it at once
        await asked.acknowledge_late()

    async def _answer(self, asked: Asked, hearing: Coroutine[Any, Any, Interaction]) -> None:
        handling = asyncio.ensure_future(self._handle(asked, hearing))
        await asyncio.wait({handling}, timeout=self.patience.total_seconds())
        if not handling.done():
            await (asked.acknowledge() if _is_for_home(asked.event) else asked.hold_on())
        reply = await handling or Reply()
        if reply.file is not None:
            await asked.hold_on()  # sending it takes a while, and no acknowledgement can hold it
            reply = await self._without_file(asked.workspace, asked.event, reply)
        if _is_for_home(asked.event):
            await self._publish(asked.workspace, asked.event, reply)
            return
        await self._tell(asked, reply)
        if asked.is_at_home and asked.event is not None and not (reply.form or reply.is_refusal):
            await self.show_home(asked.workspace, _home_after(asked.event))

    async def _handle(self, asked: Asked, hearing: Coroutine[Any, Any, Interaction]) -> Reply | None:
        try:
            with reading_payload():
                asked.event = await hearing
        except TROUBLE as error:
            _log.warning("what somebody asked for could not be read", reason=reason_of(error))
            return Reply(note_to(asked.language, text("please-again")), is_refusal=True)
        return await self._desk.handle(asked.event)

    async def _tell(self, asked: Asked, reply: Reply) -> None:
        try:
            await (asked.tell_nothing() if reply == Reply() else asked.tell(reply))
        except TROUBLE as error:
            _log.warning("an answer could not be given where it was asked for", reason=reason_of(error))
            if asked.event is not None and reply != Reply():
                content = reply.content or note_to(asked.language, text("please-again"))
                await self._say(asked.workspace, asked.event, content, is_public=reply.is_public)

    async def tell(self, workspace: Workspace, event: MessagePicked | CommandUsed, reply: Reply) -> None:
        """What answers a sign or a mention, for which there is no way but a message.

        Slack tells a mention twice, and what the desk refuses it refuses twice.
        """
        told = event.server, event.key
        if reply == Reply() or told in self._told:
            return
        self._told[told] = None
        reply = await self._without_file(workspace, event, reply)
        content = reply.content or note_to(language_of(event.person), text("needs-form"))
        await self._say(workspace, event, content, is_public=reply.is_public)

    async def _say(self, workspace: Workspace, event: Interaction, content: Content, *, is_public: bool) -> None:
        """The last way to tell somebody what is done already."""
        if is_public:
            await self._say_to_all(event, content)
        else:
            await tell(workspace, event.person.id, event.channel, content, event.thread)

    async def _say_to_all(self, event: Interaction, content: Content) -> None:
        """As an effect is said, but owed by nobody: it gets lost with the process, or when it has to wait too often."""
        said = Say(server=event.server, channel=event.channel, thread=event.thread, content=content)
        nonce = f"{int(event.at.timestamp()):x}-{hashlib.sha256(event.key.encode()).hexdigest()[:16]}"
        outcome = await self._delivery.perform(said, nonce)
        for attempt in range(2, _MOST_ATTEMPTS + 1):
            if not isinstance(outcome, Later):
                break
            await asyncio.sleep((outcome.wait or self.pause).total_seconds())
            outcome = await self._delivery.perform(said, nonce, attempt)
        if not isinstance(outcome, Done):
            _log.warning("what was done could not be told", reason=outcome.reason)

    async def _without_file(self, workspace: Workspace, event: Interaction | None, reply: Reply) -> Reply:
        """A private file goes into the direct messages, a public one to where it was asked for; the answer says so."""
        if event is None or reply.file is None or reply.content is None:
            return reply
        try:
            await self._send(workspace, event, reply)
        except TROUBLE as error:
            _log.warning("a file could not be sent", reason=reason_of(error))
            told = [note(text("file-not-sent"))]
        else:
            told = [] if reply.is_public else [note(text("file-in-direct-message"))]
        blocks: tuple[Block, ...] = (*reply.content.blocks, *told)
        return replace(reply, file=None, content=replace(reply.content, blocks=blocks))

    async def _send(self, workspace: Workspace, event: Interaction, reply: Reply) -> None:
        if reply.file is None:
            return
        if reply.is_public and event.thread is not None:
            channel, thread_ts = place(event.thread)
        elif reply.is_public:
            channel, thread_ts = event.channel, None
        else:
            opened = await workspace.client.conversations_open(users=event.person.id)
            channel, thread_ts = opened["channel"]["id"], None
        await send_file(workspace, workspace.channels.now(channel), thread_ts, reply.file)

    # --- the Home tab --------------------------------------------------------------------------------

    async def show_home(self, workspace: Workspace, event: ButtonPressed) -> None:
        """Ask the desk for what stands in somebody's Home tab; it is put there a moment later."""
        reply = await self._desk.handle(event)
        if reply is not None:
            self.errands.begin(self._publish(workspace, event, reply))

    async def _publish(self, workspace: Workspace, event: Interaction, reply: Reply) -> None:
        if reply.content is None:
            return
        view = home_with(reply.content, workspace.dialect)
        try:
            await workspace.client.views_publish(user_id=event.person.id, view=view)
        except TROUBLE as error:
            _log.warning("a Home tab could not be shown", reason=reason_of(error))


def _is_for_home(event: Interaction | None) -> TypeGuard[ButtonPressed]:
    """Whether somebody asks for the Home tab itself."""
    return isinstance(event, ButtonPressed) and event.action == _HOME


def _home_after(event: Interaction) -> ButtonPressed:
    """The Home tab as it is after something was done there."""
    return ButtonPressed(
        key=f"{event.key}-home",
        server=event.server,
        channel="",
        order=event.order,
        at=event.at,
        is_direct=True,
        person=event.person,
        action=_HOME,
    )
