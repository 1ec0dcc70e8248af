"""The platform's own memory: messages, threads and what each person has seen, in an SQLite file of its own.

It stands for what Discord or Slack would keep. The desk never reads it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock

from pydantic import TypeAdapter

from adapters.web_chat.people import AGENTS, BOT, CHANNELS, SERVER
from bot.model import CloseThread, Content, Done, Effect, Mention, Never, OpenThread, Outcome, Say, Text, Value

CONTENT: TypeAdapter[Content] = TypeAdapter(Content)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BOARD = "board:"
"""How the nonce begins with which the desk posts or edits its board."""
_MOVED_IN = "moved in"
_SHOWN = 200
"""How many messages of a place, and threads of a channel, a window is given."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    id TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    thread TEXT,
    author TEXT NOT NULL,
    text TEXT,
    content TEXT,
    edited INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0,
    board INTEGER NOT NULL DEFAULT 0,
    answers TEXT,
    file TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS message_in_channel ON message (channel, id) WHERE thread IS NULL;
CREATE INDEX IF NOT EXISTS message_in_thread ON message (thread, id) WHERE thread IS NOT NULL;
CREATE TABLE IF NOT EXISTS thread (
    id TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    name TEXT NOT NULL,
    closed INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reader (
    thread TEXT NOT NULL,
    person TEXT NOT NULL,
    PRIMARY KEY (thread, person)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS performed (nonce TEXT PRIMARY KEY, message TEXT, thread TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (
    person TEXT NOT NULL,
    place TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (person, place)
) WITHOUT ROWID;
"""
_MESSAGE = """
SELECT id, channel, thread, author, text, content, edited, deleted, board, answers, file,
       (SELECT group_concat(person, ' ') FROM reader WHERE reader.thread = message.thread)
FROM message
"""
_THREAD = """
SELECT t.id, t.channel, t.name, t.closed, count(m.id), coalesce(max(m.id), ''), coalesce(m.author, ''),
       (SELECT group_concat(author, ' ') FROM (SELECT DISTINCT author FROM message WHERE thread = t.id OR id = t.id)),
       (SELECT group_concat(person, ' ') FROM reader WHERE reader.thread = t.id)
FROM thread t LEFT JOIN message m ON m.thread = t.id AND NOT m.deleted
"""  # SQLite takes m.author from the row that holds max(m.id)


@dataclass(frozen=True, slots=True)
class Message:
    """One message. A person's has `text`, ours has `content` (JSON); a deleted one has neither."""

    id: str
    """Sixteen digits: the microsecond at which the platform received it, made unique. Sorts as text."""
    channel: str
    thread: str | None
    author: str
    text: str | None = None
    content: str | None = None
    edited: bool = False
    deleted: bool = False
    board: bool = False
    answers: str | None = None
    """The message that it is an answer to."""
    file: str | None = None
    """A file of ours below it (JSON)."""
    readers: frozenset[str] = frozenset()
    """As of its thread."""


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread. It has the id of the message that it hangs under; a private one hangs under none."""

    id: str
    channel: str
    name: str
    closed: bool
    count: int
    last: str
    """Id of the newest message in it; empty without any."""
    last_author: str
    people: tuple[str, ...]
    """Who wrote in it, the author of the message that it hangs under included."""
    readers: frozenset[str] = frozenset()
    """Who may read a private thread, besides agents and moderators; of any other thread it is empty.

    The bot always is one of them, so that a private thread is never without.
    """


Change = Message | Thread
"""What windows must be told about."""


class UnknownPlace(LookupError):  # noqa: N818 (an outcome, not a fault)
    """There is no such channel, thread or message."""


class TakenBack(UnknownPlace):
    """The place was under a message that its author has deleted."""


def moment_of(stamp: str) -> datetime:
    """When the platform received what carries this id."""
    return _EPOCH + timedelta(microseconds=int(stamp))


def stamp_of(order: int) -> str:
    """The id that carries this moment."""
    return f"{order:016d}"


class Rooms:
    """All state of the playground. Every method is one transaction and blocks: call it in a thread."""

    def __init__(self, file: Path) -> None:
        self._lock = Lock()
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)
        self._bring_up_to_date()
        (newest,) = self._db.execute(
            "SELECT coalesce(max(id), '0') FROM (SELECT id FROM message UNION SELECT id FROM thread)"
        ).fetchone()
        self._newest = int(newest)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def is_first_time(self) -> bool:
        """Whether nobody has moved in yet."""
        with self._lock:
            return self._performed(_MOVED_IN) is None

    def end_first_time(self) -> None:
        """From now on, somebody has moved in."""
        with self._transaction():
            self._remember(_MOVED_IN, Done())

    def stamp(self) -> str:
        """An id for something that happens now; later calls give greater ids, even when the clock goes back."""
        with self._lock:
            return self._stamp()

    def post(self, channel: str, thread: str | None, author: str, text: str, nonce: str) -> tuple[str, list[Change]]:
        """Post a person's message and return its id; the same nonce again posts nothing new."""
        with self._transaction():
            done = self._performed(nonce)
            if done is not None and done.message is not None:
                return done.message, []
            self._check(channel, thread)
            posted, changes = self._add(Message(self._stamp(), channel, thread, author, text=text))
            self._remember(nonce, Done(message=posted))
            return posted, changes

    def edit(self, message: str, text: str) -> list[Change]:
        """Change a message's text."""
        with self._transaction():
            self._db.execute("UPDATE message SET text = ?, edited = 1 WHERE id = ? AND NOT deleted", (text, message))
            return [self._message(message)]

    def delete(self, message: str) -> list[Change]:
        """Take a message away; its place stays, because a thread may hang under it."""
        with self._transaction():
            self._db.execute("UPDATE message SET text = NULL, content = NULL, deleted = 1 WHERE id = ?", (message,))
            gone = self._message(message)
            return [gone] if gone.thread is None else [gone, self._thread(gone.thread)]

    def find(self, message: str) -> Message:
        """One message, by its id."""
        with self._lock:
            return self._message(message)

    def readers(self, channel: str, thread: str | None) -> frozenset[str]:
        """The readers of a place, as of `Thread`. Raises UnknownPlace if there is no such channel, or thread in it."""
        with self._lock:
            self._check(channel, thread)
            return self._thread(thread).readers if thread is not None else frozenset()

    def see(self, person: str, place: str, message: str) -> None:
        """Remember up to which message a person has read a channel or thread."""
        with self._transaction():
            self._db.execute(
                "INSERT INTO seen VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET message = max(message, excluded.message)",
                (person, place, message),
            )

    def seen(self, person: str) -> dict[str, str]:
        """Up to which message a person has read each channel and thread."""
        with self._lock:
            rows = self._db.execute("SELECT place, message FROM seen WHERE person = ?", (person,))
            return dict(rows.fetchall())

    def channel(self, channel: str) -> tuple[list[Message], list[Thread]]:
        """The newest messages of a channel, oldest first, and its most lately used threads."""
        with self._lock:
            found = f"{_MESSAGE} WHERE channel = ? AND thread IS NULL ORDER BY id DESC LIMIT {_SHOWN}"
            messages = [_to_message(row) for row in self._db.execute(found, (channel,))][::-1]
            found = (
                f"{_THREAD} WHERE t.channel = ? GROUP BY t.id ORDER BY max(coalesce(m.id, t.id)) DESC LIMIT {_SHOWN}"
            )
            return messages, [_to_thread(row) for row in self._db.execute(found, (channel,))]

    def thread(self, channel: str, thread: str) -> tuple[Thread, list[Message]]:
        """A thread with the message it hangs under and its newest messages, oldest first."""
        with self._lock:
            self._check(channel, thread)
            found = f"{_MESSAGE} WHERE thread = ? ORDER BY id DESC LIMIT {_SHOWN}"
            messages = [_to_message(row) for row in self._db.execute(found, (thread,))][::-1]
            summary = self._thread(thread)
            return summary, messages if summary.readers else [self._message(thread), *messages]

    def since(self, stamp: str) -> list[Message]:
        """What people have written since then and not taken back, oldest first."""
        with self._lock:
            found = f"{_MESSAGE} WHERE id >= ? AND author <> ? AND NOT deleted ORDER BY id"
            return [_to_message(row) for row in self._db.execute(found, (stamp, BOT))]

    def board(self) -> Message | None:
        """The message that the desk keeps up to date for the agents; None before it posted one."""
        with self._lock:
            row = self._db.execute(f"{_MESSAGE} WHERE board ORDER BY id DESC LIMIT 1").fetchone()
            return _to_message(row) if row else None

    def perform(self, effect: Effect, nonce: str) -> tuple[Outcome, list[Change]]:
        """Do an effect once. The same nonce again changes nothing and tells the same ids."""
        with self._transaction():
            done = self._performed(nonce)
            if done:
                return done, []
            if effect.server != SERVER:
                return Never(f"unknown server {effect.server!r}"), []
            try:
                outcome, changes = self._do(effect, board=nonce.startswith(_BOARD))
            except UnknownPlace as unknown:
                return Never(str(unknown), is_fault=not isinstance(unknown, TakenBack)), []
            self._remember(nonce, outcome)
            return outcome, changes

    def answer(
        self, channel: str, thread: str | None, content: Content, nonce: str, file: str | None = None
    ) -> list[Change]:
        """Post our answer where something was done. A thread that was closed by it stays closed; twice is once."""
        with self._transaction():
            if self._performed(nonce):
                return []
            self._check(channel, thread)
            answer = replace(self._ours(channel, thread, content), file=file)
            posted, changes = self._add(answer, opens=False)
            self._remember(nonce, Done(message=posted))
            return changes

    def _do(self, effect: Effect, *, board: bool) -> tuple[Done, list[Change]]:
        match effect:
            case OpenThread(is_private=True):
                return self._open_private_thread(effect)
            case OpenThread():
                return self._open_thread(effect)
            case Say():
                return self._say(effect, board=board and effect.channel == AGENTS)
            case CloseThread():
                return self._close_thread(effect)

    def _open_thread(self, effect: OpenThread) -> tuple[Done, list[Change]]:
        self._check(effect.channel, None)
        changes: list[Change] = []
        if effect.message is not None:
            root = effect.message
            under = self._message(root)
            if under.deleted:
                raise TakenBack(f"message {root!r} was deleted")
            if under.channel != effect.channel or under.thread is not None:
                raise UnknownPlace(f"no message {root!r} in #{effect.channel} to open a thread under")
        else:
            if effect.opening is None:
                raise UnknownPlace("a thread needs a message or an opening")
            root, changes = self._add(self._ours(effect.channel, None, effect.opening))
        self._db.execute(
            "INSERT INTO thread (id, channel, name) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (root, effect.channel, effect.name),
        )
        return Done(message=root, thread=root), [*changes, self._thread(root)]

    def _open_private_thread(self, effect: OpenThread) -> tuple[Done, list[Change]]:
        self._check(effect.channel, None)
        thread = self._stamp()
        self._db.execute(
            "INSERT INTO thread (id, channel, name) VALUES (?, ?, ?)", (thread, effect.channel, effect.name)
        )
        self._let_read(thread, {BOT})
        return Done(thread=thread), [self._thread(thread)]

    def _let_read(self, thread: str, people: Iterable[str]) -> None:
        self._db.executemany(
            "INSERT INTO reader VALUES (?, ?) ON CONFLICT DO NOTHING", [(thread, person) for person in people]
        )

    def _say(self, effect: Say, *, board: bool) -> tuple[Done, list[Change]]:
        self._check(effect.channel, effect.thread)
        said = self._ours(effect.channel, effect.thread, effect.content, board=board, answers=effect.answers)
        if effect.replaces is not None:
            changed = self._db.execute(
                "UPDATE message SET content = ?, edited = 1, board = max(board, ?)"
                " WHERE id = ? AND channel = ? AND author = ? AND NOT deleted",
                (said.content, board, effect.replaces, effect.channel, BOT),
            )
            if changed.rowcount:
                return Done(message=effect.replaces), [self._message(effect.replaces)]
        if effect.thread is not None and self._thread(effect.thread).readers == {BOT}:
            # The first who are mentioned in a private thread are those whom it is for.
            self._let_read(effect.thread, _mentioned(effect.content))
        posted, changes = self._add(said)
        return Done(message=posted), changes

    def _close_thread(self, effect: CloseThread) -> tuple[Done, list[Change]]:
        if effect.thread is None:
            raise UnknownPlace("no thread to close")
        self._check(effect.channel, effect.thread)
        self._db.execute("UPDATE thread SET closed = 1 WHERE id = ?", (effect.thread,))
        closed = self._thread(effect.thread)
        return Done(thread=closed.id), [closed]

    def _ours(
        self, channel: str, thread: str | None, content: Content, *, board: bool = False, answers: str | None = None
    ) -> Message:
        written = CONTENT.dump_json(content).decode()
        return Message(self._stamp(), channel, thread, BOT, content=written, board=board, answers=answers)

    def _add(self, message: Message, *, opens: bool = True) -> tuple[str, list[Change]]:
        """Insert a message; writing in a closed thread opens it again, if it `opens`."""
        *stored, _readers = astuple(message)
        self._db.execute("INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", stored)
        if message.thread is None:
            return message.id, [message]
        if opens:
            self._db.execute("UPDATE thread SET closed = 0 WHERE id = ?", (message.thread,))
        return message.id, [self._message(message.id), self._thread(message.thread)]

    def _bring_up_to_date(self) -> None:
        """Add what a file of an older version lacks."""
        columns = {name for _, name, *_ in self._db.execute("PRAGMA table_info(message)")}
        for column in ("answers", "file"):
            if column not in columns:
                self._db.execute(f"ALTER TABLE message ADD COLUMN {column} TEXT")

    def _check(self, channel: str, thread: str | None) -> None:
        if channel not in CHANNELS:
            raise UnknownPlace(f"unknown channel {channel!r}")
        if thread is not None and self._thread(thread).channel != channel:
            raise UnknownPlace(f"thread {thread} is not in #{channel}")

    def _message(self, message: str) -> Message:
        row = self._db.execute(f"{_MESSAGE} WHERE id = ?", (message,)).fetchone()
        if row is None:
            raise UnknownPlace(f"unknown message {message!r}")
        return _to_message(row)

    def _thread(self, thread: str) -> Thread:
        row = self._db.execute(f"{_THREAD} WHERE t.id = ? GROUP BY t.id", (thread,)).fetchone()
        if row is None:
            if self._message(thread).deleted:
                raise TakenBack(f"message {thread!r} was deleted before a thread was opened under it")
            raise UnknownPlace(f"unknown thread {thread!r}")
        return _to_thread(row)

    def _performed(self, nonce: str) -> Done | None:
        row = self._db.execute("SELECT message, thread FROM performed WHERE nonce = ?", (nonce,)).fetchone()
        return Done(*row) if row else None

    def _remember(self, nonce: str, done: Done) -> None:
        self._db.execute("INSERT INTO performed VALUES (?, ?, ?)", (nonce, done.message, done.thread))

    def _stamp(self) -> str:
        self._newest = max(self._newest + 1, time.time_ns() // 1000)
        return stamp_of(self._newest)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")


_MessageRow = tuple[
    str, str, str | None, str, str | None, str | None, int, int, int, str | None, str | None, str | None
]
_ThreadRow = tuple[str, str, str, int, int, str, str, str | None, str | None]


def _to_message(row: _MessageRow) -> Message:
    identity, channel, thread, author, text, content, edited, deleted, board, answers, file, readers = row
    flags = bool(edited), bool(deleted), bool(board)
    return Message(identity, channel, thread, author, text, content, *flags, answers, file, _names(readers))


def _to_thread(row: _ThreadRow) -> Thread:
    thread, channel, name, closed, count, last, last_author, people, readers = row
    wrote = tuple((people or "").split())
    return Thread(thread, channel, name, bool(closed), count, last, last_author, wrote, _names(readers))


def _names(joined: str | None) -> frozenset[str]:
    return frozenset((joined or "").split())


def _mentioned(content: Content) -> set[str]:
    """Everybody whom a message of ours mentions."""
    return {person for block in content.blocks for person in _mentions(block.words)}


def _mentions(value: Value) -> Iterator[str]:
    match value:
        case Mention(person=person):
            yield person
        case Text(values=values):
            for inner in values.values():
                yield from _mentions(inner)
