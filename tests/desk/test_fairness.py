"""`/fairness` as a file and as a picture: complete, harmless, and naming nobody where everybody reads it."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from bot.desk.fairness import MOST
from bot.model import File, Language, Person, Reply
from bot.rules.fairness import claim_detail
from bot.store import queries
from bot.store.database import Transaction
from tests.doubles.paper_chat import plain
from tests.doubles.world import AYLIN, EMMA, JONAS, START, TOM, World

TRICKSTER = Person("trick", '=HYPERLINK("http://example.org")', "en", frozenset({"agent"}))
PNG = b"\x89PNG\r\n\x1a\n"
SIZE = b"\x00\x00\x04\xb0\x00\x00\x02\x58"
"""1,200 and 600, as a PNG says how large it is."""


async def with_some_tickets(world: World) -> None:
    """Two tickets; the later one is taken first, by an agent with a name and a reason that are formulas."""
    await world.post(EMMA, "the gallery crashes as soon as I open it since yesterday", message="m1")
    await world.post(JONAS, "das Kontaktformular sendet seit gestern keine Mails mehr", message="m2")
    await world.command(TRICKSTER, '/claim 2 @SUM(1+1)*cmd|"/C calc"!A0, "urgent"')
    await world.post(TRICKSTER, "on it", thread="m2")
    world.pass_time(timedelta(hours=50))
    await world.command(TOM, "/claim")
    await world.post(TOM, "sorry", thread="m1")


async def file_of(world: World, line: str, person: Person = TOM) -> tuple[Reply, File]:
    reply = await world.command(person, line, channel="agents")
    assert reply is not None
    assert reply.file is not None
    return reply, reply.file


async def rows(world: World, line: str = "/fairness csv") -> list[dict[str, str]]:
    reply, file = await file_of(world, line)
    assert not reply.is_public
    assert file.name.endswith(".csv")
    return list(csv.DictReader(io.StringIO(file.data.decode("utf-8-sig"), newline="")))


async def test_the_csv_has_a_row_for_each_claim_and_each_first_answer(world: World) -> None:
    await with_some_tickets(world)
    told = await rows(world)
    assert [(row["kind"], row["ticket"]) for row in told] == [
        ("claim", "2"),
        ("answer", "2"),
        ("claim", "1"),
        ("answer", "1"),
    ]
    late = told[-1]
    assert (late["agent"], late["agent_id"], late["promise"]) == ("Tom", "tom", "broken")
    assert int(late["waited_seconds"]) == pytest.approx(50 * 3600, abs=60)
    assert late["at_utc"] == (START + timedelta(hours=50, seconds=7)).isoformat()
    assert [row["tickets_ahead"] for row in told] == ["1", "", "0", ""]
    assert told[0]["first_of_them"] == "1"


async def test_the_csv_has_a_row_for_each_request_that_ended_without_an_answer(world: World) -> None:
    await world.post(EMMA, "the gallery crashes as soon as I open it since yesterday", message="m1")
    world.pass_time(timedelta(hours=50))
    await world.command(TOM, "/close 1")
    await world.post(EMMA, "it still crashes", thread="m1")
    world.pass_time(timedelta(hours=1))
    await world.command(EMMA, "/close 1")
    first, again = await rows(world)
    assert (first["kind"], first["ticket"], first["promise"], first["agent"]) == ("unanswered", "1", "broken", "")
    assert int(first["waited_seconds"]) == pytest.approx(50 * 3600, abs=60)
    assert (again["kind"], again["ticket"], again["promise"]) == ("unanswered", "1", "")
    assert int(again["waited_seconds"]) == pytest.approx(3600, abs=60)


async def test_a_ticket_that_was_given_back_is_a_request_of_its_own(world: World) -> None:
    await world.post(EMMA, "the gallery crashes as soon as I open it since yesterday", message="m1")
    await world.post(TOM, "have you tried the latest version?", thread="m1")
    await world.post(EMMA, "yes, it still crashes", thread="m1")
    await world.command(TOM, "/release 1")
    world.pass_time(timedelta(hours=50))
    await world.command(AYLIN, "/close 1")
    told = await rows(world)
    promises = [(row["kind"], row["promise"]) for row in told]
    assert promises == [("claim", ""), ("answer", "soft"), ("unanswered", "broken")]
    assert int(told[-1]["waited_seconds"]) == pytest.approx(50 * 3600, abs=60)


async def test_the_picture_shows_who_ended_the_wait_in_vain(world: World) -> None:
    await world.post(EMMA, "the gallery crashes as soon as I open it since yesterday")
    world.pass_time(timedelta(hours=50))
    before = await file_of(world, "/fairness picture")
    await world.command(EMMA, "/close 1")
    after = await file_of(world, "/fairness picture")
    assert before[1].data != after[1].data
    assert after[0].content is not None
    assert "0 of one promise" in plain(after[0].content)


async def test_a_ticket_that_was_answered_is_no_request_without_an_answer_when_it_ends(world: World) -> None:
    await with_some_tickets(world)
    await world.command(TOM, "/close 1")
    assert "unanswered" not in {row["kind"] for row in await rows(world)}


async def test_no_cell_of_the_csv_is_a_formula(world: World) -> None:
    await with_some_tickets(world)
    told = await rows(world)
    assert told[0]["reason"] == '\'@SUM(1+1)*cmd|"/C calc"!A0, "urgent"'
    assert told[0]["agent"] == '\'=HYPERLINK("http://example.org")'
    assert not [cell for row in told for cell in row.values() if cell.startswith(tuple("=+-@\t\r"))]


async def test_lines_of_the_csv_end_as_its_standard_says(world: World) -> None:
    await with_some_tickets(world)
    _, file = await file_of(world, "/fairness csv")
    assert file.data.count(b"\r\n") == file.data.count(b"\n") == 5


@pytest.mark.parametrize("person", [TOM, AYLIN], ids=["English", "German"])
async def test_the_picture_is_posted_and_told_in_words_too(world: World, person: Person) -> None:
    await with_some_tickets(world)
    reply, file = await file_of(world, "/fairness picture", person)
    assert reply.is_public
    assert file.name == "fairness.png"
    assert file.data.startswith(PNG)
    assert file.data[16:24] == SIZE
    assert len(file.data) < 500_000
    assert {"de": "Zwei Diagramme", "en": "Two charts"}[str(person.locale)] in file.about
    assert reply.content is not None
    assert reply.content.language == Language(str(person.locale))
    words = plain(reply.content)
    assert "1 von 2" in words or "1 of 2" in words


async def test_what_everybody_reads_names_nobody(world: World) -> None:
    await with_some_tickets(world)
    reply, file = await file_of(world, "/fairness all picture")
    assert reply.content is not None
    words = plain(reply.content) + file.about
    for name in ("Emma", "emma", "Jonas", "jonas", "Tom", "@tom", "HYPERLINK", "trick", "urgent"):
        assert name not in words


async def test_a_picture_of_nothing_but_waiting_can_be_drawn(world: World) -> None:
    await world.post(EMMA, "the gallery crashes as soon as I open it since yesterday")
    world.pass_time(timedelta(days=900))
    _, file = await file_of(world, "/fairness picture")
    assert file.data.startswith(PNG)


async def test_the_report_names_the_head_of_the_record(world: World) -> None:
    await with_some_tickets(world)
    head = await world.database.transaction(lambda tx: queries.record_head(tx, world.server))
    assert head is not None
    for line in ("/fairness", "/fairness csv", "/fairness picture"):
        reply = await world.command(TOM, line, channel="agents")
        assert reply is not None
        assert reply.content is not None
        assert head[:12] in plain(reply.content)


@pytest.mark.parametrize("line", ["/fairness", "/fairness csv", "/fairness picture"])
async def test_customers_are_refused(world: World, line: str) -> None:
    await with_some_tickets(world)
    reply = await world.command(EMMA, line)
    assert reply is not None
    assert reply.is_refusal
    assert reply.file is None


async def test_a_very_busy_period_is_cut_and_says_so(world: World) -> None:
    await with_some_tickets(world)
    await world.database.transaction(lambda tx: claim_again(tx, world, MOST))
    told = [row for row in await rows(world) if row["kind"] == "claim"]
    assert len(told) == MOST
    assert {row["ticket"] for row in told} == {"1"}, "the oldest are left out"
    reply = await world.command(TOM, "/fairness", channel="agents")
    assert reply is not None
    assert reply.content is not None
    assert f"Only the latest {MOST} entries" in plain(reply.content)


async def claim_again(tx: Transaction, world: World, times: int) -> None:
    ticket = await queries.ticket_by_number(tx, world.server, 1)
    assert ticket is not None
    for _ in range(times):
        await queries.record(tx, ticket, world.now, TOM.id, "claimed", claim_detail(0, (), ""))
