"""Asking Slack again, for as long as it can only not be reached."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential, wait_random
from tenacity.wait import wait_base

from adapters.slack_chat.people import CANNOT_TELL, reason_of
from adapters.slack_chat.refused import SlackRefused

T = TypeVar("T")

BACK_OFF: wait_base = wait_exponential(max=60) + wait_random(0, 1)
"""Seconds between two attempts: longer each time, and not the same for all who wait."""

_log = structlog.get_logger(__name__)


async def knock(ask: Callable[[], Awaitable[T]], back_off: wait_base) -> T:
    """What it tells at last, however long that takes. Raises whatever is not mended by waiting."""

    def pause(state: RetryCallState) -> float:
        return max(back_off(state), _demanded(state))

    return await AsyncRetrying(retry=retry_if_exception(_is_away), wait=pause, before_sleep=_tell)(ask)


def _is_away(error: BaseException) -> bool:
    return isinstance(error, CANNOT_TELL) and not isinstance(error, SlackRefused)


def _demanded(state: RetryCallState) -> float:
    """For how many seconds Slack does not want to be asked again."""
    error = state.outcome.exception() if state.outcome else None
    headers = getattr(getattr(error, "response", None), "headers", {})
    return float(headers.get("Retry-After", 0))


def _tell(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    reason = reason_of(error) if error else ""
    _log.warning("Slack cannot be reached, it is tried again", reason=reason, attempt=state.attempt_number)
