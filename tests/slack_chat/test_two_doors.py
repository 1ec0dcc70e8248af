"""Two workers behind a load balancer that asks each in turn: nobody can tell them from one.

Both run in this process, each with a desk, an outbox and a database connection of its own, on one SQLite file, and
without Slack's limits, so that whole plays can be compared quickly; each reads at its start what is set up. Two
processes on one file are refused by design (bot.app.alone_with): several workers, which tell each other what changes,
are for PostgreSQL (test_two_processes.py).
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import pytest

from bot.coverage.matcher import Matcher
from bot.settings import SlackWay
from tests.doubles.slack.answers import Answer
from tests.doubles.slack.errors import ImpossibleError
from tests.doubles.slack.people import Person
from tests.doubles.slack.server import Double, slack_double
from tests.doubles.slack.webhooks import encoded
from tests.doubles.slack.world import Message
from tests.slack_chat.conftest import REQUEST, Shop, serving, settings_for

ACTS = 50
CROWD = 40


@asynccontextmanager
async def behind_doors(file: Path, matcher: Matcher, doors: int) -> AsyncIterator[Shop]:
    """A shop that was set up at the first door before the others were opened.

    Its messages wait for no limit: each card would have to wait a second for the one before.
    """
    async with slack_double() as slack, AsyncExitStack() as workers:
        shop = Shop(slack, slack.add_workspace(), file)
        settings = settings_for(slack, shop.workspace, SlackWay.HTTP)
        bots = [serving(slack, settings, file, matcher, is_limited=False) for _ in range(doors)]
        shop.bot = await workers.enter_async_context(bots[0])
        await shop.set_up()
        others = [await workers.enter_async_context(bot) for bot in bots[1:]]
        ports = [bot.chat.port for bot in (shop.bot, *others)]
        slack.use_http(*(f"http://127.0.0.1:{port}/slack/events" for port in ports))
        yield shop
        await shop.settled()


# --- one after the other -----------------------------------------------------------------------------


@dataclass
class Play:
    """Acts of customers and agents, each when the one before has had all its effects."""

    shop: Shop
    asked: list[tuple[Person, Message]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    """What people read in answer to what they did."""

    async def act(self, what: str, agent: int, which: int) -> None:
        """One act; one that Slack's app would not let people do is none."""
        who = (self.shop.aylin, self.shop.tom)[agent]
        try:
            answer = await getattr(self, what)(who, which % max(len(self.asked), 1))
        except ImpossibleError:
            answer = None
        if isinstance(answer, Answer):
            assert not answer.failed
            self.heard.append(f"{what}: {answer.text}")
        await self.shop.settled()

    async def asks(self, _agent: Person, _which: int) -> None:
        customer = self.shop.workspace.add_person(f"customer {len(self.asked)}")
        self.asked.append((customer, customer.says(self.shop.support, REQUEST)))

    async def adds(self, _agent: Person, which: int) -> None:
        customer, root = self._asked(which)
        customer.says(self.shop.support, "It is version 2.1, by the way", under=root)

    async def edits(self, _agent: Person, which: int) -> None:
        customer, root = self._asked(which)
        customer.edits(root, f"{REQUEST}, always")

    async def withdraws(self, _agent: Person, which: int) -> None:
        customer, root = self._asked(which)
        customer.deletes(root)

    async def asks_for_a_place(self, _agent: Person, which: int) -> Answer:
        return await self._asked(which)[0].uses(self.shop.general, "/place")

    async def claims(self, agent: Person, _which: int) -> Answer:
        return await agent.uses(self.shop.agents, "/claim")

    async def claims_by_sign(self, agent: Person, which: int) -> None:
        agent.reacts(self._asked(which)[1], "eyes")

    async def claims_by_button(self, agent: Person, which: int) -> Answer:
        return await agent.presses(self._card(which), f"claim:{which + 1}")

    async def answers(self, agent: Person, which: int) -> None:
        agent.says(self.shop.support, "Please update to 2.2", under=self._asked(which)[1])

    async def releases(self, agent: Person, which: int) -> Answer:
        return await agent.uses(self.shop.agents, f"/release {which + 1}")

    async def closes(self, agent: Person, which: int) -> Answer:
        return await agent.uses(self.shop.agents, f"/close-ticket {which + 1}")

    def _asked(self, which: int) -> tuple[Person, Message]:
        if which >= len(self.asked) or self.asked[which][1].is_deleted:
            raise ImpossibleError("nobody has asked, or has taken it back")
        return self.asked[which]

    def _card(self, which: int) -> Message:
        if which >= len(self.shop.cards):
            raise ImpossibleError("there is no such card")
        return self.shop.cards[which]


ALL_ACTS = {
    "asks": 5,
    "adds": 3,
    "edits": 1,
    "withdraws": 1,
    "asks_for_a_place": 2,
    "claims": 3,
    "claims_by_sign": 2,
    "claims_by_button": 2,
    "answers": 2,
    "releases": 2,
    "closes": 2,
}
"""How often each is done, in proportion."""


async def played(file: Path, matcher: Matcher, doors: int, seed: int) -> list[object]:
    """Everything that can be seen after a play: what was heard, what is kept, and what stands in the channels."""
    chance = random.Random(seed)  # noqa: S311 (a play needs no secrets)
    acts = chance.choices(list(ALL_ACTS), list(ALL_ACTS.values()), k=ACTS)
    async with behind_doors(file, matcher, doors) as shop:
        play = Play(shop)
        for act in acts:
            await play.act(act, chance.randrange(2), chance.randrange(1_000))
        said = [[message.user.name, message.shown] for message in (*shop.support.messages, *shop.agents.messages)]
        seen: list[object] = json.loads(_without_ids(shop, json.dumps([play.heard, _kept(file), said])))
        return seen


def _kept(file: Path) -> list[object]:
    with closing(sqlite3.connect(file)) as database:
        return [
            database.execute(
                "SELECT number, state, customer, agent, text, last_spoke FROM tickets ORDER BY 1"
            ).fetchall(),
            database.execute("SELECT number FROM tickets WHERE state = 'waiting' ORDER BY place_order").fetchall(),
            database.execute("SELECT ticket, what, actor FROM history ORDER BY id").fetchall(),
        ]


def _without_ids(shop: Shop, words: str) -> str:
    """The same with names instead of ids, and without moments."""
    for user in shop.workspace.users.values():
        words = words.replace(user.id, user.name)
    for channel in shop.workspace.channels.values():
        words = words.replace(channel.id, channel.name)
    return re.sub(r"<!date[^>]*>|\bp?\d{10}\.?\d{6}\b", "…", words)


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_same_acts_have_the_same_effects_through_one_door_and_through_two(
    new_database: Callable[[], Path], matcher: Matcher, seed: int
) -> None:
    one = await played(new_database(), matcher, 1, seed)
    two = await played(new_database(), matcher, 2, seed)
    assert "is now yours" in json.dumps(one), "a play in which something happens"
    assert two == one


# --- at the same time --------------------------------------------------------------------------------


async def test_a_crowd_at_two_doors_is_served_once_each(database_file: Path, matcher: Matcher) -> None:
    """Each message comes in at both doors at once, and both agents claim with both hands as fast as they can."""
    async with behind_doors(database_file, matcher, 2) as shop:
        customers = [shop.workspace.add_person(f"customer {number}") for number in range(CROWD)]
        asked = [customer.says(shop.support, REQUEST) for customer in customers]
        told = shop.slack.deliveries.of("message")[-CROWD:]
        await asyncio.gather(*(_everywhere(shop.slack, encoded(delivery)) for delivery in told))
        await shop.settled()
        for agent in 2 * (shop.aylin, shop.tom):
            await shop.asks(agent, "/mine")  # now both doors know them, however slow this machine is
        hands = [_claim(shop, agent, CROWD // 4) for agent in 2 * (shop.aylin, shop.tom)]
        claims = list(chain.from_iterable(await asyncio.gather(*hands)))
        await shop.settled()
        assert all("is now yours" in claim.text for claim in claims)
        numbers = [re.findall(r"#(\d+)", claim.text)[0] for claim in claims]
        assert sorted(map(int, numbers)) == list(range(1, CROWD + 1)), "each ticket has gone to one agent"
        assert [len(shop.replies(message)) for message in asked] == [1] * CROWD, "each has one receipt"
        cards = [re.findall(r"#(\d+)", card.shown)[0] for card in shop.cards]
        assert sorted(map(int, cards)) == list(range(1, CROWD + 1)), "each ticket has one card"


async def _claim(shop: Shop, agent: Person, times: int) -> list[Answer]:
    """One claim after the other, as fast as they are answered."""
    return [await agent.uses(shop.agents, "/claim") for _ in range(times)]


async def test_a_refusal_is_told_once_though_each_door_hears_the_mention(database_file: Path, matcher: Matcher) -> None:
    """Slack tells a mention as two events; what is refused leaves nothing by which the other door could know."""
    async with behind_doors(database_file, matcher, 2) as shop:
        for _ in range(3):
            await shop.says(shop.emma, "claim", shop.general, mentions_bot=True)
        await shop.slack.until(lambda: len(shop.emma.ephemerals) >= 3)
        await asyncio.sleep(0.2)  # a second one would follow at once
        assert len(shop.emma.ephemerals) == 3


async def _everywhere(slack: Double, told: tuple[str, bytes]) -> None:
    """Tell the same at every door."""
    content_type, body = told
    if slack.webhooks is None:
        raise TypeError
    doors = slack.webhooks.urls
    answers = await asyncio.gather(*(slack.webhooks.knock(body, content_type, url=url) for url in doors))
    assert {answer.status for answer in answers} <= {200, 401}, "401 where it has come in there within this second"
