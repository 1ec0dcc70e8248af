"""One event in, one transaction, at most one private reply out."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from random import random
from typing import Any, TypeVar

import structlog
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_random_exponential

from bot.coverage.matcher import Matcher
from bot.coverage.meaning import Meanings
from bot.coverage.policy import Policy
from bot.desk import cards, keeping, leaving, line, listening, picking, setting_up
from bot.desk.buttons import BUTTONS, FORMS, known
from bot.desk.commands import BY_NAME
from bot.desk.looking import PATIENCE, CloserLook
from bot.desk.pace import Paces
from bot.desk.policy import posts
from bot.desk.policy.exchanging import read_import
from bot.desk.policy.policies import Policies
from bot.desk.scene import Answer, Scene, Study
from bot.model import (
    Action,
    AgentLeft,
    ButtonPressed,
    Chat,
    CommandUsed,
    Content,
    Event,
    FormSent,
    MessageDeleted,
    MessageEdited,
    MessagePicked,
    MessagePosted,
    Person,
    PersonBanned,
    PlaceGone,
    Refusal,
    Reply,
    Say,
    ServerJoined,
    ServerLeft,
    ServerSettings,
    SupportHours,
)
from bot.rules.estimate import Pace
from bot.rules.hours import HORIZON, calendar_of
from bot.rules.limits import clean, title
from bot.rules.permissions import is_agent, is_moderator, is_staff
from bot.store import budgets, keepsakes, leases, promise_queries, queries
from bot.store.database import Database, Transaction, UnsureError
from bot.store.engines import is_passing
from bot.store.forgetting import COMES_BACK, forget_some, left_before
from bot.store.outbox import BOARD, forget_ended, owe
from bot.store.policy_queries import forget_drafts, forget_texts, servers_with_policy_posts
from bot.store.workers import new_worker
from bot.texts import note, paragraph, text

T = TypeVar("T")

_log = structlog.get_logger(__name__)
_NOBODY = Person("", "")
_DEFAULTS = ServerSettings()
_LONGEST_ACTION = 200
"""Characters of a button's action or a form's name; whatever is longer is forged."""
_AT_A_TIME = 2_000
"""Old keys dropped in one transaction; others wait meanwhile."""
_REFRESHED = 50
"""Servers whose posted policy is looked after in one transaction; the same."""
_WAKING = 25
"""Tickets looked after at once; their transactions are committed together, and others wait meanwhile."""
_ASKING = 10.0
"""Seconds that a chat has to tell who somebody is."""
_LISTENS_AGAIN = timedelta(minutes=1)
"""When to look again at a ticket of whose server something may have been missed."""
_ANOTHER_LOOKS = timedelta(seconds=4), timedelta(seconds=12)
"""When, at the soonest and at the latest, a worker that hears a server may look at a ticket which we do not hear."""
_TRY_AGAIN = timedelta(minutes=10)
_BROKEN_OFF = timedelta(days=1)
"""So long a chat may keep something for a server that has not joined."""
_CHORES_EVERY = timedelta(minutes=59)
_SWEEP_EVERY = timedelta(days=1)
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
        meanings: Meanings | None = None,
        patience: timedelta = PATIENCE,
    ) -> None:
        """With `meanings`, what the first look leaves in doubt is looked at closely, as long as there is patience."""
        self._database = database
        self._clock = clock
        self.on_commit: Callable[[], None] = lambda: None
        """Called when there may be something new in the outbox."""
        self.chat_of: Callable[[str], Chat | None] = lambda _server: None
        """The chat that serves a server; None where none does at present."""
        self._servers: dict[str, ServerSettings] = {}
        self._heard: dict[str, set[str]] = {}
        """Channels by server in which somebody may talk to us."""
        self._closer_look = CloserLook(meanings, patience)
        self.paces = Paces(database, clock)
        self.policies = Policies(database, matcher, self._closer_look.learn)
        self.policy_trouble = ""
        """Why the policy's files, as they are now, were refused; moderators read it in `/setup show`."""
        self._thinker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="study")
        self._painter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="picture")
        self._settling: set[asyncio.Future[Reply | None]] = set()
        self._worker = new_worker()

    @property
    def policy(self) -> Policy:
        """The policy that servers begin with."""
        return self.policies.shipped.policy

    async def use(self, matcher: Matcher) -> None:
        """From now on, servers begin with this matcher's policy; what is posted follows."""
        await self.policies.use(matcher)
        self.policy_trouble = ""
        await self._refresh_posts()
        self.on_commit()

    async def follow_policies(self, server: str | None = None) -> None:
        """Take over what moderators have changed, here or in another process; of one server, or of all."""
        try:
            await self.policies.follow(server)
        except Exception:  # noqa: BLE001 (it is logged, and tried again in a second)
            _log.exception("changed policies could not be read")

    async def start(self) -> None:
        """Read what is kept in memory: own policies, settings, and which channels we listen to."""
        self._closer_look.learn(self.policies.shipped)
        await self._read_memory()
        for hours in {settings.hours for settings in self._servers.values()}:
            await asyncio.to_thread(_know, hours, self._clock())
        await self._refresh_posts()  # the shipped policy may have become another one while nobody was there

    async def _refresh_posts(self) -> None:
        """What is posted follows the policy: in a few servers at a time, for nothing else is done meanwhile."""
        servers = await self._database.transaction(servers_with_policy_posts)
        for first in range(0, len(servers), _REFRESHED):
            some = servers[first : first + _REFRESHED]
            await self._database.transaction(partial(posts.refresh_all, servers=some, now=self._clock()))

    async def _read_memory(self) -> None:
        await self.policies.follow()
        for server, channel in await self._database.transaction(queries.channels_with_tickets):
            self._hear(server, channel)
        for server, settings in (await self._database.transaction(queries.all_settings)).items():
            self._keep(server, settings)

    async def follow(self, news: str) -> None:
        """Take over what another worker has told: where it changed something; nothing told means anywhere."""
        server, _, channel = news.partition(" ")
        if channel:
            self._hear(server, channel)
        elif server:
            await self._remember(server)
            await self.follow_policies(server)
        else:
            await self._read_memory()

    def servers(self) -> Collection[str]:
        """The servers that we know of and have not left, of all platforms."""
        return self._servers.keys()

    def hears(self, server: str, channel: str) -> bool:
        """Whether messages in this channel are our business."""
        return channel in self._heard.get(server, ())

    def heard_in(self, server: str) -> Collection[str]:
        """The channels in which messages are our business."""
        return frozenset(self._heard.get(server, ()))

    def _hear(self, server: str, *channels: str) -> None:
        self._heard.setdefault(server, set()).update(channels)

    @property
    def has_company(self) -> bool:
        """Whether other workers may serve the same servers."""
        return self._database.is_shared

    async def lease(self, name: str, span: timedelta) -> bool:
        """Have something that one worker at a time may have, for so long from now; again, to have it longer."""
        now = self._clock()
        return await self._database.transaction(lambda tx: leases.take(tx, name, self._worker, now, now + span))

    async def unlease(self, name: str) -> None:
        """Let others have it."""
        await self._database.transaction(lambda tx: leases.give_back(tx, name, self._worker))

    async def wait_turn(self, name: str, rate: float, most: int, count: int = 1) -> timedelta:
        """Take `count` of a limit that all workers share (`rate` a second, `most` at once).

        Zero: they are ours. Else none is, and this is how long to wait before asking again.
        """
        return await self._database.transaction(lambda tx: budgets.take(tx, name, rate, most, self._clock(), count))

    async def heard_until(self, server: str) -> int | None:
        """The order up to which everything in the server has been told; None if nothing was noted yet."""
        return await self._database.transaction(lambda tx: queries.heard_until(tx, server))

    async def note_heard(self, server: str, order: int) -> None:
        """Note that everything in the server up to this order has been told."""
        await self._database.transaction(lambda tx: queries.note_heard(tx, server, order), server)

    async def kept(self, server: str, name: str) -> str | None:
        """What a chat has kept with us under this name."""
        return await self._database.transaction(lambda tx: keepsakes.kept(tx, server, name))

    async def all_kept(self, prefix: str, name: str) -> Mapping[str, str]:
        """By server: what the chat of this prefix has kept under this name."""
        return await self._database.transaction(lambda tx: keepsakes.all_kept(tx, prefix, name))

    async def keep(self, server: str, name: str, words: str) -> None:
        """Keep something that a chat needs to know again after a restart; secrets only encrypted."""
        await self._database.transaction(lambda tx: keepsakes.keep(tx, server, name, words, self._clock()), server)

    async def drop(self, server: str, name: str) -> bool:
        """Keep it no longer. True for the one caller for whom it was still there."""
        return await self._database.transaction(lambda tx: keepsakes.drop(tx, server, name), server)

    async def _remember(self, server: str) -> None:
        """The server's settings may have changed."""
        settings = await self._database.transaction(lambda tx: queries.settings_of(tx, server))
        if settings is None:
            self._servers.pop(server, None)
        else:
            self._keep(server, settings)

    def _keep(self, server: str, settings: ServerSettings) -> None:
        self._servers[server] = settings
        self._hear(server, *settings.support)
        chat = self.chat_of(server)
        if chat is not None and chat.has_cards and settings.agents_channel is not None:
            self._hear(server, settings.agents_channel)  # for signs under cards

    async def handle(self, event: Event) -> Reply | None:
        """Do what an event asks for. When this returns, it is on the disk; a private reply comes back."""
        news = _news_of(event)
        if isinstance(event, MessagePosted) and event.is_to_us and not event.is_direct:
            if not self.hears(event.server, event.channel):
                news = f"{event.server} {event.channel}"
            self._hear(event.server, event.channel)
        elif self._is_none_of_ours(event):
            return None
        scene = self._scene(event, await self.policies.of(event.server))
        if _is_idle_talk(scene) and not _is_unsure(scene):
            return None
        settling = asyncio.ensure_future(self._settle(scene, news))
        self._settling.add(settling)
        settling.add_done_callback(self._settling.discard)
        return await asyncio.shield(settling)  # who asked may go away; what was committed must still be told

    def _is_none_of_ours(self, event: Event) -> bool:
        """Whether it is a message in a channel where nobody talks to us; in threads we may have been called before."""
        if event.is_direct:
            return False
        match event:
            case MessagePosted(thread=None):
                return event.channel not in self._servers.get(event.server, _DEFAULTS).support
            case MessagePosted() | MessageEdited() | MessageDeleted() | MessagePicked(is_sign=True):
                return not self.hears(event.server, event.channel)
            case _:
                return False

    async def _settle(self, scene: Scene, news: str | None) -> Reply | None:
        event = scene.event
        try:
            if scene.verdict is not None and _is_unsure(scene):
                verdict = await self._closer_look.verdict(scene.matcher, scene.words, scene.verdict)
                scene = replace(scene, verdict=verdict)
            if _is_idle_talk(scene):
                return None
            answer = await self._transact(await self._prepared(scene), news)
            if _changes_policy(event):
                await self.follow_policies(event.server)
            reply = await self._think(answer) if isinstance(answer, Study) else answer
        except Refusal as refusal:
            return replace(scene.reply(paragraph(refusal.text)), is_refusal=True)
        except Exception as error:
            reply = await self._apologise(scene, error)
            if _is_only_told(event) and is_passing(error):
                raise  # it is not on the disk: who told it must tell it again
            return reply
        if _changes_settings(event):
            await self._remember(event.server)  # before anything is drawn by it
            if setting_up.waits(self._servers.get(event.server, _DEFAULTS)) != setting_up.waits(scene.settings):
                # what was saved meanwhile went by the old settings
                wake = partial(queries.wake_claimed, server=event.server, at=self._clock())
                await self._database.transaction(wake, event.server)
            reply = self._with_lacks(event.server, reply)
        self.on_commit()
        return reply

    async def _prepared(self, scene: Scene) -> Scene:
        """With all that would take too long in a transaction."""
        event = scene.event
        if isinstance(event, FormSent) and is_moderator(scene.person, scene.settings):
            if event.form.startswith("policy-import"):
                scene = replace(scene, file=await asyncio.to_thread(read_import, event))
            elif event.form == "setup-hours":
                hours = setting_up.hours_of(scene.values)
                await asyncio.to_thread(_know, hours, scene.now)
        return replace(scene, pace=await self._pace(event.server))

    async def _pace(self, server: str) -> Pace | None:
        """How fast a server answers; None where that cannot be told now, which must hold up nobody."""
        try:
            return await self.paces.of(server, self._servers.get(server, _DEFAULTS))
        except Exception:  # noqa: BLE001 (it is logged; people are served without an estimate)
            _log.exception("the pace could not be measured", server=server)
            return None

    def _with_lacks(self, server: str, reply: Reply | None) -> Reply | None:
        """Whoever sets a server up reads at once what its chat keeps the bot from doing."""
        if reply is None or reply.content is None:
            return reply
        chat, settings = self.chat_of(server), self._servers.get(server, _DEFAULTS)
        lacks = [note(one) for one in chat.lacks(server, settings)] if chat else []
        return replace(reply, content=replace(reply.content, blocks=(*reply.content.blocks, *lacks)))

    async def _think(self, study: Study) -> Reply:
        """Do a study in the one thread for these: however many moderators ask, customers have the other core."""
        thread = self._painter if study.draws else self._thinker
        return await asyncio.get_running_loop().run_in_executor(thread, study.reply)

    async def _transact(self, scene: Scene, news: str | None) -> Answer | None:
        """A person waits for the answer to a command; what is only told has time."""
        work = partial(_route_and_tell, scene=scene, news=news)
        try:
            return await self._database.transaction(work, scene.server)
        except Exception as error:
            if not (_is_only_told(scene.event) and is_passing(error)):
                raise
        return await _PATIENT.copy()(self._database.transaction, work, scene.server)

    async def finish(self) -> None:
        """Let what is being handled come to its end, for a moment."""
        if self._settling:
            await asyncio.wait(self._settling, timeout=_FAREWELL.total_seconds())
        self._closer_look.close()

    async def keep_promises(self) -> datetime | None:
        """Do what is due because time has passed; when something is due next, as far as is known now."""
        while waking := await self._database.transaction(
            partial(promise_queries.waking, now=self._clock(), most=_WAKING)  # as of each look: a clock may be set back
        ):
            await asyncio.gather(*(self._wake(server, number) for server, number in waking))
            await self._tell_agents()
        await self._tell_agents()
        now = self._clock()
        for server in await self._database.transaction(
            lambda tx: promise_queries.servers_to_sweep(tx, now, _SWEEP_EVERY)
        ):
            behind = await self._by_the_clock(server, keeping.sweep) if self._misses_nothing(server) else 0
            if behind:
                _log.warning("tickets were left behind, they are looked after now", server=server, tickets=behind)
        self.on_commit()
        return await self._database.transaction(promise_queries.next_due)

    async def _tell_agents(self) -> None:
        now = self._clock()
        for server in await self._database.transaction(lambda tx: promise_queries.servers_to_tell(tx, now)):
            await self._by_the_clock(server, keeping.tell_agents)

    async def _wake(self, server: str, number: int) -> None:
        if not self._misses_nothing(server):  # perhaps there was an answer, or a customer's word
            await self._put_off(server, number, _another_looks() if self.has_company else _LISTENS_AGAIN)
            return
        try:
            scene = self._unasked(server, "clock")
            scene = replace(scene, pace=await self._pace(server))
            await self._database.transaction(lambda tx: keeping.wake(tx, scene, number), server)
        except Exception:  # noqa: BLE001 (it is logged; the others must not wait for it)
            _log.exception("ticket could not be looked after; trying again", server=server, ticket=number)
            await self._put_off(server, number, _TRY_AGAIN)

    def _misses_nothing(self, server: str) -> bool:
        """Whether all that was said there has been told: only then is silence silence."""
        chat = self.chat_of(server)
        return chat is not None and chat.misses_nothing(server)

    async def _put_off(self, server: str, number: int, span: timedelta) -> None:
        later = self._clock() + span
        await self._database.transaction(lambda tx: promise_queries.put_off(tx, server, number, later), server)

    async def _by_the_clock(self, server: str, work: Callable[[Transaction, Scene], Awaitable[T]]) -> T | None:
        """Something about all tickets of a server that nobody has asked for; None where it failed."""
        scene = self._unasked(server, "clock")
        try:
            return await self._database.transaction(lambda tx: work(tx, scene), server)
        except Exception:  # noqa: BLE001 (it is logged; the other servers must not wait for it)
            _log.exception("server could not be looked after; trying again", server=server)
            return None

    async def look_for_agents(self) -> None:
        """Who holds tickets and is no agent any more gives them back; told by the chats, which know the roles."""
        for server, agent in await self._database.transaction(promise_queries.holders):
            chat = self.chat_of(server)
            if chat is None or not chat.serves(server):
                continue
            try:
                async with asyncio.timeout(_ASKING):
                    person = await chat.member(server, agent)
            except Exception as error:  # noqa: BLE001 (it is logged; the other agents are asked for all the same)
                _log.warning("could not ask for an agent", server=server, reason=type(error).__name__)
                continue
            settings = self._servers.get(server)
            if settings is not None and not (person and is_agent(person, settings)):
                now = self._clock()
                key = f"agent-left:{agent}:{now.timestamp()}"
                await self.handle(AgentLeft(key=key, server=server, channel="", order=0, at=now, agent=agent))

    async def draw(self, tx: Transaction, server: str, post: str) -> Say | None:
        """A post of ours as it is now, the board or a policy; the outbox asks for it when it is sent."""
        scene = replace(self._unasked(server, post), pace=self.paces.known(server))
        if post == BOARD:
            return None if scene.has_cards else await line.board(tx, scene)
        if cards.is_card(post):
            return await cards.draw(tx, replace(scene, own_policy=await self.policies.read(tx, server)), post)
        return await posts.draw(tx, scene, post)

    async def _is_ours(self, chore: str) -> bool:
        """Whether we do what one worker does for all, about once an hour."""
        return not self.has_company or await self.lease(chore, _CHORES_EVERY)

    async def tidy(self) -> None:
        """Drop what only takes room: keys of events nobody tells again, effects ended long ago. In small steps."""
        if not await self._is_ours("tidy"):
            return
        now = self._clock()
        for forget in (queries.forget_old_events, forget_ended):
            dropped = _AT_A_TIME
            while dropped == _AT_A_TIME:
                dropped = await self._database.transaction(partial(forget, now=now, most=_AT_A_TIME))
        await self._database.transaction(lambda tx: forget_drafts(tx, now))
        await self._database.transaction(lambda tx: keepsakes.forget_strangers(tx, now - _BROKEN_OFF))
        for server, settings in (await self._database.transaction(queries.settings_ever)).items():
            await self._alone(server, self._forget_texts(server, now - timedelta(days=settings.retention_days)))
        for server in await self._database.transaction(lambda tx: left_before(tx, now - COMES_BACK)):
            await self._alone(server, self._forget(server, now - COMES_BACK))

    @staticmethod
    async def _alone(server: str, chore: Awaitable[None]) -> None:
        try:
            await chore
        except Exception:  # noqa: BLE001 (it is logged; the other servers must not wait for it)
            _log.exception("a server could not be tidied", server=server)

    async def _forget(self, server: str, left_before: datetime) -> None:
        forget = partial(forget_some, server=server, before=left_before, most=_AT_A_TIME)
        while await self._database.transaction(forget, server):
            pass
        if server not in self._servers:  # else it has come back
            self._heard.pop(server, None)
            self.policies.forget(server)
            _log.info("all data of a server that was left is deleted", server=server)

    async def _forget_texts(self, server: str, before: datetime) -> None:
        forget = partial(forget_texts, server=server, before=before, most=_AT_A_TIME)
        while await self._database.transaction(forget, server) >= _AT_A_TIME:
            pass

    def _unasked(self, server: str, key: str) -> Scene:
        """The scene of what nobody has asked for."""
        event = Event(key=key, server=server, channel="", order=0, at=self._clock())
        return self._scene(event, self.policies.shipped)

    def _scene(self, event: Event, matcher: Matcher) -> Scene:
        person: Person = getattr(event, "person", _NOBODY)
        person = replace(person, name=title(person.name) or person.id)
        settings = self._servers.get(event.server, _DEFAULTS)
        words = clean(_words(event))
        needs_verdict = words and _is_request(event) and not (_is_chatter(event) and is_staff(person, settings))
        verdict = matcher.match(words) if needs_verdict else None
        chat = self.chat_of(event.server)
        scene = Scene(event, person, settings, matcher, self.policies.shipped, self._clock(), words, verdict)
        return replace(scene, policy_trouble=self.policy_trouble, has_cards=chat is not None and chat.has_cards)

    async def _apologise(self, scene: Scene, error: Exception) -> Reply | None:
        """Something of ours is broken: one sentence, and a reference that is also in the log."""
        reference = secrets.token_hex(3)
        event = scene.event
        _log.exception("event failed", reference=reference, server=event.server, kind=type(event).__name__)
        key = "something-unsure" if isinstance(error, UnsureError) else "something-broke"
        sorry = scene.content(paragraph(text(key, reference=reference)))
        if not isinstance(event, MessagePosted):
            return Reply(sorry)
        await self._say_sorry(event, sorry)
        return None

    async def _say_sorry(self, event: MessagePosted, sorry: Content) -> None:
        say = Say(server=event.server, channel=event.channel, thread=event.thread, content=sorry)
        try:
            promise = partial(owe, lane=f"sorry/{event.message}", effect=say, now=self._clock())
            await self._database.transaction(promise, event.server)
        except Exception:  # noqa: BLE001 (it is logged)
            _log.exception("could not even apologise", server=event.server)
        self.on_commit()


def _words(event: Event) -> str:
    match event:
        case MessagePosted(text=words) | MessageEdited(text=words) | MessagePicked(text=words):
            return words
        case CommandUsed(words=words):
            return words
        case FormSent(values=values):
            return values.get("text", "")
        case _:
            return ""


def _know(hours: SupportHours | None, now: datetime) -> None:
    """Look hours up before any transaction: a country's holidays, and the times of a year, take a while at first."""
    calendar_of(hours).after(now, HORIZON)


def _is_about(event: Event, matter: str) -> bool:
    """Whether the event may change the server's settings ("setup") or its policy ("policy")."""
    match event:
        case CommandUsed(name=name) | FormSent(form=name) | ButtonPressed(action=name):
            return name.startswith(matter)
        case _:
            return False


def _changes_settings(event: Event) -> bool:
    return isinstance(event, ServerJoined | ServerLeft | PlaceGone) or _is_about(event, "setup")


def _changes_policy(event: Event) -> bool:
    return _is_about(event, "policy-apply") or _is_about(event, "policy-learn")


def _news_of(event: Event) -> str | None:
    """What the other workers must be told of an event; see `Desk.follow`."""
    return event.server if _changes_settings(event) or _changes_policy(event) else None


def _another_looks() -> timedelta:
    soonest, latest = _ANOTHER_LOOKS
    return soonest + (latest - soonest) * random()  # noqa: S311 (nothing secret)


def _is_chatter(event: Event) -> bool:
    """Whether somebody wrote without calling us: then staff are not taken for customers."""
    return isinstance(event, MessagePosted) and not (event.is_to_us or event.is_direct)


def _is_only_told(event: Event) -> bool:
    """Whether nobody waits for an answer to it."""
    is_sign = isinstance(event, MessagePicked) and event.is_sign
    return is_sign or isinstance(event, MessagePosted) or type(event) in _HAPPENED


def _is_request(event: Event) -> bool:
    """Whether the event's words can be what a customer wants from support."""
    match event:
        case CommandUsed(name=name) | FormSent(form=name):
            return name in {"covered", "ticket", "private"}
        case _:
            return isinstance(event, MessagePosted | MessagePicked)


def _is_unsure(scene: Scene) -> bool:
    """Whether a closer look at the words may tell better."""
    return scene.verdict is not None and scene.verdict.is_unsure


def _is_idle_talk(scene: Scene) -> bool:
    """Messages that cost no transaction: staff's and small talk, outside of tickets."""
    if not _is_chatter(scene.event) or scene.event.thread is not None:
        return False
    return scene.verdict is None or (scene.verdict.action is Action.SILENT and scene.verdict.if_waiting is None)


async def _route_and_tell(tx: Transaction, scene: Scene, news: str | None) -> Answer | None:
    answer = await _route(tx, scene)
    if news is not None:
        await tx.announce(news)
    return answer


async def _route(tx: Transaction, scene: Scene) -> Answer | None:
    event = scene.event
    if isinstance(event, MessagePosted):  # known by its own id, under whatever event it is told
        await listening.message_posted(tx, scene, event)
        return None
    if not await queries.is_new(tx, event.server, f"event:{event.key}", event.at):
        return None
    match event:
        case MessagePicked() | CommandUsed() | ButtonPressed() | FormSent():
            return await _answer(tx, scene, event)
        case _:
            await _HAPPENED[type(event)](tx, scene, event)
            return None


_HAPPENED: Mapping[type[Event], Callable[[Transaction, Scene, Any], Awaitable[None]]] = {
    MessageEdited: listening.message_edited,
    MessageDeleted: listening.message_deleted,
    ServerJoined: setting_up.server_joined,
    ServerLeft: leaving.server_left,
    PlaceGone: leaving.place_gone,
    PersonBanned: leaving.person_banned,
    AgentLeft: leaving.agent_left,
}
"""What nobody waits for an answer to."""


async def _answer(
    tx: Transaction, scene: Scene, asked: MessagePicked | CommandUsed | ButtonPressed | FormSent
) -> Answer:
    if _is_about(asked, "setup"):  # built upon what is set now: another moderator may have just been quicker
        scene = replace(scene, settings=await queries.settings_of(tx, asked.server) or scene.settings)
    match asked:
        case MessagePicked():
            return await picking.message_picked(tx, scene, asked)
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
