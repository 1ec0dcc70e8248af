"""What chats need to know again after a restart, such as Slack's encrypted tokens; and whose card a message is.

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "keepsakes",
        sa.Column("server", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("server", "name", name=op.f("pk_keepsakes")),
    )
    op.create_index("ix_posts_message", "posts", ["server", "message"])


def downgrade() -> None:
    """Back to the one before: the chats forget, and have to be installed again."""
    op.drop_index("ix_posts_message", "posts")
    op.drop_table("keepsakes")
