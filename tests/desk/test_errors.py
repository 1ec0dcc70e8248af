"""When something of ours is broken: the person reads one sentence with a reference, and the log has the rest."""

from __future__ import annotations

import io
import logging
import re

import pytest
from sqlalchemy import text as sql_text
from structlog.testing import capture_logs

from bot import log
from bot.model import Reply
from bot.settings import LogFormat, LogLevel
from bot.store.engines import open_database
from tests.doubles.paper_chat import plain
from tests.doubles.world import AYLIN, EMMA, JONAS, World

SECRET = "my gallery crashes and my door code is 4711"
REQUEST = f"the gallery crashes as soon as I open it since yesterday, {SECRET}"


async def execute(world: World, sql: str) -> None:
    """What somebody else does to the database."""
    async with open_database(world.url) as other:
        await other.transaction(lambda tx: tx.rows(sql_text(sql)))


async def break_history(world: World) -> None:
    await execute(world, "ALTER TABLE history RENAME TO gone")


async def mend_history(world: World) -> None:
    await execute(world, "ALTER TABLE gone RENAME TO history")


def reference_in(words: str) -> str:
    found = re.search(r"\b[0-9a-f]{6}\b", words)
    assert found is not None, words
    return found[0]


def told(reply: Reply | None) -> str:
    assert reply is not None
    assert reply.content is not None
    return plain(reply.content)


async def test_a_command_that_breaks_is_answered_with_a_reference_that_is_in_the_log(world: World) -> None:
    await break_history(world)
    with capture_logs() as logged:
        words = told(await world.command(EMMA, f"/ticket {SECRET}"))
    (entry,) = logged
    assert entry["reference"] == reference_in(words)
    assert entry["log_level"] == "error"
    assert entry["server"] == world.server


async def test_the_reply_shows_no_inner_workings(world: World) -> None:
    await break_history(world)
    with capture_logs():
        words = told(await world.command(EMMA, f"/ticket {SECRET}"))
    for inner in ("Traceback", "sqlite", "history", ".py", "Error"):
        assert inner not in words


async def test_nothing_was_done_and_the_next_event_works(world: World) -> None:
    await break_history(world)
    with capture_logs():
        await world.command(EMMA, f"/ticket {SECRET}")
    await mend_history(world)
    assert "#1" in told(await world.command(JONAS, "/ticket help me too"))
    assert "Jonas" in told(await world.command(AYLIN, "/claim"))


async def test_a_message_that_breaks_is_answered_where_it_was_written(world: World) -> None:
    await break_history(world)
    with capture_logs() as logged:
        await world.post(EMMA, REQUEST)
    await mend_history(world)
    await world.deliver()
    (said,) = [message for message in world.chat.messages if message.channel == "support"]
    assert reference_in(plain(said.content)) == logged[0]["reference"]


async def test_a_message_that_broke_is_handled_when_it_is_told_again(world: World) -> None:
    await break_history(world)
    with capture_logs():
        await world.post(EMMA, REQUEST, message="m1")
    await mend_history(world)
    await world.post(EMMA, REQUEST, message="m1")
    assert "#1" in told(await world.command(EMMA, "/place"))


async def test_even_the_apology_may_fail(world: World) -> None:
    await break_history(world)
    await execute(world, "ALTER TABLE outbox RENAME TO outbox_gone")
    with capture_logs() as logged:
        await world.post(EMMA, REQUEST)
    assert [entry["event"] for entry in logged] == ["event failed", "could not even apologise"]


@pytest.fixture(params=[LogFormat.CONSOLE, LogFormat.JSON])
def written(request: pytest.FixtureRequest) -> io.StringIO:
    """The log as it is really written, in either form."""
    log.set_up(LogLevel.DEBUG, request.param)
    (handler,) = [one for one in logging.root.handlers if type(one) is logging.StreamHandler]
    stream = io.StringIO()
    handler.setStream(stream)
    return stream


async def test_the_log_has_the_reference_and_the_cause_and_nothing_that_people_wrote(
    written: io.StringIO, world: World
) -> None:
    await break_history(world)
    reference = reference_in(told(await world.command(EMMA, f"/ticket {SECRET}")))
    await world.post(EMMA, REQUEST)
    assert reference in written.getvalue()
    assert re.search("no such table|does not exist", written.getvalue())
    assert "Traceback" in written.getvalue()
    assert "4711" not in written.getvalue()
