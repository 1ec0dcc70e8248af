"""Two real processes behind a load balancer, on one PostgreSQL: a busy time, a kill, a restart and a stop.

The local Slack keeps the limit of each channel and gives every request to the next door in turn.
"""

from __future__ import annotations

import asyncio
import re
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import asyncpg
import pytest

from bot.settings import SlackWay
from tests.doubles.slack.deliveries import Kind
from tests.doubles.slack.people import Person
from tests.doubles.slack.people import Shop as Workspace
from tests.doubles.slack.server import Double, slack_double
from tests.doubles.slack.world import Message
from tests.slack_chat.test_process import CLOSED, COVERED, POSTS, RECEIPT, RETRIES, Holds, SlackProcess

pytestmark = pytest.mark.postgres
CUSTOMERS = 10
TAKEN_OVER = 25.0
"""Seconds after a kill within which all is said: 12 for the takeover, the rest for one message a second."""
SEEN_TO_BE_DEAD = 0.5
"""Seconds after which the load balancer leaves a closed door alone."""
OWED = "SELECT count(*) FROM outbox WHERE state IN ('pending', 'leased')"
NUMBER = re.compile(r"#(\d+)")


@dataclass
class Branch:
    """A workspace whose bot runs twice."""

    slack: Double
    workspace: Workspace
    database: asyncpg.Connection
    processes: list[SlackProcess]
    asked: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.holds = self.slack.api.faults = Holds(self.slack.api)
        self.slack.deliveries.retry_waits = RETRIES
        self.slack.api.rates.is_strict = True
        self.support = self.workspace.add_channel("support")
        self.agents = self.workspace.add_channel("agents", private=True)
        self.aylin, self.tom, self.emma = map(self.workspace.add_person, ("Aylin", "Tom", "Emma"))
        self.marek = self.workspace.add_person("Marek", admin=True)
        tell, self.slack.world.tell = self.slack.world.tell, lambda *_: None  # nobody listens yet
        self.team = self.workspace.add_group("Agents", [self.aylin, self.tom])
        self.slack.world.tell = tell

    def open(self, *which: int) -> None:
        """To these processes Slack's requests go from now on."""
        self.slack.use_http(*(f"http://127.0.0.1:{self.processes[one].port}/slack/events" for one in which))

    def asks(self) -> None:
        customer = self.workspace.add_person(f"customer {len(self.asked)}")
        self.asked.append(customer.says(self.support, COVERED))

    async def set_up(self) -> None:
        form = await self.marek.uses(self.support, "/setup")
        given = {"support": [self.support], "agents": self.agents, "agent_roles": [self.team]}
        answer = await self.marek.fills_in(form, given)
        assert not answer.errors, answer.errors

    async def opens_by_form(self) -> None:
        """The form is drawn by one process and read by the other."""
        self.open(0)
        form = await self.emma.uses(self.support, "/ticket")
        self.open(1)
        answer = await self.emma.fills_in(form, {"text": COVERED})
        assert not answer.errors, answer.errors
        self.open(0, 1)

    async def until_committed(self, tickets: int) -> None:
        async with asyncio.timeout(15):
            while len(await self.line()) < tickets:  # noqa: ASYNC110 (nobody tells of what another process writes)
                await asyncio.sleep(0.05)

    async def until_quiet(self, seconds: float) -> None:
        """Everything is told, and everything is said."""
        await self.slack.delivered(seconds)
        async with asyncio.timeout(seconds):
            while await self.database.fetchval(OWED):  # noqa: ASYNC110 (as above)
                await asyncio.sleep(0.1)

    async def line(self) -> list[int]:
        """The numbers of all tickets, in the order of their places."""
        rows = await self.database.fetch("SELECT number FROM tickets ORDER BY place_order")
        return [row["number"] for row in rows]

    def receipts(self, asked: Message) -> list[Message]:
        return [reply for reply in asked.replies if reply.user is self.workspace.bot]

    def numbers_in(self, messages: list[Message]) -> list[int]:
        """The numbers of the tickets that messages of the bot's in a channel are about."""
        ours = [message.shown for message in messages if message.user is self.workspace.bot]
        return [int(NUMBER.findall(words)[0]) for words in ours]


@pytest.fixture
async def branch(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Branch]:
    async with slack_double() as slack, AsyncExitStack() as doors:
        workspace = slack.add_workspace("Shop")
        folders = map(tmp_path_factory.mktemp, ("one", "other"))
        processes = [SlackProcess(slack, SlackWay.HTTP, workspace, folder, database_url) for folder in folders]
        database = await asyncpg.connect(database_url)
        doors.push_async_callback(database.close)
        branch = Branch(slack, workspace, database, processes)
        try:
            branch.open(0, 1)
            for process in processes:
                await process.start_and_listen()
            yield branch
        finally:
            await asyncio.gather(*(process.kill() for process in processes if process.is_running))


async def test_two_processes_serve_as_one_though_one_is_killed_and_the_other_stopped(branch: Branch) -> None:
    one, other = branch.processes
    branch.open(0)
    await branch.set_up()
    branch.open(0, 1)
    for _ in range(CUSTOMERS):
        branch.asks()
    await branch.until_committed(CUSTOMERS)

    first, *_ = line = await branch.line()
    assert await _claim_by_two(branch) == set(line[:2]), "claims get the next ones in the line"
    assert await _claim_by_two(branch) == set(line[2:4])
    await branch.opens_by_form()
    await _talk_and_close(branch, first)

    for _ in range(2):  # of these posts nobody will read that they have arrived
        branch.holds.hold(POSTS, lambda args: args["channel"] == branch.support.id, is_done=True)
    await branch.slack.until(lambda: not branch.holds.ahead, 10)
    await one.kill()
    killed = time.monotonic()
    branch.asks()
    branch.asks()
    await asyncio.sleep(SEEN_TO_BE_DEAD)  # what knocks at the dead door is told again
    branch.open(1)
    await branch.until_quiet(40)
    assert time.monotonic() - killed < TAKEN_OVER
    looks = branch.slack.calls("conversations.replies")
    assert looks, "what was on its way has been looked for"

    branch.open(0, 1)
    await one.start_and_listen()
    for _ in range(2):
        branch.asks()
    assert await other.end(signal.SIGTERM) == 0
    branch.asks()
    await asyncio.sleep(SEEN_TO_BE_DEAD)
    branch.open(0)
    await branch.until_quiet(20)

    await _see_that_nothing_is_lost_or_doubled(branch)
    assert {line for line in one.trouble + other.trouble if "twice" in line or "lost" in line} == set()


async def _claim_by_two(branch: Branch) -> set[int]:
    """Two agents claim at the same time, at two doors; the numbers of what they got."""
    answers = await asyncio.gather(*(agent.uses(branch.agents, "/claim") for agent in (branch.aylin, branch.tom)))
    assert all("is now yours" in answer.text for answer in answers), [answer.text for answer in answers]
    return {int(NUMBER.findall(answer.text)[0]) for answer in answers}


async def _talk_and_close(branch: Branch, number: int) -> None:
    """Some customers add words; the first in the line gets an answer, and is done."""
    for asked in branch.asked[1:4]:
        assert isinstance(asked.user, Person)
        asked.user.says(branch.support, "It is version 2.1, by the way", under=asked)
    root = await branch.database.fetchval("SELECT message FROM tickets WHERE number = $1", number)
    (asked,) = (message for message in branch.asked if message.ts in root)
    agent = await branch.database.fetchval("SELECT agent FROM tickets WHERE number = $1", number)
    (aylin_or_tom,) = (person for person in (branch.aylin, branch.tom) if person.id == agent)
    aylin_or_tom.says(branch.support, "Please update to 2.2", under=asked)
    answer = await aylin_or_tom.uses(branch.agents, f"/close-ticket {number}")
    assert not answer.failed


async def _see_that_nothing_is_lost_or_doubled(branch: Branch) -> None:
    numbers = [*range(1, CUSTOMERS + 1 + 2 + 3 + 1)]
    assert sorted(await branch.line()) == numbers, "numbers have no gaps"
    receipts = [[reply.shown for reply in branch.receipts(asked)] for asked in branch.asked]
    assert [len(shown) for shown in receipts] == [1] * len(branch.asked), "each has one receipt"
    assert [CLOSED in shown for (shown,) in receipts].count(True) == 1
    assert all(RECEIPT in shown or CLOSED in shown for (shown,) in receipts)
    assert len(branch.numbers_in(branch.support.roots)) == 1, "the form has one, too"
    assert sorted(branch.numbers_in(branch.agents.roots)) == numbers, "each has one card"
    assert await branch.database.fetchval("SELECT count(*) FROM outbox WHERE state = 'dead'") == 0
    told = branch.slack.deliveries.all
    unheard = [each.name for each in told if each.kind is Kind.EVENT and not each.is_acknowledged]
    assert unheard == []
    asked = [attempt.status for delivery in told if delivery.kind is not Kind.EVENT for attempt in delivery.attempts]
    assert set(asked) == {200}, "what Slack tells only once was never refused"
    assert branch.slack.api.rates.refused == 0, "both together have kept Slack's limits"
