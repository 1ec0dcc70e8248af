"""The chat as a whole: it begins, goes on through Slack's troubles, and ends with one clear sentence."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from adapters.slack_chat import SlackChat, SlackRefused
from bot.coverage.matcher import Matcher
from bot.model import CloseThread, Later
from bot.settings import SlackWay
from tests.doubles.slack.server import Double
from tests.slack_chat.conftest import REQUEST, Shop, serving, settings_for


@pytest.mark.parametrize("way", [SlackWay.SOCKET, SlackWay.HTTP])
async def test_a_wrong_token_is_told_in_one_sentence(
    slack: Double, way: SlackWay, database_file: Path, matcher: Matcher
) -> None:
    shop = Shop(slack, slack.add_workspace(), database_file)
    settings = settings_for(slack, shop.workspace, way, slack_bot_token="xoxb-of-yesterday")
    with pytest.raises(SlackRefused, match="SLACK_BOT_TOKEN") as refused:
        async with serving(slack, settings, database_file, matcher):
            pass
    assert "yesterday" not in str(refused.value)


async def test_slack_that_is_away_is_asked_again(slack: Double, database_file: Path, matcher: Matcher) -> None:
    shop = Shop(slack, slack.add_workspace(), database_file)
    slack.drop_next("auth.test", after_doing=False)
    slack.fail_next("auth.test", "internal_error", status=503)
    slack.limit_next("auth.test", 0.0)
    async with serving(slack, settings_for(slack, shop.workspace, SlackWay.SOCKET), database_file, matcher) as bot:
        assert shop.server in bot.desk.servers()


@pytest.mark.parametrize("way", [SlackWay.SOCKET, SlackWay.HTTP])
async def test_a_token_that_ends_ends_the_chat(shop: Shop, way: SlackWay) -> None:
    shop.workspace.world.revoke(shop.workspace)
    shop.emma.says(shop.support, REQUEST)
    with pytest.raises(SlackRefused, match="SLACK_BOT_TOKEN"):
        await asyncio.wait_for(shop.bot.running, 10)


async def test_a_restart_forgets_nothing(shop: Shop, matcher: Matcher) -> None:
    message = await shop.says(shop.emma, REQUEST)
    shop.bot.running.cancel()
    await asyncio.wait([shop.bot.running])
    settings = settings_for(shop.slack, shop.workspace, SlackWay.SOCKET)
    async with serving(shop.slack, settings, shop.file, matcher) as shop.bot:
        assert "#1" in (await shop.asks(shop.aylin, "/claim")).text
        assert len(shop.replies(message)) == 1


async def test_nothing_is_missed_only_while_slack_is_connected(shop: Shop) -> None:
    assert shop.bot.chat.misses_nothing(shop.server)
    shop.slack.fail_next("apps.connections.open", "internal_error", times=2)
    shop.slack.sockets.drop_all()
    await shop.slack.until(lambda: not shop.bot.chat.misses_nothing(shop.server))
    await shop.slack.until(lambda: shop.bot.chat.misses_nothing(shop.server), 10)


async def test_sockets_outlive_the_time_of_a_call(slack: Double, database_file: Path, matcher: Matcher) -> None:
    shop = Shop(slack, slack.add_workspace(), database_file)
    settings = settings_for(slack, shop.workspace, SlackWay.SOCKET)
    async with serving(slack, settings, database_file, matcher, call_time=0.5) as shop.bot:
        before = list(slack.sockets.live)
        await asyncio.sleep(1)
        assert slack.sockets.live == before
        assert not (await shop.emma.uses(shop.support, "/place")).failed


async def test_people_are_known_as_slack_knows_them_now(shop: Shop) -> None:
    person = await shop.bot.chat.member(shop.server, shop.aylin.id)
    assert person is not None
    assert (person.name, person.locale) == ("aylin", "en-US")
    assert person.roles == {shop.aylin.id, shop.agent_group.id}
    shop.aylin.is_deleted = True
    assert await shop.bot.chat.member(shop.server, shop.aylin.id) is None
    shop.slack.fail_next("users.info", "ratelimited")
    with pytest.raises(OSError, match="Slack"):
        await shop.bot.chat.member(shop.server, shop.tom.id)
    with pytest.raises(OSError, match="not connected"):
        await shop.bot.chat.member("slack:T0", shop.tom.id)


async def test_before_it_runs_nothing_can_be_done(slack: Double) -> None:
    shop = slack.add_workspace()
    waiting = SlackChat(settings_for(slack, shop, SlackWay.SOCKET))
    assert isinstance(await waiting.perform(CloseThread(server="slack:T1", channel="C1", thread=None), "n"), Later)
    with pytest.raises(OSError, match="not connected"):
        await waiting.member("slack:T1", "U1")
    assert not waiting.misses_nothing("slack:T1")
