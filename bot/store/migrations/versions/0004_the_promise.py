"""What keeping the promise needs: when a ticket next needs us, what was told, and a record that shows tampering.

Revision: 0004, after 0003.
"""

import time
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TICKETS: Mapping[str, TypeEngine[Any]] = {
    "owed_since": sa.BigInteger(),
    "notice": sa.String(),
    "noticed_at": sa.BigInteger(),
    "returns_at": sa.BigInteger(),
    "closes_at": sa.BigInteger(),
    "wake_at": sa.BigInteger(),
}
_SERVERS: Mapping[str, TypeEngine[Any]] = {
    "record_hash": sa.String(),
    "agents_told_at": sa.BigInteger(),
    "tell_agents_at": sa.BigInteger(),
    "swept_at": sa.BigInteger(),
    "swept_behind": sa.Integer(),
}
_PARTIAL = (
    ("ix_tickets_wake", "tickets", ["wake_at"], "wake_at IS NOT NULL"),
    ("ix_tickets_answered", "tickets", ["server", "first_answer_at"], "first_answer_at IS NOT NULL"),
    ("ix_tickets_unanswered", "tickets", ["server", "asked_at", "state"], "first_answer_at IS NULL"),
    ("ix_servers_tell_agents", "servers", ["tell_agents_at"], "tell_agents_at IS NOT NULL"),
    ("ix_outbox_undelivered", "outbox", ["server", "ticket", "created_at"], "state = 'dead'"),
)

_READ = (
    "server",
    "state",
    "customer",
    "last_spoke",
    "last_spoke_at",
    "first_answer_at",
    "asked_at",
    "soft_due",
    "hard_due",
    "owed_since",
    "wake_at",
)


def upgrade() -> None:
    """To this revision: what is open now is looked at as soon as the bot runs."""
    with op.batch_alter_table("tickets") as tickets:
        tickets.add_column(sa.Column("asked_at", sa.BigInteger(), nullable=False, server_default="0"))
        for name, kind in _TICKETS.items():
            tickets.add_column(sa.Column(name, kind, nullable=True))
    _begin_anew()
    with op.batch_alter_table("tickets") as tickets:
        tickets.alter_column("asked_at", server_default=None)
    with op.batch_alter_table("servers") as servers:
        for name, kind in _SERVERS.items():
            servers.add_column(sa.Column(name, kind, nullable=True))
    with op.batch_alter_table("history") as history:
        history.add_column(sa.Column("hash", sa.String(), nullable=True))
    op.create_index("ix_history_server", "history", ["server", "id"])
    for name, table, columns, where in _PARTIAL:
        there = sa.text(where)
        op.create_index(name, table, columns, sqlite_where=there, postgresql_where=there)


def _begin_anew() -> None:
    """What is open, where the bot still is, is looked at as soon as it runs.

    No agent is reminded of what happened before there were reminders: whoever is owed a word waits from now on. Whether
    somebody's last words in an answered ticket were thanks is not known any more: where they are old, the customer is
    asked whether all is settled.
    """
    now, day = time.time_ns() // 1_000, 24 * 3_600 * 1_000_000
    tickets = sa.table("tickets", *(sa.column(name) for name in _READ))
    servers = sa.table("servers", sa.column("id"), sa.column("left_at"))
    of = tickets.c
    here = of.server.in_(sa.select(servers.c.id).where(servers.c.left_at.is_(None)))
    is_unsettled = sa.and_(of.last_spoke == of.customer, of.last_spoke_at > now - 3 * day)
    is_owed = sa.or_(of.first_answer_at.is_(None), is_unsettled)
    op.execute(tickets.update().values(asked_at=of.soft_due - day))  # so long before the soft end, always
    op.execute(tickets.update().where(of.state != "closed", is_owed).values(owed_since=now))
    anew = {"asked_at": now, "soft_due": now + day, "hard_due": now + 2 * day, "first_answer_at": None}
    in_line = sa.and_(of.state == "waiting", of.first_answer_at.is_not(None), is_unsettled)
    op.execute(tickets.update().where(in_line).values(anew))
    op.execute(tickets.update().where(of.state != "closed", here).values(wake_at=now))


def downgrade() -> None:
    """Back to the revision before."""
    for name, table, _, _ in _PARTIAL:
        op.drop_index(name, table)
    op.drop_index("ix_history_server", "history")
    with op.batch_alter_table("history") as history:
        history.drop_column("hash")
    with op.batch_alter_table("servers") as servers:
        for name in _SERVERS:
            servers.drop_column(name)
    with op.batch_alter_table("tickets") as tickets:
        for name in ("asked_at", *_TICKETS):
            tickets.drop_column(name)
