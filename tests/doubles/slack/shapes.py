"""How Slack writes what exists as JSON."""

from __future__ import annotations

import copy
import html
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.doubles.slack.errors import Json
from tests.doubles.slack.ids import Ids

if TYPE_CHECKING:
    from tests.doubles.slack import world

CREATED = 1_700_000_000
"""When everything was made, in seconds since 1970."""
TOMBSTONE = "This message was deleted."
DIRECT_NAMES = {"im": "directmessage", "group": "privategroup"}


# --- people ------------------------------------------------------------------------------------------


def user(who: world.User, *, with_locale: bool) -> Json:
    shape: Json = {
        "id": who.id,
        "team_id": who.team,
        "name": who.name,
        "deleted": who.is_deleted,
        "real_name": who.name.capitalize(),
        "tz": "Europe/Berlin",
        "tz_label": "Central European Time",
        "tz_offset": 3600,
        "profile": {
            "real_name": who.name.capitalize(),
            "real_name_normalized": who.name.capitalize(),
            "display_name": who.name,
            "display_name_normalized": who.name,
            "avatar_hash": "g0",
            "team": who.team,
        },
        "is_admin": who.is_admin,
        "is_owner": who.is_owner,
        "is_primary_owner": who.is_owner,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": who.is_bot,
        "is_app_user": False,
        "updated": CREATED,
    }
    workspace = who.workspace
    if who.is_stranger:
        # Slack tells little of people of other workspaces
        return {
            key: value for key, value in shape.items() if key not in {"is_admin", "is_owner", "is_primary_owner"}
        } | {"is_stranger": True}
    if workspace.enterprise is not None:
        flags = {"is_admin": who.is_admin, "is_owner": who.is_owner}
        more = {"enterprise_id": workspace.enterprise, "enterprise_name": workspace.name, "teams": workspace.teams}
        shape["enterprise_user"] = {"id": who.id, **more, **flags}
    if with_locale and who.locale is not None:
        shape["locale"] = who.locale
    return shape


def group(which: world.Group, *, with_users: bool = True) -> Json:
    shape: Json = {
        "id": which.id,
        "team_id": which.workspace.home,
        "is_usergroup": True,
        "is_subteam": True,
        "name": which.name,
        "description": "",
        "handle": which.name.lower().replace(" ", "-"),
        "is_external": False,
        "date_create": CREATED,
        "date_update": CREATED,
        "date_delete": 0 if which.is_enabled else CREATED + 1,
        "auto_type": None,
        "auto_provision": False,
        "enterprise_subteam_id": "",
        "created_by": which.workspace.owner.id,
        "updated_by": which.workspace.owner.id,
        "deleted_by": None,
        "prefs": {"channels": [], "groups": []},
        "user_count": len(which.users),
    }
    return shape | {"users": [each.id for each in which.users]} if with_users else shape


def members_changed(which: world.Group, before: list[world.User]) -> Json:
    added = [each.id for each in which.users if each not in before]
    removed = [each.id for each in before if each not in which.users]
    return {
        "type": "subteam_members_changed",
        "subteam_id": which.id,
        "team_id": which.workspace.home,
        "date_previous_update": CREATED,
        "date_update": CREATED + 1,
        "added_users": added,
        "added_users_count": len(added),
        "removed_users": removed,
        "removed_users_count": len(removed),
    }


# --- places ------------------------------------------------------------------------------------------


def channel(which: world.Channel) -> Json:
    if which.person is not None:
        return {"id": which.id, "created": CREATED, "is_im": True, "is_open": True, "user": which.person.id}
    nothing = {"value": "", "creator": "", "last_set": 0}
    return {
        "id": which.id,
        "name": which.name,
        "name_normalized": which.name,
        "created": CREATED,
        "creator": which.workspace.owner.id,
        "is_archived": which.is_archived,
        "is_channel": not which.is_private,
        "is_group": which.is_private,
        "is_general": False,
        "is_im": False,
        "is_mpim": False,
        "is_private": which.is_private,
        "is_member": which.has_bot,
        "is_shared": which.is_shared,
        "is_ext_shared": which.is_shared,
        "is_org_shared": False,
        "topic": nothing,
        "purpose": nothing,
        "previous_names": [],
        "unlinked": 0,
    }


def channel_name(which: world.Channel) -> str:
    """What commands and buttons call it: private ones by their kind."""
    return DIRECT_NAMES.get(which.kind, which.name)


# --- messages ----------------------------------------------------------------------------------------


def bot_profile(who: world.User) -> Json:
    icons = dict.fromkeys(("image_36", "image_48", "image_72"), "https://example.com/icon.png")
    app_id = who.workspace.world.app.id if who is who.workspace.bot else "A09999999"
    more = {"id": who.bot_id, "deleted": False, "name": who.name, "updated": CREATED}
    return more | {"app_id": app_id, "icons": icons, "team_id": who.team}


def message(what: world.Message, *, with_metadata: bool = False) -> Json:
    """A message as it stands in a channel."""
    if what.is_tombstone:
        return _tombstone(what)
    shape: Json = {"type": "message", "user": what.user.id, "text": what.text, "ts": what.ts, "team": what.user.team}
    if what.subtype is not None:
        shape["subtype"] = what.subtype
    if what.user.is_bot:
        profile = bot_profile(what.user)
        shape |= {"bot_id": what.user.bot_id, "app_id": profile["app_id"], "bot_profile": profile}
    optional: Json = {
        "blocks": copy.deepcopy(what.blocks),
        "edited": what.edited and {"user": what.user.id, "ts": what.edited},
        "attachments": what.attachments,
        "files": [file(each) for each in what.files],
        "reactions": reactions(what),
        "metadata": what.metadata if with_metadata else None,
    }
    shape |= {name: value for name, value in optional.items() if value}
    if what.subtype == "bot_message":
        # of bots of the old kind there is no account
        del shape["user"]
        shape["username"] = what.user.name
    return shape | _thread(what)


def _thread(what: world.Message) -> Json:
    if what.thread_ts is not None:
        root = what.channel.posted.get(what.thread_ts)
        return {"thread_ts": what.thread_ts, "parent_user_id": root.user.id if root is not None else "USLACKBOT"}
    replies = what.replies
    if not replies:
        return {}
    users = list(dict.fromkeys(each.user.id for each in replies))
    more = {"reply_users_count": len(users), "latest_reply": replies[-1].ts, "reply_users": users, "subscribed": False}
    return {"thread_ts": what.ts, "reply_count": len(replies), **more}


def _tombstone(what: world.Message) -> Json:
    shape = {"type": "message", "subtype": "tombstone", "text": TOMBSTONE, "user": "USLACKBOT", "hidden": True}
    return shape | {"ts": what.ts, **_thread(what)}


def reactions(what: world.Message) -> list[Json]:
    found = what.reactions.items()
    return [{"name": name, "users": [each.id for each in users], "count": len(users)} for name, users in found if users]


def rich_text(text: str) -> list[Json]:
    """What Slack's own app makes of the words that somebody types."""
    elements: list[Json] = []
    for part in re.split(r"(<@\w+>)", text):
        if match := re.fullmatch(r"<@(\w+)>", part):
            elements.append({"type": "user", "user_id": match[1]})
        elif part:
            elements.append({"type": "text", "text": html.unescape(part)})
    return [{"type": "rich_text", "block_id": "b", "elements": [{"type": "rich_text_section", "elements": elements}]}]


def file(what: world.File) -> Json:
    url = what.user.workspace.world.base_url + what.path
    return {
        "id": what.id,
        "created": CREATED,
        "timestamp": CREATED,
        "name": what.name,
        "title": what.title,
        "mimetype": "text/plain" if what.name.endswith((".txt", ".yaml", ".yml")) else "application/octet-stream",
        "filetype": what.name.rpartition(".")[2],
        "pretty_type": "File",
        "user": what.user.id,
        "user_team": what.user.team,
        "editable": False,
        "size": len(what.content),
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": False,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": url,
        "url_private_download": url,
        "permalink": url,
        "comments_count": 0,
        "is_starred": False,
        "shares": {},
        "channels": [each for each in what.channels if each.startswith("C")],
        "groups": [],
        "ims": [each for each in what.channels if each.startswith("D")],
        "has_rich_preview": False,
    }


# --- events of messages --------------------------------------------------------------------------------


def _about(what: world.Message, ts: str) -> Json:
    return {"channel": what.channel.id, "channel_type": what.channel.kind, "event_ts": ts}


def posted(what: world.Message) -> Json:
    event = message(what) | _about(what, what.ts)
    if what.subtype == "thread_broadcast" and what.thread_ts is not None:
        event["root"] = message(what.channel.posted[what.thread_ts])
    if not what.user.is_bot:
        event["client_msg_id"] = f"00000000-0000-4000-8000-{what.ts.replace('.', '')[-12:]}"
    return event | _strangers(what)


def _strangers(what: world.Message) -> Json:
    """What an event says more where people of several workspaces talk."""
    if not what.channel.is_shared:
        return {}
    return {"user_team": what.user.team, "source_team": what.user.team}


def mentioned(what: world.Message) -> Json:
    event = posted(what)
    return {key: value for key, value in event.items() if key not in {"channel_type", "subtype"}} | {
        "type": "app_mention"
    }


def changed(what: world.Message, before: Json, ts: str) -> Json:
    head = {"type": "message", "subtype": "message_changed", "hidden": True, "ts": ts}
    return head | {"message": message(what), "previous_message": before} | _about(what, ts)


def deleted(what: world.Message, before: Json, ts: str) -> Json:
    head = {"type": "message", "subtype": "message_deleted", "hidden": True, "ts": ts}
    return head | {"deleted_ts": what.ts, "previous_message": before} | _about(what, ts)


def is_apps_own(event: Json) -> bool:
    """Whether it tells of a message that an app has posted, or changed."""
    return event["type"] == "message" and "bot_id" in (event | event.get("previous_message", {}))


# --- views -------------------------------------------------------------------------------------------


def view(what: world.View) -> Json:
    """A form or Home tab as the app is told of it."""
    is_modal = what.data["type"] == "modal"
    nothing = {"title": None, "close": None, "submit": None} if is_modal else {}
    empty = {"callback_id": "", "private_metadata": "", "clear_on_close": False, "notify_on_close": False}
    more = {
        "id": what.id,
        "team_id": what.workspace.home,
        "app_id": what.workspace.world.app.id,
        "app_installed_team_id": what.workspace.id,
        "bot_id": what.workspace.bot.bot_id,
        "hash": what.hash,
        "root_view_id": what.root.id,
        "previous_view_id": None if what.below is None else what.below.id,
        "external_id": what.data.get("external_id", ""),
        "state": {"values": {}},
    }
    return nothing | empty | copy.deepcopy(what.data) | more


def with_ids(data: Json, ids: Ids) -> Json:
    """Blocks of a view or message with the ids that Slack gives to those without one."""
    data = copy.deepcopy(data)
    for block in data.get("blocks") or []:
        block.setdefault("block_id", ids.new("b"))
        for part in interactive(block):
            part.setdefault("action_id", ids.new("a"))
    return data


# --- blocks ------------------------------------------------------------------------------------------


def interactive(block: Json) -> list[Json]:
    """What can be pressed or filled in, in a block."""
    parts = [*block.get("elements", []), block.get("element"), block.get("accessory")]
    passive = {"mrkdwn", "plain_text", "image"}
    found = [part for part in parts if isinstance(part, dict) and part.get("type") not in passive]
    return found if block.get("type") in {"actions", "section", "input", "context_actions"} else []


def buttons(blocks: list[Json]) -> list[Json]:
    """The buttons, each with the id of its block."""
    found = ((block, part) for block in blocks for part in interactive(block) if part["type"] == "button")
    return [part | {"block_id": block.get("block_id", "")} for block, part in found]


def texts(node: Any) -> Iterator[Json]:
    """All text objects, however deep they lie."""
    if isinstance(node, dict):
        if node.get("type") in {"mrkdwn", "plain_text"} and "text" in node:
            yield node
        for value in node.values():
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)


def words(blocks: list[Json]) -> str:
    """All that can be read in blocks, a line each."""
    return "\n".join(text["text"] for text in texts(blocks))
