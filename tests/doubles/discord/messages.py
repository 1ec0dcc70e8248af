"""Writing and changing messages, within Discord's limits."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from tests.doubles.discord import shapes
from tests.doubles.discord.errors import ApiError, Json, invalid
from tests.doubles.discord.permissions import Permission, may
from tests.doubles.discord.world import COMPONENTS_V2, GuildState, Message, Place, Role, Thread, User

USER_MENTION = re.compile(r"<@!?(\d+)>")
ROLE_MENTION = re.compile(r"<@&(\d+)>")
ATTACHMENT = "attachment://"
"""How a component names a file that comes with its message."""
SMALL_ROLE = 100
"""With fewer members than this, mentioning a role lets all of them into a thread."""
Files = list[tuple[str, bytes]]
"""Names and contents of uploads."""


def check(body: Json, flags: int, *, may_be_empty: bool = False) -> None:
    """Raise Discord's refusal of a message that is too long, empty, or of two kinds at once."""
    content, components = body.get("content") or "", body.get("components") or []
    if len(content) > 2000:
        raise invalid("content", "Must be 2000 or fewer in length.", "BASE_TYPE_MAX_LENGTH")
    if flags & COMPONENTS_V2:
        if content or body.get("embeds"):
            message = "The 'content' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            raise invalid("content", message, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2")
        if not components and not may_be_empty:
            raise ApiError(400, 50006, "Cannot send an empty message")
        _check_v2(components)
    else:
        _check_rows(components)
        if not (content or components or body.get("embeds") or body.get("attachments") or may_be_empty):
            raise ApiError(400, 50006, "Cannot send an empty message")
    _check_parts(components)


def _check_v2(components: list[Json]) -> None:
    found = list(shapes.parts(components))
    if len(found) > 40:
        raise invalid("components", "The maximum number of components in a message is 40", "COMPONENT_MAX_TOTAL")
    if sum(len(part["content"]) for part in found if part["type"] == shapes.TEXT_DISPLAY) > 4000:
        raise invalid("components", "Text must be 4000 or fewer in length in total.", "COMPONENT_MAX_TEXT_LENGTH")


def _check_rows(components: list[Json]) -> None:
    if len(components) > 5:
        raise invalid("components", "Must be between 1 and 5 in length.")
    if any(component["type"] != shapes.ACTION_ROW for component in components):
        raise invalid("components.0.type", 'Value of field "type" must be one of (1,).', "UNION_TYPE_CHOICES")


def _check_parts(components: list[Json]) -> None:
    """Check every component, however deep it lies."""
    ids: list[str] = []
    for part in shapes.parts(components):
        if "custom_id" in part:
            ids.append(part["custom_id"])
        if part["type"] == shapes.ACTION_ROW and not 1 <= len(part["components"]) <= 5:
            raise invalid("components.0.components", "Must be between 1 and 5 in length.")
        if part["type"] == shapes.BUTTON and len(part.get("label") or "") > 80:
            raise invalid("components.0.label", "Must be 80 or fewer in length.", "BASE_TYPE_MAX_LENGTH")
        if part["type"] == shapes.TEXT_DISPLAY and not part["content"]:
            raise invalid("components.0.content", "This field is required", "BASE_TYPE_REQUIRED")
    if any(not 1 <= len(id_) <= 100 for id_ in ids):
        raise invalid("components.0.custom_id", "Must be between 1 and 100 in length.")
    if len(set(ids)) < len(ids):
        raise invalid(
            "components.0.custom_id", "Component custom id cannot be duplicated", "COMPONENT_CUSTOM_ID_DUPLICATED"
        )


def write(message: Message, body: Json, files: Files) -> None:
    """Give a message the words of a request; what the request does not name stays."""
    if body.get("content") is not None or "content" in body:
        message.content = body["content"] or ""
    if body.get("components") is not None:
        message.components = shapes.rendered(body["components"])
    if body.get("embeds") is not None:
        message.embeds = [{"type": "rich"} | embed for embed in body["embeds"]]
    world = message.place.guild.world
    message.attachments = [
        *message.attachments,
        *(world.store_file(message.place.id, name, content) for name, content in files),
    ]
    _link_files(message)
    _mention(message, body.get("allowed_mentions"))


def _link_files(message: Message) -> None:
    """Let the file and gallery components point at what was uploaded with them."""
    for part in shapes.parts(message.components):
        if part["type"] == shapes.FILE and (found := _uploaded(message, part["file"]["url"])):
            part["file"] = _media(found)
            part |= {"name": found["filename"], "size": found["size"]}
        for item in part["items"] if part["type"] == shapes.GALLERY else ():
            if found := _uploaded(message, item["media"]["url"]):
                item["media"] = _media(found)


def _uploaded(message: Message, url: str) -> Json | None:
    """The attachment that a component names; None if it names something else."""
    if not url.startswith(ATTACHMENT):
        return None
    found = [each for each in message.attachments if each["filename"] == url.removeprefix(ATTACHMENT)]
    if not found:
        code = "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"
        raise invalid("components", f"The referenced attachment {url} was not found", code)
    return found[-1]


def _media(attachment: Json) -> Json:
    keys = ("id", "url", "proxy_url", "content_type")
    return {key: attachment[key] for key in keys} | {"attachment_id": attachment["id"]}


def _mention(message: Message, allowed: Json | None) -> None:
    """Find who is pinged, and let them into the thread."""
    guild = message.place.guild
    message.mentions = _mentioned_users(message, guild, allowed)
    message.mention_roles = _mentioned_roles(message, guild, allowed)
    if not isinstance(message.place, Thread) or message.is_ephemeral:
        return
    for user in [*message.mentions, *_in_small_roles(message, guild)]:
        message.place.add(user)


def _in_small_roles(message: Message, guild: GuildState) -> list[User]:
    """Who is let into a thread because their role was mentioned."""
    of_roles = [[each.user for each in guild.members.values() if role in each.roles] for role in message.mention_roles]
    return [user for users in of_roles if len(users) < SMALL_ROLE for user in users]


def _mentioned_users(message: Message, guild: GuildState, allowed: Json | None) -> list[User]:
    ids = [id_ for id_ in dict.fromkeys(USER_MENTION.findall(message.text)) if _is_allowed(id_, "users", allowed)]
    if message.answers is not None and (allowed is None or allowed.get("replied_user")):
        ids = [message.answers.author.id, *ids]
    return [guild.members[id_].user for id_ in dict.fromkeys(ids) if id_ in guild.members]


def _mentioned_roles(message: Message, guild: GuildState, allowed: Json | None) -> list[Role]:
    ids = [id_ for id_ in dict.fromkeys(ROLE_MENTION.findall(message.text)) if _is_allowed(id_, "roles", allowed)]
    author = guild.members.get(message.author.id)
    anyone = author is not None and may(author, message.place, Permission.MENTION_EVERYONE)
    return [guild.roles[id_] for id_ in ids if id_ in guild.roles and (anyone or guild.roles[id_].mentionable)]


def _is_allowed(id_: str, kind: str, allowed: Json | None) -> bool:
    if allowed is None:
        return True
    return kind in allowed.get("parse", []) or id_ in map(str, allowed.get(kind, []))


def post(place: Place, message: Message) -> Message:
    """Put a written message in its place, and tell."""
    if not message.is_ephemeral:
        place.keep(message)
        message.tell("MESSAGE_CREATE")
    return message


def edit(message: Message, body: Json, files: Files) -> None:
    """Change a message as a request asks for, and tell."""
    flags = message.flags | (body.get("flags") or 0) & COMPONENTS_V2
    check(body, flags, may_be_empty=True)
    message.flags = flags
    write(message, body, files)
    message.edited_at = datetime.now(UTC)
    message.tell("MESSAGE_UPDATE")


def answered(place: Place, reference: Json | None) -> Message | None:
    """The message that a new one answers; a refusal if it is gone and the sender minds."""
    if not reference:
        return None
    found = place.posted.get(str(reference["message_id"]))
    if found is None and reference.get("fail_if_not_exists", True):
        raise invalid("message_reference", "Unknown message", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE")
    return found
