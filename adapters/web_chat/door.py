"""Who may come in: which hosts and origins we answer, the password, and the headers that protect the page."""

from __future__ import annotations

import hmac
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import web

COOKIE = "wartemarke_playground"

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # not no-referrer: with it, browsers send "Origin: null" along with the login form
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
_OPEN_PATHS = {"/login", "/chat.css", "/icon.svg"}
"""What can be had before the password."""
_TRIES, _TRIES_WITHIN = 10, 60.0
"""So many wrong passwords within so many seconds, by everybody together: then all wait."""
_SESSIONS = 1000
"""So many are logged in at most; beyond that the oldest are logged out."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class Refused(ValueError):  # noqa: N818 (what the operator reads, not a fault)
    """The playground would be open to everybody; the sentence names the remedy."""


class Door:
    """Looks at every request before anything else does."""

    def __init__(self, host: str, password: str | None) -> None:
        if not is_loopback(host) and not password:
            raise Refused(
                f"host {host!r} lets other machines reach the playground: set WEB_PASSWORD as well,"
                " or leave the host at 127.0.0.1"
            )
        self._only_loopback = is_loopback(host)
        self._password = password
        self._sessions: deque[str] = deque(maxlen=_SESSIONS)
        self._failures: deque[float] = deque(maxlen=_TRIES)

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Turn away foreign hosts and origins, and whoever has not told the password."""
        if self._only_loopback and not is_loopback(_host_name(request.host)):
            # A foreign name that resolves to this machine is how other sites would get in (DNS rebinding).
            return web.Response(status=421, text="This playground answers to localhost only.\n")
        speaks = request.method not in {"GET", "HEAD"} or "Upgrade" in request.headers
        if speaks and urlsplit(request.headers.get("Origin", "")).netloc.lower() != request.host.lower():
            return web.Response(status=403, text="This request came from another site.\n")
        if not self._knows(request) and request.path not in _OPEN_PATHS:
            if request.path == "/":
                raise web.HTTPSeeOther("/login")
            return web.Response(status=401, text="Log in first.\n")
        return await handler(request)

    def let_in(self, password: str) -> str | None:
        """A session for whoever knows the password; None for others. Raises PermissionError after too many tries."""
        now = time.monotonic()
        if len(self._failures) == _TRIES and now - self._failures[0] < _TRIES_WITHIN:
            raise PermissionError
        if not hmac.compare_digest(password.encode(errors="replace"), (self._password or "").encode()):
            self._failures.append(now)
            return None
        self._sessions.append(secrets.token_urlsafe(32))
        return self._sessions[-1]

    def _knows(self, request: web.Request) -> bool:
        return self._password is None or request.cookies.get(COOKIE) in self._sessions


async def protect(_request: web.Request, response: web.StreamResponse) -> None:
    """Put the protecting headers on every response."""
    response.headers.update(_HEADERS)


def _host_name(host: str) -> str:
    return urlsplit(f"//{host}").hostname or ""
