"""Who somebody is, as Slack tells: their name, language and user groups. Asked once, then known for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import aiohttp
import structlog
from cachetools import TTLCache
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack_chat.nonsense import reading_answer, word
from bot.model import Person

T = TypeVar("T")

_log = structlog.get_logger(__name__)

PATIENCE = 1.0
"""Seconds that an event waits until Slack tells who caused it; the event itself must not be lost for that."""
KNOWN_FOR = 600.0
"""Seconds for which we believe what Slack told."""
_MOST = 10_000
"""People of a workspace who are remembered at a time."""
_AGAIN_AFTER = 30.0
"""Seconds after which user groups that could not be told are asked for again, and a limit that has no time passes."""
_UNKNOWN = frozenset({"user_not_found", "user_not_visible", "users_not_found"})
"""Slack's errors for somebody of whom it tells nothing."""
_NO_GROUPS = frozenset({"plan_upgrade_required", "paid_teams_only", "missing_scope", "not_allowed_token_type"})
"""Slack's errors where a workspace has no user groups for us: then people are picked one by one."""
CANNOT_TELL = (SlackApiError, aiohttp.ClientError, OSError)
"""What a call raises when Slack does not answer as it should; time-outs are among them."""


class InFlight(Generic[T]):
    """One request per question at a time: whoever asks meanwhile waits for the same answer."""

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Task[T]] = {}

    async def __call__(self, question: str, ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The answer. It goes on being waited for when this caller goes away."""
        task = self._running.get(question)
        if task is None:
            task = self._running[question] = asyncio.create_task(ask())
            task.add_done_callback(lambda done: self._ended(question, done))
        return await asyncio.shield(task)

    def _ended(self, question: str, task: asyncio.Task[T]) -> None:
        del self._running[question]
        if not task.cancelled():
            task.exception()  # seen, even where everybody who asked has gone


@dataclass(frozen=True, slots=True)
class _Profile:
    """What we remember of somebody."""

    name: str = ""
    locale: str | None = None
    is_admin: bool = False
    is_bot: bool = False
    is_stranger: bool = True
    """Of another company, in a channel that is shared with it."""
    is_gone: bool = True


@dataclass(frozen=True, slots=True)
class _Group:
    name: str
    members: frozenset[str]


class People:
    """Everybody in one workspace, or in one organisation that has installed the bot as a whole.

    Somebody's roles are the user groups that they are in and, because free workspaces have none, they themselves. In an
    organisation each workspace has groups of its own, so there people are picked one by one, too.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        workspace: str,
        enterprise: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`enterprise` is the organisation that the workspace belongs to; `clock` tells seconds."""
        self.patience = PATIENCE
        self._client = client
        self._is_organisation = workspace == enterprise
        self._ours = {workspace, enterprise} - {None}
        self._clock = clock
        self._profiles: TTLCache[str, _Profile] = TTLCache(_MOST, KNOWN_FOR, timer=clock)
        self._profile_in_flight: InFlight[None] = InFlight()
        self._groups: Mapping[str, _Group] | None = {} if self._is_organisation else None
        """None until Slack has told them for the first time."""
        self._groups_in_flight: InFlight[None] = InFlight()
        self._groups_until = 0.0
        self._changes = 0
        """How often groups have changed: an answer from before the latest change is old already."""
        self._quiet_until = 0.0
        """Until when Slack does not want to be asked for people."""

    async def person(self, user: str, name: str = "") -> Person:
        """Who has this id. Where Slack does not tell in time, they have the name that the event gave, and no rights.

        Raises TypeError for what is no id, or no name.
        """
        user, name = word(user), word(name)
        if user not in self._profiles or self._are_groups_old():
            await self._look_up(user)
        profile = self._profiles.get(user)
        return Person(user, name or user) if profile is None else self._as_person(user, profile, name)

    async def member(self, user: str) -> Person | None:
        """Somebody as Slack knows them now; None who has left. Raises OSError when it cannot tell."""
        try:
            await self._profile_in_flight(user, lambda: self._ask_profile(user))
        except (SlackApiError, aiohttp.ClientError) as error:
            raise OSError("Slack does not tell who somebody is") from error
        profile = self._profiles[user]
        if self._are_groups_old():
            await self._look_up(None)
        if self._groups is None:  # taking an agent for none would give their tickets away
            raise OSError("Slack does not tell the user groups")
        return None if profile.is_gone else self._as_person(user, profile)

    def name(self, user: str) -> str | None:
        """The name of somebody who is known already."""
        profile = self._profiles.get(user)
        return profile.name or None if profile else None

    async def is_bot(self, user: str) -> bool:
        """Whether it is a bot, as far as Slack tells in time."""
        if user not in self._profiles:
            await self._look_up(user)
        profile = self._profiles.get(user)
        return profile is not None and profile.is_bot

    async def groups(self) -> Mapping[str, str]:
        """The names of the user groups by their ids, as far as Slack tells in time."""
        if self._are_groups_old():
            await self._look_up(None)
        return {group: known.name for group, known in (self._groups or {}).items()}

    def forget_groups(self) -> None:
        """The user groups have changed."""
        self._changes += 1
        self._groups_until = 0.0

    def _are_groups_old(self) -> bool:
        return not self._is_organisation and self._clock() >= self._groups_until

    def _as_person(self, user: str, profile: _Profile, name: str = "") -> Person:
        if profile.is_stranger:
            return Person(user, profile.name or name or user)
        groups = (self._groups or {}).items()
        roles = {user, *(group for group, known in groups if user in known.members)}
        return Person(user, profile.name or name or user, profile.locale, frozenset(roles), profile.is_admin)

    async def _look_up(self, user: str | None) -> None:
        """Ask for what is not known of somebody, or only for the groups; what fails is logged."""
        asked = [self._learn_groups(), *([self._learn_profile(user)] if user else [])]
        try:
            async with asyncio.timeout(self.patience):
                ended = await asyncio.gather(*asked, return_exceptions=True)
        except TimeoutError as late:
            ended = [late]
        for error in ended:
            if isinstance(error, CANNOT_TELL):
                _log.warning("Slack did not tell who somebody is", reason=reason_of(error))
            elif error is not None:
                raise error

    async def _learn_profile(self, user: str) -> None:
        if user not in self._profiles and self._clock() >= self._quiet_until:
            await self._profile_in_flight(user, lambda: self._ask_profile(user))

    async def _ask_profile(self, user: str) -> None:
        try:
            with reading_answer():
                profile = self._profile_of((await self._client.users_info(user=user, include_locale=True))["user"])
        except SlackApiError as error:
            if reason_of(error) in _UNKNOWN:
                self._profiles[user] = _Profile()
                return
            if reason_of(error) == "ratelimited":
                self._quiet_until = self._clock() + float(error.response.headers.get("Retry-After", _AGAIN_AFTER))
            raise
        self._profiles[user] = profile

    def _profile_of(self, user: Mapping[str, Any]) -> _Profile:
        shown: Mapping[str, Any] = user.get("profile") or {}
        in_organisation: Mapping[str, Any] = user.get("enterprise_user") or {}
        teams = {user.get("team_id"), *(in_organisation.get("teams") or ())}
        theirs = {user.get("team_id"), in_organisation.get("enterprise_id")}
        is_stranger = bool(user.get("is_stranger")) or not theirs & self._ours
        # who looks after one workspace of an organisation looks after neither all of it nor another one
        rights = in_organisation if self._is_organisation else user if teams & self._ours else {}
        return _Profile(
            name=shown.get("display_name") or shown.get("real_name") or user.get("real_name") or user.get("name") or "",
            locale=None if is_stranger else user.get("locale"),
            is_admin=not is_stranger and bool(rights.get("is_admin") or rights.get("is_owner")),
            is_bot=bool(user.get("is_bot")),
            is_stranger=is_stranger,
            is_gone=bool(user.get("deleted")),
        )

    async def _learn_groups(self) -> None:
        """Whatever fails leaves the groups as they were: nobody may lose their rights by a fault of Slack's."""
        if not self._are_groups_old():
            return
        try:
            await self._groups_in_flight("groups", self._ask_groups)
        except CANNOT_TELL:
            self._groups_until = self._clock() + _AGAIN_AFTER
            raise

    async def _ask_groups(self) -> None:
        changes = self._changes
        try:
            with reading_answer():
                answer = await self._client.usergroups_list(include_users=True, include_disabled=False)
                self._groups = {
                    group["id"]: _Group(group.get("name") or group["id"], frozenset(group.get("users") or ()))
                    for group in answer["usergroups"]
                }
        except SlackApiError as error:
            if reason_of(error) not in _NO_GROUPS:
                raise
            self._groups = {}
        self._groups_until = self._clock() + KNOWN_FOR if changes == self._changes else 0.0


def reason_of(error: BaseException) -> str:
    """Why Slack did not answer as it should, in one word."""
    if not isinstance(error, SlackApiError):
        return type(error).__name__
    answer = getattr(error.response, "data", error.response)  # where it cannot be read, the SDK hands on something else
    return str((isinstance(answer, Mapping) and answer.get("error")) or "no answer")
