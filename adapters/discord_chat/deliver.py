"""Effects as calls of Discord's API, and its refusals as outcomes.

Error codes: developers/topics/opcodes-and-status-codes, "JSON Error Codes".
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Literal

import aiohttp
import discord

from adapters.discord_chat.show import people_meant, views
from adapters.discord_chat.to_event import guild_of
from bot.model import CloseThread, Content, Done, Effect, Later, Never, OpenThread, Outcome, Say

_UNKNOWN_CHANNEL = 10003
_UNKNOWN_MESSAGE = 10008
_EDITED_TOO_OFTEN = 30046
"""Messages older than an hour can be edited only now and then."""
_MISSING_ACCESS = 50001
_INVALID_FORM = 50035
_IS_ARCHIVED = 50083
_THREAD_IS_THERE = 160004
_TOO_MANY_THREADS = 160006
_GONE = {_UNKNOWN_CHANNEL, _UNKNOWN_MESSAGE}

_ARCHIVE_AFTER: Literal[10_080] = 10_080
"""Minutes of silence after which Discord puts a thread away by itself: a week, the longest that there is."""
_PRIVATE_THREAD: Literal[12] = 12
_NEUTRAL_NAME = "Support"
"""For a thread whose own name Discord refuses (it filters some words)."""
PATIENCE = timedelta(seconds=5)
"""How long one call may keep a place in the outbox."""
_TAKES_LONG = timedelta(seconds=10)
_UNTIL_SOME_ARE_ARCHIVED = timedelta(minutes=5)
_UNTIL_PERMITTED = timedelta(minutes=5)
"""When to look again whether somebody has given us a permission; `/setup` tells them."""
_AFTER_CLOUDFLARE = timedelta(minutes=1)


class Delivery:
    """Performs effects for one client."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._calls: dict[str, tuple[Effect, asyncio.Task[Outcome]]] = {}
        """What is being done, by nonce. discord.py waits inside of a call, even after it was done, and a call that was
        broken off there would leave it in disorder, or be done twice."""
        self.patience, self.takes_long = PATIENCE, _TAKES_LONG
        self.until_permitted, self.until_some_are_archived = _UNTIL_PERMITTED, _UNTIL_SOME_ARE_ARCHIVED
        self.commands: Mapping[str, int] = {}
        """Ids of the registered commands by name, so that a sentence can link to them."""
        self.is_refused = False
        """Whether Discord does not know our token any more: then every further request would count as an abuse."""

    async def perform(self, effect: Effect, nonce: str) -> Outcome:
        """Do one effect. What takes long goes on, and the same nonce finds it again."""
        before = self._calls.get(nonce)
        if before is None or before[0] != effect:
            call = asyncio.create_task(self._call(effect, nonce, after=before[1] if before else None))
            before = self._calls[nonce] = (effect, call)
        done, _ = await asyncio.wait({before[1]}, timeout=self.patience.total_seconds())
        if not done:
            return Later("takes long", self.takes_long)
        self._calls.pop(nonce, None)
        return Later("broken off") if before[1].cancelled() else before[1].result()

    async def close(self) -> None:
        """Break off what is still being done; it is owed."""
        for _, call in self._calls.values():
            call.cancel()

    async def _call(self, effect: Effect, nonce: str, after: asyncio.Task[Outcome] | None) -> Outcome:
        if after is not None:
            await asyncio.wait({after})
        try:
            return self._obstacle(effect) or await self._do(effect, nonce)
        except discord.RateLimited as error:
            return Later("throttled by Discord", timedelta(seconds=error.retry_after))
        except discord.HTTPException as error:
            return self._outcome(effect, error)
        except (aiohttp.ClientError, OSError) as error:
            return Later(type(error).__name__)

    def _obstacle(self, effect: Effect) -> Outcome | None:
        """What we know without asking: refused requests add up to a ban of the bot."""
        if self.is_refused or self._client.is_closed():
            return Later("not connected to Discord")
        guild = self._client.get_guild(guild_of(effect.server))
        if guild is None and self._client.is_ready():
            return Never("the bot is not in this guild", is_fault=False)
        if guild is None or guild.unavailable:
            return Later("Discord has not told of this guild yet")
        channel = guild.get_channel(int(effect.channel))
        if channel is None:
            return Never("the channel is gone")
        ours = channel.permissions_for(guild.me)
        missing = ", ".join(name for name in ("view_channel", *_needed(effect)) if not getattr(ours, name))
        if missing and isinstance(effect, Say) and effect.answers is not None:
            return Never(f"cannot answer there, missing: {missing}", is_fault=False)
        return Later(f"missing in #{effect.channel}: {missing}", self.until_permitted) if missing else None

    async def _do(self, effect: Effect, nonce: str) -> Outcome:
        match effect:
            case OpenThread():
                return await self._open_thread(effect, nonce)
            case Say():
                return await self._say(effect, nonce)
            case CloseThread():
                await self._client.http.edit_channel(int(effect.thread or 0), archived=True)
                return Done(thread=effect.thread)

    # --- threads -------------------------------------------------------------------------------------

    async def _open_thread(self, effect: OpenThread, nonce: str) -> Outcome:
        message = effect.message
        if message is None and effect.opening is not None:
            posted = await self._send(effect.channel, effect.opening, nonce, guild_of(effect.server))
            message = posted.rpartition(",")[2]  # under the last, where a long request takes several
        try:
            return await self._start(effect, message, effect.name)
        except discord.HTTPException as error:
            if error.code != _INVALID_FORM:
                raise
            return await self._start(effect, message, _NEUTRAL_NAME)

    async def _start(self, effect: OpenThread, message: str | None, name: str) -> Outcome:
        http, channel = self._client.http, int(effect.channel)
        if message is None:
            thread = await http.start_thread_without_message(
                channel, name=name, auto_archive_duration=_ARCHIVE_AFTER, type=_PRIVATE_THREAD, invitable=False
            )
            return Done(thread=str(thread["id"]))
        try:
            await http.start_thread_with_message(channel, int(message), name=name, auto_archive_duration=_ARCHIVE_AFTER)
        except discord.HTTPException as error:
            if error.code != _THREAD_IS_THERE:
                raise
        return Done(message=message, thread=message)

    # --- messages ------------------------------------------------------------------------------------

    async def _say(self, effect: Say, nonce: str) -> Outcome:
        place, guild = effect.thread or effect.channel, guild_of(effect.server)
        if effect.replaces is not None and await self._edit(place, effect.replaces, effect.content, guild):
            return Done(message=effect.replaces)
        answers = effect.answers if self._may_answer(effect) else None
        return Done(message=await self._send(place, effect.content, nonce, guild, answers))

    def _may_answer(self, effect: Say) -> bool:
        """Whether we may point at a message (developers/resources/message, "Create Message")."""
        guild = self._client.get_guild(guild_of(effect.server))
        channel = guild.get_channel(int(effect.channel)) if guild is not None else None
        return channel is not None and channel.permissions_for(channel.guild.me).read_message_history

    async def _send(self, place: str, content: Content, nonce: str, guild: int, answers: str | None = None) -> str:
        """Post a message, in several if it is long; their ids, with commas."""
        channel = self._client.get_partial_messageable(int(place), guild_id=guild)
        posted: list[str] = []
        for number, view in enumerate(views(content, self.commands)):
            is_first = number == 0
            message = await channel.send(
                view=view,
                nonce=nonce if is_first else f"{nonce}.{number}",
                allowed_mentions=people_meant(content),
                reference=_reference(channel, answers if is_first else None),
            )
            posted.append(str(message.id))
        return ",".join(posted)

    async def _edit(self, place: str, messages: str, content: Content, guild: int) -> bool:
        """Put other words into a message of ours. False if that cannot be: then what is left of it is taken away."""
        channel = self._client.get_partial_messageable(int(place), guild_id=guild)
        old = [channel.get_partial_message(int(message)) for message in messages.split(",")]
        parts = views(content, self.commands)
        if len(parts) == len(old):
            try:
                for message, view in zip(old, parts, strict=True):
                    await message.edit(view=view, allowed_mentions=people_meant(content))
            except discord.HTTPException as error:
                if error.code not in {_UNKNOWN_MESSAGE, _EDITED_TOO_OFTEN, _IS_ARCHIVED}:
                    raise
            except discord.RateLimited:  # old messages again, and for longer than can be waited for
                pass
            else:
                return True
        for message in old:
            try:
                await message.delete()
            except discord.HTTPException as error:
                if error.code not in {_UNKNOWN_MESSAGE, _IS_ARCHIVED}:
                    raise
        return False

    # --- refusals ------------------------------------------------------------------------------------

    def _outcome(self, effect: Effect, error: discord.HTTPException) -> Outcome:
        reason = f"Discord says {error.status} {error.code}"
        if error.status == HTTPStatus.UNAUTHORIZED:
            self.is_refused = True
            return Later(reason)
        if error.status == HTTPStatus.TOO_MANY_REQUESTS:  # from Cloudflare, in a body of its own
            return Later(reason, _AFTER_CLOUDFLARE)
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Later(reason)
        if error.code == _MISSING_ACCESS:  # lost so lately that we have not been told; or the whole guild is
            return Later(reason, self.until_permitted)
        if error.code == _TOO_MANY_THREADS:
            return Later("the guild has too many open threads", self.until_some_are_archived)
        is_lost = error.code not in _GONE and not isinstance(effect, CloseThread)  # an open thread is no loss
        return Never(reason, is_fault=is_lost)


def _reference(channel: discord.PartialMessageable, answers: str | None) -> Any:
    """Typed for none as well, which discord.py takes and does not say."""
    if answers is None:
        return None
    return channel.get_partial_message(int(answers)).to_reference(fail_if_not_exists=False)


def _needed(effect: Effect) -> tuple[str, ...]:
    match effect:
        case OpenThread(is_private=True):
            return ("create_private_threads", "send_messages_in_threads")
        case OpenThread(message=None):
            return ("create_public_threads", "send_messages", "send_messages_in_threads")
        case OpenThread():
            return ("create_public_threads", "send_messages_in_threads")
        case Say(thread=None):
            return ("send_messages",)
        case _:
            return ("send_messages_in_threads",)
