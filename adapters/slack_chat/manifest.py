"""The app as Slack has to know it: what it may do, what it is told, and what people can call it by.

`wartemarke slack manifest` prints it; whoever pastes it into Slack's form "From a manifest" has set up all of the app.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from adapters.slack_chat.commands import called
from bot.desk.commands import COMMANDS, Command
from bot.model import Language, Text, Wish
from bot.texts import PlainMarkup, say, text

SCOPES = (
    "app_mentions:read",  # to be addressed where the bot does not listen
    "channels:history",  # what is said in public support channels, and to see whether a post of ours got through
    "channels:read",  # whether a channel is there and whether we are in it
    "chat:write",  # answers and cards
    "commands",  # slash commands and shortcuts
    "files:read",  # a policy that a moderator imports
    "files:write",  # tables and pictures for whoever asks for them
    "groups:history",  # as channels:history, in private channels
    "groups:read",  # as channels:read, of private channels
    "im:history",  # what people write to the bot directly
    "im:write",  # to begin a private ticket in somebody's direct messages
    "reactions:read",  # tickets and claims by reaction, and the message under one
    "usergroups:read",  # who the agents and moderators are
    "users:read",  # names, languages and who manages the workspace
)
"""What the bot may do there, as a bot; it acts for no user."""

EVENTS = (
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "channel_deleted",
    "channel_id_changed",
    "channel_left",
    "group_deleted",
    "group_left",
    "message.channels",
    "message.groups",
    "message.im",
    "reaction_added",
    "subteam_created",
    "subteam_members_changed",
    "subteam_updated",
    "tokens_revoked",
)
"""What Slack tells us of; each has a listener. A subscription's part behind the dot is not in the event's type."""


class ShortcutKind(StrEnum):
    """Where people find a shortcut: in a message's menu, or beside the box that they write in."""

    MESSAGE = "message"
    GLOBAL = "global"


@dataclass(frozen=True, slots=True)
class Shortcut:
    """One shortcut; Slack tells us its `callback_id`, which no other has."""

    callback_id: str
    kind: ShortcutKind
    name: Text
    description: Text


NEW_TICKET = "new_ticket"
"""The shortcut that belongs to no message; those of messages are called as their `Wish`."""

SHORTCUTS = (
    *(
        Shortcut(wish.value, ShortcutKind.MESSAGE, text(f"menu-{wish}"), text(f"command-{wish}"))
        for wish in (Wish.COVERED, Wish.TICKET, Wish.PRIVATE_TICKET)
    ),
    Shortcut(Wish.CLAIM.value, ShortcutKind.MESSAGE, text("menu-claim"), text("menu-claim-about")),
    Shortcut(NEW_TICKET, ShortcutKind.GLOBAL, text("button-open"), text("command-ticket")),
)

_LONGEST_NAME = 35
EVENTS_PATH, INSTALL_PATH, REDIRECT_PATH = "/slack/events", "/slack/install", "/slack/oauth_redirect"
"""Where Slack and browsers reach us, behind the address that the world knows us by."""


def manifest(prefix: str = "", url: str = "", name: str = "Wartemarke") -> dict[str, Any]:
    """The manifest: for Socket Mode, or for HTTP at `url`. The names of all commands begin with `prefix`.

    Raises ValueError for a name or address that Slack does not take.
    """
    if not 0 < len(name) <= _LONGEST_NAME:
        raise ValueError(f"The name {name!r} is not possible: Slack takes up to {_LONGEST_NAME} characters.")
    if url and not url.startswith("https://"):
        raise ValueError(f"The url {url!r} is not possible: Slack sends only to addresses that begin with https://.")
    events_url = url.rstrip("/") + EVENTS_PATH if url else ""
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {"name": name, "description": _english(text("app-description"))},
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": name, "always_online": True},
            "shortcuts": [_shortcut(shortcut) for shortcut in SHORTCUTS],
            "slash_commands": [_command(command, prefix, events_url) for command in COMMANDS],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}, **_redirect(url)},
        "settings": {
            "event_subscriptions": {**_request(events_url), "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **_request(events_url)},
            "org_deploy_enabled": True,
            "socket_mode_enabled": not url,
            # Once on, it cannot be switched off, and the one token of a single workspace would run out with nobody to
            # renew it. Who installs for many workspaces switches it on at Slack: then tokens are renewed.
            "token_rotation_enabled": False,
        },
    }


def _english(words: Text) -> str:
    """Slack shows these in one language to all."""
    return say(words, Language.EN, PlainMarkup())


def _shortcut(shortcut: Shortcut) -> dict[str, Any]:
    return {
        "name": _english(shortcut.name),
        "type": shortcut.kind.value,
        "callback_id": shortcut.callback_id,
        "description": _english(shortcut.description),
    }


def _command(command: Command, prefix: str, events_url: str) -> dict[str, Any]:
    usage = _english(command.usage)
    return {
        "command": called(command.name, prefix),
        "description": _english(command.description),
        **({"usage_hint": usage} if usage else {}),
        **({"url": events_url} if events_url else {}),
        "should_escape": True,  # so that people and channels come as ids
    }


def _request(events_url: str) -> dict[str, str]:
    return {"request_url": events_url} if events_url else {}


def _redirect(url: str) -> dict[str, list[str]]:
    return {"redirect_urls": [url.rstrip("/") + REDIRECT_PATH]} if url else {}
