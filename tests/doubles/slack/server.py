"""A stand-in for Slack on a port of this machine: `async with slack_double() as slack`."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from aiohttp import web
from yarl import URL

from tests.doubles.slack import api, message_methods, other_methods, responses, sockets, view_methods
from tests.doubles.slack.answers import Asking
from tests.doubles.slack.api import Api, Request
from tests.doubles.slack.commands import BUILT_IN
from tests.doubles.slack.deliveries import Deliveries, Kind
from tests.doubles.slack.errors import ApiError, ImpossibleError, Json, rate_limited
from tests.doubles.slack.faults import Fault
from tests.doubles.slack.other_methods import Codes, Consent
from tests.doubles.slack.people import Person, Shop
from tests.doubles.slack.responses import Responses
from tests.doubles.slack.schema import Checker
from tests.doubles.slack.sockets import Sockets
from tests.doubles.slack.webhooks import Webhooks
from tests.doubles.slack.world import App, World

SIGN_IN_PAGE = "<!DOCTYPE html><html><title>Sign in</title></html>"
"""What Slack shows, with status 200, to who may not have a file."""


class Double:
    """The whole stand-in: what exists, who listens, what was asked, and what goes wrong."""

    def __init__(self, *, checked: bool) -> None:
        self.checker = Checker(is_on=checked)
        self.world = World()
        self.sockets = Sockets(self.world)
        self.deliveries = Deliveries(self.sockets)
        self.codes = Codes(self.world)
        methods = other_methods.with_parts(self.codes, self.sockets)
        self.api = Api(self.world, self.checker, methods | message_methods.METHODS | view_methods.METHODS)
        self.responses = Responses(self.world, self.checker, self.api.faults)
        self.asking = Asking(self.deliveries, self.responses)
        self.webhooks: Webhooks | None = None
        self.installer: Person | None = None
        """Who looks at Slack's page of consent, and agrees; None says no."""
        self.world.tell = self.deliveries.tell

    # --- addresses and keys ---

    @property
    def api_url(self) -> str:
        return self.world.base_url + api.PATH

    @property
    def app(self) -> App:
        return self.world.app

    # --- what exists ---

    def add_workspace(
        self,
        name: str = "Shop",
        *,
        enterprise: bool = False,
        organisation: bool = False,
        has_groups: bool = True,
        scopes: Iterable[str] = (),
        installed: bool = True,
    ) -> Shop:
        """A workspace with the app; of an `enterprise`, or a whole `organisation` that has it. No scopes means all."""
        ids = self.world.ids
        teams = [ids.new("T")] if not organisation else [ids.new("T"), ids.new("T")]
        org = ids.new("E") if enterprise or organisation else None
        id_ = org if organisation and org is not None else teams[0]
        shop = Shop(self.world, id_, name, org, teams, has_groups, installed, frozenset(scopes), asking=self.asking)
        self.world.workspaces[id_] = shop
        return shop

    def token(self, workspace: Shop) -> str:
        """The bot token of a workspace."""
        for name, token in self.world.tokens.items():
            if token.workspace is workspace and not token.is_revoked:
                return name
        return self.world.new_token(workspace)

    def follow(self, manifest: Json) -> None:
        """Configure the app as a manifest says: from now on, what it does not name is not there."""
        settings, features = manifest["settings"], manifest["features"]
        if taken := BUILT_IN & {command["command"] for command in features.get("slash_commands", [])}:
            raise ImpossibleError(f"Slack's own commands: {sorted(taken)}")
        self.app.events = frozenset(settings["event_subscriptions"]["bot_events"])
        self.app.commands = frozenset(command["command"] for command in features.get("slash_commands", []))
        self.app.shortcuts = {each["callback_id"]: each["type"] for each in features.get("shortcuts", [])}
        self.app.rotates_tokens = settings.get("token_rotation_enabled", False)
        self.app.redirect_urls = manifest["oauth_config"].get("redirect_urls", [])
        for workspace in self.world.workspaces.values():
            workspace.scopes = frozenset(manifest["oauth_config"]["scopes"]["bot"])

    def consent(self, who: Person, scopes: Iterable[str], redirect_uri: str = "") -> str:
        """Somebody agrees to the installation on Slack's page; the code with which Slack sends them back."""
        return self.codes.add(Consent(who.workspace, who, ",".join(scopes), redirect_uri))

    def use_http(self, *urls: str) -> Webhooks:
        """From now on everything goes to these addresses, signed; to several in turn, as behind a load balancer."""
        self.webhooks = self.webhooks or Webhooks(self.world)
        self.webhooks.urls = list(urls)
        self.deliveries.transport = self.webhooks
        return self.webhooks

    def use_sockets(self) -> None:
        """From now on everything goes through the app's sockets (so it is at first)."""
        self.deliveries.transport = self.sockets

    def limit_events(self, shop: Shop) -> None:
        """Tell that there were too many events in a minute, as Slack does instead of some of them."""
        head = {"type": "app_rate_limited", "token": self.app.verification, "api_app_id": self.app.id}
        minute = int(self.world.ids.now()) // 60 * 60
        self.deliveries.start(Kind.EVENT, head | {"team_id": shop.home, "minute_rate_limited": minute})

    # --- what was asked ---

    @property
    def requests(self) -> list[Request]:
        return self.api.requests

    def calls(self, *methods: str) -> list[Request]:
        """The calls of these methods; without any, all but those of connecting and looking who one is."""
        if methods:
            return [request for request in self.requests if request.method in methods]
        return [request for request in self.requests if request.method not in {"auth.test", "apps.connections.open"}]

    @property
    def complaints(self) -> list[str]:
        """What Slack would not have taken; the end of the test raises if there is any."""
        return self.checker.complaints

    async def until(self, condition: Callable[[], object], seconds: float = 5.0) -> None:
        """Wait for something to become true."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                last = [f"{each.method} -> {each.error or each.status}" for each in self.requests[-5:]]
                raise TimeoutError(f"not within {seconds} s; the last calls were {last}")
            await asyncio.sleep(0.005)

    async def until_connected(self, connections: int = 1, seconds: float = 10.0) -> None:
        """Wait until the app has opened so many sockets."""
        await self.until(lambda: len(self.sockets.live) >= connections, seconds)

    async def delivered(self, seconds: float = 15.0) -> None:
        """Wait until all that happened is acknowledged or given up."""
        await self.deliveries.settle(seconds)

    # --- what goes wrong ---

    def fail_next(
        self,
        method: str,
        code: str = "internal_error",
        *,
        status: int = 200,
        times: int = 1,
        after_doing: bool = False,
        delay: float = 0.0,
    ) -> None:
        """Refuse the next calls of the methods that match the regular expression, after so many seconds.

        The other addresses count as methods, too: "response_url", and "url_private" for files.
        """
        self._order(method, times, error=ApiError(code, status), after_doing=after_doing, delay=delay)

    def limit_next(self, method: str, retry_after: float = 1.0, *, times: int = 1) -> None:
        """Answer the next matching calls with 429; `retry_after` is in seconds."""
        self._order(method, times, error=rate_limited(retry_after))

    def drop_next(self, method: str, *, after_doing: bool, times: int = 1) -> None:
        """Cut the connection of the next matching calls, before or after their work."""
        self._order(method, times, drop=True, after_doing=after_doing)

    def slow_next(self, method: str, seconds: float, *, times: int = 1, after_doing: bool = True) -> None:
        """Answer the next matching calls late; many seconds make them hang."""
        self._order(method, times, delay=seconds, after_doing=after_doing)

    def _order(self, method: str, times: int, **what: object) -> None:
        fault = Fault(re.compile(method), times)
        for name, value in what.items():
            setattr(fault, name, value)
        self.api.faults.add(fault)

    def let_pass(self, seconds: float) -> None:
        """Slack's clock goes on: triggers, response addresses and tokens grow old."""
        self.world.ids.skew += seconds

    # --- serving ---

    def web_app(self) -> web.Application:
        app = web.Application(client_max_size=30 * 1024 * 1024)
        app.router.add_get(sockets.PATH, self.sockets.serve)
        app.router.add_route("*", api.PATH + "{method}", self.api.serve)
        app.router.add_post(responses.PATH, self.responses.serve)
        app.router.add_get("/oauth/v2/authorize", self._consent_page)
        app.router.add_post("/uploads/{workspace}-{file}", self._upload)
        app.router.add_get("/files/{place}/{name}", self._file)
        return app

    async def _consent_page(self, request: web.Request) -> web.Response:
        """Slack's own page of an installation, as far as the browser can tell: it sends back at once."""
        asked, urls = request.query, self.app.redirect_urls
        redirect = asked.get("redirect_uri", "")
        if asked.get("client_id") != self.app.client_id or (redirect and urls and redirect not in urls):
            return web.Response(text="Oh no, something is wrong with this link", status=400)
        told = {"state": asked.get("state", "")}
        if self.installer is None:
            told["error"] = "access_denied"
        else:
            told["code"] = self.consent(self.installer, asked.get("scope", "").split(","), redirect)
        raise web.HTTPFound(URL(redirect or urls[0]).update_query(told))

    async def _upload(self, request: web.Request) -> web.Response:
        workspace = self.world.workspaces[request.match_info["workspace"]]
        workspace.files[request.match_info["file"]].content = await request.read()
        return web.Response(text="OK")

    async def _file(self, request: web.Request) -> web.Response:
        fault = self.api.faults.take("url_private")
        if fault is not None:
            await asyncio.sleep(fault.delay)
            if fault.error is not None:
                return web.Response(status=fault.error.status)
        file = other_methods.file_at(self.world, request.path)
        token = other_methods.token_of(self.world, request.headers.get("Authorization", ""))
        if file is None or token is None or token.workspace is not file.user.workspace:
            return web.Response(text=SIGN_IN_PAGE, content_type="text/html")
        return web.Response(body=file.content)


@asynccontextmanager
async def slack_double(*, checked: bool = True, port: int = 0) -> AsyncIterator[Double]:
    """Start it; at the end, raise what Slack would not have taken. `checked=False` is for loads."""
    double = Double(checked=checked)
    runner = web.AppRunner(double.web_app(), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    host, number = runner.addresses[0][:2]
    double.world.base_url = f"http://{host}:{number}"
    try:
        yield double
    finally:
        await double.deliveries.stop()
        if double.webhooks is not None:
            await double.webhooks.close()
        double.sockets.drop_all()
        await runner.cleanup()
    if double.complaints:
        different = list(dict.fromkeys(double.complaints))
        raise AssertionError("against Slack's descriptions:\n" + "\n".join(different))
