"""The REST API's front: reads a call, lets limits and faults have their way, and answers as Discord does."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from tests.doubles.discord.errors import ApiError, Json, too_many
from tests.doubles.discord.faults import Fault, Faults, Limits, Window
from tests.doubles.discord.interactions import Interactions
from tests.doubles.discord.messages import Files
from tests.doubles.discord.schema import Checker
from tests.doubles.discord.world import World

PREFIX = "/api/v10"


@dataclass(slots=True)
class Call:
    """What a handler needs to know of a call."""

    world: World
    interactions: Interactions
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    files: Files
    edits_of_old: dict[str, int]
    """How many messages older than an hour were edited, by channel."""
    renames: dict[str, list[float]]
    """When each channel or thread was renamed."""
    nonces: dict[tuple[str, str], tuple[str, float]]
    """The message and the time of a nonce in a channel."""


Answer = tuple[int, Any]
Handler = Callable[[Call], Answer]
Routes = Mapping[tuple[str, str], Handler]


@dataclass(slots=True)
class Request:
    """One call of the bot, for tests to look at."""

    method: str
    path: str
    template: str
    body: Any
    counts: bool
    """Whether it counts against the global limit."""
    at: float
    """Monotonic seconds."""
    scope: str = ""
    """Of a 429: user, shared or global."""
    status: int = 0
    """0 if the connection was cut instead of an answer."""
    answer: Any = None


@dataclass(eq=False)
class Rest:
    """All routes, and what happens to every call."""

    world: World
    interactions: Interactions
    checker: Checker
    faults: Faults = field(default_factory=Faults)
    limits: Limits = field(default_factory=Limits)
    requests: list[Request] = field(default_factory=list)
    _edits_of_old: dict[str, int] = field(default_factory=dict)
    _renames: dict[str, list[float]] = field(default_factory=dict)
    _nonces: dict[tuple[str, str], tuple[str, float]] = field(default_factory=dict)

    def add_to(self, app: web.Application, routes: Routes) -> None:
        for (method, template), handler in routes.items():
            app.router.add_route(method, PREFIX + template, self._serving(template, handler))
        app.router.add_route("*", PREFIX + "/{rest:.*}", self._unbuilt)

    async def _unbuilt(self, request: web.Request) -> web.Response:
        self.checker.note(f"{request.method} {request.path}: not built here")
        return web.Response(status=404, body=b'{"message": "404: Not Found", "code": 0}', headers=_headers({}))

    def _serving(self, template: str, handler: Handler) -> Callable[[web.Request], Any]:
        async def serve(request: web.Request) -> web.Response:
            path = request.path.removeprefix(PREFIX)
            body, files = await _read(request)
            counts = not template.startswith(("/interactions", "/webhooks"))
            logged = Request(request.method, path, template, body, counts, time.monotonic())
            self.requests.append(logged)
            self.checker.check_request(request.method, template, body)
            fault = self.faults.take(request.method, path)
            bucket = self.limits.bucket(request.method, template, _major(request.match_info))
            call = self._call(request, body, files)
            status, answer, headers = self._answer(request, logged, handler, call, bucket, fault)
            if fault is not None:
                await asyncio.sleep(fault.delay)
                if fault.drop:
                    return _cut(request)
            logged.status, logged.answer = status, answer
            self.checker.check_answer(request.method, template, status, answer)
            if status == 204:
                del headers["Content-Type"]  # discord.py would look for JSON
                return web.Response(status=status, headers=headers)
            return web.Response(status=status, body=json.dumps(answer).encode(), headers=headers)

        return serve

    def _call(self, request: web.Request, body: Any, files: Files) -> Call:
        return Call(
            self.world,
            self.interactions,
            request.match_info,
            request.query,
            body,
            files,
            self._edits_of_old,
            self._renames,
            self._nonces,
        )

    def _answer(
        self, request: web.Request, logged: Request, handler: Handler, call: Call, bucket: Window, fault: Fault | None
    ) -> tuple[int, Any, dict[str, str]]:
        """Do the work, unless a limit or a fault is in the way."""
        try:
            self._authorize(request, logged)
            if logged.counts:
                self.limits.check_global()
            wait = bucket.take()
            if wait:
                raise too_many(wait, "user")
            if fault is None:
                status, answer = handler(call)
                return status, answer, _headers(_rate_headers(logged.template, bucket))
            status, answer = handler(call) if fault.after_doing else (0, None)
            if fault.error is not None:
                raise fault.error
            if not fault.after_doing and not fault.drop:
                status, answer = handler(call)
        except (KeyError, TypeError, ValueError) as error:
            self.checker.note(f"{logged.method} {logged.path}: {logged.body} was not understood: {error!r}")
            raise
        except ApiError as error:
            logged.scope = error.scope
            return error.status, error.body, _headers(_rate_headers(logged.template, bucket), error)
        return status, answer, _headers(_rate_headers(logged.template, bucket))

    def _authorize(self, request: web.Request, logged: Request) -> None:
        if logged.counts and request.headers.get("Authorization") != f"Bot {self.world.token}":
            raise ApiError(401, 0, "401: Unauthorized")


async def _read(request: web.Request) -> tuple[Any, Files]:
    """The JSON of a call, and the files that came with it."""
    if not request.body_exists:
        return None, []
    if not request.content_type.startswith("multipart/"):
        return await request.json(), []
    body, files = None, []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read(decode=True))
        if part.name == "payload_json":
            body = json.loads(content)
        else:
            files.append((part.filename or "file", content))
    return body, files


def _major(params: Mapping[str, str]) -> str:
    """What a bucket belongs to besides its route."""
    return params.get("channel_id") or params.get("guild_id") or params.get("webhook_token") or ""


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _rate_headers(template: str, bucket: Window) -> dict[str, str]:
    name = hashlib.sha256(template.encode()).hexdigest()[:32]
    return {
        "X-RateLimit-Limit": str(bucket.limit),
        "X-RateLimit-Remaining": str(bucket.remaining),
        "X-RateLimit-Reset": f"{time.time() + bucket.reset_after:.3f}",
        "X-RateLimit-Reset-After": f"{bucket.reset_after:.3f}",
        "X-RateLimit-Bucket": name,
    }


def _headers(rate: dict[str, str], error: ApiError | None = None) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Via": "1.1 google", **rate}
    if error is not None and error.status == 429:
        headers["Retry-After"] = str(int(error.body["retry_after"]) + 1)
        headers["X-RateLimit-Scope"] = error.scope
        if error.scope == "global":
            headers["X-RateLimit-Global"] = "true"
    return headers


def required(body: Any, *names: str) -> Json:
    """A body that has at least these fields."""
    found: Json = body or {}
    for name in names:
        if found.get(name) is None:
            errors = {name: {"_errors": [{"code": "BASE_TYPE_REQUIRED", "message": "This field is required"}]}}
            raise ApiError(400, 50035, "Invalid Form Body", errors=errors)
    return found
