"""Discord: the desk in real guilds, by discord.py."""

from __future__ import annotations

from adapters.discord_chat.chat import DiscordChat, DiscordRefused, create_client
from adapters.discord_chat.to_event import PREFIX

__all__ = ["PREFIX", "DiscordChat", "DiscordRefused", "create_client"]
