"""What is remembered of a server: its settings through leaving and coming back, and how far it was heard."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from bot.model import Language, Mode, ServerSettings, TicketState
from bot.store import queries
from bot.store.database import Database
from tests.bench.filling import a_ticket
from tests.doubles.post_office import SERVER, START

OURS = ServerSettings(Language.EN, formal=False, support={"help": Mode.ASK}, reopen_days=1)
DEFAULTS = ServerSettings()
LATER = START + timedelta(days=30)


async def join(database: Database, settings: ServerSettings = OURS, server: str = SERVER) -> bool:
    return await database.transaction(lambda tx: queries.add_server(tx, server, settings, START))


async def leave(database: Database) -> None:
    await database.transaction(lambda tx: queries.leave_server(tx, SERVER, LATER))


async def hear(database: Database, order: int, server: str = SERVER) -> int | None:
    """Note that the server was heard so far; how far it was heard."""
    await database.transaction(lambda tx: queries.note_heard(tx, server, order))
    return await database.transaction(lambda tx: queries.heard_until(tx, server))


async def test_a_server_is_new_once(database: Database) -> None:
    assert await join(database)
    assert not await join(database, DEFAULTS)
    assert await database.transaction(lambda tx: queries.settings_of(tx, SERVER)) == OURS


async def test_a_left_server_is_not_there(database: Database) -> None:
    await join(database)
    await join(database, server="moody:other")
    await leave(database)
    assert await database.transaction(lambda tx: queries.settings_of(tx, SERVER)) is None
    assert await database.transaction(queries.all_settings) == {"moody:other": OURS}


async def test_a_server_that_is_back_has_its_settings_and_goes_on_counting(database: Database) -> None:
    await join(database)
    assert await database.transaction(lambda tx: queries.next_number(tx, SERVER)) == 1
    await leave(database)
    assert await join(database, DEFAULTS)
    assert not await join(database, DEFAULTS)
    assert await database.transaction(lambda tx: queries.settings_of(tx, SERVER)) == OURS
    assert await database.transaction(lambda tx: queries.next_number(tx, SERVER)) == 2


async def test_nothing_is_noted_of_a_server_that_we_do_not_know(database: Database) -> None:
    assert await hear(database, 5) is None
    assert await database.transaction(queries.all_settings) == {}


async def test_marks_are_each_servers_own(database: Database) -> None:
    await join(database)
    await join(database, server="moody:other")
    assert await database.transaction(lambda tx: queries.heard_until(tx, SERVER)) is None
    assert await hear(database, 5) == 5
    assert await hear(database, 3, "moody:other") == 3
    assert await hear(database, 4) == 5


async def test_what_is_said_while_we_are_not_there_is_not_caught_up_with(database: Database) -> None:
    await join(database)
    await hear(database, 5)
    await leave(database)
    assert await hear(database, 6) is None  # noted by who did not know yet
    await join(database)
    assert await database.transaction(lambda tx: queries.heard_until(tx, SERVER)) is None
    assert await hear(database, 2) == 2


async def test_marks_never_go_back(database: Database) -> None:
    await join(database)
    newest = 1 << 62  # a snowflake of a far future
    for order, known in ((9, 9), (7, 9), (9, 9), (newest, newest), (0, newest), (newest + 1, newest + 1)):
        assert await hear(database, order) == known


async def test_the_channels_whose_tickets_can_still_be_written_in_are_known(database: Database) -> None:
    other = "moody:other"
    for server in (SERVER, other, "moody:empty"):
        await join(database, server=server)
    ended = {"state": TicketState.CLOSED, "closed_at": START}
    channels: list[tuple[str, str, dict[str, Any]]] = [
        (SERVER, "help", {}),
        (SERVER, "help", {}),
        (SERVER, "ended", ended),
        (SERVER, "forgotten", {**ended, "text": ""}),
        (SERVER, "forgotten but for more words", {**ended, "text": "", "added": "more"}),
        (other, "a channel before all", {**ended, "text": ""}),
        (other, "help", {}),
    ]
    for number, (server, channel, others) in enumerate(channels, start=1):
        ticket = replace(a_ticket(server, number), channel=channel, **others)
        await database.transaction(partial(queries.add_ticket, ticket=ticket), server)
    ours = {(SERVER, "help"), (SERVER, "ended"), (SERVER, "forgotten but for more words")}
    assert await database.transaction(queries.channels_with_tickets) == {*ours, (other, "help")}
