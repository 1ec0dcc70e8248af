"""Methods of the Web API that post, change and read messages."""

from __future__ import annotations

from typing import Any

from tests.doubles.slack import limits, shapes
from tests.doubles.slack.api import Call, Methods, adder
from tests.doubles.slack.errors import ApiError, Json, invalid
from tests.doubles.slack.world import Channel, Message

METHODS: Methods = {}
method = adder(METHODS)
LONGEST_UPDATE = 4_000
"""Characters of the text in chat.update; more are taken only in new messages."""
MESSAGE = "text blocks attachments metadata mrkdwn parse unfurl_links unfurl_media username icon_emoji icon_url"


def checked(call: Call, *, text: str, blocks: list[Json]) -> list[Json]:
    """The blocks of a message, with ids; a refusal, and a complaint, of what Slack does not take."""
    if not text and not blocks:
        raise ApiError("no_text")
    _check_metadata(call)
    problems = limits.problems_of_message(text, blocks)
    if problem := call.checker.problem_of_blocks(blocks):
        problems.append(problem)
    for problem in problems:
        call.checker.note(f"{call.method}: {problem}")
    if len(text) > limits.LONGEST_TEXT or (call.method == "chat.update" and len(text) > LONGEST_UPDATE):
        raise ApiError("msg_too_long")
    if problems:
        raise invalid("invalid_blocks", problems)
    if limits.total_of(blocks) > limits.LONGEST_TOTAL:
        call.checker.note(f"{call.method}: {limits.total_of(blocks)} characters in blocks")
        raise ApiError("msg_blocks_too_long")
    found: list[Json] = shapes.with_ids({"blocks": blocks}, call.world.ids)["blocks"]
    return found


def _check_metadata(call: Call) -> None:
    metadata = call.args.get("metadata")
    if metadata is None:
        return
    if not metadata.get("event_type") or not isinstance(metadata.get("event_payload"), dict):
        call.checker.note(f"{call.method}: metadata needs event_type and event_payload")
        raise ApiError("invalid_metadata_format")


def writable(call: Call) -> Channel:
    """The channel to post in; somebody's id opens their direct conversation."""
    user = call.workspace.users.get(call.text("channel"))
    channel = call.workspace.direct(user) if user is not None else call.channel()
    if channel.is_archived:
        raise ApiError("is_archived")
    if not channel.has_bot:
        raise ApiError("not_in_channel")
    return channel


def _root(call: Call, channel: Channel) -> str | None:
    """The thread to post in. Under a root that is gone, Slack posts in the channel."""
    ts = call.text("thread_ts")
    found = channel.posted.get(ts)
    if found is None:
        return None
    if found.is_reply:
        call.checker.note(f"{call.method}: thread_ts is that of a reply")
        return found.thread_ts
    return ts


def _own(call: Call, refusal: str) -> Message:
    """A message of the bot's own that the call names."""
    message = call.channel().posted.get(call.text("ts"))
    if message is None or message.is_deleted:
        raise ApiError("message_not_found")
    if message.user is not call.workspace.bot:
        raise ApiError(refusal)
    return message


@method("chat.postMessage", "channel", f"{MESSAGE} thread_ts reply_broadcast link_names as_user", scope="chat:write")
def post(call: Call) -> Json:
    channel = writable(call)
    blocks = checked(call, text=call.text("text"), blocks=call.args.get("blocks") or [])
    message = Message(
        call.world.ids.ts(),
        channel,
        call.workspace.bot,
        call.text("text"),
        blocks,
        _root(call, channel),
        metadata=call.args.get("metadata"),
    )
    if message.is_reply and call.flag("reply_broadcast"):
        message.subtype = "thread_broadcast"
    channel.keep(message)
    return {"channel": channel.id, "ts": message.ts, "message": shapes.message(message)}


@method("chat.update", "channel ts", f"{MESSAGE} reply_broadcast link_names as_user file_ids", scope="chat:write")
def update(call: Call) -> Json:
    message = _own(call, "cant_update_message")
    if message.channel.is_archived:
        raise ApiError("is_inactive")
    blocks = checked(call, text=call.text("text"), blocks=call.args.get("blocks") or [])
    metadata = call.args.get("metadata", message.metadata)
    message.channel.edit(message, text=call.text("text"), blocks=blocks, metadata=metadata)
    shape = shapes.message(message)
    return {"channel": message.channel.id, "ts": message.ts, "text": message.text, "message": shape}


@method("chat.delete", "channel ts", "as_user", scope="chat:write")
def delete(call: Call) -> Json:
    message = _own(call, "cant_delete_message")
    message.channel.remove(message)
    return {"channel": message.channel.id, "ts": message.ts}


@method("chat.postEphemeral", "channel user", f"{MESSAGE} thread_ts link_names as_user", scope="chat:write")
def post_ephemeral(call: Call) -> Json:
    channel = writable(call)
    user = call.workspace.users.get(call.text("user"))
    if user is None or not channel.has(user):
        raise ApiError("user_not_in_channel")
    blocks = checked(call, text=call.text("text"), blocks=call.args.get("blocks") or [])
    root = _root(call, channel)
    ts = call.world.ids.ts()
    message = Message(ts, channel, call.workspace.bot, call.text("text"), blocks, root, seen_by=user)
    call.workspace.ephemerals.append(message)
    return {"message_ts": ts}


@method("chat.getPermalink", "channel message_ts")
def permalink(call: Call) -> Json:
    channel = call.channel()
    message = channel.posted.get(call.text("message_ts"))
    if message is None:
        raise ApiError("message_not_found")
    return {"channel": channel.id, "permalink": message.permalink}


# --- reading -----------------------------------------------------------------------------------------

_SPAN = "latest oldest inclusive limit cursor include_all_metadata"


def _readable(call: Call) -> Channel:
    channel = call.channel()
    scope = {"im": "im:history", "group": "groups:history", "channel": "channels:history"}[channel.kind]
    if call.workspace.scopes and scope not in call.workspace.scopes:
        raise ApiError("missing_scope", needed=scope, provided=",".join(sorted(call.workspace.scopes)))
    if not channel.has_bot:
        raise ApiError("not_in_channel")
    return channel


def _page(call: Call, found: list[Message], *, is_newest_first: bool) -> Json:
    """A part of some messages (given oldest first), as the call wants it."""
    oldest, latest = call.text("oldest") or "0", call.text("latest") or "99999999999.999999"
    inclusive = call.flag("inclusive")
    span = [each for each in found if oldest < each.ts < latest or (inclusive and each.ts in (oldest, latest))]
    if is_newest_first:
        span.reverse()
    start, limit = int(call.text("cursor") or 0), int(call.text("limit") or 100)
    page, rest = span[start : start + limit], span[start + limit :]
    with_metadata = call.flag("include_all_metadata")
    more: dict[str, Any] = {"response_metadata": {"next_cursor": str(start + limit)}} if rest else {}
    messages = [shapes.message(each, with_metadata=with_metadata) for each in page]
    return {"messages": messages, "has_more": bool(rest), **more}


@method("conversations.replies", "channel ts", _SPAN)
def replies(call: Call) -> Json:
    root = _readable(call).posted.get(call.text("ts"))
    if root is None:
        raise ApiError("thread_not_found")
    answer = _page(call, root.replies, is_newest_first=False)
    if not call.text("cursor"):
        # Slack gives the root with the first page, whatever the span
        with_metadata = call.flag("include_all_metadata")
        answer["messages"] = [shapes.message(root, with_metadata=with_metadata), *answer["messages"]]
    return answer


@method("conversations.history", "channel", _SPAN)
def history(call: Call) -> Json:
    channel = _readable(call)
    shown = [each for each in channel.messages if not each.is_reply or each.subtype == "thread_broadcast"]
    return _page(call, shown, is_newest_first=True) | {
        "pin_count": 0,
        "channel_actions_ts": None,
        "channel_actions_count": 0,
    }


@method("reactions.get", "", "channel timestamp full file", scope="reactions:read")
def reactions(call: Call) -> Json:
    message = call.channel().posted.get(call.text("timestamp"))
    if message is None or message.is_deleted:
        raise ApiError("message_not_found")
    link = {"permalink": message.permalink}
    return {"type": "message", "channel": message.channel.id, "message": shapes.message(message) | link}
