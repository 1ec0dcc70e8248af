"""Several workers serve one server: nobody is claimed twice or overtaken, and what one is told, all know."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import select

from bot.app import open_desk
from bot.coverage.matcher import Matcher
from bot.desk.desk import Desk, utc_now
from bot.model import CommandUsed, FormSent, MessagePosted, Person, Reply
from bot.store import queries
from bot.store.database import Database
from bot.store.engines import open_database
from bot.store.tables import history, tickets
from tests.doubles.cut_line import cut_line
from tests.doubles.paper_chat import PaperChat, plain
from tests.doubles.post_office import until
from tests.doubles.world import AYLIN, MAREK, SERVER, SETUP

pytestmark = pytest.mark.postgres
WORKERS = 4
CROWD = 60
REQUEST = "the gallery crashes as soon as I open it since yesterday"
HISTORY = select(history.c.ticket, history.c.what).where(history.c.server == SERVER).order_by(history.c.id)
LINE = select(tickets.c.number, tickets.c.place_order).where(tickets.c.server == SERVER).order_by(tickets.c.place_order)


class Workers:
    """Desks that share a database, and people whom chance leads to one or another of them."""

    def __init__(self, desks: list[Desk], database: Database) -> None:
        self.desks = desks
        self.database = database
        self._order = int(utc_now().timestamp() * 1_000_000)

    def facts(self, channel: str = "support") -> dict[str, object]:
        self._order += 1
        return {
            "key": f"e{self._order}",
            "server": SERVER,
            "channel": channel,
            "thread": None,
            "order": self._order,
            "at": utc_now(),
        }

    async def command(self, at: int, person: Person, name: str) -> Reply | None:
        return await self._desk(at).handle(CommandUsed(**self.facts("agents"), person=person, name=name, words=""))  # type: ignore[arg-type]

    async def post(self, at: int, person: Person, words: str, channel: str = "support", **facts: object) -> None:
        told = self.facts(channel) | facts
        message = f"m{told['order']}"
        await self._desk(at).handle(MessagePosted(**told, person=person, message=message, text=words))  # type: ignore[arg-type]

    async def send(self, at: int, form: str, values: dict[str, str]) -> None:
        await self._desk(at).handle(FormSent(**self.facts(), person=MAREK, form=form, values=values))  # type: ignore[arg-type]

    def _desk(self, at: int) -> Desk:
        return self.desks[at % len(self.desks)]


class Elsewhere(PaperChat):
    """A chat whose servers another worker serves."""

    def serves(self, server: str) -> bool:
        """None."""
        del server
        return False


@pytest.fixture
async def workers(database_url: str, matcher: Matcher) -> AsyncIterator[Workers]:
    async with AsyncExitStack() as doors:
        databases = [await doors.enter_async_context(open_database(database_url)) for _ in range(WORKERS)]
        opening = [open_desk(database, matcher, {"paper": PaperChat()}) for database in databases]
        desks = [await doors.enter_async_context(one) for one in opening]
        workers = Workers(desks, databases[0])
        await workers.send(0, "setup", SETUP)
        await until(lambda: all(desk.hears(SERVER, "support") for desk in desks))
        yield workers


async def test_what_is_set_up_at_one_worker_is_known_to_all(workers: Workers) -> None:
    await workers.send(2, "setup", {**SETUP, "support": "help"})
    await until(lambda: all("help" in desk.heard_in(SERVER) for desk in workers.desks))


async def test_where_one_worker_was_called_all_listen(workers: Workers) -> None:
    await workers.post(1, Person("emma", "Emma", "en"), REQUEST, "elsewhere", is_to_us=True)
    await until(lambda: all(desk.hears(SERVER, "elsewhere") for desk in workers.desks))


async def test_numbers_have_no_gaps_and_places_follow_the_platforms_clock(workers: Workers) -> None:
    people = [Person(f"c{number}", f"C{number}", "en") for number in range(CROWD)]
    await asyncio.gather(*(workers.post(number, person, REQUEST) for number, person in enumerate(people)))
    line = await workers.database.transaction(lambda tx: tx.rows(LINE))
    assert sorted(row["number"] for row in line) == list(range(1, CROWD + 1))
    assert len({row["place_order"] for row in line}) == CROWD


async def test_nobody_is_claimed_twice_or_overtaken(workers: Workers) -> None:
    people = [Person(f"c{number}", f"C{number}", "en") for number in range(CROWD)]
    await asyncio.gather(*(workers.post(number, person, REQUEST) for number, person in enumerate(people)))
    line = await workers.database.transaction(lambda tx: queries.line(tx, SERVER, CROWD))
    agents = [Person(f"a{number}", f"A{number}", "en", AYLIN.roles) for number in range(CROWD)]
    replies = await asyncio.gather(*(workers.command(number, agent, "claim") for number, agent in enumerate(agents)))
    assert all(reply is not None and reply.content is not None and plain(reply.content) for reply in replies)
    told = [
        row["ticket"]
        for row in await workers.database.transaction(lambda tx: tx.rows(HISTORY))
        if row["what"] == "claimed"
    ]
    assert told == [ticket.number for ticket in line]


async def test_what_is_told_to_two_workers_at_once_is_one_ticket(workers: Workers) -> None:
    emma = Person("emma", "Emma", "en")
    facts = workers.facts() | {"person": emma, "message": "m", "text": REQUEST}
    event = MessagePosted(**facts)  # type: ignore[arg-type]
    await asyncio.gather(*(desk.handle(event) for desk in workers.desks * 3))
    assert len(await workers.database.transaction(lambda tx: tx.rows(LINE))) == 1


async def test_what_one_worker_owes_another_delivers_at_once(database_url: str, matcher: Matcher) -> None:
    """Each of them also looks by itself, every five seconds; so long, nobody shall wait."""
    chat = PaperChat()
    async with AsyncExitStack() as doors:
        databases = [await doors.enter_async_context(open_database(database_url)) for _ in range(2)]
        owing = await doors.enter_async_context(open_desk(databases[0], matcher, {"paper": Elsewhere()}))
        delivering = await doors.enter_async_context(open_desk(databases[1], matcher, {"paper": chat}))
        workers = Workers([owing], databases[0])
        await workers.send(0, "setup", SETUP)
        await until(lambda: delivering.hears(SERVER, "support"))
        began = time.monotonic()
        for number in range(5):
            before = len(chat.threads)
            await workers.post(0, Person(f"c{number}", f"C{number}", "en"), REQUEST)
            await until(lambda so_many=before + 1: len(chat.threads) == so_many)  # type: ignore[misc]
        assert time.monotonic() - began < 4


async def test_who_could_not_hear_the_others_for_a_while_knows_all_after_that(
    database_url: str, matcher: Matcher
) -> None:
    async with cut_line(database_url) as (line, far), AsyncExitStack() as doors:
        databases = [await doors.enter_async_context(open_database(url)) for url in (database_url, far)]
        near, cut_off = [
            await doors.enter_async_context(open_desk(database, matcher, {"paper": PaperChat()}))
            for database in databases
        ]
        workers = Workers([near], databases[0])
        await workers.send(0, "setup", SETUP)
        await until(lambda: cut_off.hears(SERVER, "support"))
        line.hush()
        await workers.send(0, "setup", {**SETUP, "support": "help"})
        line.cut()
        line.speak()
        await until(lambda: cut_off.hears(SERVER, "help"))
