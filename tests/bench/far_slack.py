"""The least of a Slack, in a process of its own: it sends what is to be measured, and takes every call for granted."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import inspect
import itertools
import json
import multiprocessing
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from tests.bench.town import Orders

TEAM, BOT, AGENT, AGENTS = "T0BENCH", "U0BOT", "U0AGENT", "S0AGENTS"
SUPPORT, AGENTS_CHANNEL, ELSEWHERE = "C0SUPPORT", "C0AGENTS", "C0ELSEWHERE"
SIGNING_SECRET = "0123456789abcdef"
_TALK = "we are having pizza for lunch, who wants to come along?"
_REQUEST = "since the last update the gallery crashes as soon as I open the settings"
_MORE = "it is version 2.1 by the way, and it happens in every browser that I have"
_AT_ONCE = 16
"""Events on their way at a time."""
_APART = 20
"""Seconds between two repetitions of an event, by their signatures: in the same second, it would be a replay."""

Json = dict[str, Any]


class Line(StrEnum):
    """How events come to a bot."""

    HTTP = "HTTP"
    SOCKET = "Socket Mode"


class Kind(StrEnum):
    """What is sent."""

    ELSEWHERE = "elsewhere"
    TALK = "talk"
    REQUEST = "request"
    IN_TICKET = "in ticket"
    AGAIN = "again"


@dataclass
class Listener:
    """A bot, by its URL or the token with which it opens sockets, and how far it has been told."""

    numbers: Iterator[int] = field(default_factory=itertools.count)
    asked: list[Json] = field(default_factory=list)
    """The events of all requests."""
    followed: int = 0
    """How many of these were followed by further words."""
    repeated: int = 0
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    turn: int = 0


class FarSlack:
    """A workspace whose people do, on order, what is to be measured. Its public methods are the orders."""

    def __init__(self) -> None:
        self.base = ""
        self.http: aiohttp.ClientSession
        self._listeners: defaultdict[str, Listener] = defaultdict(Listener)
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        """Who waits for the acknowledgement of an envelope."""

    def api_url(self) -> str:
        """Where the Web API is."""
        return f"{self.base}/api/"

    # --- orders --------------------------------------------------------------------------------------

    async def meet(self, to: str, people: int) -> None:
        """Let a bot know so many customers."""
        await self._send_all(to, [_event(_said(SUPPORT, _customer(number), _TALK)) for number in range(people)])

    async def flood(self, to: str, kind: Kind, count: int) -> None:
        """So many events of a kind, all of them acknowledged in the end."""
        listener = self._listeners[to]
        await self._send_all(to, [self._next(listener, kind) for _ in range(count)])

    def _next(self, listener: Listener, kind: Kind) -> Json:
        number = next(listener.numbers)
        match kind:
            case Kind.ELSEWHERE:
                return _event(_said(ELSEWHERE, _customer(number % 50), _TALK))
            case Kind.TALK:
                return _event(_said(SUPPORT, _customer(number % 50), _TALK))
            case Kind.REQUEST:
                listener.asked.append(_event(_said(SUPPORT, _customer(len(listener.asked)), _REQUEST)))
                return listener.asked[-1]
            case Kind.IN_TICKET:
                root = listener.asked[listener.followed % len(listener.asked)]["event"]
                listener.followed += 1
                return _event(_said(SUPPORT, root["user"], _MORE) | {"thread_ts": root["ts"]})
            case Kind.AGAIN:
                listener.repeated += 1
                times, which = divmod(listener.repeated, len(listener.asked))
                return listener.asked[which] | {_SIGNED_BEFORE: (times + 1) * _APART}

    async def _send_all(self, to: str, events: list[Json]) -> None:
        left = iter(events)

        async def sender() -> None:
            for event in left:
                await self._send(to, "events_api", event)

        await asyncio.gather(*(sender() for _ in range(_AT_ONCE)))

    async def claim(self, to: str, count: int) -> list[float]:
        """Use `/claim` so often, one after the other; how many seconds each took to be answered."""
        times = []
        for number in range(count):
            asked = _command("/claim", number)
            before = time.perf_counter()
            answer = await self._send(to, "slash_commands", asked)
            times.append(time.perf_counter() - before)
            if "is now yours" not in json.dumps(answer):
                raise RuntimeError(f"a claim was not answered, but {answer!r:.200}")
        return times

    # --- sending -------------------------------------------------------------------------------------

    async def _send(self, to: str, kind: str, payload: Json) -> Any:
        return await (self._post if to.startswith("http") else self._push)(to, kind, payload)

    async def _post(self, url: str, kind: str, payload: Json) -> Any:
        signed_before = payload.get(_SIGNED_BEFORE, 0)
        told = {name: value for name, value in payload.items() if name != _SIGNED_BEFORE}
        is_event = kind == "events_api"
        body = (json.dumps(told) if is_event else urlencode(told)).encode()
        at = str(int(time.time()) - signed_before)
        key = hmac.new(SIGNING_SECRET.encode(), b"v0:" + at.encode() + b":" + body, hashlib.sha256)
        headers = {
            "Content-Type": "application/json" if is_event else "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": at,
            "X-Slack-Signature": f"v0={key.hexdigest()}",
        }
        if signed_before:
            headers |= {"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}
        async with self.http.post(url, data=body, headers=headers, raise_for_status=True) as response:
            words = await response.text()
            return json.loads(words) if words else None

    async def _push(self, token: str, kind: str, payload: Json) -> Any:
        listener = self._listeners[token]
        listener.turn += 1
        id_ = f"{token}-{listener.turn}"
        told = {name: value for name, value in payload.items() if name != _SIGNED_BEFORE}
        envelope = {"envelope_id": id_, "type": kind, "payload": told, "accepts_response_payload": kind != "events_api"}
        if kind == "events_api":
            envelope |= {"retry_attempt": int(_SIGNED_BEFORE in payload), "retry_reason": ""}
        waiting = self._waiting[id_] = asyncio.get_running_loop().create_future()
        await listener.sockets[listener.turn % len(listener.sockets)].send_str(json.dumps(envelope))
        async with asyncio.timeout(30):
            answer = await waiting
        del self._waiting[id_]
        return answer

    # --- what the bots ask for -----------------------------------------------------------------------

    def web_app(self) -> web.Application:
        """The Web API, and where sockets are opened."""
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._answer)
        app.router.add_get("/link/{token}", self._link)
        return app

    async def _answer(self, request: web.Request) -> web.Response:
        asked = await request.post() if request.content_type != "application/json" else await request.json()
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        told: Json = {
            "team_id": TEAM,
            "user_id": BOT,
            "bot_id": "B0BOT",
            "url": "https://bench.slack.com/",
            "ts": _ts(),
        }
        match request.match_info["method"]:
            case "apps.connections.open":
                told = {"url": f"{self.base.replace('http', 'ws', 1)}/link/{token}"}
            case "users.info":
                user = asked.get("user") or request.query["user"]
                told = {"user": {"id": user, "team_id": TEAM, "name": user, "locale": "en-US", "profile": {}}}
            case "usergroups.list":
                told = {"usergroups": [{"id": AGENTS, "name": "Agents", "users": [AGENT]}]}
        return web.json_response({"ok": True} | told)

    async def _link(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(
            json.dumps({"type": "hello", "num_connections": 1, "debug_info": {}, "connection_info": {}})
        )
        sockets = self._listeners[request.match_info["token"]].sockets
        sockets.append(socket)
        async for message in socket:
            answer = json.loads(message.data)
            self._waiting[answer["envelope_id"]].set_result(answer.get("payload"))
        sockets.remove(socket)
        return socket


_SIGNED_BEFORE = "signed_before"
"""Beside a payload that is told again: so many seconds earlier than now it was signed."""
_EVENTS = itertools.count(1)


def _customer(number: int) -> str:
    return f"U0C{number:06d}"


def _ts() -> str:
    return f"{int(time.time())}.{next(_EVENTS):06d}"


def _said(channel: str, user: str, words: str) -> Json:
    ts = _ts()
    element = {"type": "rich_text_section", "elements": [{"type": "text", "text": words}]}
    return {
        "type": "message",
        "user": user,
        "ts": ts,
        "client_msg_id": f"5c9e1c0e-0000-4000-8000-{next(_EVENTS):012d}",
        "text": words,
        "team": TEAM,
        "blocks": [{"type": "rich_text", "block_id": "b1", "elements": [element]}],
        "channel": channel,
        "event_ts": ts,
        "channel_type": "channel",
    }


def _event(event: Json) -> Json:
    authorization = {"enterprise_id": None, "team_id": TEAM, "user_id": BOT, "is_bot": True}
    return {
        "token": "verification",
        "team_id": TEAM,
        "context_team_id": TEAM,
        "context_enterprise_id": None,
        "api_app_id": "A0BENCH",
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev{next(_EVENTS):08d}",
        "event_time": int(time.time()),
        "authorizations": [authorization | {"is_enterprise_install": False}],
        "is_ext_shared_channel": False,
        "event_context": "4-bench",
    }


def _command(name: str, number: int) -> Json:
    return {
        "token": "verification",
        "team_id": TEAM,
        "team_domain": "bench",
        "channel_id": AGENTS_CHANNEL,
        "channel_name": "agents",
        "user_id": AGENT,
        "user_name": "aylin",
        "command": name,
        "text": "",
        "api_app_id": "A0BENCH",
        "is_enterprise_install": "false",
        "response_url": "http://127.0.0.1:9/",
        "trigger_id": f"{number}.{next(_EVENTS)}.bench",
    }


# --- its process -------------------------------------------------------------------------------------


@asynccontextmanager
async def far_slack() -> AsyncIterator[Orders]:
    """Start it in a process of its own."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Orders(ours)
    finally:
        ours.close()
        process.join(timeout=5)


def _run(pipe: Connection) -> None:
    asyncio.run(_obey(pipe))


async def _obey(pipe: Connection) -> None:
    slack = FarSlack()
    runner = web.AppRunner(slack.web_app(), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as slack.http:
        while True:
            try:
                order, values = await asyncio.to_thread(pipe.recv)
            except EOFError:
                break
            answer = getattr(slack, order)(*values)
            pipe.send(await answer if inspect.isawaitable(answer) else answer)
    await runner.cleanup()
