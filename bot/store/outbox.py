"""The outbox: effects wait here, in order per lane, from the commit that promised them until they are done.

A lane is one conversation. Only the oldest effect of a lane is tried; the next waits until it is done or given up,
other lanes go on. An effect is leased, committed, performed, and then marked: whatever dies in between, the lease runs
out and it is tried again under the same nonce.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar

import structlog
from pydantic import TypeAdapter
from sqlalchemy import and_, bindparam, case, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_delay,
    wait_exponential,
    wait_random_exponential,
)

from bot.model import Chat, CloseThread, Content, Done, Effect, Later, Never, OpenThread, Outcome, Say
from bot.store.database import Database, Transaction
from bot.store.engines import is_passing
from bot.store.queries import forget_post, keep_post, post_named, set_thread
from bot.store.tables import DEAD, DONE, DRAWN_WHEN_SENT, OWED, outbox, tickets
from bot.store.workers import SHOW_EVERY, WORKERS_ALIVE, new_worker, show_alive, show_gone

LEASE = timedelta(seconds=60)
"""How long one try may take before somebody else tries again."""
BOARD_DELAY = timedelta(seconds=1)
"""The board is drawn at most this often."""
LONGEST_WAIT = timedelta(hours=1)
"""After so long a letter is tried again, whatever its platform has said."""
GIVE_UP_AFTER = timedelta(days=3)
"""So long an effect is tried; then it is shown as a dead letter."""
MEANWHILE_AFTER = timedelta(seconds=10)
"""Who waits at least this long for a thread is told in the channel what the thread will say."""
KEEP_DONE = timedelta(days=2)
"""How long done effects stay for whoever looks into a fault."""
KEEP_DEAD = timedelta(days=30)
"""How long dead letters can be tried once more."""
_TOOK_TOO_LONG = timedelta(seconds=10)
"""How long to leave a platform alone that has not answered in time."""
_FAREWELL = timedelta(seconds=3)
"""How long a stopping process waits for what is on its way."""
_HANDING_BACK = timedelta(seconds=1)
"""How long it then has to hand the rest back, which a silent database must not draw out."""
_LOOKS = 2
"""How often in a row we must have shown ourselves before we take others for dead."""
_LONG_LOOK = 0.02
"""Seconds; with tens of thousands of letters to look through, it takes longer, and keeps others from working."""
_REST = 4
"""How many times as long as a long look took, the next one waits."""
_LONGEST_REST = 1.0
"""Seconds."""
_MOST_AT_ONCE = 32
_LOOKED_AT = 1_024
"""Letters that are looked at in one go where some are for other workers."""
_MOST_OF_A_SERVER = 8
"""Effects of one server on their way at a time, so that one whose chat hangs does not hold up the others."""
_IDLE = timedelta(seconds=5)
_BACK_OFF = wait_exponential(max=300) + wait_random_exponential(max=45)

T = TypeVar("T")

_log = structlog.get_logger(__name__)
_EFFECT: TypeAdapter[Effect] = TypeAdapter(Effect)

BOARD = "board"
"""The name under which every server's board is posted."""
CARD = "card-"
"""Before a ticket's number: the name, and the lane, under which its card is posted where tickets have cards."""

Draw = Callable[[Transaction, str, str], Awaitable[Say | None]]
"""Draws a server's post of this name as it is now; None where it has no place."""

_MARKING = AsyncRetrying(
    retry=retry_if_exception(is_passing),
    wait=wait_exponential(multiplier=0.1, max=2),
    stop=stop_after_delay(LEASE.total_seconds() / 3),
    reraise=True,
)
"""What came of a letter is worth some patience: else it would be sent once more when the lease has run out."""
_moment = outbox.c.due_at.type
_now = bindparam("now", type_=_moment)
_ADD = insert(outbox).values(
    server=bindparam("server"),
    lane=bindparam("lane"),
    state="pending",
    effect=bindparam("effect"),
    ticket=bindparam("ticket"),
    post=bindparam("post"),
    attempts=0,
    due_at=bindparam("due", type_=_moment),
    created_at=_now,
)
_ADD_DRAWING = (
    insert(outbox)
    .values(
        server=bindparam("server"),
        lane=bindparam("lane"),
        state="pending",
        post=bindparam("post"),
        attempts=0,
        due_at=bindparam("due", type_=_moment),
        created_at=_now,
    )
    .on_conflict_do_nothing(index_elements=[outbox.c.server, outbox.c.post], index_where=DRAWN_WHEN_SENT)
)
_heads = select(func.min(outbox.c.id)).where(OWED).group_by(outbox.c.lane).scalar_subquery()
_turn = func.row_number().over(partition_by=outbox.c.server, order_by=(outbox.c.due_at, outbox.c.id))
_is_free = or_(
    outbox.c.leased_until.is_(None),
    outbox.c.leased_until <= _now,
    outbox.c.leased_until > bindparam("lease_end", type_=_moment),  # by a clock that was wrong
)
_is_due = or_(outbox.c.due_at <= _now, outbox.c.due_at > bindparam("too_late", type_=_moment))  # the same
_due = select(outbox.c.id, _turn.label("turn")).where(outbox.c.id.in_(_heads), _is_due, _is_free).subquery()
_READY = (
    select(outbox.c.id, outbox.c.server, outbox.c.effect, outbox.c.ticket, outbox.c.post, outbox.c.attempts)
    .add_columns(outbox.c.created_at, tickets.c.thread)
    .join(_due, and_(_due.c.id == outbox.c.id, _due.c.turn <= _MOST_OF_A_SERVER))
    .outerjoin(tickets, and_(tickets.c.server == outbox.c.server, tickets.c.number == outbox.c.ticket))
    .order_by(outbox.c.due_at, outbox.c.id)
    .limit(bindparam("most"))
)
_still_free = (
    select(outbox.c.id)
    .where(outbox.c.id == bindparam("letter"), OWED, _is_free, _is_due, outbox.c.attempts == bindparam("tried"))
    .with_for_update(skip_locked=True)
    .scalar_subquery()
)
_LEASE = (
    update(outbox)
    .where(outbox.c.id == _still_free)
    .values(state="leased", leased_until=bindparam("until", type_=_moment), leased_by=bindparam("worker"))
    .values(attempts=outbox.c.attempts + 1)
)
_END = (
    update(outbox)
    .where(outbox.c.id == bindparam("letter"))
    .values(state=bindparam("end"), error=bindparam("why"), ended_at=_now, leased_until=None)
)
_END_OWED = _END.where(OWED)
_TRY_AGAIN = (
    update(outbox)
    .where(outbox.c.id == bindparam("letter"), outbox.c.leased_by == bindparam("worker"))
    .where(outbox.c.leased_until.is_not(None), outbox.c.attempts == bindparam("attempt"))  # not marked already
    .values(due_at=bindparam("due", type_=_moment), error=bindparam("why"), leased_until=None)
    .values(attempts=outbox.c.attempts - bindparam("uncounted"))
)
_can_go_at = case((outbox.c.leased_until > outbox.c.due_at, outbox.c.leased_until), else_=outbox.c.due_at)
_NEXT_DUE = select(func.min(_can_go_at, type_=_moment).label("due")).where(outbox.c.id.in_(_heads))
_DEAD = select(outbox).where(DEAD).order_by(outbox.c.id.desc()).limit(bindparam("most"))
_OWED_COUNT = select(func.count().label("count")).select_from(outbox).where(OWED)
_DEAD_COUNT = select(func.count()).select_from(outbox).where(outbox.c.server == bindparam("server"), DEAD)
_DEAD_LETTER = select(outbox.c.server, outbox.c.lane, outbox.c.effect, outbox.c.post).where(
    outbox.c.id == bindparam("letter"), DEAD
)
_REVIVE = (
    update(outbox)
    .where(outbox.c.id == bindparam("letter"), DEAD)
    .values(state="pending", due_at=_now, error=None, ended_at=None)
)
_ended_before = outbox.c.ended_at < bindparam("before", type_=_moment)
_FORGET, _FORGET_DEAD = (
    delete(outbox).where(outbox.c.id.in_(select(outbox.c.id).where(end, _ended_before).limit(bindparam("most"))))
    for end in (DONE, DEAD)
)
_OWES_THREAD = (
    select(outbox.c.id)
    .where(outbox.c.server == bindparam("server"), outbox.c.lane == bindparam("lane"), OWED)
    .where(outbox.c.effect.contains('"kind":"open_thread"', autoescape=True))
    .limit(1)
)
_UNDELIVERED = (
    select(outbox.c.id)
    .where(outbox.c.server == bindparam("server"), outbox.c.created_at >= bindparam("since", type_=_moment))
    .where(or_(and_(outbox.c.lane == bindparam("lane"), OWED), and_(outbox.c.ticket == bindparam("ticket"), DEAD)))
    .limit(1)
)
_CHANGE = (
    update(outbox)
    .where(outbox.c.id == bindparam("letter"), outbox.c.server == bindparam("of_server"))
    .where(outbox.c.effect != bindparam("new_effect"))
    .values(effect=bindparam("new_effect"))
)
_FORGIVE = (
    update(outbox)
    .where(outbox.c.server == bindparam("of_server"), OWED)
    .values(state="done", error=bindparam("why"), ended_at=_now, leased_until=None)
)
_FORGIVE_LANE = _FORGIVE.where(outbox.c.lane == bindparam("of_lane"))
_FREE = update(outbox).where(OWED, outbox.c.leased_until.is_not(None)).values(leased_until=None)
_HAND_BACK = _FREE.where(outbox.c.leased_by == bindparam("worker"))
_FREE_OF_DEAD = _FREE.where(outbox.c.leased_by.is_not(None), outbox.c.leased_by.not_in(WORKERS_ALIVE))


async def owe(
    tx: Transaction,
    lane: str,
    effect: Effect,
    now: datetime,
    *,
    ticket: int | None = None,
    post: str | None = None,
    delay: timedelta = timedelta(0),
) -> None:
    """Promise an effect. With a `ticket`, the effect happens in that ticket's thread, known by then; with a `post`,
    our message is remembered under that name, and edited where it is already there.
    """  # noqa: D205
    told = _EFFECT.dump_json(effect).decode()
    values = {"server": effect.server, "lane": f"{effect.server}/{lane}", "ticket": ticket, "post": post}
    await tx.run(_ADD, effect=told, now=now, due=now + delay, **values)


async def owe_board(tx: Transaction, server: str, now: datetime) -> None:
    """Promise that the board will show what is now true; many such promises make one drawing."""
    await owe_drawing(tx, server, BOARD, BOARD, now, BOARD_DELAY)


async def owe_drawing(
    tx: Transaction, server: str, lane: str, post: str, now: datetime, delay: timedelta = timedelta(0)
) -> None:
    """Promise that a post of ours will be, or become, what it must show at the moment of sending."""
    await tx.run(_ADD_DRAWING, server=server, lane=f"{server}/{lane}", post=post, now=now, due=now + delay)


async def dead_letters(tx: Transaction, most: int = 100) -> list[dict[str, Any]]:
    """Effects that were given up, over all servers: for the operator only."""
    return await tx.rows(_DEAD, most=most)


async def owed_count(tx: Transaction) -> int:
    """How much is still to be delivered, over all servers: for the operator only."""
    count: int = await tx.value(_OWED_COUNT)
    return count


async def dead_letter_count(tx: Transaction, server: str) -> int:
    """How many effects this server has lost."""
    count: int = await tx.value(_DEAD_COUNT, server=server)
    return count


async def revive(tx: Transaction, letter: int, now: datetime) -> bool:
    """Try a dead letter again; False if there is none with this id. What is drawn when sent is drawn anew."""
    dead = await tx.row(_DEAD_LETTER, letter=letter)
    if dead is None:
        return False
    if dead["effect"] is None:
        await tx.run(_END, letter=letter, end="done", why=None, now=now)
        lane = dead["lane"].removeprefix(f"{dead['server']}/")
        await owe_drawing(tx, dead["server"], lane, dead["post"], now)
    else:
        await tx.run(_REVIVE, letter=letter, now=now)
    return True


async def owes_thread(tx: Transaction, server: str, lane: str) -> bool:
    """Whether this conversation still waits for its thread."""
    return await tx.value(_OWES_THREAD, server=server, lane=f"{server}/{lane}") is not None


async def is_undelivered(tx: Transaction, server: str, lane: str, ticket: int, since: datetime) -> bool:
    """Whether something that was promised to a ticket's people since then has not reached them."""
    values = {"lane": f"{server}/{lane}", "ticket": ticket, "since": since}
    return await tx.value(_UNDELIVERED, server=server, **values) is not None


async def owe_nothing(tx: Transaction, server: str, why: str, now: datetime) -> None:
    """Whatever was owed to this server has nowhere to go any more."""
    await tx.run(_FORGIVE, of_server=server, why=why, now=now)


async def owe_nothing_in(tx: Transaction, server: str, lane: str, why: str, now: datetime) -> None:
    """Whatever was owed in this conversation has nowhere to go any more."""
    await tx.run(_FORGIVE_LANE, of_server=server, of_lane=f"{server}/{lane}", why=why, now=now)


async def free_leases(tx: Transaction) -> int:
    """Let what a killed process had on its way be tried at once. Only while no other process delivers."""
    return await tx.run(_FREE)


async def free_leases_of_dead(tx: Transaction, now: datetime) -> int:
    """Let what workers had on their way who have not shown themselves lately be tried by others."""
    return await tx.run(_FREE_OF_DEAD, now=now)


@dataclass(frozen=True, slots=True)
class Letter:
    """An effect on its way, leased to us."""

    id: int
    effect: Effect
    ticket: int | None
    post: str | None
    attempts: int
    promised_at: datetime

    @property
    def nonce(self) -> str:
        """The same for every try; tells a platform that it is the same effect. At most 25 characters, Discord's limit.

        Ids begin anew with a new database, so the second of the promise makes it unique.
        """
        unique = f"{int(self.promised_at.timestamp()):x}-{self.id:x}"
        return f"{BOARD}:{unique}" if self.post == BOARD else unique


class _UnreadableError(Exception):
    """A letter of which nothing can be made, which is no fault of those beside it."""

    def __init__(self, letter: int, server: str, why: str) -> None:
        super().__init__(why)
        self.letter, self.server = letter, server


class Outbox:
    """Delivers what is owed, one lane after the other in order, many lanes at once."""

    def __init__(
        self, database: Database, chats: Mapping[str, Chat], draw: Draw, clock: Callable[[], datetime]
    ) -> None:
        """`chats` maps the prefix of a server's id ("web" of "web:playground") to its chat."""
        self._database = database
        self._chats = chats
        self._draw = draw
        self._clock = clock
        self._worker = new_worker()
        self.meanwhile_after = MEANWHILE_AFTER
        self.back_off: Callable[[int], timedelta] = back_off
        self._news = asyncio.Event()
        self._on_their_way: Counter[str] = Counter()
        """How many effects of each server are being performed."""
        self._looked_for = 0.0
        """How many seconds the database took to find what is due, the last time."""
        self._deliveries: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Something new is owed."""
        self._news.set()

    async def run(self) -> None:
        """Deliver until cancelled. A slow conversation holds up only itself, trouble with the database only a while.

        It begins with what a killed process had on its way. In the end, what is on its way has a moment to arrive;
        the rest is handed back.
        """
        looking: asyncio.Task[None] | None = None
        try:
            while True:
                self._news.clear()
                try:
                    if looking is None:
                        await self._database.transaction(self._take_part)
                        looking = asyncio.create_task(self._look_around())
                    self._looked_for = 0.0
                    wait = await self._start()
                    if self._looked_for > _LONG_LOOK:
                        await asyncio.sleep(min(_REST * self._looked_for, _LONGEST_REST))
                except Exception:  # noqa: BLE001 (logged; a dead outbox would be worse)
                    _log.exception("could not read what is owed; trying again")
                    wait = _IDLE
                if wait:
                    with suppress(TimeoutError):  # not wait_for: before Python 3.12 it can lose a cancellation
                        async with asyncio.timeout(wait.total_seconds()):
                            await self._news.wait()
        finally:
            if looking is not None:
                looking.cancel()
            await self._finish()

    async def _look_around(self) -> None:
        """Show ourselves to the other workers, and take over what those had on their way who do not any more.

        After a time without the database, all must have had a chance to show themselves before any is taken for dead.
        """
        looks = 0
        while self._database.is_shared:
            await asyncio.sleep(SHOW_EVERY.total_seconds())
            try:
                async with asyncio.timeout(2 * SHOW_EVERY.total_seconds()):
                    await self._database.transaction(self._take_part)
                    freed = await self._database.transaction(self._take_over) if looks >= _LOOKS else 0
                looks += 1
            except Exception:  # noqa: BLE001 (logged; if it goes on, others take over from us)
                _log.exception("could not look after what other workers had on their way; trying again")
                freed, looks = 0, 0
            if freed:
                _log.warning("another worker has died, what it had on its way is tried again", letters=freed)
                self.wake()

    async def _take_part(self, tx: Transaction) -> None:
        """Before we have anything on its way: where nobody else can be, what is was a killed process's."""
        if self._database.is_shared:
            await show_alive(tx, self._worker, self._clock())
        else:
            await free_leases(tx)

    async def _take_over(self, tx: Transaction) -> int:
        return await free_leases_of_dead(tx, self._clock())

    async def _finish(self) -> None:
        if self._deliveries:
            await asyncio.wait(self._deliveries, timeout=_FAREWELL.total_seconds())
        left = [*self._deliveries]
        for delivery in left:
            delivery.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        try:
            async with asyncio.timeout(_HANDING_BACK.total_seconds()):
                await self._database.transaction(self._hand_back)
        except Exception:  # noqa: BLE001 (logged; the leases run out)
            _log.exception("what was on its way could not be handed back")

    async def _hand_back(self, tx: Transaction) -> None:
        await tx.run(_HAND_BACK, worker=self._worker)
        await show_gone(tx, self._worker)

    async def _start(self) -> timedelta:
        """Begin what is due; how long to wait before looking again."""
        free = _MOST_AT_ONCE - self._on_their_way.total()
        looked_at = self._clock()
        letters = await self._lease(free) if free > 0 else []
        for letter in letters:
            self._on_their_way[letter.effect.server] += 1
            delivery = asyncio.create_task(self._deliver_and_wake(letter))
            self._deliveries.add(delivery)
            delivery.add_done_callback(self._deliveries.discard)
        if letters:
            return timedelta(0)
        return await self._until_next(looked_at) if free > 0 else _IDLE

    async def deliver_ready(self) -> int:
        """Try everything that is due now, once; how much that was."""
        letters = await self._lease(_MOST_AT_ONCE)
        await asyncio.gather(*(self._deliver(letter) for letter in letters))
        return len(letters)

    async def _until_next(self, looked_at: datetime) -> timedelta:
        """How long until something is due. What was due already found no free place, and waits for a delivery's end."""
        due: datetime | None = await self._database.transaction(lambda tx: self._look(tx.value(_NEXT_DUE)))
        if due is None or due <= looked_at:
            return _IDLE
        return min(max(due - self._clock(), timedelta(0)), _IDLE)

    async def _lease(self, most: int) -> list[Letter]:
        while True:
            try:
                return await self._database.transaction(lambda tx: self._lease_in(tx, most))
            except _UnreadableError as error:  # it has taken back all that was leased with it
                await self._give_up(error.letter, error.server, str(error))

    async def _lease_in(self, tx: Transaction, most: int) -> list[Letter]:
        now = self._clock()
        letters: list[Letter] = []
        on_their_way = Counter(self._on_their_way)
        has_ended_any = False
        # twice: clocks of workers differ, and stand still between
        by_now = {"now": now, "lease_end": now + 2 * LEASE, "too_late": now + 2 * LONGEST_WAIT}
        for row in await self._ready(tx, most, by_now):
            if len(letters) == most:
                break
            if on_their_way[row["server"]] >= _MOST_OF_A_SERVER:
                continue
            lease = {"letter": row["id"], "tried": row["attempts"], "worker": self._worker, "until": now + LEASE}
            if not await tx.run(_LEASE, **lease, **by_now):
                continue  # another worker was quicker
            try:
                effect = await self._effect(tx, row)  # only now: what it shows must not be older than the lease
            except Exception as error:
                if is_passing(error):  # it says nothing of this letter
                    raise
                raise _UnreadableError(row["id"], row["server"], f"cannot be read: {type(error).__name__}") from error
            if effect is None:
                await tx.run(_END, letter=row["id"], end="done", why=None, now=now)
                has_ended_any = True
                continue
            letters.append(_letter(row, effect))
            on_their_way[row["server"]] += 1
        if has_ended_any and not letters:  # what waited behind them in their lanes can go now
            return await self._lease_in(tx, most)
        return letters

    async def _ready(self, tx: Transaction, most: int, by_now: dict[str, datetime]) -> list[dict[str, Any]]:
        """What is due and for us to deliver, the longest due first; at least so much, if there is so much."""
        looked_at = _LOOKED_AT if self._database.is_shared else most
        while True:
            rows = await self._look(tx.rows(_READY, **by_now, most=looked_at))
            ours = [row for row in rows if self._serves(row["server"])]
            if len(rows) < looked_at or len(ours) >= most:
                return ours
            looked_at *= 8  # letters for other workers, or for nobody yet, must not hide ours

    async def _look(self, query: Awaitable[T]) -> T:
        began = time.monotonic()
        found = await query
        self._looked_for += time.monotonic() - began
        return found

    def _serves(self, server: str) -> bool:
        """Whether it is for us to deliver there, and not for another worker."""
        chat = self._chats.get(server.split(":", 1)[0])
        return chat is None or chat.serves(server)

    async def _effect(self, tx: Transaction, row: dict[str, Any]) -> Effect | None:
        """The effect with all that is known only now: a drawing, a ticket's thread, a message to edit."""
        if row["effect"] is None:
            effect: Effect | None = await self._draw(tx, row["server"], row["post"])
        else:
            effect = _EFFECT.validate_json(row["effect"])
        if isinstance(effect, Say | CloseThread) and row["ticket"] is not None and effect.thread is None:
            effect = replace(effect, thread=row["thread"])
        if isinstance(effect, Say) and effect.under is not None:
            above = await post_named(tx, effect.server, effect.under, effect.channel)
            effect = replace(effect, thread=above.message) if above else None
        if isinstance(effect, Say) and row["post"] is not None:
            old = await post_named(tx, effect.server, row["post"], effect.channel)
            if old is not None:
                effect = None if old.shown == _digest(effect) else replace(effect, replaces=old.message)
        return effect

    async def _deliver_and_wake(self, letter: Letter) -> None:
        await self._deliver(letter)
        self._on_their_way[letter.effect.server] -= 1
        self.wake()

    async def _deliver(self, letter: Letter) -> None:
        outcome = await self._perform(letter)
        try:
            await self._write_down(lambda tx: self._mark(tx, letter, outcome), letter.effect.server)
        except Exception as error:  # noqa: BLE001 (logged; an outbox goes on)
            _log.exception("what came of a letter could not be written down", letter=letter.id)
            if not is_passing(error):  # said again and again, it would never come to an end
                why = f"could not be written down: {type(error).__name__}"
                with suppress(Exception):  # then it is tried once more when its lease has run out
                    await self._give_up(letter.id, letter.effect.server, why)

    async def _write_down(self, what: Callable[[Transaction], Awaitable[None]], server: str) -> None:
        try:
            await self._database.transaction(what, server)
        except Exception as error:
            if not is_passing(error):
                raise
            await _MARKING.copy()(self._database.transaction, what, server)

    async def _give_up(self, letter: int, server: str, why: str) -> None:
        _log.error("dead letter", letter=letter, reason=why)
        end = {"letter": letter, "end": "dead", "why": why, "now": self._clock()}
        await self._database.transaction(lambda tx: tx.run(_END_OWED, **end), server)  # another worker may have sent it

    async def _perform(self, letter: Letter) -> Outcome:
        effect = letter.effect
        if letter.ticket is not None and not isinstance(effect, OpenThread) and effect.thread is None:
            return Never("the ticket's thread was never opened")
        chat = self._chats.get(effect.server.split(":", 1)[0])
        if chat is None:
            return Later("no chat is running for this server")
        try:
            async with asyncio.timeout(LEASE.total_seconds() / 2):
                return await chat.perform(effect, letter.nonce, letter.attempts)
        except TimeoutError:
            return Later("took too long", _TOOK_TOO_LONG)
        except Exception as error:  # noqa: BLE001 (it is logged, and tried again)
            _log.exception("effect failed", letter=letter.id, kind=effect.kind, server=effect.server)
            return Later(type(error).__name__)

    async def _mark(self, tx: Transaction, letter: Letter, outcome: Outcome) -> None:
        now = self._clock()
        if isinstance(letter.effect, OpenThread) and letter.effect.meanwhile and self._takes_its_time(outcome):
            await _owe_meanwhile(tx, letter.id, letter.effect, letter.effect.meanwhile, now)
        match outcome:
            case Done():
                await self._keep_ids(tx, letter, outcome, now)
                await tx.run(_END, letter=letter.id, end="done", why=None, now=now)
            case Later(reason, wait, is_untouched) if now - letter.promised_at < GIVE_UP_AFTER:
                due = now + min(wait or self.back_off(letter.attempts), LONGEST_WAIT)
                tried = {"attempt": letter.attempts, "uncounted": int(is_untouched), "worker": self._worker}
                await tx.run(_TRY_AGAIN, letter=letter.id, due=due, why=reason, **tried)
            case Never() if isinstance(letter.effect, Say) and letter.effect.under is not None:
                await self._say_under_anew(tx, letter, letter.effect, letter.effect.under, now)
            case Never(reason=reason, is_fault=False):
                await tx.run(_END, letter=letter.id, end="done", why=reason, now=now)
            case Later(reason=reason) | Never(reason=reason):
                _log.error("dead letter", letter=letter.id, kind=letter.effect.kind, reason=reason)
                await tx.run(_END, letter=letter.id, end="dead", why=reason, now=now)

    @staticmethod
    async def _say_under_anew(tx: Transaction, letter: Letter, effect: Say, post: str, now: datetime) -> None:
        """Somebody has deleted the post that this was to be said under: first there is another one."""
        if not await tx.run(_END_OWED, letter=letter.id, end="done", why="the post above is gone", now=now):
            return  # marked already
        await forget_post(tx, effect.server, post)
        await owe_drawing(tx, effect.server, post, post, now)
        await owe(tx, post, replace(effect, thread=None), now)

    def _takes_its_time(self, outcome: Outcome) -> bool:
        """Whether somebody waits for a thread too long to hear nothing."""
        match outcome:
            case Later(wait=timedelta() as wait):
                return wait >= self.meanwhile_after
            case Never(is_fault=is_fault):
                return is_fault
            case _:
                return False

    @staticmethod
    async def _keep_ids(tx: Transaction, letter: Letter, done: Done, now: datetime) -> None:
        effect = letter.effect
        if isinstance(effect, OpenThread) and letter.ticket is not None and done.thread is not None:
            await set_thread(tx, effect.server, letter.ticket, done.thread)
        if isinstance(effect, OpenThread) and letter.post is not None and done.message is not None:
            await keep_post(tx, effect.server, letter.post, effect.channel, done.message, shown=None)
            card = f"{CARD}{letter.ticket}"
            await owe_drawing(tx, effect.server, card, card, now)  # it could not link to the thread before
        if isinstance(effect, OpenThread) and letter.attempts > 1:
            await owe_board(tx, effect.server, now)  # it could not link to the thread before
        if isinstance(effect, Say) and letter.post is not None and done.message is not None:
            await keep_post(tx, effect.server, letter.post, effect.channel, done.message, _digest(effect))


async def _owe_meanwhile(tx: Transaction, letter: int, effect: OpenThread, words: Content, now: datetime) -> None:
    """Promise, once, to say in the channel what the thread cannot say yet; not in the thread's lane, which waits."""
    said = replace(effect, meanwhile=None)
    if not await tx.run(_CHANGE, letter=letter, of_server=effect.server, new_effect=_EFFECT.dump_json(said).decode()):
        return  # promised already
    say = Say(server=effect.server, channel=effect.channel, content=words, answers=effect.message)
    await owe(tx, f"meanwhile/{letter}", say, now)


def _digest(effect: Say) -> str:
    """Tells whether a post would say the same again."""
    return sha256(_EFFECT.dump_json(replace(effect, replaces=None))).hexdigest()[:16]


def _letter(row: dict[str, Any], effect: Effect) -> Letter:
    return Letter(row["id"], effect, row["ticket"], row["post"], row["attempts"] + 1, row["created_at"])


def back_off(attempts: int) -> timedelta:
    """How long to wait after this many tries without a word from the platform: 1 s, doubling to 5 min.

    Up to as much again, 45 s at most, is left to chance, so that what failed together is not tried together.
    """
    state = RetryCallState(AsyncRetrying(), None, (), {})
    state.attempt_number = attempts
    return timedelta(seconds=_BACK_OFF(state))


async def forget_ended(tx: Transaction, now: datetime, most: int) -> int:
    """Drop what was done, or given up, long ago; how much that was, at most so much of each."""
    return max(
        await tx.run(_FORGET, before=now - KEEP_DONE, most=most),
        await tx.run(_FORGET_DEAD, before=now - KEEP_DEAD, most=most),
    )
