"""The promise is kept whatever people do and however long they do nothing, over weeks that pass in seconds."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.coverage.matcher import Matcher
from bot.desk.desk import Desk
from bot.model import Later, Notice, Ticket, TicketState
from bot.store import promise_queries, queries
from bot.store.database import Transaction
from bot.store.engines import open_database
from bot.store.outbox import dead_letters
from tests.bench.audit import Replay
from tests.doubles.clockwork import is_behind, recorded, said
from tests.doubles.line_game import AGENTS, Game
from tests.doubles.world import open_world

HOUR = timedelta(hours=1)
THANKS = "thank you very much, that helped"
GIVEN_BACK = {"returned", "released"}
"""What the clock, or the leaving of an agent, does to a ticket that then waits again."""


@dataclass
class Life(Game):
    """A game in which time passes. What time does is taken from the record, and must be what time may do."""

    spoken: Counter[tuple[int, str]] = field(default_factory=Counter)
    """How often something was done to a ticket after which the clock may remind, or nudge, again."""
    once: set[tuple[int, str, int]] = field(default_factory=set)
    """What the clock has done, in which of these times."""
    settled: set[int] = field(default_factory=set)
    """Tickets whose customers were asked last whether all is settled."""
    read: int = 0
    """Entries of the record that were looked at."""

    # --- time, and what goes wrong in it ---

    async def live(self, hours: int) -> None:
        await self._deliver_all()
        await self.world.live(hours * HOUR)
        await self.world.deliver()
        await self._follow()
        await self._check_nobody_is_behind()

    async def keep_at_once(self, hours: int) -> None:
        """Two workers look at the same moment."""
        await self._deliver_all()
        self.world.pass_time(hours * HOUR)
        matcher = self.world.desk.policies.shipped
        async with open_database(self.world.url) as database:
            other = Desk(database, matcher, clock=lambda: self.world.now)
            other.chat_of = self.world.desk.chat_of
            await other.start()
            await asyncio.gather(self.world.desk.keep_promises(), other.keep_promises())
        await self._follow()
        await self._check_nobody_is_behind()

    async def _deliver_all(self) -> None:
        """What is tried for days without success is given up; here, all trouble ends within hours."""
        for _ in range(10):
            await self.world.deliver()
            self.world.pass_time(HOUR / 5)

    async def clock_goes_back(self) -> None:
        """By an hour; the platform's does not."""
        self.world.pass_time(-HOUR)
        self.ahead += HOUR

    async def trouble(self, many: int) -> None:
        """The platform does not do the next things at once."""
        self.world.chat.answers += [Later("throttled")] * many

    # --- people ---

    async def thank(self, which: int) -> None:
        """The customer says thanks in the ticket's thread: a closed ticket stays closed, who was asked closes it."""
        ticket = self._pick(which)
        if ticket is not None and ticket.message is not None:
            base = self._base()
            await self._say(ticket.customer, ticket.message, THANKS, **base)
            if ticket.number in self.settled:
                ticket.close(base["at"])

    async def agent_leaves(self, who: int) -> None:
        """All that the agent holds goes back; then they are an agent again."""
        agent, people = AGENTS[who], self.world.chat.people
        people |= {one.agent: replace(agent, id=one.agent) for one in self.tickets if one.agent}
        del people[agent.id]
        await self.world.desk.look_for_agents()
        people[agent.id] = agent
        await self._follow()
        assert agent.id not in [ticket.agent for ticket in self.tickets if ticket.state == "claimed"]

    # --- what must be true ---

    async def _follow(self) -> None:
        """Take over what time has done."""
        for entry in (await self.history())[self.read :]:
            ticket = self.tickets[entry["ticket"] - 1]
            if entry["what"] in GIVEN_BACK:
                ticket.state, ticket.agent = "waiting", None
            elif entry["what"] == "closed in silence":
                ticket.close(entry["at"])
            elif entry["what"] == "nudged":
                self.settled.add(entry["ticket"])

    async def check(self) -> None:
        await super().check()
        entries = await self.history()
        replay = Replay(self.asked)
        for entry in entries:
            replay.follow(entry)
        assert not any(replay.findings.faults.values()), replay.findings.faults
        for entry in entries[self.read :]:
            self._check_once(entry["ticket"], entry["what"], entry["actor"])
        self.read = len(entries)
        told = await recorded(self.world)
        assert all(many <= told[what] for what, many in said(self.world).items()), "said more often than recorded"

    def _check_once(self, number: int, what: str, actor: str | None) -> None:
        if what in {"reminded", "nudged"}:
            mark = (number, what, self.spoken[number, what])
            assert mark not in self.once, "told twice"
            self.once.add(mark)
        elif actor is not None:
            self._spoke(number, "reminded", "nudged")

    def _spoke(self, number: int, *whats: str) -> None:
        self.spoken.update((number, what) for what in whats)

    async def answer(self, who: int, which: int) -> None:
        await super().answer(who, which)
        if (ticket := self._pick(which)) is not None:
            self._spoke(ticket.number, "reminded", "nudged")
            self.settled.discard(ticket.number)

    async def write_again(self, which: int) -> None:
        await super().write_again(which)
        if (ticket := self._pick(which)) is not None:
            self._spoke(ticket.number, "nudged")
            self.settled.discard(ticket.number)

    async def _check_nobody_is_behind(self) -> None:
        now = self.world.now
        tickets = await self._tickets()
        assert not [ticket.number for ticket in tickets if is_behind(ticket, now)]
        still_open = [ticket for ticket in tickets if ticket.state is not TicketState.CLOSED]
        owed = [ticket for ticket in still_open if ticket.owed_since is not None and ticket.notice is not Notice.BROKEN]
        assert not [ticket.number for ticket in owed if ticket.wake_at is None], "owed a word, and nothing will happen"
        sweep = await self.world.database.transaction(lambda tx: promise_queries.last_sweep(tx, self.world.server))
        assert sweep is None or sweep[1] == 0, "the sweep found somebody"

    async def _tickets(self) -> list[Ticket]:
        async def look(tx: Transaction) -> list[Ticket]:
            found = [await queries.ticket_by_number(tx, self.world.server, one.number) for one in self.tickets]
            return [ticket for ticket in found if ticket is not None]

        return await self.world.database.transaction(look)

    async def check_all_is_said(self) -> None:
        """In the end, everything on record has been said, and each late customer has read it."""
        self.world.chat.answers.clear()
        await self.world.live(self.ahead)  # what a clock that was set back since has promised is due by that clock
        for _ in range(3):
            await self.world.live(HOUR)
            await self.world.deliver()
        assert said(self.world) == await recorded(self.world)
        assert await self.world.database.transaction(dead_letters) == []
        now = self.world.now
        for ticket in await self._tickets():
            if ticket.first_answer_at is None and now > ticket.soft_due and ticket.state is not TicketState.CLOSED:
                assert {"late", "broken"} & {what for number, what in said(self.world) if number == ticket.number}


WHO, WHICH = st.integers(0, 1), st.integers(0, 12)
HOURS = st.sampled_from([1, 5, 9, 13, 25, 60, 100])
WORK = st.one_of(
    st.tuples(st.just("walk_in"), st.sampled_from([0, 0, 600])),
    st.tuples(st.just("walk_in"), st.just(0)),
    st.tuples(st.just("open"), WHO, st.just(0)),
    st.tuples(st.just("claim_next"), WHO),
    st.tuples(st.just("claim_next"), WHO),
    st.tuples(st.just("claim_number"), WHO, WHICH, st.sampled_from(["", "the shop is down"])),
    st.tuples(st.just("release"), WHO, WHICH),
    st.tuples(st.just("close"), st.integers(0, 4), WHICH),
    st.tuples(st.just("answer"), WHO, WHICH),
    st.tuples(st.just("answer"), WHO, WHICH),
    st.tuples(st.just("write_again"), WHICH),
    st.tuples(st.just("thank"), WHICH),
    st.tuples(st.just("agent_leaves"), WHO),
)
TIME = st.one_of(
    st.tuples(st.just("live"), HOURS),
    st.tuples(st.just("live"), HOURS),
    st.tuples(st.just("keep_at_once"), HOURS),
    st.tuples(st.just("clock_goes_back")),
    st.tuples(st.just("trouble"), st.integers(1, 4)),
    st.tuples(st.just("restart")),
)


async def play(url: str, matcher: Matcher, acts: list[tuple[Any, ...]]) -> None:
    async with AsyncExitStack() as stack:
        life = Life(await stack.enter_async_context(open_world(url, matcher)))
        for name, *details in acts:
            if name == "restart":
                await stack.aclose()
                life.world = await stack.enter_async_context(open_world(url, matcher, before=life.world))
            else:
                await getattr(life, name)(*details)
            await life.check()
        await life.check_all_is_said()


WEEK_AFTER_CLOSING = [
    ([("walk_in", 0), ("close", 0, 0)], ("live", 1)),
    ([], ("live", 1)),
    ([], ("live", 60)),
    ([], ("live", 100)),
    ([("write_again", 0)], ("clock_goes_back",)),
    ([], ("live", 1)),
]
"""Who writes more than a week after the end is offered a new ticket; the old one stays closed, and owes nothing."""
SILENT_UNTIL_URGENT = [
    ([("walk_in", 0)], ("live", 1)),
    ([], ("live", 1)),
    ([], ("live", 1)),
    ([], ("keep_at_once", 25)),
]
"""Nobody looked while the ticket became late, and then urgent."""
SET_FAR_BACK = [([("walk_in", 0)], ("keep_at_once", 25)), *[([], ("clock_goes_back",))] * 4]
"""The clock is set back by hours before anything was delivered."""


@settings(max_examples=20)
@example(weeks=WEEK_AFTER_CLOSING)
@example(weeks=SILENT_UNTIL_URGENT)
@example(weeks=SET_FAR_BACK)
@given(weeks=st.lists(st.tuples(st.lists(WORK, max_size=5), TIME), min_size=4, max_size=10))
def test_whatever_happens_the_promise_is_kept(
    new_url: Callable[[], str], matcher: Matcher, weeks: list[tuple[list[tuple[Any, ...]], tuple[Any, ...]]]
) -> None:
    acts = [act for work, time in weeks for act in (*work, time)]
    asyncio.run(play(new_url(), matcher, acts))
