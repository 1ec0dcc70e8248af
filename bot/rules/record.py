"""The record that shows tampering: each entry of a server's history carries a hash of itself and of the one before it.

Whoever knows the latest hash knows that nothing before it was changed, taken out, put in or moved. Entries from before
there were hashes carry none; they can only stand at the beginning.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_JSON = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what to a ticket, and when."""

    server: str
    ticket: int
    at: datetime
    actor: str | None
    what: str
    detail: str


def link(before: str | None, entry: Entry) -> str:
    """The hash of an entry that follows upon the hash `before`; None for the first one of a server."""
    at = (entry.at - _EPOCH) // _MICROSECOND
    content = [before or "", entry.server, entry.ticket, at, entry.actor, entry.what, entry.detail]
    return hashlib.sha256(_JSON.encode(content).encode()).hexdigest()


class Fault(StrEnum):
    """What is wrong with a chain."""

    CHANGED = "changed"
    """The entry is not what was written, or what stood directly before it is not."""
    UNHASHED = "unhashed"
    """The entry carries no hash, though there were hashes before it."""
    ENDS_ELSEWHERE = "ends elsewhere"
    """The last entry is not the one that was written last."""


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """Where a chain does not hold."""

    fault: Fault
    id: int | None = None
    """The entry; None where the last one is missing."""
    entry: Entry | None = None


@dataclass(slots=True)
class Chain:
    """A server's record, as far as it was followed."""

    entries: int = 0
    unhashed: int = 0
    """Entries from before there were hashes: nobody can tell whether these are as they were written."""
    first_at: datetime | None = None
    last_at: datetime | None = None
    head: str | None = None
    """The hash of the latest entry; None without one."""
    has_known: bool = False
    """Whether the hash is in it that somebody noted earlier: then nothing up to there was written anew."""
    broken: list[BrokenLink] = field(default_factory=list)


def follow(entries: Iterable[tuple[int, Entry, str | None]], head: str | None, known: str | None = None) -> Chain:
    """Follow a server's entries (id, entry, hash), oldest first, to the hash that was noted as the latest.

    On the way, look for a hash that begins with what is `known` from earlier.
    """
    chain = Chain()
    for id_, entry, hash_ in entries:
        chain.entries += 1
        chain.first_at = chain.first_at or entry.at
        chain.last_at = entry.at
        if hash_ is None:
            chain.unhashed += 1
            if chain.head is not None:
                chain.broken.append(BrokenLink(Fault.UNHASHED, id_, entry))
            continue
        if hash_ != link(chain.head, entry):
            chain.broken.append(BrokenLink(Fault.CHANGED, id_, entry))
        chain.has_known = chain.has_known or (known is not None and hash_.startswith(known))
        chain.head = hash_
    if chain.head != head:
        chain.broken.append(BrokenLink(Fault.ENDS_ELSEWHERE))
    return chain
