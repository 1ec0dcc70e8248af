"""The door: Slack's requests come in, each once; whatever else knocks is turned away, and never breaks anything."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.signature import SignatureVerifier

from adapters.slack_chat.door import create_door, serve_door
from adapters.slack_chat.manifest import EVENTS_PATH
from bot.settings import Settings

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
BODY = json.dumps({"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": {"type": "message"}})
BOT = SecretStr("xoxb-1")
SETTINGS = Settings(_env_file=None, slack_bot_token=BOT, slack_signing_secret=SecretStr(SECRET))
Client = TestClient[Any, Any]


@dataclass
class Office:
    """What stands behind the door."""

    heard: list[str] = field(default_factory=list)
    is_broken: bool = False

    async def hear(self, body: dict[str, Any]) -> None:
        self.heard.append(body["event_id"])
        if self.is_broken:
            raise OSError("the disk is full")


async def authorize() -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id="T1", bot_user_id="U1", bot_token="xoxb-1")


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def body_time() -> timedelta:
    return timedelta(seconds=5)


@pytest.fixture
async def client(office: Office, body_time: timedelta) -> AsyncIterator[Client]:
    app = AsyncApp(signing_secret=SECRET, process_before_response=True, authorize=authorize)
    app.event("message")(office.hear)
    async with TestClient(TestServer(create_door(app, SETTINGS, None, body_time))) as client:
        yield client


def signed(body: str = BODY, at: int | None = None, secret: str = SECRET) -> dict[str, str]:
    """The headers that Slack sends with this body."""
    told = str(int(time.time()) if at is None else at)
    signature = SignatureVerifier(secret).generate_signature(timestamp=told, body=body) or ""
    return {"Content-Type": "application/json", "X-Slack-Request-Timestamp": told, "X-Slack-Signature": signature}


async def knock(client: Client, headers: dict[str, str], body: str | bytes = BODY) -> int:
    async with client.post(EVENTS_PATH, data=body, headers=headers) as answer:
        return answer.status


async def test_what_slack_signs_comes_in(client: Client, office: Office) -> None:
    assert await knock(client, signed()) == 200
    assert office.heard == ["Ev1"]


def timed(at: str) -> dict[str, str]:
    return {"X-Slack-Request-Timestamp": at}


@pytest.mark.parametrize(
    "changed",
    [
        lambda _: {"X-Slack-Signature": ""},
        lambda _: {"X-Slack-Signature": "v0="},
        lambda _: {"X-Slack-Signature": "v0=" + "0" * 64},
        lambda _: {"X-Slack-Signature": "v0=" + "é" * 64},
        lambda _: timed(""),
        lambda _: timed("soon"),
        lambda _: timed("-5"),
        lambda now: timed(f"{now}.5"),
        lambda _: timed("9" * 400),
        lambda now: timed(str(now + 1)),
        lambda now: signed(at=now - 400),
        lambda now: signed(at=now + 400),
        lambda _: signed(body=BODY + " "),
        lambda _: signed(secret="another"),
    ],
)
async def test_what_slack_did_not_sign_just_now_is_turned_away(
    client: Client, office: Office, changed: Callable[[int], dict[str, str]]
) -> None:
    now = int(time.time())
    assert await knock(client, signed(at=now) | changed(now)) == 401
    assert office.heard == []


async def test_without_any_signature_nobody_comes_in(client: Client) -> None:
    assert await knock(client, {"Content-Type": "application/json"}) == 401


async def test_the_same_request_comes_in_only_once(client: Client, office: Office) -> None:
    headers = signed()
    assert [await knock(client, headers) for _ in range(3)] == [200, 401, 401]
    assert office.heard == ["Ev1"]


async def test_slacks_retry_comes_in_again(client: Client, office: Office) -> None:
    retry = {"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}
    now = int(time.time())
    assert await knock(client, signed(at=now - 1)) == 200
    assert await knock(client, signed(at=now) | retry) == 200
    assert office.heard == ["Ev1", "Ev1"]


async def test_what_could_not_be_committed_may_come_again_within_the_same_second(
    client: Client, office: Office
) -> None:
    headers = signed()
    office.is_broken = True
    assert await knock(client, headers) == 500
    office.is_broken = False
    assert await knock(client, headers) == 200


@pytest.mark.parametrize(
    "body",
    ["", "{", "[1]", "null", "7", '"words"', "[" * 100_000, '{"authorizations": "x"}', "{}", '{"team": ' * 5000],
    ids=lambda body: body[:20],
)
async def test_what_cannot_be_read_is_refused(client: Client, body: str) -> None:
    assert await knock(client, signed(body), body) == 400


async def test_a_form_that_cannot_be_read_is_refused(client: Client) -> None:
    for body in ("payload=%7B", "payload=[]", "payload=", "payload=%FF"):
        headers = signed(body) | {"Content-Type": "application/x-www-form-urlencoded"}
        assert await knock(client, headers, body) == 400, body


async def test_what_is_neither_json_nor_a_form_is_refused(client: Client) -> None:
    for kind in ("text/plain", "multipart/form-data; boundary=x", "nonsense", "application/json; charset=klingon"):
        assert await knock(client, signed() | {"Content-Type": kind}) == 400, kind
    assert await knock(client, signed(), b"\xff\xfe") == 400


async def test_a_large_body_is_refused(client: Client) -> None:
    body = json.dumps({"text": "x" * 1024 * 1024})

    async def in_pieces() -> AsyncIterator[bytes]:
        yield body.encode()

    for data in (BytesIO(body.encode()), in_pieces()):  # with and without its length told before
        async with client.post(EVENTS_PATH, data=data, headers=signed(body)) as answer:
            assert answer.status == 413


@pytest.mark.parametrize("body_time", [timedelta(seconds=0.05)])
async def test_a_body_that_takes_too_long_is_refused(client: Client) -> None:
    async def slowly() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(0.3)

    with suppress(aiohttp.ClientError):  # the connection may end before all has been sent
        async with client.post(EVENTS_PATH, data=slowly(), headers=signed()) as answer:
            assert answer.status == 408


async def test_slack_may_look_whether_we_are_there(client: Client) -> None:
    challenge = json.dumps({"type": "url_verification", "token": "x", "challenge": "3eZbrw1aB"})
    async with client.post(EVENTS_PATH, data=challenge, headers=signed(challenge)) as answer:
        assert (answer.status, await answer.json()) == (200, {"challenge": "3eZbrw1aB"})
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert await knock(client, form, "ssl_check=1&token=x") == 200
    for path in (f"{EVENTS_PATH}?ssl_check=1", "/health"):
        async with client.get(path) as answer:
            assert (answer.status, await answer.text()) == (200, "ok\n")


async def test_nothing_can_be_installed_where_one_workspace_is_served(client: Client) -> None:
    for path in ("/slack/install", "/slack/oauth_redirect", "/"):
        async with client.get(path) as answer:
            assert answer.status == 404


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def test_the_door_is_open_until_it_is_cancelled() -> None:
    port = free_port()
    settings = SETTINGS.model_copy(update={"slack_port": port})
    app = AsyncApp(signing_secret=SECRET, authorize=authorize)
    listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve_door(create_door(app, settings, None), settings, listening.set_result))
    assert await listening == port
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/health") as answer:
        assert answer.status == 200
    with pytest.raises(OSError, match=f"127.0.0.1:{port}: choose another SLACK_PORT or SLACK_HOST"):
        await serve_door(create_door(app, settings, None), settings, lambda _port: None)
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving


def test_without_a_signing_secret_there_is_no_door() -> None:
    settings = Settings(_env_file=None, slack_bot_token=BOT, slack_app_token=SecretStr("xapp-1"))
    with pytest.raises(ValueError, match="signing secret"):
        create_door(AsyncApp(signing_secret=SECRET, authorize=authorize), settings, None)
