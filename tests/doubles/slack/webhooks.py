"""Signed HTTP: Slack's calls of the app's address."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp

from tests.doubles.slack.deliveries import ACK_SECONDS, Attempt, Delivery, Kind
from tests.doubles.slack.errors import Json
from tests.doubles.slack.world import World

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
NOT_REPEATED = "X-Slack-No-Retry"


@dataclass(slots=True)
class HttpAnswer:
    """What the app's address answered."""

    status: int
    body: Any
    """JSON where it is such, else text; None if empty."""
    headers: Mapping[str, str]


class Webhooks:
    """The app's addresses; where there are several, each call goes to the next one, as behind a load balancer."""

    def __init__(self, world: World, *urls: str) -> None:
        self._world = world
        self.urls = list(urls)
        self.ack_seconds = ACK_SECONDS
        self._turn = 0
        self._session: aiohttp.ClientSession | None = None

    async def send(self, delivery: Delivery, attempt: Attempt) -> None:
        content_type, body = encoded(delivery)
        headers = {}
        if attempt.number:
            headers = {"X-Slack-Retry-Num": str(attempt.number), "X-Slack-Retry-Reason": attempt.reason}
        try:
            answer = await self.knock(body, content_type, headers=headers)
        except TimeoutError:
            attempt.failure = "http_timeout"
        except aiohttp.ClientError:
            attempt.failure = "connection_failed"
        else:
            attempt.status, attempt.body = answer.status, answer.body
            attempt.failure = "" if attempt.is_acknowledged else "http_error"
            attempt.may_repeat = answer.headers.get(NOT_REPEATED) != "1"

    async def knock(
        self,
        body: bytes,
        content_type: str = JSON,
        *,
        headers: Mapping[str, str] | None = None,
        url: str | None = None,
        **forged: str | None,
    ) -> HttpAnswer:
        """Call the app, signed; `secret`, `timestamp` and `signature` can be forged, and None leaves a header out."""
        all_headers = {"Content-Type": content_type, "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"}
        all_headers |= self.signed(body, **forged) | dict(headers or {})
        async with asyncio.timeout(self.ack_seconds):
            async with self._open().post(url or self._next(), data=body, headers=all_headers) as response:
                return HttpAnswer(response.status, _read(await response.text()), response.headers)

    def signed(
        self,
        body: bytes,
        *,
        secret: str | None = "",
        timestamp: str | None = "",
        signature: str | None = "",
    ) -> dict[str, str]:
        """The headers that show who calls."""
        at = str(int(time.time())) if timestamp == "" else timestamp
        key = (secret or self._world.app.signing_secret).encode()
        right = "v0=" + hmac.new(key, b"v0:" + (at or "").encode() + b":" + body, hashlib.sha256).hexdigest()
        headers = {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": right if signature == "" else signature}
        return {name: value for name, value in headers.items() if value is not None}

    async def verify_address(self) -> bool:
        """Ask for the echo by which the owner of an address proves to be it."""
        challenge: Json = {"token": self._world.app.verification, "challenge": "3eZbrw1a", "type": "url_verification"}
        answer = await self.knock(json.dumps(challenge).encode())
        echo = answer.body.get("challenge") if isinstance(answer.body, dict) else answer.body
        return answer.status == 200 and echo == challenge["challenge"]

    async def check_tls(self) -> int:
        """Slack's occasional look at the certificate of a command's address; returns the status."""
        body = urlencode({"ssl_check": "1", "token": self._world.app.verification}).encode()
        return (await self.knock(body, FORM)).status

    def _next(self) -> str:
        self._turn += 1
        return self.urls[self._turn % len(self.urls)]

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def encoded(delivery: Delivery) -> tuple[str, bytes]:
    """The content type and the body, as each kind of payload is sent."""
    if delivery.kind is Kind.EVENT:
        return JSON, json.dumps(delivery.payload).encode()
    if delivery.kind is Kind.COMMAND:
        return FORM, urlencode(delivery.payload).encode()
    return FORM, urlencode({"payload": json.dumps(delivery.payload)}).encode()


def _read(text: str) -> Any:
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
