"""Channels that companies share, where more than one of them has installed us.

Slack tells an event once, in the name of only one of the installations (apis/events-api, "authorizations").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cachetools import TTLCache
from slack_sdk.errors import SlackApiError

from adapters.slack_chat.addresses import PREFIX, workspace_of
from adapters.slack_chat.nonsense import reading_answer, word
from adapters.slack_chat.people import reason_of
from adapters.slack_chat.rooms import UNSEEN
from adapters.slack_chat.workspaces import Workspace, Workspaces
from bot.model import Listener

_MOST = 10_000
_KNOWN_FOR = 600.0
"""Seconds for which we believe that a workspace is in a channel, or is not."""


class Sharing:
    """Finds whose message it is."""

    def __init__(self, desk: Listener, workspaces: Workspaces) -> None:
        self._desk, self._workspaces = desk, workspaces
        self._is_in: TTLCache[tuple[str, str], bool] = TTLCache(_MOST, _KNOWN_FOR)

    async def hearing(self, channel: str, named: Workspace | None) -> Workspace | None:
        """Who hears this channel: the one that Slack names, unless only another one has set it up, and is in it.

        What was set up may be older than the sharing; so Slack is asked before anybody gets another company's words.
        Raises SlackApiError or OSError when it cannot tell.
        """
        if named is not None and self._desk.hears(named.server, named.channels.known_as(channel)):
            return named
        for server in self._desk.servers():
            if server.startswith(f"{PREFIX}:") and self._desk.hears(server, channel):
                other = await self._workspaces.of(workspace_of(server))
                if other is not None and await self._has(other, channel):
                    return other
        return named

    async def _has(self, workspace: Workspace, channel: str) -> bool:
        key = workspace.id, channel
        if key not in self._is_in:
            try:
                with reading_answer():
                    about = (await workspace.client.conversations_info(channel=channel))["channel"]
                    self._is_in[key] = bool(about.get("is_member"))
            except SlackApiError as error:
                if reason_of(error) not in UNSEEN:
                    raise
                self._is_in[key] = False
        return self._is_in[key]


def shared_in(body: Mapping[str, Any]) -> str | None:
    """The channel of an event, if companies share it. Raises TypeError or AttributeError for what Slack never sends."""
    event = body.get("event")
    if not body.get("is_ext_shared_channel") or event is None:
        return None
    channel = event.get("channel") or (event.get("item") or {}).get("channel")
    return word(channel) if channel else None
