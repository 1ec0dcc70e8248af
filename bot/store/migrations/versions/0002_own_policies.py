"""Policies that moderators change: versions, drafts, lessons, posts that follow; how long texts are kept.

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_OLD = sa.text("closed_at IS NOT NULL AND (text != '' OR added != '')")
_DRAWN = sa.text("effect IS NULL AND state = 'pending'")


def upgrade() -> None:
    """To this revision."""
    with op.batch_alter_table("servers") as servers:
        servers.add_column(sa.Column("policy_number", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("posts") as posts:
        posts.add_column(sa.Column("shown", sa.String(), nullable=True))
    op.create_index(
        "ix_tickets_old_words", "tickets", ["server", "closed_at"], sqlite_where=_OLD, postgresql_where=_OLD
    )
    op.create_index("ix_answers_server", "answers", ["server", "at"])
    op.drop_index("uq_outbox_board", "outbox")
    op.create_index(
        "uq_outbox_drawing", "outbox", ["server", "post"], unique=True, sqlite_where=_DRAWN, postgresql_where=_DRAWN
    )
    op.create_table(
        "policy_posts",
        sa.Column("server", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("thread", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("section", sa.String(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("server", "name", name=op.f("pk_policy_posts")),
    )
    op.create_table(
        "policy_versions",
        sa.Column("server", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("server", "number", name=op.f("pk_policy_versions")),
    )
    op.create_table(
        "policy_drafts",
        sa.Column("server", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("server", "id", name=op.f("pk_policy_drafts")),
    )
    op.create_index(op.f("ix_policy_drafts_at"), "policy_drafts", ["at"])
    op.create_table(
        "lessons",
        sa.Column("server", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("told", sa.String(), nullable=True),
        sa.Column("right", sa.String(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("server", "id", name=op.f("pk_lessons")),
    )
    op.create_index("ix_lessons_at", "lessons", ["server", "at"])


def downgrade() -> None:
    """Back to the revision before."""
    for table in ("lessons", "policy_drafts", "policy_versions", "policy_posts"):
        op.drop_table(table)
    op.drop_index("uq_outbox_drawing", "outbox")
    op.execute("DELETE FROM outbox WHERE effect IS NULL AND post <> 'board'")
    op.create_index("uq_outbox_board", "outbox", ["server"], unique=True, sqlite_where=_DRAWN, postgresql_where=_DRAWN)
    op.drop_index("ix_answers_server", "answers")
    op.drop_index("ix_tickets_old_words", "tickets")
    with op.batch_alter_table("posts") as posts:
        posts.drop_column("shown")
    with op.batch_alter_table("servers") as servers:
        servers.drop_column("policy_number")
