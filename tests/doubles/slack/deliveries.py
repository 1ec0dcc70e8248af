"""How what happens comes to the app: once at least, and again until it is acknowledged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from tests.doubles.slack import payloads
from tests.doubles.slack.errors import Json
from tests.doubles.slack.world import Channel, Workspace

ACK_SECONDS = 3.0
"""How long Slack waits for an acknowledgement."""
RETRY_WAITS = (0.0, 1.0, 5.0)
"""Seconds before each repetition of an event. Slack's are at once, a minute and five: here a minute lasts a second."""
MOST_AT_A_TIME = 100
"""Events on their way to the app at once; the rest waits its turn."""


class Kind(StrEnum):
    """What is delivered; the names are those of Socket Mode."""

    EVENT = "events_api"
    COMMAND = "slash_commands"
    INTERACTION = "interactive"


@dataclass(slots=True)
class Attempt:
    """One try to deliver something."""

    number: int
    """0 for the first."""
    reason: str
    """Why it is repeated, in Slack's words; empty for the first."""
    began: float
    """Monotonic seconds."""
    status: int = 0
    """Of HTTP; 200 for an acknowledgement by socket, 0 for none."""
    failure: str = ""
    """Why it failed, in Slack's words."""
    may_repeat: bool = True
    """False where the app has asked not to be told again."""
    body: Any = None
    """What came with the acknowledgement; None if nothing did."""
    ended: float = 0.0
    via: object = None
    """The socket that it went to."""

    @property
    def is_acknowledged(self) -> bool:
        return 200 <= self.status < 300


@dataclass(eq=False)
class Delivery:
    """Something that the app is told, and how that went."""

    kind: Kind
    payload: Json
    attempts: list[Attempt] = field(default_factory=list)
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it is acknowledged, or given up."""

    @property
    def is_acknowledged(self) -> bool:
        return any(attempt.is_acknowledged for attempt in self.attempts)

    @property
    def is_given_up(self) -> bool:
        return self.settled.is_set() and not self.is_acknowledged

    @property
    def body(self) -> Any:
        """What came with the acknowledgement."""
        return next((each.body for each in self.attempts if each.is_acknowledged), None)

    @property
    def seconds(self) -> float:
        """How long the first try took to be acknowledged, or to fail."""
        return self.attempts[0].ended - self.attempts[0].began

    @property
    def name(self) -> str:
        """What it is, for tests to look for: message, /claim, block_actions ..."""
        event = self.payload.get("event", {})
        return str(event.get("type") or self.payload.get("command") or self.payload.get("type"))


class Transport(Protocol):
    """A way to the app."""

    async def send(self, delivery: Delivery, attempt: Attempt) -> None:
        """Try once, and note in the attempt how it went."""


class Deliveries:
    """Everything that the app was told, and is being told."""

    def __init__(self, transport: Transport) -> None:
        self._slots = asyncio.Semaphore(MOST_AT_A_TIME)
        self.transport = transport
        self.retry_waits: Sequence[float] = RETRY_WAITS
        self.all: list[Delivery] = []
        self._running: set[asyncio.Task[None]] = set()

    def tell(self, workspace: Workspace, event: Json, channel: Channel | None = None) -> Delivery:
        """Deliver an event, without waiting for it."""
        return self.start(Kind.EVENT, payloads.event_callback(workspace, event, channel))

    def start(self, kind: Kind, payload: Json) -> Delivery:
        """Deliver something, without waiting for it."""
        delivery = Delivery(kind, payload)
        self.all.append(delivery)
        self._run(delivery)
        return delivery

    def again(self, delivery: Delivery) -> Delivery:
        """Deliver the same thing once more, as Slack does when an acknowledgement was lost."""
        return self.start(delivery.kind, delivery.payload)

    def _run(self, delivery: Delivery) -> None:
        task = asyncio.create_task(self._deliver(delivery))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _deliver(self, delivery: Delivery) -> None:
        waits = [*self.retry_waits] if delivery.kind is Kind.EVENT else []
        reason = ""
        try:
            for number, wait in enumerate([0.0, *waits]):
                await asyncio.sleep(wait)
                async with self._slots if delivery.kind is Kind.EVENT else nullcontext():
                    attempt = Attempt(number, reason, time.monotonic())
                    delivery.attempts.append(attempt)
                    await self.transport.send(delivery, attempt)
                    attempt.ended = time.monotonic()
                if attempt.is_acknowledged or not attempt.may_repeat:
                    return
                reason = attempt.failure
        finally:
            delivery.settled.set()

    def of(self, name: str) -> list[Delivery]:
        """All of one kind: "message", "/claim", "block_actions" ..."""
        return [delivery for delivery in self.all if delivery.name == name]

    async def settle(self, seconds: float = 15.0) -> None:
        """Wait until everything is acknowledged or given up."""
        async with asyncio.timeout(seconds):
            while tasks := [*self._running]:
                await asyncio.wait(tasks)

    async def stop(self) -> None:
        tasks = [*self._running]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
