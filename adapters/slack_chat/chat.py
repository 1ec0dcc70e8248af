"""Slack as a chat: one app for all workspaces, reached in one of three ways."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import timedelta

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError

from adapters.slack_chat.addresses import server_of, workspace_of
from adapters.slack_chat.answering import Answering
from adapters.slack_chat.app import MOST_HEARD, create_app
from adapters.slack_chat.deliver import Delivery
from adapters.slack_chat.door import create_door, serve_door
from adapters.slack_chat.installing import Installations, Installing
from adapters.slack_chat.knocking import BACK_OFF, knock
from adapters.slack_chat.people import CANNOT_TELL, reason_of
from adapters.slack_chat.refused import DEAD_TOKEN, SlackRefused
from adapters.slack_chat.rooms import channels_of
from adapters.slack_chat.sockets import Line, serve_sockets
from adapters.slack_chat.to_event import server_joined, server_lost
from adapters.slack_chat.workspaces import OneToken, Tokens, Workspace, Workspaces, client_with
from bot.model import Chat, Effect, Later, Listener, Outcome, Person, ServerSettings, Text
from bot.settings import Settings, SlackWay

CALL_TIME = 10.0
"""Seconds that one request to Slack may take, whatever it is; those that somebody waits for are given up earlier."""
_UNTIL_SERVED = timedelta(seconds=1)
"""When to try again what was owed before we began; that is a matter of moments."""

_log = structlog.get_logger(__name__)


def _refused(reason: str) -> SlackRefused:
    return SlackRefused(
        f"Slack does not take this SLACK_BOT_TOKEN ({reason}): copy it anew from the app's page OAuth & Permissions."
    )


class Service:
    """All that serves one desk for as long as a chat runs."""

    def __init__(self, settings: Settings, session: aiohttp.ClientSession, desk: Listener) -> None:
        self._settings, self._session, self._desk = settings, session, desk
        self._installations = Installations(settings, session, desk) if settings.slack_way is SlackWay.OAUTH else None
        self._tokens: Tokens = self._installations or OneToken(client_with(settings, session, _token_in(settings)))
        self.workspaces = Workspaces(settings, session, self._tokens, desk)
        self.delivery = Delivery(self.workspaces, desk)
        self.answering = Answering(desk, self.delivery)
        self.back_off, self.most_heard = BACK_OFF, MOST_HEARD
        self.line = Line()
        """The sockets, in Socket Mode."""
        self.port = 0
        """Where requests come in, as soon as they do."""
        self.refused = asyncio.Event()
        """Set when nothing is left to do, because Slack refuses the only token."""

    @property
    def is_one(self) -> bool:
        """Whether there is only one workspace, and nothing left to do when it refuses us."""
        return self._installations is None

    async def join(self) -> None:
        """Tell the desk of workspaces that it does not know yet. Raises SlackRefused for a token of the settings."""
        try:
            names = await self._tokens.workspaces()
            for name in names:
                if server_of(name) not in self._desk.servers():
                    await self._join(name)
        except SlackApiError as error:
            if reason_of(error) in DEAD_TOKEN:
                raise _refused(reason_of(error)) from None
            raise
        if not self.is_one:
            self.answering.errands.begin(self._see_who_is_left(names))

    async def _see_who_is_left(self, names: Collection[str]) -> None:
        """Find those that have removed the bot while we were away."""
        for name in names:
            try:
                await self.workspaces.of(name)
            except CANNOT_TELL as error:
                if reason_of(error) in DEAD_TOKEN:
                    await self._part(name)

    def heed_refusals(self) -> None:
        """What follows when Slack refuses a token: who has set it in the settings mends it, others have removed us."""
        refused = self.delivery.refused.copy()
        self.delivery.refused.clear()
        if refused and self.is_one:
            self.refused.set()
            return
        for name in refused:
            self.answering.errands.begin(self._part(name))

    async def _part(self, name: str) -> None:
        """Tell the desk that the bot was removed from a workspace, if it was."""
        try:
            has_ended = await self.workspaces.has_ended(name)
        except CANNOT_TELL as error:
            _log.warning("a workspace may have removed the bot", workspace=name, reason=reason_of(error))
        else:
            if has_ended and server_of(name) in self._desk.servers():
                await self._desk.handle(server_lost(name))

    async def _join(self, name: str) -> None:
        try:
            workspace = await self.workspaces.of(name)
        except CANNOT_TELL as error:
            if self.is_one:
                raise
            _log.warning("a workspace cannot be reached, it is met later", workspace=name, reason=reason_of(error))
        else:
            if workspace is not None:
                await self._desk.handle(server_joined(workspace, None, ""))

    async def joined(self, name: str, installer: str) -> None:
        """Somebody has installed the bot: they read in their direct messages what to do next."""
        workspace = await self.workspaces.of(name)
        if workspace is not None:
            person = await workspace.people.person(installer)
            await self._desk.handle(server_joined(workspace, person.locale, installer))

    async def hear(self) -> None:
        """Hand on what Slack tells, until cancelled. Raises OSError."""
        app = create_app(self._settings, self._desk, self.workspaces, self.answering, self.most_heard)
        if self._settings.slack_way is SlackWay.SOCKET:
            await serve_sockets(app, self._settings, self._session, self.line, back_off=self.back_off)
            return
        installing = None
        if self._installations is not None:
            installing = Installing(self._settings, self._installations, self.joined)
        await serve_door(create_door(app, self._settings, installing), self._settings, self.note_port)

    def note_port(self, port: int) -> None:
        """Requests come in here."""
        self.port = port

    async def look(self, server: str, settings: ServerSettings) -> None:
        """See what has become of the channels that were set up."""
        try:
            workspace = await self.workspaces.of(workspace_of(server))
        except CANNOT_TELL as error:
            _log.warning("a workspace cannot be reached", workspace=workspace_of(server), reason=reason_of(error))
        else:
            if workspace is not None:
                await self.answering.rooms.look_again(workspace, channels_of(settings))

    async def close(self) -> None:
        """Say what is left to say."""
        await self.answering.errands.close()
        await self.delivery.close()


def _token_in(settings: Settings) -> str | None:
    token = settings.slack_bot_token
    return token.get_secret_value() if token else None


class SlackChat(Chat):
    """The desk in every workspace that has installed the bot."""

    has_cards = True

    def __init__(self, settings: Settings) -> None:
        """Nothing is connected before `run`."""
        self.call_time = CALL_TIME
        self._settings = settings
        self._service: Service | None = None

    async def run(self, desk: Listener) -> None:
        """Serve until cancelled. Raises SlackRefused when Slack does not let us in, OSError for a taken port."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self.call_time)) as session:
            service = self._service = Service(self._settings, session, desk)
            try:
                await self._serve(service)
            finally:
                self._service = None
                await service.close()

    async def _serve(self, service: Service) -> None:
        await knock(service.join, service.back_off)
        await _first_end(service)

    @property
    def is_connected(self) -> bool:
        """Whether Slack can tell us something now."""
        service = self._service
        return service is not None and (service.line.is_connected or bool(service.port))

    @property
    def port(self) -> int:
        """Where Slack's requests come in; 0 where none do."""
        return self._service.port if self._service else 0

    async def perform(self, effect: Effect, nonce: str, attempt: int = 1) -> Outcome:
        """Do one effect."""
        service = self._service
        if service is None:
            return Later("not connected to Slack", _UNTIL_SERVED, is_untouched=True)
        outcome = await service.delivery.perform(effect, nonce, attempt)
        service.heed_refusals()
        return outcome

    async def member(self, server: str, person: str) -> Person | None:
        """Somebody as Slack knows them now; None who has left. Raises OSError when it does not tell."""
        workspace = await self._workspace(server)
        return await workspace.people.member(person)

    async def _workspace(self, server: str) -> Workspace:
        try:
            workspace = await self._service.workspaces.of(workspace_of(server)) if self._service else None
        except (SlackApiError, aiohttp.ClientError) as error:
            raise ConnectionError(f"Slack does not tell: {reason_of(error)}") from error
        if workspace is None:
            raise ConnectionError("not connected to this workspace")
        return workspace

    def misses_nothing(self, server: str) -> bool:
        """Over HTTP Slack tells again what we missed; in Socket Mode only what somebody has heard can be told again."""
        del server
        return self.is_connected

    def lacks(self, server: str, settings: ServerSettings) -> Sequence[Text]:
        """Channels that the bot is not in or that should be private, as far as it has looked; then it looks again."""
        if self._service is None:
            return ()
        self._service.answering.errands.begin(self._service.look(server, settings))
        return self._service.answering.rooms.lacks(workspace_of(server), settings)


async def _first_end(service: Service) -> None:
    """Hear until that ends, or until there is no use in it."""
    hearing = asyncio.ensure_future(service.hear())
    refused = asyncio.ensure_future(service.refused.wait())
    try:
        await asyncio.wait({hearing, refused}, return_when=asyncio.FIRST_COMPLETED)
        if not hearing.done():
            raise _refused("it does not hold any more")
        await hearing
    finally:
        for one in (hearing, refused):
            one.cancel()
        await asyncio.gather(hearing, refused, return_exceptions=True)
