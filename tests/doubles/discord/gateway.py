"""The gateway: sockets that come and go, and sessions that outlive them."""

from __future__ import annotations

import asyncio
import importlib
import json
import secrets
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

from aiohttp import WSMsgType, web

from tests.doubles.discord import shapes
from tests.doubles.discord.errors import Json
from tests.doubles.discord.permissions import sees
from tests.doubles.discord.schema import Checker
from tests.doubles.discord.world import GuildState, World

GUILDS, GUILD_MEMBERS, MODERATION, GUILD_MESSAGES, MESSAGE_CONTENT = 1, 1 << 1, 1 << 2, 1 << 9, 1 << 15
PRIVILEGED = GUILD_MEMBERS | 1 << 8 | MESSAGE_CONTENT


class Op(IntEnum):
    """What a payload is about."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE = 4
    RESUME = 6
    RECONNECT = 7
    MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    ACK = 11


def _intent(event: str) -> int:
    """The intent that a client needs to hear of an event; 0 if it always does."""
    if event == "INTERACTION_CREATE":
        return 0
    if event.startswith("GUILD_MEMBER"):
        return GUILD_MEMBERS
    if event.startswith("GUILD_BAN"):
        return MODERATION
    return GUILD_MESSAGES if event.startswith("MESSAGE") else GUILDS


class Compressor(Protocol):
    """What a compressing transport does with each payload."""

    def __call__(self, text: bytes) -> bytes: ...


def _zlib() -> Compressor:
    context = zlib.compressobj()
    return lambda text: context.compress(text) + context.flush(zlib.Z_SYNC_FLUSH)


def _zstd() -> Compressor:
    """Only Python 3.14 and later can: earlier ones do not ask for it either."""
    context = importlib.import_module("compression.zstd").ZstdCompressor()
    return lambda text: bytes(context.compress(text, mode=context.FLUSH_BLOCK))


COMPRESSORS: dict[str, Callable[[], Compressor]] = {"zlib-stream": _zlib, "zstd-stream": _zstd}


@dataclass(eq=False)
class Socket:
    """One connection of a client. What is sent waits in a queue, so that telling an event never blocks."""

    connection: web.WebSocketResponse
    transport: asyncio.Transport
    compress: Compressor | None
    session: Session | None = None
    is_deaf: bool = False
    """Half-open: nothing comes in or goes out, and the client is not told."""
    is_closed_here: bool = False
    """Whether the client did not ask for the end: then it can resume."""
    waiting: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    async def pump(self, delay: Callable[[], float]) -> None:
        """Send what waits, each after the delay that holds at that moment (seconds)."""
        while True:
            text = await self.waiting.get()
            if delay():
                await asyncio.sleep(delay())
            if self.is_deaf or self.connection.closed:
                continue
            if self.compress is None:
                await self.connection.send_str(text)
            else:
                await self.connection.send_bytes(self.compress(text.encode()))

    def send(self, op: int, data: object = None) -> None:
        self.waiting.put_nowait(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    async def close(self, code: int, reason: str = "") -> None:
        self.is_closed_here = True
        await self.connection.close(code=code, message=reason.encode())

    def drop(self) -> None:
        """Cut the line without a word."""
        self.transport.abort()


@dataclass(eq=False)
class Session:
    """What a client that identified itself has heard so far; another socket can take it up again."""

    intents: int
    shard: int
    shards: int
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    heard: list[str] = field(default_factory=list)
    """Every payload with its number, from 1 on."""
    socket: Socket | None = None
    at: float = field(default_factory=time.monotonic)
    """When it identified itself, in monotonic seconds."""

    def hears_guild(self, guild_id: str) -> bool:
        return (int(guild_id) >> 22) % self.shards == self.shard

    def tell(self, event: str, data: Json) -> None:
        payload = {"op": Op.DISPATCH, "t": event, "s": len(self.heard) + 1, "d": data}
        self.heard.append(json.dumps(payload))
        if self.socket is not None:
            self.socket.waiting.put_nowait(self.heard[-1])

    def replay(self, after: int) -> None:
        """Tell the socket again everything after a number."""
        if self.socket is not None:
            for text in self.heard[after:]:
                self.socket.waiting.put_nowait(text)


class Gateway:
    """Accepts sockets and tells each session what it may hear."""

    def __init__(self, world: World, checker: Checker) -> None:
        self._world = world
        self._checker = checker
        world.emit = self.emit
        self.url = ""
        self.sessions: dict[str, Session] = {}
        self.sockets: set[Socket] = set()
        self.received: list[Json] = []
        """Everything that clients sent."""
        self.heartbeat_seconds = 41.25
        self.identify_every = 0.0
        """Seconds between two IDENTIFYs of a bucket; real Discord wants 5, and 0 does not look at it."""
        self.max_concurrency = 1
        self.recommended_shards = 1
        self.most_identifications = 1000
        """How many IDENTIFYs are granted until the count begins anew."""
        self.begins_anew_after = 14_400.0
        """Seconds until it does."""
        self.refuses_resume = False
        self.delay = 0.0
        """Seconds by which every payload comes late."""
        self.answers_heartbeats = True
        self._identified: dict[int, float] = {}

    @property
    def live(self) -> list[Session]:
        """The sessions that have a socket."""
        return [session for session in self.sessions.values() if session.socket is not None]

    # --- telling ---

    def emit(self, guild: GuildState, event: str, data: Json) -> None:
        """Tell an event of a guild to every session that may hear it."""
        if not self._bot_sees(guild, event, data):
            return
        self._checker.check_dispatch(event, data)
        needed = _intent(event)
        about_me = event == "GUILD_MEMBER_UPDATE" and data["user"]["id"] == self._world.me.id
        for session in self.sessions.values():
            if session.hears_guild(guild.id) and (about_me or session.intents & needed == needed):
                session.tell(event, self._as_heard(session, event, data))

    def _bot_sees(self, guild: GuildState, event: str, data: Json) -> bool:
        """Whether the bot may know of the place where it happened; of channels themselves it always does."""
        if not event.startswith(("MESSAGE", "THREAD")):
            return True
        place = self._world.places[data["channel_id"] if event.startswith("MESSAGE") else data["id"]]
        return sees(guild.bot, place)

    def _as_heard(self, session: Session, event: str, data: Json) -> Json:
        """Without what the session has no intent for."""
        me = self._world.me.id
        if event == "THREAD_MEMBERS_UPDATE" and not session.intents & GUILD_MEMBERS:
            mine = [member for member in data.get("added_members", []) if member["user_id"] == me]
            return {**data, "added_members": mine}
        if event not in {"MESSAGE_CREATE", "MESSAGE_UPDATE"} or session.intents & MESSAGE_CONTENT:
            return data
        return without_content(data, me)

    # --- sockets ---

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection, from HELLO to its end."""
        connection = web.WebSocketResponse(compress=False, max_msg_size=1 << 20)
        await connection.prepare(request)
        asked = request.query.get("compress")
        transport = request.transport
        if not isinstance(transport, asyncio.Transport):
            return connection
        socket = Socket(connection, transport, COMPRESSORS[asked]() if asked else None)
        self.sockets.add(socket)
        pump = asyncio.create_task(socket.pump(lambda: self.delay))
        try:
            socket.send(Op.HELLO, {"heartbeat_interval": int(self.heartbeat_seconds * 1000)})
            await self._listen(socket)
        except ConnectionError:
            pass
        finally:
            pump.cancel()
            self.sockets.discard(socket)
            self._part(socket)
        return connection

    def _part(self, socket: Socket) -> None:
        session = socket.session
        if session is None or session.socket is not socket:
            return
        session.socket = None
        if socket.connection.close_code in {1000, 1001} and not socket.is_closed_here:
            self.sessions.pop(session.id, None)

    async def _listen(self, socket: Socket) -> None:
        async for message in socket.connection:
            if message.type is not WSMsgType.TEXT:
                await socket.close(4002, "Error while decoding payload.")
                return
            if socket.is_deaf:
                continue
            payload = json.loads(message.data)
            self.received.append(payload)
            self._checker.check_gateway_request(payload)
            try:
                await self._hear(socket, payload)
            except Exception as error:
                self._checker.note(f"gateway: {payload} was not understood: {error!r}")
                raise

    async def _hear(self, socket: Socket, payload: Json) -> None:
        match payload["op"]:
            case Op.HEARTBEAT:
                if self.answers_heartbeats:
                    socket.send(Op.ACK)
            case Op.IDENTIFY:
                await self._identify(socket, payload["d"])
            case Op.RESUME:
                await self._resume(socket, payload["d"])
            case Op.PRESENCE | Op.VOICE:
                pass
            case Op.MEMBERS:
                self._tell_members(socket, payload["d"])
            case _:
                await socket.close(4001, "Unknown opcode.")

    async def _identify(self, socket: Socket, data: Json) -> None:
        shard, shards = data.get("shard", [0, 1])
        if not await self._is_welcome(socket, data, shard, shards):
            return
        session = Session(data["intents"], shard, shards, socket=socket)
        socket.session = session
        self.sessions[session.id] = session
        guilds = [guild for guild in self._world.guilds.values() if guild.has_bot and session.hears_guild(guild.id)]
        ready = self._ready(session, guilds)
        self._checker.check_dispatch("READY", ready)
        session.tell("READY", ready)
        for guild in guilds:
            if guild.is_down:
                continue
            shape = shapes.guild(guild) | {"unavailable": False}
            self._checker.check_dispatch("GUILD_CREATE", shape)
            session.tell("GUILD_CREATE", shape)

    async def _is_welcome(self, socket: Socket, data: Json, shard: int, shards: int) -> bool:
        """Whether the client may identify; if not, it is told why."""
        if socket.session is not None:
            return await self._close(socket, 4005, "Already authenticated.")
        if data["token"] != self._world.token:
            return await self._close(socket, 4004, "Authentication failed.")
        if not 0 <= shard < shards:
            return await self._close(socket, 4010, "Invalid shard.")
        allowed = MESSAGE_CONTENT if self._world.allow_message_content else 0
        if data["intents"] & PRIVILEGED & ~allowed:
            return await self._close(socket, 4014, "Disallowed intent(s).")
        bucket, now = shard % self.max_concurrency, time.monotonic()
        if self.identify_every and now - self._identified.get(bucket, -self.identify_every) < self.identify_every:
            socket.send(Op.INVALID_SESSION, data=False)
            return False
        self._identified[bucket] = now
        return True

    @staticmethod
    async def _close(socket: Socket, code: int, message: str) -> bool:
        await socket.close(code, message)
        return False

    def _ready(self, session: Session, guilds: list[GuildState]) -> Json:
        me = shapes.user(self._world.me) | {"verified": True, "mfa_enabled": False, "email": None}
        flags = 1 << 18
        return {
            "v": 10,
            "user": me,
            "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "shard": [session.shard, session.shards],
            "application": {"id": me["id"], "flags": flags, "flags_new": str(flags)},
        }

    async def _resume(self, socket: Socket, data: Json) -> None:
        session = self.sessions.get(data["session_id"])
        if data["token"] != self._world.token:
            await self._close(socket, 4004, "Authentication failed.")
            return
        if session is None or self.refuses_resume or not 0 <= data["seq"] <= len(session.heard):
            self.sessions.pop(data["session_id"], None)
            socket.send(Op.INVALID_SESSION, data=False)
            return
        if session.socket is not None:
            session.socket.drop()
        session.socket = socket
        socket.session = session
        session.replay(data["seq"])
        session.tell("RESUMED", {})

    def _tell_members(self, socket: Socket, data: Json) -> None:
        """Answer a request for members: only for single ones, which needs no privileged intent."""
        guild = self._world.guilds[str(data["guild_id"])]
        wanted = data.get("user_ids", [])
        ids = [str(id_) for id_ in (wanted if isinstance(wanted, list) else [wanted])]
        found = [shapes.member(guild.members[id_]) for id_ in ids if id_ in guild.members]
        missing = [id_ for id_ in ids if id_ not in guild.members]
        chunk: Json = {"guild_id": guild.id, "members": found, "not_found": missing, "chunk_index": 0, "chunk_count": 1}
        if "nonce" in data:
            chunk["nonce"] = data["nonce"]
        self._checker.check_dispatch("GUILD_MEMBERS_CHUNK", chunk)
        if socket.session is not None:
            socket.session.tell("GUILD_MEMBERS_CHUNK", chunk)

    # --- faults ---

    def drop_sockets(self) -> None:
        """Cut every line without a word; the sessions can be resumed."""
        for socket in list(self.sockets):
            socket.drop()

    async def close_sockets(self, code: int) -> None:
        """Close every line with a code."""
        for socket in list(self.sockets):
            await socket.close(code)

    def go_deaf(self) -> None:
        """Make the present sockets half-open; new ones work."""
        for socket in list(self.sockets):
            socket.is_deaf = True
            if socket.session is not None:
                socket.session.socket = None

    def ask_to_reconnect(self) -> None:
        """Op 7."""
        for socket in list(self.sockets):
            socket.send(Op.RECONNECT)

    def invalidate(self, *, resumable: bool) -> None:
        """Op 9; a session that is not resumable is forgotten."""
        for socket in list(self.sockets):
            socket.send(Op.INVALID_SESSION, data=resumable)
            if not resumable and socket.session is not None:
                self.sessions.pop(socket.session.id, None)

    def forget_sessions(self) -> None:
        """As after a long outage: nobody can resume, and nobody is told until they try."""
        self.sessions.clear()


def without_content(message: Json, me: str) -> Json:
    """A message as an application reads it that has no intent for its content."""
    mentions_me = any(user["id"] == me for user in message["mentions"])
    if message["author"]["id"] == me or mentions_me:
        return message
    return {**message, "content": "", "embeds": [], "attachments": [], "components": []}
