"""What was said while the bot was not there, or could not hear, is told afterwards: all of it, in order, once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from adapters.discord_chat.catching_up import Marks
from bot.coverage.matcher import Matcher
from bot.model import Listener
from tests.discord_chat.over_sockets import REQUEST, Bot, Shop, said, saying
from tests.doubles.discord.permissions import FOR_THE_BOT, Permission
from tests.doubles.discord.server import discord_double
from tests.doubles.discord.world import Thread


@pytest.fixture
async def shop(database_file: Path, matcher: Matcher) -> AsyncIterator[Shop]:
    async with discord_double() as discord:
        yield Shop(discord, database_file, matcher)


def histories(shop: Shop, since: int) -> list[str]:
    """Where the bot has read what was said."""
    return [call.path.split("/")[2] for call in shop.asked("GET", "/messages", since)]


class NotingDesk:
    """Only takes note of how far was heard."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, int]] = []

    async def note_heard(self, server: str, order: int) -> None:
        self.noted.append((server, order))


async def mark_of(shop: Shop, bot: Bot) -> int:
    """Up to where the bot says that it has heard everything."""
    await bot.chat.client.marks.note()
    return await bot.desk.heard_until(shop.server) or 0


async def test_a_restart_hears_what_was_said_in_channels_and_threads_once(shop: Shop) -> None:
    async with shop.open_and_set_up():
        open_one = await shop.asks(shop.emma)
        closed = await shop.asks(shop.jonas, "Die Galerie stürzt ab")
        await shop.jonas.uses(shop.thread_of(closed), "close")
        await shop.quiet()
        await shop.discord.until(lambda: shop.thread_of(closed).archived)
        assert [state for _, state, _ in shop.tickets()] == ["waiting", "closed"]
    again = await shop.jonas.says(shop.thread_of(closed), "Es stürzt immer noch ab")
    late = await shop.karla.says(shop.help, "The slider does not work after the update")
    later = await shop.emma.says(shop.support, "How long does it take?")
    await shop.aylin.says(shop.thread_of(open_one), "I look at it")
    await shop.discord.until(lambda: not shop.discord.gateway.live)
    before = len(shop.discord.requests)
    async with shop.open() as bot:
        await shop.discord.until(lambda: shop.has_told(again, late, later))
        await shop.quiet()
        assert [state for _, state, _ in shop.tickets()] == ["claimed", "waiting", "waiting"]
        assert sorted(histories(shop, before)) == sorted([open_one.id, closed.id, shop.help.id, shop.support.id])
        assert len(saying(shop.thread_of(late), "Ticket #")) == 1
        assert await bot.desk.heard_until(shop.server) is not None
    before, told = len(shop.discord.requests), said(shop.support)
    async with shop.open():
        await shop.quiet()
        assert histories(shop, before) == []
        assert said(shop.support) == told


async def test_what_is_told_again_after_a_crash_does_nothing(shop: Shop) -> None:
    async with shop.open_and_set_up():
        asked = await shop.asks(shop.emma)
        await shop.asks(shop.emma, "How long does it take?", shop.thread_of(asked))
        told = [said(place) for place in (shop.support, shop.agents, shop.thread_of(asked))]
    shop.rows("UPDATE servers SET heard_until = ?", int(asked.id) - 1)
    before = len(shop.discord.requests)
    async with shop.open():
        await shop.discord.until(lambda: len(histories(shop, before)) == 2)
        await shop.quiet()
        assert sorted(histories(shop, before)) == sorted([shop.support.id, asked.id])
        assert [said(place) for place in (shop.support, shop.agents, shop.thread_of(asked))] == told
        assert shop.asked("POST", "/messages", before) == []


async def test_the_mark_stays_before_what_is_still_on_its_way() -> None:
    desk = NotingDesk()
    marks = Marks(cast("Listener", desk))
    marks.end(1, marks.begin(1), 10)
    async with marks.telling(1, 20):
        async with marks.telling(1, 30):
            pass
        await marks.note()
        assert desk.noted == [("discord:1", 19)]
    await marks.note()
    assert desk.noted[1:] == [("discord:1", 30)]
    marks.lose([1])
    async with marks.telling(1, 40):
        pass
    await marks.note()
    assert len(desk.noted) == 2
    marks.regain([1])
    async with marks.telling(1, 50):
        pass
    await marks.note()
    assert desk.noted[2:] == [("discord:1", 50)]


async def test_the_mark_stays_before_what_could_not_be_told() -> None:
    desk = NotingDesk()
    marks = Marks(cast("Listener", desk))
    marks.end(1, marks.begin(1), 10)
    with pytest.raises(ConnectionError):
        async with marks.telling(1, 20):
            raise ConnectionError
    async with marks.telling(1, 30):
        pass
    await marks.note()
    assert desk.noted == [("discord:1", 19)]
    marks.end(1, marks.begin(1), 30, told=[20])
    await marks.note()
    assert desk.noted[1:] == [("discord:1", 30)]


async def test_an_older_round_of_catching_up_moves_no_mark() -> None:
    desk = NotingDesk()
    marks = Marks(cast("Listener", desk))
    first, second = marks.begin(1), marks.begin(1)
    marks.end(1, first, 10)
    await marks.note()
    assert desk.noted == []
    marks.end(1, second, 12)
    await marks.note()
    assert desk.noted == [("discord:1", 12)]


async def test_edits_and_deletions_while_away_leave_what_is_true_now(shop: Shop) -> None:
    async with shop.open_and_set_up():
        pass
    edited = await shop.emma.says(shop.support, "hello there")
    await shop.emma.edits(edited, REQUEST)
    deleted = await shop.jonas.says(shop.support, "Die Galerie stürzt ab")
    await shop.jonas.deletes(deleted)
    async with shop.open():
        await shop.discord.until(lambda: shop.has_told(edited))
        await shop.quiet()
        assert shop.tickets() == [(1, "waiting", REQUEST)]


async def test_a_resumed_session_tells_nothing_twice_and_reads_no_history(shop: Shop) -> None:
    async with shop.open_and_set_up():
        before = len(shop.discord.requests)
        shop.discord.gateway.drop_sockets()
        first = await shop.emma.says(shop.support, REQUEST)
        await shop.discord.until(lambda: shop.has_told(first))
        shop.discord.gateway.ask_to_reconnect()
        await shop.discord.until_connected()
        await shop.discord.gateway.close_sockets(4000)
        await shop.discord.until_connected()
        shop.discord.gateway.invalidate(resumable=True)
        second = await shop.jonas.says(shop.support, "Die Galerie stürzt ab")
        await shop.discord.until(lambda: shop.has_told(second))
        await shop.quiet()
        assert len(shop.tickets()) == 2
        assert histories(shop, before) == []
        assert len(shop.discord.gateway.sessions) == 1


async def test_a_session_that_cannot_be_resumed_is_caught_up_in_true_order(shop: Shop) -> None:
    async with shop.open_and_set_up():
        shop.discord.gateway.forget_sessions()
        shop.discord.gateway.drop_sockets()
        missed = await shop.emma.says(shop.support, REQUEST)
        await shop.discord.until_connected()
        heard = await shop.jonas.says(shop.support, "Die Galerie stürzt ab")
        await shop.discord.until(lambda: shop.has_told(missed, heard))
        await shop.quiet()
        assert [text for _, _, text in shop.tickets()] == [REQUEST, "Die Galerie stürzt ab"]


async def test_an_invalid_session_is_begun_anew(shop: Shop) -> None:
    async with shop.open_and_set_up():
        shop.discord.gateway.invalidate(resumable=False)
        missed = await shop.emma.says(shop.support, REQUEST)
        await shop.discord.until(lambda: shop.has_told(missed), 10)
        await shop.quiet()
        assert len(saying(shop.thread_of(missed), "Ticket #1")) == 1


async def test_a_half_open_socket_is_noticed(shop: Shop) -> None:
    shop.waits.heartbeat = 0.5
    shop.discord.gateway.heartbeat_seconds = 0.1
    async with shop.open_and_set_up():
        shop.discord.gateway.go_deaf()
        missed = await shop.emma.says(shop.support, REQUEST)
        await shop.discord.until(lambda: shop.has_told(missed), 10)
        await shop.quiet()
        assert len(shop.tickets()) == 1


async def test_a_history_that_cannot_be_read_now_is_read_later(shop: Shop) -> None:
    async with shop.open_and_set_up():
        pass
    missed = await shop.emma.says(shop.support, REQUEST)
    shop.discord.fail_next("GET", r"/messages$", 503)
    shop.discord.fail_next("GET", r"/messages$", 429, retry_after=0.1)
    shop.discord.drop_next("GET", r"/messages$", after_doing=False)
    shop.discord.fail_next("GET", r"/members/\d+$", 503)
    async with shop.open() as bot:
        heard = await shop.asks(shop.jonas, "Die Galerie stürzt ab")
        await shop.discord.until(lambda: shop.has_told(missed))
        await shop.quiet()
        assert [text for _, _, text in shop.tickets()] == [REQUEST, "Die Galerie stürzt ab"]
        assert await mark_of(shop, bot) >= int(heard.id)


async def test_the_mark_stays_before_what_could_not_be_read(shop: Shop) -> None:
    shop.waits.catch_up_again = 60
    async with shop.open_and_set_up():
        await shop.asks(shop.emma, "hello there")
    shop.discord.fail_next("GET", r"/messages$", 503, times=9)
    missed = await shop.emma.says(shop.support, REQUEST)
    async with shop.open() as bot:
        await shop.asks(shop.jonas, "Die Galerie stürzt ab")
        shop.discord.gateway.drop_sockets()
        await shop.asks(shop.karla, "The slider does not work after the update")
        assert await mark_of(shop, bot) < int(missed.id)
    shop.discord.clear_faults()
    async with shop.open():
        await shop.discord.until(lambda: shop.has_told(missed))
        await shop.quiet()
        assert [text for _, _, text in shop.tickets()][:2] == [REQUEST, "Die Galerie stürzt ab"]


async def test_without_read_message_history_the_bot_hears_from_now_on(shop: Shop) -> None:
    async with shop.open_and_set_up():
        pass
    shop.guild.everyone.permissions &= ~Permission.READ_MESSAGE_HISTORY
    shop.guild.set_bot_permissions(FOR_THE_BOT & ~Permission.READ_MESSAGE_HISTORY)
    missed = await shop.emma.says(shop.support, REQUEST)
    before = len(shop.discord.requests)
    async with shop.open():
        await shop.asks(shop.jonas, "Die Galerie stürzt ab")
        assert histories(shop, before) == []
        assert not shop.has_told(missed)
        shown = await shop.marek.uses(shop.support, "setup", part="show")
        assert "Read Message History" in shown.text
    async with shop.open():
        await shop.quiet()
        assert histories(shop, before) == []


# --- what was said before anybody listened ---


async def test_what_was_said_before_setup_stays_unheard_after_a_restart(shop: Shop) -> None:
    async with shop.open():
        before = await shop.emma.says(shop.support, REQUEST)
        await shop.set_up()
        await shop.quiet()
    late = await shop.jonas.says(shop.support, "Die Galerie stürzt ab")
    async with shop.open():
        await shop.discord.until(lambda: shop.has_told(late))
        await shop.quiet()
        assert not shop.has_told(before)
        assert [text for _, _, text in shop.tickets()] == ["Die Galerie stürzt ab"]


async def test_old_words_in_a_channel_that_is_added_later_stay_unheard(shop: Shop) -> None:
    added = shop.guild.add_text_channel("plugins")
    async with shop.open_and_set_up() as bot:
        await shop.asks(shop.emma)
        old = await shop.karla.says(added, "The slider does not work after the update")
        form = await shop.marek.uses(shop.support, "setup")
        await shop.marek.fills_in(form, {"support": [shop.support, shop.help, added]})
        await shop.quiet()
        assert await mark_of(shop, bot) > int(old.id)
    late = await shop.jonas.says(added, "Die Galerie stürzt ab")
    async with shop.open():
        await shop.discord.until(lambda: shop.has_told(late))
        await shop.quiet()
        assert not shop.has_told(old)
        assert [text for _, _, text in shop.tickets()] == [REQUEST, "Die Galerie stürzt ab"]


# --- threads and guilds that Discord has not told of yet ---


async def closed_and_forgotten(shop: Shop, bot: Bot) -> Thread:
    """The thread of a closed ticket, of which Discord tells late that a message has opened it again."""
    asked = await shop.asks(shop.emma)
    thread = shop.thread_of(asked)
    await shop.emma.uses(thread, "close")
    await shop.discord.until(lambda: thread.archived)
    await shop.quiet()
    bot.chat.client._connection.parsers["THREAD_UPDATE"] = lambda _: None  # noqa: SLF001
    return thread


@pytest.mark.parametrize("status", [503, 429])
async def test_a_thread_that_cannot_be_looked_up_now_is_looked_up_later(shop: Shop, status: int) -> None:
    async with shop.open_and_set_up() as bot:
        thread = await closed_and_forgotten(shop, bot)
        shop.discord.fail_next("GET", rf"/channels/{thread.id}$", status, retry_after=0.1)
        again = await shop.emma.says(thread, "It still crashes")
        await shop.discord.until(lambda: shop.has_told(again))
        await shop.quiet()
        assert shop.tickets() == [(1, "waiting", REQUEST)]
        assert await mark_of(shop, bot) >= int(again.id)


async def test_the_mark_stays_before_a_thread_that_is_still_looked_up(shop: Shop) -> None:
    shop.waits.catch_up_again = 60
    async with shop.open_and_set_up() as bot:
        thread = await closed_and_forgotten(shop, bot)
        shop.discord.fail_next("GET", rf"/channels/{thread.id}$", 503)
        again = await shop.emma.says(thread, "It still crashes")
        await shop.asks(shop.jonas, "Die Galerie stürzt ab")
        assert await mark_of(shop, bot) < int(again.id)
    async with shop.open():
        await shop.discord.until(lambda: shop.has_told(again))
        await shop.quiet()
        assert [state for _, state, _ in shop.tickets()] == ["waiting", "waiting"]


async def test_a_thread_that_is_gone_when_it_is_looked_up_holds_no_mark(shop: Shop) -> None:
    async with shop.open_and_set_up() as bot:
        thread = await closed_and_forgotten(shop, bot)
        shop.discord.fail_next("GET", rf"/channels/{thread.id}$", 404, code=10003)
        await shop.emma.says(thread, "It still crashes")
        later = await shop.asks(shop.jonas, "Die Galerie stürzt ab")
        assert await mark_of(shop, bot) >= int(later.id)


async def test_before_discord_tells_of_a_guild_agents_are_known_and_no_message_is_lost(shop: Shop) -> None:
    async with shop.open_and_set_up():
        waiting = await shop.asks(shop.karla, "The slider does not work after the update")
    shop.guild.go_down()
    before = len(shop.discord.requests)
    async with shop.open():
        line = await shop.aylin.uses(shop.agents, "queue")
        assert "#1" in line.text
        form = await shop.marek.uses(shop.support, "setup")
        assert form.modal is not None
        asked = await shop.emma.says(shop.support, REQUEST)
        add = await shop.karla.says(shop.thread_of(waiting), "Only on phones")
        assert "#1" in (await shop.karla.uses(shop.support, "place")).text
        assert [call for call in shop.discord.requests[before:] if call.template == "/channels/{channel_id}"] == []
        shop.guild.come_back()
        await shop.discord.until(lambda: shop.has_told(asked, add))
        await shop.quiet()
        assert len(saying(shop.thread_of(asked), "Ticket #2")) == 1


# --- whether anything may have been missed ------------------------------------------------------------


async def test_until_all_was_told_the_chat_says_that_it_may_have_missed_something(shop: Shop) -> None:
    shop.waits.catch_up_again = 0.05
    async with shop.open_and_set_up() as bot:
        await shop.discord.until(lambda: bot.chat.misses_nothing(shop.server))
    missed = await shop.emma.says(shop.support, REQUEST)
    shop.discord.fail_next("GET", r"/messages$", 503, times=1_000)
    async with shop.open() as bot:
        tried = len(shop.discord.requests)
        await shop.discord.until(lambda: len(shop.discord.requests) > tried)
        assert not bot.chat.misses_nothing(shop.server)
        shop.discord.clear_faults()
        await shop.discord.until(lambda: bot.chat.misses_nothing(shop.server), 10)
        assert shop.has_told(missed)
