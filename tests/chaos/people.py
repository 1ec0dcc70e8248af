"""The people of some servers, and a platform's way to tell of them: again and again, until it is acknowledged."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

import aiohttp

from bot.desk.desk import utc_now
from bot.model import (
    ButtonPressed,
    CommandUsed,
    Event,
    FormSent,
    MessageDeleted,
    MessagePosted,
    Person,
    Reply,
    Text,
    ThreadLink,
)
from tests.chaos.worker import EVENTS, PREFIX, REPLY

CHANNEL, AGENTS = "support", "agents"
SETUP = {"support": CHANNEL, "agents": AGENTS, "agent_roles": "agent", "reopen_days": "7"}
_MODERATOR = Person("moderator", "Moderator", "en", is_admin=True)
_REQUEST = "the slider stays empty"
_QUESTION = "please add a dark mode"
"""Is answered with the policy's words."""
_MORE = "it is version 2.1 of the theme"
_ANSWER = "Please install version 2.1.1, it is mended there."
_THANKS = "thank you very much, that helped"
_SORRY = {"something-broke", "something-unsure"}
"""Keys of what somebody reads whose command was not carried out, or perhaps not."""
_AGAIN_AFTER = 0.05
"""Seconds until an event is told again that was not acknowledged."""
_NEWS_TRAVEL = 1.0
"""Seconds until every worker knows how a server is set up."""
_PATIENCE = 60
"""Seconds until an event that is never acknowledged is an error."""
_CALL = aiohttp.ClientTimeout(total=15)


@dataclass
class Told:
    """What was told, and what of it was acknowledged."""

    chance: random.Random
    doors: Sequence[str]
    """Where the workers listen."""
    acknowledged: list[Event] = field(default_factory=list)
    """Events that were carried out, or had been before; not those that were politely refused."""
    orders: dict[str, dict[str, dict[datetime, int]]] = field(default_factory=dict)
    """By server and message of a request: when its customer wrote, and the place in the line that was due for it."""
    refused: int = 0
    again: int = 0
    """How often something was told once more."""
    keeps_events: bool = True
    """Whether what was acknowledged is remembered for an audit; else it is only counted."""
    total: int = 0
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    """Set with each acknowledgement."""

    async def tell(self, session: aiohttp.ClientSession, event: Event) -> Reply | None:
        """Until it is acknowledged, by whichever worker."""
        kind = type(event).__name__
        body = EVENTS[kind].dump_json(event)
        began = time.monotonic()
        while time.monotonic() - began < _PATIENCE:
            try:
                async with session.post(f"{self.chance.choice(self.doors)}/{kind}", data=body) as answer:
                    reply = REPLY.validate_json(await answer.read()) if answer.status == 200 else None
                    if answer.status == 200 and not _is_sorry(reply):
                        self._note(event, reply)
                        return reply
            except (aiohttp.ClientError, TimeoutError, ConnectionError):
                pass
            self.again += 1
            await asyncio.sleep(_AGAIN_AFTER)
        raise TimeoutError(f"{kind} {event.key} was not acknowledged for {_PATIENCE} seconds")

    def _note(self, event: Event, reply: Reply | None) -> None:
        self.heard.set()
        self.total += 1
        if reply is not None and reply.is_refusal:
            self.refused += 1
        elif self.keeps_events:
            self.acknowledged.append(event)


def _is_sorry(reply: Reply | None) -> bool:
    words = reply.content.blocks[0].words if reply and reply.content else None
    return isinstance(words, Text) and words.key in _SORRY


@dataclass
class Shop:
    """One server's people. What they do depends on chance and on what they were told."""

    server: str
    told: Told
    chance: random.Random
    pause: float
    """Seconds, on average, between two things that one of them does."""
    is_open: bool = True
    """Whether anybody begins something new."""
    _ids: count[int] = field(default_factory=lambda: count(1))

    async def live(self, customers: int, agents: int) -> None:
        """So many customers and agents act, each on their own, until the shop closes."""
        async with aiohttp.ClientSession(timeout=_CALL) as session:
            await self._tell(session, self._form("setup", SETUP))
            await asyncio.sleep(_NEWS_TRAVEL)
            async with asyncio.TaskGroup() as tasks:
                for _ in range(customers):
                    tasks.create_task(self._ask_on(session))
                for number in range(agents):
                    agent = Person(f"agent-{number}", f"Agent {number}", "en", frozenset({"agent"}))
                    tasks.create_task(self._serve_on(session, agent))

    async def _tell(self, session: aiohttp.ClientSession, event: Event) -> Reply | None:
        reply = await self.told.tell(session, event)
        await asyncio.sleep(self.chance.random() * 2 * self.pause)
        return reply

    async def _ask_on(self, session: aiohttp.ClientSession) -> None:
        while self.is_open:
            key = self._key()
            person = Person(f"customer-{key}", "Customer", "en")
            if self.chance.random() < 0.2:
                await self._tell(session, self._message(Person(f"asker-{key}", "Asker", "en"), _QUESTION))
            request = self._message(person, _REQUEST, message=key)
            if self.told.keeps_events:
                self.told.orders.setdefault(self.server, {})[key] = {request.at: request.order}
            await self._tell(session, request)
            if self.chance.random() < 0.1:
                await self._tell(session, self._withdrawal(key))
            elif self.chance.random() < 0.3:
                await self._tell(session, self._message(person, _MORE, thread=key))

    async def _serve_on(self, session: aiohttp.ClientSession, agent: Person) -> None:
        while self.is_open:
            found = _ticket_in(await self._tell(session, self._command(agent, "claim")))
            if found is None:  # nobody waits, or the reply went astray with a worker
                await self._tell(session, self._command(agent, "queue"))
                continue
            number, thread = found
            if self.chance.random() < 0.1:
                await self._tell(session, self._press(agent, f"release:{number}"))
                continue
            await self._tell(session, self._message(agent, _ANSWER, thread=thread))
            if self.chance.random() < 0.4:
                await self._tell(session, self._message(Person(f"customer-{thread}", "Customer"), _THANKS, thread))
            if self.chance.random() < 0.8:
                await self._tell(session, self._press(agent, f"close:{number}"))

    # --- as events ---

    def _key(self) -> str:
        return f"{self.server}-{next(self._ids)}"

    def _message(self, person: Person, words: str, thread: str | None = None, message: str = "") -> MessagePosted:
        key = message or self._key()
        return MessagePosted(
            key=key, server=self.server, channel=CHANNEL, thread=thread, order=time.time_ns() // 1000, at=utc_now(),
            person=person, message=key, text=words,
        )  # fmt: skip

    def _withdrawal(self, message: str) -> MessageDeleted:
        return MessageDeleted(
            key=self._key(), server=self.server, channel=CHANNEL, order=time.time_ns() // 1000, at=utc_now(),
            message=message,
        )  # fmt: skip

    def _command(self, person: Person, name: str) -> CommandUsed:
        return CommandUsed(
            key=self._key(), server=self.server, channel=AGENTS, order=time.time_ns() // 1000, at=utc_now(),
            person=person, name=name,
        )  # fmt: skip

    def _press(self, person: Person, action: str) -> ButtonPressed:
        return ButtonPressed(
            key=self._key(), server=self.server, channel=AGENTS, order=time.time_ns() // 1000, at=utc_now(),
            person=person, action=action,
        )  # fmt: skip

    def _form(self, form: str, values: dict[str, str]) -> FormSent:
        return FormSent(
            key=self._key(), server=self.server, channel=AGENTS, order=time.time_ns() // 1000, at=utc_now(),
            person=_MODERATOR, form=form, values=values,
        )  # fmt: skip


def shops(many: int, told: Told, seed: int, pause: float) -> list[Shop]:
    """So many servers."""
    return [Shop(f"{PREFIX}:shop-{number}", told, random.Random(seed + number), pause) for number in range(many)]  # noqa: S311


def _ticket_in(reply: Reply | None) -> tuple[int, str] | None:
    """The number and thread of the ticket that an agent has got."""
    if reply is None or reply.content is None or reply.is_refusal:
        return None
    texts = [block.words for block in reply.content.blocks if isinstance(block.words, Text)]
    values = {key: value for words in texts for key, value in words.values.items()}
    number, thread = values.get("number"), values.get("thread")
    return (number, thread.thread) if isinstance(number, int) and isinstance(thread, ThreadLink) else None
