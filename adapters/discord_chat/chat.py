"""Discord as a chat: one client for all shards, or one for each where workers share them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import aiohttp
import discord
import structlog
from discord.gateway import DiscordWebSocket
from discord.http import Route
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential, wait_random
from yarl import URL

from adapters.discord_chat.client import DeskClient, intents
from adapters.discord_chat.limiter import Limiter, limiter_of, paced
from adapters.discord_chat.permissions import lacks
from adapters.discord_chat.sharing import LEASE, Shards, Tenure, agreed_count
from adapters.discord_chat.to_event import guild_of
from bot.model import Chat, Effect, Later, Listener, Outcome, Person, ServerSettings, Text
from bot.settings import Settings

_AWAY = Later("not connected to Discord")
_ELSEWHERE = timedelta(seconds=0.5)
"""Until then, the worker that serves a guild has taken up what is owed there."""

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


def create_client(
    settings: Settings,
    desk: Listener,
    limiter: Limiter | None = None,
    *,
    reads_messages: bool = True,
    shard: int | None = None,
    shard_count: int | None = None,
    may_serve: Callable[[], bool] = lambda: True,
) -> DeskClient:
    """The discord.py client that serves this desk, not connected yet: all shards of the settings, or only this one."""
    _use_addresses(settings)
    shards, count = settings.discord_shards, shard_count or settings.discord_shard_count
    share = len(shards) / count if shards and count else 1  # Discord's limit is for all together
    return DeskClient(
        desk,
        limiter or limiter_of(desk, share),
        reads_messages=reads_messages,
        shard_ids=shards if shard is None else (shard,),
        shard_count=count,
        may_serve=may_serve,
    )


def _use_addresses(settings: Settings) -> None:
    """Other addresses of Discord's hold for the whole process, because discord.py has only one of each."""
    if settings.discord_api_url:
        Route.BASE = settings.discord_api_url.rstrip("/")
    if settings.discord_gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = URL(settings.discord_gateway_url)


@contextmanager
def _told_plainly() -> Iterator[None]:
    """What only an operator can mend, in a sentence; what passes by itself, and what we can do without, as it is."""
    try:
        yield
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


class DiscordChat(Chat):
    """The desk in every guild that the bot is in, or in this worker's share of them."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is connected before `run`."""
        self._settings = settings
        self._clients: list[DeskClient] = []
        self._reads_messages = True
        self._has_company = False
        """Whether other workers may serve other guilds of the same bot, out of the same outbox."""
        self.lease = LEASE

    async def run(self, desk: Listener) -> None:
        """Serve until cancelled. Raises DiscordRefused when Discord does not let us in."""
        self._has_company = desk.has_company
        if desk.has_company and not self._settings.discord_shards:
            await self._serve_a_share(desk)
        else:
            await self._serve(partial(create_client, self._settings, desk))

    async def _serve_a_share(self, desk: Listener) -> None:
        """Serve as many shards as any other worker on this database, each by a client of its own."""
        limiter = limiter_of(desk)
        asked: tuple[int, int] = await _KNOCKING.copy()(self._ask_for_shards, limiter)
        recommended, at_once = asked
        count = await agreed_count(desk) or self._settings.discord_shard_count or recommended
        create = partial(create_client, self._settings, desk, limiter, shard_count=count)

        async def serve(shard: int, tenure: Tenure) -> None:
            await self._serve(partial(create, shard=shard, may_serve=tenure.lasts))

        await Shards(desk, count, at_once, serve, self._go_on, self.lease).run()

    async def _ask_for_shards(self, limiter: Limiter) -> tuple[int, int]:
        """How many shards Discord recommends, and how many may identify at the same time."""
        _use_addresses(self._settings)
        with _told_plainly():
            async with discord.Client(intents=intents(reads_messages=False), http_trace=paced(limiter)) as client:
                await client.login(self._token)
                recommended, _, limits = await client.http.get_bot_gateway()
                return recommended, limits["max_concurrency"]

    def _go_on(self, shard: int) -> None:
        for client in self._clients:
            if client.shard_ids == [shard]:
                client.go_on()

    async def _serve(self, create: Callable[..., DeskClient]) -> None:
        """While Discord cannot be reached, knock again; once connected, discord.py does that itself."""
        reads_messages = self._reads_messages
        try:
            async for attempt in _KNOCKING.copy():
                with attempt:
                    await self._connect(create(reads_messages=reads_messages))
        except discord.PrivilegedIntentsRequired:
            if not reads_messages:
                raise
            _log.warning(
                "Discord does not give us the words of messages: switch on the Message Content Intent on the "
                "application's Bot page. Until then commands, mentions, menus and buttons work."
            )
            self._reads_messages = False
            await self._serve(create)

    async def _connect(self, client: DeskClient) -> None:
        self._clients.append(client)
        try:
            with _told_plainly():
                async with client:
                    await client.start(self._token)
        finally:
            self._clients.remove(client)
        if client.delivery.is_refused:
            raise DiscordRefused("Discord does not take this DISCORD_TOKEN any more: copy it anew from the Bot page.")

    @property
    def _token(self) -> str:
        token = self._settings.discord_token
        return token.get_secret_value() if token else ""

    def _client_of(self, server: str) -> DeskClient | None:
        """Who serves a guild at the moment."""
        guild = guild_of(server)
        return next((client for client in self._clients if client.is_ours(guild) and client.may_serve()), None)

    def serves(self, server: str) -> bool:
        """Whether a guild is ours, and not another worker's."""
        return not self._has_company or self._client_of(server) is not None

    async def perform(self, effect: Effect, nonce: str, attempt: int = 1) -> Outcome:
        """Do one effect."""
        del attempt
        client = self._client_of(effect.server)
        if client is None:
            return Later("served by another worker", _ELSEWHERE, is_untouched=True) if self._has_company else _AWAY
        outcome = await client.delivery.perform(effect, nonce)
        if client.delivery.is_refused and not client.is_closed():
            await client.close()
        return outcome

    def misses_nothing(self, server: str) -> bool:
        """Whether the guild is connected, and what was said while it was not has been told."""
        client = self._client_of(server)
        return client is not None and client.marks.misses_nothing(guild_of(server))

    async def member(self, server: str, person: str) -> Person | None:
        """Somebody as Discord knows them now; None who has left. Raises OSError when it does not tell."""
        client = self._client_of(server)
        if client is None:
            raise ConnectionError("not connected to Discord")
        return await client.member(server, person)

    def lacks(self, server: str, settings: ServerSettings) -> Sequence[Text]:
        """Permissions, channels and roles that are missing, and the intent."""
        client = self._client_of(server)
        guild = client.get_guild(guild_of(server)) if client else None
        return lacks(guild, settings, reads_messages=client.reads_messages) if client and guild else ()
