"""The Web API's front: reads a call, lets limits and faults have their way, and answers as Slack does."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.doubles.slack.errors import ApiError, Json
from tests.doubles.slack.faults import Fault, Faults, Rates
from tests.doubles.slack.schema import Checker
from tests.doubles.slack.world import Channel, Token, Workspace, World

PATH = "/api/"
FOR_ALL = frozenset({"token", "team_id"})
"""Arguments that every method takes."""
AS_JSON = {"blocks", "view", "metadata", "attachments", "files"}
"""Arguments that come as JSON in a text where the call itself is a form."""


@dataclass(slots=True)
class Call:
    """What a handler needs to know of a call."""

    world: World
    checker: Checker
    method: str
    args: Json
    token: str
    workspace: Workspace
    """Of the token; for methods without one, any."""

    def flag(self, name: str) -> bool:
        return self.args.get(name) in (1, "1", "true")

    def text(self, name: str) -> str:
        return str(self.args.get(name) or "")

    def channel(self, name: str = "channel") -> Channel:
        """The channel that the call names, as far as the bot can see it."""
        found = self.workspace.channels.get(self.text(name))
        if found is None or found.is_deleted or (found.is_private and not found.has_bot):
            raise ApiError("channel_not_found")
        return found


Handler = Callable[[Call], Json]


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the Web API."""

    handler: Handler
    takes: frozenset[str]
    needs: frozenset[str]
    """Those without which there is nothing to do."""
    scope: str
    """The right that a token must have; empty if none."""
    is_open: bool
    """Whether it takes no bot token."""


Methods = dict[str, Method]


def adder(methods: Methods) -> Callable[..., Callable[[Handler], Handler]]:
    """A decorator that adds a handler; its arguments are those that must come, and those that may."""

    def method(
        name: str, needs: str = "", may: str = "", *, scope: str = "", is_open: bool = False
    ) -> Callable[[Handler], Handler]:
        def add(handler: Handler) -> Handler:
            needed = frozenset(needs.split())
            methods[name] = Method(handler, needed | frozenset(may.split()), needed, scope, is_open)
            return handler

        return add

    return method


@dataclass(slots=True)
class Request:
    """One call of the bot, for tests to look at."""

    method: str
    args: Json
    workspace: str
    """Id; empty for calls without a bot token."""
    at: float
    """Monotonic seconds."""
    status: int = 0
    """0 if the connection was cut instead of an answer."""
    error: str = ""
    answer: Any = None
    http: str = "POST"


@dataclass(eq=False)
class Api:
    """All methods, and what happens to every call."""

    world: World
    checker: Checker
    methods: Mapping[str, Method]
    faults: Faults = field(default_factory=Faults)
    rates: Rates = field(default_factory=Rates)
    requests: list[Request] = field(default_factory=list)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        args = await _read(request)
        logged = Request(name, args, "", time.monotonic(), http=request.method)
        self.requests.append(logged)
        fault = self.faults.take(name)
        headers: Mapping[str, str] = {}
        try:
            status, answer = 200, self._answer(request, logged, fault)
        except ApiError as error:
            status, answer, headers = error.status, error.body, error.headers
        if fault is not None:
            await asyncio.sleep(fault.delay)
            if fault.drop:
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()
        logged.status, logged.answer, logged.error = status, answer, answer.get("error", "")
        self.checker.check_answer(name, answer)
        return web.json_response(answer, status=status, headers=headers)

    def _answer(self, request: web.Request, logged: Request, fault: Fault | None) -> Json:
        """Do the work, unless a limit or a fault is in the way."""
        call, method = self._call(request, logged)
        self.rates.check(call.method, logged.workspace, call.text("channel"))
        if fault is None:
            return self._do(call, method)
        answer = self._do(call, method) if fault.after_doing else {}
        if fault.error is not None:
            raise fault.error
        if not fault.after_doing and not fault.drop:
            answer = self._do(call, method)
        return answer

    def _do(self, call: Call, method: Method) -> Json:
        try:
            return {"ok": True} | method.handler(call)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self.checker.note(f"{call.method}: {call.args} was not understood: {error!r}")
            raise ApiError("invalid_arguments") from error

    def _call(self, request: web.Request, logged: Request) -> tuple[Call, Method]:
        method = self.methods.get(logged.method)
        if method is None:
            self.checker.note(f"{logged.method}: not built here")
            raise ApiError("unknown_method")
        token = _bearer(request) or str(logged.args.get("token", ""))
        if method.is_open:
            logged.args |= _basic(request)
            workspace = next(iter(self.world.workspaces.values()))
        else:
            workspace = self._owner_of(token).workspace
            logged.workspace = workspace.id
            if method.scope and workspace.scopes and method.scope not in workspace.scopes:
                provided = ",".join(sorted(workspace.scopes))
                raise ApiError("missing_scope", needed=method.scope, provided=provided)
        self._check_arguments(logged, method)
        return Call(self.world, self.checker, logged.method, logged.args, token, workspace), method

    def _owner_of(self, name: str) -> Token:
        if not name:
            raise ApiError("not_authed")
        token = self.world.tokens.get(name)
        if token is None:
            raise ApiError("invalid_auth")
        if token.is_revoked:
            raise ApiError("token_revoked" if token.workspace.is_installed else "account_inactive")
        if token.ends_at is not None and token.ends_at <= self.world.ids.now():
            raise ApiError("token_expired")
        return token

    def _check_arguments(self, logged: Request, method: Method) -> None:
        given = {name for name, value in logged.args.items() if value is not None}
        if unknown := given - method.takes - FOR_ALL:
            self.checker.note(f"{logged.method}: takes no {', '.join(sorted(unknown))}")
        if missing := method.needs - given:
            self.checker.note(f"{logged.method}: {', '.join(sorted(missing))} is missing")
            messages = [f"[ERROR] missing required field: {name}" for name in sorted(missing)]
            raise ApiError("invalid_arguments", response_metadata={"messages": messages})


def _bearer(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme == "Bearer" else ""


def _basic(request: web.Request) -> Json:
    """The app's own key, where it comes in the header."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Basic":
        return {}
    client_id, _, secret = base64.b64decode(encoded).decode().partition(":")
    return {"client_id": client_id, "client_secret": secret}


async def _read(request: web.Request) -> Json:
    """The arguments of a call, however they came."""
    args: Json = dict(request.query)
    if request.content_type == "application/json" and request.body_exists:
        return args | dict(await request.json())
    args |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    for name in AS_JSON & args.keys():
        args[name] = json.loads(args[name])
    return args
