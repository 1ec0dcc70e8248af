"""The desk and the chat as a test needs them: one fails or hesitates when it is told to, the other waits for little."""

from __future__ import annotations

import asyncio
from typing import Any

from tenacity import wait_fixed

from adapters.slack_chat import SlackChat
from adapters.slack_chat.app import MOST_HEARD
from adapters.slack_chat.chat import CALL_TIME, Service
from adapters.slack_chat.pace import Budget
from bot.desk.desk import Desk
from bot.model import Event, Reply
from bot.settings import Settings

BACK_OFF = 0.1
"""Seconds between two attempts to reach Slack."""
_NO_LIMIT = Budget(100_000, 1)


class MoodyDesk(Desk):
    """The desk as a chat meets it, in a mood that a test may set."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.failures: list[Exception] = []
        """What the next events come to, one each, before anything is done for them."""
        self.hesitation = 0.0
        """Seconds that pass between what is done and the reply."""
        self.hesitates_at: tuple[type[Event], ...] = ()
        self.only_reply: Reply | None = None
        """Said to everything, and nothing is done."""

    async def handle(self, event: Event) -> Reply | None:
        if self.failures:
            raise self.failures.pop()
        reply = await super().handle(event) if self.only_reply is None else self.only_reply
        if isinstance(event, self.hesitates_at):
            await asyncio.sleep(self.hesitation)
        return reply


class HastyChat(SlackChat):
    """Waits as long as a test can, and shows what serves it."""

    service: Service
    """All that runs; a test may change how long it waits."""

    def __init__(
        self,
        settings: Settings,
        *,
        call_time: float = CALL_TIME,
        most_heard: int = MOST_HEARD,
        is_limited: bool = True,
    ) -> None:
        """Without limits, nothing that is said waits for its turn."""
        super().__init__(settings)
        self.call_time = call_time
        self._most_heard, self._is_limited = most_heard, is_limited

    async def _serve(self, service: Service) -> None:
        service.back_off, service.most_heard = wait_fixed(BACK_OFF), self._most_heard
        if not self._is_limited:
            pace = service.delivery.pace
            pace.spacing, pace.posts, pace.tier_3 = 0.0, _NO_LIMIT, _NO_LIMIT
        self.service = service
        await super()._serve(service)
