"""What discord.py tells us, as events of the desk. Orders are snowflakes: Discord's own time of receipt."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import discord
from discord.utils import snowflake_time, time_snowflake

from bot.model import (
    ButtonPressed,
    CommandUsed,
    FormSent,
    MessageDeleted,
    MessageEdited,
    MessagePicked,
    MessagePosted,
    Person,
    PersonBanned,
    PlaceGone,
    ServerJoined,
    ServerLeft,
    Wish,
)

PREFIX = "discord"
"""Begins the id of every server that is a guild."""

Place = tuple[str, str | None]
"""A channel, and the thread in it if it is one."""


def server_of(guild: int) -> str:
    """The server that a guild is."""
    return f"{PREFIX}:{guild}"


def guild_of(server: str) -> int:
    """The guild that a server is."""
    return int(server.removeprefix(f"{PREFIX}:"))


def place_of(channel: Any) -> Place | None:
    """Where a channel or thread is, as far as we know it; None for a thread whose channel nobody has told us."""
    if isinstance(channel, discord.Thread):
        return str(channel.parent_id), str(channel.id)
    if isinstance(channel, discord.abc.GuildChannel):
        return str(channel.id), None
    return None


def person(
    user: discord.User | discord.Member,
    locale: discord.Locale | None = None,
    permissions: discord.Permissions | None = None,
) -> Person:
    """Somebody with the roles and permissions that Discord vouches for in this very event."""
    roles: frozenset[str] = frozenset()
    if isinstance(user, discord.Member):
        # as the event tells them: member.roles has only those that Discord has told of the guild already
        roles = frozenset(str(role) for role in user._roles)  # noqa: SLF001
        permissions = permissions or user.guild_permissions
    is_admin = permissions is not None and (permissions.administrator or permissions.manage_guild)
    return Person(str(user.id), user.display_name, str(locale) if locale else None, roles, is_admin)


def message_posted(
    message: discord.Message, guild: discord.Guild, place: Place, author: discord.User | discord.Member | None = None
) -> MessagePosted:
    """A message in a guild. Its text has names instead of ids, and does not say that we are called.

    `author` is who wrote it, where more is known of them than the message tells.
    """
    is_to_us = calls(message, guild)
    text = message.clean_content
    return MessagePosted(
        **_of_snowflake(message.id, f"m{message.id}"),
        **_where(guild.id, place),
        person=person(author or message.author),
        message=str(message.id),
        text=text.replace(f"@{guild.me.display_name}", "").replace(f"@{guild.self_role}", "") if is_to_us else text,
        is_to_us=is_to_us,
    )


def calls(message: discord.Message, guild: discord.Guild) -> bool:
    """Whether the message mentions us, or the role that is ours alone; an answer to one of our messages does not."""
    words = message.content
    if "<@" not in words:
        return False
    role = guild.self_role
    return any(f"<@{us}>" in words for us in (guild.me.id, f"!{guild.me.id}", f"&{role.id if role else 0}"))


def message_edited(update: discord.RawMessageUpdateEvent, guild: int, place: Place) -> MessageEdited | None:
    """A message that its author has changed; None for what Discord itself adds to one (previews, threads)."""
    edited = update.message.edited_at
    if edited is None:
        return None
    return MessageEdited(
        **_at(edited, f"e{update.message_id}:{time_snowflake(edited)}"),
        **_where(guild, place),
        message=str(update.message_id),
        text=update.message.clean_content,
    )


def message_deleted(message: int, guild: int, place: Place) -> MessageDeleted:
    """A message that is gone; Discord does not tell when, so it is now."""
    return MessageDeleted(**_at(datetime.now(UTC), f"d{message}"), **_where(guild, place), message=str(message))


def server_joined(guild: discord.Guild) -> ServerJoined:
    """The bot is in a guild that we do not know; the channel is one where it may say hello."""
    first = [guild.system_channel] if guild.system_channel else []
    speaking = (one for one in (*first, *guild.text_channels) if one.permissions_for(guild.me).send_messages)
    channel = next((str(one.id) for one in speaking if one.permissions_for(guild.me).view_channel), "")
    now = datetime.now(UTC)
    return ServerJoined(
        **_at(now, f"join:{time_snowflake(now)}"),
        **_where(guild.id, (channel, None)),
        locale=str(guild.preferred_locale),
    )


def server_left(guild: int) -> ServerLeft:
    """The bot was removed from a guild, or the guild is gone."""
    now = datetime.now(UTC)
    return ServerLeft(**_at(now, f"leave:{time_snowflake(now)}"), **_where(guild, ("", None)))


def place_gone(guild: int, place: Place) -> PlaceGone:
    """A channel or thread was deleted."""
    return PlaceGone(**_at(datetime.now(UTC), f"gone:{place[1] or place[0]}"), **_where(guild, place))


def person_banned(guild: int, user: int) -> PersonBanned:
    """Somebody was banned."""
    now = datetime.now(UTC)
    return PersonBanned(**_at(now, f"ban:{user}:{time_snowflake(now)}"), **_where(guild, ("", None)), banned=str(user))


def command_used(interaction: discord.Interaction, name: str, words: str) -> CommandUsed:
    """A slash command."""
    return CommandUsed(**_of_interaction(interaction), name=name, words=words)


def button_pressed(interaction: discord.Interaction, action: str) -> ButtonPressed:
    """A button."""
    return ButtonPressed(**_of_interaction(interaction), action=action)


def form_sent(interaction: discord.Interaction, values: dict[str, str]) -> FormSent:
    """A modal that was filled in."""
    data: Any = interaction.data
    return FormSent(**_of_interaction(interaction), form=data["custom_id"], values=values)


def message_picked(interaction: discord.Interaction, wish: Wish, message: discord.Message) -> MessagePicked:
    """A message that somebody has chosen from its menu."""
    return MessagePicked(
        **_of_interaction(interaction),
        wish=wish,
        message=str(message.id),
        author=person(interaction.user if message.author.bot or message.webhook_id else message.author),
        text=message.clean_content,
    )


def _of_interaction(interaction: discord.Interaction) -> dict[str, Any]:
    place = place_of(interaction.channel) or (str(interaction.channel_id), None)
    return {
        **_of_snowflake(interaction.id, f"i{interaction.id}"),
        **_where(interaction.guild_id or 0, place),
        "person": person(interaction.user, interaction.locale, interaction.permissions),
    }


def _of_snowflake(snowflake: int, key: str) -> dict[str, Any]:
    return {"key": key, "order": snowflake, "at": snowflake_time(snowflake)}


def _at(moment: datetime, key: str) -> dict[str, Any]:
    return {"key": key, "order": time_snowflake(moment), "at": moment}


def _where(guild: int, place: Place) -> dict[str, Any]:
    return {"server": server_of(guild), "channel": place[0], "thread": place[1]}
