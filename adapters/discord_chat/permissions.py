"""What the bot needs to be allowed, the link that asks for it, and what of it a server does not give.

Channels, roles and permissions are looked up in what Discord has told at start; nothing is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import discord

from bot.model import ChannelLink, Roles, ServerSettings, Text
from bot.texts import text

_TO_POST = (
    "view_channel",  # hear what is written, and know the channel at all
    "send_messages",  # the board, answers in the channel, the policy, the panel
)
NEEDED = (
    *_TO_POST,
    "create_public_threads",  # a ticket under the customer's message
    "create_private_threads",  # a private ticket
    "send_messages_in_threads",  # Send Messages does not hold there
    "read_message_history",  # what was asked while we were away, and answers that point at a message
    "attach_files",  # the policy as a file to keep
)
"""Each by discord.py's name of it.

Not among them: Manage Threads, because the threads are the bot's own, and their creator may archive them and open them
again; Embed Links, because our messages have no embeds; Mention Everyone, because it allows much more than to call the
agents, and they can be called as well where everybody may mention their role.
"""


def needed() -> discord.Permissions:
    """All that the bot needs, as Discord writes it."""
    return discord.Permissions(**dict.fromkeys(NEEDED, True))


def permissions_integer() -> int:
    """The number that an installer types, or the link carries."""
    return needed().value


def invite_url(application_id: int) -> str:
    """Where an installer adds the bot to a server, with its permissions and its commands."""
    scopes = ("bot", "applications.commands")
    return discord.utils.oauth_url(application_id, permissions=needed(), scopes=scopes)


def lacks(guild: discord.Guild, settings: ServerSettings, *, reads_messages: bool) -> list[Text]:
    """What keeps the bot, the customers or the agents from working as a server is set up; one sentence each.

    `reads_messages` is whether Discord lets us read what people write (the message-content intent).
    """
    found = [] if reads_messages else [text("lacks-message-content")]
    found += _channels_lack(guild, settings)
    if gone := _gone(guild, settings.agent_roles):
        found.append(text("lacks-agent-roles", count=gone))
    if gone := _gone(guild, settings.moderator_roles):
        found.append(text("lacks-moderator-roles", count=gone))
    found += _moderators_lack(_roles(guild, settings.moderator_roles))
    return found


def _channels_lack(guild: discord.Guild, settings: ServerSettings) -> Iterator[Text]:
    needed: dict[str, tuple[str, ...]] = dict.fromkeys(settings.support, NEEDED)
    of_the_team = [other for other in (settings.agents_channel, settings.sales_channel) if other is not None]
    for other in of_the_team:
        needed.setdefault(other, _TO_POST)
    agents = _roles(guild, settings.agent_roles)
    for channel_id, permissions in needed.items():
        channel = guild.get_channel(int(channel_id))
        if channel is None:
            yield text("lacks-channel", channel=ChannelLink(channel_id))
        elif not isinstance(channel, discord.TextChannel) or channel.is_news():
            yield text("lacks-text-channel", channel=ChannelLink(channel_id))
        else:
            yield from _bot_lacks(channel, permissions)
            if channel_id in settings.support:
                yield from _customers_lack(channel)
                yield from _agents_lack(channel, agents)
            elif channel_id == settings.agents_channel:
                yield from _agents_lack_commands(channel, agents)
            if channel_id == settings.agents_channel:
                yield from _bot_lacks_call(channel, agents)
            if channel_id in of_the_team and channel.permissions_for(guild.default_role).view_channel:
                yield text("lacks-privacy", channel=_link(channel), permission=_name("view_channel"))


def _bot_lacks(channel: discord.TextChannel, needed: Iterable[str]) -> list[Text]:
    """Each missing permission, without those that Discord takes away along with it."""
    given = channel.permissions_for(channel.guild.me)
    missing = [name for name in needed if not getattr(given, name)]
    if not given.view_channel:
        missing = ["view_channel"]
    elif not given.send_messages:
        missing = [name for name in missing if name != "attach_files"]
    return [text("lacks-permission", channel=_link(channel), permission=_name(name)) for name in missing]


def _customers_lack(channel: discord.TextChannel) -> Iterator[Text]:
    """Where not everybody sees the channel, we do not know which roles customers have, and say nothing."""
    given = channel.permissions_for(channel.guild.default_role)
    if given.view_channel and not given.send_messages_in_threads:
        permission = _name("send_messages_in_threads")
        yield text("lacks-customers-write", channel=_link(channel), permission=permission)


def _agents_lack(channel: discord.TextChannel, roles: Iterable[discord.Role]) -> Iterator[Text]:
    for role in roles:
        given, named = channel.permissions_for(role), Roles((str(role.id),))
        if not given.view_channel:
            permission = _name("view_channel")
            yield text("lacks-agents-view", channel=_link(channel), roles=named, permission=permission)
        elif not given.manage_threads:
            permission = _name("manage_threads")
            yield text("lacks-agents-manage", channel=_link(channel), roles=named, permission=permission)


def _agents_lack_commands(channel: discord.TextChannel, roles: Iterable[discord.Role]) -> Iterator[Text]:
    """In their own channel they need no more than their commands."""
    given = {str(role.id): channel.permissions_for(role) for role in roles}
    if named := tuple(id_ for id_, may in given.items() if may.view_channel and not may.manage_threads):
        permission = _name("manage_threads")
        yield text("lacks-agents-commands", channel=_link(channel), roles=Roles(named), permission=permission)


def _bot_lacks_call(channel: discord.TextChannel, roles: Iterable[discord.Role]) -> Iterator[Text]:
    """Who is called there is told, but not notified, without the one or the other."""
    if channel.permissions_for(channel.guild.me).mention_everyone:
        return
    if named := tuple(str(role.id) for role in roles if not role.mentionable):
        permission = _name("mention_everyone")
        yield text("lacks-agents-call", channel=_link(channel), roles=Roles(named), permission=permission)


def _moderators_lack(roles: Iterable[discord.Role]) -> Iterator[Text]:
    given = {str(role.id): role.permissions for role in roles}
    if named := tuple(id_ for id_, may in given.items() if not (may.manage_guild or may.administrator)):
        yield text("lacks-moderators-manage", roles=Roles(named), permission=_name("manage_guild"))


def _roles(guild: discord.Guild, ids: frozenset[str]) -> list[discord.Role]:
    """The roles that there still are, in a steady order."""
    found = (guild.get_role(int(id_)) for id_ in sorted(ids))
    return [role for role in found if role is not None]


def _gone(guild: discord.Guild, ids: frozenset[str]) -> int:
    return len(ids) - len(_roles(guild, ids))


def _link(channel: discord.TextChannel) -> ChannelLink:
    return ChannelLink(str(channel.id))


def _name(permission: str) -> Text:
    """What Discord calls a permission in its own settings."""
    return text(f"permission-{permission.replace('_', '-')}")
