"""What Discord refuses, loses or delays, and what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.discord_chat import DiscordRefused
from bot.coverage.matcher import Matcher
from bot.desk.desk import utc_now
from bot.model import Content, Language, Say
from bot.store.outbox import owe
from bot.texts import paragraph, text
from tests.discord_chat.over_sockets import REQUEST, Bot, Shop, said, saying, statuses
from tests.doubles.discord.permissions import FOR_THE_BOT, Permission
from tests.doubles.discord.server import discord_double


@pytest.fixture
async def shop(database_file: Path, matcher: Matcher) -> AsyncIterator[Shop]:
    async with discord_double() as discord:
        shop = Shop(discord, database_file, matcher)
        shop.waits.meanwhile_after = 1
        yield shop


# --- trouble of Discord's or of the line --------------------------------------------------------------


async def test_what_fails_after_it_was_done_is_not_done_twice(shop: Shop) -> None:
    async with shop.open_and_set_up():
        for path in (r"/threads$", rf"{shop.agents.id}/messages$"):
            shop.discord.fail_next("POST", path, 503, after_doing=True)
        shop.agents.remove(shop.agents.messages[0])
        shop.discord.fail_next("POST", r"/messages$", 502, after_doing=True)
        asked = await shop.asks(shop.emma)
        assert len(saying(shop.thread_of(asked), "Ticket #1")) == 1
        assert len(said(shop.agents)) == 1
        assert shop.dead() == []


async def test_a_bot_that_starts_while_discord_is_down_waits_for_it(shop: Shop) -> None:
    shop.discord.fail_next("GET", "/gateway/bot$", 503)
    async with shop.open() as bot:
        assert bot.chat.is_ready


@pytest.mark.parametrize("after_doing", [False, True])
async def test_a_dropped_line_neither_loses_nor_doubles(shop: Shop, after_doing: bool) -> None:  # noqa: FBT001
    async with shop.open_and_set_up():
        shop.discord.drop_next("POST", r"/threads$", after_doing=after_doing)
        shop.discord.drop_next("POST", r"/messages$", after_doing=after_doing)
        asked = await shop.emma.says(shop.support, REQUEST)
        await shop.discord.until(lambda: shop.has_told(asked))
        await shop.quiet(15)
        assert len(said(shop.thread_of(asked))) == 1
        assert len(said(shop.support)) == 1  # the welcome
        assert shop.dead() == []


async def test_a_slow_answer_holds_up_only_its_own_conversation(shop: Shop) -> None:
    async with shop.open_and_set_up():
        shop.discord.slow_next("POST", r"/threads$", 1.5)
        slow = await shop.emma.says(shop.support, REQUEST)
        quick = await shop.jonas.says(shop.help, "Die Galerie stürzt ab")
        await shop.discord.until(lambda: quick.thread and said(quick.thread), 1)
        assert slow.thread is None or not said(slow.thread)
        await shop.quiet()
        assert len(said(shop.thread_of(slow))) == 1


@pytest.fixture
def impatient(shop: Shop) -> None:
    """The outbox leaves a call alone after a moment, and soon asks what has become of it."""
    shop.waits.patience = shop.waits.takes_long = 0.2


@pytest.mark.usefixtures("impatient")
async def test_a_call_that_takes_long_goes_on_and_is_made_once(shop: Shop) -> None:
    async with shop.open_and_set_up():
        shop.discord.slow_next("POST", r"/threads$", 1)
        before = len(shop.discord.requests)
        await shop.emma.uses(shop.support, "ticket", text=REQUEST, private=True)
        await shop.discord.until(lambda: shop.waits_for() == ["takes long"])
        await shop.quiet()
        (thread,) = shop.discord.threads
        assert thread.is_private
        assert len(saying(thread, "Ticket #1")) == 1
        assert statuses(shop.asked("POST", "/threads", before)) == [201]


@pytest.mark.usefixtures("impatient")
async def test_private_threads_are_not_doubled_while_discord_lets_them_wait(shop: Shop) -> None:
    async with shop.open_and_set_up():
        shop.discord.limit_route("POST", "/channels/{channel_id}/threads", 2, 0.7)
        people = [shop.guild.add_member(f"customer {number}") for number in range(5)]
        asking = (person.uses(shop.support, "ticket", text=REQUEST, private=True) for person in people)
        await asyncio.gather(*asking)
        await shop.discord.until(lambda: "takes long" in shop.waits_for())
        await shop.quiet()
        assert len(shop.discord.threads) == len(shop.tickets()) == len(people)
        assert all(len(said(thread)) == 1 for thread in shop.discord.threads)


async def test_a_token_that_is_not_taken_any_more_ends_the_chat_at_once(shop: Shop) -> None:
    async with shop.open_and_set_up() as bot:
        shop.discord.world.token = "another"
        before = len(shop.discord.requests)
        await shop.emma.says(shop.support, REQUEST)
        with pytest.raises(DiscordRefused, match="DISCORD_TOKEN"):
            await asyncio.wait_for(bot.running, 5)
        refused = shop.discord.requests[before:]
        await shop.jonas.says(shop.support, "Die Galerie stürzt ab")
        await asyncio.sleep(1)
        assert shop.discord.requests[before:] == refused
        assert set(statuses(refused)) == {401}


async def test_a_wrong_token_is_refused_in_one_sentence(shop: Shop) -> None:
    with pytest.raises(DiscordRefused, match="DISCORD_TOKEN"):
        async with shop.open(discord_token="wrong"):
            pass
    assert statuses(shop.discord.requests) == [401]


async def test_a_wrong_address_is_refused_in_one_sentence(shop: Shop) -> None:
    elsewhere = shop.discord.api_url.replace("/v10", "/v1")
    with pytest.raises(DiscordRefused, match=r"^Discord cannot be used with these DISCORD_ settings: status 404\.$"):
        async with shop.open(discord_api_url=elsewhere):
            pass
    assert shop.discord.requests == []


# --- what is not allowed, or is gone ------------------------------------------------------------------


async def test_what_is_not_allowed_is_not_even_tried_and_the_receipt_goes_to_the_channel(shop: Shop) -> None:
    async with shop.open_and_set_up():
        shop.support.set_permissions(shop.guild.bot_role, deny=Permission.CREATE_PUBLIC_THREADS)
        before = len(shop.discord.requests)
        asked = await shop.emma.says(shop.support, REQUEST)
        await shop.discord.until(lambda: saying(shop.support, "ticket #1"))
        (reply,) = [message for message in shop.support.messages if "ticket #1" in message.text]
        assert reply.answers is asked
        assert shop.asked("POST", "/threads", before) == []
        assert not {401, 403, 429} & set(statuses(shop.discord.requests[before:]))
        assert any("create_public_threads" in why for why in shop.waits_for())
        shown = await shop.marek.uses(shop.agents, "setup", part="show")
        assert "Create Public Threads" in shown.text
        shop.support.set_permissions(shop.guild.bot_role, allow=Permission.CREATE_PUBLIC_THREADS)
        await shop.quiet()
        assert saying(shop.thread_of(asked), "Ticket #1")
        assert len(saying(shop.support, "ticket #1")) == 1
        assert shop.dead() == []


async def test_without_read_message_history_the_reply_stands_alone(shop: Shop) -> None:
    async with shop.open_and_set_up():
        missing = Permission.READ_MESSAGE_HISTORY | Permission.CREATE_PUBLIC_THREADS
        shop.support.set_permissions(shop.guild.bot_role, deny=missing)
        before = len(shop.discord.requests)
        await shop.emma.says(shop.support, REQUEST)
        await shop.discord.until(lambda: saying(shop.support, "ticket #1"))
        assert 403 not in statuses(shop.discord.requests[before:])


async def test_a_refusal_that_could_not_be_foreseen_is_not_asked_for_again(shop: Shop) -> None:
    async with shop.open_and_set_up():
        before = len(shop.discord.requests)
        shop.discord.fail_next("POST", r"/messages$", 403, code=50013)
        await shop.asks(shop.emma)
        await asyncio.sleep(0.5)
        assert statuses(shop.discord.requests[before:]).count(403) == 1
        assert shop.dead() == ["Discord says 403 50013"]


async def test_where_nothing_may_be_said_nothing_is_asked_for(shop: Shop) -> None:
    async with shop.open_and_set_up():
        shop.support.set_permissions(
            shop.guild.bot_role, deny=Permission.SEND_MESSAGES | Permission.SEND_MESSAGES_IN_THREADS
        )
        shop.support.set_permissions(shop.guild.everyone, deny=Permission.SEND_MESSAGES_IN_THREADS)
        before = len(shop.discord.requests)
        asked = await shop.emma.says(shop.support, REQUEST)
        await shop.discord.until(lambda: any("send_messages_in_threads" in why for why in shop.waits_for()))
        assert 403 not in statuses(shop.discord.requests[before:])
        assert asked.thread is None
        assert shop.tickets() == [(1, "waiting", REQUEST)]


async def test_a_message_that_was_taken_back_before_its_thread_leaves_no_dead_letter(shop: Shop) -> None:
    async with shop.open_and_set_up():
        shop.discord.fail_next("POST", r"/threads$", retry_after=1, scope="shared")
        asked = await shop.emma.says(shop.support, REQUEST)
        await shop.discord.until(lambda: shop.has_told(asked))
        await shop.emma.deletes(asked)
        await shop.quiet()
        assert shop.tickets() == [(1, "closed", "")]
        assert shop.dead() == []


async def test_a_filtered_name_becomes_a_neutral_one(shop: Shop) -> None:
    shop.discord.world.filtered_words.add("gallery")
    async with shop.open_and_set_up():
        asked = await shop.asks(shop.emma)
        assert shop.thread_of(asked).name == "Support"
        assert shop.dead() == []


async def test_too_many_open_threads_are_waited_for(shop: Shop) -> None:
    shop.guild.max_active_threads = 0
    async with shop.open_and_set_up():
        asked = await shop.emma.says(shop.support, REQUEST)
        await shop.discord.until(lambda: saying(shop.support, "ticket #1"))
        shop.guild.max_active_threads = 1
        await shop.quiet()
        assert len(said(shop.thread_of(asked))) == 1


async def test_a_board_too_old_to_be_edited_is_posted_anew(shop: Shop) -> None:
    async with shop.open_and_set_up():
        (old,) = shop.agents.messages
        old.sent_at -= timedelta(hours=2)
        shop.discord.world.old_edits = 0
        shop.discord.world.old_edit_wait = 0.01
        await shop.asks(shop.emma)
        (new,) = shop.agents.messages
        assert new is not old
        assert old.is_deleted
        shop.discord.world.old_edit_wait = 5
        new.sent_at -= timedelta(hours=2)
        await shop.asks(shop.jonas, "Die Galerie stürzt ab")
        (newest,) = shop.agents.messages
        assert newest is not new


async def test_a_board_that_somebody_deleted_is_posted_anew(shop: Shop) -> None:
    async with shop.open_and_set_up():
        shop.agents.remove(shop.agents.messages[0])
        await shop.asks(shop.emma)
        assert len(shop.agents.messages) == 1
        assert shop.dead() == []


@pytest.mark.parametrize(("path", "code"), [(r"/threads$", 10003), (r"/threads$", 10008), (r"\d/messages$", 10003)])
async def test_what_is_gone_without_our_knowing_is_given_up_quietly(shop: Shop, path: str, code: int) -> None:
    async with shop.open_and_set_up():
        before = len(shop.discord.requests)
        shop.discord.fail_next("POST", path, 404, code=code)
        await shop.asks(shop.emma)
        assert len(shop.asked("POST", "/threads", before)) == 1
        assert shop.dead() == []
        assert shop.tickets() == [(1, "waiting", REQUEST)]


async def test_words_for_an_archived_thread_open_it_and_for_a_locked_one_are_given_up(shop: Shop) -> None:
    async with shop.open_and_set_up() as bot:
        asked = await shop.asks(shop.emma)
        thread = shop.thread_of(asked)
        await shop.aylin.archives(thread)
        await say(shop, bot, thread.id)
        assert not thread.archived
        shop.guild.set_bot_permissions(FOR_THE_BOT & ~Permission.MANAGE_THREADS)
        await shop.aylin.archives(thread, lock=True)
        before = len(shop.discord.requests)
        await say(shop, bot, thread.id)
        assert statuses(shop.asked("POST", "/messages", before)) == [400]
        assert shop.dead() == ["Discord says 400 50083"]


async def say(shop: Shop, bot: Bot, thread: str) -> None:
    """The bot says something in a thread."""
    content = Content(Language.EN, (paragraph(text("first-come")),))
    words = Say(server=shop.server, channel=shop.support.id, thread=thread, content=content)
    await bot.database.transaction(lambda tx: owe(tx, f"test/{utc_now()}", words, utc_now()))
    bot.desk.on_commit()
    await shop.quiet()
