"""The discord.py client: what happens in guilds goes to the desk, and the desk's private answers go back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import aiohttp
import discord
import structlog

from adapters.discord_chat.answering import answer, please_again
from adapters.discord_chat.catching_up import Marks, catch_up, is_from_a_person
from adapters.discord_chat.commands import command_tree, sync
from adapters.discord_chat.deliver import Delivery
from adapters.discord_chat.forms import values_of
from adapters.discord_chat.limiter import Limiter, paced
from adapters.discord_chat.permissions import invite_url
from adapters.discord_chat.show import DeskButton
from adapters.discord_chat.to_event import (
    PREFIX,
    Place,
    button_pressed,
    calls,
    command_used,
    form_sent,
    guild_of,
    message_deleted,
    message_edited,
    message_picked,
    message_posted,
    person,
    person_banned,
    place_gone,
    place_of,
    server_joined,
    server_left,
    server_of,
)
from bot.model import Event, Listener, Person, Reply, Wish

IDENTIFY_EVERY = 5.5
"""Seconds between two identifications in one bucket: Discord asks for 5 (developers/events/gateway, "Sharding"), and
neither lines nor clocks are exact."""
CATCH_UP_AGAIN = 30.0
"""Seconds until what could not be read is asked for again."""
_UNKNOWN = {10007, 10013}
"""No member of the guild, no user at all (developers/topics/opcodes-and-status-codes, "JSON Error Codes")."""

_log = structlog.get_logger(__name__)


def intents(*, reads_messages: bool) -> discord.Intents:
    """What we need to hear of: guilds with channels and threads, messages, bans; words only where we are allowed to."""
    return discord.Intents(guilds=True, guild_messages=True, moderation=True, message_content=reads_messages)


class DeskClient(discord.AutoShardedClient):
    """Hears for the desk, and speaks for it. Keeps neither members nor messages."""

    def __init__(
        self,
        desk: Listener,
        limiter: Limiter,
        *,
        reads_messages: bool,
        shard_ids: tuple[int, ...],
        shard_count: int | None,
        may_serve: Callable[[], bool] = lambda: True,
    ) -> None:
        """With `shard_ids` it serves only the guilds of these shards, of `shard_count` in all.

        While it may not serve, it stays connected, but tells the desk of nothing.
        """
        super().__init__(
            intents=intents(reads_messages=reads_messages),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            allowed_mentions=discord.AllowedMentions.none(),
            http_trace=paced(limiter),
            shard_count=shard_count,
        )
        self.shard_ids = list(shard_ids) or None
        self.limiter = limiter
        self.may_serve = may_serve
        self.reads_messages = reads_messages
        """Whether Discord gives us the words of messages that do not mention us."""
        self.delivery = Delivery(self)
        self.tree = command_tree(self)
        self.marks = Marks(desk)
        self._desk = desk
        self.identify_every, self.catch_up_again = IDENTIFY_EVERY, CATCH_UP_AGAIN
        self._noting: asyncio.Task[None] | None = None
        self._asking: set[asyncio.Task[Person | OSError | None]] = set()
        self._identify_alone = 1

    # --- connecting ----------------------------------------------------------------------------------

    async def setup_hook(self) -> None:
        """Between the log-in and the first connection."""
        self.add_dynamic_items(DeskButton)
        self._noting = asyncio.create_task(self.marks.run())
        is_first = not self.shard_ids or 0 in self.shard_ids
        await self._register_commands(is_first=is_first)
        if is_first:
            _log.info("invite the bot", link=invite_url(self.application_id or 0))

    async def _register_commands(self, *, is_first: bool) -> None:
        """The client of the first shard sees to it that Discord knows our commands as they are."""
        try:
            self.delivery.commands = await sync(self.tree, write=is_first)
        except (discord.HTTPException, discord.RateLimited) as error:
            _log.error("commands could not be registered", reason=str(error))

    async def connect(self, *, reconnect: bool = True) -> None:
        """Ask how many shards Discord wants and how fast they may identify, and connect."""
        shards, _, limits = await self.http.get_bot_gateway()
        about_to = None if self._desk.has_company else self.shard_ids  # others may be about to identify as well
        if limits["remaining"] < len(about_to or range(self.shard_count or shards)):
            # one more than is allowed in a day, and Discord takes the token away
            seconds = limits["reset_after"] / 1000
            _log.error("Discord allows no more connections for now, waiting", seconds=seconds)
            await asyncio.sleep(seconds)
        self._identify_alone = limits["max_concurrency"]
        self.shard_count = self.shard_count or shards  # with a count, discord.py takes DEFAULT_GATEWAY
        _log.info("connecting to Discord", shards=self.shard_count, identifications_left=limits["remaining"])
        await super().connect(reconnect=reconnect)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Several processes identify one after the other: each shard of a bucket has a turn of its own."""
        turn, bucket = divmod(shard_id or 0, self._identify_alone)
        if not self._desk.has_company:
            await asyncio.sleep((turn if initial else 1) * self.identify_every)
            return
        while True:
            seconds = await self._until_turn(bucket)
            if not seconds:
                return
            await asyncio.sleep(seconds)

    async def _until_turn(self, bucket: int) -> float:
        """Seconds to wait before asking again; 0 if it is our turn to identify."""
        try:
            wait = await self._desk.wait_turn(f"discord/identify/{bucket}", 1 / self.identify_every, 1)
        except Exception:  # noqa: BLE001 (logged; discord.py would end the bot because of it)
            _log.exception("could not ask whether it is our turn to identify; trying again")
            return self.identify_every
        return wait.total_seconds()

    async def close(self) -> None:
        """Leave, after noting how far we have heard."""
        if self._noting is not None:
            self._noting.cancel()
            self._noting = None
            await self.marks.note()
        await self.delivery.close()
        await super().close()

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """What discord.py tells us; nothing while another worker may be told it, too."""
        if self.may_serve():
            super().dispatch(event, *args, **kwargs)

    def go_on(self) -> None:
        """We may serve again, and have perhaps not listened for a while."""
        self.marks.lose(guild.id for guild in self.guilds)
        for guild in self.guilds:
            if not guild.unavailable:
                self.dispatch("guild_available", guild)
        if self.is_ready():
            self.dispatch("ready")

    async def on_shard_disconnect(self, shard_id: int) -> None:
        """Until the session is resumed, we may miss something."""
        self.marks.lose(guild.id for guild in self.guilds if guild.shard_id == shard_id)

    async def on_shard_resumed(self, shard_id: int) -> None:
        """Discord has told us what we had missed."""
        self.marks.regain(guild.id for guild in self.guilds if guild.shard_id == shard_id)

    async def on_ready(self) -> None:
        """Guilds that we have been removed from while nobody was there."""
        here = {server_of(guild.id) for guild in self.guilds}
        for server in list(self._desk.servers()):
            if server.startswith(f"{PREFIX}:") and server not in here and self.is_ours(guild_of(server)):
                await self._desk.handle(server_left(guild_of(server)))

    def is_ours(self, guild: int) -> bool:
        """Whether a guild is told to one of our shards (developers/events/gateway, "Sharding")."""
        return not self.shard_ids or (guild >> 22) % (self.shard_count or 1) in self.shard_ids

    # --- guilds --------------------------------------------------------------------------------------

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """A guild is there, or there again: perhaps we have missed something."""
        if server_of(guild.id) not in self._desk.servers():
            await self._desk.handle(server_joined(guild))
        await self._catch_up(guild)

    async def _catch_up(self, guild: discord.Guild) -> None:
        """Tell the desk what was missed, as often as it takes."""
        while self.get_guild(guild.id) is guild and not self.is_closed():
            try:
                await catch_up(self._desk, self.marks, guild)
            except Exception:  # noqa: BLE001 (one guild must not keep the others from being heard)
                _log.exception("could not catch up, it is tried again", guild=guild.id)
                await asyncio.sleep(self.catch_up_again)
            else:
                return

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """The bot was added to a guild."""
        await self.on_guild_available(guild)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was removed from a guild."""
        self.marks.lose([guild.id])
        await self._desk.handle(server_left(guild.id))

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """A channel is gone, with all its threads."""
        await self._desk.handle(place_gone(channel.guild.id, (str(channel.id), None)))

    async def on_raw_thread_delete(self, thread: discord.RawThreadDeleteEvent) -> None:
        """A thread is gone."""
        if self._desk.hears(server_of(thread.guild_id), str(thread.parent_id)):
            await self._desk.handle(place_gone(thread.guild_id, (str(thread.parent_id), str(thread.thread_id))))

    async def on_member_ban(self, guild: discord.Guild, user: discord.User | discord.Member) -> None:
        """Somebody was banned."""
        await self._desk.handle(person_banned(guild.id, user.id))

    async def member(self, server: str, user: str) -> Person | None:
        """A member of a guild as they are now, asked for by themselves: that needs no privileged intent."""
        guild = self.get_guild(guild_of(server))
        if guild is None or guild.unavailable or self.delivery.is_refused:
            raise ConnectionError("Discord has not told of this guild")
        asking = asyncio.create_task(_member(guild, int(user)))
        self._asking.add(asking)  # it goes on, because discord.py may wait in it and cannot be broken off there
        asking.add_done_callback(self._asking.discard)
        done, _ = await asyncio.wait({asking}, timeout=self.delivery.patience.total_seconds())
        if not done:
            raise TimeoutError("Discord has not told in time")
        found = asking.result()
        if isinstance(found, OSError):
            raise found
        return found

    # --- messages ------------------------------------------------------------------------------------

    async def on_message(self, message: discord.Message) -> None:
        """A message; in most channels it is none of our business."""
        guild = message.guild
        if guild is None or guild.unavailable:  # of whose channels Discord is about to tell: then it is caught up with
            return
        place = place_of(message.channel)
        if place is not None and (self._hears(guild.id, place) or calls(message, guild)):
            # our own messages, too: else they would be read again at the next start
            async with self.marks.telling(guild.id, message.id):
                if is_from_a_person(message):
                    await self._desk.handle(message_posted(message, guild, place))
        elif place is None and self._desk.heard_in(server_of(guild.id)):
            await self._in_unknown_thread(message, guild)

    async def _in_unknown_thread(self, message: discord.Message, guild: discord.Guild) -> None:
        """A message has opened an archived thread again, and Discord has not told of the thread yet."""
        async with self.marks.telling(guild.id, message.id):
            place = await self._look_up(message.channel.id)
            if place is not None and self._hears(guild.id, place) and is_from_a_person(message):
                await self._desk.handle(message_posted(message, guild, place))

    async def _look_up(self, thread: int) -> Place | None:
        """Ask where a thread is, as often as it takes; None if it is gone, or none of our business."""
        while not self.is_closed():
            try:
                return place_of(await self.fetch_channel(thread))
            except (discord.NotFound, discord.Forbidden, discord.InvalidData):
                break
            except (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError) as error:
                _log.warning("cannot tell where a message was written", thread=thread, error=type(error).__name__)
                await asyncio.sleep(self.catch_up_again)
        return None

    async def on_raw_message_edit(self, update: discord.RawMessageUpdateEvent) -> None:
        """A message was changed; without the intent, Discord does not tell how."""
        place = self._place(update.guild_id, update.channel_id)
        if place is None or update.guild_id is None or not self.reads_messages:
            return
        event = message_edited(update, update.guild_id, place)
        if event is not None and is_from_a_person(update.message):
            await self._desk.handle(event)

    async def on_raw_message_delete(self, deleted: discord.RawMessageDeleteEvent) -> None:
        """A message is gone."""
        await self._deleted([deleted.message_id], deleted.guild_id, deleted.channel_id)

    async def on_raw_bulk_message_delete(self, deleted: discord.RawBulkMessageDeleteEvent) -> None:
        """Many messages are gone at once."""
        await self._deleted(sorted(deleted.message_ids), deleted.guild_id, deleted.channel_id)

    async def _deleted(self, messages: Iterable[int], guild: int | None, channel: int) -> None:
        place = self._place(guild, channel)
        if place is not None and guild is not None:
            for message in messages:
                await self._desk.handle(message_deleted(message, guild, place))

    def _place(self, guild_id: int | None, channel: int) -> Place | None:
        """Where something happened, if the desk listens there."""
        guild = self.get_guild(guild_id) if guild_id is not None else None
        place = place_of(guild.get_channel_or_thread(channel)) if guild is not None else None
        return place if place is not None and guild is not None and self._hears(guild.id, place) else None

    def _hears(self, guild: int, place: Place) -> bool:
        return self._desk.hears(server_of(guild), place[0])

    # --- interactions --------------------------------------------------------------------------------

    async def used(self, interaction: discord.Interaction[DeskClient], name: str, words: str = "") -> None:
        """A slash command."""
        await self._asked(interaction, command_used(interaction, name, words))

    async def pressed(self, interaction: discord.Interaction[DeskClient], action: str) -> None:
        """A button of ours."""
        await self._asked(interaction, button_pressed(interaction, action))

    async def picked(self, interaction: discord.Interaction[DeskClient], wish: Wish, message: discord.Message) -> None:
        """A message was chosen from its menu."""
        await self._asked(interaction, message_picked(interaction, wish, message))

    async def on_interaction(self, interaction: discord.Interaction[DeskClient]) -> None:
        """A modal was filled in; it may have been opened before the last restart, so nothing in memory knows it."""
        if interaction.type is discord.InteractionType.modal_submit and interaction.guild_id is not None:
            await answer(interaction, self._sent(interaction), self.delivery.commands)

    async def _sent(self, interaction: discord.Interaction[DeskClient]) -> Reply | None:
        try:
            values = await values_of(interaction)  # reads a file, if there is one, and may take a while
        except discord.HTTPException as error:
            _log.warning("a file could not be read", status=error.status, code=error.code)
            return Reply(please_again(interaction))
        return await self._handle(form_sent(interaction, values))

    async def _asked(self, interaction: discord.Interaction[DeskClient], event: Event) -> None:
        if self.may_serve():
            await answer(interaction, self._handle(event), self.delivery.commands)

    async def _handle(self, event: Event) -> Reply | None:
        """What was said in a channel before somebody set it up stays unheard, also when we catch up."""
        before = self._desk.heard_in(event.server)
        reply = await self._desk.handle(event)
        if set(self._desk.heard_in(event.server)) - set(before):
            await self.marks.begin_anew(guild_of(event.server), event.order)
        return reply


async def _member(guild: discord.Guild, user: int) -> Person | OSError | None:
    """A member, None who is none, or why Discord does not tell."""
    try:
        return person(await guild.fetch_member(user))
    except discord.HTTPException as error:
        is_gone = isinstance(error, discord.NotFound) and error.code in _UNKNOWN
        return None if is_gone else OSError(f"Discord says {error.status} {error.code}")
    except (discord.RateLimited, aiohttp.ClientError, OSError) as error:
        return OSError(f"Discord does not tell: {type(error).__name__}")
