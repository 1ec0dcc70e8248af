"""The workspaces that have installed the bot, each with the one client for all calls there."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
from cachetools import LRUCache
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack_chat.addresses import server_of
from adapters.slack_chat.channels import Channels
from adapters.slack_chat.markup import Dialect
from adapters.slack_chat.nonsense import reading_answer, word
from adapters.slack_chat.people import InFlight, People, reason_of
from adapters.slack_chat.refused import DEAD_TOKEN
from bot.model import Listener
from bot.settings import Settings

_TIMEOUT = 5
"""Seconds that one call to Slack may take."""
_MOST = 2_000
"""Workspaces that are remembered at a time; one that was forgotten costs one call when it comes back."""
SDK = "slack_sdk"
"""The name of its logger."""


def hushed(library: str, least: int) -> logging.Logger:
    """A library's logger, above all without its debug log, which tells secrets and what people write."""
    logger = logging.getLogger(library)
    logger.setLevel(max(logger.getEffectiveLevel(), least))
    return logger


class Tokens(Protocol):
    """Where the bot's tokens come from."""

    async def token(self, workspace: str) -> str | None:
        """The token for a workspace (T...) or organisation (E...) as it is now; None where the bot is not installed."""

    async def workspaces(self) -> Collection[str]:
        """Ids of all that have installed the bot."""

    async def end(self, workspace: str) -> None:
        """The bot was removed there, if Slack does not know the token any more."""


class OneToken(Tokens):
    """The one workspace whose token stands in the settings; which one it is, Slack tells."""

    def __init__(self, client: AsyncWebClient) -> None:
        """With a client that has this token."""
        self._client = client
        self._workspace: str | None = None

    async def token(self, workspace: str) -> str | None:
        """The token, for its own workspace."""
        return self._client.token if workspace in await self.workspaces() else None

    async def workspaces(self) -> Collection[str]:
        """The one. Raises SlackApiError or OSError when Slack does not tell."""
        if self._workspace is None:
            self._workspace = await self._ask()
        return (self._workspace,)

    async def end(self, workspace: str) -> None:
        """Nothing: the token has ended by itself, and only an operator can set another one."""

    async def _ask(self) -> str:
        with reading_answer():
            about = await self._client.auth_test()
            return word(about["enterprise_id"] if about.get("is_enterprise_install") else about["team_id"])


@dataclass(slots=True)
class Workspace:
    """One workspace, or one organisation that has installed the bot as a whole."""

    id: str
    """T..., or E... of an organisation."""
    client: AsyncWebClient
    bot_user: str
    """Our own user id there."""
    bot_id: str
    """Our own id as the author of messages."""
    url: str
    """Its address, such as "https://acme.slack.com/"."""
    people: People
    channels: Channels
    prefix: str = ""
    """Before the names of our commands."""

    @property
    def server(self) -> str:
        """The desk's id of it."""
        return server_of(self.id)

    @property
    def dialect(self) -> Dialect:
        """How links, commands and channels are written there."""
        return Dialect(self.url, self.prefix, self.channels.changed)


def client_with(settings: Settings, session: aiohttp.ClientSession, token: str | None) -> AsyncWebClient:
    """A client for Slack's Web API, the only recipe for one.

    It never tries again by itself: a message whose fate is unknown would be posted twice.
    """
    hushed(SDK, logging.WARNING)  # before the first call: whoever asks for tokens shows our secrets
    return AsyncWebClient(
        token=token, base_url=settings.slack_api_url, session=session, retry_handlers=[], timeout=_TIMEOUT
    )


class Workspaces:
    """All workspaces by their ids. Slack is asked for each only once, and again only for a new token."""

    def __init__(self, settings: Settings, session: aiohttp.ClientSession, tokens: Tokens, desk: Listener) -> None:
        """The session is shared by all clients; whoever opened it closes it."""
        self._settings = settings
        self._session = session
        self._tokens = tokens
        self._desk = desk
        self._known: LRUCache[str, Workspace] = LRUCache(_MOST)
        self._in_flight: InFlight[Workspace] = InFlight()

    def client(self) -> AsyncWebClient:
        """A client for calls in nobody's name."""
        return client_with(self._settings, self._session, None)

    async def of(self, workspace: str) -> Workspace | None:
        """The workspace or organisation of this id; None where the bot is not installed.

        Raises SlackApiError or OSError when Slack cannot tell.
        """
        token = await self._tokens.token(workspace)
        if token is None:
            self.forget(workspace)
            return None
        known = self._known.get(workspace)
        if known is None or known.client.token != token:
            known = await self._in_flight(workspace, lambda: self._introduce(workspace, token))
        await known.channels.read_if_old()
        return known

    async def of_event(
        self, enterprise: str | None, team: str | None, *, is_enterprise_install: bool
    ) -> Workspace | None:
        """The workspace that an event is told to, or the organisation where that has installed the bot as a whole."""
        workspace = enterprise if is_enterprise_install else team
        return await self.of(workspace) if workspace else None

    def forget(self, workspace: str) -> None:
        """What is known of a workspace is not true any more."""
        self._known.pop(workspace, None)

    async def has_ended(self, workspace: str) -> bool:
        """Whether the bot was removed there; then its token is kept no longer.

        Raises SlackApiError or OSError when Slack cannot tell.
        """
        self.forget(workspace)
        await self._tokens.end(workspace)
        try:
            return await self.of(workspace) is None
        except SlackApiError as error:
            if reason_of(error) not in DEAD_TOKEN:
                raise
            return True

    async def _introduce(self, workspace: str, token: str) -> Workspace:
        client = client_with(self._settings, self._session, token)
        with reading_answer():
            about = await client.auth_test()
            bot_user, bot_id, url = word(about["user_id"]), word(about.get("bot_id") or ""), word(about["url"])
            people = People(client, workspace, about.get("enterprise_id"))
        channels = Channels(self._desk, server_of(workspace))
        await channels.read()
        known = self._known[workspace] = Workspace(
            id=workspace,
            client=client,
            bot_user=bot_user,
            bot_id=bot_id,
            url=url,
            people=people,
            channels=channels,
            prefix=self._settings.slack_command_prefix,
        )
        return known


def installed_in(body: Mapping[str, Any]) -> tuple[str | None, str | None, bool]:
    """To which installation something is told: (organisation, workspace, whether the organisation has installed us).

    In a channel that is shared with another company, the envelope of an event may name that company, and the `team` of
    a press or form is the one of who acted. So what names our own side goes first: the `authorizations` of an event,
    the message of ours whose button was pressed, the workspace in which a form's app is installed.

    Raises TypeError or AttributeError for what Slack never sends.
    """
    authorized = next(iter(body.get("authorizations") or ()), None)
    if authorized is not None:
        is_organisation = bool(authorized.get("is_enterprise_install"))
        enterprise, team = authorized.get("enterprise_id"), authorized.get("team_id")
        return enterprise and word(enterprise), team and word(team), is_organisation
    message, view, user = (_mapping(body.get(part)) for part in ("message", "view", "user"))
    enterprise = (
        _id(body.get("enterprise")) or body.get("enterprise_id") or _mapping(body.get("team")).get("enterprise_id")
    )
    team = (
        view.get("app_installed_team_id")
        or (message.get("team") if body.get("type") == "block_actions" and message.get("bot_id") else None)
        or _id(body.get("team"))
        or body.get("team_id")
        or user.get("team_id")
    )
    is_organisation = body.get("is_enterprise_install") in {True, "true"}  # a command has only words
    return enterprise and word(enterprise), team and word(team), is_organisation


def _id(value: Any) -> str | None:
    return value if isinstance(value, str) else _mapping(value).get("id")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
