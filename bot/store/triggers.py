"""The databases themselves keep count of who waits in each part of a line, so that a place in it need not be counted.

A part begins with the order of one ticket (`first_order`), and goes as far as the next part. Who comes last when the
last part is full begins a new one; a part that nobody waits in any more goes. So every waiting ticket is in the part
with the greatest `first_order` that is not above its own place, whichever statement, of whichever version of the
program, brought it there. On PostgreSQL, whoever moves tickets must have the lock of their server, as all use cases do.
"""

from __future__ import annotations

PART = 1_024
"""Tickets after which a new part begins; those who come in between make a part longer."""

_ITS_PART = """
    server = {ticket}.server AND first_order = (
        SELECT max(first_order) FROM line_parts
        WHERE server = {ticket}.server AND first_order <= {ticket}.place_order
    )
"""
_ENTER = f"UPDATE line_parts SET waiting = waiting + 1 WHERE {_ITS_PART.format(ticket='NEW')}"  # noqa: S608 (NEW)
_IS_FOLLOWED = """
    EXISTS (
        SELECT 1 FROM tickets
        WHERE server = NEW.server AND state = 'waiting' AND place_order >= NEW.place_order AND number <> NEW.number
    )
"""
_LEAVE = (
    f"UPDATE line_parts SET waiting = waiting - 1 WHERE {_ITS_PART.format(ticket='OLD')} AND OLD.state = 'waiting'",  # noqa: S608
    f"DELETE FROM line_parts WHERE {_ITS_PART.format(ticket='OLD')} AND waiting = 0",  # noqa: S608
)
_NEW_PART = "INSERT INTO line_parts (server, first_order, waiting)"
_BEGIN_PART = f"{_NEW_PART} SELECT NEW.server, NEW.place_order, 1"

COUNT_ALL = f"""
    {_NEW_PART} SELECT server, min(place_order), count(*) FROM (
        SELECT server, place_order, (rank() OVER (PARTITION BY server ORDER BY place_order) - 1) / {PART} AS part
        FROM tickets WHERE state = 'waiting'
    ) AS placed GROUP BY server, part
"""  # noqa: S608 (a number of ours)
"""Fills the empty table of parts from the tickets."""


def _on_sqlite(name: str, event: str, *steps: str) -> str:
    return f"CREATE TRIGGER tickets_{name} AFTER {event} BEGIN {'; '.join(steps)}; END"


_ENTER_ON_SQLITE = (
    f"{_ENTER} AND NEW.state = 'waiting' AND (waiting < {PART} OR {_IS_FOLLOWED})",
    f"{_BEGIN_PART} WHERE NEW.state = 'waiting' AND changes() = 0",
)
_CHANGED = "UPDATE OF state, place_order ON tickets"
_HAS_MOVED = "(OLD.state, OLD.place_order) IS NOT (NEW.state, NEW.place_order)"

ON_SQLITE = (
    _on_sqlite("enter_line", "INSERT ON tickets", *_ENTER_ON_SQLITE),
    _on_sqlite("leave_line", "DELETE ON tickets", *_LEAVE),
    _on_sqlite("move_in_line", f"{_CHANGED} WHEN {_HAS_MOVED}", *_LEAVE, *_ENTER_ON_SQLITE),
)
ON_POSTGRES = (
    f"""
    CREATE OR REPLACE FUNCTION keep_line_parts() RETURNS trigger LANGUAGE plpgsql
    SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
    BEGIN
        IF (OLD.state, OLD.place_order) IS NOT DISTINCT FROM (NEW.state, NEW.place_order) THEN
            RETURN NULL;
        END IF;
        IF OLD.state = 'waiting' THEN
            {";".join(_LEAVE)};
        END IF;
        IF NEW.state = 'waiting' THEN
            {_ENTER} AND waiting < {PART};
            IF NOT FOUND AND {_IS_FOLLOWED} THEN
                {_ENTER};
            END IF;
            IF NOT FOUND THEN
                {_BEGIN_PART};
            END IF;
        END IF;
        RETURN NULL;
    END $$
    """,  # planned once and by the indexes: planning anew takes ten times as long, and a young table tells nothing
    f"""
    CREATE TRIGGER tickets_line AFTER INSERT OR DELETE OR {_CHANGED}
        FOR EACH ROW EXECUTE FUNCTION keep_line_parts()
    """,
)
NO_MORE_ON_POSTGRES = ("DROP TRIGGER IF EXISTS tickets_line ON tickets", "DROP FUNCTION IF EXISTS keep_line_parts()")
