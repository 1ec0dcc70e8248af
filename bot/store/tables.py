"""The schema: one description for every database we run on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Dialect,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    event,
    false,
    literal_column,
)

from bot.store.triggers import ON_POSTGRES, ON_SQLITE

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC moment, kept as microseconds since 1970: exact, sortable, and the same in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Moment to microseconds; a naive moment is a mistake of ours."""
        del dialect
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Microseconds to moment."""
        del dialect
        return None if value is None else _EPOCH + timedelta(microseconds=value)


Key = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only for the exact type INTEGER."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

servers = Table(
    "servers",
    metadata,
    Column("id", String, primary_key=True),
    Column("settings", Text, nullable=False),
    Column("last_number", Integer, nullable=False, default=0),
    Column("policy_number", Integer, nullable=False, server_default="0"),
    Column("heard_until", BigInteger),
    Column("created_at", UtcDateTime, nullable=False),
    Column("left_at", UtcDateTime),
    Column("record_hash", String),
    Column("agents_told_at", UtcDateTime),
    Column("tell_agents_at", UtcDateTime),
    Column("swept_at", UtcDateTime),
    Column("swept_behind", Integer),
)
"""`heard_until` is the order up to which everything was told; with `left_at` the bot is not there any more;
`record_hash` is the latest link of the history's chain; the agents were told of late tickets at `agents_told_at`, and
will be again at `tell_agents_at`; `swept_behind` tickets were found left behind at `swept_at`.
"""

tickets = Table(
    "tickets",
    metadata,
    Column("server", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("state", String, nullable=False),
    Column("customer", String, nullable=False),
    Column("customer_name", String, nullable=False),
    Column("language", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("message", String),
    Column("thread", String),
    Column("lane", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("text_order", BigInteger, nullable=False),
    Column("added", Text, nullable=False),
    Column("category", String),
    Column("ruling", String),
    Column("policy_version", String, nullable=False),
    Column("place_order", BigInteger, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("soft_due", UtcDateTime, nullable=False),
    Column("hard_due", UtcDateTime, nullable=False),
    Column("agent", String),
    Column("agent_name", String),
    Column("claimed_at", UtcDateTime),
    Column("first_answer_at", UtcDateTime),
    Column("last_spoke", String),
    Column("last_spoke_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("is_private", Boolean, nullable=False, server_default=false()),
    Column("owed_since", UtcDateTime),
    Column("notice", String),
    Column("noticed_at", UtcDateTime),
    Column("returns_at", UtcDateTime),
    Column("closes_at", UtcDateTime),
    Column("wake_at", UtcDateTime),
    CheckConstraint("state IN ('waiting', 'claimed', 'closed')", name="state"),
    CheckConstraint("(state = 'claimed') <= (agent IS NOT NULL)", name="claimed_by_somebody"),
)

WAITING = tickets.c.state == literal_column("'waiting'")
"""Written out, not bound: only so do the databases see that a partial index serves the query."""
CLAIMED = tickets.c.state == literal_column("'claimed'")
OPEN = tickets.c.state != literal_column("'closed'")
ANSWERED = tickets.c.first_answer_at.is_not(None)
UNANSWERED = tickets.c.first_answer_at.is_(None)
WAKES = tickets.c.wake_at.is_not(None)
HAS_THREAD = tickets.c.thread.is_not(None)
HAS_MESSAGE = tickets.c.message.is_not(None)
_EMPTY: ColumnElement[str] = literal_column("''")
HAS_OLD_WORDS = tickets.c.closed_at.is_not(None) & ((tickets.c.text != _EMPTY) | (tickets.c.added != _EMPTY))
"""Whether the ticket has ended, and what its customer wrote is still there."""
IS_HEARD = OPEN | HAS_OLD_WORDS
"""Whether what is written in the ticket's thread is our business; what is forgotten is not opened again."""


def _partial(name: str, where: ColumnElement[bool], *columns: Column[Any], unique: bool = False) -> None:
    Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


TELLS_AGENTS = servers.c.tell_agents_at.is_not(None)
_partial("ix_servers_tell_agents", TELLS_AGENTS, servers.c.tell_agents_at)

_of = tickets.c
_partial("ix_tickets_line", WAITING, _of.server, _of.place_order, _of.number, _of.state)
_partial("ix_tickets_claimed", CLAIMED, _of.server, _of.claimed_at)
_partial("ix_tickets_open_of_customer", OPEN, _of.server, _of.customer, _of.number)
_partial("ix_tickets_agent", CLAIMED, _of.server, _of.agent, _of.claimed_at)
_partial("uq_tickets_thread", HAS_THREAD, _of.server, _of.thread, unique=True)
_partial("ix_tickets_message", HAS_MESSAGE, _of.server, _of.message)
_partial("ix_tickets_heard", IS_HEARD, _of.channel, _of.server)  # so turned, no query for one server takes it
_partial("ix_tickets_old_words", HAS_OLD_WORDS, _of.server, _of.closed_at)
_partial("ix_tickets_wake", WAKES, _of.wake_at)
_partial("ix_tickets_answered", ANSWERED, _of.server, _of.first_answer_at)
_partial("ix_tickets_unanswered", UNANSWERED, _of.server, _of.asked_at, _of.state)
Index("ix_tickets_customer", _of.server, _of.customer, _of.opened_at)
Index("ix_tickets_channel", _of.server, _of.channel)

line_parts = Table(
    "line_parts",
    metadata,
    Column("server", String, primary_key=True),
    Column("first_order", BigInteger, primary_key=True),
    Column("waiting", Integer, nullable=False),
)
"""How many wait in each part of a server's line. The databases keep it, see triggers.py; nobody else writes here."""

for _dialect, _statements in {"sqlite": ON_SQLITE, "postgresql": ON_POSTGRES}.items():
    for _statement in _statements:
        event.listen(metadata, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]

history = Table(
    "history",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("server", String, nullable=False),
    Column("ticket", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String),
    Column("what", String, nullable=False),
    Column("detail", Text, nullable=False, default=""),
    Column("hash", String),
    ForeignKeyConstraint(["server", "ticket"], ["tickets.server", "tickets.number"]),
    Index("ix_history_ticket", "server", "ticket"),
    Index("ix_history_what_at", "server", "what", "at"),
    Index("ix_history_server", "server", "id"),
)
"""Who did what to a ticket, and when. Rows are added, never changed: each carries a hash of itself and of the one
before it in its server.
"""

inbox = Table(
    "inbox",
    metadata,
    Column("server", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("note", Text),
    Column("at", UtcDateTime, nullable=False, index=True),
)
"""Events that were handled, so that the same one told again does nothing; and news that came before its message."""

EARLY = "early:"
"""Before a message's id: the key of news that came before it."""
IS_EARLY = literal_column(f"substr(key, 1, {len(EARLY)})") == literal_column(f"'{EARLY}'")
_partial("ix_inbox_early", IS_EARLY, inbox.c.at)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("server", String, nullable=False),
    Column("lane", String, nullable=False),
    Column("state", String, nullable=False),
    Column("effect", Text),
    Column("ticket", Integer),
    Column("post", String),
    Column("attempts", Integer, nullable=False, default=0),
    Column("due_at", UtcDateTime, nullable=False),
    Column("leased_until", UtcDateTime),
    Column("leased_by", BigInteger),
    Column("error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    CheckConstraint("state IN ('pending', 'leased', 'done', 'dead')", name="state"),
)
"""What we owe the world, in order per lane. A row without an effect is a post that is drawn when it is sent."""

OWED = outbox.c.state.in_([literal_column("'pending'"), literal_column("'leased'")])
DONE = outbox.c.state == literal_column("'done'")
DEAD = outbox.c.state == literal_column("'dead'")
DRAWN_WHEN_SENT = outbox.c.effect.is_(None) & (outbox.c.state == literal_column("'pending'"))

_partial("ix_outbox_owed", OWED, outbox.c.lane, outbox.c.id, outbox.c.state)
_partial("ix_outbox_done", DONE, outbox.c.ended_at)
_partial("ix_outbox_dead", DEAD, outbox.c.server, outbox.c.ended_at)
_partial("ix_outbox_undelivered", DEAD, outbox.c.server, outbox.c.ticket, outbox.c.created_at)
_partial("uq_outbox_drawing", DRAWN_WHEN_SENT, outbox.c.server, outbox.c.post, unique=True)

posts = Table(
    "posts",
    metadata,
    Column("server", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("channel", String, nullable=False),
    Column("message", String, nullable=False),
    Column("shown", String),
    Index("ix_posts_message", "server", "message"),
)
"""Messages of ours that are edited later, by the name under which we find them again ("board"); `shown` is a hash of
what stands there, so that nothing is edited into what it is already.
"""

policy_posts = Table(
    "policy_posts",
    metadata,
    Column("server", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("channel", String, nullable=False),
    Column("thread", String),
    Column("language", String, nullable=False),
    Column("section", String),
    Column("at", UtcDateTime, nullable=False),
)
"""Where the policy is posted, by the name of the post: all of it, or the section with this heading."""

policy_versions = Table(
    "policy_versions",
    metadata,
    Column("server", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String, nullable=False),
    Column("by_name", String, nullable=False),
    Column("why", Text, nullable=False),
    Column("change", Text, nullable=False),
)
"""What moderators have changed in their server's policy, one row a change. Rows are added, never changed."""

policy_drafts = Table(
    "policy_drafts",
    metadata,
    Column("server", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("by", String, nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("why", Text, nullable=False),
    Column("change", Text, nullable=False),
)
"""Changes that a moderator is looking at and has not put in force; `number` is the version that they build upon."""

lessons = Table(
    "lessons",
    metadata,
    Column("server", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("source", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("language", String, nullable=False),
    Column("told", String),
    Column("right", String),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_lessons_at", "server", "at"),
)
"""Messages from which the policy could learn, until a moderator has decided about each."""

answers = Table(
    "answers",
    metadata,
    Column("server", String, primary_key=True),
    Column("message", String, primary_key=True),
    Column("channel", String, nullable=False),
    Column("thread", String),
    Column("customer", String, nullable=False),
    Column("customer_name", String, nullable=False),
    Column("language", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("response", String, nullable=False),
    Column("category", String),
    Column("ruling", String),
    Column("confidence", Float, nullable=False),
    Column("policy_version", String, nullable=False),
    Column("message_order", BigInteger, nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("opinion", String),
    Column("became", Integer),
    Column("is_private", Boolean, nullable=False, server_default=false()),
    Index("ix_answers_thread", "server", "thread"),
    Index("ix_answers_customer", "server", "customer", "at"),
    Index("ix_answers_server", "server", "at"),
)
"""Messages that got an answer or an offer instead of a ticket: what their buttons need, and how it was liked."""

paid_requests = Table(
    "paid_requests",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("server", String, nullable=False),
    Column("customer", String, nullable=False),
    Column("customer_name", String, nullable=False),
    Column("product", Text, nullable=False),
    Column("wish", Text, nullable=False),
    Column("budget", Text, nullable=False),
    Column("deadline", Text, nullable=False),
    Column("contact", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_paid_requests_customer", "server", "customer", "at"),
)

keepsakes = Table(
    "keepsakes",
    metadata,
    Column("server", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("words", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
"""What the chats need to know again after a restart; secrets only encrypted."""

leases = Table(
    "leases",
    metadata,
    Column("name", String, primary_key=True),
    Column("worker", BigInteger, nullable=False),
    Column("until", UtcDateTime, nullable=False),
)
"""What one worker at a time has for itself, until it gives it back or does not renew it in time."""

budgets = Table(
    "budgets",
    metadata,
    Column("name", String, primary_key=True),
    Column("tokens", Float, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
"""How much is left of limits that all workers share, as of a moment."""

blocked = Table(
    "blocked",
    metadata,
    Column("server", String, primary_key=True),
    Column("customer", String, primary_key=True),
    Column("by", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
