"""What real platforms need: private tickets, how far a server was heard, servers that the bot was removed from.

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    with op.batch_alter_table("servers") as servers:
        servers.add_column(sa.Column("heard_until", sa.BigInteger(), nullable=True))
        servers.add_column(sa.Column("left_at", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("tickets") as tickets:
        tickets.add_column(sa.Column("is_private", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("answers") as answers:
        answers.add_column(sa.Column("is_private", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_tickets_channel", "tickets", ["server", "channel"])


def downgrade() -> None:
    """Back to the revision before."""
    op.drop_index("ix_tickets_channel", "tickets")
    with op.batch_alter_table("answers") as answers:
        answers.drop_column("is_private")
    with op.batch_alter_table("tickets") as tickets:
        tickets.drop_column("is_private")
    with op.batch_alter_table("servers") as servers:
        servers.drop_column("left_at")
        servers.drop_column("heard_until")
