"""The chat as a whole: it begins, goes on through Slack's troubles, and ends with one clear sentence."""

from __future__ import annotations

import asyncio
import io
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapters.slack_chat import SlackChat, SlackRefused
from adapters.slack_chat.workspaces import SDK
from bot import log
from bot.coverage.matcher import Matcher
from bot.model import CloseThread, Later
from bot.settings import LogFormat, LogLevel, SlackWay
from tests.doubles.slack.server import Double
from tests.slack_chat.conftest import REQUEST, Shop, install, serving, settings_for


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


# --- what a restart finds -----------------------------------------------------------------------------


def rows(file: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file)) as database, database:
        return database.execute(statement).fetchall()


def looks(slack: Double) -> int:
    return len(slack.calls("conversations.history", "conversations.replies"))


async def test_what_waited_for_its_turn_is_not_looked_for(slack: Double, database_file: Path, matcher: Matcher) -> None:
    shop = Shop(slack, slack.add_workspace(), database_file)
    settings = settings_for(slack, shop.workspace, SlackWay.SOCKET)
    put_off = "SELECT id FROM outbox WHERE leased_until IS NULL AND error LIKE 'many calls%'"
    async with serving(slack, settings, database_file, matcher) as shop.bot:
        await shop.set_up()
        for number in range(6):
            shop.workspace.add_person(f"p{number}").says(shop.support, REQUEST)
        await slack.delivered()
        await slack.until(lambda: rows(database_file, put_off))
    broken_off = rows(database_file, "SELECT id FROM outbox WHERE state = 'leased' AND attempts > 0")
    assert rows(database_file, put_off), "something has to be left"
    async with serving(slack, settings, database_file, matcher) as shop.bot:
        await shop.settled()
    assert looks(slack) <= len(broken_off)
    assert len(shop.cards) == 6


async def test_what_was_owed_while_slack_was_away_is_not_looked_for(
    slack: Double, database_file: Path, matcher: Matcher
) -> None:
    shop = Shop(slack, slack.add_workspace(), database_file)
    settings = settings_for(slack, shop.workspace, SlackWay.SOCKET)
    async with serving(slack, settings, database_file, matcher) as shop.bot:
        await shop.set_up()
        slack.limit_next("chat.postMessage", 0.5)
        shop.emma.says(shop.support, REQUEST)
        await slack.until(lambda: slack.calls("chat.postMessage"))
    slack.fail_next("auth.test", "service_unavailable", status=503, times=2)
    async with serving(slack, settings, database_file, matcher) as shop.bot:
        await shop.settled()
    assert looks(slack) == 0


# --- the bot is removed, or only seems to be ----------------------------------------------------------

LEFT = "SELECT id FROM servers WHERE left_at IS NOT NULL"
KEPT = "SELECT server FROM keepsakes WHERE name = 'installation'"


async def test_slack_that_fails_at_the_wrong_moment_has_removed_nobody(shop: Shop) -> None:
    revoked = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [shop.workspace.bot.id]}}
    shop.slack.fail_next("auth.test", "internal_error")
    shop.workspace.tell(revoked)
    await shop.slack.delivered()
    assert rows(shop.file, LEFT) == []
    await shop.says(shop.emma, REQUEST)
    assert len(shop.cards) == 1


async def test_a_workspace_that_has_left_comes_back_with_its_old_token(shop: Shop, matcher: Matcher) -> None:
    shop.slack.fail_next("auth.test", "account_inactive")
    shop.workspace.tell({"type": "app_uninstalled"})
    await shop.slack.delivered()
    assert rows(shop.file, LEFT) == [(shop.server,)]
    shop.bot.running.cancel()
    await asyncio.wait([shop.bot.running])
    settings = settings_for(shop.slack, shop.workspace, SlackWay.SOCKET)
    async with serving(shop.slack, settings, shop.file, matcher) as shop.bot:
        assert rows(shop.file, LEFT) == []
        await shop.says(shop.emma, REQUEST)
        assert len(shop.cards) == 1


async def test_who_removed_the_bot_while_it_was_away_has_left(
    slack: Double, database_file: Path, matcher: Matcher
) -> None:
    shop = Shop(slack, slack.add_workspace(installed=False), database_file)
    settings = settings_for(slack, shop.workspace, SlackWay.OAUTH)
    async with serving(slack, settings, database_file, matcher) as shop.bot:
        await install(shop, shop.marek)
        await shop.set_up()
    slack.world.revoke(shop.workspace)
    async with serving(slack, settings, database_file, matcher) as shop.bot:
        await slack.until(lambda: rows(database_file, LEFT))
        assert rows(database_file, KEPT) == []
        assert not shop.bot.running.done()


@pytest.mark.parametrize("way", [SlackWay.OAUTH])
async def test_who_removed_the_bot_without_a_word_has_left_when_its_token_is_refused(shop: Shop) -> None:
    shop.slack.world.revoke(shop.workspace)
    shop.emma.says(shop.support, REQUEST)
    await shop.slack.until(lambda: rows(shop.file, LEFT))
    assert rows(shop.file, KEPT) == []
    await shop.slack.until(lambda: not shop.owed())
    assert not shop.bot.running.done()


@pytest.mark.parametrize("way", [SlackWay.OAUTH])
async def test_a_refusal_that_passes_removes_nobody(shop: Shop) -> None:
    shop.slack.fail_next("chat.postMessage", "invalid_auth")
    before = len(shop.slack.calls("auth.test"))
    shop.emma.says(shop.support, REQUEST)
    await shop.slack.until(lambda: len(shop.slack.calls("auth.test")) > before + 1)
    await shop.slack.delivered()
    assert rows(shop.file, LEFT) == []
    assert rows(shop.file, KEPT) == [(shop.server,)]


async def test_a_workspace_that_does_not_let_us_in_does_not_end_the_process(shop: Shop) -> None:
    shop.slack.fail_next("chat.postMessage", "team_access_not_granted")
    shop.emma.says(shop.support, REQUEST)
    await shop.slack.until(lambda: len(shop.slack.calls("chat.postMessage")) > 1)
    await shop.slack.delivered()
    assert not shop.bot.running.done()


async def test_an_installation_that_cannot_be_opened_concerns_nobody_else(
    slack: Double, database_file: Path, matcher: Matcher
) -> None:
    shop = Shop(slack, slack.add_workspace(installed=False), database_file)
    settings = settings_for(slack, shop.workspace, SlackWay.OAUTH)
    async with serving(slack, settings, database_file, matcher) as shop.bot:
        await install(shop, shop.marek)
        await shop.set_up()
    rows(database_file, "INSERT INTO keepsakes VALUES ('slack:TBAD', 'installation', 'no such key', 0)")
    async with serving(slack, settings, database_file, matcher) as shop.bot:
        await shop.says(shop.emma, REQUEST)
        assert len(shop.cards) == 1


# --- the log ------------------------------------------------------------------------------------------


@pytest.fixture
def debug_log() -> Iterator[io.StringIO]:
    """The log as LOG_LEVEL=debug writes it, in a process that has made no client yet."""
    sdk = logging.getLogger(SDK)
    before = sdk.level
    sdk.setLevel(logging.NOTSET)
    log.set_up(LogLevel.DEBUG, LogFormat.JSON)
    [handler] = [one for one in logging.root.handlers if type(one) is logging.StreamHandler]
    stream = io.StringIO()
    handler.setStream(stream)
    yield stream
    sdk.setLevel(before)


async def test_the_debug_log_tells_no_secret(
    slack: Double, database_file: Path, matcher: Matcher, debug_log: io.StringIO
) -> None:
    slack.app.rotates_tokens = True
    shop = Shop(slack, slack.add_workspace(installed=False), database_file)
    settings = settings_for(slack, shop.workspace, SlackWay.OAUTH)
    async with serving(slack, settings, database_file, matcher) as shop.bot:
        assert await shop.bot.chat.service.workspaces.of("T0") is None
        await install(shop, shop.marek)
        await slack.delivered()
    told = debug_log.getvalue()
    assert "the bot was installed" in told
    for secret in (slack.app.client_secret, "xoxb-", "xoxe-"):
        assert secret not in told
