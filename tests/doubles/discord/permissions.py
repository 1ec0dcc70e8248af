"""Who may do what: Discord's bits, and how roles and a channel's exceptions make them up."""

from __future__ import annotations

from enum import IntFlag
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.doubles.discord.world import Member, Place


class Permission(IntFlag):
    """The bits that matter to a support bot."""

    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    MANAGE_ROLES = 1 << 28
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38


EVERYTHING = sum(Permission)

FOR_EVERYONE = (
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_APPLICATION_COMMANDS
)
"""What @everyone may do in a new guild, as far as it matters here (starting threads is left to those who need it)."""

FOR_THE_BOT = FOR_EVERYONE | Permission.CREATE_PUBLIC_THREADS | Permission.CREATE_PRIVATE_THREADS
"""What a bot needs that starts threads, and closes only those."""


def permissions_of(member: Member, place: Place) -> int:
    """What a member may do in a channel, or in the channel that a thread hangs in."""
    guild = member.guild
    granted = guild.everyone.permissions | member.extra_permissions
    for role in member.roles:
        granted |= role.permissions
    if member.user.id == guild.owner_id or granted & Permission.ADMINISTRATOR:
        return EVERYTHING
    exceptions = place.channel.overwrites
    levels = [[guild.id], [role.id for role in member.roles], [member.user.id]]
    for ids in levels:
        found = [exceptions[id_] for id_ in ids if id_ in exceptions]
        for _, denied in found:
            granted &= ~denied
        for allowed, _ in found:
            granted |= allowed
    return granted


def may(member: Member, place: Place, needed: int) -> bool:
    return permissions_of(member, place) & needed == needed


def sees(member: Member, place: Place) -> bool:
    """Whether the place exists at all for a member."""
    if not may(member, place, Permission.VIEW_CHANNEL):
        return False
    return not place.is_private or member.id in place.members or may(member, place, Permission.MANAGE_THREADS)


def sending(place: Place) -> Permission:
    """What somebody needs to write there: `SEND_MESSAGES` means nothing in a thread."""
    return Permission.SEND_MESSAGES_IN_THREADS if place.is_thread else Permission.SEND_MESSAGES
