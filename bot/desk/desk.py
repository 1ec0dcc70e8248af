"""One event in, one transaction, at most one private reply out."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_random_exponential

from bot.coverage.matcher import Matcher
from bot.coverage.policy import Policy
from bot.desk import line, listening, setting_up
from bot.desk.buttons import BUTTONS, FORMS, known
from bot.desk.commands import BY_NAME
from bot.desk.scene import Scene
from bot.model import (
    Action,
    ButtonPressed,
    CommandUsed,
    Content,
    Event,
    FormSent,
    MessageDeleted,
    MessageEdited,
    MessagePosted,
    Person,
    Refusal,
    Reply,
    Say,
    ServerJoined,
    ServerSettings,
)
from bot.rules.limits import clean, title
from bot.rules.permissions import is_staff
from bot.store import queries
from bot.store.database import Database, Transaction, is_passing
from bot.store.outbox import forget_ended, owe
from bot.texts import paragraph, text

_log = structlog.get_logger(__name__)
_NOBODY = Person("", "")
_DEFAULTS = ServerSettings()
_LONGEST_ACTION = 200
"""Characters of a button's action or a form's name; whatever is longer is forged."""
_AT_A_TIME = 2_000
"""Old keys dropped in one transaction; others wait meanwhile."""
_FAREWELL = timedelta(seconds=3)
"""How long a stopping process waits for what it has begun."""
_PATIENT = AsyncRetrying(
    retry=retry_if_exception(is_passing),
    wait=wait_random_exponential(multiplier=0.2, max=5),
    stop=stop_after_delay(120),
    reraise=True,
)
"""Tries again while the database's file is locked or the disk is full."""


def utc_now() -> datetime:
    """Our own clock: for when to send, never for who comes first."""
    return datetime.now(UTC)


class Desk:
    """Answers, tickets and the line. Holds in memory only what a restart reads again."""

    def __init__(
        self,
        database: Database,
        matcher: Matcher,
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._clock = clock
        self.on_commit: Callable[[], None] = lambda: None
        """Called when there may be something new in the outbox."""
        self._servers: dict[str, ServerSettings] = {}
        self._heard: set[tuple[str, str]] = set()
        self._matcher = matcher
        self.policy_trouble = ""
        """Why the policy's files, as they are now, were refused; moderators read it in `/setup show`."""
        self._settling: set[asyncio.Future[Reply | None]] = set()

    @property
    def policy(self) -> Policy:
        """The policy that is in force."""
        return self._matcher.policy

    def use(self, matcher: Matcher) -> None:
        """From the next event on, this matcher's policy is in force."""
        self._matcher = matcher
        self.policy_trouble = ""

    async def start(self) -> None:
        """Read what is kept in memory: settings, and which channels we listen to."""
        self._heard = await self._database.transaction(queries.channels_with_open_tickets)
        for server, settings in (await self._database.transaction(queries.all_settings)).items():
            self._keep(server, settings)

    async def _remember(self, server: str) -> None:
        """The server's settings may have changed."""
        settings = await self._database.transaction(lambda tx: queries.settings_of(tx, server))
        if settings is not None:
            self._keep(server, settings)

    def _keep(self, server: str, settings: ServerSettings) -> None:
        self._servers[server] = settings
        self._heard |= {(server, channel) for channel in settings.support}

    async def handle(self, event: Event) -> Reply | None:
        """Do what an event asks for. When this returns, it is on the disk; a private reply comes back."""
        if isinstance(event, MessagePosted | MessageEdited | MessageDeleted) and (
            (event.server, event.channel) not in self._heard
        ):
            return None
        scene = self._scene(event)
        if isinstance(event, MessagePosted) and _is_idle_talk(event, scene):
            return None
        settling = asyncio.ensure_future(self._settle(scene))
        self._settling.add(settling)
        settling.add_done_callback(self._settling.discard)
        return await asyncio.shield(settling)  # who asked may go away; what was committed must still be told

    async def _settle(self, scene: Scene) -> Reply | None:
        event = scene.event
        try:
            reply = await self._transact(scene)
        except Refusal as refusal:
            return scene.reply(paragraph(refusal.text))
        except Exception:  # noqa: BLE001 (it is logged, and told)
            return await self._apologise(scene)
        if isinstance(event, ServerJoined) or _is_setup(event):
            await self._remember(event.server)
        self.on_commit()
        return reply

    async def _transact(self, scene: Scene) -> Reply | None:
        """A person waits for the answer to a command; a message has time, and nobody tells it a second time."""
        work = partial(_route, scene=scene)
        try:
            return await self._database.transaction(work)
        except Exception as error:
            has_time = isinstance(scene.event, MessagePosted | MessageEdited | MessageDeleted)
            if not (has_time and is_passing(error)):
                raise
        return await _PATIENT.copy()(self._database.transaction, work)

    async def finish(self) -> None:
        """Let what is being handled come to its end, for a moment."""
        if self._settling:
            await asyncio.wait(self._settling, timeout=_FAREWELL.total_seconds())

    async def draw_board(self, tx: Transaction, server: str) -> Say | None:
        """The server's board as it is now; the outbox asks for it when it is sent."""
        settings = self._servers.get(server, _DEFAULTS)
        event = Event(key="board", server=server, channel="", order=0, at=self._clock())
        return await line.board(tx, Scene(event, _NOBODY, settings, self.policy, self._matcher.match, self._clock()))

    async def tidy(self) -> None:
        """Drop what only takes room: keys of events nobody tells again, effects ended long ago. In small steps."""
        now = self._clock()
        dropped = _AT_A_TIME
        while dropped == _AT_A_TIME:
            dropped = await self._database.transaction(lambda tx: queries.forget_old_events(tx, now, _AT_A_TIME))
        await self._database.transaction(lambda tx: forget_ended(tx, now))

    def _scene(self, event: Event) -> Scene:
        person: Person = getattr(event, "person", _NOBODY)
        person = replace(person, name=title(person.name) or person.id)
        settings = self._servers.get(event.server, _DEFAULTS)
        words = clean(_words(event))
        needs_verdict = words and _is_request(event) and not is_staff(person, settings)
        verdict = self._matcher.match(words) if needs_verdict else None
        judge, trouble = self._matcher.match, self.policy_trouble
        return Scene(event, person, settings, self.policy, judge, self._clock(), words, verdict, trouble)

    async def _apologise(self, scene: Scene) -> Reply | None:
        """Something of ours is broken: one sentence, and a reference that is also in the log."""
        reference = secrets.token_hex(3)
        event = scene.event
        _log.exception("event failed", reference=reference, server=event.server, kind=type(event).__name__)
        sorry = scene.content(paragraph(text("something-broke", reference=reference)))
        if not isinstance(event, MessagePosted):
            return Reply(sorry)
        await self._say_sorry(event, sorry)
        return None

    async def _say_sorry(self, event: MessagePosted, sorry: Content) -> None:
        say = Say(server=event.server, channel=event.channel, thread=event.thread, content=sorry)
        try:
            await self._database.transaction(lambda tx: owe(tx, f"sorry/{event.message}", say, self._clock()))
        except Exception:  # noqa: BLE001 (it is logged)
            _log.exception("could not even apologise", server=event.server)
        self.on_commit()


def _words(event: Event) -> str:
    match event:
        case MessagePosted(text=words) | MessageEdited(text=words) | CommandUsed(words=words):
            return words
        case FormSent(values=values):
            return values.get("text", "")
        case _:
            return ""


def _is_setup(event: Event) -> bool:
    """Whether the event may change the server's settings."""
    match event:
        case CommandUsed(name=name) | FormSent(form=name):
            return name.startswith("setup")
        case _:
            return False


def _is_request(event: Event) -> bool:
    """Whether the event's words can be what a customer wants from support."""
    match event:
        case CommandUsed(name=name) | FormSent(form=name):
            return name in {"covered", "ticket"}
        case _:
            return isinstance(event, MessagePosted)


def _is_idle_talk(event: MessagePosted, scene: Scene) -> bool:
    """Messages that cost no transaction: staff's and small talk, outside of tickets."""
    if event.thread is not None:
        return False
    return scene.verdict is None or scene.verdict.action is Action.SILENT


async def _route(tx: Transaction, scene: Scene) -> Reply | None:
    event = scene.event
    if isinstance(event, MessagePosted):  # known by its own id, under whatever event it is told
        await listening.message_posted(tx, scene, event)
        return None
    if not await queries.is_new(tx, event.server, f"event:{event.key}", event.at):
        return None
    match event:
        case MessageEdited():
            await listening.message_edited(tx, scene, event)
        case MessageDeleted():
            await listening.message_deleted(tx, scene, event)
        case ServerJoined():
            await setting_up.server_joined(tx, scene, event)
        case CommandUsed() | ButtonPressed() | FormSent():
            return await _answer(tx, scene, event)
    return None


async def _answer(tx: Transaction, scene: Scene, asked: CommandUsed | ButtonPressed | FormSent) -> Reply:
    if _is_setup(asked):  # built upon what is set now: another moderator may have just been quicker
        scene = replace(scene, settings=await queries.settings_of(tx, asked.server) or scene.settings)
    match asked:
        case CommandUsed(name=name) if name in BY_NAME:
            return await BY_NAME[name].run(tx, scene)
        case CommandUsed(name=name):
            raise Refusal("refused-no-such-command", name=title(name, 32))
        case ButtonPressed(action=action):
            kind, _, rest = clean(action, _LONGEST_ACTION).partition(":")
            return await known(BUTTONS, kind)(tx, scene, rest)
        case FormSent(form=form):
            kind, _, rest = clean(form, _LONGEST_ACTION).partition(":")
            return await known(FORMS, kind)(tx, scene, rest)
