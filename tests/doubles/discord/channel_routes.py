"""Calls about channels, threads, members of threads, and messages."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.doubles.discord import messages, shapes
from tests.doubles.discord.errors import (
    ApiError,
    Json,
    archived,
    invalid,
    missing_access,
    missing_permissions,
    too_many,
    unknown,
)
from tests.doubles.discord.gateway import without_content
from tests.doubles.discord.permissions import Permission, may, sees, sending
from tests.doubles.discord.rest import Answer, Call, Routes, required
from tests.doubles.discord.world import COMPONENTS_V2, Channel, Message, Place, Thread

NONCE_SECONDS = 300.0
RENAMES, RENAME_SECONDS = 2, 600.0
OLD = timedelta(hours=1)
TAKEN_FLAGS = 1 << 2 | 1 << 12 | 1 << 13 | COMPONENTS_V2
"""Those that a bot may set: no embeds, no notification, a voice message, and components of today."""


def _place(call: Call) -> Place:
    """The channel or thread of a call, if the bot may know of it."""
    found = call.world.places.get(call.params["channel_id"])
    if found is None or found.is_deleted:
        raise unknown(10003, "Channel")
    if not found.guild.has_bot or not sees(found.guild.bot, found):
        raise missing_access()
    return found


def _channel(call: Call) -> Channel:
    found = _place(call)
    if not isinstance(found, Channel):
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    return found


def _thread(call: Call) -> Thread:
    found = _place(call)
    if not isinstance(found, Thread):
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    return found


def _message(call: Call, place: Place) -> Message:
    found = place.posted.get(call.params["message_id"])
    if found is None:
        raise unknown(10008, "Message")
    return found


def _need(place: Place, permission: Permission) -> None:
    if not may(place.guild.bot, place, permission):
        raise missing_permissions()


# --- messages ---


def create_message(call: Call) -> Answer:
    place, body = _place(call), call.body or {}
    _need(place, sending(place))
    if call.files:
        _need(place, Permission.ATTACH_FILES)
    if isinstance(place, Thread) and place.locked and not may(place.guild.bot, place, Permission.MANAGE_THREADS):
        raise archived() if place.archived else ApiError(403, 160005, "Thread is locked")
    repeated = _same_nonce(call, place, body)
    if repeated is not None:
        return 200, shapes.message(repeated)
    flags = (body.get("flags") or 0) & TAKEN_FLAGS
    messages.check(body | ({"attachments": call.files} if call.files else {}), flags)
    if body.get("message_reference"):
        _need(place, Permission.READ_MESSAGE_HISTORY)
    answers = messages.answered(place, body.get("message_reference"))
    nonce = str(body["nonce"]) if body.get("nonce") is not None else None
    me, kind = call.world.me, 19 if answers is not None else 0
    message = Message(call.world.ids.new(), place, me, flags=flags, type=kind, nonce=nonce, answers=answers)
    if isinstance(place, Thread):
        place.change(archived=False)
        place.add(me)
    messages.write(message, body, call.files)
    messages.post(place, message)
    if nonce is not None:
        call.nonces[place.id, nonce] = (message.id, time.monotonic())
    return 200, shapes.message(message)


def _same_nonce(call: Call, place: Place, body: Json) -> Message | None:
    """The message that the same nonce made a short time ago, if the sender wants that looked at."""
    if not body.get("enforce_nonce") or body.get("nonce") is None:
        return None
    id_, at = call.nonces.get((place.id, str(body["nonce"])), ("", 0.0))
    if not id_ or time.monotonic() - at > NONCE_SECONDS:
        return None
    if id_ not in place.posted:
        raise unknown(10008, "Message")
    return place.posted[id_]


def edit_message(call: Call) -> Answer:
    place = _place(call)
    message = _message(call, place)
    if message.author is not call.world.me:
        raise ApiError(403, 50005, "Cannot edit a message authored by another user")
    if isinstance(place, Thread) and place.archived:
        raise archived()
    _count_edit(call, message)
    messages.edit(message, call.body or {}, call.files)
    return 200, shapes.message(message)


def _count_edit(call: Call, message: Message) -> None:
    if datetime.now(UTC) - message.sent_at < OLD:
        return
    edited = call.edits_of_old.get(message.place.id, 0)
    if edited >= call.world.old_edits:
        words = "Maximum number of edits to messages older than 1 hour reached. Try again later"
        raise too_many(call.world.old_edit_wait, "shared", code=30046, message=words)
    call.edits_of_old[message.place.id] = edited + 1


def delete_message(call: Call) -> Answer:
    place = _place(call)
    message = _message(call, place)
    if message.author is not call.world.me:
        _need(place, Permission.MANAGE_MESSAGES)
    place.remove(message)
    return 204, None


def get_message(call: Call) -> Answer:
    place = _place(call)
    _need(place, Permission.READ_MESSAGE_HISTORY)
    return 200, _readable(call, _message(call, place))


def list_messages(call: Call) -> Answer:
    """The newest first; with `after`, the oldest of those that came after."""
    place = _place(call)
    if not may(place.guild.bot, place, Permission.READ_MESSAGE_HISTORY):
        return 200, []
    limit = int(call.query.get("limit", "50"))
    if not 1 <= limit <= 100:
        raise invalid("limit", "int value should be less than or equal to 100.", "NUMBER_TYPE_MAX")
    found = place.messages
    if "after" in call.query:
        found = [each for each in found if int(each.id) > int(call.query["after"])][:limit]
    elif "before" in call.query:
        found = [each for each in found if int(each.id) < int(call.query["before"])][-limit:]
    else:
        found = found[-limit:]
    return 200, [_readable(call, each) for each in reversed(found)]


def _readable(call: Call, message: Message) -> Json:
    shape = shapes.message(message)
    return shape if call.world.allow_message_content else without_content(shape, call.world.me.id)


# --- threads ---


def thread_from_message(call: Call) -> Answer:
    channel, body = _channel(call), required(call.body, "name")
    message = _message(call, channel)
    _need(channel, Permission.CREATE_PUBLIC_THREADS)
    if message.id in call.world.places:
        raise ApiError(400, 160004, "A thread has already been created for this message")
    _check_new_thread(channel, body["name"])
    thread = channel.guild.open_thread(channel, body["name"], call.world.me, message=message, private=False)
    return 201, shapes.thread(_with_settings(thread, body))


def thread_alone(call: Call) -> Answer:
    channel, body = _channel(call), required(call.body, "name")
    private = body.get("type") != shapes.PUBLIC_THREAD
    _need(channel, Permission.CREATE_PRIVATE_THREADS if private else Permission.CREATE_PUBLIC_THREADS)
    _check_new_thread(channel, body["name"])
    thread = channel.guild.open_thread(channel, body["name"], call.world.me, message=None, private=private)
    return 201, shapes.thread(_with_settings(thread, body))


def _check_new_thread(channel: Channel, name: str) -> None:
    _check_name(channel, name)
    active = sum(not thread.archived for thread in channel.guild.threads)
    if active >= channel.guild.max_active_threads:
        raise ApiError(400, 160006, "Maximum number of active threads reached")


def _check_name(place: Place, name: str) -> None:
    if not 1 <= len(name) <= 100:
        raise invalid("name", "Must be between 1 and 100 in length.")
    if any(word in name.lower() for word in place.guild.world.filtered_words):
        raise invalid("name", "Contains words not allowed", "CONTAINS_WORDS_NOT_ALLOWED")


def _with_settings(thread: Thread, body: Json) -> Thread:
    thread.auto_archive_minutes = body.get("auto_archive_duration") or thread.auto_archive_minutes
    thread.invitable = body.get("invitable", True)
    return thread


def edit_channel(call: Call) -> Answer:
    place, body = _place(call), call.body or {}
    if isinstance(place, Channel):
        _need(place, Permission.MANAGE_CHANNELS)
        _count_rename(call, place, body)
        place.rename(body.get("name", place.name))
        return 200, shapes.channel(place)
    thread = _thread(call)
    is_ours = thread.owner_id == call.world.me.id
    if not is_ours or "locked" in body:
        _need(thread, Permission.MANAGE_THREADS)
    if thread.archived and set(body) != {"archived"} and body.get("archived") is not False:
        raise archived()
    if "name" in body:
        _check_name(thread, body["name"])
        _count_rename(call, thread, body)
    known = {"name", "archived", "locked", "invitable"}
    changes: dict[str, Any] = {key: value for key, value in body.items() if key in known}
    if "auto_archive_duration" in body:
        changes["auto_archive_minutes"] = body["auto_archive_duration"]
    thread.change(**changes)
    return 200, shapes.thread(thread)


def _count_rename(call: Call, place: Place, body: Json) -> None:
    """Names can be changed twice in ten minutes, which no header tells."""
    if "name" not in body:
        return
    now = time.monotonic()
    recent = [at for at in call.renames.get(place.id, []) if now - at < RENAME_SECONDS]
    if len(recent) >= RENAMES:
        raise too_many(recent[0] + RENAME_SECONDS - now, "shared")
    call.renames[place.id] = [*recent, now]


def get_channel(call: Call) -> Answer:
    return 200, _place(call).shape()


def delete_channel(call: Call) -> Answer:
    place = _place(call)
    if isinstance(place, Thread):
        _need(place, Permission.MANAGE_THREADS)
        place.delete()
    elif isinstance(place, Channel):
        _need(place, Permission.MANAGE_CHANNELS)
        place.delete()
    return 200, place.shape()


def active_threads(call: Call) -> Answer:
    guild = call.world.guilds.get(call.params["guild_id"])
    if guild is None or not guild.has_bot:
        raise missing_access() if guild else unknown(10004, "Guild")
    return 200, _listed(call, [thread for thread in guild.threads if not thread.archived])


def _listed(call: Call, threads: list[Thread]) -> Json:
    me = call.world.me.id
    seen = [thread for thread in threads if sees(thread.guild.bot, thread)]
    joined = [shapes.thread_member(thread, me) for thread in seen if me in thread.members]
    return {"threads": [shapes.thread(thread) for thread in seen], "members": joined, "has_more": False}


# --- members of threads ---


def add_thread_member(call: Call) -> Answer:
    thread = _thread(call)
    if thread.archived:
        raise archived()
    _need(thread, sending(thread))
    member = thread.guild.members.get(_user_id(call))
    if member is None:
        raise unknown(10007, "Member")
    thread.add(member.user)
    return 204, None


def remove_thread_member(call: Call) -> Answer:
    thread = _thread(call)
    if thread.archived:
        raise archived()
    if _user_id(call) != call.world.me.id:
        _need(thread, Permission.MANAGE_THREADS)
    thread.drop(_user_id(call))
    return 204, None


def list_thread_members(call: Call) -> Answer:
    thread = _thread(call)
    return 200, [shapes.thread_member(thread, user_id) for user_id in thread.members]


def _user_id(call: Call) -> str:
    return call.params.get("user_id", call.world.me.id)


def type_there(call: Call) -> Answer:
    _need(_place(call), sending(_place(call)))
    return 204, None


ROUTES: Routes = {
    ("POST", "/channels/{channel_id}/messages"): create_message,
    ("GET", "/channels/{channel_id}/messages"): list_messages,
    ("GET", "/channels/{channel_id}/messages/{message_id}"): get_message,
    ("PATCH", "/channels/{channel_id}/messages/{message_id}"): edit_message,
    ("DELETE", "/channels/{channel_id}/messages/{message_id}"): delete_message,
    ("POST", "/channels/{channel_id}/messages/{message_id}/threads"): thread_from_message,
    ("POST", "/channels/{channel_id}/threads"): thread_alone,
    ("GET", "/channels/{channel_id}"): get_channel,
    ("PATCH", "/channels/{channel_id}"): edit_channel,
    ("DELETE", "/channels/{channel_id}"): delete_channel,
    ("GET", "/guilds/{guild_id}/threads/active"): active_threads,
    ("GET", "/channels/{channel_id}/thread-members"): list_thread_members,
    ("PUT", "/channels/{channel_id}/thread-members/@me"): add_thread_member,
    ("DELETE", "/channels/{channel_id}/thread-members/@me"): remove_thread_member,
    ("PUT", "/channels/{channel_id}/thread-members/{user_id}"): add_thread_member,
    ("DELETE", "/channels/{channel_id}/thread-members/{user_id}"): remove_thread_member,
    ("POST", "/channels/{channel_id}/typing"): type_there,
}
