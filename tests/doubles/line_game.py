"""A game against the real desk: acts of customers and agents, and beside them a model of what must be true."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import bindparam, select

from bot.model import CommandUsed, MessageDeleted, MessagePosted, Person, ServerSettings
from bot.store import queries
from bot.store.database import Transaction
from bot.store.tables import history, tickets
from tests.doubles.world import AYLIN, EMMA, JONAS, MAREK, TOM, World

CUSTOMERS = (EMMA, JONAS)
AGENTS = (AYLIN, TOM)
REQUEST = "the gallery crashes as soon as I open it since yesterday"
AGAIN = "sorry, the gallery crashes again as soon as I open it"
LIMITS = ServerSettings()
RECENT = timedelta(hours=1)
SAME_TICKET = timedelta(days=LIMITS.reopen_days)
"""So long after its end new words open a ticket again."""

ALL = select(tickets).where(tickets.c.server == bindparam("server")).order_by(tickets.c.number)
HISTORY = select(history).where(history.c.server == bindparam("server")).order_by(history.c.id)
LEADS_TO = {
    "opened": "waiting",
    "released": "waiting",
    "reopened": "waiting",
    "claimed": "claimed",
    "returned": "waiting",
    "closed": "closed",
    "closed in silence": "closed",
    "withdrawn": "closed",
}
"""What happened -> the state that it leaves; all else leaves the state as it is."""


@dataclass
class Expected:
    """A ticket, as it must be."""

    number: int
    order: int
    customer: Person
    message: str | None
    at: Any
    state: str = "waiting"
    agent: str | None = None
    closed_at: datetime | None = None

    @property
    def place(self) -> tuple[int, int]:
        return self.order, self.number

    def close(self, at: datetime) -> None:
        """What is closed stays closed since then."""
        if self.state != "closed":
            self.state, self.closed_at = "closed", at


@dataclass
class Game:
    """The real desk, and beside it what must be true of it."""

    world: World
    tickets: list[Expected] = field(default_factory=list)
    reopened: list[tuple[Person, Any]] = field(default_factory=list)
    asked: dict[int, dict[datetime, int]] = field(default_factory=dict)
    """When each ticket was asked, and the place in the line that was due for it."""
    past: list[dict[str, Any]] = field(default_factory=list)
    """The history, as it was at the last look."""
    ahead: timedelta = timedelta(0)
    """How far the platform's clock is ahead of ours."""
    _ids: Any = field(default_factory=lambda: count(1))

    # --- acts ---

    def _base(self, late_by: int = 0) -> dict[str, Any]:
        """`late_by`: so many seconds ago the platform has received it, though we hear of it only now."""
        self.world.now += timedelta(seconds=1)
        at = self.world.now + self.ahead - timedelta(seconds=late_by)
        order = int(at.timestamp()) * 1000
        server = self.world.server
        return {"key": f"k{next(self._ids)}", "server": server, "channel": "support", "order": order, "at": at}

    async def _command(self, person: Person, name: str, words: str = "", **base: Any) -> None:
        await self.world.desk.handle(CommandUsed(**(base or self._base()), person=person, name=name, words=words))

    async def open(self, who: int, late_by: int) -> None:
        customer, base = CUSTOMERS[who], self._base(late_by)
        await self._command(customer, "ticket", f"please help, for the {next(self._ids)}th time", **base)
        if self._has_room(customer, base):
            self._opened(customer, base, None)

    def _has_room(self, customer: Person, base: dict[str, Any]) -> bool:
        mine = [ticket for ticket in self.tickets if ticket.customer is customer]
        still_open = [ticket for ticket in mine if ticket.state != "closed"]
        starts = [ticket.at for ticket in mine] + [at for person, at in self.reopened if person is customer]
        recent = [at for at in starts if at > base["at"] - RECENT]
        return len(still_open) < LIMITS.open_limit and len(recent) < LIMITS.hourly_limit

    async def walk_in(self, late_by: int) -> None:
        """Somebody new writes a message."""
        base = self._base(late_by)
        message = f"m{next(self._ids)}"
        person = Person(f"walk-in {message}", "Somebody", "en")
        await self.world.desk.handle(MessagePosted(**base, person=person, message=message, text=REQUEST))
        self._opened(person, base, message)

    def _opened(self, customer: Person, base: dict[str, Any], message: str | None) -> None:
        self.tickets.append(Expected(len(self.tickets) + 1, base["order"], customer, message, base["at"]))
        self.asked[len(self.tickets)] = {base["at"]: base["order"]}

    async def claim_next(self, who: int) -> None:
        await self._command(AGENTS[who], "claim")
        if self.line:
            self._claimed(self.line[0], AGENTS[who])

    async def claim_number(self, who: int, which: int, reason: str) -> None:
        ticket = self._pick(which)
        if ticket is None:
            return
        await self._command(AGENTS[who], "claim", f"{ticket.number} {reason}")
        if ticket.state == "waiting" and (reason or ticket is self.line[0]):
            self._claimed(ticket, AGENTS[who])

    async def claim_at_once(self, many: int) -> None:
        """Many agents call at the same moment: each ticket of the head goes to one of them."""
        agents = [Person(f"agent {number}", "Agent", "en", frozenset({"agent"})) for number in range(many)]
        await asyncio.gather(*(self._command(agent, "claim") for agent in agents))
        head = self.line[:many]
        rows = {row["number"]: row for row in await self._rows(ALL)}
        winners = [rows[ticket.number]["agent"] for ticket in head]
        assert len(set(winners)) == len(head), "one ticket, two winners"
        assert set(winners) <= {agent.id for agent in agents}
        for ticket, winner in zip(head, winners, strict=True):
            ticket.state, ticket.agent = "claimed", winner

    async def claim_one_at_once(self, which: int, many: int) -> None:
        """Many agents want the same ticket: one gets it."""
        ticket = self._pick(which)
        if ticket is None:
            return
        agents = [Person(f"agent {number}", "Agent", "en", frozenset({"agent"})) for number in range(many)]
        await asyncio.gather(*(self._command(agent, "claim", f"{ticket.number} urgent") for agent in agents))
        if ticket.state == "waiting":
            row = (await self._rows(ALL))[ticket.number - 1]
            ticket.state, ticket.agent = "claimed", row["agent"]
            assert ticket.agent in {agent.id for agent in agents}

    async def _say(self, person: Person, thread: str, words: str, **base: Any) -> None:
        base = base or self._base()
        message = f"m{next(self._ids)}"
        await self.world.desk.handle(MessagePosted(**base, thread=thread, person=person, message=message, text=words))

    def _claimed(self, ticket: Expected, agent: Person) -> None:
        ticket.state, ticket.agent = "claimed", agent.id

    async def release(self, who: int, which: int) -> None:
        ticket = self._pick(which)
        if ticket is None:
            return
        await self._command(AGENTS[who], "release", str(ticket.number))
        if ticket.state == "claimed" and ticket.agent == AGENTS[who].id:
            ticket.state, ticket.agent = "waiting", None

    async def close(self, who: int, which: int) -> None:
        ticket = self._pick(which)
        if ticket is None:
            return
        person, base = (*AGENTS, MAREK, *CUSTOMERS)[who], self._base()
        await self._command(person, "close", str(ticket.number), **base)
        is_other_agents = person in AGENTS and ticket.state == "claimed" and ticket.agent != person.id
        if ticket.customer is person or (person not in CUSTOMERS and not is_other_agents):
            ticket.close(base["at"])

    async def delete(self, which: int) -> None:
        ticket = self._pick(which)
        if ticket is None or ticket.message is None:
            return
        base = self._base()
        await self.world.desk.handle(MessageDeleted(**base, message=ticket.message))
        if ticket.state == "waiting":
            ticket.close(base["at"])

    async def write_again(self, which: int) -> None:
        """The customer writes in the ticket's thread; a ticket that was closed not long ago joins the line anew."""
        ticket = self._pick(which)
        if ticket is None or ticket.message is None:
            return
        base = self._base()
        await self._say(ticket.customer, ticket.message, AGAIN, **base)
        is_same = ticket.closed_at is not None and base["at"] - ticket.closed_at <= SAME_TICKET
        if ticket.state == "closed" and is_same and self._has_room(ticket.customer, base):
            ticket.state, ticket.agent, ticket.order = "waiting", None, base["order"]
            self.reopened.append((ticket.customer, base["at"]))
            self.asked[ticket.number][base["at"]] = base["order"]

    async def answer(self, who: int, which: int) -> None:
        """An agent answers in the thread, and so claims a waiting ticket."""
        ticket = self._pick(which)
        if ticket is None or ticket.message is None:
            return
        await self._say(AGENTS[who], ticket.message, "Have you tried 2.1?")
        if ticket.state == "waiting":
            self._claimed(ticket, AGENTS[who])

    # --- what must be true ---

    @property
    def line(self) -> list[Expected]:
        return sorted((ticket for ticket in self.tickets if ticket.state == "waiting"), key=lambda one: one.place)

    def _pick(self, which: int) -> Expected | None:
        return self.tickets[which % len(self.tickets)] if self.tickets else None

    async def _rows(self, query: Any) -> list[dict[str, Any]]:
        return await self.world.database.transaction(lambda tx: tx.rows(query, server=self.world.server))

    async def check(self) -> None:
        rows = await self._rows(ALL)
        assert [row["number"] for row in rows] == list(range(1, len(self.tickets) + 1)), "a gap or a double"
        is_so = [(row["state"], row["agent"] if row["state"] == "claimed" else None) for row in rows]
        assert is_so == [(one.state, one.agent if one.state == "claimed" else None) for one in self.tickets]
        await self._check_line()
        await self._check_history(rows)

    async def _check_line(self) -> None:
        async def look(tx: Transaction) -> list[tuple[int, int]]:
            line = await queries.line(tx, self.world.server, 1000)
            return [(ticket.number, await queries.place_of(tx, ticket)) for ticket in line]

        told = await self.world.database.transaction(look)
        assert told == [(ticket.number, place) for place, ticket in enumerate(self.line, start=1)]

    async def history(self) -> list[dict[str, Any]]:
        """Everything on record."""
        return await self._rows(HISTORY)

    async def _check_history(self, rows: list[dict[str, Any]]) -> None:
        now = await self.history()
        assert now[: len(self.past)] == self.past, "history was changed"
        states: dict[int, str] = {}
        for entry in now:
            states[entry["ticket"]] = LEADS_TO.get(entry["what"], states.get(entry["ticket"], "nothing"))
        assert states == {row["number"]: row["state"] for row in rows}, "history and state disagree"
        for entry in now:
            if entry["what"] == "claimed":
                detail = json.loads(entry["detail"])
                assert not detail["ahead"] or detail["reason"], "overtaken without a reason on record"
        self.past = now
