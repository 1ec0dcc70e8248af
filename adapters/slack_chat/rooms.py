"""What a server's settings need of its channels and do not have."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import structlog
from cachetools import LRUCache, TTLCache
from slack_sdk.errors import SlackApiError

from adapters.slack_chat.nonsense import reading_answer
from adapters.slack_chat.people import reason_of
from adapters.slack_chat.workspaces import Workspace
from bot.model import ChannelLink, ServerSettings, Text
from bot.texts import text

PATIENCE = 1.0
"""Seconds that whoever sets channels up waits until Slack tells of them."""
_MOST = 10_000
_FRESH = 60.0
"""Seconds for which nobody asks again unless they have to."""
UNSEEN = {"access_denied", "channel_not_found", "missing_scope", "no_permission"}
"""Slack's errors for a channel that is not there, or private and without us."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Room:
    """A channel as Slack told it."""

    is_open: bool = True
    """Not archived."""
    is_private: bool = True
    has_us: bool = False


class Rooms:
    """What we have learnt of the channels that people set up; asked for when they do."""

    def __init__(self) -> None:
        self._known: LRUCache[tuple[str, str], _Room] = LRUCache(_MOST)
        self._fresh: TTLCache[tuple[str, str], None] = TTLCache(_MOST, _FRESH)

    async def look_again(self, workspace: Workspace, channels: Collection[str]) -> None:
        """Learn of channels that were not looked at lately."""
        await self.look(workspace, [one for one in channels if (workspace.id, one) not in self._fresh])

    async def look(self, workspace: Workspace, channels: Collection[str]) -> None:
        """Learn of channels, by the ids that the desk knows; what Slack does not tell in time stays unknown."""
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*(self._ask(workspace, channel) for channel in set(channels)))
        except (SlackApiError, aiohttp.ClientError, OSError) as error:
            _log.warning("Slack did not tell of a channel", workspace=workspace.id, reason=reason_of(error))

    async def _ask(self, workspace: Workspace, channel: str) -> None:
        self._fresh[workspace.id, channel] = None
        try:
            with reading_answer():
                told = await workspace.client.conversations_info(channel=workspace.channels.now(channel))
                about: Mapping[str, Any] = told["channel"]
                room = _Room(
                    is_open=not about.get("is_archived"),
                    is_private=bool(about.get("is_private")),
                    has_us=bool(about.get("is_member")),
                )
        except SlackApiError as error:
            if reason_of(error) not in UNSEEN:
                raise
            room = _Room()
        self._known[workspace.id, channel] = room

    def lacks(self, workspace: str, settings: ServerSettings) -> list[Text]:
        """One sentence for each thing that is missing, as far as it is known."""
        return [lack for channel in channels_of(settings) for lack in self._lacks(workspace, channel, settings)]

    def _lacks(self, workspace: str, channel: str, settings: ServerSettings) -> Iterator[Text]:
        room = self._known.get((workspace, channel))
        if room is None:
            return
        link = ChannelLink(channel)
        if not room.is_open:
            yield text("lacks-channel", channel=link)
        elif not room.has_us:
            yield text("lacks-membership", channel=link)
        elif channel == settings.agents_channel and not room.is_private:
            yield text("lacks-private-channel", channel=link)


def channels_of(settings: ServerSettings) -> list[str]:
    """All channels that were set up, in a steady order."""
    others = (settings.agents_channel, settings.sales_channel)
    return sorted({*settings.support, *(channel for channel in others if channel)})


def channels_in(view: Mapping[str, Any]) -> list[str]:
    """The channels that somebody has chosen in a form."""
    given = [answer for block in view["state"]["values"].values() for answer in block.values()]
    one = (answer.get("selected_conversation") for answer in given)
    several = (channel for answer in given for channel in answer.get("selected_conversations") or ())
    return [channel for channel in (*one, *several) if channel]
