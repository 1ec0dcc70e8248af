"""Who somebody is at this moment, asked of Discord; who is called, and the pictures that everybody sees."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.coverage.matcher import Matcher
from bot.model import Content, Language, Roles, Say
from bot.texts import paragraph, text
from tests.discord_chat.over_sockets import Shop
from tests.doubles.discord.permissions import Permission
from tests.doubles.discord.server import discord_double


@pytest.fixture
async def shop(database_file: Path, matcher: Matcher) -> AsyncIterator[Shop]:
    async with discord_double() as discord:
        yield Shop(discord, database_file, matcher)


# --- members ------------------------------------------------------------------------------------------


async def test_somebody_is_told_with_the_roles_of_this_moment(shop: Shop) -> None:
    async with shop.open() as bot:
        aylin = await bot.chat.member(shop.server, shop.aylin.id)
        assert aylin is not None
        assert (aylin.id, aylin.name, aylin.roles) == (shop.aylin.id, "Aylin", frozenset({shop.agent_role.id}))
        assert not aylin.is_admin
        shop.aylin.set_roles([])
        without = await bot.chat.member(shop.server, shop.aylin.id)
        assert without is not None
        assert without.roles == frozenset()
        marek = await bot.chat.member(shop.server, shop.marek.id)
        assert marek is not None
        assert marek.is_admin


async def test_who_has_left_is_nobody(shop: Shop) -> None:
    async with shop.open() as bot:
        shop.guild.ban(shop.aylin)
        assert await bot.chat.member(shop.server, shop.aylin.id) is None


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, 10004), (403, 50001), (401, 0), (429, 0)],
    ids=["guild", "access", "token", "throttled"],
)
async def test_what_discord_does_not_tell_is_no_departure(shop: Shop, status: int, code: int) -> None:
    shop.waits.patience = 0.3
    async with shop.open() as bot:
        shop.discord.fail_next("GET", r"/members/\d+$", status, code=code, retry_after=60)
        with pytest.raises(OSError, match="Discord"):
            await bot.chat.member(shop.server, shop.aylin.id)


async def test_a_guild_that_discord_has_not_told_of_is_not_asked_about(shop: Shop) -> None:
    async with shop.open() as bot:
        shop.guild.go_down()
        await shop.discord.until(lambda: bot.chat.client.guilds[0].unavailable)
        before = len(shop.discord.requests)
        with pytest.raises(OSError, match="Discord"):
            await bot.chat.member(shop.server, shop.aylin.id)
        with pytest.raises(OSError, match="Discord"):
            await bot.chat.member("discord:4711", shop.aylin.id)
        assert shop.discord.requests[before:] == []


# --- calling roles ------------------------------------------------------------------------------------


def alert(shop: Shop, *, is_called: bool) -> Say:
    roles = Roles((shop.agent_role.id,), is_called=is_called)
    content = Content(Language.EN, (paragraph(text("setup-moderators", roles=roles)),))
    return Say(server=shop.server, channel=shop.agents.id, content=content)


async def test_only_a_role_that_is_called_and_may_be_is_notified(shop: Shop) -> None:
    async with shop.open() as bot:
        for may_all_mention_it in (False, True):
            shop.agent_role.mentionable = may_all_mention_it
            for is_called in (False, True):
                await bot.chat.perform(alert(shop, is_called=is_called), f"n{may_all_mention_it}{is_called}")
        told = shop.agents.messages[-4:]
        assert [message.mention_roles for message in told] == [[], [], [], [shop.agent_role]]
        assert all(shop.agent_role.mention in message.text for message in told)


async def test_with_the_permission_any_role_is_notified(shop: Shop) -> None:
    shop.agents.set_permissions(shop.guild.bot, allow=Permission.MENTION_EVERYONE)
    async with shop.open() as bot:
        await bot.chat.perform(alert(shop, is_called=True), "n")
        assert shop.agents.messages[-1].mention_roles == [shop.agent_role]


# --- pictures -----------------------------------------------------------------------------------------


async def test_a_picture_arrives_for_everybody_with_what_it_shows(shop: Shop) -> None:
    async with shop.open_and_set_up():
        await shop.asks(shop.emma)
        await shop.aylin.uses(shop.agents, "claim")
        await shop.aylin.uses(shop.agents, "fairness", form="picture")
        await shop.discord.until(lambda: any(message.pictures for message in shop.agents.messages))
        ((picture, about),) = [picture for message in shop.agents.messages for picture in message.pictures]
        assert picture.startswith(b"\x89PNG\r\n")
        assert about
