"""A place in a long line is not counted any more: the databases keep how many wait in each part of it.

Revision: 0007, after 0006. What is said here is never changed; how it is now stands in triggers.py.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

PART = 1_024
COUNT_ALL = f"""
    INSERT INTO line_parts (server, first_order, waiting) SELECT server, min(place_order), count(*) FROM (
        SELECT server, place_order, (rank() OVER (PARTITION BY server ORDER BY place_order) - 1) / {PART} AS part
        FROM tickets WHERE state = 'waiting'
    ) AS placed GROUP BY server, part
"""  # noqa: S608 (a number of ours)


def of(ticket: str) -> str:
    """That a part is the one of a ticket."""
    return f"""
        server = {ticket}.server AND first_order = (
            SELECT max(first_order) FROM line_parts
            WHERE server = {ticket}.server AND first_order <= {ticket}.place_order
        )
    """  # noqa: S608 (OLD or NEW)


LEAVE = f"""
    UPDATE line_parts SET waiting = waiting - 1 WHERE {of("OLD")} AND OLD.state = 'waiting';
    DELETE FROM line_parts WHERE {of("OLD")} AND waiting = 0;
"""  # noqa: S608 (nothing of anybody's)
ENTER = f"UPDATE line_parts SET waiting = waiting + 1 WHERE {of('NEW')}"  # noqa: S608 (the same)
IS_FOLLOWED = """
    EXISTS (
        SELECT 1 FROM tickets
        WHERE server = NEW.server AND state = 'waiting' AND place_order >= NEW.place_order AND number <> NEW.number
    )
"""
BEGIN_PART = "INSERT INTO line_parts (server, first_order, waiting) SELECT NEW.server, NEW.place_order, 1"
ENTER_ON_SQLITE = f"""
    {ENTER} AND NEW.state = 'waiting' AND (waiting < {PART} OR {IS_FOLLOWED});
    {BEGIN_PART} WHERE NEW.state = 'waiting' AND changes() = 0;
"""
ON_SQLITE = (
    f"CREATE TRIGGER tickets_enter_line AFTER INSERT ON tickets BEGIN {ENTER_ON_SQLITE} END",
    f"CREATE TRIGGER tickets_leave_line AFTER DELETE ON tickets BEGIN {LEAVE} END",
    f"""
    CREATE TRIGGER tickets_move_in_line AFTER UPDATE OF state, place_order ON tickets
    WHEN (OLD.state, OLD.place_order) IS NOT (NEW.state, NEW.place_order) BEGIN {LEAVE} {ENTER_ON_SQLITE} END
    """,
)
ON_POSTGRES = (
    f"""
    CREATE OR REPLACE FUNCTION keep_line_parts() RETURNS trigger LANGUAGE plpgsql
    SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
    BEGIN
        IF (OLD.state, OLD.place_order) IS NOT DISTINCT FROM (NEW.state, NEW.place_order) THEN
            RETURN NULL;
        END IF;
        IF OLD.state = 'waiting' THEN {LEAVE} END IF;
        IF NEW.state = 'waiting' THEN
            {ENTER} AND waiting < {PART};
            IF NOT FOUND AND {IS_FOLLOWED} THEN {ENTER}; END IF;
            IF NOT FOUND THEN {BEGIN_PART}; END IF;
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER tickets_line AFTER INSERT OR DELETE OR UPDATE OF state, place_order ON tickets
    FOR EACH ROW EXECUTE FUNCTION keep_line_parts()
    """,
)


def upgrade() -> None:
    """To this revision. The triggers count for programs of the one before, too."""
    op.create_table(
        "line_parts",
        sa.Column("server", sa.String(), nullable=False),
        sa.Column("first_order", sa.BigInteger(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("server", "first_order", name=op.f("pk_line_parts")),
    )
    # The triggers come first: from then on no ticket changes until all are counted and this is committed.
    for statement in (*(ON_SQLITE if is_sqlite() else ON_POSTGRES), COUNT_ALL):
        op.execute(statement)


def downgrade() -> None:
    """Back to the one before, which counts."""
    if is_sqlite():
        for name in ("enter_line", "leave_line", "move_in_line"):
            op.execute(f"DROP TRIGGER tickets_{name}")
    else:
        op.execute("DROP TRIGGER tickets_line ON tickets")
        op.execute("DROP FUNCTION keep_line_parts()")
    op.drop_table("line_parts")


def is_sqlite() -> bool:
    """Which of the two this is."""
    return op.get_bind().dialect.name == "sqlite"
