"""The bolt app: what Slack tells goes to the desk, and the desk's private answers go back.

A listener runs to its end before Slack is answered; what it raises makes Slack tell the event again.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import structlog
from cachetools import LRUCache
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError

from adapters.slack_chat.addresses import workspace_of
from adapters.slack_chat.answering import (
    Answering,
    AskedByForm,
    AskedInConversation,
    AskedInView,
    Body,
)
from adapters.slack_chat.deliver import Delivery
from adapters.slack_chat.files import with_texts
from adapters.slack_chat.forms import form_of
from adapters.slack_chat.manifest import NEW_TICKET
from adapters.slack_chat.nonsense import NONSENSE, Malformed, fault_in, reading_payload
from adapters.slack_chat.people import reason_of
from adapters.slack_chat.reading import mentions
from adapters.slack_chat.rooms import channels_in
from adapters.slack_chat.sharing import Sharing, shared_in
from adapters.slack_chat.show import CALLBACK
from adapters.slack_chat.to_event import (
    button_pressed,
    command_used,
    form_sent,
    home_opened,
    message_event,
    message_picked,
    place_event,
    reaction_event,
    server_left,
    shortcut_used,
)
from adapters.slack_chat.workspaces import Workspace, Workspaces, hushed, installed_in
from bot.model import CommandUsed, Event, FormSent, Language, Listener, MessagePicked, Wish
from bot.settings import Settings
from bot.texts import PlainMarkup, say, text

_INSTALLED_IN = "installed_in"
_WORKSPACE = "workspace"
"""Under these names the context of a request keeps to which installation it belongs."""
_SHARED = "shared"
"""Under this name, in which channel it happened, if companies share that."""
_CHOSEN = "chosen"
"""Under this name, that a listener was found: until then, what fails is the fault of the payload."""
_NAME = re.compile(r"[a-z_.]{1,64}")
MOST_HEARD = 50_000
"""Events that are known again; Slack repeats its own within minutes, and sends a workspace's at most 500 a minute."""

_log = structlog.get_logger(__name__)


def create_app(
    settings: Settings,
    desk: Listener,
    workspaces: Workspaces,
    answering: Answering | None = None,
    most_heard: int = MOST_HEARD,
) -> AsyncApp:
    """The app that hears for this desk, in any of the three ways. The listeners know nothing of the way."""
    listening = Listening(desk, workspaces, answering or Answering(desk, Delivery(workspaces, desk)), most_heard)
    secret = settings.slack_signing_secret
    app = AsyncApp(
        name="wartemarke",
        logger=hushed("slack_bolt", logging.ERROR),  # it warns of settings that it finds by itself and does not need
        process_before_response=True,
        raise_error_for_unhandled_request=True,
        signing_secret=secret.get_secret_value() if secret else "",
        client=workspaces.client(),
        before_authorize=_InstallationNoted(),
        authorize=_authorize_by(workspaces, Sharing(desk, workspaces)),
        user_facing_authorize_error_message="\n".join(
            say(text("not-installed"), language, PlainMarkup()) for language in Language
        ),
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    anything, chosen = re.compile(""), [_note_chosen]
    app.event(anything, middleware=chosen)(listening.told)
    app.command(anything, middleware=chosen)(listening.used)
    app.action(re.compile(r"desk\."), middleware=chosen)(listening.pressed)
    app.view(CALLBACK, middleware=chosen)(listening.sent)
    app.shortcut(NEW_TICKET, middleware=chosen)(listening.wanted)
    app.shortcut(re.compile(f"^({'|'.join(Wish)})$"), middleware=chosen)(listening.picked)
    app.error(_log_error)
    return app


class _InstallationNoted(AsyncMiddleware):
    """Tells the authorization for which installation a request is meant.

    Bolt itself reads the wrong one where another company shares the channel.
    """

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002
    ) -> BoltResponse | None:
        """Before the authorization."""
        del resp
        req.context[_INSTALLED_IN], req.context[_SHARED] = installed_in(req.body), shared_in(req.body)
        return await next()


def _authorize_by(workspaces: Workspaces, sharing: Sharing) -> Callable[[AsyncBoltContext], Awaitable[Any]]:
    async def authorize(context: AsyncBoltContext) -> AuthorizeResult | None:
        enterprise, team, is_organisation = context[_INSTALLED_IN]
        try:
            workspace = await workspaces.of_event(enterprise, team, is_enterprise_install=is_organisation)
            if context[_SHARED] is not None:
                workspace = await sharing.hearing(context[_SHARED], workspace)
        except NONSENSE as error:  # of our own
            raise RuntimeError("an installation cannot be read") from error
        except SlackApiError as error:  # bolt would take it for a removed bot, and nobody would tell the event again
            raise ConnectionError(f"Slack does not let us know ourselves: {reason_of(error)}") from error
        if workspace is None:
            return None
        context[_WORKSPACE] = workspace
        return AuthorizeResult(
            enterprise_id=enterprise,
            team_id=team,
            bot_id=workspace.bot_id,
            bot_user_id=workspace.bot_user,
            bot_token=workspace.client.token,
        )

    return authorize


async def _note_chosen(context: AsyncBoltContext, next: Callable[[], Awaitable[None]]) -> None:  # noqa: A002
    """Before a listener."""
    context[_CHOSEN] = True
    await next()


async def _log_error(error: Exception, body: Body, context: AsyncBoltContext) -> BoltResponse | None:
    """What nobody listens to is none of our business, and must not be told again; all else is."""
    event = body.get("event")
    told = {"type": _name(body.get("type")), "kind": _name(event.get("type")) if isinstance(event, Mapping) else None}
    if isinstance(error, BoltUnhandledRequestError):
        _log.warning("Slack tells something that nobody listens to", **told)
        return BoltResponse(status=HTTPStatus.OK)
    if isinstance(error, Malformed) or (isinstance(error, NONSENSE) and _CHOSEN not in context):
        fault = str(error) if isinstance(error, Malformed) else fault_in(error)
        _log.warning("Slack tells something that cannot be read", **told, fault=fault)
        return BoltResponse(status=HTTPStatus.BAD_REQUEST)
    _log.error("something that Slack told could not be handled", **told, exc_info=error)
    return None


def _name(told: object) -> str | None:
    """What Slack calls something, as far as it can stand in a log."""
    return told if isinstance(told, str) and _NAME.fullmatch(told) else None


class Listening:
    """What runs when Slack tells us something. Bolt gives a listener what its parameters are called."""

    def __init__(self, desk: Listener, workspaces: Workspaces, answering: Answering, most_heard: int) -> None:
        self._desk, self._workspaces, self._answering = desk, workspaces, answering
        self._heard: LRUCache[str, None] = LRUCache(most_heard)
        """Ids of events that are on the disk. The desk would know them again, too, once it has judged the words."""

    # --- events --------------------------------------------------------------------------------------

    async def told(self, body: Body, context: AsyncBoltContext) -> None:
        """An event of any type; when this returns, it is on the disk."""
        kind = str(body["event"]["type"])  # bolt has read it
        if kind not in EVENTS:
            _log.warning("Slack tells of something that nobody listens to", kind=_name(kind))
            return
        with reading_payload():
            id_ = str(body["event_id"])
        if id_ not in self._heard:
            await EVENTS[kind](self, context.get(_WORKSPACE), body)
            self._heard[id_] = None

    async def message(self, workspace: Workspace, body: Body) -> None:
        """Somebody wrote, or changed or deleted what they wrote."""
        with reading_payload():
            event = await message_event(workspace, body) if self._is_ours(workspace, body["event"]) else None
            is_twin = _is_twin(workspace, body["event"])
        await self._handle(workspace, event, is_twin=is_twin)

    def _is_ours(self, workspace: Workspace, event: Body) -> bool:
        """Whether it can be meant for us at all: else nobody is looked up. An exclamation mark may begin a command."""
        words = event.get("text") or ""
        return self._hears(workspace, event["channel"]) or workspace.bot_user in words or words.startswith("!")

    def _hears(self, workspace: Workspace, channel: str) -> bool:
        return channel.startswith("D") or self._desk.hears(workspace.server, workspace.channels.known_as(channel))

    async def reaction(self, workspace: Workspace, body: Body) -> None:
        """A sign under a message."""
        with reading_payload():
            is_heard = self._hears(workspace, body["event"]["item"].get("channel", ""))
            event = await reaction_event(workspace, body) if is_heard else None  # else it is nothing to the desk
        await self._handle(workspace, event)

    async def place(self, workspace: Workspace, body: Body) -> None:
        """Something befell a channel."""
        with reading_payload():
            event = await place_event(workspace, body)
        await self._handle(workspace, event)

    async def home(self, workspace: Workspace, body: Body) -> None:
        """Somebody looks at the bot's Home tab."""
        with reading_payload():
            event = await home_opened(workspace, body)
        if event is not None:
            await self._answering.show_home(workspace, event)

    async def groups(self, workspace: Workspace, _body: Body) -> None:
        """Who is in which user group is another now."""
        workspace.people.forget_groups()

    async def ended(self, _workspace: Workspace | None, body: Body) -> None:
        """The bot was removed, unless it was installed again before we heard of it."""
        with reading_payload():
            left = server_left(body)
        if left is not None and await self._workspaces.has_ended(workspace_of(left.server)):
            await self._desk.handle(left)

    async def _handle(self, workspace: Workspace, event: Event | None, *, is_twin: bool = False) -> None:
        """Only commands and signs are answered; the desk answers what is said to it by effects.

        What the desk refuses leaves no trace: of twins, which two processes may hear, it refuses both, and one is told.
        """
        reply = await self._desk.handle(event) if event is not None else None
        if reply is None or (reply.is_refusal and is_twin):
            return
        if isinstance(event, CommandUsed | MessagePicked):
            self._answering.errands.begin(self._answering.tell(workspace, event, reply))

    # --- what waits for an answer ----------------------------------------------------------------------

    async def used(self, body: Body, context: AsyncBoltContext, ack: AsyncAck, req: AsyncBoltRequest) -> None:
        """A slash command."""
        workspace: Workspace = context[_WORKSPACE]
        with reading_payload():
            asked = AskedInConversation(workspace, body, ack, takes_answer=True)
        await self._answering.answer(asked, command_used(workspace, body, _sent(req)))

    async def pressed(self, body: Body, context: AsyncBoltContext, ack: AsyncAck) -> None:
        """A button of ours."""
        workspace: Workspace = context[_WORKSPACE]
        way = AskedInConversation if body.get("response_url") else AskedInView
        with reading_payload():
            asked = way(workspace, body, ack)
        await self._answering.answer(asked, button_pressed(workspace, body))

    async def picked(self, body: Body, context: AsyncBoltContext, ack: AsyncAck) -> None:
        """A shortcut in the menu of a message."""
        workspace: Workspace = context[_WORKSPACE]
        with reading_payload():
            asked, wish = AskedInConversation(workspace, body, ack), Wish(body["callback_id"])
        await self._answering.answer(asked, message_picked(workspace, body, wish))

    async def wanted(self, body: Body, context: AsyncBoltContext, ack: AsyncAck) -> None:
        """The shortcut that belongs to no message."""
        workspace: Workspace = context[_WORKSPACE]
        with reading_payload():
            asked = AskedInView(workspace, body, ack)
        await self._answering.answer(asked, shortcut_used(workspace, body))

    async def sent(self, body: Body, context: AsyncBoltContext, ack: AsyncAck, req: AsyncBoltRequest) -> None:
        """A form of ours, filled in."""
        workspace: Workspace = context[_WORKSPACE]
        with reading_payload():
            asked = AskedByForm(workspace, body, ack)
        await self._answering.answer(asked, self._form(workspace, body, _sent(req)))

    async def _form(self, workspace: Workspace, body: Body, sent: datetime | None) -> FormSent:
        chosen = map(workspace.channels.known_as, channels_in(body["view"]))
        await self._answering.rooms.look(workspace, list(chosen))
        values = await with_texts(workspace, body["view"], form_of(body["view"])[2])
        return await form_sent(workspace, body, values, sent)


def _is_twin(workspace: Workspace, event: Body) -> bool:
    """Whether Slack tells the same as `app_mention`, too."""
    is_in_channel = event["type"] == "message" and not event["channel"].startswith("D")
    return is_in_channel and mentions(event.get("text") or "", workspace.bot_user)


def _sent(req: AsyncBoltRequest) -> datetime | None:
    """In which second Slack sent a request; in Socket Mode it does not tell."""
    told = req.headers.get("x-slack-request-timestamp")
    return datetime.fromtimestamp(int(told[0]), UTC) if told else None


_Listener = Callable[[Listening, Any, Body], Awaitable[None]]

EVENTS: Mapping[str, _Listener] = MappingProxyType(
    {
        "message": Listening.message,
        "app_mention": Listening.message,
        "reaction_added": Listening.reaction,
        "app_home_opened": Listening.home,
        **dict.fromkeys(
            ("channel_deleted", "group_deleted", "channel_id_changed", "channel_left", "group_left"), Listening.place
        ),
        **dict.fromkeys(("subteam_created", "subteam_updated", "subteam_members_changed"), Listening.groups),
        **dict.fromkeys(("app_uninstalled", "tokens_revoked"), Listening.ended),
    }
)
"""Who listens to which type of event."""
