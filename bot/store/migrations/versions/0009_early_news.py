"""News that came before its message is found by an index of its own, not among all events of a week.

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

IS_EARLY = sa.text("substr(key, 1, 6) = 'early:'")


def upgrade() -> None:
    """To this revision. A program of the one before goes on beside it: an index changes nothing of what it sees."""
    op.create_index("ix_inbox_early", "inbox", ["at"], sqlite_where=IS_EARLY, postgresql_where=IS_EARLY)


def downgrade() -> None:
    """Back to the one before: each hour, all events are read for this."""
    op.drop_index("ix_inbox_early", "inbox")
