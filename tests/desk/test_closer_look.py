"""The desk's closer look at doubtful messages: nobody else waits for it, and nobody waits long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from bot.coverage.features import Floats
from bot.coverage.matcher import Matcher
from bot.coverage.meaning import Meanings
from bot.coverage.policy import Policy, load_policy
from bot.desk.desk import Desk
from bot.desk.looking import PATIENCE, CloserLook, OneAtATime
from bot.model import Reply
from bot.store import queries
from bot.store.engines import open_database
from tests.coverage.small_policy import write_policy
from tests.doubles.paper_chat import plain
from tests.doubles.synonyms import Synonyms
from tests.doubles.world import EMMA, JONAS, MAREK, SERVER, World, open_world

UNSURE = "please the carousel remains blank"
CLEAR = "the slider stays empty"
LONG = timedelta(minutes=1)


class Slow(Synonyms):
    """Answers when it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.let_go = Event(), Event()
        self.let_go.set()

    def query(self, texts: Sequence[str]) -> Floats:
        self.begun.set()
        assert self.let_go.wait(30)
        return super().query(texts)


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    folder = tmp_path / "policy"
    folder.mkdir()
    return load_policy(write_policy(folder))


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def meanings(slow: Slow) -> Meanings:
    return Meanings(OneAtATime(slow))


@pytest.fixture
def understanding(policy: Policy, slow: Slow, meanings: Meanings) -> Matcher:
    """A matcher that has learnt what its phrases mean."""
    matcher = Matcher(policy)
    matcher.learn_meaning(meanings)
    slow.asked.clear()
    slow.begun.clear()
    return matcher


@asynccontextmanager
async def desk_with(url: str, matcher: Matcher, patience: timedelta = LONG) -> AsyncIterator[World]:
    async with open_world(url, matcher) as world:
        world.desk = Desk(world.database, matcher, clock=lambda: world.now, patience=patience)
        await world.desk.start()
        yield world
        await world.desk.finish()


def title(reply: Reply | None) -> str:
    assert reply is not None
    assert reply.content is not None
    return plain(reply.content)


async def test_a_doubtful_question_gets_the_closer_verdict(
    database_url: str, understanding: Matcher, slow: Slow
) -> None:
    async with desk_with(database_url, understanding) as world:
        assert "Faults in the item" in title(await world.command(EMMA, f"/covered {UNSURE}"))
        assert slow.asked == [UNSURE]


async def test_a_clear_message_is_not_looked_at_closely(database_url: str, understanding: Matcher, slow: Slow) -> None:
    async with desk_with(database_url, understanding) as world:
        await world.command(EMMA, f"/covered {CLEAR}")
        await world.post(MAREK, UNSURE)
        assert slow.asked == []


async def test_nobody_else_waits_for_a_closer_look(database_url: str, understanding: Matcher, slow: Slow) -> None:
    async with desk_with(database_url, understanding) as world:
        slow.let_go.clear()
        doubtful = asyncio.create_task(world.command(EMMA, f"/covered {UNSURE}"))
        assert await asyncio.to_thread(slow.begun.wait, 30)
        assert title(await world.command(JONAS, f"/covered {CLEAR}"))
        assert not doubtful.done()
        slow.let_go.set()
        assert "Faults in the item" in title(await doubtful)


async def test_who_would_wait_too_long_gets_the_first_verdict(
    database_url: str, understanding: Matcher, slow: Slow
) -> None:
    async with desk_with(database_url, understanding, patience=timedelta(seconds=0.05)) as world:
        slow.let_go.clear()
        replies = [await world.command(EMMA, f"/covered {UNSURE}") for _ in range(3)]
        slow.let_go.set()
        assert all("Faults in the item" not in title(reply) for reply in replies)
        assert slow.asked in ([], [UNSURE]), "who gave up stands in the queue no longer"


async def test_a_closer_look_that_fails_leaves_the_first_verdict(understanding: Matcher) -> None:
    look = CloserLook(None, LONG)
    look.close()
    first = understanding.match(UNSURE)
    assert await look.verdict(understanding, UNSURE, first) == first


async def test_a_doubtful_message_in_the_channel_is_settled_before_the_desk_closes(
    database_url: str, understanding: Matcher, slow: Slow
) -> None:
    async with desk_with(database_url, understanding) as world:
        slow.let_go.clear()
        posting = asyncio.create_task(world.post(EMMA, UNSURE, message="m"))
        assert await asyncio.to_thread(slow.begun.wait, 30)
        posting.cancel()  # the chat is gone
        finishing = asyncio.create_task(world.desk.finish())
        await asyncio.sleep(0)
        slow.let_go.set()
        await finishing
        ticket = await world.database.transaction(lambda tx: queries.ticket_by_message(tx, SERVER, "m"))
        answer = await world.database.transaction(lambda tx: queries.answer_to(tx, SERVER, "m"))
        assert [one.category for one in (ticket, answer) if one] == ["defect"]


async def test_a_policy_s_meaning_is_learnt_beside_all_else(policy: Policy, meanings: Meanings, slow: Slow) -> None:
    matcher = Matcher(policy)
    look = CloserLook(meanings, PATIENCE)
    slow.let_go.clear()
    look.learn(matcher)
    assert await asyncio.to_thread(slow.begun.wait, 30)
    assert not matcher.match(UNSURE).is_unsure, "until then, the first look decides"
    slow.let_go.set()
    while not matcher.match(UNSURE).is_unsure:  # noqa: ASYNC110 (there is nothing else to wait for)
        await asyncio.sleep(0.01)
    assert (await look.verdict(matcher, UNSURE, matcher.match(UNSURE))).category == "defect"
    look.close()


async def test_a_policy_that_comes_later_is_learnt_too(database_url: str, policy: Policy, meanings: Meanings) -> None:
    async with open_database(database_url) as database:
        desk = Desk(database, Matcher(policy), meanings=meanings)
        await desk.start()
        await desk.use(Matcher(policy))
        while not desk.policies.shipped.match(UNSURE).is_unsure:  # noqa: ASYNC110 (the same)
            await asyncio.sleep(0.01)
        await desk.finish()


async def test_a_server_s_own_policy_is_learnt_too(
    database_url: str, understanding: Matcher, meanings: Meanings, slow: Slow
) -> None:
    form = {"ruling": "covered", "clause": "K.", "answer": "A.", "phrases": "nichts geht", "look_alikes": ""}
    async with desk_with(database_url, understanding) as world:
        desk = world.desk = Desk(world.database, understanding, meanings=meanings)
        await desk.start()
        draft = await world.send(MAREK, "policy-edit:defect:de:", form)
        assert draft is not None
        assert draft.content is not None
        await world.send(MAREK, next(one.action for one in draft.content.buttons if "apply" in one.action), {"why": ""})
        own = await desk.policies.of(SERVER)
        assert own is not understanding
        while not own.match(UNSURE).is_unsure:  # noqa: ASYNC110 (the same)
            await asyncio.sleep(0.01)
        assert slow.asked == ["nichts geht"]
        await desk.finish()
