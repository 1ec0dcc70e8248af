"""Slack's refusals, with its own words."""

from __future__ import annotations

import math
from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """An answer of the Web API that is not what was asked for. Slack says most of them with status 200."""

    def __init__(self, code: str, status: int = 200, *, retry_after: float | None = None, **more: Any) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.headers = {} if retry_after is None else {"Retry-After": str(math.ceil(retry_after))}
        self.body: Json = {"ok": False, "error": code, **more}


class ImpossibleError(AssertionError):
    """A person tried what Slack's own app does not let them do."""


def rate_limited(retry_after: float) -> ApiError:
    """A 429; `retry_after` is in seconds, of which Slack names whole ones only."""
    return ApiError("ratelimited", 429, retry_after=retry_after)


def invalid(code: str, problems: list[str]) -> ApiError:
    """Blocks or a view that Slack does not take, with its complaints."""
    return ApiError(code, response_metadata={"messages": [f"[ERROR] {problem}" for problem in problems]})
