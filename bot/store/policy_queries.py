"""The policies that servers have made their own: versions, drafts, posts of the policy, and lessons for it.

Like all queries, each names its server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from bot.coverage.changes import PolicyChange
from bot.model import Language
from bot.store.database import Transaction
from bot.store.queries import given, is_
from bot.store.tables import (
    HAS_OLD_WORDS,
    answers,
    lessons,
    policy_drafts,
    policy_posts,
    policy_versions,
    posts,
    servers,
    tickets,
)

_CHANGE = TypeAdapter(PolicyChange)

KEEP_DRAFTS = timedelta(days=7)
"""After so long nobody comes back to a change that was not put in force."""
MOST_POSTS = 20
"""Postings of the policy, the newest ones of a server, that follow its changes."""
MOST_LESSONS = 500
"""Lessons that wait for a moderator; beyond them the oldest are dropped."""

# --- versions ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One change of a server's policy: who, when, why, and what."""

    server: str
    number: int
    at: datetime
    by: str
    by_name: str
    why: str
    change: PolicyChange


_NEXT_VERSION = (
    update(servers)
    .where(is_(servers.c.id))
    .values(policy_number=servers.c.policy_number + 1)
    .returning(servers.c.policy_number)
)
_ADD_VERSION = insert(policy_versions).values(given(policy_versions))
_NUMBER = select(servers.c.policy_number).where(is_(servers.c.id))
_NUMBERS = select(servers.c.id, servers.c.policy_number).where(servers.c.policy_number > 0)
_of_server = is_(policy_versions.c.server)
_up_to = policy_versions.c.number <= bindparam("up_to")
_VERSIONS = select(policy_versions).where(_of_server, _up_to).order_by(policy_versions.c.number)
_NEWEST = select(policy_versions).where(_of_server).order_by(policy_versions.c.number.desc()).limit(bindparam("most"))


async def policy_number(tx: Transaction, server: str) -> int:
    """The number of a server's newest version; 0 as long as its policy is the shipped one."""
    return await tx.value(_NUMBER, id=server) or 0


async def policy_numbers(tx: Transaction) -> dict[str, int]:
    """The newest version of every server that has changed its policy."""
    return {row["id"]: row["policy_number"] for row in await tx.rows(_NUMBERS)}


async def add_version(
    tx: Transaction, server: str, change: PolicyChange, *, at: datetime, by: str, by_name: str, why: str
) -> int:
    """Put a change in force; its number. Numbers have no gaps and no doubles."""
    number: int = await tx.value(_NEXT_VERSION, id=server)
    told = _CHANGE.dump_json(change).decode()
    values = {"at": at, "by": by, "by_name": by_name, "why": why}
    await tx.run(_ADD_VERSION, server=server, number=number, change=told, **values)
    return number


async def policy_change(tx: Transaction, server: str, up_to: int) -> PolicyChange:
    """All that a server has changed up to and with a version, later changes over earlier ones."""
    whole = PolicyChange()
    for row in await tx.rows(_VERSIONS, server=server, up_to=up_to):
        whole |= _CHANGE.validate_json(row["change"])
    return whole


async def newest_versions(tx: Transaction, server: str, most: int) -> list[PolicyVersion]:
    """A server's versions, the newest first."""
    rows = await tx.rows(_NEWEST, server=server, most=most)
    return [PolicyVersion(**row | {"change": _CHANGE.validate_json(row["change"])}) for row in rows]


# --- drafts --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Draft:
    """A change that a moderator looks at before it takes effect."""

    server: str
    id: str
    by: str
    at: datetime
    number: int
    """The version that it builds upon."""
    why: str
    change: PolicyChange


_KEEP_DRAFT = (
    insert(policy_drafts)
    .values(given(policy_drafts))
    .on_conflict_do_update(
        index_elements=[policy_drafts.c.server, policy_drafts.c.id],
        set_={key: bindparam(key, type_=policy_drafts.c[key].type) for key in ("at", "number", "why", "change")},
    )
)
_DRAFT = select(policy_drafts).where(is_(policy_drafts.c.server, policy_drafts.c.id))
_DRAFTS_OF = (
    select(policy_drafts)
    .where(is_(policy_drafts.c.server, policy_drafts.c.by))
    .order_by(policy_drafts.c.at.desc())
    .limit(bindparam("most"))
)
_DROP_DRAFT = delete(policy_drafts).where(is_(policy_drafts.c.server, policy_drafts.c.id))
_FORGET_DRAFTS = delete(policy_drafts).where(policy_drafts.c.at < bindparam("before", type_=policy_drafts.c.at.type))


async def keep_draft(tx: Transaction, draft: Draft) -> None:
    """Keep a change until its moderator has decided."""
    await tx.run(_KEEP_DRAFT, **asdict(draft) | {"change": _CHANGE.dump_json(draft.change).decode()})


async def draft_named(tx: Transaction, server: str, id_: str) -> Draft | None:
    """A server's draft."""
    row = await tx.row(_DRAFT, server=server, id=id_)
    return None if row is None else Draft(**row | {"change": _CHANGE.validate_json(row["change"])})


async def drafts_of(tx: Transaction, server: str, by: str, most: int) -> list[Draft]:
    """What a moderator has left lying, the newest first."""
    rows = await tx.rows(_DRAFTS_OF, server=server, by=by, most=most)
    return [Draft(**row | {"change": _CHANGE.validate_json(row["change"])}) for row in rows]


async def drop_draft(tx: Transaction, server: str, id_: str) -> None:
    """The moderator has decided."""
    await tx.run(_DROP_DRAFT, server=server, id=id_)


async def forget_drafts(tx: Transaction, now: datetime) -> int:
    """Drop changes that nobody came back to."""
    return await tx.run(_FORGET_DRAFTS, before=now - KEEP_DRAFTS)


# --- posts of the policy ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PolicyPost:
    """Where the policy stands for everybody: all of it, or one section."""

    server: str
    name: str
    channel: str
    thread: str | None
    language: Language
    section: str | None
    """The section's heading when it was posted; None for the whole policy."""
    at: datetime


_ADD_POST = insert(policy_posts).values(given(policy_posts)).on_conflict_do_nothing()
_POST_NAMED = select(policy_posts).where(is_(policy_posts.c.server, policy_posts.c.name))
_POSTS = select(policy_posts).where(is_(policy_posts.c.server)).order_by(policy_posts.c.at.desc())
_POSTING_SERVERS = select(policy_posts.c.server).distinct()
_SENT = select(posts.c.name).where(is_(posts.c.server))
_FORGET_POST = delete(policy_posts).where(
    is_(policy_posts.c.server, policy_posts.c.name), policy_posts.c.name.in_(_SENT)
)


async def add_policy_post(tx: Transaction, post: PolicyPost) -> None:
    """From now on this post follows the policy; the oldest of too many, once they are sent, no longer do."""
    await tx.run(_ADD_POST, **asdict(post))
    for old in (await policy_posts_of(tx, post.server))[MOST_POSTS:]:
        await tx.run(_FORGET_POST, server=old.server, name=old.name)


async def policy_post_named(tx: Transaction, server: str, name: str) -> PolicyPost | None:
    """What must stand in the post of this name."""
    row = await tx.row(_POST_NAMED, server=server, name=name)
    return None if row is None else _policy_post(row)


async def policy_posts_of(tx: Transaction, server: str) -> list[PolicyPost]:
    """The posts that follow a server's policy, the newest first."""
    return [_policy_post(row) for row in await tx.rows(_POSTS, server=server)]


def _policy_post(row: Mapping[str, Any]) -> PolicyPost:
    return PolicyPost(**{**row, "language": Language(row["language"])})


async def servers_with_policy_posts(tx: Transaction) -> list[str]:
    """Where a changed policy has to be shown."""
    return [row["server"] for row in await tx.rows(_POSTING_SERVERS)]


# --- lessons -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lesson:
    """A message from which the policy could learn."""

    server: str
    id: str
    source: str
    """Why we think so: `wrong` (a customer said so), `corrected` (an agent did) or `silent` (it became a ticket)."""
    text: str
    language: Language
    told: str | None
    """The category that the matcher had told, or would have."""
    right: str | None
    """The category that an agent has chosen."""
    at: datetime


_KEEP_LESSON = (
    insert(lessons)
    .values(given(lessons))
    .on_conflict_do_update(
        index_elements=[lessons.c.server, lessons.c.id],
        set_={key: bindparam(key) for key in ("source", "text", "told", "right")},
    )
)
_MEND_LESSON = update(lessons).where(is_(lessons.c.server, lessons.c.id)).values(text=bindparam("new_text"))
_LESSON = select(lessons).where(is_(lessons.c.server, lessons.c.id))
_LESSONS = select(lessons).where(is_(lessons.c.server)).order_by(lessons.c.at, lessons.c.id).limit(bindparam("most"))
_LESSON_COUNT = select(func.count()).select_from(lessons).where(is_(lessons.c.server))
_DROP_LESSON = delete(lessons).where(is_(lessons.c.server, lessons.c.id))
_SURPLUS = (
    select(lessons.c.id).where(is_(lessons.c.server)).order_by(lessons.c.at.desc(), lessons.c.id).offset(MOST_LESSONS)
)
_DROP_SURPLUS = delete(lessons).where(is_(lessons.c.server), lessons.c.id.in_(_SURPLUS))


def _lesson(row: Mapping[str, Any]) -> Lesson:
    return Lesson(**{**row, "language": Language(row["language"])})


def lesson_id(message: str) -> str:
    """The id of the lesson about a message: short, because it stands in buttons."""
    return sha256(message.encode(errors="replace")).hexdigest()[:16]


async def keep_lesson(tx: Transaction, lesson: Lesson) -> None:
    """Keep a message for the moderators; a later word on the same one replaces the earlier."""
    await tx.run(_KEEP_LESSON, **asdict(lesson))
    await tx.run(_DROP_SURPLUS, server=lesson.server)


async def mend_lesson(tx: Transaction, server: str, message: str, text: str) -> None:
    """The message of a lesson was changed: it says this now; without a word, it teaches nothing."""
    if any(map(str.isalnum, text)):
        await tx.run(_MEND_LESSON, server=server, id=lesson_id(message), new_text=text)
    else:
        await drop_lesson(tx, server, lesson_id(message))


async def lesson_named(tx: Transaction, server: str, id_: str) -> Lesson | None:
    """A lesson that no moderator has decided about."""
    row = await tx.row(_LESSON, server=server, id=id_)
    return None if row is None else _lesson(row)


async def open_lessons(tx: Transaction, server: str, most: int) -> list[Lesson]:
    """Lessons to decide about, the oldest first."""
    return [_lesson(row) for row in await tx.rows(_LESSONS, server=server, most=most)]


async def lesson_count(tx: Transaction, server: str) -> int:
    """How many lessons wait for a moderator."""
    count: int = await tx.value(_LESSON_COUNT, server=server)
    return count


async def drop_lesson(tx: Transaction, server: str, id_: str) -> bool:
    """A moderator has decided; False if somebody was quicker."""
    return await tx.run(_DROP_LESSON, server=server, id=id_) == 1


# --- texts that customers wrote --------------------------------------------------------------------------

_at = answers.c.at.type
_RECENT_ANSWERS = (
    select(answers.c.text)
    .where(is_(answers.c.server), answers.c.at >= bindparam("since", type_=_at), answers.c.text != "")
    .where(answers.c.is_private.is_(False))
    .order_by(answers.c.at.desc())
    .limit(bindparam("most"))
)
_RECENT_TICKETS = (
    select(tickets.c.text)
    .where(is_(tickets.c.server), tickets.c.opened_at >= bindparam("since", type_=_at), tickets.c.text != "")
    .where(tickets.c.is_private.is_(False))
    .order_by(tickets.c.number.desc())
    .limit(bindparam("most"))
)


async def recent_texts(tx: Transaction, server: str, since: datetime, most: int) -> list[str]:
    """What customers have lately written in public: answered messages, and tickets. At most `most` of each."""
    rows = await tx.rows(_RECENT_ANSWERS, server=server, since=since, most=most)
    rows += await tx.rows(_RECENT_TICKETS, server=server, since=since, most=most)
    return list(dict.fromkeys(row["text"] for row in rows))


_before = bindparam("before", type_=_at)
_most: Any = bindparam("most")
_OLD_ANSWERS = select(answers.c.message).where(is_(answers.c.server), answers.c.at < _before).limit(_most)
_OLD_LESSONS = select(lessons.c.id).where(is_(lessons.c.server), lessons.c.at < _before).limit(_most)
_OLD_WORDS = (
    select(tickets.c.number).where(is_(tickets.c.server), HAS_OLD_WORDS, tickets.c.closed_at < _before).limit(_most)
)
_FORGET_TEXTS = (
    delete(answers).where(is_(answers.c.server), answers.c.message.in_(_OLD_ANSWERS)),
    delete(lessons).where(is_(lessons.c.server), lessons.c.id.in_(_OLD_LESSONS)),
    update(tickets).where(is_(tickets.c.server), tickets.c.number.in_(_OLD_WORDS)).values(text="", added=""),
)


async def forget_texts(tx: Transaction, server: str, before: datetime, most: int) -> int:
    """Forget what customers wrote before this moment; how much that was, at most `most` of each kind.

    Of closed tickets only the words go: numbers, times and verdicts are the server's record.
    """
    return sum([await tx.run(statement, server=server, before=before, most=most) for statement in _FORGET_TEXTS])
