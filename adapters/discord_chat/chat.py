"""Discord as a chat: one client at a time, connected for as long as it is served."""

from __future__ import annotations

from collections.abc import Sequence

import aiohttp
import discord
import structlog
from discord.gateway import DiscordWebSocket
from discord.http import Route
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential, wait_random
from yarl import URL

from adapters.discord_chat.client import DeskClient
from adapters.discord_chat.permissions import lacks
from adapters.discord_chat.to_event import guild_of
from bot.model import Chat, Effect, Later, Listener, Outcome, Person, ServerSettings, Text
from bot.settings import Settings

_log = structlog.get_logger(__name__)

discord.VoiceClient.warn_nacl = False  # we have no use for voice, and no warning about it
discord.VoiceClient.warn_dave = False


class DiscordRefused(OSError):  # noqa: N818 (an answer of Discord's that an operator can mend)
    """Discord does not let us in; one sentence with the remedy."""


def _is_away(error: BaseException) -> bool:
    """Whether Discord can only not be reached at the moment."""
    away = (aiohttp.ClientError, OSError, discord.DiscordServerError, discord.GatewayNotFound, discord.RateLimited)
    return isinstance(error, away) and not isinstance(error, DiscordRefused)


def _tell(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    _log.warning(
        "Discord cannot be reached, it is tried again", reason=type(error).__name__, attempt=state.attempt_number
    )


_KNOCKING = AsyncRetrying(
    retry=retry_if_exception(_is_away), wait=wait_exponential(max=60) + wait_random(0, 1), before_sleep=_tell
)


def create_client(settings: Settings, desk: Listener, *, reads_messages: bool = True) -> DeskClient:
    """The discord.py client that serves this desk, not connected yet.

    Other addresses of Discord's API and gateway hold for the whole process, because discord.py has only one of each.
    """
    if settings.discord_api_url:
        Route.BASE = settings.discord_api_url.rstrip("/")
    if settings.discord_gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = URL(settings.discord_gateway_url)
    return DeskClient(
        desk,
        reads_messages=reads_messages,
        shard_ids=settings.discord_shards,
        shard_count=settings.discord_shard_count,
    )


class DiscordChat(Chat):
    """The desk in every guild that the bot is in."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is connected before `run`."""
        self._settings = settings
        self._client: DeskClient | None = None

    async def run(self, desk: Listener) -> None:
        """Serve until cancelled. Raises DiscordRefused when Discord does not let us in."""
        try:
            await self._serve(desk, reads_messages=True)
        except discord.PrivilegedIntentsRequired:
            _log.warning(
                "Discord does not give us the words of messages: switch on the Message Content Intent on the "
                "application's Bot page. Until then commands, mentions, menus and buttons work."
            )
            await self._serve(desk, reads_messages=False)

    async def _serve(self, desk: Listener, *, reads_messages: bool) -> None:
        """While Discord cannot be reached, knock again; once connected, discord.py does that itself."""
        async for attempt in _KNOCKING.copy():
            with attempt:
                self._client = create_client(self._settings, desk, reads_messages=reads_messages)
                await self._connect(self._client)

    async def _connect(self, client: DeskClient) -> None:
        token = self._settings.discord_token
        try:
            async with client:
                await client.start(token.get_secret_value() if token else "")
        except discord.LoginFailure as error:
            raise DiscordRefused("Discord does not know this DISCORD_TOKEN: copy it anew from the Bot page.") from error
        except discord.PrivilegedIntentsRequired:
            raise
        except discord.ConnectionClosed as error:
            raise DiscordRefused(f"Discord has ended the connection for good, with code {error.code}.") from error
        except (discord.HTTPException, ValueError) as error:
            if _is_away(error):
                raise
            reason = f"status {error.status}" if isinstance(error, discord.HTTPException) else "an unusable token"
            raise DiscordRefused(f"Discord cannot be used with these DISCORD_ settings: {reason}.") from None
        if client.delivery.is_refused:
            raise DiscordRefused("Discord does not take this DISCORD_TOKEN any more: copy it anew from the Bot page.")

    async def perform(self, effect: Effect, nonce: str, attempt: int = 1) -> Outcome:
        """Do one effect."""
        del attempt
        if self._client is None:
            return Later("not connected to Discord")
        outcome = await self._client.delivery.perform(effect, nonce)
        if self._client.delivery.is_refused and not self._client.is_closed():
            await self._client.close()
        return outcome

    def misses_nothing(self, server: str) -> bool:
        """Whether the guild is connected, and what was said while it was not has been told."""
        return self._client is not None and self._client.marks.misses_nothing(guild_of(server))

    async def member(self, server: str, person: str) -> Person | None:
        """Somebody as Discord knows them now; None who has left. Raises OSError when it does not tell."""
        if self._client is None:
            raise ConnectionError("not connected to Discord")
        return await self._client.member(server, person)

    def lacks(self, server: str, settings: ServerSettings) -> Sequence[Text]:
        """Permissions, channels and roles that are missing, and the intent."""
        guild = self._client.get_guild(guild_of(server)) if self._client else None
        return lacks(guild, settings, reads_messages=self._client.reads_messages) if self._client and guild else ()
