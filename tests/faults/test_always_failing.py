"""What fails whenever it is tried is set aside after its attempts and shown, and stops nobody else."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, insert, select
from structlog.testing import capture_logs
from typer.testing import CliRunner

from bot.__main__ import app
from bot.coverage.matcher import Matcher
from bot.model import CommandUsed, Done, Effect, MessagePosted, Outcome, Person, Say
from bot.settings import Settings
from bot.store.database import Transaction
from bot.store.engines import url_of
from bot.store.outbox import BOARD_DELAY, GIVE_UP_AFTER, LEASE, Outbox
from bot.store.tables import outbox, servers, tickets
from tests.doubles.paper_chat import plain
from tests.doubles.post_office import PostOffice, open_post_office, words_of
from tests.doubles.world import SERVER, World, open_world

REQUEST = "the gallery crashes as soon as I open it since yesterday"
CUSTOMERS = select(tickets.c.customer).order_by(tickets.c.number)
DEAD = select(outbox.c.error).where(outbox.c.state == "dead").order_by(outbox.c.id)
A_BROKEN_SERVER = insert(servers).values(
    id="paper:broken", settings='{"mode": "from another version"', last_number=0, policy_number=0,
    created_at=bindparam("at", type_=servers.c.created_at.type),
)  # fmt: skip


def base(number: int) -> dict[str, Any]:
    return {"key": f"k{number}", "server": SERVER, "channel": "support"}


def asked(number: int, world: World) -> CommandUsed:
    person = Person(f"c{number}", f"C{number}", "en")
    return CommandUsed(**base(number), order=number, at=world.now, person=person, name="ticket", words=REQUEST)


def poison(number: int, world: World) -> MessagePosted:
    """Its place in time is a number that no column takes."""
    about: dict[str, Any] = {"person": Person("p", "P", "en"), "message": f"m{number}", "text": REQUEST}
    return MessagePosted(**base(number), order=2**70, at=world.now, **about)


async def test_an_event_that_always_fails_is_answered_each_time_and_stops_nobody(world: World) -> None:
    with capture_logs() as logged:
        for number in range(3):
            good = [world.desk.handle(asked(10 * number + one, world)) for one in range(1, 9)]
            await asyncio.gather(world.desk.handle(poison(0, world)), *good)
    rows = await world.database.transaction(lambda tx: tx.rows(CUSTOMERS))
    assert len({row["customer"] for row in rows}) == len(rows) == 3 * 8
    assert [entry["event"] for entry in logged] == ["event failed"] * 3
    await world.deliver()
    sorry = [message for message in world.chat.messages if "this reference" in plain(message.content)]
    assert len(sorry) == 3


def bad(effect: Effect) -> bool:
    return words_of(effect).startswith("bad")


async def test_a_letter_that_always_fails_is_given_up_and_shown_while_the_others_arrive(
    database_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_post_office(url_of(database_file)) as office:
        office.chat.mood = lambda effect: ZeroDivisionError("a bug") if bad(effect) else Done()
        await office.owe("bad", "a")
        await office.owe("behind it", "a")
        await office.owe("other", "b")
        with capture_logs():
            await office.deliver()
            assert office.chat.said == ["other"]
            office.chat.mood = lambda effect: ZeroDivisionError("a bug") if bad(effect) else Done()
            while not await office.database.transaction(lambda tx: tx.rows(DEAD)):
                office.pass_time(timedelta(hours=1))
                await office.deliver()
        assert office.chat.said == ["other", "behind it"]
        assert len(office.chat.tries) <= 3 + GIVE_UP_AFTER / timedelta(hours=1)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url_of(database_file))
    told = await asyncio.to_thread(lambda: CliRunner().invoke(app, ["letters"]).stdout)
    assert "ZeroDivisionError" in told


async def test_a_drawing_that_always_fails_is_given_up_each_time_and_stops_nobody(database_url: str) -> None:
    async def broken(_: Transaction, server: str, __: str) -> Say | None:
        raise LookupError(server)

    async with open_post_office(database_url) as office:
        deliveries = Outbox(office.database, {"moody": office.chat}, broken, lambda: office.now)
        for number in range(3):
            await office.owe_board()
            await office.owe(f"{number}", f"lane {number}")
            office.pass_time(BOARD_DELAY)
            with capture_logs():
                while await deliveries.deliver_ready():
                    pass
        assert office.chat.said == ["0", "1", "2"]
        rows = await office.database.transaction(lambda tx: tx.rows(DEAD))
        assert [row["error"] for row in rows] == ["cannot be read: LookupError"] * 3


async def live_for_an_hour(office: PostOffice) -> None:
    with capture_logs():
        for _ in range(timedelta(hours=1) // LEASE):
            await office.deliver()
            office.pass_time(LEASE)


async def test_a_letter_that_arrives_but_cannot_be_marked_is_not_said_without_end(database_url: str) -> None:
    def mood(_: Effect) -> Outcome:
        return Done(message="\ud800")

    async with open_post_office(database_url) as office:
        office.chat.mood = mood
        await office.owe("one", post="a post")
        await live_for_an_hour(office)
        assert len(office.chat.tries) < 10


async def test_settings_that_cannot_be_read_stop_only_their_own_server(database_url: str, matcher: Matcher) -> None:
    async with open_world(database_url, matcher) as world:
        await world.database.transaction(lambda tx: tx.run(A_BROKEN_SERVER, at=world.now))
        await world.desk.tidy()
        async with open_world(database_url, matcher, before=world) as restarted:
            await restarted.desk.handle(asked(1, restarted))
