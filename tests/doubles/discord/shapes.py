"""How Discord writes what exists as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.doubles.discord.errors import Json
from tests.doubles.discord.ids import moment
from tests.doubles.discord.permissions import sees

if TYPE_CHECKING:
    from tests.doubles.discord import world

TEXT_CHANNEL, PUBLIC_THREAD, PRIVATE_THREAD = 0, 11, 12
ACTION_ROW, BUTTON, STRING_SELECT, SECTION, TEXT_DISPLAY, GALLERY, FILE, SEPARATOR, CONTAINER, LABEL = (
    1,
    2,
    3,
    9,
    10,
    12,
    13,
    14,
    17,
    18,
)


def user(who: world.User) -> Json:
    return {
        "id": who.id,
        "username": who.name,
        "global_name": None if who.is_bot else who.name.capitalize(),
        "discriminator": "0",
        "avatar": None,
        "bot": who.is_bot,
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
    }


def member(who: world.Member) -> Json:
    return {
        "user": user(who.user),
        "nick": None,
        "avatar": None,
        "banner": None,
        "roles": [role.id for role in who.roles],
        "joined_at": moment(who.user.id).isoformat(),
        "premium_since": None,
        "communication_disabled_until": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
    }


def role(what: world.Role) -> Json:
    shape: Json = {
        "id": what.id,
        "name": what.name,
        "permissions": str(what.permissions),
        "position": what.position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": what.of_bot is not None,
        "mentionable": what.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }
    if what.of_bot is not None:
        shape["tags"] = {"bot_id": what.of_bot}
    return shape


def channel(what: world.Channel) -> Json:
    exceptions = what.overwrites.items()
    return {
        "id": what.id,
        "type": TEXT_CHANNEL,
        "guild_id": what.guild.id,
        "name": what.name,
        "topic": None,
        "position": what.position,
        "parent_id": None,
        "nsfw": False,
        "rate_limit_per_user": 0,
        "last_message_id": what.last_message_id,
        "permission_overwrites": [
            {"id": id_, "type": 0 if id_ in what.guild.roles else 1, "allow": str(allow), "deny": str(deny)}
            for id_, (allow, deny) in exceptions
        ],
        "flags": 0,
    }


def thread(what: world.Thread) -> Json:
    me = what.guild.world.me.id
    shape: Json = {
        "id": what.id,
        "type": PRIVATE_THREAD if what.is_private else PUBLIC_THREAD,
        "guild_id": what.guild.id,
        "parent_id": what.parent.id,
        "owner_id": what.owner_id,
        "name": what.name,
        "last_message_id": what.last_message_id,
        "message_count": what.sent,
        "total_message_sent": what.sent,
        "member_count": len(what.members),
        "rate_limit_per_user": 0,
        "flags": 0,
        "thread_metadata": {
            "archived": what.archived,
            "locked": what.locked,
            "auto_archive_duration": what.auto_archive_minutes,
            "archive_timestamp": what.archive_changed_at.isoformat(),
            "create_timestamp": moment(what.id).isoformat(),
        },
    }
    if what.is_private:
        shape["thread_metadata"]["invitable"] = what.invitable
    if me in what.members:
        shape["member"] = thread_member(what, me)
    return shape


def thread_member(what: world.Thread, user_id: str) -> Json:
    joined = what.members[user_id].isoformat()
    return {"id": what.id, "user_id": user_id, "join_timestamp": joined, "flags": 0}


def message(what: world.Message, *, with_reference: bool = True) -> Json:
    shape: Json = {
        "id": what.id,
        "channel_id": what.place.id,
        "type": what.type,
        "author": user(what.author),
        "content": what.content,
        "timestamp": moment(what.id).isoformat(),
        "edited_timestamp": what.edited_at.isoformat() if what.edited_at else None,
        "tts": False,
        "pinned": False,
        "mention_everyone": False,
        "mentions": [user(who) for who in what.mentions],
        "mention_roles": [mentioned.id for mentioned in what.mention_roles],
        "attachments": what.attachments,
        "embeds": what.embeds,
        "components": what.components,
        "flags": what.flags,
    }
    if what.nonce is not None:
        shape["nonce"] = what.nonce
    if what.thread is not None:
        shape["thread"] = thread(what.thread)
    if what.asked_by is not None:
        me = what.author.id
        shape |= {"application_id": me, "webhook_id": me, "interaction_metadata": what.asked_by}
    if what.answers is not None and with_reference:
        answered = what.answers
        guild_id = what.place.guild.id
        shape["message_reference"] = {
            "type": 0,
            "message_id": answered.id,
            "channel_id": what.place.id,
            "guild_id": guild_id,
        }
        shape["referenced_message"] = None if answered.is_deleted else message(answered, with_reference=False)
    return shape


def guild(what: world.GuildState) -> Json:
    """The whole guild as GUILD_CREATE tells it to who joins: of the members, only the bot.

    A guild that was only out of reach, or not loaded yet, comes with `unavailable` as well.
    """
    return guild_settings(what) | {
        "joined_at": moment(what.id).isoformat(),
        "large": False,
        "member_count": len(what.members),
        "members": [member(what.bot)],
        "voice_states": [],
        "channels": [channel(each) for each in what.channels],
        "threads": [thread(each) for each in what.threads if not each.archived and sees(what.bot, each)],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def guild_settings(what: world.GuildState) -> Json:
    """What belongs to the guild itself."""
    nothing = (
        "icon splash discovery_splash home_header banner description afk_channel_id system_channel_id application_id"
        " widget_channel_id rules_channel_id public_updates_channel_id safety_alerts_channel_id vanity_url_code"
        " max_presences hub_type incidents_data"
    )
    zero = (
        "verification_level default_message_notifications explicit_content_filter mfa_level system_channel_flags"
        " premium_tier premium_subscription_count nsfw_level"
    )
    return (
        dict.fromkeys(nothing.split())
        | dict.fromkeys(zero.split(), 0)
        | {
            "id": what.id,
            "name": what.name,
            "owner_id": what.owner_id,
            "preferred_locale": what.locale,
            "region": "deprecated",
            "afk_timeout": 300,
            "widget_enabled": False,
            "max_members": 500000,
            "max_video_channel_users": 25,
            "max_stage_video_channel_users": 50,
            "premium_progress_bar_enabled": False,
            "nsfw": False,
            "features": [],
            "emojis": [],
            "stickers": [],
            "roles": [role(each) for each in what.roles.values()],
        }
    )


def application(me: world.User, owner: world.User, guilds: int) -> Json:
    flags = 1 << 18
    return {
        "id": me.id,
        "name": me.name,
        "icon": None,
        "description": "",
        "type": None,
        "bot": user(me),
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "00" * 32,
        "flags": flags,
        "flags_new": str(flags),
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user(owner),
        "team": None,
        "explicit_content_filter": 0,
        "eligible_oauth2_scopes": [],
        "summary": "",
        "approximate_guild_count": guilds,
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
    }


def parts(components: list[Json]) -> Iterator[Json]:
    """Every component in a message or form, with those inside others."""
    for component in components:
        yield component
        yield from parts(component.get("components", []))
        inner = [component[key] for key in ("component", "accessory") if key in component]
        yield from parts(inner)


def rendered(components: list[Json]) -> list[Json]:
    """Components as Discord gives them back: each with a number and with every default."""
    numbers = iter(range(1, 1000))
    return [_rendered(component, numbers) for component in components]


_DEFAULTS: dict[int, Json] = {
    STRING_SELECT: {"min_values": 1, "max_values": 1},
    FILE: {"spoiler": False},
    SEPARATOR: {"divider": True, "spacing": 1},
    CONTAINER: {"accent_color": None, "spoiler": False},
}


def _rendered(component: Json, numbers: Iterator[int]) -> Json:
    given = {key: value for key, value in component.items() if value is not None or key == "accent_color"}
    shape = {"id": next(numbers)} | _DEFAULTS.get(component["type"], {}) | given
    if "components" in component:
        shape["components"] = [_rendered(inner, numbers) for inner in component["components"]]
    for key in ("accessory", "component"):
        if key in component:
            shape[key] = _rendered(component[key], numbers)
    return shape
