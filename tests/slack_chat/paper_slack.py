"""A workspace on paper, for tests without sockets: Slack's answers are dictionaries, and questions are counted."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, cast

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack_chat.channels import Channels
from adapters.slack_chat.people import People
from adapters.slack_chat.workspaces import Workspace
from bot.model import Listener

TEAM = "T0HOME"
BOT = "U0BOT"

Json = dict[str, Any]


class Answer(Json):
    """What Slack says, with the headers of its answer."""

    headers: dict[str, str] = {}  # noqa: RUF012 (never changed)


def refusal(error: str, **headers: str) -> SlackApiError:
    """Slack's no."""
    answer = Answer(ok=False, error=error)
    answer.headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return SlackApiError("refused", answer)  # type: ignore[no-untyped-call]


class PaperSlack:
    """The methods of the Web API that hearing takes; `trouble` is raised by a method, `slow` keeps them all waiting."""

    token = "xoxb-1"

    def __init__(self) -> None:
        self.users: dict[str, Json] = {}
        self.groups: list[Json] = []
        self.messages: dict[tuple[str, str], Json] = {}
        self.trouble: dict[str, Exception] = {}
        self.slow: asyncio.Event | None = None
        self.asked: Counter[str] = Counter()

    def add(self, user: str, name: str, *, team: str = TEAM, locale: str | None = "de-DE", **more: Any) -> str:
        self.users[user] = {"id": user, "team_id": team, "profile": {"display_name": name}, "locale": locale, **more}
        return user

    def add_group(self, group: str, name: str, *users: str) -> str:
        self.groups.append({"id": group, "name": name, "users": list(users)})
        return group

    async def users_info(self, *, user: str, include_locale: bool) -> Json:
        assert include_locale
        await self._ask("users.info")
        if user not in self.users:
            raise refusal("user_not_found")
        return Answer(ok=True, user=self.users[user])

    async def usergroups_list(self, *, include_users: bool, include_disabled: bool) -> Json:
        assert include_users
        assert not include_disabled
        await self._ask("usergroups.list")
        return Answer(ok=True, usergroups=self.groups)

    async def reactions_get(self, *, channel: str, timestamp: str) -> Json:
        await self._ask("reactions.get")
        if (channel, timestamp) not in self.messages:
            raise refusal("message_not_found")
        return Answer(ok=True, type="message", message=self.messages[channel, timestamp])

    async def _ask(self, method: str) -> None:
        self.asked[method] += 1
        trouble = self.trouble.get(method)
        if self.slow is not None:
            await self.slow.wait()
        if trouble is not None:
            raise trouble


class PaperDesk:
    """Keeps what an adapter wants to have kept, or fails with `trouble`."""

    def __init__(self, *, has_company: bool = False) -> None:
        self.has_company = has_company
        self.notes: dict[tuple[str, str], str] = {}
        self.trouble: Exception | None = None
        self.reads = 0

    async def kept(self, server: str, name: str) -> str | None:
        self.reads += 1
        if self.trouble is not None:
            raise self.trouble
        return self.notes.get((server, name))

    async def keep(self, server: str, name: str, words: str) -> None:
        self.notes[server, name] = words


class ByHand:
    """A clock that goes on only when it is told to, in seconds."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def client(slack: PaperSlack) -> AsyncWebClient:
    return cast("AsyncWebClient", slack)


def workspace(slack: PaperSlack, desk: PaperDesk | None = None, clock: ByHand | None = None) -> Workspace:
    clock = clock or ByHand()
    return Workspace(
        id=TEAM,
        client=client(slack),
        bot_user=BOT,
        bot_id="B0BOT",
        url="https://acme.slack.com/",
        people=People(client(slack), TEAM, clock=clock),
        channels=Channels(cast("Listener", desk or PaperDesk()), f"slack:{TEAM}", clock),
        prefix="sd-",
    )
