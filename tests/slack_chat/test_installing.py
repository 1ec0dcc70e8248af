"""Installing the bot: through a browser and back, and what becomes of the tokens."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from cryptography.fernet import Fernet, InvalidToken
from pydantic import SecretStr
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth.installation_store import Bot
from yarl import URL

from adapters.slack_chat import installing
from adapters.slack_chat.addresses import server_of
from adapters.slack_chat.door import create_door
from adapters.slack_chat.installing import Installations, Installing
from adapters.slack_chat.manifest import SCOPES
from adapters.slack_chat.refused import SlackRefused
from bot.model import Event, Listener, Reply
from bot.settings import Settings
from tests.doubles.slack.people import Person, Shop
from tests.doubles.slack.server import Double

KEY = Fernet.generate_key().decode()
NAME = "installation"
Json = dict[str, Any]


@dataclass
class Drawer(Listener):
    """What the desk keeps for a chat."""

    words: dict[tuple[str, str], str] = field(default_factory=dict)
    stale: dict[tuple[str, str], str] = field(default_factory=dict)
    """What is read once more, although something else is kept meanwhile."""
    asked: Counter[str] = field(default_factory=Counter)
    is_shared: bool = False

    @property
    def has_company(self) -> bool:
        return self.is_shared

    async def handle(self, event: Event) -> Reply | None:
        raise NotImplementedError

    def servers(self) -> Collection[str]:
        raise NotImplementedError

    def hears(self, server: str, channel: str) -> bool:
        raise NotImplementedError

    def heard_in(self, server: str) -> Collection[str]:
        raise NotImplementedError

    async def heard_until(self, server: str) -> int | None:
        raise NotImplementedError

    async def note_heard(self, server: str, order: int) -> None:
        raise NotImplementedError

    async def kept(self, server: str, name: str) -> str | None:
        self.asked[server] += 1
        await asyncio.sleep(0)
        return self.stale.pop((server, name), None) or self.words.get((server, name))

    async def all_kept(self, prefix: str, name: str) -> Mapping[str, str]:
        found = self.words.items()
        return {server: words for (server, kept), words in found if kept == name and server.startswith(f"{prefix}:")}

    async def keep(self, server: str, name: str, words: str) -> None:
        await asyncio.sleep(0)
        self.words[server, name] = words

    async def drop(self, server: str, name: str) -> bool:
        return self.words.pop((server, name), None) is not None


@dataclass
class Site:
    """The pages, the tokens, and a browser that keeps no cookies by itself."""

    slack: Double
    settings: Settings
    session: aiohttp.ClientSession
    drawer: Drawer
    client: TestClient[Any, Any]
    installations: Installations
    installed: list[tuple[str, str]]

    async def begin(self) -> tuple[URL, dict[str, str]]:
        """Open the page; where its button leads, and the cookie."""
        async with self.client.get("/slack/install") as page:
            (link,) = re.findall('href="([^"]+)"', await page.text())
            return URL(unescape(link)), {name: morsel.value for name, morsel in page.cookies.items()}

    async def come_back(self, cookies: Mapping[str, str], **query: str) -> tuple[int, str]:
        """Slack sends the browser back to us."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        async with self.client.get("/slack/oauth_redirect", params=query, headers=headers) as page:
            return page.status, await page.text()

    async def install(self, who: Person) -> tuple[int, str]:
        """The whole way."""
        link, cookies = await self.begin()
        code = self.slack.consent(who, link.query["scope"].split(","))
        return await self.come_back(cookies, code=code, state=link.query["state"])

    def restarted(self, **changed: object) -> Installations:
        """Those of another process."""
        settings = self.settings.model_copy(update=changed)
        return Installations(settings, self.session, self.drawer)

    def kept(self, shop: Shop, key: str = KEY) -> Bot:
        words = self.drawer.words[server_of(shop.id), NAME]
        return Bot(**json.loads(Fernet(key).decrypt(words)))

    def age(self, shop: Shop, seconds_left: float) -> None:
        """Let the token of a workspace come near its end."""
        bot = self.kept(shop)
        bot.bot_token_expires_at = int(time.time() + seconds_left)
        words = Fernet(KEY).encrypt(json.dumps(vars(bot)).encode()).decode()
        self.drawer.words[server_of(shop.id), NAME] = words


async def authorize() -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id="T1")


def settings_for(slack: Double) -> Settings:
    return Settings(
        _env_file=None,
        slack_api_url=slack.api_url,
        slack_signing_secret=SecretStr(slack.app.signing_secret),
        slack_client_id=slack.app.client_id,
        slack_client_secret=SecretStr(slack.app.client_secret),
        slack_token_keys=(SecretStr(KEY),),
    )


@pytest.fixture
async def site(slack: Double) -> AsyncIterator[Site]:
    settings, drawer, installed = settings_for(slack), Drawer(), list[tuple[str, str]]()

    async def on_installed(workspace: str, installer: str) -> None:
        installed.append((workspace, installer))

    async with aiohttp.ClientSession() as session:
        installations = Installations(settings, session, drawer)
        installing = Installing(settings, installations, on_installed)
        door = create_door(AsyncApp(signing_secret="s", authorize=authorize), settings, installing)
        async with TestClient(TestServer(door), cookie_jar=aiohttp.DummyCookieJar()) as client:
            yield Site(slack, settings, session, drawer, client, installations, installed)


@pytest.fixture
def shop(slack: Double) -> Shop:
    return slack.add_workspace(installed=False)


# --- the pages ---------------------------------------------------------------------------------------


async def test_the_page_leads_to_slack_with_all_scopes(site: Site) -> None:
    link, cookies = await site.begin()
    assert str(link.origin()) == str(URL(site.slack.api_url).origin())
    assert link.path == "/oauth/v2/authorize"
    assert link.query["client_id"] == site.slack.app.client_id
    assert link.query["scope"].split(",") == [*SCOPES]
    assert set(link.query) == {"client_id", "scope", "state"}
    assert len(cookies) == 1


def test_in_the_real_world_it_leads_to_slack() -> None:
    assert Settings.model_fields["slack_api_url"].default == "https://slack.com/api/"


async def test_the_pages_are_closed_to_everything_foreign(site: Site) -> None:
    async with site.client.get("/slack/install") as page:
        text = await page.text()
        policy = page.headers["Content-Security-Policy"]
        (morsel,) = page.cookies.values()
    (style,) = re.findall("<style>(.*)</style>", text)
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.findall("src=|<script|<link|@import|url\\(", text)
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert (morsel["secure"], morsel["httponly"], morsel["samesite"], morsel["path"]) == (True, True, "Lax", "/")
    assert morsel["max-age"] == "600"
    assert morsel.key.startswith("__Host-")


@pytest.mark.parametrize(
    ("asked", "lang", "words"), [("de-AT,de", "de", "Zu Slack"), ("fr", "en", "Add to Slack"), ("", "en", "Add to")]
)
async def test_the_pages_speak_the_readers_language(site: Site, asked: str, lang: str, words: str) -> None:
    async with site.client.get("/slack/install", headers={"Accept-Language": asked}) as page:
        text = await page.text()
    assert f'lang="{lang}"' in text
    assert words in text


async def test_a_workspace_installs_the_bot(site: Site, shop: Shop) -> None:
    mia = shop.add_person("Mia")
    status, page = await site.install(mia)
    assert status == 200
    assert "in your workspace now" in page
    token = site.slack.token(shop)
    assert await site.installations.token(shop.id) == token
    assert site.installed == [(shop.id, mia.id)]
    assert list(await site.installations.workspaces()) == [shop.id]
    kept = site.kept(shop)
    assert (kept.bot_token, kept.team_id, kept.bot_user_id) == (token, shop.id, shop.bot.id)
    assert kept.bot_scopes == sorted(SCOPES)
    assert token not in str(site.drawer.words)


async def test_a_whole_organisation_installs_the_bot(site: Site) -> None:
    everyone = site.slack.add_workspace(organisation=True, installed=False)
    mia = everyone.add_person("Mia")
    assert (await site.install(mia))[0] == 200
    assert everyone.id.startswith("E")
    assert site.installed == [(everyone.id, mia.id)]
    assert await site.installations.token(everyone.id)
    assert site.kept(everyone).is_enterprise_install


async def test_installing_again_takes_the_new_token(site: Site, shop: Shop) -> None:
    mia = shop.add_person("Mia")
    await site.install(mia)
    first = await site.installations.token(shop.id)
    await site.install(mia)
    assert await site.installations.token(shop.id) not in {first, None}


async def test_who_says_no_at_slack_reads_that_nothing_was_installed(site: Site) -> None:
    link, cookies = await site.begin()
    status, page = await site.come_back(cookies, error="access_denied", state=link.query["state"])
    assert status == 200
    assert "Nothing was installed" in page
    assert 'href="/slack/install"' in page


async def test_only_the_browser_that_began_can_finish_and_only_once(site: Site, shop: Shop) -> None:
    mia = shop.add_person("Mia")
    link, cookies = await site.begin()
    (name, value), state = next(iter(cookies.items())), link.query["state"]
    _, others = await site.begin()
    old = Fernet(KEY).encrypt_at_time(value.encode(), int(time.time()) - 601).decode()
    forged = Fernet(Fernet.generate_key()).encrypt(value.encode()).decode()
    for cookie, told in (
        ({}, state),
        (others, state),
        ({name: "é"}, state),
        (cookies, ""),
        (cookies, "é"),
        (cookies, "x" * 5000),
        (cookies, old),
        (cookies, forged),
    ):
        status, page = await site.come_back(cookie, code=site.slack.consent(mia, SCOPES), state=told)
        assert status == 400
        assert "last ten minutes" in page
    assert site.slack.calls("oauth.v2.access") == []
    assert (await site.come_back(cookies, code=site.slack.consent(mia, SCOPES), state=state))[0] == 200
    assert (await site.come_back(cookies, code=site.slack.consent(mia, SCOPES), state=state))[0] == 400
    assert len(site.installed) == 1


FAILURES: dict[str, Callable[[Double], None]] = {
    "wrong code": lambda _slack: None,
    "wrong client": lambda slack: slack.fail_next("oauth.v2.access", "bad_client_secret"),
    "down": lambda slack: slack.fail_next("oauth.v2.access", "internal_error", status=500),
    "cut": lambda slack: slack.drop_next("oauth.v2.access", after_doing=True),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_what_goes_wrong_is_told_with_a_reference_that_is_in_the_log(
    site: Site, capsys: pytest.CaptureFixture[str], failure: str
) -> None:
    FAILURES[failure](site.slack)
    link, cookies = await site.begin()
    status, page = await site.come_back(cookies, code="a1b2c3-secret-code", state=link.query["state"])
    logged = capsys.readouterr().out
    assert status == 502
    (reference,) = re.findall("reference: ([0-9a-f]{6})", page)
    assert reference in logged
    assert "a1b2c3" not in logged + page
    assert site.slack.app.client_secret not in logged
    assert site.drawer.words == {}


async def test_nothing_that_comes_with_the_address_is_shown(site: Site) -> None:
    link, cookies = await site.begin()
    evil = "<script>alert(1)</script>"
    for query in ({"error": evil}, {"state": evil, "code": evil}, {"error": evil, "state": link.query["state"]}):
        _, page = await site.come_back(cookies, **query)
        assert "alert" not in page


# --- the tokens --------------------------------------------------------------------------------------


@pytest.fixture
async def installed(site: Site, shop: Shop) -> Shop:
    """A workspace whose token runs out after twelve hours."""
    site.slack.app.rotates_tokens = True
    assert (await site.install(shop.add_person("Mia")))[0] == 200
    return shop


def renewals(site: Site) -> int:
    return sum(call.args.get("grant_type") == "refresh_token" for call in site.slack.calls("oauth.v2.access"))


async def test_a_token_is_read_once_and_then_known(site: Site, installed: Shop) -> None:
    others = site.restarted()
    site.drawer.asked.clear()
    tokens = await asyncio.gather(*(others.token(installed.id) for _ in range(20)))
    assert set(tokens) == {site.kept(installed).bot_token}
    assert site.drawer.asked[server_of(installed.id)] == 1
    assert renewals(site) == 0


async def test_what_another_worker_has_heard_is_known_soon(
    site: Site, installed: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each worker hears only some of what Slack tells; so a token is believed for seconds, not minutes."""
    monkeypatch.setattr(installing, "_KNOWN_WITH_COMPANY", timedelta(seconds=0.05))
    site.drawer.is_shared = True
    others = site.restarted()
    assert await others.token(installed.id) == site.kept(installed).bot_token
    await site.drawer.drop(server_of(installed.id), NAME)
    await asyncio.sleep(0.06)
    assert await others.token(installed.id) is None


async def test_where_the_bot_is_not_installed_there_is_no_token(site: Site) -> None:
    assert await site.installations.token("T0") is None
    assert list(await site.installations.workspaces()) == []
    await site.installations.end("T0")


async def test_a_token_is_renewed_two_hours_before_its_end_and_once(site: Site, installed: Shop) -> None:
    first = site.kept(installed)
    site.age(installed, 2 * 3600 - 5)
    others = site.restarted()
    tokens = set(await asyncio.gather(*(others.token(installed.id) for _ in range(20))))
    renewed = site.kept(installed)
    assert tokens == {renewed.bot_token}
    assert renewed.bot_token != first.bot_token
    assert renewed.bot_refresh_token != first.bot_refresh_token
    assert (renewed.bot_token_expires_at or 0) > time.time() + 11 * 3600
    assert renewals(site) == 1


async def test_a_token_that_lives_is_taken_while_it_cannot_be_renewed(site: Site, installed: Shop) -> None:
    site.age(installed, 3600)
    site.slack.fail_next("oauth.v2.access", "internal_error", status=500)
    old = site.kept(installed).bot_token
    assert await site.restarted().token(installed.id) == old
    assert await site.restarted().token(installed.id) != old


@pytest.mark.parametrize("failure", ["down", "cut"])
async def test_without_a_living_token_one_cannot_tell(site: Site, installed: Shop, failure: str) -> None:
    site.age(installed, -5)
    FAILURES[failure](site.slack)
    with pytest.raises(ConnectionError, match="has run out") as refused:
        await site.restarted().token(installed.id)
    assert "xox" not in str(refused.value)


async def test_another_process_may_have_renewed_it_meanwhile(site: Site, installed: Shop) -> None:
    site.age(installed, 3600)
    place = server_of(installed.id), NAME
    before = site.drawer.words[place]
    renewed = await site.restarted().token(installed.id)
    site.drawer.stale[place] = before
    assert await site.restarted().token(installed.id) == renewed


async def test_tokens_move_to_a_new_key_at_the_start(site: Site, installed: Shop) -> None:
    new = Fernet.generate_key().decode()
    keys = (SecretStr(new), SecretStr(KEY))
    token = site.kept(installed).bot_token
    assert list(await site.restarted(slack_token_keys=keys).workspaces()) == [installed.id]
    assert site.kept(installed, new).bot_token == token
    with pytest.raises(InvalidToken):
        site.kept(installed, KEY)
    assert await site.restarted(slack_token_keys=keys[:1]).token(installed.id) == token


async def test_without_the_right_key_it_is_said_which_is_missing(site: Site, installed: Shop) -> None:
    others = site.restarted(slack_token_keys=(SecretStr(Fernet.generate_key().decode()),))
    for asking in (others.token(installed.id), others.workspaces()):
        with pytest.raises(SlackRefused, match=f"SLACK_TOKEN_KEYS opens the token of {installed.id}: put the key back"):
            await asking


async def test_one_installation_that_no_key_opens_does_not_stop_the_others(
    site: Site, installed: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    site.drawer.words[server_of("TBAD"), NAME] = Fernet(Fernet.generate_key()).encrypt(b"{}").decode()
    assert list(await site.restarted().workspaces()) == [installed.id]
    assert "TBAD" in capsys.readouterr().out


async def test_a_token_that_another_process_has_renewed_does_not_end_what_it_belongs_to(
    site: Site, installed: Shop
) -> None:
    others = site.restarted()
    old = await others.token(installed.id)
    await site.install(installed.add_person("Max"))
    await others.end(installed.id)
    assert await others.token(installed.id) == site.kept(installed).bot_token != old


async def test_an_installation_ends_when_slack_does_not_know_the_token_any_more(site: Site, installed: Shop) -> None:
    installed.uninstall()
    await site.installations.end(installed.id)
    assert await site.installations.token(installed.id) is None
    assert site.drawer.words == {}


async def test_a_late_word_of_an_end_does_not_end_what_was_installed_again(site: Site, installed: Shop) -> None:
    installed.uninstall()
    await site.install(installed.add_person("Max"))
    await site.installations.end(installed.id)
    assert await site.installations.token(installed.id) == site.slack.token(installed)


async def test_while_slack_does_not_tell_an_installation_stays(site: Site, installed: Shop) -> None:
    site.slack.fail_next("auth.test", "internal_error")
    with pytest.raises(SlackApiError):
        await site.installations.end(installed.id)
    assert await site.installations.token(installed.id)
