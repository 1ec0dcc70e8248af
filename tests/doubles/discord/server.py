"""A stand-in for Discord on a port of this machine: `async with discord_double() as discord`."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import discord.gateway
import discord.http
import yarl
from aiohttp import web

from tests.doubles.discord import application_routes, channel_routes, shapes
from tests.doubles.discord.errors import ApiError, too_many
from tests.doubles.discord.faults import Fault, Scope, Window
from tests.doubles.discord.gateway import Gateway
from tests.doubles.discord.interactions import Interactions
from tests.doubles.discord.people import Guild
from tests.doubles.discord.permissions import FOR_EVERYONE, FOR_THE_BOT
from tests.doubles.discord.rest import PREFIX, Answer, Call, Request, Rest, Routes
from tests.doubles.discord.schema import Checker
from tests.doubles.discord.world import Thread, World

TOKEN = "MTAwMDAwMDAwMDAwMDAwMDAwMA.double.of-discord"
_MESSAGES = {500: "500: Internal Server Error", 502: "502: Bad Gateway", 503: "503: Service Unavailable"}


class Double:
    """The whole stand-in: what exists, who listens, what was asked, and what goes wrong."""

    def __init__(self, *, checked: bool) -> None:
        self.token = TOKEN
        self.checker = Checker(is_on=checked)
        self.world = World(self.token)
        self.interactions = Interactions(self.world)
        self.gateway = Gateway(self.world, self.checker)
        self.rest = Rest(self.world, self.interactions, self.checker)

    # --- addresses ---

    @property
    def api_url(self) -> str:
        return self.world.base_url + PREFIX

    @property
    def gateway_url(self) -> str:
        return self.gateway.url

    @contextmanager
    def redirected(self) -> Iterator[None]:
        """Let discord.py in this process talk to the stand-in."""
        before = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
        discord.http.Route.BASE = self.api_url
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(self.gateway_url)
        try:
            yield
        finally:
            discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = before

    # --- what exists ---

    def add_guild(
        self,
        name: str,
        *,
        locale: str = "en-US",
        bot_permissions: int = FOR_THE_BOT,
        everyone: int = FOR_EVERYONE,
    ) -> Guild:
        """A guild that the bot is in; it is told of it at once, if it listens already."""
        guild = Guild(
            self.world,
            self.world.ids.new_guild(),
            name,
            locale,
            self.world.owner.id,
            int(bot_permissions),
            int(everyone),
            interactions=self.interactions,
        )
        self.world.guilds[guild.id] = guild
        guild.emit("GUILD_CREATE", shapes.guild(guild))
        return guild

    @property
    def threads(self) -> list[Thread]:
        """All threads of all guilds, the oldest first."""
        return [thread for guild in self.world.guilds.values() for thread in guild.threads]

    # --- what was asked ---

    @property
    def requests(self) -> list[Request]:
        return self.rest.requests

    @property
    def counted(self) -> list[Request]:
        """The calls that count against the global limit."""
        return [request for request in self.requests if request.counts]

    @property
    def invalid_requests(self) -> int:
        """Those of which 10,000 in ten minutes get an address banned."""
        return sum(request.status in {401, 403, 429} and request.scope != "shared" for request in self.requests)

    @property
    def violations(self) -> list[str]:
        """What did not fit Discord's descriptions; the end of the test raises if there is any."""
        return self.checker.violations

    async def until(self, condition: Callable[[], object], seconds: float = 5.0) -> None:
        """Wait for something to become true."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                last = [f"{each.method} {each.path} -> {each.status}" for each in self.requests[-5:]]
                raise TimeoutError(f"not within {seconds} s; the last calls were {last}")
            await asyncio.sleep(0.005)

    async def until_connected(self, sessions: int = 1, seconds: float = 10.0) -> None:
        """Wait until so many clients have identified themselves or resumed."""
        await self.until(lambda: len(self.gateway.live) >= sessions, seconds)

    # --- what goes wrong ---

    def fail_next(
        self,
        method: str,
        path: str,
        status: int = 429,
        *,
        retry_after: float = 1.0,
        scope: Scope = "user",
        code: int = 0,
        times: int = 1,
        after_doing: bool = False,
    ) -> None:
        """Refuse the next calls whose path matches the regular expression; `retry_after` is in seconds."""
        error = too_many(retry_after, scope) if status == 429 else ApiError(status, code, _MESSAGES.get(status, "No"))
        self.rest.faults.add(Fault(method, re.compile(path), times, error, after_doing=after_doing))

    def drop_next(self, method: str, path: str, *, after_doing: bool, times: int = 1) -> None:
        """Cut the connection of the next matching calls, before or after their work."""
        self.rest.faults.add(Fault(method, re.compile(path), times, drop=True, after_doing=after_doing))

    def slow_next(self, method: str, path: str, seconds: float, *, times: int = 1) -> None:
        """Answer the next matching calls late; their work is done at once."""
        self.rest.faults.add(Fault(method, re.compile(path), times, delay=seconds, after_doing=True))

    def limit_global(self, calls: int, seconds: float = 1.0) -> None:
        """Keep the global limit, as Discord does with 50 calls a second."""
        self.rest.limits.everything = Window(calls, seconds)

    def limit_route(self, method: str, template: str, calls: int, seconds: float) -> None:
        """Keep a limit for each bucket of a route, e.g. "/channels/{channel_id}/messages"."""
        self.rest.limits.set_route(method, template, calls, seconds)

    def clear_faults(self) -> None:
        self.rest.faults.clear()

    # --- serving ---

    def app(self) -> web.Application:
        app = web.Application(client_max_size=30 * 1024 * 1024)
        app.router.add_get("/gateway/", self.gateway.serve)
        app.router.add_get("/attachments/{place}/{id}/{name}", self._file)
        self.rest.add_to(app, {**application_routes.ROUTES, **channel_routes.ROUTES, **self._gateway_routes()})
        return app

    async def _file(self, request: web.Request) -> web.Response:
        content = self.world.files.get(request.path)
        return web.Response(status=404) if content is None else web.Response(body=content)

    def _gateway_routes(self) -> Routes:
        def with_limits(_call: Call) -> Answer:
            limit = {
                "max_concurrency": self.gateway.max_concurrency,
                "remaining": max(self.gateway.most_identifications - len(self.gateway.sessions), 0),
                "reset_after": int(self.gateway.begins_anew_after * 1000),
                "total": self.gateway.most_identifications,
            }
            shards = self.gateway.recommended_shards
            return 200, {"url": self.gateway_url, "shards": shards, "session_start_limit": limit}

        return {
            ("GET", "/gateway"): lambda _call: (200, {"url": self.gateway_url}),
            ("GET", "/gateway/bot"): with_limits,
        }


@asynccontextmanager
async def discord_double(*, checked: bool = True, port: int = 0) -> AsyncIterator[Double]:
    """Start it; at the end, raise what did not fit Discord's descriptions. `checked=False` is for loads."""
    double = Double(checked=checked)
    runner = web.AppRunner(double.app(), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    host, number = runner.addresses[0][:2]
    double.world.base_url = f"http://{host}:{number}"
    double.gateway.url = f"ws://{host}:{number}/gateway/"
    try:
        yield double
    finally:
        double.gateway.drop_sockets()
        await runner.cleanup()
    if double.violations:
        different = list(dict.fromkeys(double.violations))
        raise AssertionError("against Discord's descriptions:\n" + "\n".join(different))
