"""The real bot as a process of its own, on a Discord over real sockets: killed, stopped, stormed, and refused."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.discord_chat import create_client
from bot.coverage.matcher import Matcher
from bot.desk.desk import Desk
from bot.model import CommandUsed, Person
from bot.settings import Settings
from bot.store.sqlite import SqliteDatabase
from tests.doubles.bot_process import BotProcess, bot_process
from tests.doubles.discord.faults import Fault
from tests.doubles.discord.interactions import Interaction
from tests.doubles.discord.people import Person as Member
from tests.doubles.discord.permissions import Permission
from tests.doubles.discord.server import Double, discord_double
from tests.doubles.discord.world import Message, Place, Thread

COVERED = "the slider stays empty"
STILL_BROKEN = "it always throws an error"
HELD = 60.0
"""Seconds for which a call hangs at the local Discord: longer than the process lives."""


class Shop:
    """A guild with a support team, and what its customers and agents do."""

    def __init__(self, discord: Double, name: str) -> None:
        self.discord = discord
        self.guild = discord.add_guild(name)
        self.server = f"discord:{self.guild.id}"
        self.support, self.presale, self.agents = map(self.guild.add_text_channel, ("support", "presale", "agents"))
        self.agent_role = self.guild.add_role("Agents", Permission.MANAGE_THREADS)
        moderators = self.guild.add_role("Moderators", Permission.MANAGE_GUILD)
        self.marek = self.guild.add_member("marek", roles=[moderators])
        self.aylin = self.guild.add_member("aylin", roles=[self.agent_role])
        self.tom = self.guild.add_member("tom", roles=[self.agent_role])
        self.emma = self.guild.add_member("emma")
        self.in_vain: list[asyncio.Future[Interaction]] = []
        """What people do who will get no answer."""

    async def set_up(self) -> None:
        form = await self.marek.uses(self.support, "setup")
        channels = {"support": [self.support, self.presale], "agents": [self.agents]}
        await self.marek.fills_in(form, {**channels, "agent_roles": [self.agent_role]})

    @property
    def threads(self) -> list[Thread]:
        return self.guild.threads

    def said_in(self, place: Place) -> list[str]:
        """The first line of each message of the bot's."""
        me = self.discord.world.me
        return [message.text.splitlines()[0] for message in place.messages if message.author is me]

    async def until(self, condition: Callable[[], object]) -> None:
        await self.discord.until(condition, 20)

    # --- a ticket's life ---

    async def asks(self) -> Thread:
        """Emma has a receipt."""
        message = await self.emma.says(self.support, COVERED)
        await self.until(lambda: message.thread and message.thread.messages)
        assert message.thread is not None
        return message.thread

    async def claimed(self) -> Thread:
        thread = await self.asks()
        await self.aylin.uses(self.agents, "claim")
        await self.until(lambda: len(thread.messages) == 2)
        return thread

    async def closed(self) -> Thread:
        thread = await self.claimed()
        await self.aylin.uses(thread, "close", words="Update to 2.1, please")
        await self.until(lambda: thread.archived)
        return thread

    # --- standing still ---

    def holds(self, method: str, path: str, *, done: bool) -> None:
        """The next such call hangs, with or without having done its work."""
        delayed = Fault(method, re.compile(path), 1, drop=not done, delay=HELD, after_doing=done)
        self.discord.rest.faults.add(delayed)

    async def until_held(self, path: str) -> None:
        hanging = re.compile(path)
        await self.until(lambda: any(not one.status and hanging.search(one.path) for one in self.discord.requests))

    async def until_answer_is_held(self, doing: Awaitable[Interaction]) -> None:
        """Only while no other shop is answered: what the call will be named is known to Discord alone."""
        answers = self._hanging_answers
        self.holds("POST", "/callback$", done=False)
        self.in_vain.append(asyncio.ensure_future(doing))
        await self.until(lambda: self._hanging_answers > answers)

    @property
    def _hanging_answers(self) -> int:
        return sum(not one.status and one.path.endswith("/callback") for one in self.discord.requests)


async def patiently(condition: Callable[[], bool], seconds: float) -> None:
    """Look seldom, because a look at the bot's database takes the local Discord's time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (nobody tells of what another process writes)
            await asyncio.sleep(0.2)


# --- the points at which it is killed ----------------------------------------------------------------


async def _asks_and_stops(shop: Shop, path: str, *, done: bool) -> None:
    message = await shop.emma.says(shop.support, COVERED)
    shop.holds("POST", path.format(message=message.id), done=done)
    await shop.until_held(path.format(message=message.id))


async def thread_not_started(shop: Shop) -> None:
    await _asks_and_stops(shop, "/messages/{message}/threads$", done=False)


async def thread_started(shop: Shop) -> None:
    await _asks_and_stops(shop, "/messages/{message}/threads$", done=True)


async def receipt_not_posted(shop: Shop) -> None:
    await _asks_and_stops(shop, "/channels/{message}/messages$", done=False)


async def receipt_posted(shop: Shop) -> None:
    await _asks_and_stops(shop, "/channels/{message}/messages$", done=True)


async def claim_not_answered(shop: Shop) -> None:
    thread = await shop.asks()
    await shop.until_answer_is_held(shop.aylin.uses(shop.agents, "claim"))
    await shop.until(lambda: len(thread.messages) == 2)


async def closing_not_answered(shop: Shop) -> None:
    thread = await shop.claimed()
    await shop.until_answer_is_held(shop.aylin.uses(thread, "close", words="Update to 2.1, please"))


async def claim_told_in_the_thread(shop: Shop) -> None:
    thread = await shop.asks()
    shop.holds("POST", f"/channels/{thread.id}/messages$", done=True)
    await shop.aylin.uses(shop.agents, "claim")
    await shop.until_held(f"/channels/{thread.id}/messages$")


async def closed_but_not_archived(shop: Shop) -> None:
    thread = await shop.claimed()
    shop.holds("PATCH", f"/channels/{thread.id}$", done=False)
    await shop.aylin.uses(thread, "close", words="Update to 2.1, please")
    await shop.until_held(f"/channels/{thread.id}$")


async def archived(shop: Shop) -> None:
    thread = await shop.claimed()
    shop.holds("PATCH", f"/channels/{thread.id}$", done=True)
    await shop.aylin.uses(thread, "close", words="Update to 2.1, please")
    await shop.until_held(f"/channels/{thread.id}$")


async def reopening_told(shop: Shop) -> None:
    thread = await shop.closed()
    shop.holds("POST", f"/channels/{thread.id}/messages$", done=True)
    await shop.emma.says(thread, STILL_BROKEN)
    await shop.until_held(f"/channels/{thread.id}/messages$")


async def opening_posted(shop: Shop) -> None:
    shop.holds("POST", f"/channels/{shop.support.id}/messages$", done=True)
    await shop.emma.uses(shop.support, "ticket", text=COVERED)
    await shop.until_held(f"/channels/{shop.support.id}/messages$")


async def private_thread_started(shop: Shop) -> None:
    shop.holds("POST", f"/channels/{shop.support.id}/threads$", done=True)
    await shop.emma.uses(shop.support, "ticket", text=COVERED, private=True)
    await shop.until_held(f"/channels/{shop.support.id}/threads$")


STANDING_STILL = (
    thread_not_started,
    thread_started,
    receipt_not_posted,
    receipt_posted,
    claim_told_in_the_thread,
    closed_but_not_archived,
    archived,
    reopening_told,
    opening_posted,
    private_thread_started,
)
WITHOUT_ANSWER = (claim_not_answered, closing_not_answered)
POINTS = (*STANDING_STILL, *WITHOUT_ANSWER)
"""Each in a guild of its own, so that one kill hits them all."""


class Crash:
    """What is there after the bot was killed at all these points, and had time to catch up."""

    def __init__(self, shops: dict[str, Shop], bot: BotProcess) -> None:
        self.shops = shops
        self._tickets = {name: self._of(bot, shop) for name, shop in shops.items()}
        self.owed, self.trouble = bot.owed, bot.trouble

    @staticmethod
    def _of(bot: BotProcess, shop: Shop) -> list[tuple[Any, ...]]:
        query = "SELECT state, customer, last_spoke, message FROM tickets WHERE server = ? ORDER BY number"
        return bot.rows(query, shop.server)

    def states(self, name: str) -> list[str]:
        return [state for state, *_ in self._tickets[name]]

    def customers(self, name: str) -> list[str]:
        return [customer for _, customer, *_ in self._tickets[name]]

    def spoke_last(self, name: str) -> list[str | None]:
        return [last_spoke for _, _, last_spoke, _ in self._tickets[name]]


@pytest.fixture(scope="module")
def crash(new_database: Callable[[], Path], tmp_path_factory: pytest.TempPathFactory) -> Crash:
    return asyncio.run(_killed_and_restarted(tmp_path_factory.mktemp("crash"), new_database()))


async def _killed_and_restarted(folder: Path, database: Path) -> Crash:
    async with discord_double() as discord:
        names = [point.__name__ for point in POINTS]
        shops = {name: Shop(discord, name) for name in (*names, "not_heard", "asked_meanwhile")}
        async with bot_process(discord, folder, database) as bot:
            await bot.start_and_listen()
            await asyncio.gather(*(shop.set_up() for shop in shops.values()))
            await _stand_still(discord, shops)
            await bot.kill()
            discord.gateway.delay = 0.0
            await _ask_meanwhile(shops["asked_meanwhile"])
            await asyncio.gather(*(doing for shop in shops.values() for doing in shop.in_vain))
            await bot.start_and_listen()
            tickets = len(POINTS) + 1 + 6
            await patiently(lambda: bot.rows("SELECT count(*) FROM tickets") == [(tickets,)] and bot.owed == 0, 20)
            assert await bot.end(signal.SIGTERM) == 0
            return Crash(shops, bot)


async def _stand_still(discord: Double, shops: dict[str, Shop]) -> None:
    """Bring each shop to its point; last, something is said that the bot does not hear any more."""
    quiet = shops["not_heard"]
    thread = await quiet.claimed()
    await asyncio.gather(*(point(shops[point.__name__]) for point in STANDING_STILL))
    for point in WITHOUT_ANSWER:
        await point(shops[point.__name__])
    discord.gateway.delay = HELD
    await quiet.emma.says(thread, STILL_BROKEN)


async def _ask_meanwhile(shop: Shop) -> None:
    """Six people write while nobody is there, in two channels by turns."""
    for number in range(6):
        await shop.guild.add_member(f"customer{number}").says((shop.support, shop.presale)[number % 2], COVERED)


RECEIPT, TAKEN, ENDED, AGAIN = "### Ticket #1", "Aylin is taking", "Aylin has closed", "#1 is open again"


@pytest.mark.parametrize(
    ("point", "state", "said"),
    [
        (thread_not_started, "waiting", [RECEIPT]),
        (thread_started, "waiting", [RECEIPT]),
        (receipt_not_posted, "waiting", [RECEIPT]),
        (receipt_posted, "waiting", [RECEIPT]),
        (claim_not_answered, "claimed", [RECEIPT, TAKEN]),
        (claim_told_in_the_thread, "claimed", [RECEIPT, TAKEN]),
        (closed_but_not_archived, "closed", [RECEIPT, TAKEN, ENDED]),
        (archived, "closed", [RECEIPT, TAKEN, ENDED]),
        (reopening_told, "waiting", [RECEIPT, TAKEN, ENDED, AGAIN]),
        (opening_posted, "waiting", [RECEIPT]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_kill_loses_nothing_and_doubles_nothing(
    crash: Crash, point: Callable[..., Any], state: str, said: list[str]
) -> None:
    shop = crash.shops[point.__name__]
    (thread,) = shop.threads
    found = shop.said_in(thread)
    assert len(found) == len(said)
    assert all(expected in line for line, expected in zip(found, said, strict=True)), found
    assert crash.states(point.__name__) == [state]
    assert thread.archived == (state == "closed")
    assert not thread.locked
    assert len(shop.said_in(shop.agents)) == 1, "the board"


def test_only_an_answer_on_its_way_is_lost_and_its_person_reads_that(crash: Crash) -> None:
    """Answers go straight back and are kept nowhere: what the agent wrote while closing is to be written again."""
    shop = crash.shops["closing_not_answered"]
    (thread,) = shop.threads
    assert [unanswered.result().failed for unanswered in shop.in_vain] == [True]
    assert len(shop.said_in(thread)) == 2, "the receipt and the agent's name"
    assert (crash.states("closing_not_answered"), thread.archived) == (["closed"], True)


def test_a_ticket_without_a_message_has_its_opening_once(crash: Crash) -> None:
    shop = crash.shops["opening_posted"]
    assert len([line for line in shop.said_in(shop.support) if shop.emma.mention in line]) == 1


def test_only_a_private_thread_is_started_twice_and_the_first_one_stays_empty(crash: Crash) -> None:
    """Discord knows no nonce for threads, and a private one hangs under nothing that could tell it again."""
    shop = crash.shops["private_thread_started"]
    orphan, thread = shop.threads
    assert shop.said_in(orphan) == []
    assert set(orphan.members) == {shop.discord.world.me.id}, "nobody but the bot ever sees it"
    assert [RECEIPT in line for line in shop.said_in(thread)] == [True]
    assert shop.emma.id in thread.members
    assert crash.states("private_thread_started") == ["waiting"]


def test_what_was_said_in_a_thread_and_not_heard_is_caught_up_with(crash: Crash) -> None:
    assert crash.spoke_last("not_heard") == [crash.shops["not_heard"].emma.id]
    assert crash.states("not_heard") == ["claimed"]


def test_what_was_asked_meanwhile_is_served_in_its_true_order(crash: Crash) -> None:
    shop = crash.shops["asked_meanwhile"]
    asked = sorted((*shop.support.messages, *shop.presale.messages), key=lambda message: int(message.id))
    asked = [message for message in asked if message.author is not shop.discord.world.me]
    assert crash.customers("asked_meanwhile") == [message.author.id for message in asked]
    for number, message in enumerate(asked, start=1):
        assert message.thread is not None
        assert [f"#{number}:" in line for line in shop.said_in(message.thread)] == [True]


def test_nothing_stays_undone_after_a_kill(crash: Crash) -> None:
    assert crash.owed == 0
    assert crash.trouble == []


# --- load ---------------------------------------------------------------------------------------------


@asynccontextmanager
async def busy_shop(folder: Path, database: Path, **settings: str) -> AsyncIterator[tuple[Shop, BotProcess]]:
    """A shop that is set up, with a bot that serves it; what is sent is not compared with Discord's descriptions."""
    async with discord_double(checked=False) as discord:
        shop = Shop(discord, "Shop")
        async with bot_process(discord, folder, database, **settings) as bot:
            await bot.start_and_listen()
            await shop.set_up()
            yield shop, bot


async def all_ask(shop: Shop, people: list[Member]) -> list[Message]:
    """Each writes one message, all within a second or two."""
    asked = []
    for person in people:
        asked.append(await person.says(shop.support, COVERED))
        await asyncio.sleep(0.002)
    return asked


def receipts(shop: Shop) -> int:
    return sum(bool(thread.messages) for thread in shop.threads)


def each_has_one_receipt(shop: Shop, asked: list[Message]) -> None:
    """In its own thread, with the number in the order in which Discord received them."""
    for number, message in enumerate(asked, start=1):
        assert message.thread is not None
        (line,) = shop.said_in(message.thread)
        assert f"#{number}:" in line


def most_within(seconds: float, times: list[float]) -> int:
    return max(sum(start <= other < start + seconds for other in times) for start in times)


async def test_a_storm_of_500_gets_500_receipts_in_order_within_the_limit(tmp_path: Path, database_file: Path) -> None:
    async with busy_shop(tmp_path, database_file) as (shop, bot):
        people = [shop.guild.add_member(f"customer{number}") for number in range(500)]
        shop.discord.limit_global(250, 5.0)  # not 50 a second: a busy machine hears late what was sent in time
        before = len(shop.discord.counted)
        asked = await all_ask(shop, people)
        await patiently(lambda: bot.rows("SELECT count(*) FROM tickets") == [(500,)], 5)
        await patiently(lambda: receipts(shop) == 500, 60)
        calls = shop.discord.counted[before:]
        each_has_one_receipt(shop, asked)
        ordered = bot.rows("SELECT customer FROM tickets ORDER BY place_order")
        assert [customer for (customer,) in ordered] == [person.id for person in people]
        times = [call.at for call in calls]
        assert most_within(5.0, times) < 5 * 50
        assert most_within(1.0, times) < 60, "45 were sent; the others came late"
        assert shop.discord.invalid_requests == 0
        assert bot.trouble == []


async def test_a_stop_in_the_middle_of_work_is_quick_and_loses_nothing(tmp_path: Path, database_file: Path) -> None:
    async with busy_shop(tmp_path, database_file) as (shop, bot):
        people = [shop.guild.add_member(f"customer{number}") for number in range(60)]
        asked = await all_ask(shop, people)
        await shop.discord.until(lambda: receipts(shop) >= 5)
        began = time.monotonic()
        assert await bot.end(signal.SIGTERM) == 0
        assert time.monotonic() - began < 10
        assert receipts(shop) < 60, "there was work left"
        await bot.start_and_listen()
        await patiently(lambda: receipts(shop) == 60 and bot.owed == 0, 20)
        each_has_one_receipt(shop, asked)
        assert bot.trouble == []


async def test_of_two_agents_who_claim_at_once_one_wins_a_thousand_times(database_file: Path, matcher: Matcher) -> None:
    async with discord_double(checked=False) as discord, SqliteDatabase(database_file) as database:
        shop, desk = Shop(discord, "Shop"), Desk(database, matcher)
        await desk.start()
        settings = Settings(discord_api_url=discord.api_url, discord_gateway_url=discord.gateway_url, _env_file=None)
        with discord.redirected():
            async with create_client(settings, desk) as client:
                running = asyncio.create_task(client.start(discord.token))
                await discord.until_connected()
                await shop.set_up()
                await asyncio.gather(*(desk.handle(asked(shop, number)) for number in range(1, 1001)))
                won = [await rivals(shop, number) for number in range(1, 1001)]
                await client.close()
                await running
        await desk.finish()
    assert won == [1] * 1000


def asked(shop: Shop, number: int) -> CommandUsed:
    """Somebody's `/ticket`."""
    at = datetime.now(UTC) - timedelta(minutes=1)
    base: dict[str, Any] = {"key": f"ask{number}", "server": shop.server, "channel": shop.support.id, "at": at}
    return CommandUsed(**base, order=number, person=Person(f"{number}", "Somebody"), name="ticket", words=COVERED)


async def rivals(shop: Shop, number: int) -> int:
    """Both want the head of the line; to how many it was given."""
    claims = await asyncio.gather(
        *(agent.uses(shop.agents, "claim", number=number) for agent in (shop.aylin, shop.tom))
    )
    assert not any(claim.failed for claim in claims)
    return sum("is now yours" in claim.text for claim in claims)


# --- what an operator meets ---------------------------------------------------------------------------


async def test_a_wrong_token_is_one_sentence(tmp_path: Path, database_file: Path) -> None:
    async with discord_double() as discord, bot_process(discord, tmp_path, database_file, DISCORD_TOKEN="no") as bot:
        await bot.start()
        assert await bot.end() == 2
        lines = [line for line in bot.told.splitlines() if not line.startswith("{")]
        assert lines == ["wartemarke: Discord does not know this DISCORD_TOKEN: copy it anew from the Bot page."]
        assert bot.trouble == []


async def test_without_the_message_content_intent_it_goes_on_and_says_so_once(
    tmp_path: Path, database_file: Path
) -> None:
    async with discord_double() as discord:
        discord.world.allow_message_content = False
        shop = Shop(discord, "Shop")
        async with bot_process(discord, tmp_path, database_file) as bot:
            await bot.start_and_listen()
            await shop.set_up()
            opened = await shop.emma.uses(shop.support, "ticket", text=COVERED)
            assert "#1" in opened.text
            called = await shop.emma.says(shop.support, STILL_BROKEN, mentions_bot=True)
            await shop.until(lambda: called.thread and called.thread.messages)
            assert [event for event in bot.trouble if "Message Content Intent" in event] == bot.trouble
            assert len(bot.trouble) == 1, "once"


async def test_two_processes_divide_the_guilds_and_register_the_commands_once(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], Path]
) -> None:
    async with discord_double() as discord:
        discord.gateway.max_concurrency = discord.gateway.recommended_shards = 2
        shops = [Shop(discord, f"Shop {number}") for number in range(4)]
        folders = [tmp_path_factory.mktemp(name) for name in ("first", "second")]
        async with (
            bot_process(discord, folders[0], new_database(), DISCORD_SHARDS="0", DISCORD_SHARD_COUNT="2") as first,
            bot_process(discord, folders[1], new_database(), DISCORD_SHARDS="1", DISCORD_SHARD_COUNT="2") as second,
        ):
            await asyncio.gather(first.start(), second.start())
            await discord.until_connected(2, 60)
            await discord.until(lambda: discord.world.commands.created)
            for shop in shops:
                await shop.set_up()
            await asyncio.gather(*(shop.asks() for shop in shops))
            served = [{server for (server,) in bot.rows("SELECT server FROM tickets")} for bot in (first, second)]
            assert [len(servers) for servers in served] == [2, 2]
            assert set.union(*served) == {shop.server for shop in shops}
            assert [call.method for call in discord.requests if call.template.endswith("/commands")].count("PUT") == 1
            assert first.trouble == second.trouble == []
