"""Where Slack's requests come in, all at one address; whatever is not Slack's is turned away before bolt sees it.

aiohttp limits the length and number of header lines, but does not hurry those who send them slowly: HTTPS is spoken by
something in front of us, which holds such callers off.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from datetime import timedelta

import structlog
from aiohttp import web
from cachetools import TTLCache
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.signature import SignatureVerifier

from adapters.slack_chat.installing import Installing
from adapters.slack_chat.manifest import EVENTS_PATH, INSTALL_PATH, REDIRECT_PATH
from adapters.slack_chat.nonsense import NONSENSE, fault_in
from bot.settings import Settings

_BODY_BYTES = 1024 * 1024
_BODY_TIME = timedelta(seconds=5)
"""For the whole body: Slack itself gives up on us after three seconds."""
_FRESH = timedelta(minutes=5)
"""As old, or as far ahead of our clock, a request may be."""
_MOST_SEEN = 50_000
"""Signatures that we know again; in the ten minutes that one may live, one workspace sends at most 5,000 events."""
_TYPES = {"application/json", "application/x-www-form-urlencoded"}

_log = structlog.get_logger(__name__)


class _Seal:
    """Knows Slack's requests by their signature, each only once.

    Slack signs every retry anew, with its own time. A request that came to nothing is forgotten, because the first
    retry follows at once, perhaps within the same second. Another process has not seen it: there, the desk knows the
    event again.
    """

    def __init__(self, secret: str) -> None:
        self._verifier = SignatureVerifier(secret)
        self._seen: TTLCache[str, None] = TTLCache(_MOST_SEEN, 2 * _FRESH.total_seconds())

    def admit(self, request: web.Request, body: str) -> str:
        """The signature, noted as seen. Raises HTTPUnauthorized."""
        signature = request.headers.get("X-Slack-Signature", "")
        told = request.headers.get("X-Slack-Request-Timestamp", "")
        if not (re.fullmatch("v0=[0-9a-f]{64}", signature) and re.fullmatch("[0-9]{1,12}", told)):
            raise _unauthorized("not signed")
        if abs(time.time() - int(told)) > _FRESH.total_seconds():
            raise _unauthorized("stale")
        if not self._verifier.is_valid(body, told, signature):
            raise _unauthorized("wrong signature")
        if signature in self._seen:
            raise _unauthorized("seen before")
        self._seen[signature] = None
        return signature

    def forget(self, signature: str) -> None:
        """It may come again."""
        self._seen.pop(signature, None)


def _unauthorized(reason: str) -> web.HTTPUnauthorized:
    _log.warning("a request at Slack's door was turned away", reason=reason)
    return web.HTTPUnauthorized(text="This is not signed as Slack signs.\n")


def create_door(
    app: AsyncApp, settings: Settings, installing: Installing | None, body_time: timedelta = _BODY_TIME
) -> web.Application:
    """Slack's events, commands and interactions; with `installing`, the way to install the bot; and a sign of life."""
    secret = settings.slack_signing_secret
    if secret is None:
        raise ValueError("without a signing secret nobody can tell which requests are Slack's")
    seal = _Seal(secret.get_secret_value())

    async def events(request: web.Request) -> web.Response:
        return await _dispatch(app, seal, request, await _body(request, body_time))

    door = web.Application(client_max_size=_BODY_BYTES)
    door.router.add_post(EVENTS_PATH, events)
    door.router.add_get(EVENTS_PATH, _alive)  # by which Slack looks at our certificate (ssl_check)
    door.router.add_get("/health", _alive)
    if installing is not None:
        door.router.add_get(INSTALL_PATH, installing.begin)
        door.router.add_get(REDIRECT_PATH, installing.finish)
    return door


async def _alive(_request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _dispatch(app: AsyncApp, seal: _Seal, request: web.Request, body: str) -> web.Response:
    """Answer with what bolt answers: 5xx when an event could not be committed, so that Slack tells it again."""
    if "ssl_check=1" in body.split("&"):  # not signed, and nothing to do
        return await _alive(request)
    signature = seal.admit(request, body)
    answer = web.Response(status=503)
    try:
        answer = await to_aiohttp_response(await _answered(app, await _bolt_request(request)))
    finally:
        if answer.status >= web.HTTPInternalServerError.status_code:
            seal.forget(signature)
    return answer


async def _answered(app: AsyncApp, asked: AsyncBoltRequest) -> BoltResponse:
    """What the app answers. Raises HTTPBadRequest."""
    try:
        return await app.async_dispatch(asked)
    except NONSENSE as error:  # bolt answers for all errors but those of its own reading
        _log.warning("a request at Slack's door cannot be read", fault=fault_in(error))
        raise web.HTTPBadRequest(text="This cannot be read.\n") from None


async def _bolt_request(request: web.Request) -> AsyncBoltRequest:
    """The request as bolt reads it. Raises HTTPBadRequest."""
    try:
        asked = await to_bolt_request(request)
    except Exception as error:  # noqa: BLE001 (what is no JSON, no object or nested too deep breaks it in many ways)
        _log.warning("a request at Slack's door cannot be read", fault=fault_in(error))
        raise web.HTTPBadRequest(text="This cannot be read.\n") from None
    if not asked.body:
        raise web.HTTPBadRequest(text="This says nothing.\n")
    return asked


async def _body(request: web.Request, time_for_it: timedelta) -> str:
    """Raises HTTPRequestEntityTooLarge, HTTPRequestTimeout or HTTPBadRequest."""
    if request.content_type not in _TYPES:
        raise web.HTTPBadRequest(text="Slack sends JSON or forms.\n")
    try:
        async with asyncio.timeout(time_for_it.total_seconds()):
            return (await request.read()).decode()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except UnicodeDecodeError:
        raise web.HTTPBadRequest(text="This is not UTF-8.\n") from None


async def serve_door(door: web.Application, settings: Settings, on_listening: Callable[[int], None]) -> None:
    """Serve until cancelled; tells the port, which only we know where 0 was asked for. Raises OSError."""
    runner = web.AppRunner(door, access_log=None, shutdown_timeout=2)
    await runner.setup()
    try:
        await _listen(runner, settings.slack_host, settings.slack_port)
        port: int = runner.addresses[0][1]
        _log.info("Slack's requests can come in", host=settings.slack_host, port=port)
        on_listening(port)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        remedy = "choose another SLACK_PORT or SLACK_HOST"
        raise OSError(f"Slack's requests cannot come in at {host}:{port}: {remedy} ({error}).") from error
