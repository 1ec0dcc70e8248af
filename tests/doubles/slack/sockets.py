"""Socket Mode: an app opens connections, and each payload goes to any one of them."""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.doubles.slack.deliveries import ACK_SECONDS, Attempt, Delivery
from tests.doubles.slack.errors import Json
from tests.doubles.slack.world import World

PATH = "/link/"
MOST = 10
"""Connections of an app at a time."""


@dataclass(eq=False)
class Socket:
    """One connection of the app."""

    connection: web.WebSocketResponse
    transport: asyncio.Transport
    is_silent: bool = False
    """Half-open: nothing comes in or goes out, no ping is answered, and nobody is told."""
    delay: float = 0.0
    """Seconds that everything takes on its way to the app."""
    given: list[Delivery] = field(default_factory=list)
    """What was sent by it."""

    async def send(self, payload: Json) -> bool:
        """False if the line is dead, as far as Slack can tell."""
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.is_silent:
            return True
        try:
            await self.connection.send_str(json.dumps(payload))
        except ConnectionError:
            return False
        return True

    def drop(self) -> None:
        """Cut the line without a word."""
        self.transport.abort()


class Sockets:
    """All connections, and what was sent by them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.ack_seconds = ACK_SECONDS
        self.live: list[Socket] = []
        self.opened = 0
        """How many connections there ever were."""
        self._tickets: set[str] = set()
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        """Who waits for the acknowledgement of an envelope."""
        self._turn = 0

    # --- connecting ---

    def new_url(self) -> str:
        """An address that takes one connection."""
        ticket = secrets.token_hex(12)
        self._tickets.add(ticket)
        return f"{self._world.base_url.replace('http', 'ws', 1)}{PATH}?ticket={ticket}&app_id={self._world.app.id}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("ticket") not in self._tickets:
            return web.Response(status=404)
        self._tickets.discard(request.query["ticket"])
        connection = web.WebSocketResponse(autoping=False, autoclose=False)
        await connection.prepare(request)
        if not isinstance(request.transport, asyncio.Transport):
            raise TypeError
        socket = Socket(connection, request.transport)
        if len(self.live) >= MOST:
            await socket.send({"type": "disconnect", "reason": "too_many_websockets"})
            await connection.close()
            return connection
        self.live.append(socket)
        self.opened += 1
        try:
            await socket.send(self._hello())
            await self._listen(socket)
        finally:
            if socket in self.live:
                self.live.remove(socket)
        return connection

    def _hello(self) -> Json:
        debug = {"host": "applink-1", "build_number": 1, "approximate_connection_time": 18_060}
        about = {"app_id": self._world.app.id}
        return {"type": "hello", "num_connections": len(self.live), "connection_info": about, "debug_info": debug}

    async def _listen(self, socket: Socket) -> None:
        async for message in socket.connection:
            if socket.is_silent:
                continue
            if message.type is WSMsgType.PING:
                await socket.connection.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                self._acknowledge(json.loads(message.data))
        # a silent one does not even answer a good-bye
        while socket.is_silent and not socket.transport.is_closing():  # noqa: ASYNC110 (a transport tells nobody)
            await asyncio.sleep(0.02)
        await socket.connection.close()

    def _acknowledge(self, answer: Json) -> None:
        waiting = self._waiting.get(answer["envelope_id"])
        if waiting is not None and not waiting.done():
            waiting.set_result(answer.get("payload"))

    # --- sending ---

    async def send(self, delivery: Delivery, attempt: Attempt) -> None:
        """Send it by a socket that has not had it yet, if there is one, and wait for the acknowledgement."""
        socket = self._next(delivery)
        if socket is None:
            attempt.failure = "no_active_socket"
            return
        attempt.via = socket
        socket.given.append(delivery)
        id_ = secrets.token_hex(18)
        envelope: Json = {
            "envelope_id": id_,
            "type": delivery.kind.value,
            "payload": delivery.payload,
            "accepts_response_payload": delivery.kind.value != "events_api",
        }
        if delivery.kind.value == "events_api":
            envelope |= {"retry_attempt": attempt.number, "retry_reason": attempt.reason}
        waiting = self._waiting[id_] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self.ack_seconds):
                await socket.send(envelope)
                attempt.body = await waiting
            attempt.status = 200
        except TimeoutError:
            attempt.failure = "timeout"
        finally:
            del self._waiting[id_]

    def _next(self, delivery: Delivery) -> Socket | None:
        """Whose turn it is, among those that have not had it if there are such."""
        tried = {attempt.via for attempt in delivery.attempts}
        fresh = [socket for socket in self.live if socket not in tried] or self.live
        if not fresh:
            return None
        self._turn += 1
        return fresh[self._turn % len(fresh)]

    # --- what happens to connections ---

    async def warn(self, socket: Socket) -> None:
        """Tell that this connection will be taken down in some seconds."""
        await socket.send({"type": "disconnect", "reason": "warning", "debug_info": {"host": "applink-1"}})

    async def refresh(self, socket: Socket) -> None:
        """Ask the app to connect anew, and take this connection down, as Slack does every few hours."""
        await socket.send({"type": "disconnect", "reason": "refresh_requested", "debug_info": {"host": "applink-1"}})
        await socket.connection.close()

    def drop_all(self) -> None:
        for socket in [*self.live]:
            socket.drop()
