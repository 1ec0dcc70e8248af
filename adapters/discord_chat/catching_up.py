"""What was said while the bot was away, or while its connection was lost for good, is told to the desk afterwards.

For each guild the desk keeps the order (a snowflake) up to which everything was told. It is moved on only while we know
that nothing is missing, and only past messages that the desk has taken; telling a message twice does no harm.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import discord
import structlog
from discord.utils import time_snowflake

from adapters.discord_chat.to_event import message_posted, place_gone, place_of, server_of
from bot.model import Listener

NOTE_EVERY = timedelta(seconds=15)
"""How often the marks are written down: what was said since is told once more after a crash."""
_PASSING = {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS}
"""Refusals that will end: what was missed is read later."""

_log = structlog.get_logger(__name__)


class Marks:
    """How far each guild has been heard."""

    def __init__(self, desk: Listener) -> None:
        self._desk = desk
        self._on_their_way: dict[int, set[int]] = {}
        self._heard: dict[int, int] = {}
        """The newest message that was told while we missed nothing."""
        self._lost: set[int] = set()
        self._rounds: dict[int, int] = {}
        """How often catching up has begun."""
        self._noted: dict[int, int] = {}
        self.note_every = NOTE_EVERY

    def lose(self, guilds: Iterable[int]) -> None:
        """From now on we may miss something of these guilds."""
        self._lost |= set(guilds)

    def regain(self, guilds: Iterable[int]) -> None:
        """Discord has told us all that we had missed."""
        self._lost -= set(guilds)

    def misses_nothing(self, guild: int) -> bool:
        """Whether all that was said in a guild up to now has been told, or is on its way."""
        return guild in self._heard and guild not in self._lost

    def begin(self, guild: int) -> int:
        """What was missed up to now is about to be told; until that is done, the mark stays where it is.

        Which round this is comes back: a later one makes it void.
        """
        self._lost.discard(guild)
        self._heard.pop(guild, None)
        self._rounds[guild] = self._rounds.get(guild, 0) + 1
        return self._rounds[guild]

    def end(self, guild: int, round_: int, order: int, told: Collection[int] = ()) -> None:
        """What was missed has been told, up to this order."""
        if self._rounds[guild] == round_:
            self._on_their_way.get(guild, set()).difference_update(told)
            self._reach(guild, order)

    async def begin_anew(self, guild: int, order: int) -> None:
        """Nothing older than this is anybody's business any more: the desk has begun to listen to other channels."""
        if self.misses_nothing(guild):
            self._reach(guild, order)
            await self.note()

    def _reach(self, guild: int, order: int) -> None:
        self._heard[guild] = max(order, self._heard.get(guild, 0))

    @asynccontextmanager
    async def telling(self, guild: int, message: int) -> AsyncIterator[None]:
        """While a message is being told, the mark stays before it; and for good, if telling it fails."""
        self._on_their_way.setdefault(guild, set()).add(message)
        yield
        if self.misses_nothing(guild):
            self._reach(guild, message)
        self._on_their_way.get(guild, set()).discard(message)

    async def run(self) -> None:
        """Write the marks down now and then, until cancelled."""
        while True:
            await asyncio.sleep(self.note_every.total_seconds())
            try:
                await self.note()
            except Exception:  # noqa: BLE001 (it is logged, and tried again in a while)
                _log.exception("could not note how far guilds were heard")

    async def note(self) -> None:
        """Write down the marks that have moved."""
        for guild, heard in list(self._heard.items()):
            order = min((heard, *(message - 1 for message in self._on_their_way.get(guild, ()))))
            if order > self._noted.get(guild, 0):
                await self._desk.note_heard(server_of(guild), order)
                self._noted[guild] = order


async def catch_up(desk: Listener, marks: Marks, guild: discord.Guild) -> int:
    """Tell the desk, in order, what was said in its channels and their threads since the mark; how much that was.

    Raises what Discord, or the line to it, says where something cannot be read just now.
    """
    round_ = marks.begin(guild.id)
    await _tell_of_deleted_channels(desk, guild)
    since = await desk.heard_until(server_of(guild.id))
    if since is None:  # new to us: what was said before is none of our business
        now = time_snowflake(datetime.now(UTC))
        await desk.note_heard(server_of(guild.id), now)
        marks.end(guild.id, round_, now)
        return 0
    missed = [message for place in _places(desk, guild, since) for message in await _read(place, since)]
    missed.sort(key=lambda message: message.id)
    authors: dict[int, discord.Member | discord.User] = {}
    for message in missed:
        place = place_of(message.channel)
        if place is not None and is_from_a_person(message):
            author = authors.get(message.author.id) or await _author(guild, message.author)
            authors[author.id] = author
            await desk.handle(message_posted(message, guild, place, author))
    told = [message.id for message in missed]
    marks.end(guild.id, round_, told[-1] if told else since, told)
    if missed:
        _log.info("caught up", guild=guild.id, messages=len(missed))
    return len(missed)


async def _tell_of_deleted_channels(desk: Listener, guild: discord.Guild) -> None:
    """What was deleted while we were away is told by nobody else."""
    for channel in desk.heard_in(server_of(guild.id)):
        if guild.get_channel(int(channel)) is None:
            await desk.handle(place_gone(guild.id, (channel, None)))


async def _author(guild: discord.Guild, author: discord.Member | discord.User) -> discord.Member | discord.User:
    """Who wrote, with their roles: an old message does not tell them, and an agent is no customer."""
    try:
        return author if isinstance(author, discord.Member) else await guild.fetch_member(author.id)
    except discord.NotFound:  # has left
        return author


def is_from_a_person(message: discord.Message) -> bool:
    """Whether somebody wrote this; not a bot, a webhook, or Discord itself."""
    return not (message.author.bot or message.webhook_id or message.is_system())


def _places(desk: Listener, guild: discord.Guild, since: int) -> list[discord.TextChannel | discord.Thread]:
    """Channels and open threads of the desk's with something new; Discord has told it with the guild, so nothing is
    asked for in vain.
    """  # noqa: D205
    server = server_of(guild.id)
    channels = (one for one in guild.text_channels if desk.hears(server, str(one.id)))
    threads = (one for one in guild.threads if desk.hears(server, str(one.parent_id)))
    places: list[discord.TextChannel | discord.Thread] = [*channels, *threads]
    return [place for place in places if place.last_message_id and place.last_message_id > since]


async def _read(place: discord.TextChannel | discord.Thread, since: int) -> list[discord.Message]:
    if not place.permissions_for(place.guild.me).read_message_history:
        _log.warning("cannot read what was missed", channel=place.id, missing="read_message_history")
        return []
    after = discord.Object(since)
    try:
        messages = [one async for one in place.history(after=after, limit=None, oldest_first=True)]
    except discord.HTTPException as error:
        if error.status in _PASSING or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        _log.warning("could not read what was missed", channel=place.id, code=error.code)
        return []
    return messages
