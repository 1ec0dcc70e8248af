"""Measures the bot on Discord against a bare discord.py and bare HTTP, over real sockets: `make bench`.

Discord itself is played by the tests' stand-in, in another process.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import aiohttp
import discord
import typer
from aiolimiter import AsyncLimiter
from discord.gateway import DiscordWebSocket
from discord.http import Route
from rich.console import Console
from rich.table import Table
from yarl import URL

from adapters.discord_chat import PREFIX, create_client
from adapters.discord_chat.client import DeskClient, intents
from adapters.discord_chat.limiter import BURST, paced
from bot import log
from bot.app import learn, open_desk
from bot.bench import Figure
from bot.coverage.matcher import Matcher
from bot.coverage.policy import Category, Policy, load_policy
from bot.desk.desk import Desk
from bot.model import Chat, Effect, FormSent, Listener, Outcome, Person
from bot.settings import LogFormat, LogLevel, Settings
from bot.store import migrations
from bot.store.database import Database
from bot.store.engines import url_of
from bot.store.sqlite import SqliteDatabase
from tests.bench.town import LONGEST, Addresses, Orders, Shop, far_town, until

_SHOPS = 2
"""Guilds in which customers ask; each draws its board once a second, which is one more counted request."""
_MODERATOR = Person("m", "M", "en", is_admin=True)
_FAST = 1_000
"""Requests a second that are as good as no limit."""
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured; a test takes little."""

    rounds: int = 60
    ignored: int = 300
    """Messages of a round that do not concern us."""
    paces: Sequence[tuple[int, bool]] = ((15, True), (50, False))
    """Requests for help a second, and whether the limiter is the real one."""
    seconds: float = 10
    guilds: int = 1_000
    """Guilds more than few, for the memory; 0 leaves that out."""


class _OnDiscord(Chat):
    """The part of the product's chat that delivers, for a client that is made here."""

    def __init__(self) -> None:
        self.client: DeskClient | None = None

    async def run(self, desk: Listener) -> None:
        """The measurement runs the client."""

    async def perform(self, effect: Effect, nonce: str, attempt: int = 1) -> Outcome:
        """As the product does it."""
        del attempt
        if self.client is None:
            raise RuntimeError("nothing is to be delivered before the client is there")
        return await self.client.delivery.perform(effect, nonce)

    async def member(self, server: str, person: str) -> Person | None:
        """As the product does it."""
        if self.client is None:
            raise ConnectionError("not connected")
        return await self.client.member(server, person)


class _Bare(discord.AutoShardedClient):
    """The least that hears the same."""

    async def on_message(self, _message: discord.Message) -> None:
        """Nothing."""


async def measure(matcher: Matcher, size: Size) -> AsyncIterator[Figure]:
    """All figures, one after the other."""
    if size.guilds and sys.platform == "linux":  # others do not tell it so
        yield await _memory(size)
    async with far_town() as town:
        shops = await town("add_guilds", _SHOPS)
        yield await _ignored(matcher, town, shops, size)
    for a_second, is_limited in size.paces:
        async with far_town() as town:
            shops = await town("add_guilds", _SHOPS)
            yield await _receipts(matcher, town, shops, a_second, size.seconds, is_limited=is_limited)


# --- messages that do not concern us -----------------------------------------------------------------


async def _ignored(matcher: Matcher, town: Orders, shops: list[Shop], size: Size) -> Figure:
    addresses = await town("addresses")
    ours: list[float] = []
    bare: list[float] = []
    client = _Bare(intents=intents(reads_messages=True), max_messages=None)
    async with _bot(matcher, addresses, shops) as bot, _connected(client, addresses.token):
        for _ in range(size.rounds):
            ours.append(await _hear(bot, town, 0, size.ignored))
            bare.append(await _hear(client, town, 1, size.ignored))
    return Figure(
        "a message that does not concern us, CPU time",
        "discord.py with an empty on_message",
        statistics.median(ours) / statistics.median(bare),
        "at most 1.15",
        f"{_told(ours)} against {_told(bare)}",
    )


async def _hear(client: discord.AutoShardedClient, town: Orders, session: int, messages: int) -> float:
    """CPU seconds for each message. Behind them comes a new channel, so that we know the end."""
    ends = asyncio.ensure_future(client.wait_for("guild_channel_create", timeout=LONGEST))
    await asyncio.sleep(0)  # so that it listens
    start = time.thread_time()
    await town("flood", session, messages)
    await ends
    return (time.thread_time() - start) / messages


def _told(cpu: Sequence[float]) -> str:
    each = statistics.median(cpu)
    return f"{each * 1e6:.0f} µs, {1 / each:.0f} a second"


# --- from a message to its receipt -------------------------------------------------------------------


async def _receipts(
    matcher: Matcher, town: Orders, shops: list[Shop], a_second: int, seconds: float, *, is_limited: bool
) -> Figure:
    addresses = await town("addresses")
    async with _bot(matcher, addresses, shops, requests_a_second=None if is_limited else _FAST):
        await town("quiet")
        start = time.process_time()
        asked = await town("ask", a_second, seconds)
        ours = waits(asked, await town("receipts"))
        cpu = (time.process_time() - start) / len(asked)
        spent = _most_in_a_second(await town("counted"))
    bare = await _bare_receipts(town, addresses, a_second, seconds)
    limit = "with the limiter" if is_limited else "without limits"
    return Figure(
        f"message to receipt, {a_second} a second, {limit}",
        "the same two requests by aiohttp",
        statistics.median(ours) / statistics.median(bare),
        "-",
        f"{_quantiles(ours)} against {_quantiles(bare)}; {cpu * 1e3:.0f} ms of CPU each, up to {spent} calls a second",
    )


async def _bare_receipts(town: Orders, addresses: Addresses, a_second: float, seconds: float) -> list[float]:
    """How long the two requests take by themselves, at the same pace."""
    receipt = {name: value for name, value in (await town("receipt")).items() if "nonce" not in name}
    asked: dict[str, float] = {}
    headers = {"Authorization": f"Bot {addresses.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def ask(delay: float, channel: str, message: str) -> None:
            await asyncio.sleep(delay)
            asked[message] = time.monotonic()
            thread = {"name": "a name of a usual length for a request", "auto_archive_duration": 10_080}
            for path, body in ((f"{channel}/messages/{message}/threads", thread), (f"{message}/messages", receipt)):
                async with session.post(f"{addresses.api}/channels/{path}", json=body, raise_for_status=True) as answer:
                    await answer.read()

        messages = await town("messages", round(a_second * seconds))
        await asyncio.gather(*(ask(number / a_second, *message) for number, message in enumerate(messages)))
    return waits(asked, await town("receipts"))


def waits(asked: Mapping[str, float], answered: Mapping[str, float]) -> list[float]:
    """Seconds from each message to the arrival of its receipt. Both processes go by the machine's one clock."""
    missing = asked.keys() - answered.keys()
    if missing:
        raise RuntimeError(f"{len(missing)} of {len(asked)} requests have no receipt")
    return [answered[message] - at for message, at in asked.items()]


def _quantiles(waits: list[float]) -> str:
    last = statistics.quantiles(waits, n=100)[-1]
    return f"{statistics.median(waits) * 1e3:.0f} ms (99th percentile {last * 1e3:.0f})"


def _most_in_a_second(moments: Sequence[float]) -> int:
    return max(sum(start <= other < start + 1 for other in moments) for start in moments)


# --- memory ------------------------------------------------------------------------------------------


async def _memory(size: Size) -> Figure:
    """What a process holds more with many guilds; each is measured in a process of its own."""
    held: dict[tuple[bool, int], int] = {}
    async with far_town() as town:
        addresses, guilds = await town("addresses"), 0
        for more in (_SHOPS, size.guilds):
            await town("add_guilds", more)
            guilds += more
            for is_ours in (True, False):
                held[is_ours, guilds] = await asyncio.to_thread(_in_new_process, _held, is_ours, addresses, guilds)
    ours, bare = ((held[is_ours, guilds] - held[is_ours, _SHOPS]) / size.guilds for is_ours in (True, False))
    return Figure(
        "memory for each guild (10 channels, 12 roles)",
        "discord.py alone",
        ours / bare,
        "-",
        f"{ours:.0f} against {bare:.0f} KiB",
    )


def _in_new_process(work: Callable[..., int], *values: object) -> int:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *values).result()


def _held(is_ours: bool, addresses: Addresses, guilds: int) -> int:  # noqa: FBT001 (goes through a process's door)
    """KiB that this process holds when all guilds are there and known."""
    log.set_up(LogLevel.ERROR, LogFormat.AUTO)
    return asyncio.run(_grow(addresses, guilds) if is_ours else _grow_bare(addresses, guilds))


async def _grow(addresses: Addresses, guilds: int) -> int:
    """With few phrases only, because learning leaves holes in the memory that would be filled without being seen."""
    settings = _settings(addresses)
    async with _new_database() as database:
        desk = Desk(database, Matcher(_with_few_phrases(load_policy(settings.policy_dir))))
        await desk.start()
        client = create_client(settings, desk)
        async with _connected(client, addresses.token):
            await until(lambda: len(desk.servers()) == guilds)
            return _resident()


async def _grow_bare(addresses: Addresses, guilds: int) -> int:
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = addresses.api, URL(addresses.gateway)
    client = _Bare(intents=intents(reads_messages=True), max_messages=None)
    async with _connected(client, addresses.token):
        await until(lambda: len(client.guilds) == guilds)
        return _resident()


def _with_few_phrases(policy: Policy) -> Policy:
    def few(category: Category) -> Category:
        texts = category.texts.items()
        return replace(
            category, texts={key: replace(one, phrases=one.phrases[:5], look_alikes={}) for key, one in texts}
        )

    return replace(policy, categories={key: few(category) for key, category in policy.categories.items()})


def _resident() -> int:
    return int(_STATUS.read_text().partition("VmRSS:")[2].split()[0])


# --- the bot -----------------------------------------------------------------------------------------


@asynccontextmanager
async def _bot(
    matcher: Matcher, addresses: Addresses, shops: Sequence[Shop], requests_a_second: float | None = None
) -> AsyncIterator[DeskClient]:
    """The product, connected, with its shops set up."""
    chat = _OnDiscord()
    async with _new_database() as database, open_desk(database, matcher, {PREFIX: chat}) as desk:
        chat.client = create_client(_settings(addresses), desk)
        if requests_a_second is not None:
            chat.client.http.http_trace = paced(AsyncLimiter(BURST, BURST / requests_a_second))
        for number, shop in enumerate(shops):
            await _set_up(desk, shop, number)
        async with _connected(chat.client, addresses.token):
            yield chat.client


def _settings(addresses: Addresses) -> Settings:
    return Settings(
        discord_api_url=addresses.api, discord_gateway_url=addresses.gateway, discord_shard_count=1, _env_file=None
    )


@asynccontextmanager
async def _new_database() -> AsyncIterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "desk.sqlite3"
        migrations.upgrade(url_of(file))
        async with SqliteDatabase(file) as database:
            yield database


async def _set_up(desk: Desk, shop: Shop, number: int) -> None:
    values = {"support": shop.support, "agents": shop.agents, "agent_roles": shop.agent_role}
    server, at = f"{PREFIX}:{shop.guild}", datetime.now(UTC)
    await desk.handle(
        FormSent(
            key=f"setup-{number}",
            server=server,
            channel=shop.support,
            order=0,
            at=at,
            person=_MODERATOR,
            form="setup",
            values=values,
        )
    )


@asynccontextmanager
async def _connected(client: discord.Client, token: str) -> AsyncIterator[None]:
    running = asyncio.create_task(client.start(token))
    try:
        await until(client.is_ready)  # wait_until_ready may only be called after the log-in
        yield
    finally:
        await client.close()
        await asyncio.wait([running])


# --- the command -------------------------------------------------------------------------------------


def main(*, as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False) -> None:
    """Measure the bot on Discord against simpler things in the same run."""
    log.set_up(LogLevel.ERROR, LogFormat.AUTO)
    asyncio.run(_show(learn(Settings(_env_file=None).policy_dir), as_json=as_json))


async def _show(matcher: Matcher, *, as_json: bool) -> None:
    console = Console(highlight=False)
    table = Table("what", "against", "ratio", "aim", "measured", title="On Discord")
    async for figure in measure(matcher, Size()):
        if as_json:
            console.print_json(data=asdict(figure), indent=None)
        else:
            table.add_row(figure.what, figure.against, f"{figure.ratio:.2f}", figure.aim, figure.detail)
    if not as_json:
        console.print(table)


if __name__ == "__main__":
    typer.run(main)
