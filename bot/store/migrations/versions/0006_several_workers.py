"""What several workers need to know of each other: who has leased what, and how much of a limit is left.

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision. A program of the one before goes on beside it: all that is new may be left out."""
    op.create_table(
        "leases",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("worker", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "budgets",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_budgets")),
    )
    op.add_column("outbox", sa.Column("leased_by", sa.BigInteger()))


def downgrade() -> None:
    """Back to the one before: workers forget each other, and only one may go on."""
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_column("leased_by")
    op.drop_table("budgets")
    op.drop_table("leases")
