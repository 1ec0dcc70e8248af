"""How a workspace gets the bot and loses it again: Slack's OAuth flow, and the tokens that come of it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from base64 import b64encode
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlencode, urljoin

import aiohttp
import structlog
from aiohttp import web
from cachetools import TTLCache
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack_chat.addresses import PREFIX, server_of, workspace_of
from adapters.slack_chat.manifest import INSTALL_PATH, SCOPES
from adapters.slack_chat.people import CANNOT_TELL, reason_of
from adapters.slack_chat.refused import DEAD_TOKEN, SlackRefused
from adapters.slack_chat.workspaces import Tokens, client_with
from bot.model import Language, Listener, Text
from bot.settings import Settings
from bot.texts import PlainMarkup, say, text

_NAME = "installation"
"""What the desk keeps it under."""
_KNOWN_FOR = timedelta(minutes=5)
"""So long a token is taken from memory; the shortest that Slack gives out lives for twelve hours."""
_KNOWN_WITH_COMPANY = timedelta(seconds=10)
"""The same where another worker may hear that the bot was removed, or installed anew."""
_MOST_KNOWN = 10_000
_RENEWED_BEFORE = timedelta(hours=2)
"""So long before its end a token is renewed."""
_COOKIE = "__Host-wartemarke-install"
_BEGUN_FOR = timedelta(minutes=10)
"""So long after it began, an installation can be finished."""
_MOST_BEGUN = 10_000
_AGAIN = (text("install-again"), INSTALL_PATH)
_PAGE = Template((Path(__file__).parent / "install.html").read_text(encoding="utf-8"))
_STYLE = (
    "body{font:1.1rem/1.5 system-ui,sans-serif;margin:15vh auto;max-width:34rem;padding:0 1rem}"
    "a{background:#4a154b;border-radius:.4rem;color:#fff;display:inline-block;padding:.6rem 1.2rem}"
)
_STYLE_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # the address of the last page holds a code
    "Cache-Control": "no-store",
}

_log = structlog.get_logger(__name__)


class Installations(Tokens):
    """The tokens of all workspaces that have installed the bot: kept with the desk, encrypted, and renewed in time."""

    def __init__(self, settings: Settings, session: aiohttp.ClientSession, desk: Listener) -> None:
        keys = [Fernet(key.get_secret_value()) for key in settings.slack_token_keys]
        self._newest, self._keys = keys[0], MultiFernet(keys)
        self._client = client_with(settings, session, None)
        secret = settings.slack_client_secret
        self._ours = {
            "client_id": settings.slack_client_id,
            "client_secret": secret.get_secret_value() if secret else "",
        }
        self._desk = desk
        known_for = _KNOWN_WITH_COMPANY if desk.has_company else _KNOWN_FOR
        self._known: TTLCache[str, Bot] = TTLCache(_MOST_KNOWN, known_for.total_seconds())
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def token(self, workspace: str) -> str | None:
        """The token for a workspace or organisation as it is now; None where the bot is not installed.

        Raises OSError when it has run out and cannot be renewed now, SlackRefused when none of our keys opens it.
        """
        known = self._known.get(workspace)
        if known is None:
            async with self._locks[workspace]:
                known = self._known.get(workspace) or await self._find(workspace)
        return known.bot_token if known else None

    async def workspaces(self) -> Collection[str]:
        """Ids of all that have installed the bot. Afterwards all their tokens are encrypted with the first key.

        One that cannot be opened concerns nobody else. Raises SlackRefused when none can be.
        """
        opened, refused = [], None
        for server in await self._desk.all_kept(PREFIX, _NAME):
            workspace = workspace_of(server)
            try:
                async with self._locks[workspace]:
                    await self._read(workspace)
                opened.append(workspace)
            except SlackRefused as error:
                _log.error("an installation cannot be opened", workspace=workspace, reason=str(error))
                refused = error
        if refused is not None and not opened:
            raise refused
        return opened

    async def begin(self, code: str) -> tuple[str, str]:
        """Turn the code that Slack gave to a browser into a token, and keep it: the workspace, and who installed us."""
        told = await self._access(code=code)
        bot = _bot_in(told)
        workspace = (bot.enterprise_id if bot.is_enterprise_install else bot.team_id) or ""
        async with self._locks[workspace]:
            await self._keep(workspace, bot)
        _log.info("the bot was installed", workspace=workspace)
        return workspace, told["authed_user"]["id"]

    async def end(self, workspace: str) -> None:
        """The bot was removed there, unless it has been installed again before we heard of that."""
        async with self._locks[workspace]:
            self._known.pop(workspace, None)  # another process may have another one by now
            bot = await self._read(workspace)
            if bot is None or await self._works(bot):
                return
            await self._desk.drop(server_of(workspace), _NAME)
            _log.info("an installation has ended", workspace=workspace)

    async def _find(self, workspace: str) -> Bot | None:
        bot = await self._read(workspace)
        if bot is not None:
            self._known[workspace] = bot = await self._renewed(workspace, bot)
        return bot

    async def _read(self, workspace: str) -> Bot | None:
        words = await self._desk.kept(server_of(workspace), _NAME)
        if words is None:
            return None
        try:
            bot = Bot(**json.loads(self._keys.decrypt(words)))
        except InvalidToken:
            raise SlackRefused(
                f"None of the SLACK_TOKEN_KEYS opens the token of {workspace}: put the key back that encrypted it, "
                "behind the others."
            ) from None
        try:
            self._newest.decrypt(words)
        except InvalidToken:
            await self._keep(workspace, bot)
        return bot

    async def _keep(self, workspace: str, bot: Bot) -> None:
        words = self._newest.encrypt(json.dumps(vars(bot)).encode()).decode()
        await self._desk.keep(server_of(workspace), _NAME, words)
        self._known[workspace] = bot

    async def _renewed(self, workspace: str, bot: Bot) -> Bot:
        """The same with a new token, if the old one will soon have run out."""
        end = bot.bot_token_expires_at
        if end is None or end > time.time() + _RENEWED_BEFORE.total_seconds():
            return bot
        try:
            told = await self._access(grant_type="refresh_token", refresh_token=bot.bot_refresh_token or "")
        except CANNOT_TELL as error:
            return await self._unrenewed(workspace, bot, end, reason_of(error))
        new = {"bot_token": told["access_token"], "bot_refresh_token": told["refresh_token"]}
        fresh = Bot(**vars(bot) | new | {"bot_token_expires_at": int(time.time()) + told["expires_in"]})
        await self._keep(workspace, fresh)
        return fresh

    async def _unrenewed(self, workspace: str, bot: Bot, end: int, reason: str) -> Bot:
        """Another process may have been faster; else the old token does, as long as it lives."""
        kept = await self._read(workspace)
        if kept is not None and kept.bot_token != bot.bot_token:
            return kept
        if end <= time.time():
            raise ConnectionError(f"the token of {workspace} has run out and cannot be renewed: {reason}")
        _log.warning("a token could not be renewed yet", workspace=workspace, reason=reason)
        return bot

    async def _access(self, **given: str) -> AsyncSlackResponse:
        """Raises SlackApiError or OSError when Slack gives no token."""
        return await self._client.api_call("oauth.v2.access", data=self._ours | given)

    async def _works(self, bot: Bot) -> bool:
        """Raises SlackApiError or OSError when Slack does not tell."""
        try:
            await self._client.auth_test(token=bot.bot_token)
        except SlackApiError as error:
            if reason_of(error) in DEAD_TOKEN:
                return False
            raise
        return True


class Installing:
    """The pages on which a workspace installs the bot: one to begin on, and one that Slack sends people back to.

    What Slack brings back (`state`) only proves that this browser has begun here lately. So it is not stored, where
    anybody could fill the disk with it, but encrypted, together with what the browser's cookie has to say.
    """

    def __init__(
        self,
        settings: Settings,
        installations: Installations,
        on_installed: Callable[[str, str], Awaitable[None]],
    ) -> None:
        """`on_installed` is told the id of the workspace (or organisation) and that of the person who installed it."""
        self._client_id = settings.slack_client_id
        self._authorize = urljoin(settings.slack_api_url, "/oauth/v2/authorize")
        self._keys = MultiFernet([Fernet(key.get_secret_value()) for key in settings.slack_token_keys])
        self._installations = installations
        self._on_installed = on_installed
        self._finished: TTLCache[str, None] = TTLCache(_MOST_BEGUN, _BEGUN_FOR.total_seconds())

    async def begin(self, request: web.Request) -> web.Response:
        """The page with the button."""
        browser = secrets.token_urlsafe(32)
        state = self._keys.encrypt(browser.encode()).decode()
        query = {"client_id": self._client_id, "scope": ",".join(SCOPES), "state": state}
        to_slack = f"{self._authorize}?{urlencode(query)}"
        page = _page(request, text("install-words"), (text("install-button"), to_slack))
        age = int(_BEGUN_FOR.total_seconds())
        page.set_cookie(_COOKIE, browser, max_age=age, path="/", secure=True, httponly=True, samesite="Lax")
        return page

    async def finish(self, request: web.Request) -> web.Response:
        """The page that Slack sends people to, whatever came of it."""
        code, state, error = (request.query.get(name, "") for name in ("code", "state", "error"))
        if error == "access_denied":
            return _page(request, text("install-cancelled"), _AGAIN)
        if not self._has_begun(state, request.cookies.get(_COOKIE, "")):
            return _page(request, text("install-expired"), _AGAIN, status=400)
        self._finished[state] = None
        try:
            await self._on_installed(*await self._installations.begin(code))
        except Exception:  # noqa: BLE001 (whatever it is, the person reads what to do now)
            reference = secrets.token_hex(3)
            _log.exception("an installation failed", reference=reference, error=error)
            return _page(request, text("install-failed", reference=reference), _AGAIN, status=502)
        page = _page(request, text("install-done"))
        page.del_cookie(_COOKIE, path="/", secure=True, httponly=True, samesite="Lax")
        return page

    def _has_begun(self, state: str, browser: str) -> bool:
        """Whether an installation has begun in this browser in the last ten minutes and has not been finished."""
        try:
            begun = self._keys.decrypt(state, ttl=int(_BEGUN_FOR.total_seconds()))
        except (InvalidToken, ValueError):
            return False
        return hmac.compare_digest(begun, browser.encode(errors="replace")) and state not in self._finished


def _bot_in(told: AsyncSlackResponse) -> Bot:
    """What Slack tells of an installation."""
    return Bot(
        app_id=told["app_id"],
        enterprise_id=(told.get("enterprise") or {}).get("id"),
        team_id=(told.get("team") or {}).get("id"),
        bot_token=told["access_token"],
        bot_id="",  # Slack does not tell it here
        bot_user_id=told["bot_user_id"],
        bot_scopes=told["scope"],
        bot_refresh_token=told.get("refresh_token"),
        bot_token_expires_in=told.get("expires_in"),
        is_enterprise_install=told["is_enterprise_install"],
        installed_at=time.time(),
    )


def _page(request: web.Request, words: Text, link: tuple[Text, str] | None = None, status: int = 200) -> web.Response:
    """A page that says one thing, in the reader's language, and perhaps leads on."""
    language = Language.of_locale(request.headers.get("Accept-Language", "").split(",")[0]) or Language.EN

    def told(words: Text) -> str:
        return escape(say(words, language, PlainMarkup()))

    page = _PAGE.substitute(
        language=language,
        title=told(text("install-title", app="Wartemarke")),
        style=_STYLE,
        words=told(words),
        link=f'<a href="{escape(link[1])}">{told(link[0])}</a>' if link else "",
    )
    return web.Response(text=page, content_type="text/html", charset="utf-8", status=status, headers=_HEADERS)
