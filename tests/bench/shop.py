"""A shop's year: who asks when, what the agents do about it, and what is forgotten, jumped ahead of or left unsaid."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import count
from math import ceil, floor
from zoneinfo import ZoneInfo

from bot.model import (
    ButtonPressed,
    Event,
    FormSent,
    MessagePosted,
    Person,
    Reply,
    SupportHours,
    Text,
    ThreadLink,
    Ticket,
)

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEEKS = 52
_HOURS = WEEKS * 7 * 24
CHANNEL = "support"

_ZONE = ZoneInfo("Europe/Berlin")
_REQUESTS = (
    "the gallery crashes as soon as I open it since yesterday",
    "since the last update the gallery crashes as soon as I open the settings",
    "die Galerie stürzt seit gestern ab, sobald ich sie öffne",
    "seit dem letzten Update stürzt das Plugin ab, sobald ich die Einstellungen öffne",
)
_ANSWER = "Please install version 2.1.1, it is mended there."
_THANKS = "thank you very much, that helped"
_AGAIN = "sorry, the gallery crashes again as soon as I open it"
_BUSY_DAYS = range(320, 348)
"""Days of the year on which many more people ask than usual."""
_QUIET_DAYS = range(205, 235)
_SPARE = 1.2
"""So much more than is asked for in a usual week the agents can answer."""
LOOKED_AT = 40
"""So far down the line the agents look."""


class Act(Enum):
    """What comes next with a claimed ticket."""

    ANSWER = "the agent answers"
    CLOSE = "the agent closes it"
    THANK = "the customer says thanks"
    ASK_AGAIN = "the customer writes again, also in a closed ticket"


_FATES = (
    (46, (Act.ANSWER, Act.CLOSE)),
    (20, (Act.ANSWER, Act.THANK, Act.CLOSE)),
    (18, (Act.ANSWER,)),  # the customer is silent: the clock asks, and closes
    (11, (Act.ANSWER, Act.ASK_AGAIN, Act.ANSWER, Act.CLOSE)),
    (2, (Act.ANSWER, Act.CLOSE, Act.ASK_AGAIN)),
    (3, ()),  # the agent forgets it: the clock gives it back
)
"""How often in a hundred claims goes what way."""
_BY_ANSWERING = 0.5
"""Share of claims for which agents need no button: they answer who is next in the line."""
_LATER_ON = 0.01
"""Share of claims that take a later ticket, with a reason or by answering it."""


@dataclass(frozen=True, slots=True)
class Shop:
    """A server and its size."""

    server: str
    tickets: int
    hours: SupportHours | None = None
    """When agents are there, as far as the bot knows."""

    @property
    def setup(self) -> dict[str, dict[str, str]]:
        """The forms that set it up, with what is filled in."""
        forms = {"setup": {"support": CHANNEL, "agents": "agents", "agent_roles": "agent"}}
        if self.hours is not None:
            hours = {"there": "both", "zone": self.hours.zone, "week": self.hours.week}
            forms["setup-hours"] = {**hours, "holidays": self.hours.country or "", "absences": ""}
        return forms


@dataclass(slots=True)
class _Held:
    """A ticket in an agent's hands."""

    number: int
    thread: str
    customer: Person
    agent: Person
    acts: list[Act]


@dataclass
class People:
    """All that the people of a shop do. What they do depends on what they were told, and on nothing else."""

    shop: Shop
    random: random.Random
    orders: dict[str, dict[datetime, int]] = field(default_factory=dict)
    """By the message of a request: when its customer wrote, and the place in the line that was due for it."""
    _held: list[_Held] = field(default_factory=list)
    _asking: Iterator[datetime] = field(init=False)
    _next: datetime | None = field(init=False)
    _customers: dict[str, Person] = field(default_factory=dict)
    _agents: list[Person] = field(init=False)
    _ids: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self._asking = iter(_moments(self.shop.tickets, self.random))
        self._next = next(self._asking, None)
        staff = range(max(1, ceil(self._an_hour / 4)))
        self._agents = [Person(f"agent {number}", f"Agent {number}", "en", frozenset({"agent"})) for number in staff]

    @property
    def _an_hour(self) -> int:
        """Tickets that all agents together take in an hour."""
        hours_a_year = 52 * 5 * 7 + 52 * 4 / 2
        return ceil(self.shop.tickets * _SPARE / hours_a_year)

    # --- customers ---

    def ask(self, until: datetime) -> list[Event]:
        """The requests up to this moment."""
        asked: list[Event] = []
        while self._next is not None and self._next <= until:
            asked.append(self._request(self._next))
            self._next = next(self._asking, None)
        return asked

    def _request(self, at: datetime) -> MessagePosted:
        message = f"m{next(self._ids)}"
        person = Person(f"customer {message}", "Customer", None)
        self._customers[message] = person
        said = self._says(person, self.random.choice(_REQUESTS), at, message=message)
        self.orders[message] = {at: said.order}
        return said

    # --- agents ---

    def work(self, now: datetime) -> list[Event]:
        """What becomes, within an hour, of what the agents hold."""
        if not self._agents_are_there(now):
            return []
        events, still_held = [], []
        for held in self._held:
            if held.acts:
                events.append(self._act(held, held.acts.pop(0), now))
                still_held.append(held)
        self._held = still_held
        return events

    def _act(self, held: _Held, act: Act, now: datetime) -> Event:
        match act:
            case Act.ANSWER:
                return self._says(held.agent, _ANSWER, now, thread=held.thread)
            case Act.THANK:
                return self._says(held.customer, _THANKS, now, thread=held.thread)
            case Act.ASK_AGAIN:
                said = self._says(held.customer, _AGAIN, now, thread=held.thread)
                self.orders[held.thread][now] = said.order
                return said
            case Act.CLOSE:
                return self._presses(held.agent, f"close:{held.number}", now)

    @staticmethod
    def _agents_are_there(now: datetime) -> bool:
        """From 9 to 17 on weekdays, on Saturdays until 14."""
        local = now.astimezone(_ZONE)
        return 9 <= local.hour < (17 if local.weekday() < 5 else 14) and local.weekday() < 6

    def capacity(self, now: datetime) -> int:
        """Tickets that can be taken within this hour; none in the last one of a day, half as many on Saturdays."""
        if not self._agents_are_there(now + HOUR):
            return 0
        return self._an_hour if now.astimezone(_ZONE).weekday() < 5 else ceil(self._an_hour / 2)

    def claims(self, line: list[Ticket], waiting: int, now: datetime) -> list[tuple[Person, Event]]:
        """What agents do to take the next ones, so many as they can; now and then one takes a later one first."""
        many = min(waiting, self.capacity(now))
        if not many:
            return []
        calls = []
        if self.random.random() < _LATER_ON * self._an_hour:
            later = line[self.random.randrange(len(line))]
            line = [ticket for ticket in line if ticket is not later]
            calls.append(self._takes(later, now) if self.random.random() < 0.5 else self._answers(later, now))
        calls += [self._answers(ticket, now) for ticket in line[: floor(many * _BY_ANSWERING)]]
        calls += [self._calls_next(now) for _ in range(many - len(calls))]
        return calls

    def _calls_next(self, now: datetime) -> tuple[Person, Event]:
        agent = self.random.choice(self._agents)
        return agent, self._presses(agent, "claim-next", now)

    def _takes(self, ticket: Ticket, now: datetime) -> tuple[Person, Event]:
        agent = self.random.choice(self._agents)
        return agent, self._sends(agent, f"claim:{ticket.number}", {"reason": "the shop is down"}, now)

    def _answers(self, ticket: Ticket, now: datetime) -> tuple[Person, Event]:
        assert ticket.thread is not None
        agent = self.random.choice(self._agents)
        self._holds(ticket.number, ticket.thread, agent, self._fate()[1:])
        return agent, self._says(agent, _ANSWER, now, thread=ticket.thread)

    def _fate(self) -> tuple[Act, ...]:
        (fate,) = self.random.choices([fate for _, fate in _FATES], [weight for weight, _ in _FATES])
        return fate

    def told(self, agent: Person, reply: Reply | None) -> None:
        """The agent reads what came of a claim."""
        if reply is None or reply.content is None or reply.is_refusal:
            return
        values = {key: value for block in reply.content.blocks if isinstance(block.words, Text)
                  for key, value in block.words.values.items()}  # fmt: skip
        number, thread = values.get("number"), values.get("thread")
        if isinstance(number, int) and isinstance(thread, ThreadLink):
            self._holds(number, thread.thread, agent, self._fate())

    def _holds(self, number: int, thread: str, agent: Person, acts: tuple[Act, ...]) -> None:
        self._held.append(_Held(number, thread, self._customers[thread], agent, list(acts)))

    # --- as events ---

    def _presses(self, person: Person, action: str, at: datetime) -> ButtonPressed:
        key, order = self._key(at)
        return ButtonPressed(
            key=key, server=self.shop.server, channel="agents", order=order, at=at, person=person, action=action
        )

    def _sends(self, person: Person, form: str, values: dict[str, str], at: datetime) -> FormSent:
        key, order = self._key(at)
        return FormSent(
            key=key, server=self.shop.server, channel="agents", order=order, at=at, person=person, form=form,
            values=values,
        )  # fmt: skip

    def _says(
        self, person: Person, words: str, at: datetime, *, thread: str | None = None, message: str = ""
    ) -> MessagePosted:
        key, order = self._key(at)
        return MessagePosted(
            key=key, server=self.shop.server, channel=CHANNEL, thread=thread, order=order, at=at, person=person,
            message=message or key, text=words,
        )  # fmt: skip

    def _key(self, at: datetime) -> tuple[str, int]:
        number = next(self._ids)
        return f"e{number}", int(at.timestamp()) * 10_000_000 + number % 10_000_000


def _moments(many: int, chance: random.Random) -> list[datetime]:
    """When so many people ask in a year: seldom at night, less on weekends, in some weeks much more than in others."""
    weights = [_busyness(BEGIN + hour * HOUR) for hour in range(_HOURS)]
    hours = chance.choices(range(_HOURS), weights, k=many)
    return sorted(BEGIN + hour * HOUR + chance.random() * HOUR for hour in hours)


def _busyness(at: datetime) -> float:
    local, day = at.astimezone(_ZONE), at.timetuple().tm_yday
    season = 1.7 if day in _BUSY_DAYS else 0.6 if day in _QUIET_DAYS else 1.0
    return season * (0.5 if local.weekday() >= 5 else 1.0) * (1.0 if 8 <= local.hour < 22 else 0.15)
