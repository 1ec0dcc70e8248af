"""A starting process reads from an index of its own in which channels there are tickets that somebody may write in.

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

IS_HEARD = sa.text("state != 'closed' OR closed_at IS NOT NULL AND (text != '' OR added != '')")


def upgrade() -> None:
    """To this revision. A program of the one before goes on beside it: an index changes nothing of what it sees."""
    op.create_index(
        "ix_tickets_heard", "tickets", ["channel", "server"], sqlite_where=IS_HEARD, postgresql_where=IS_HEARD
    )


def downgrade() -> None:
    """Back to the one before: a start takes longer."""
    op.drop_index("ix_tickets_heard", "tickets")
