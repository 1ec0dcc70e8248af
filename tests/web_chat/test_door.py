"""Who may come in."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import WSServerHandshakeError

from adapters.web_chat.door import Door, Refused, is_loopback
from adapters.web_chat.server import WebChat
from tests.web_chat.conftest import Start

FOREIGN = "http://evil.example"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org", ""])  # noqa: S104 (that is the test)
def test_other_machines_need_a_password(host: str, tmp_path: Path) -> None:
    for password in (None, ""):
        with pytest.raises(Refused, match="WEB_PASSWORD"):
            WebChat(tmp_path / "playground.sqlite3", host, 0, password)
    Door(host, "secret")


def test_loopback_is_known_by_all_its_names() -> None:
    assert all(map(is_loopback, ["127.0.0.1", "127.8.8.8", "localhost", "LOCALHOST", "::1", "[::1]"]))
    assert not any(map(is_loopback, ["", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1"]))


async def test_the_page_and_its_files_come_with_protecting_headers(start: Start) -> None:
    async with start() as playground:
        for path in ("", "chat.js", "chat.css", "icon.svg", "nothing.js", "login"):
            async with playground.client.get(playground.address + path) as answer:
                assert answer.status == (404 if path == "nothing.js" else 200)
                assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
                assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
        for path in ("..%2fserver.py", "server.py", "login.html", "index.html"):
            async with playground.client.get(playground.address + path) as answer:
                assert answer.status == 404


async def test_a_foreign_host_name_is_turned_away(start: Start) -> None:
    async with start() as playground:
        for host, status in (("evil.example", 421), (f"localhost:{playground.chat.port}", 200), ("[::1]:1", 200)):
            async with playground.client.get(playground.address, headers={"Host": host}) as answer:
                assert answer.status == status


@pytest.mark.parametrize("origin", [FOREIGN, "null", "", "http://127.0.0.1:1"])
async def test_a_foreign_origin_gets_no_socket(start: Start, origin: str) -> None:
    async with start() as playground:
        with pytest.raises(WSServerHandshakeError) as refused:
            await playground.open("emma", Origin=origin)
        assert refused.value.status == 403
        async with playground.client.post(f"{playground.address}login", headers={"Origin": origin}) as answer:
            assert answer.status == 403


async def test_nobody_plays_a_person_who_is_not_here(start: Start) -> None:
    async with start() as playground:
        with pytest.raises(WSServerHandshakeError) as refused:
            await playground.open("mallory")
        assert refused.value.status == 404
        async with playground.client.get(f"{playground.address}?as=mallory") as answer:
            assert str(answer.url) == playground.address


async def test_the_password_opens_the_page(start: Start) -> None:
    async with start(password="Straßenfest") as playground:
        origin = {"Origin": playground.address.rstrip("/"), "Accept-Language": "de-AT,de;q=0.9"}
        async with playground.client.get(playground.address, headers=origin) as answer:
            assert answer.url.path == "/login"
            page = await answer.text()
            assert "Passwort" in page
            assert '<html lang="de">' in page
        with pytest.raises(WSServerHandshakeError) as refused:
            await playground.open("emma")
        assert refused.value.status == 401
        async with playground.client.get(f"{playground.address}chat.js") as answer:
            assert answer.status == 401

        login = f"{playground.address}login"
        for wrong in ({"password": "strassenfest"}, {"password": ""}, {}):
            async with playground.client.post(login, data=wrong, headers=origin) as answer:
                assert answer.status == 403
        right = {"password": "Straßenfest"}
        async with playground.client.post(login, data=right, headers=origin, allow_redirects=False) as answer:
            assert answer.status == 303
            cookie = answer.headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
            assert "Straßenfest" not in cookie
        # by hand: aiohttp's own cookie jar keeps no cookies of addresses that are numbers
        session = cookie.split(";")[0]
        _, state = await playground.open("emma", Cookie=session)
        assert state["me"] == "emma"


async def test_guessing_the_password_is_slowed_down(start: Start) -> None:
    async with start(password="secret") as playground:
        origin = {"Origin": playground.address.rstrip("/")}
        statuses = []
        for guess in [*range(11), "secret"]:
            data = {"password": str(guess)}
            async with playground.client.post(f"{playground.address}login", data=data, headers=origin) as answer:
                statuses.append(answer.status)
        assert statuses == [403] * 10 + [429, 429]
