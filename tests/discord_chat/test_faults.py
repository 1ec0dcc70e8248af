"""What goes away, and answers that come late: each leads to a stated state, never to an endless retry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.coverage.matcher import Matcher
from tests.discord_chat.over_sockets import REQUEST, Shop, said, saying, statuses
from tests.doubles.discord.permissions import Permission
from tests.doubles.discord.server import discord_double
from tests.doubles.locked_file import locked


@pytest.fixture
async def shop(database_file: Path, matcher: Matcher) -> AsyncIterator[Shop]:
    async with discord_double() as discord:
        yield Shop(discord, database_file, matcher)


# --- what goes away -----------------------------------------------------------------------------------


async def test_a_guild_that_removes_the_bot_is_owed_nothing_and_welcomed_when_it_comes_back(shop: Shop) -> None:
    async with shop.open_and_set_up() as bot:
        shop.discord.fail_next("POST", r"/threads$", retry_after=60, scope="shared")
        await shop.emma.says(shop.help, REQUEST)
        await shop.discord.until(lambda: shop.asked("POST", "/threads"))
        shop.guild.remove_bot()
        await shop.discord.until(lambda: shop.server not in bot.desk.servers())
        await shop.quiet()
        before = len(shop.discord.requests)
        old = await shop.karla.says(shop.support, "The slider does not work after the update")
        await asyncio.sleep(0.2)
        assert shop.discord.requests[before:] == []
        assert shop.dead() == []
        shop.guild.invite_bot()
        await shop.discord.until(lambda: len(saying(shop.support, "Hello, I am")) == 2)
        new = await shop.asks(shop.jonas, "Die Galerie stürzt ab")
        assert len(said(shop.thread_of(new))) == 1
        assert not shop.has_told(old)


async def test_a_guild_that_removed_the_bot_while_it_was_down_is_left_at_the_start(shop: Shop) -> None:
    async with shop.open_and_set_up():
        pass
    shop.guild.remove_bot()
    before = len(shop.discord.requests)
    async with shop.open() as bot:
        await shop.discord.until(lambda: shop.server not in bot.desk.servers())
        await shop.quiet()
        assert shop.asked("POST", "/messages", before) == []


async def test_an_outage_of_a_guild_is_waited_for(shop: Shop) -> None:
    async with shop.open_and_set_up() as bot:
        shop.guild.go_down()
        await asyncio.sleep(0.1)
        await shop.aylin.uses(shop.agents, "queue")
        missed = await shop.emma.says(shop.support, REQUEST)
        await asyncio.sleep(0.2)
        shop.guild.come_back()
        await shop.discord.until(lambda: shop.has_told(missed))
        await shop.quiet()
        assert len(saying(shop.thread_of(missed), "Ticket #1")) == 1
        assert len(saying(shop.support, "Hello, I am")) == 1
        assert shop.server in bot.desk.servers()


async def test_a_deleted_channel_ends_its_tickets_and_the_agents_are_told(shop: Shop) -> None:
    async with shop.open_and_set_up() as bot:
        await shop.asks(shop.emma)
        shop.support.delete()
        await shop.discord.until(lambda: saying(shop.agents, "was deleted"))
        await shop.quiet()
        assert shop.tickets() == [(1, "closed", REQUEST)]
        assert shop.dead() == []
        shown = await shop.marek.uses(shop.agents, "setup", part="show")
        assert shop.support.mention not in shown.text
        assert bot.desk.hears(shop.server, shop.help.id)


async def test_a_removed_thread_ends_its_ticket(shop: Shop) -> None:
    async with shop.open_and_set_up():
        asked = await shop.asks(shop.emma)
        shop.thread_of(asked).delete()
        await shop.discord.until(lambda: saying(shop.agents, "was deleted"))
        await shop.quiet()
        assert shop.tickets() == [(1, "closed", REQUEST)]
        assert shop.dead() == []


async def test_a_thread_removed_while_the_bot_was_down_leaves_no_endless_retry(shop: Shop) -> None:
    async with shop.open_and_set_up():
        asked = await shop.asks(shop.emma)
    shop.thread_of(asked).delete()
    async with shop.open():
        claimed = await shop.aylin.uses(shop.agents, "claim")
        assert "#1" in claimed.text
        await shop.quiet()
        closed = await shop.aylin.uses(shop.agents, "close", number=1)
        assert not closed.failed
        await shop.quiet()
        assert shop.dead() == []
        assert [state for _, state, _ in shop.tickets()] == ["closed"]


async def test_a_channel_deleted_while_the_bot_was_down_ends_its_tickets(shop: Shop) -> None:
    async with shop.open_and_set_up():
        await shop.asks(shop.emma)
    shop.support.delete()
    before = len(shop.discord.requests)
    async with shop.open():
        await shop.discord.until(lambda: saying(shop.agents, "was deleted"))
        await shop.quiet()
        assert shop.tickets() == [(1, "closed", REQUEST)]
        assert [call.path for call in shop.discord.requests[before:] if shop.support.id in call.path] == []
        shown = await shop.marek.uses(shop.agents, "setup", part="show")
        assert shop.support.mention not in shown.text


async def test_a_banned_customer_leaves_the_line(shop: Shop) -> None:
    async with shop.open_and_set_up():
        asked = await shop.asks(shop.emma)
        shop.guild.ban(shop.emma)
        await shop.discord.until(lambda: saying(shop.agents, "banned"))
        await shop.quiet()
        assert shop.tickets() == [(1, "closed", REQUEST)]
        assert shop.thread_of(asked).archived
        assert not shop.thread_of(asked).locked


async def test_roles_count_as_they_are_at_the_moment(shop: Shop) -> None:
    async with shop.open_and_set_up():
        asked = await shop.asks(shop.emma)
        receipt = shop.thread_of(asked).messages[-1]
        refused = await shop.karla.presses(receipt, "Claim")
        assert refused.ephemeral
        assert shop.tickets() == [(1, "waiting", REQUEST)]
        shop.karla.set_roles([shop.agent_role])
        await shop.karla.presses(receipt, "Claim")
        assert shop.tickets() == [(1, "claimed", REQUEST)]
        shop.karla.set_roles([])
        await shop.karla.presses(receipt, "Release")
        assert shop.tickets() == [(1, "claimed", REQUEST)]


# --- answers to interactions --------------------------------------------------------------------------


async def test_a_slow_desk_asks_for_more_time_and_follows_up(shop: Shop) -> None:
    async with shop.open_and_set_up():
        await shop.asks(shop.emma)
        async with locked(shop.file) as other:
            asking = asyncio.ensure_future(shop.emma.uses(shop.support, "place"))
            form = asyncio.ensure_future(shop.marek.uses(shop.support, "setup"))
            await asyncio.sleep(2.4)
            other.rollback()
            answered = await asking
            too_late = await form
        assert answered.deferred
        assert too_late.deferred
        assert answered.ephemeral
        assert "#1" in answered.text
        assert too_late.modal is None
        assert "once more" in too_late.text
        again = await shop.marek.uses(shop.support, "setup")
        assert again.modal is not None


@pytest.mark.parametrize("deadline", [3.0, 1.0], ids=["deferred", "expired"])
async def test_the_last_words_are_read_however_late_and_the_thread_is_put_away(shop: Shop, deadline: float) -> None:
    async with shop.open_and_set_up():
        asked = await shop.asks(shop.emma)
        thread = shop.thread_of(asked)
        shop.discord.interactions.deadline = deadline
        async with locked(shop.file) as other:
            asking = asyncio.ensure_future(shop.emma.uses(thread, "close", words="it works again"))
            await asyncio.sleep(2.4)
            other.rollback()
            await asking
        await shop.discord.until(lambda: saying(thread, "it works again"))
        await shop.quiet()
        await shop.discord.until(lambda: thread.archived)
        assert shop.tickets() == [(1, "closed", REQUEST)]


async def test_a_picture_that_comes_late_is_whole_and_ends_no_thread(shop: Shop) -> None:
    async with shop.open_and_set_up():
        thread = shop.thread_of(await shop.asks(shop.emma))
        await shop.aylin.uses(thread, "claim")
        async with locked(shop.file) as other:
            asking = asyncio.ensure_future(shop.aylin.uses(thread, "fairness", form="picture"))
            await asyncio.sleep(2.4)
            other.rollback()
            answered = await asking
        assert answered.deferred
        await shop.discord.until(lambda: any(message.pictures for message in thread.messages))
        ((picture, _),) = [shown for message in thread.messages for shown in message.pictures]
        assert picture.endswith(b"IEND\xaeB`\x82")
        await shop.quiet()
        assert not thread.archived


async def test_what_was_done_for_an_answer_that_came_too_late_is_done(shop: Shop) -> None:
    async with shop.open_and_set_up():
        shop.discord.interactions.deadline = 0.1
        async with locked(shop.file) as other:
            asking = asyncio.ensure_future(shop.emma.uses(shop.support, "ticket", text=REQUEST))
            await asyncio.sleep(0.3)
            other.rollback()
            answered = await asking
        assert answered.failed
        await shop.discord.until(shop.tickets)
        await shop.quiet()
        assert shop.tickets() == [(1, "waiting", REQUEST)]
        assert len(shop.support.threads) == 1


async def test_an_answer_that_was_given_already_is_no_fault(shop: Shop) -> None:
    async with shop.open_and_set_up():
        await shop.asks(shop.emma)
        before = len(shop.discord.requests)
        shop.discord.interactions.deadline = 0.5
        shop.discord.fail_next("POST", r"/callback$", 400, code=40060)
        await shop.emma.uses(shop.support, "place")
        shop.discord.interactions.deadline = 3.0
        shop.discord.drop_next("POST", r"/callback$", after_doing=True)
        dropped = await shop.emma.uses(shop.support, "place")
        assert "#1" in dropped.text
        again = await shop.emma.uses(shop.support, "place")
        assert "#1" in again.text
        assert not {401, 403} & set(statuses(shop.discord.requests[before:]))


async def test_who_speaks_german_reads_german_everywhere(shop: Shop) -> None:
    async with shop.open_and_set_up():
        asked = await shop.asks(shop.jonas, "Die Galerie stürzt ab")
        assert saying(shop.thread_of(asked), "Ticket #1")
        receipt = shop.thread_of(asked).messages[-1]
        assert "Schließen" in [button["label"] for button in receipt.buttons]
        place = await shop.jonas.uses(shop.support, "platz")
        assert "als Nächstes dran" in place.text
        form = await shop.jonas.uses(shop.support, "ticket")
        assert form.modal is not None
        assert "Ticket" in form.modal["title"]
        refused = await shop.jonas.uses(shop.support, "warteschlange", anyway=True)
        assert "nur" in refused.text


async def test_sentences_link_to_the_commands_that_they_name(shop: Shop) -> None:
    async with shop.open_and_set_up():
        ids = {command["name"]: command["id"] for command in shop.discord.world.commands.listed(None)}
        (welcome,) = said(shop.support)
        assert f"</setup:{ids['setup']}>" in welcome


async def test_a_moderator_reads_all_that_is_missing_at_once(shop: Shop) -> None:
    shop.support.set_permissions(
        shop.guild.bot_role, deny=Permission.CREATE_PUBLIC_THREADS | Permission.CREATE_PRIVATE_THREADS
    )
    async with shop.open():
        form = await shop.marek.uses(shop.agents, "setup")
        given = {"support": [shop.support], "agents": [shop.agents], "agent_roles": [shop.agent_role]}
        kept = await shop.marek.fills_in(form, given)
        assert "Create Public Threads" in kept.text
        assert "Create Private Threads" in kept.text
        await shop.quiet()


async def test_without_the_message_content_intent_the_bot_works_by_commands_and_mentions(shop: Shop) -> None:
    shop.discord.world.allow_message_content = False
    async with shop.open_and_set_up():
        shown = await shop.marek.uses(shop.support, "setup", part="show")
        assert "Message Content Intent" in shown.text
        await shop.emma.says(shop.support, REQUEST)
        mention = await shop.karla.says(shop.support, "is it covered that the gallery crashes?", mentions_bot=True)
        await shop.discord.until(lambda: shop.has_told(mention))
        await shop.quiet()
        assert said(shop.thread_of(mention))
        assert shop.tickets() == []
        await shop.emma.uses(shop.support, "ticket", text=REQUEST)
        assert shop.tickets() == [(1, "waiting", REQUEST)]
        await shop.quiet()
