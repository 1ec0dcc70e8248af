"""Effects as calls of Slack's Web API, and its refusals as outcomes.

Error codes: the page of each method below reference/methods.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from hashlib import sha256
from http import HTTPStatus
from typing import Any

import aiohttp
import structlog
from cachetools import LRUCache
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack_chat.addresses import address, place, workspace_of
from adapters.slack_chat.pace import POST, Call, pace_of
from adapters.slack_chat.people import CANNOT_TELL
from adapters.slack_chat.refused import DEAD_TOKEN
from adapters.slack_chat.show import Page, pages
from adapters.slack_chat.workspaces import Workspace, Workspaces
from bot.model import CloseThread, Content, Done, Effect, Later, Listener, Never, OpenThread, Outcome, Say

_log = structlog.get_logger(__name__)

PATIENCE = timedelta(seconds=5)
"""How long one effect may keep a place in the outbox."""
_TAKES_LONG = timedelta(seconds=10)
_WITH_COMPANY = timedelta(seconds=20), timedelta(seconds=60)
"""The same two where other workers may take up what we have put off: they must not while it goes on here."""
_UNTIL_PERMITTED = timedelta(minutes=5)
"""When to look again whether somebody has invited us, or given us what was missing."""
_UNTIL_MET = timedelta(seconds=10)
"""When to ask again who we are in a workspace, where Slack did not tell."""
_WITHOUT_A_TIME = 30.0
"""Seconds to wait where a refusal does not say how long."""
_MOST_TRAILS = 10_000
_MOST_DIRECTS = 10_000

_OLD_TOKEN = "token_expired"  # noqa: S105 (an error code)
_NO_TOKEN = DEAD_TOKEN - {_OLD_TOKEN}
_NOT_PERMITTED = {
    "access_denied",
    "channel_not_found",
    "ekm_access_denied",
    "is_archived",
    "is_inactive",
    "messages_tab_disabled",
    "missing_scope",
    "no_permission",
    "not_in_channel",
    "org_login_required",
    "team_access_not_granted",
}
"""What people can mend. We are not in a private channel: then Slack says that there is none."""
_UNSURE = {"fatal_error", "internal_error", "request_timeout", "service_unavailable"}
"""Slack has failed; perhaps only after it has done what we asked for."""
_THROTTLED = {"rate_limited", "ratelimited"}
_WRITES = {POST, "chat.update", "chat.delete"}
_CANNOT_EDIT = {"cant_update_message", "edit_window_closed", "message_not_found"}
_CANNOT_DELETE = {"cant_delete_message", "compliance_exports_prevent_deletion", "message_not_found"}
_NO_THREAD = "thread_not_found"
_CANNOT_READ = {"access_denied", "channel_not_found", "missing_scope", "no_permission", "not_allowed_token_type"}

_EVENT_TYPE = "wartemarke_effect"
"""Under this name each message of ours carries the nonce of its effect (messaging/message-metadata)."""
_LOOK_FROM = 60
"""Seconds before the promise from which on to look for what it became: our clock and Slack's are not the same."""
_A_LOOK = 15
"""Messages that one request may ask for, in an app that is distributed (changelog 2025/05/29)."""
_MOST_LOOKS = 20
"""After so many requests, what was not found is taken for not sent."""


class _PutOffError(Exception):
    """Not before so many seconds; nothing has reached Slack."""

    def __init__(self, reason: str, seconds: float) -> None:
        super().__init__(reason)
        self.later = Later(reason, timedelta(seconds=seconds))


class _RootIsGoneError(Exception):
    """The message under which this was to be said is deleted."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where something is said, by the ids that Slack has for it now."""

    channel: str
    root: str | None = None
    """The `ts` of the message in whose thread it is said; None in the channel itself."""


@dataclass(frozen=True, slots=True)
class _Posted:
    """One page of an effect that stands in a channel."""

    channel: str
    ts: str
    digest: str
    """Tells what was posted, since an effect may be drawn anew between two attempts."""
    of: int
    """How many pages there were to be."""


@dataclass(slots=True)
class _Trail:
    """What has become of an effect so far. A message of ours also carries it, for a process that knows nothing."""

    is_whole: bool
    """Whether nothing else of it can stand on Slack; not so after a call whose end we do not know."""
    posted: dict[int, _Posted] = field(default_factory=dict)
    looks: int = 0
    cursor: str = ""
    """Where to go on looking, because such requests may be limited to one a minute."""
    next_attempt: int = 1
    """With any other number, somebody else may have written meanwhile."""

    @property
    def is_untouched(self) -> bool:
        """Whether nothing of it stands on Slack."""
        return self.is_whole and not self.posted

    @property
    def of(self) -> int:
        """How many pages there can be: what was posted may have been longer than it is now."""
        return max((page.of for page in self.posted.values()), default=0)


@dataclass(slots=True)
class _Errand:
    """One attempt at an effect."""

    workspace: Workspace
    nonce: str
    trail: _Trail
    has_begun: bool = False
    """Whether a call was made. Before, it can be put off and keeps its turn; afterwards it goes on to its end."""
    has_written: bool = False
    """Whether one of them may have changed something on Slack. An attempt that only looked does not count."""


class Delivery:
    """Performs effects in all workspaces."""

    def __init__(self, workspaces: Workspaces, desk: Listener) -> None:
        self._workspaces = workspaces
        self.pace = pace_of(desk)
        self._calls: dict[str, tuple[Effect, asyncio.Task[Outcome]]] = {}
        """What is being done, by nonce: nobody could tell what has become of a call that was broken off."""
        self._trails: LRUCache[str, _Trail] = LRUCache(_MOST_TRAILS)
        self._directs: LRUCache[tuple[str, str], str] = LRUCache(_MOST_DIRECTS)
        """Direct messages with us, by workspace and person."""
        self.patience, self.takes_long = _WITH_COMPANY if desk.has_company else (PATIENCE, _TAKES_LONG)
        self.until_permitted = _UNTIL_PERMITTED
        self.refused: set[str] = set()
        """Workspaces whose token Slack has refused for good; whoever looks after them takes them out."""

    async def perform(self, effect: Effect, nonce: str, attempt: int = 1) -> Outcome:
        """Do one effect. What takes long goes on, and the same nonce finds it again."""
        before = self._trails.get(nonce)
        is_up_to_date = before is None or before.next_attempt == attempt
        outcome = await self._do_once(effect, nonce, attempt)
        trail = self._trails.get(nonce)
        if trail is not None and (is_up_to_date or trail is not before):
            is_uncounted = isinstance(outcome, Later) and outcome.is_untouched
            trail.next_attempt = attempt if is_uncounted else attempt + 1
        return outcome

    async def _do_once(self, effect: Effect, nonce: str, attempt: int) -> Outcome:
        before = self._calls.get(nonce)
        if before is None or before[0] != effect:
            call = asyncio.create_task(self._call(effect, nonce, attempt, after=before[1] if before else None))
            before = self._calls[nonce] = (effect, call)
        done, _ = await asyncio.wait({before[1]}, timeout=self.patience.total_seconds())
        if not done:
            return Later("takes long", self.takes_long)
        self._calls.pop(nonce, None)
        if before[1].cancelled():
            trail = self._trails.get(nonce)
            return Later("broken off", is_untouched=trail is not None and trail.is_untouched)
        return before[1].result()

    async def close(self) -> None:
        """Break off what is still being done; it is owed."""
        for _, call in self._calls.values():
            call.cancel()

    async def _call(self, effect: Effect, nonce: str, attempt: int, after: asyncio.Task[Outcome] | None) -> Outcome:
        if after is not None:
            await asyncio.wait({after})
        name = workspace_of(effect.server)
        try:
            workspace = await self._workspaces.of(name)
        except CANNOT_TELL as error:
            return _untouched(self._outcome(name, error))
        if workspace is None:
            return Never("the bot is not installed in this workspace", is_fault=False)
        errand = _Errand(workspace, nonce, self._trail(nonce, attempt))
        try:
            return await self._do(errand, effect)
        except _PutOffError as error:
            return replace(error.later, is_untouched=not errand.has_written)
        except _RootIsGoneError:
            return Never("the message above is deleted", is_fault=False)
        except CANNOT_TELL as error:
            return self._outcome(name, error)

    def _trail(self, nonce: str, attempt: int) -> _Trail:
        """What we know of an effect; nothing for certain where another worker may have posted it since we tried."""
        trail = self._trails.get(nonce)
        if trail is None or trail.next_attempt != attempt:
            trail = _Trail(is_whole=trail is None and attempt <= 1, next_attempt=attempt + 1)
            self._trails[nonce] = trail
        return trail

    async def _do(self, errand: _Errand, effect: Effect) -> Outcome:
        match effect:
            case OpenThread():
                return await self._open_thread(errand, effect)
            case Say():
                return await self._say(errand, effect)
            case CloseThread():  # a thread on Slack is always open
                return Done(thread=effect.thread)

    # --- threads -------------------------------------------------------------------------------------

    async def _open_thread(self, errand: _Errand, effect: OpenThread) -> Outcome:
        """Every message is a thread; so only where there is none yet, we post one."""
        if effect.message is not None:
            return Done(message=effect.message, thread=effect.message)
        if effect.opening is None:
            return Never("a thread on Slack needs a message above it")
        channel = errand.workspace.channels.now(effect.channel)
        if effect.is_private:
            if effect.person is None:
                return Never("nobody is named whose direct message it is")
            channel = await self._direct(errand, effect.person)
        posted = await self._post_all(errand, _Place(channel), pages(effect.opening, errand.workspace.dialect))
        return Done(message=",".join(posted), thread=posted[-1])  # under the last, where a long one takes several

    async def _direct(self, errand: _Errand, person: str) -> str:
        """The channel in which only this person and the bot talk."""
        workspace = errand.workspace
        channel = self._directs.get((workspace.id, person))
        if channel is None:
            opened = await self._ask(
                errand, Call(workspace.id, "conversations.open"), workspace.client.conversations_open, users=person
            )
            channel = self._directs[workspace.id, person] = str(opened["channel"]["id"])
        return channel

    # --- messages ------------------------------------------------------------------------------------

    async def _say(self, errand: _Errand, effect: Say) -> Outcome:
        above = effect.thread or effect.answers  # on Slack an answer to a message stands in its thread
        channels = errand.workspace.channels
        where = _Place(*_now(errand.workspace, above)) if above else _Place(channels.now(effect.channel))
        wanted = pages(effect.content, errand.workspace.dialect)
        edited = await self._edit(errand, effect.replaces.split(","), wanted, effect.thread) if effect.replaces else []
        further = await self._post_all(errand, where, wanted[len(edited) :])
        return Done(message=",".join([*edited, *further]))

    async def _post_all(self, errand: _Errand, where: _Place, wanted: Sequence[Page]) -> list[str]:
        """Post what does not stand there yet; the addresses of all pages."""
        posted = errand.trail.posted
        if not errand.trail.is_whole:
            await self._look(errand, where, len(wanted))
        for number, page in enumerate(wanted):
            earlier = posted.get(number)
            if earlier is None:
                posted[number] = await self._post(errand, where, page, number, len(wanted))
            elif earlier.digest != _digest(page):
                posted[number] = replace(earlier, digest="")  # until it has arrived, nobody knows what stands there
                metadata = _metadata(errand.nonce, page, number, len(wanted))
                await self._update(errand, earlier.channel, earlier.ts, page, metadata)
                posted[number] = replace(earlier, digest=_digest(page))
        for number in [number for number in posted if number >= len(wanted)]:
            await self._delete(errand, posted[number].channel, posted[number].ts)
            del posted[number]
        known_as = errand.workspace.channels.known_as
        return [address(known_as(posted[number].channel), posted[number].ts) for number in sorted(posted)]

    async def _post(self, errand: _Errand, where: _Place, page: Page, number: int, of: int) -> _Posted:
        errand.trail.is_whole = False
        try:
            answer = await self._ask(
                errand,
                Call(errand.workspace.id, POST, where.channel),
                errand.workspace.client.chat_postMessage,
                channel=where.channel,
                thread_ts=where.root,
                # who talks to us alone writes beside a thread as often as in it, and would not see it there
                reply_broadcast=(where.root is not None and where.channel.startswith("D")) or None,
                text=page.text,
                blocks=page.blocks,
                metadata=_metadata(errand.nonce, page, number, of),
                unfurl_links=False,
                unfurl_media=False,
            )
        except (_PutOffError, aiohttp.ClientConnectorError):
            errand.trail.is_whole = True
            raise
        except asyncio.CancelledError:
            errand.trail.is_whole = not errand.has_begun
            raise
        except SlackApiError as error:
            errand.trail.is_whole = not _is_unsure(error)
            raise
        if where.root is not None and not answer["message"].get("thread_ts"):
            await self._delete(errand, answer["channel"], answer["ts"])  # it stands in the channel, for all to see
            raise _RootIsGoneError
        errand.trail.is_whole = True
        return _Posted(answer["channel"], answer["ts"], _digest(page), of)

    async def _edit(self, errand: _Errand, old: list[str], wanted: Sequence[Page], root: str | None) -> list[str]:
        """Put other words into messages of ours; those that show the first pages now, none if that cannot be.

        What shows none is taken away, but not the `root`: people talk in its thread.
        """
        loose = [message for message in reversed(old) if message != root]
        surplus = loose[: max(len(old) - len(wanted), 0)]
        kept = [message for message in old if message not in surplus]
        for message, page in zip(kept, wanted, strict=False):
            if not await self._update(errand, *_now(errand.workspace, message), page):
                kept, surplus = [], loose
                break
        for message in surplus:
            await self._delete(errand, *_now(errand.workspace, message))
        return kept

    async def _update(
        self, errand: _Errand, channel: str, ts: str, page: Page, metadata: dict[str, Any] | None = None
    ) -> bool:
        """Edit one message of ours; doing it twice does no harm. False if it is gone, or may not be edited any more."""
        try:
            await self._ask(
                errand,
                Call(errand.workspace.id, "chat.update"),
                errand.workspace.client.chat_update,
                channel=channel,
                ts=ts,
                text=page.text,
                blocks=page.blocks,
                metadata=metadata,
                parse="none",  # unlike a post, an edit would look for names in people's words
            )
        except SlackApiError as error:
            if _code(error) not in _CANNOT_EDIT:
                raise
            return False
        return True

    async def _delete(self, errand: _Errand, channel: str, ts: str) -> None:
        """Take away one message of ours, where that can be."""
        call, method = Call(errand.workspace.id, "chat.delete"), errand.workspace.client.chat_delete
        try:
            await self._ask(errand, call, method, channel=channel, ts=ts)
        except SlackApiError as error:
            if _code(error) not in _CANNOT_DELETE:
                raise

    # --- what an earlier attempt has left ------------------------------------------------------------

    async def _look(self, errand: _Errand, where: _Place, wanted: int) -> None:
        """Find the pages that stand there already. Where we may not read, the message is sent, perhaps once more."""
        trail = errand.trail
        try:
            is_over = False
            while not is_over and trail.looks < _MOST_LOOKS and len(trail.posted) < max(wanted, trail.of):
                is_over = await self._look_once(errand, where)
        except SlackApiError as error:
            if where.root is not None and _code(error) == _NO_THREAD:
                await self._take_back(errand, where)
            if _code(error) not in _CANNOT_READ:
                raise
            _log.warning("may be posted twice", workspace=errand.workspace.id, reason=_code(error))
        if trail.looks >= _MOST_LOOKS:
            _log.warning("may be posted twice", workspace=errand.workspace.id, reason="very many messages since")
        trail.is_whole, trail.looks, trail.cursor = True, 0, ""

    async def _look_once(self, errand: _Errand, where: _Place) -> bool:
        """Read some messages since the promise; whether that were all."""
        workspace, trail = errand.workspace, errand.trail
        name, method = "conversations.history", workspace.client.conversations_history
        if where.root is not None:
            name, method = "conversations.replies", partial(workspace.client.conversations_replies, ts=where.root)
        answer = await self._ask(
            errand,
            Call(workspace.id, name),
            method,
            channel=where.channel,
            oldest=_look_from(errand.nonce),
            limit=_A_LOOK,
            cursor=trail.cursor or None,
            include_all_metadata=True,
        )
        for message in answer.get("messages") or ():
            metadata = message.get("metadata") or {}
            payload = metadata.get("event_payload") or {}
            is_ours = message.get("user") == workspace.bot_user and metadata.get("event_type") == _EVENT_TYPE
            if is_ours and payload.get("nonce") == errand.nonce:
                digest, of = str(payload["digest"]), int(payload["of"])
                trail.posted[int(payload["page"])] = _Posted(where.channel, message["ts"], digest, of)
        trail.looks += 1
        trail.cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
        return not trail.cursor

    async def _take_back(self, errand: _Errand, where: _Place) -> None:
        """The root is gone: what was said under it stands in the channel, if anywhere."""
        errand.trail.cursor = ""
        await self._look(errand, _Place(where.channel), 1)
        for posted in errand.trail.posted.values():
            await self._delete(errand, posted.channel, posted.ts)
        raise _RootIsGoneError

    # --- calls ---------------------------------------------------------------------------------------

    async def _ask(
        self, errand: _Errand, call: Call, method: Callable[..., Awaitable[AsyncSlackResponse]], **arguments: Any
    ) -> AsyncSlackResponse:
        """Call Slack when it is our turn."""
        wait = await self.pace.wait(call, errand.nonce, can_come_back=not errand.has_begun)
        if wait:
            raise _PutOffError(f"many calls of {call.method}", wait)
        errand.has_begun = True
        has_written, errand.has_written = errand.has_written, errand.has_written or call.method in _WRITES
        try:
            return await method(**arguments)
        except SlackApiError as error:
            seconds = _throttled(error)
            if seconds is None:
                raise
            errand.has_written = has_written
            self.pace.hold(call, seconds)
            raise _PutOffError("throttled by Slack", seconds) from error

    def _outcome(self, workspace: str, error: Exception) -> Outcome:
        if not isinstance(error, SlackApiError):
            return Later(type(error).__name__)
        code, seconds = _code(error), _throttled(error)
        reason = f"Slack says {code or _status(error)}"
        if seconds is not None:
            return Later(reason, timedelta(seconds=seconds))
        if code in _NO_TOKEN or code == _OLD_TOKEN:
            self._workspaces.forget(workspace)
        if code in _NO_TOKEN:
            self.refused.add(workspace)
        if code in _NO_TOKEN or code in _NOT_PERMITTED or code.startswith("restricted_action"):
            return Later(reason, self.until_permitted)
        if code == _OLD_TOKEN or _is_unsure(error):
            return Later(reason)
        return Never(reason)


async def tell(workspace: Workspace, person: str, channel: str, content: Content, thread: str | None = None) -> None:
    """Say something that only one person reads: where they are, or, where that cannot be, in a direct message.

    In direct messages it stays there, since nobody else reads it.
    `channel` may be empty. What is told may get lost; whatever must not is an effect.
    """
    try:
        if channel.startswith("D"):
            await _write(workspace, channel, content, thread)
        elif not channel or not await _whisper(workspace, person, channel, content, thread):
            opened = await workspace.client.conversations_open(users=person)
            await _write(workspace, opened["channel"]["id"], content)
    except (SlackApiError, aiohttp.ClientError, OSError) as error:
        reason = _code(error) if isinstance(error, SlackApiError) else type(error).__name__
        _log.warning("somebody could not be told something", workspace=workspace.id, reason=reason)


async def _whisper(workspace: Workspace, person: str, channel: str, content: Content, thread: str | None) -> bool:
    """Show a message to one person only. False if Slack refuses: we, or they, are not in that channel."""
    where, root = (channel, None) if thread is None else place(thread)
    try:
        for page in pages(content, workspace.dialect):
            await workspace.client.chat_postEphemeral(
                channel=workspace.channels.now(where), user=person, thread_ts=root, text=page.text, blocks=page.blocks
            )
    except SlackApiError as error:
        if _is_unsure(error):
            raise
        return False
    return True


async def _write(workspace: Workspace, channel: str, content: Content, thread: str | None = None) -> None:
    """Say something in direct messages."""
    root = place(thread)[1] if thread else None
    for page in pages(content, workspace.dialect):
        await workspace.client.chat_postMessage(
            channel=channel,
            thread_ts=root,
            text=page.text,
            blocks=page.blocks,
            unfurl_links=False,
            unfurl_media=False,
        )


def _untouched(outcome: Outcome) -> Outcome:
    """The same, where nothing was begun."""
    if not isinstance(outcome, Later):
        return outcome
    return replace(outcome, wait=outcome.wait or _UNTIL_MET, is_untouched=True)


def _now(workspace: Workspace, message: str) -> tuple[str, str]:
    """(channel, ts) of a message, the first one where it took several, with the id that its channel has now."""
    channel, ts = place(message.partition(",")[0])
    return workspace.channels.now(channel), ts


def _metadata(nonce: str, page: Page, number: int, of: int) -> dict[str, Any]:
    payload = {"nonce": nonce, "page": number, "of": of, "digest": _digest(page)}
    return {"event_type": _EVENT_TYPE, "event_payload": payload}


def _digest(page: Page) -> str:
    return sha256(json.dumps([page.text, page.blocks]).encode()).hexdigest()[:16]


def _look_from(nonce: str) -> str:
    """The `ts` from which on an effect can stand somewhere: its nonce begins with the second of its promise, in hex."""
    second = int(nonce.rpartition(":")[2].partition("-")[0], 16)
    return f"{second - _LOOK_FROM}.000000"


# --- what an error says ------------------------------------------------------------------------------


def _code(error: SlackApiError) -> str:
    """Slack's word for it; empty where something else has answered."""
    data = getattr(error.response, "data", None)
    return str(data.get("error") or "") if isinstance(data, dict) else ""


def _status(error: SlackApiError) -> int:
    """The HTTP status; the SDK hands on aiohttp's own response where it cannot read the answer."""
    response = error.response
    return int(response.status_code if isinstance(response, AsyncSlackResponse) else response.status)


def _is_unsure(error: SlackApiError) -> bool:
    """Whether what we asked for may have been done all the same."""
    code = _code(error)
    return not code or code in _UNSURE or _status(error) >= HTTPStatus.INTERNAL_SERVER_ERROR


def _throttled(error: SlackApiError) -> float | None:
    """For how many seconds Slack takes no more of this; None if that is not what it says."""
    if _status(error) != HTTPStatus.TOO_MANY_REQUESTS and _code(error) not in _THROTTLED:
        return None
    try:
        return float(error.response.headers["Retry-After"])
    except (KeyError, ValueError):
        return _WITHOUT_A_TIME
