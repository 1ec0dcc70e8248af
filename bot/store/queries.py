"""Every question to the tables has a name here. Each names its server: no query sees two tenants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

import structlog
from pydantic import TypeAdapter
from sqlalchemy import (
    Column,
    ColumnElement,
    Label,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from bot.model import Language, Notice, Ruling, ServerSettings, Ticket, TicketState
from bot.rules.record import Entry, link
from bot.store.database import Transaction
from bot.store.tables import (
    CLAIMED,
    EARLY,
    HAS_MESSAGE,
    HAS_THREAD,
    IS_EARLY,
    IS_HEARD,
    OPEN,
    WAITING,
    answers,
    blocked,
    history,
    inbox,
    line_parts,
    paid_requests,
    posts,
    servers,
    tickets,
)

_log = structlog.get_logger(__name__)
_SETTINGS = TypeAdapter(ServerSettings)


def given(table: Table) -> dict[str, Any]:
    """A value of its own name for each column."""
    return {column.key: bindparam(column.key, type_=column.type) for column in table.columns}


def is_(*columns: Any) -> ColumnElement[bool]:
    """Each column equals the value of its own name."""
    return and_(*(column == bindparam(column.key, type_=column.type) for column in columns))


KEEP_EVENTS = timedelta(days=7)
"""No platform tells an event again after so long."""
KEEP_EARLY_NEWS = timedelta(hours=1)
"""After so long a message that was edited or deleted before we had it will not come any more."""

# --- the inbox -----------------------------------------------------------------------------------------

_SEE = insert(inbox).values(given(inbox)).on_conflict_do_nothing()
_KEEP_NEWS = (
    insert(inbox)
    .values(given(inbox))
    .on_conflict_do_update(
        index_elements=[inbox.c.server, inbox.c.key],
        set_={"note": bindparam("note"), "at": bindparam("at", type_=inbox.c.at.type)},
        where=inbox.c.note.is_not(None) & (inbox.c.at <= bindparam("at", type_=inbox.c.at.type)),
    )
)
_NOTE = select(inbox.c.key, inbox.c.note).where(is_(inbox.c.server, inbox.c.key))
_OLD = (
    select(inbox.c.server, inbox.c.key)
    .where(inbox.c.at < bindparam("before", type_=inbox.c.at.type))
    .limit(bindparam("most"))
)
_FORGET_EVENTS, _FORGET_EARLY_NEWS = (
    delete(inbox).where(tuple_(inbox.c.server, inbox.c.key).in_(old)) for old in (_OLD, _OLD.where(IS_EARLY))
)


async def is_new(tx: Transaction, server: str, key: str, at: datetime) -> bool:
    """Write an event's key down; False if it was there already, so that the event has been handled."""
    return await tx.run(_SEE, server=server, key=key, at=at, note=None) == 1


@dataclass(frozen=True, slots=True)
class EarlyNews:
    """What we heard of a message before the message itself came: its newer text, or (None) its deletion."""

    text: str | None


async def early_news(tx: Transaction, server: str, message: str) -> EarlyNews | None:
    """News of a message that was not there yet when they came."""
    row = await tx.row(_NOTE, server=server, key=f"{EARLY}{message}")
    return None if row is None else EarlyNews(row["note"])


async def keep_early_news(tx: Transaction, server: str, message: str, at: datetime, text: str | None) -> None:
    """Remember the latest edit, or the deletion, of a message that has not come yet. What is deleted stays deleted."""
    await tx.run(_KEEP_NEWS, server=server, key=f"{EARLY}{message}", at=at, note=text)


# --- servers -------------------------------------------------------------------------------------------

_SERVERS = select(servers.c.id, servers.c.settings).where(servers.c.left_at.is_(None))
_EVER = select(servers.c.id, servers.c.settings)
_SETTINGS_OF = select(servers.c.settings).where(is_(servers.c.id), servers.c.left_at.is_(None))
_JOIN = insert(servers).values(given(servers)).on_conflict_do_nothing()
_RETURN = update(servers).where(is_(servers.c.id), servers.c.left_at.is_not(None)).values(left_at=None)
_LEAVE = (
    update(servers)
    .where(is_(servers.c.id))
    .values(left_at=bindparam("now", type_=servers.c.left_at.type), heard_until=None)
)
_HEARD_UNTIL = select(servers.c.heard_until).where(is_(servers.c.id))
_NOTE_HEARD = (
    update(servers)
    .where(is_(servers.c.id), servers.c.left_at.is_(None))
    .where(func.coalesce(servers.c.heard_until, 0) < bindparam("order"))
    .values(heard_until=bindparam("order"))
)
_CHANGE_SETTINGS = update(servers).where(is_(servers.c.id)).values(settings=bindparam("new_settings"))
_LATER = (
    "heard_until",
    "left_at",
    "record_hash",
    "agents_told_at",
    "tell_agents_at",
    "swept_at",
    "swept_behind",
)
"""Columns that a server begins without."""
_NEXT_NUMBER = (
    update(servers)
    .where(is_(servers.c.id))
    .values(last_number=servers.c.last_number + 1)
    .returning(servers.c.last_number)
)


async def all_settings(tx: Transaction) -> dict[str, ServerSettings]:
    """Every server's settings, for the memory of a starting process."""
    return _readable(await tx.rows(_SERVERS))


async def settings_ever(tx: Transaction) -> dict[str, ServerSettings]:
    """The same, and of servers that were left: how long texts are kept holds for them, too."""
    return _readable(await tx.rows(_EVER))


def _readable(rows: list[dict[str, Any]]) -> dict[str, ServerSettings]:
    """By server. Settings that somebody has broken must not keep us from the other servers."""
    found = {}
    for row in rows:
        try:
            found[row["id"]] = _SETTINGS.validate_json(row["settings"])
        except ValueError as error:
            _log.error("settings cannot be read, their server is not served", server=row["id"], reason=str(error))
    return found


async def settings_of(tx: Transaction, server: str) -> ServerSettings | None:
    """What a server has decided, as of now; None for one that we do not know."""
    settings = await tx.value(_SETTINGS_OF, id=server)
    return None if settings is None else _SETTINGS.validate_json(settings)


async def add_server(tx: Transaction, server: str, settings: ServerSettings, at: datetime) -> bool:
    """Make a server known; one that is known stays as it is. Whether it is new, or has come back."""
    told = _SETTINGS.dump_json(settings).decode()
    values = {"settings": told, "last_number": 0, "policy_number": 0, **dict.fromkeys(_LATER)}
    if await tx.run(_JOIN, id=server, created_at=at, **values) == 1:
        return True
    if await tx.run(_RETURN, id=server) == 0:
        return False
    await tx.run(_WAKE_OPEN, server=server, at=at)
    return True


async def leave_server(tx: Transaction, server: str, now: datetime) -> None:
    """The bot is not there any more; what the server has decided stays, in case it comes back.

    What is said until then is none of our business: how far it was heard is forgotten.
    """
    await tx.run(_LEAVE, id=server, now=now)
    await tx.run(_WAKE_OPEN, server=server, at=None)


async def heard_until(tx: Transaction, server: str) -> int | None:
    """The order up to which everything in this server was told; None if nothing was noted yet."""
    order: int | None = await tx.value(_HEARD_UNTIL, id=server)
    return order


async def note_heard(tx: Transaction, server: str, order: int) -> None:
    """Everything up to this order was told; what was noted before is never taken back."""
    await tx.run(_NOTE_HEARD, id=server, order=order)


async def change_settings(tx: Transaction, server: str, settings: ServerSettings) -> None:
    """Keep what a moderator has set."""
    await tx.run(_CHANGE_SETTINGS, id=server, new_settings=_SETTINGS.dump_json(settings).decode())


async def next_number(tx: Transaction, server: str) -> int:
    """The server's next ticket number. It is taken with the transaction, so numbers have no gaps and no doubles."""
    number: int = await tx.value(_NEXT_NUMBER, id=server)
    return number


# --- tickets -------------------------------------------------------------------------------------------

_TICKET_COLUMNS = tuple(field.name for field in fields(Ticket))
_FOR_LIFE = {"server", "number", "customer", "channel", "message", "opened_at"}
"""What is never different of a ticket; so these columns' indexes need not be looked after with each change."""
_ADD_TICKET = insert(tickets).values(given(tickets))
_SAVE_TICKET = (
    update(tickets)
    .where(is_(tickets.c.server, tickets.c.number))
    .values({name: value for name, value in given(tickets).items() if name not in _FOR_LIFE})
)
_BY_NUMBER = select(tickets).where(is_(tickets.c.server, tickets.c.number))
_BY_THREAD = select(tickets).where(is_(tickets.c.server, tickets.c.thread), HAS_THREAD)
_BY_MESSAGE = select(tickets).where(is_(tickets.c.server, tickets.c.message), HAS_MESSAGE)
_SET_THREAD = update(tickets).where(is_(tickets.c.server, tickets.c.number)).values(thread=bindparam("new_thread"))
_LATEST_PRIVATE = (
    select(tickets)
    .where(is_(tickets.c.server, tickets.c.customer), tickets.c.is_private, tickets.c.closed_at.is_not(None))
    .order_by(tickets.c.number.desc())
    .limit(1)
)
_OPEN_IN_CHANNEL = select(tickets).where(is_(tickets.c.server, tickets.c.channel), OPEN).order_by(tickets.c.number)
_OPEN_OF_CUSTOMER = select(tickets).where(is_(tickets.c.server, tickets.c.customer), OPEN).order_by(tickets.c.number)
_CLAIMED_BY = select(tickets).where(is_(tickets.c.server, tickets.c.agent), CLAIMED).order_by(tickets.c.claimed_at)
_CLAIMED = select(tickets).where(is_(tickets.c.server), CLAIMED).order_by(tickets.c.claimed_at).limit(bindparam("most"))
_LINE = (
    select(tickets)
    .where(is_(tickets.c.server), WAITING)
    .order_by(tickets.c.place_order, tickets.c.number)
    .limit(bindparam("most"))
)
_HEAD = (
    select(tickets.c.number)
    .where(is_(tickets.c.server), WAITING)
    .order_by(tickets.c.place_order, tickets.c.number)
    .limit(1)
    .with_for_update(skip_locked=True)
    .scalar_subquery()
)
_WAKE_AT = {"wake_at": bindparam("at", type_=tickets.c.wake_at.type)}
_WAKE_OPEN = update(tickets).where(is_(tickets.c.server), OPEN).values(_WAKE_AT)
_WAKE_CLAIMED = update(tickets).where(is_(tickets.c.server), CLAIMED).values(_WAKE_AT)
_CLAIM_HEAD = (
    update(tickets)
    .where(is_(tickets.c.server), tickets.c.number == _HEAD)
    .values(
        state=TicketState.CLAIMED,
        agent=bindparam("new_agent"),
        agent_name=bindparam("new_agent_name"),
        claimed_at=bindparam("now", type_=tickets.c.claimed_at.type),
    )
    .returning(*tickets.columns)
)
_FIRST_OF_PART = (
    select(func.max(line_parts.c.first_order))
    .where(is_(line_parts.c.server), line_parts.c.first_order <= bindparam("place_order"))
    .scalar_subquery()
)
_BEFORE_PART = (
    select(func.coalesce(func.sum(line_parts.c.waiting), 0))
    .where(is_(line_parts.c.server), line_parts.c.first_order < _FIRST_OF_PART)
    .scalar_subquery()
)
_IN_PART = (
    select(func.count())
    .select_from(tickets)
    .where(
        is_(tickets.c.server),
        WAITING,
        tickets.c.place_order >= _FIRST_OF_PART,
        tuple_(tickets.c.place_order, tickets.c.number) <= tuple_(bindparam("place_order"), bindparam("number")),
    )
    .scalar_subquery()
)
_PLACE = select((_BEFORE_PART + _IN_PART).label("place"))
_AHEAD = (
    select(tickets.c.number)
    .where(
        is_(tickets.c.server),
        WAITING,
        tuple_(tickets.c.place_order, tickets.c.number) < tuple_(bindparam("place_order"), bindparam("before")),
    )
    .order_by(tickets.c.place_order, tickets.c.number)
    .limit(bindparam("most"))
)
_WAITING_COUNT = select(func.coalesce(func.sum(line_parts.c.waiting), 0)).where(is_(line_parts.c.server))
_HEARD = select(tickets.c.channel, tickets.c.server).where(IS_HEARD).distinct()


def _ticket(row: dict[str, Any]) -> Ticket:
    ruling, notice = row["ruling"], row["notice"]
    row |= {"state": TicketState(row["state"]), "language": Language(row["language"])}
    row |= {"ruling": ruling and Ruling(ruling), "notice": notice and Notice(notice)}
    return Ticket(**row)


async def _one(tx: Transaction, query: Any, **values: Any) -> Ticket | None:
    row = await tx.row(query, **values)
    return None if row is None else _ticket(row)


async def some_tickets(tx: Transaction, query: Any, **values: Any) -> list[Ticket]:
    """What a query over all columns of the tickets finds."""
    return [_ticket(row) for row in await tx.rows(query, **values)]


async def add_ticket(tx: Transaction, ticket: Ticket) -> None:
    """Put a new ticket into the line."""
    await tx.run(_ADD_TICKET, **ticket_values(ticket))


def ticket_values(ticket: Ticket) -> dict[str, Any]:
    """A ticket as the values of its columns."""
    return {name: getattr(ticket, name) for name in _TICKET_COLUMNS}


async def save_ticket(tx: Transaction, ticket: Ticket) -> None:
    """Keep what a rule has made of a ticket that was read in this transaction."""
    await tx.run(_SAVE_TICKET, **ticket_values(ticket))


async def ticket_by_number(tx: Transaction, server: str, number: int) -> Ticket | None:
    """The server's ticket with this number."""
    return await _one(tx, _BY_NUMBER, server=server, number=number)


async def ticket_by_thread(tx: Transaction, server: str, thread: str) -> Ticket | None:
    """The ticket that this thread is about."""
    return await _one(tx, _BY_THREAD, server=server, thread=thread)


async def ticket_by_message(tx: Transaction, server: str, message: str) -> Ticket | None:
    """The ticket that was opened from this message."""
    return await _one(tx, _BY_MESSAGE, server=server, message=message)


async def set_thread(tx: Transaction, server: str, number: int, thread: str) -> None:
    """The platform has told where the ticket is talked about."""
    await tx.run(_SET_THREAD, server=server, number=number, new_thread=thread)


async def open_tickets(tx: Transaction, server: str, customer: str) -> list[Ticket]:
    """The customer's tickets that are waiting or claimed, oldest number first."""
    return await some_tickets(tx, _OPEN_OF_CUSTOMER, server=server, customer=customer)


async def latest_private(tx: Transaction, server: str, customer: str) -> Ticket | None:
    """The customer's private ticket that was opened last and is closed."""
    return await _one(tx, _LATEST_PRIVATE, server=server, customer=customer)


async def open_tickets_in(tx: Transaction, server: str, channel: str) -> list[Ticket]:
    """The tickets of a channel that are waiting or claimed, oldest number first."""
    return await some_tickets(tx, _OPEN_IN_CHANNEL, server=server, channel=channel)


async def tickets_of_agent(tx: Transaction, server: str, agent: str) -> list[Ticket]:
    """What the agent has claimed and not yet closed."""
    return await some_tickets(tx, _CLAIMED_BY, server=server, agent=agent)


async def line(tx: Transaction, server: str, most: int) -> list[Ticket]:
    """The head of the line, in the order in which it is served."""
    return await some_tickets(tx, _LINE, server=server, most=most)


async def claimed_tickets(tx: Transaction, server: str, most: int) -> list[Ticket]:
    """What agents are at work on, the longest first."""
    return await some_tickets(tx, _CLAIMED, server=server, most=most)


async def claim_head(tx: Transaction, server: str, agent: str, agent_name: str, now: datetime) -> Ticket | None:
    """Give the head of the line to this agent, in one statement; None if nobody waits."""
    return await _one(tx, _CLAIM_HEAD, server=server, new_agent=agent, new_agent_name=agent_name, now=now)


async def wake_claimed(tx: Transaction, server: str, at: datetime) -> None:
    """Look at all tickets of a server that agents hold at this time."""
    await tx.run(_WAKE_CLAIMED, server=server, at=at)


async def place_of(tx: Transaction, ticket: Ticket) -> int:
    """The place of a waiting ticket: 1 is next."""
    values = {"place_order": ticket.place_order, "number": ticket.number}
    place: int = await tx.value(_PLACE, server=ticket.server, **values)
    return place


async def line_ahead(tx: Transaction, ticket: Ticket, most: int) -> list[int]:
    """The numbers of those who wait and came before the ticket, from the head of the line."""
    values = {"place_order": ticket.place_order, "before": ticket.number}
    return [row["number"] for row in await tx.rows(_AHEAD, server=ticket.server, most=most, **values)]


async def waiting_count(tx: Transaction, server: str) -> int:
    """The length of the line."""
    count: int = await tx.value(_WAITING_COUNT, server=server)
    return count


async def channels_with_tickets(tx: Transaction) -> set[tuple[str, str]]:
    """(server, channel) of every ticket that is open, or can be opened again; for the memory of a starting process."""
    return {(row["server"], row["channel"]) for row in await tx.rows(_HEARD)}


# --- history -------------------------------------------------------------------------------------------

_RECORD_HASH = select(servers.c.record_hash).where(is_(servers.c.id)).with_for_update()
_SET_RECORD_HASH = update(servers).where(is_(servers.c.id)).values(record_hash=bindparam("hash"))
_RECORD = insert(history).values({key: value for key, value in given(history).items() if key != "id"})
_HISTORY = select(history).where(is_(history.c.server, history.c.ticket)).order_by(history.c.id)
_RECORDED = (
    select(
        history.c.ticket,
        history.c.at,
        history.c.actor,
        history.c.detail,
        case((tickets.c.agent == history.c.actor, tickets.c.agent_name)).label("name"),
    )
    .join_from(history, tickets, and_(is_(tickets.c.server), tickets.c.number == history.c.ticket))
    .where(
        is_(history.c.server, history.c.what),
        history.c.at >= bindparam("since", type_=history.c.at.type),
    )
    .order_by(history.c.at.desc(), history.c.id.desc())
    .limit(bindparam("most"))
)
_unanswered = select(tickets.c.number, tickets.c.asked_at, tickets.c.hard_due).where(
    is_(tickets.c.server), tickets.c.first_answer_at.is_(None)
)
_UNANSWERED_WAITING = (
    _unanswered.where(WAITING).order_by(tickets.c.place_order, tickets.c.number).limit(bindparam("most"))
)
_UNANSWERED_CLAIMED = _unanswered.where(CLAIMED).order_by(tickets.c.claimed_at).limit(bindparam("most"))


async def record(tx: Transaction, ticket: Ticket, at: datetime, actor: str | None, what: str, detail: str = "") -> None:
    """Write down who did what to a ticket, linked to what was written before in the server."""
    server, number = ticket.server, ticket.number
    linked = link(await tx.value(_RECORD_HASH, id=server), Entry(server, number, at, actor, what, detail))
    await tx.run(_RECORD, server=server, ticket=number, at=at, actor=actor, what=what, detail=detail, hash=linked)
    await tx.run(_SET_RECORD_HASH, id=server, hash=linked)


async def history_of(tx: Transaction, server: str, number: int) -> Sequence[dict[str, Any]]:
    """All that happened to a ticket, in order."""
    return await tx.rows(_HISTORY, server=server, ticket=number)


async def record_head(tx: Transaction, server: str) -> str | None:
    """The hash of what was written down last in the server."""
    head: str | None = await tx.value(_RECORD_HASH, id=server)
    return head


async def recorded(tx: Transaction, server: str, what: str, since: datetime, most: int) -> Sequence[dict[str, Any]]:
    """The latest entries of a kind: `ticket`, `at`, `actor`, `detail`, and the `name` of whose ticket it still is."""
    return await tx.rows(_RECORDED, server=server, what=what, since=since, most=most)


async def unanswered(tx: Transaction, server: str, most: int) -> Sequence[dict[str, Any]]:
    """What still waits for a first answer, in the line or with an agent: `number`, `asked_at`, `hard_due`."""
    waiting = await tx.rows(_UNANSWERED_WAITING, server=server, most=most)
    return waiting + await tx.rows(_UNANSWERED_CLAIMED, server=server, most=most)


# --- answers, paid requests, blocked customers, posts --------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """A message that got an answer or an offer instead of a ticket."""

    server: str
    message: str
    """The customer's message; for a question by command, the key of that event."""
    channel: str
    thread: str | None
    """Where we answered; None when only the asker saw it."""
    customer: str
    customer_name: str
    language: Language
    text: str
    response: str
    """What we did (`Response`): answered, offered a ticket, or said why there cannot be one now."""
    category: str | None
    ruling: Ruling | None
    confidence: float
    policy_version: str
    message_order: int
    at: datetime
    opinion: str | None = None
    """"helped" or "wrong", once somebody has said so."""
    became: int | None = None
    """The ticket that it was opened as, or added to."""
    is_private: bool = False
    """Whether it was asked in the thread of a private ticket."""


_ADD_ANSWER = insert(answers).values(given(answers)).on_conflict_do_nothing()
_ANSWER = select(answers).where(is_(answers.c.server, answers.c.message))
_ANSWER_IN_THREAD = (
    select(answers).where(is_(answers.c.server, answers.c.thread)).order_by(answers.c.message_order).limit(1)
)
_of_answer = is_(answers.c.server, answers.c.message)
_OPINION = update(answers).where(_of_answer).values(opinion=bindparam("new_opinion"))
_BECAME = update(answers).where(_of_answer).values(became=bindparam("number"))
_SAY_INSTEAD = update(answers).where(_of_answer).values(text=bindparam("new_text"))
_ADD_PAID = insert(paid_requests).values({key: value for key, value in given(paid_requests).items() if key != "id"})
_BLOCK = insert(blocked).values(given(blocked)).on_conflict_do_nothing()
_UNBLOCK = delete(blocked).where(is_(blocked.c.server, blocked.c.customer))
_KEEP_POST = (
    insert(posts)
    .values(given(posts))
    .on_conflict_do_update(
        index_elements=[posts.c.server, posts.c.name],
        set_={key: bindparam(key) for key in ("channel", "message", "shown")},
    )
)
_POST_AT = select(posts.c.name).where(is_(posts.c.server, posts.c.message))
_RENAME_POST = update(posts).where(is_(posts.c.server, posts.c.name)).values(name=bindparam("new_name"), shown=None)
_FORGET_POST = delete(posts).where(is_(posts.c.server, posts.c.name))
_POST = select(posts).where(is_(posts.c.server, posts.c.name))


def _answer(row: dict[str, Any]) -> Answer:
    ruling = row["ruling"]
    row["language"] = Language(row["language"])
    return Answer(**row | {"ruling": None if ruling is None else Ruling(ruling)})


async def add_answer(tx: Transaction, answer: Answer) -> None:
    """Keep what the buttons under an answer will need."""
    await tx.run(_ADD_ANSWER, **asdict(answer))


async def answer_to(tx: Transaction, server: str, message: str) -> Answer | None:
    """The answer that this message got."""
    row = await tx.row(_ANSWER, server=server, message=message)
    return None if row is None else _answer(row)


async def first_answer_in(tx: Transaction, server: str, thread: str) -> Answer | None:
    """The answer that started this thread."""
    row = await tx.row(_ANSWER_IN_THREAD, server=server, thread=thread)
    return None if row is None else _answer(row)


async def set_opinion(tx: Transaction, server: str, message: str, opinion: str) -> None:
    """How the asker liked the answer."""
    await tx.run(_OPINION, server=server, message=message, new_opinion=opinion)


async def set_became(tx: Transaction, answer: Answer, number: int) -> None:
    """The answered message has become part of this ticket."""
    await tx.run(_BECAME, server=answer.server, message=answer.message, number=number)


async def say_instead(tx: Transaction, server: str, message: str, text: str) -> bool:
    """The answered message was changed, or deleted (empty); False if it was not answered."""
    return await tx.run(_SAY_INSTEAD, server=server, message=message, new_text=text) == 1


async def add_paid_request(tx: Transaction, **values: Any) -> None:
    """Keep a request for paid work; it never enters the support queue."""
    await tx.run(_ADD_PAID, **values)


async def block(tx: Transaction, server: str, customer: str, by: str, at: datetime) -> bool:
    """The bot no longer answers this customer; False if that was so already."""
    return await tx.run(_BLOCK, server=server, customer=customer, by=by, at=at) == 1


async def unblock(tx: Transaction, server: str, customer: str) -> bool:
    """The bot answers this customer again; False if it did already."""
    return await tx.run(_UNBLOCK, server=server, customer=customer) == 1


@dataclass(frozen=True, slots=True)
class Standing:
    """How much a customer has had of us within the last hour, and whether a moderator has blocked them."""

    is_blocked: bool
    tickets: int
    """Opened, or opened again."""
    answers: int
    paid_requests: int


def _lately(table: Table, at: Column[Any]) -> Label[int]:
    of_customer = is_(table.c.server, table.c.customer)
    since = at > bindparam("since", type_=at.type)
    counted = select(func.count()).select_from(table).where(of_customer, since)
    return counted.scalar_subquery().label(table.name)


_REOPENED = (
    select(func.count())
    .select_from(history)
    .where(
        is_(history.c.server),
        history.c.what == "reopened",
        history.c.at > bindparam("since", type_=history.c.at.type),
        history.c.actor == bindparam("customer"),
    )
    .scalar_subquery()
    .label("reopened")
)
_STANDING = select(
    select(func.count())
    .select_from(blocked)
    .where(is_(blocked.c.server, blocked.c.customer))
    .scalar_subquery()
    .label("is_blocked"),
    _lately(tickets, tickets.c.opened_at),
    _REOPENED,
    _lately(answers, answers.c.at),
    _lately(paid_requests, paid_requests.c.at),
)


async def standing(tx: Transaction, server: str, customer: str, now: datetime) -> Standing:
    """How the customer stands with us at this moment."""
    (row,) = await tx.rows(_STANDING, server=server, customer=customer, since=now - timedelta(hours=1))
    opened = row["tickets"] + row["reopened"]
    return Standing(row["is_blocked"] > 0, opened, row["answers"], row["paid_requests"])


@dataclass(frozen=True, slots=True)
class Post:
    """A message of ours that is edited later."""

    message: str
    shown: str | None
    """A hash of what stands there."""


async def keep_post(tx: Transaction, server: str, name: str, channel: str, message: str, shown: str | None) -> None:
    """Remember a message of ours by name, to edit it later."""
    await tx.run(_KEEP_POST, server=server, name=name, channel=channel, message=message, shown=shown)


async def post_named(tx: Transaction, server: str, name: str, channel: str) -> Post | None:
    """The message of ours with this name in this channel."""
    row = await tx.row(_POST, server=server, name=name)
    return Post(row["message"], row["shown"]) if row is not None and row["channel"] == channel else None


async def post_at(tx: Transaction, server: str, message: str) -> str | None:
    """The name of the post of ours that this message is."""
    name: str | None = await tx.value(_POST_AT, server=server, message=message)
    return name


async def rename_post(tx: Transaction, server: str, name: str, new: str) -> None:
    """A message of ours, if we have it, becomes another post, and will be edited into it."""
    await tx.run(_RENAME_POST, server=server, name=name, new_name=new)


async def forget_post(tx: Transaction, server: str, name: str) -> None:
    """A message of ours is not there any more."""
    await tx.run(_FORGET_POST, server=server, name=name)


async def forget_old_events(tx: Transaction, now: datetime, most: int) -> int:
    """Drop keys of events that no platform tells again, and news of messages that never came.

    How many of that there were more of, at most so many of each.
    """
    return max(
        await tx.run(_FORGET_EVENTS, before=now - KEEP_EVENTS, most=most),
        await tx.run(_FORGET_EARLY_NEWS, before=now - KEEP_EARLY_NEWS, most=most),
    )
