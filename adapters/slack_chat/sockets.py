"""Socket Mode: Slack's events come over connections that we open, two of them, so that one can be replaced unnoticed.

The connection itself is aiohttp's. The SDK's own client would close the old one before it has a new one, try an address
again that holds only once, and leave tasks behind; of the SDK and of bolt we take the messages and their answers.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from tenacity.wait import wait_base

from adapters.slack_chat.knocking import BACK_OFF, knock
from adapters.slack_chat.nonsense import NONSENSE, fault_in, reading_answer, word
from adapters.slack_chat.people import reason_of
from adapters.slack_chat.refused import DEAD_TOKEN, SlackRefused
from adapters.slack_chat.workspaces import client_with
from bot.settings import Settings

_SOCKETS = 2
_HEARTBEAT = 10.0
"""Seconds of silence after which a socket is asked for a sign of life; half of that later it is given up."""
_HELLO = 10.0
"""Seconds within which a new socket stands and Slack has greeted on it."""
_SHORT_LIFE = 30.0
"""Seconds; a socket that Slack ends sooner is not at once followed by the next: Slack opens about one a minute."""
_LONGEST_PAUSE = 60.0
_LAST_ANSWERS, _LAST_STEPS = 1.2, 0.3
"""Seconds for what is being answered when a socket ends, and for what is then broken off; Slack tells it again."""
_FAREWELL = 1.0
"""Seconds that Slack has to take leave of a socket."""
_FINAL = DEAD_TOKEN | {"missing_scope", "no_permission", "not_allowed_token_type"}
"""What Slack says of a token that opens no socket, however often it is tried."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Line:
    """How many sockets are open at the moment."""

    sockets: int = 0

    @property
    def is_connected(self) -> bool:
        """Whether Slack can tell us anything now."""
        return self.sockets > 0


async def serve_sockets(
    app: AsyncApp,
    settings: Settings,
    session: aiohttp.ClientSession,
    line: Line,
    heartbeat: float = _HEARTBEAT,
    back_off: wait_base = BACK_OFF,
) -> None:
    """Hand all that Slack tells to the app, until cancelled. Raises SlackRefused when Slack opens no socket to us."""
    opener = _Opener(app, settings, session, line, heartbeat, back_off)
    try:
        async with asyncio.TaskGroup() as sockets:
            for _ in range(_SOCKETS):
                sockets.create_task(_keep_open(opener))
    except ExceptionGroup as group:
        refusals, others = group.split(SlackRefused)
        if refusals is None or others is not None:
            raise
        raise SlackRefused(str(_first(refusals))) from None


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


async def _keep_open(opener: _Opener) -> None:
    """One socket after the other, without an end; the last one goes only when the next one stands."""
    last: _Socket | None = None
    short_lives = 0
    async with asyncio.TaskGroup() as listening:
        while True:
            socket = await opener.open()
            began = time.monotonic()
            listening.create_task(socket.listen())
            if last is not None:
                await last.close()
            await socket.is_spent.wait()
            last = socket
            short_lives = short_lives + 1 if time.monotonic() - began < _SHORT_LIFE else 0
            await asyncio.sleep(min(2 ** max(short_lives - 1, 0) - 1, _LONGEST_PAUSE))


class _Opener:
    """Opens sockets."""

    def __init__(
        self,
        app: AsyncApp,
        settings: Settings,
        session: aiohttp.ClientSession,
        line: Line,
        heartbeat: float,
        back_off: wait_base,
    ) -> None:
        token = settings.slack_app_token
        self._client = client_with(settings, session, token.get_secret_value() if token else None)
        self._app = app
        self._session = session
        self._line = line
        self._heartbeat, self._back_off = heartbeat, back_off

    async def open(self) -> _Socket:
        """A socket on which Slack has greeted us, however long that takes. Raises SlackRefused."""
        return await knock(self._knock, self._back_off)

    async def _knock(self) -> _Socket:
        url, proxy = await self._address(), self._client.proxy
        async with asyncio.timeout(_HELLO):
            connection = await self._session.ws_connect(url, heartbeat=self._heartbeat, proxy=proxy)
            socket = _Socket(connection, self._app, self._line)
            try:
                greeting = await connection.receive()
            except BaseException:
                await socket.close()
                raise
        if greeting.type is not aiohttp.WSMsgType.TEXT:
            await socket.close()
            raise ConnectionError("a socket without a greeting")
        _log.info("a socket to Slack is open")
        return socket

    async def _address(self) -> str:
        """Where the next socket can be opened, once."""
        try:
            with reading_answer():
                return word((await self._client.apps_connections_open(app_token=self._client.token or ""))["url"])
        except SlackApiError as error:
            if reason_of(error) not in _FINAL:
                raise
            raise SlackRefused(
                f"Slack opens no socket with this SLACK_APP_TOKEN ({reason_of(error)}): make a new one with the scope "
                "connections:write, under Basic Information, App-Level Tokens."
            ) from None


class _Socket(AsyncBaseSocketModeClient):
    """One open connection."""

    logger = logging.getLogger(f"{__name__}.answers")

    def __init__(self, connection: aiohttp.ClientWebSocketResponse, app: AsyncApp, line: Line) -> None:
        self._connection = connection
        self._app = app
        self._line = line
        self._answering: set[asyncio.Task[None]] = set()
        self.is_spent = asyncio.Event()
        """Set when another one is needed: this one has ended, or Slack has said that it soon will."""

    async def listen(self) -> None:
        """Hand on all that comes, until the connection ends or answers no more."""
        self._line.sockets += 1
        try:
            async for message in self._connection:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._hear_safely(message.data)
        finally:
            self._line.sockets -= 1
            self.is_spent.set()
            await self.close()

    async def close(self) -> None:
        """Give what is being answered a little time, then leave."""
        await _wait_for(self._answering, _LAST_ANSWERS)
        for task in self._answering:
            task.cancel()
        await _wait_for(self._answering, _LAST_STEPS)
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                await self._connection.close()

    async def send_message(self, message: str) -> None:
        """Send an answer."""
        await self._connection.send_str(message)

    def _hear_safely(self, data: str) -> None:
        """Whatever one message is, the next ones are heard."""
        try:
            self._hear(data)
        except Exception as error:  # noqa: BLE001 (an error would quote the message)
            _log.error("something that Slack has told could not be heard", fault=type(error).__name__)

    def _hear(self, data: str) -> None:
        match _read(data):
            case SocketModeRequest() as request:
                task = asyncio.create_task(self._answer(request))
                self._answering.add(task)
                task.add_done_callback(self._answering.discard)
            case {"type": "disconnect", **more}:
                _log.info("Slack asks for a new socket", reason=more.get("reason"))
                self.is_spent.set()
            case _:
                _log.warning("Slack has told something that is not known")

    async def _answer(self, request: SocketModeRequest) -> None:
        """What is not acknowledged, Slack tells again; so nothing is lost when this fails."""
        began = time.time()
        try:
            await send_async_response(self, request, await self._answer_to(request), began)
        except ConnectionError:
            _log.info("a socket has ended before an answer", envelope=request.envelope_id)
        except Exception:  # noqa: BLE001 (whatever it is, the other answers go on)
            _log.exception("something that Slack has told failed", envelope=request.envelope_id)

    async def _answer_to(self, request: SocketModeRequest) -> BoltResponse:
        """What nobody can read is acknowledged: nobody could if it were told again."""
        try:
            response = await run_async_bolt_app(self._app, request)
        except NONSENSE as error:  # bolt answers for all errors but those of its own reading
            _log.warning("something that Slack has told cannot be read", fault=fault_in(error))
            response = BoltResponse(status=HTTPStatus.BAD_REQUEST)
        return BoltResponse(status=HTTPStatus.OK) if response.status == HTTPStatus.BAD_REQUEST else response


def _read(data: str) -> Any:
    """What Slack asks of the app, or what else it tells; None for what cannot be read."""
    try:
        told = json.loads(data)
        return isinstance(told, dict) and (SocketModeRequest.from_dict(told) or told)
    except (ValueError, TypeError, RecursionError):  # the SDK raises the second, of a payload that is no object
        return None


async def _wait_for(tasks: Collection[asyncio.Task[None]], seconds: float) -> None:
    if tasks:
        await asyncio.wait(tasks, timeout=seconds)
