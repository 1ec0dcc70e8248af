"""Discord's refusals, with its own numbers."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """An answer of the REST API that is not what was asked for."""

    def __init__(self, status: int, code: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.scope = ""
        """Of a 429: whose limit it is."""
        self.body: Json = {"message": message, "code": code, **more}


class ImpossibleError(AssertionError):
    """A person tried what Discord's own app does not let them do."""


def unknown(code: int, what: str) -> ApiError:
    return ApiError(404, code, f"Unknown {what}")


def missing_access() -> ApiError:
    return ApiError(403, 50001, "Missing Access")


def missing_permissions() -> ApiError:
    return ApiError(403, 50013, "Missing Permissions")


def archived() -> ApiError:
    return ApiError(400, 50083, "Thread is archived")


def invalid(field: str, message: str, code: str = "BASE_TYPE_BAD_LENGTH") -> ApiError:
    """A body that Discord does not take; `field` is its path, with dots."""
    errors: Json = {"_errors": [{"code": code, "message": message}]}
    for part in reversed(field.split(".")):
        errors = {part: errors}
    return ApiError(400, 50035, "Invalid Form Body", errors=errors)


def too_many(retry_after: float, scope: str, *, code: int = 0, message: str | None = None) -> ApiError:
    """A 429. `retry_after` is in seconds; `scope` is user, shared or global."""
    words = message or "You are being rate limited."
    error = ApiError(429, code, words, retry_after=retry_after)
    error.scope = scope
    error.body["global"] = scope == "global"
    return error
