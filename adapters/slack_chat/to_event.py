"""What Slack tells us, as events of the desk. Nothing is decided here, and nothing but people is looked up.

A moment is Slack's own wherever it tells one. Slack delivers in any order and more than once, so each key is the same
however often, and by whatever way, something is told. Ids of channels are those by which the desk knows them.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from slack_sdk.errors import SlackApiError

from adapters.slack_chat.addresses import address, moment_of, order_of, server_of
from adapters.slack_chat.commands import meant
from adapters.slack_chat.forms import form_of
from adapters.slack_chat.people import reason_of
from adapters.slack_chat.reading import command_in, mentions, person_in, plain, without_us
from adapters.slack_chat.workspaces import Workspace, installed_in
from bot.model import (
    ButtonPressed,
    CommandUsed,
    Event,
    FormSent,
    MessageDeleted,
    MessageEdited,
    MessagePicked,
    MessagePosted,
    Person,
    PlaceGone,
    ServerJoined,
    ServerLeft,
    Wish,
)

Body = Mapping[str, Any]
"""A payload of Slack's."""

_WRITTEN = frozenset({None, "file_share", "me_message", "thread_broadcast"})
"""Subtypes of messages that people write; all others are Slack's own, or a bot's."""
_SLACKBOT = "USLACKBOT"
_SIGNS = {"ticket": Wish.TICKET, "admission_tickets": Wish.TICKET, "eyes": Wish.CLAIM}
"""What reactions mean."""
_PASSING = frozenset({"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"})
"""Slack's errors that are worth another try: the event is told again."""
_NAMES_PERSON = frozenset({"block", "unblock"})
"""Commands that want somebody's id where others want their name."""
_PERMALINK = re.compile(
    r"<?(?P<url>https://[^\s|>]+/archives/(?P<channel>\w+)/p(?P<seconds>\d{10})(?P<rest>\d{6})[^\s|>]*)"
)
_CHANNELS = re.compile(r"[CG][A-Z0-9]+(?: [CG][A-Z0-9]+)*")
_LAST_OF_SECOND = timedelta(microseconds=999_999)


@dataclass(frozen=True, slots=True)
class When:
    """A moment, and the same as a sortable number."""

    at: datetime
    order: int

    @classmethod
    def of(cls, ts: str) -> When:
        """Slack's own moment. Raises ValueError for what is none."""
        return cls(moment_of(ts), order_of(ts))

    @classmethod
    def told(cls, body: Body) -> When:
        """When an event happened; of some, Slack tells only the second."""
        return cls.of(body["event"].get("event_ts") or f"{body['event_time']}.0")

    @classmethod
    def now(cls, sent: datetime | None) -> When:
        """Now, for what Slack gives no moment of its own.

        Over HTTP it says in which second it has sent a request (`sent`): that second holds, and our clock only puts
        those of one second in order. Over Socket Mode it says nothing, and what counts is when it has reached us.
        """
        now = datetime.now(UTC)
        if sent is not None:
            now = min(max(now, sent), sent + _LAST_OF_SECOND)
        return cls(now, (now - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1))


# --- events: somebody wrote, edited, deleted, reacted ------------------------------------------------


async def message_event(workspace: Workspace, body: Body) -> Event | None:
    """A message that was written, changed or deleted, or a command behind our name; None for what people did not write.

    A message with our name is told twice, as `message` and as `app_mention`: both make the same event.
    """
    event = body["event"]
    match event.get("subtype"):
        case "message_changed" if event["message"].get("subtype") == "tombstone":
            return _message_deleted(workspace, body, event["message"]["ts"])
        case "message_changed":
            return _message_edited(workspace, body)
        case "message_deleted":
            return _message_deleted(workspace, body, event["deleted_ts"])
        case _ if _is_written(workspace, event) and not event.get("hidden"):
            return await _message_posted(workspace, event)
        case _:
            return None


def _is_written(workspace: Workspace, message: Body) -> bool:
    """Whether a person has written it."""
    author = message.get("user")
    is_bot = bool(message.get("bot_id")) or author in {None, _SLACKBOT, workspace.bot_user}
    return message.get("subtype") in _WRITTEN and not is_bot


async def _message_posted(workspace: Workspace, event: Body) -> MessagePosted | MessagePicked | CommandUsed:
    shown = event.get("user_profile") or {}  # only people of other companies come with one
    shown_name = shown.get("display_name") or shown.get("real_name") or ""
    where = _of_message(workspace, event["channel"], event)
    ts, words = event["ts"], event.get("text") or ""
    is_to_us = mentions(words, workspace.bot_user)
    told = {
        **where,
        **_moment(When.of(ts), f"message-{where['message']}"),
        "person": await workspace.people.person(event["user"], shown_name),
    }
    is_direct = where["is_direct"]
    may_mark = is_to_us or is_direct or where["thread"] is not None
    plain_words = plain(words, workspace.people.name, workspace.bot_user)
    command = command_in(plain_words, is_called=is_to_us, is_alone=is_direct, may_mark=may_mark)
    if command == ("claim", "") and told["thread"] is not None:  # this thread's ticket, or none
        return MessagePicked(**told, wish=Wish.CLAIM, author=told["person"], text="")
    if command is not None:
        del told["message"]
        name, rest = command
        if name in _NAMES_PERSON:
            rest = _person(without_us(words, workspace.bot_user).strip().partition(" ")[2])
        return CommandUsed(**told, name=name, words=rest)
    text = _text(workspace, event["channel"], event)
    return MessagePosted(**told, text=text, is_to_us=is_to_us and not is_direct)


def _text(workspace: Workspace, channel: str, message: Body) -> str:
    """What somebody wrote; in direct messages, which the team cannot open, with the names of the files."""
    words = plain(message.get("text") or "", workspace.people.name, workspace.bot_user)
    files = message.get("files") or () if channel.startswith("D") else ()
    return "\n".join([*filter(None, [words]), *(f"📎 {file['name']}" for file in files if file.get("name"))])


def _message_edited(workspace: Workspace, body: Body) -> MessageEdited | None:
    """The new words of a message; None for what Slack itself has added to it: previews, replies, its language.

    Slack notes an edit only by its second; the moment of the event tells two in one second apart.
    """
    event = body["event"]
    message, before = event["message"], event.get("previous_message") or {}
    is_edited = "edited" in message and message.get("text") != before.get("text")
    if not (is_edited and _is_written(workspace, message)):
        return None
    return MessageEdited(
        **_of_message(workspace, event["channel"], message),
        **_moment(When.told(body), f"edit-{body['event_id']}"),
        text=_text(workspace, event["channel"], message),
    )


def _message_deleted(workspace: Workspace, body: Body, ts: str) -> MessageDeleted | None:
    """A message that is gone; where replies hang under it, Slack leaves a tombstone."""
    event = body["event"]
    before = event.get("previous_message")
    if before is not None and not _is_written(workspace, before):
        return None
    where = _of_message(workspace, event["channel"], {**(before or {}), "ts": ts})
    return MessageDeleted(**where, **_moment(When.told(body), f"deleted-{where['message']}"))


async def reaction_event(workspace: Workspace, body: Body) -> MessagePicked | None:
    """🎫 and 👀 under a message; None for all other reactions, and for those of bots.

    For a ticket the message's words are asked for, where who set the sign may open one. Raises SlackApiError or
    OSError when it is worth another try.
    """
    event = body["event"]
    wish, item, user = _SIGNS.get(event["reaction"]), event["item"], event["user"]
    if wish is None or item.get("type") != "message" or user == workspace.bot_user:
        return None
    if await workspace.people.is_bot(user):
        return None
    message: Body = {"ts": item["ts"]}
    if wish is Wish.TICKET:
        if event.get("item_user") != user and not await _may_serve(workspace, user):
            return None
        found = await _message_under(workspace, item)
        if found is None:
            return None
        message = {"user": event.get("item_user"), **found, "ts": item["ts"]}
    where = _of_message(workspace, item["channel"], message)
    picked = await _picked(workspace, item["channel"], message, user)
    return MessagePicked(
        **where, **picked, **_moment(When.told(body), f"event-{body['event_id']}"), wish=wish, is_sign=True
    )


async def _may_serve(workspace: Workspace, user: str) -> bool:
    """Whether somebody may be of the staff, whom we do not know: without any user group only where there are none."""
    person = await workspace.people.person(user)
    return person.is_admin or len(person.roles) > 1 or (bool(person.roles) and not await workspace.people.groups())


async def _message_under(workspace: Workspace, item: Body) -> Body | None:
    """The message that a reaction stands under; None where Slack does not show it to us."""
    try:
        answer = await workspace.client.reactions_get(channel=item["channel"], timestamp=item["ts"])
    except SlackApiError as error:
        if reason_of(error) in _PASSING:
            raise
        return None
    found: dict[str, Any] = answer.get("message") or {}
    if "thread_ts" not in found:  # its address tells, too, in which thread it stands
        root = parse_qs(urlsplit(found.get("permalink") or "").query).get("thread_ts")
        found = {**found, **({"thread_ts": root[0]} if root else {})}
    return found


async def place_event(workspace: Workspace, body: Body) -> Event | None:
    """A channel that was deleted. One that has another id now is noted; all else that befalls channels passes."""
    event = body["event"]
    match event["type"]:
        case "channel_deleted" | "group_deleted":
            where = _in_channel(workspace, event["channel"])
            return PlaceGone(**where, **_moment(When.told(body), f"gone-{where['channel']}"))
        case "channel_id_changed":
            await workspace.channels.renamed(event["old_channel_id"], event["new_channel_id"])
            return None
        case _:
            return None


async def home_opened(workspace: Workspace, body: Body) -> ButtonPressed | None:
    """Somebody looks at the bot's home; None for its other tabs."""
    event = body["event"]
    if event.get("tab") != "home":
        return None
    return ButtonPressed(
        **_moment(When.told(body), f"event-{body['event_id']}"),
        **_alone(workspace, is_direct=True),
        person=await workspace.people.person(event["user"]),
        action="home",
    )


# --- what people use and press -----------------------------------------------------------------------


async def command_used(workspace: Workspace, body: Body, sent: datetime | None) -> CommandUsed | MessagePicked:
    """A slash command, `sent` by Slack in that second (see `When.now`).

    `/claim` with a message's address picks that message: it is its ticket that is meant, or none.
    """
    name = meant(body["command"], workspace.prefix)
    channel = body["channel_id"]
    told = {
        **_moment(When.now(sent), f"trigger-{body['trigger_id']}"),
        **_in_channel(workspace, channel, is_direct=body.get("channel_name") == "directmessage"),
        "person": await workspace.people.person(body["user_id"], body.get("user_name") or ""),
    }
    words = body.get("text") or ""
    link = _PERMALINK.match(words.strip()) if name == "claim" else None
    if link is not None:
        told |= {**_linked(workspace, link), "is_direct": told["is_direct"]}
        return MessagePicked(**told, wish=Wish.CLAIM, author=told["person"], text="")
    words = _person(words) if name in _NAMES_PERSON else plain(words, workspace.people.name, workspace.bot_user)
    return CommandUsed(**told, name=name, words=words)


def _person(words: str) -> str:
    """Whom a command is about: an id. To the desk any word could be one, two words are none."""
    return person_in(words) or f"@ {words.strip().lstrip('@')}"


def _linked(workspace: Workspace, link: re.Match[str]) -> dict[str, Any]:
    """Where a message stands whose address was given."""
    root = parse_qs(urlsplit(link["url"].replace("&amp;", "&")).query).get("thread_ts")
    message = {"ts": f"{link['seconds']}.{link['rest']}", **({"thread_ts": root[0]} if root else {})}
    return _of_message(workspace, link["channel"], message)


async def button_pressed(workspace: Workspace, body: Body) -> ButtonPressed:
    """A button of ours. Under a message of ours that stands by itself, it was pressed in that message's thread."""
    pressed = body["actions"][0]
    return ButtonPressed(
        **_of_action(body, pressed["action_ts"]),
        **_pressed_in(workspace, body),
        person=await _actor(workspace, body),
        action=str(pressed.get("value") or ""),
    )


def _pressed_in(workspace: Workspace, body: Body) -> dict[str, Any]:
    container = body.get("container") or {}
    channel, message = container.get("channel_id"), body.get("message") or {}
    if not channel:
        return _alone(workspace, is_direct=True)  # the home, or a modal: nobody else sees it
    root = container.get("thread_ts") or message.get("thread_ts")
    if root is None and not container.get("is_ephemeral"):
        root = container["message_ts"]
    known = workspace.channels.known_as(channel)
    return {**_in_channel(workspace, channel), "thread": address(known, root) if root else None}


async def message_picked(workspace: Workspace, body: Body, wish: Wish) -> MessagePicked:
    """A message that somebody has chosen from its menu."""
    message, channel = body["message"], body["channel"]["id"]
    return MessagePicked(
        **_of_action(body, body["action_ts"]),
        **_of_message(workspace, channel, message),
        **await _picked(workspace, channel, message, body["user"]["id"], body["user"].get("name") or ""),
        wish=wish,
    )


async def _picked(workspace: Workspace, channel: str, message: Body, user: str, name: str = "") -> dict[str, Any]:
    """Who picked what whose; a bot's message counts as that of who picked it."""
    people = workspace.people
    person = await people.person(user, name)
    is_own = message.get("user") in {None, user} or not _is_written(workspace, message)
    author = person if is_own else await people.person(message["user"])
    return {
        "person": person,
        "author": author,
        "text": _text(workspace, channel, message),
    }


async def shortcut_used(workspace: Workspace, body: Body) -> ButtonPressed:
    """The shortcut that belongs to no message: somebody wants a ticket, as by `/ticket`."""
    return ButtonPressed(
        **_of_action(body, body["action_ts"]),
        **_alone(workspace, is_direct=False),
        person=await _actor(workspace, body),
        action="ticket",
    )


async def form_sent(
    workspace: Workspace, body: Body, values: Mapping[str, str], sent: datetime | None = None
) -> FormSent:
    """A modal that was filled in where it was opened; `sent` as for commands. Raises ValueError for no form of ours.

    Slack gives no moment and no id of a submission. Who has mended what we refused sends the same view again: that is
    no second time, because what was refused has left no trace.
    """
    view = body["view"]
    form, origin, _ = form_of(view)
    where = {"channel": workspace.channels.known_as(origin.channel), "thread": origin.thread}
    return FormSent(
        **_moment(When.now(sent), f"form-{view['id']}-{view.get('hash', '')}"),
        **{**_alone(workspace, is_direct=origin.is_direct), **where},
        person=await _actor(workspace, body),
        form=form,
        values={name: _with_known_channels(workspace, value) for name, value in values.items()},
    )


def _with_known_channels(workspace: Workspace, value: str) -> str:
    """What was filled in, with the ids by which the desk knows channels, if it is channels that were chosen."""
    if not (workspace.channels.changed and _CHANNELS.fullmatch(value)):
        return value
    return " ".join(map(workspace.channels.known_as, value.split()))


# --- the bot comes and goes --------------------------------------------------------------------------


def server_joined(workspace: Workspace, locale: str | None, channel: str) -> ServerJoined:
    """The bot was installed, or is met again. Told twice does no harm; but it may come back with its old token."""
    return ServerJoined(
        **_moment(When.now(None), f"joined-{secrets.token_hex(8)}"),
        **_in_channel(workspace, channel, is_direct=False),
        locale=locale,
    )


def server_left(body: Body) -> ServerLeft | None:
    """The bot was removed, or its token was taken away; None where only people's tokens were."""
    event = body["event"]
    enterprise, team, is_organisation = installed_in(body)
    installation = enterprise if is_organisation else team
    is_over = event["type"] == "app_uninstalled" or bool((event.get("tokens") or {}).get("bot"))
    if not (is_over and installation):
        return None
    return ServerLeft(
        **_moment(When.told(body), f"left-{body['event_id']}"), server=server_of(installation), channel="", thread=None
    )


def server_lost(workspace: str) -> ServerLeft:
    """The bot was removed, and nobody has told us."""
    key = f"lost-{secrets.token_hex(8)}"
    return ServerLeft(**_moment(When.now(None), key), server=server_of(workspace), channel="", thread=None)


# --- what all of them share --------------------------------------------------------------------------


def _moment(when: When, key: str) -> dict[str, Any]:
    return {"key": key, "order": when.order, "at": when.at}


def _of_action(body: Body, ts: str) -> dict[str, Any]:
    """Slack makes a `trigger_id` for each press, and tells the same one when it tells it again."""
    return _moment(When.of(ts), f"action-{body.get('trigger_id') or ts + '-' + body['user']['id']}")


def _alone(workspace: Workspace, *, is_direct: bool) -> dict[str, Any]:
    """In no channel."""
    return {"server": workspace.server, "channel": "", "thread": None, "is_direct": is_direct}


def _in_channel(workspace: Workspace, channel: str, *, is_direct: bool | None = None) -> dict[str, Any]:
    """In a channel; ids of direct messages begin with a D."""
    direct = channel.startswith("D") if is_direct is None else is_direct
    return {**_alone(workspace, is_direct=direct), "channel": workspace.channels.known_as(channel)}


def _of_message(workspace: Workspace, channel: str, message: Body) -> dict[str, Any]:
    """A message, in the thread that it stands in if it is a reply."""
    where = _in_channel(workspace, channel)
    known, ts, root = where["channel"], message["ts"], message.get("thread_ts")
    thread = address(known, root) if root and root != ts else None
    return {**where, "message": address(known, ts), "thread": thread}


async def _actor(workspace: Workspace, body: Body) -> Person:
    user = body["user"]
    return await workspace.people.person(user["id"], user.get("name") or "")
