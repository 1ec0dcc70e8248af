"""The stand-in for Discord in a process of its own, so that nothing of its work is counted as the bot's."""

from __future__ import annotations

import asyncio
import inspect
import multiprocessing
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from multiprocessing.connection import Connection
from typing import Any

from tests.doubles.discord import shapes
from tests.doubles.discord.people import Guild, Person
from tests.doubles.discord.rest import Request
from tests.doubles.discord.server import Double, discord_double
from tests.doubles.discord.world import Channel, Message, Role

REQUEST = "since the last update the gallery crashes as soon as I open the settings"
"""Opens a ticket."""
LONGEST = 60.0
"""Seconds after which something has gone wrong."""
_TALK = (
    "good morning everybody",
    "has anybody seen the stream last night? I missed the second half and would love to know how it ended",
    "lol",
    "the new header looks really good, did you draw it yourself or is it from somewhere?",
)
_ROLES = 10
_CHANNELS = 10
_BURST = 5
_BETWEEN_BURSTS = 0.001
"""Seconds, at least."""
_QUIET = 1.5
"""Seconds without a call after which nothing more is to be expected."""


@dataclass(frozen=True, slots=True)
class Shop:
    """Ids of a guild and of what it is to be set up with."""

    guild: int
    support: str
    agents: str
    agent_role: str


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the stand-in is, and what lets a bot in."""

    api: str
    gateway: str
    token: str


class Town:
    """Guilds whose people do, on order, what is to be measured. Its public methods are the orders."""

    def __init__(self, discord: Double) -> None:
        self._discord = discord
        discord.gateway.heartbeat_seconds = 600.0
        self._guilds: list[Guild] = []
        self._asked: dict[str, float] = {}

    def addresses(self) -> Addresses:
        """Where all this is."""
        return Addresses(self._discord.api_url, self._discord.gateway_url, self._discord.token)

    def add_guilds(self, count: int) -> list[Shop]:
        """So many more guilds of a usual size; a bot that listens is told of them."""
        return [self._add_guild() for _ in range(count)]

    def _add_guild(self) -> Shop:
        world, guild = self._discord.world, self._discord.add_guild(f"Shop {len(self._guilds)}")
        self._guilds.append(guild)
        roles = [guild.add_role(f"Role {number}") for number in range(_ROLES)]
        # not by add_text_channel, which looks through all channels of all guilds
        channels = [
            Channel(world.ids.new(), guild, f"channel-{number}", position=number) for number in range(_CHANNELS)
        ]
        world.places |= {channel.id: channel for channel in channels}
        return Shop(int(guild.id), channels[0].id, channels[1].id, roles[0].id)

    async def flood(self, session: int, messages: int) -> None:
        """Tell one client so many messages in a channel that is no support channel, and then of a new channel.

        In small bursts, which the client can keep up with: of a great one it would make a heap of waiting tasks.
        """
        heard, guild = self._discord.gateway.live[session], self._guilds[0]
        lounge = guild.channels[-1]
        people = [guild.add_member(f"person {number}", roles=_some_roles(guild)) for number in range(50)]
        for number, (person, words) in enumerate(islice(zip(cycle(people), cycle(_TALK)), messages)):
            heard.tell("MESSAGE_CREATE", self._as_told(person, lounge, words))
            if number % _BURST == 0:
                await asyncio.sleep(_BETWEEN_BURSTS)
        heard.tell("CHANNEL_CREATE", shapes.channel(lounge))

    def _as_told(self, person: Person, channel: Channel, words: str) -> dict[str, Any]:
        message = Message(self._discord.world.ids.new(), channel, person.user, words)
        member = {name: value for name, value in shapes.member(person).items() if name != "user"}
        return {**shapes.message(message), "guild_id": channel.guild.id, "member": member}

    def messages(self, count: int) -> list[tuple[str, str]]:
        """So many new messages in support channels; channel and id of each."""
        posted = []
        for guild in islice(cycle(self._guilds), count):
            message = Message(self._discord.world.ids.new(), guild.channels[0], self._discord.world.owner, REQUEST)
            guild.channels[0].keep(message)
            posted.append((message.place.id, message.id))
        return posted

    async def ask(self, a_second: float, seconds: float) -> dict[str, float]:
        """Customers, each a new one, write requests at this pace; when (monotonic seconds), by the message's id."""
        asked: dict[str, float] = {}
        start = time.monotonic()
        for number, guild in enumerate(islice(cycle(self._guilds), round(a_second * seconds))):
            customer = guild.add_member(f"customer {number}")
            await asyncio.sleep(start + number / a_second - time.monotonic())
            before = time.monotonic()
            message = await customer.says(guild.channels[0], REQUEST)
            asked[message.id] = before
        return asked

    async def receipts(self) -> dict[str, float]:
        """When the first message in each thread began to come in, by the thread's id, as soon as all is quiet."""
        await self.quiet()
        first: dict[str, float] = {}
        for request in self._posts():
            first.setdefault(request.path.split("/")[2], request.at)
        return first

    async def quiet(self) -> None:
        """Wait until the bot has been silent for a while."""
        calls = self._discord.requests
        await until(lambda: calls and time.monotonic() - calls[-1].at > _QUIET)

    def counted(self) -> list[float]:
        """When each call came that counts against the global limit (monotonic seconds)."""
        return [request.at for request in self._discord.counted]

    def receipt(self) -> dict[str, Any]:
        """What the newest message of the bot's was asked for with."""
        body: dict[str, Any] = self._posts()[-1].body
        return body

    def _posts(self) -> list[Request]:
        posting = ("POST", "/channels/{channel_id}/messages")
        return [request for request in self._discord.requests if (request.method, request.template) == posting]


def _some_roles(guild: Guild) -> list[Role]:
    return list(guild.roles.values())[2:4]


async def until(condition: Callable[[], object]) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + LONGEST
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError
        await asyncio.sleep(0.05)


class Orders:
    """Gives orders to a town in another process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    async def __call__(self, order: str, *values: Any) -> Any:
        """What a method of `Town` answers."""
        self._pipe.send((order, values))
        return await asyncio.to_thread(self._pipe.recv)


@asynccontextmanager
async def far_town() -> AsyncIterator[Orders]:
    """Start a town in a process of its own."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Orders(ours)
    finally:
        ours.close()
        process.join(timeout=5)


def _run(pipe: Connection) -> None:
    asyncio.run(_obey(pipe))


async def _obey(pipe: Connection) -> None:
    async with discord_double(checked=False) as discord:
        town = Town(discord)
        while True:
            try:
                order, values = await asyncio.to_thread(pipe.recv)
            except EOFError:
                return
            answer = getattr(town, order)(*values)
            pipe.send(await answer if inspect.isawaitable(answer) else answer)
