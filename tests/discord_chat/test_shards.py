"""Several processes divide the guilds among themselves; and what a start costs."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from adapters.discord_chat import DiscordRefused
from bot.coverage.matcher import Matcher
from bot.store.engines import url_of
from tests.discord_chat.over_sockets import Shop, Waits, serving
from tests.doubles.discord.server import Double, discord_double

IDENTIFY = 2


@pytest.fixture
async def discord() -> AsyncIterator[Double]:
    async with discord_double() as discord:
        yield discord


async def test_two_processes_divide_the_guilds(
    discord: Double, new_database: Callable[[], Path], matcher: Matcher
) -> None:
    guilds = [discord.add_guild(f"Shop {number}") for number in range(4)]
    for guild in guilds:
        guild.add_text_channel("support")
    files = [new_database(), new_database()]
    async with (
        serving(discord, url_of(files[0]), matcher, discord_shards=(0,), discord_shard_count=2) as first,
        serving(discord, url_of(files[1]), matcher, discord_shards=(1,), discord_shard_count=2) as second,
    ):
        served = [set(bot.desk.servers()) for bot in (first, second)]
        assert sorted(map(len, served)) == [2, 2]
        assert not served[0] & served[1]
        for guild in guilds:
            await discord.until(lambda there=guild.channels[0]: there.messages)  # type: ignore[misc]
        bot = first if f"discord:{guilds[0].id}" in served[0] else second
        guilds[0].remove_bot()
        await discord.until(lambda: len(bot.desk.servers()) == 1)
        assert len({*first.desk.servers(), *second.desk.servers()}) == 3
        assert [len(guild.channels[0].messages) for guild in guilds] == [1] * 4


@pytest.mark.parametrize("at_once", [1, 2])
async def test_the_shards_of_all_processes_take_turns_to_identify(
    discord: Double,
    new_database: Callable[[], Path],
    matcher: Matcher,
    at_once: int,
) -> None:
    discord.gateway.max_concurrency = at_once
    wait = 0.2
    async with AsyncExitStack() as stack:
        starting = [
            stack.enter_async_context(
                serving(
                    discord,
                    url_of(new_database()),
                    matcher,
                    Waits(identify_every=wait),
                    discord_shards=shards,
                    discord_shard_count=4,
                )
            )
            for shards in ((0, 1), (2, 3))
        ]
        await asyncio.gather(*starting)
        await discord.until_connected(sessions=4)
        begun = min(call.at for call in discord.requests if call.path == "/gateway/bot")
        # counted from the start, and only at least: how far apart two processes start, no rule of theirs can say
        waited = {session.shard: session.at - begun for session in discord.gateway.sessions.values()}
        assert sorted(waited) == [0, 1, 2, 3]
        assert all(seconds >= shard // at_once * wait for shard, seconds in waited.items()), waited


async def test_no_more_identifications_than_discord_grants(
    discord: Double, database_file: Path, matcher: Matcher
) -> None:
    discord.gateway.most_identifications = 0
    discord.gateway.begins_anew_after = 0.7
    async with serving(discord, url_of(database_file), matcher):
        (asked,) = [call for call in discord.requests if call.path == "/gateway/bot"]
        assert time.monotonic() - asked.at > discord.gateway.begins_anew_after
        assert [payload["op"] for payload in discord.gateway.received].count(IDENTIFY) == 1


async def test_commands_are_written_once_and_again_only_when_they_differ(
    discord: Double, new_database: Callable[[], Path], matcher: Matcher
) -> None:
    async def writes(shard: int) -> list[str]:
        before = len(discord.requests)
        async with serving(
            discord, url_of(new_database()), matcher, discord_shards=(shard,), discord_shard_count=2
        ) as bot:
            assert shard or bot.chat.client.delivery.commands
        calls = [call for call in discord.requests[before:] if call.path.endswith("/commands")]
        return [call.method for call in calls]

    assert await writes(1) == ["GET"]
    assert await writes(0) == ["GET", "PUT"]
    assert await writes(0) == ["GET"]
    assert await writes(1) == ["GET"]
    commands = discord.world.commands.listed(None)
    created = discord.world.commands.created
    discord.world.commands.remove(None, commands[0]["id"])
    assert await writes(0) == ["GET", "PUT"]
    assert discord.world.commands.created == created + 1


@pytest.mark.parametrize("retry_after", [0.1, 600])
async def test_commands_that_cannot_be_written_do_not_keep_anybody_waiting(
    discord: Double, new_database: Callable[[], Path], matcher: Matcher, retry_after: float
) -> None:
    discord.fail_next("PUT", r"/commands$", retry_after=retry_after)
    async with serving(discord, url_of(new_database()), matcher) as bot:
        assert bot.chat.is_ready


async def test_the_token_is_in_no_log(
    discord: Double,
    database_file: Path,
    matcher: Matcher,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    shop = Shop(discord, database_file, matcher)
    async with shop.open_and_set_up():
        discord.fail_next("POST", r"/threads$", 503)
        discord.drop_next("POST", r"/messages$", after_doing=False)
        discord.gateway.drop_sockets()
        await shop.asks(shop.emma)
        discord.gateway.forget_sessions()
        discord.gateway.drop_sockets()
        await discord.until_connected()
    with pytest.raises(DiscordRefused):
        async with shop.open(discord_token=f"{discord.token}x"):
            pass
    printed = capsys.readouterr()
    assert "discord.gateway" in caplog.text
    assert discord.token not in caplog.text + printed.out + printed.err
