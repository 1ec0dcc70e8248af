"""Compares what was acknowledged and what the platform was asked for with what stands in the database."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from bot.model import Event, MessagePosted
from bot.store.database import Transaction
from bot.store.engines import open_database
from bot.store.tables import history, inbox, outbox, servers, tickets
from bot.store.verifying import chains
from tests.bench import audit as year
from tests.bench.audit import Findings
from tests.chaos.people import Told
from tests.chaos.stand_in import StandIn

_KEYS = select(inbox.c.server, inbox.c.key)
_TICKETS = select(tickets.c.server, tickets.c.number, tickets.c.message, tickets.c.thread)
_LAST_NUMBERS = select(servers.c.id, servers.c.last_number)
_LETTERS = select(outbox.c.id, outbox.c.lane, outbox.c.state, outbox.c.effect, outbox.c.post)
_RECORDED = select(history.c.server, history.c.ticket, history.c.what)
_SAID = {"claimed": "claimed-public", "closed": "closed-public", "withdrawn": "withdrawn"}
"""What the record says -> the key of what the platform is to be told once for it."""


def audit_all(url: str, told: Told, platform: StandIn) -> Findings:
    """Everything that must hold when all is quiet."""
    findings = asyncio.run(_audit(url, told, platform))
    findings.faults["links of the record broken"] = broken_links(url)
    return findings


async def _audit(url: str, told: Told, platform: StandIn) -> Findings:
    async with open_database(url) as database:
        findings = await database.transaction(lambda tx: audit_kept(tx, told))
        return findings + await database.transaction(lambda tx: _audit_delivered(tx, platform))


def broken_links(url: str) -> int:
    """In all servers' records."""
    return sum(len(chain.broken) for _, chain in chains(url))


async def audit_kept(tx: Transaction, told: Told) -> Findings:
    """Whether what was acknowledged is there, each once, numbered and claimed in order."""
    findings = Findings()
    findings.faults["acknowledged events lost"] = len(await lost(tx, told.acknowledged))
    found = await tx.rows(_TICKETS)
    findings.faults["gaps in the numbers"] = await _gaps(tx, found)
    per_request = Counter((row["server"], row["message"]) for row in found)
    findings.faults["second tickets for a request"] = per_request.total() - len(per_request)
    for server, orders in told.orders.items():
        findings += await year.audit(tx, server, orders, Counter())
    return findings


async def lost(tx: Transaction, acknowledged: Iterable[Event]) -> list[Event]:
    """Acknowledged events of which the database knows nothing."""
    keys = {(row["server"], row["key"]) for row in await tx.rows(_KEYS)}
    return [event for event in acknowledged if (event.server, _key(event)) not in keys]


def _key(event: Event) -> str:
    return f"message:{event.message}" if isinstance(event, MessagePosted) else f"event:{event.key}"


async def _gaps(tx: Transaction, found: list[dict[str, Any]]) -> int:
    numbers: defaultdict[str, set[int]] = defaultdict(set)
    for row in found:
        numbers[row["server"]].add(row["number"])
    last = {row["id"]: row["last_number"] for row in await tx.rows(_LAST_NUMBERS)}
    return sum(len(set(range(1, last[server] + 1)) ^ had) for server, had in numbers.items())


async def _audit_delivered(tx: Transaction, platform: StandIn) -> Findings:
    """Whether the platform was asked for all that was promised, in order, and for nothing else."""
    findings = Findings()
    letters = {row["id"]: row for row in await tx.rows(_LETTERS)}
    arrived = Counter(number for number, _ in platform.calls)
    must = {number for number, row in letters.items() if row["effect"] is not None and row["post"] is None}
    findings.faults["effects undelivered"] = len(must - arrived.keys())
    findings.faults["effects still owed, or given up"] = sum(row["state"] != "done" for row in letters.values())
    findings.faults["effects that nobody promised"] = len(arrived.keys() - letters.keys())
    findings.faults["out of order in a lane"] = _out_of_order(platform.calls, letters)
    for what, wrong in (await _told_wrongly(tx, platform)).items():
        findings.faults[what] = wrong
    findings.counts["effects"] = len(letters)
    findings.counts["calls"] = platform.total
    findings.counts["calls again, recognised by their key"] = platform.recognised
    for what, many in platform.doubled.items():
        findings.counts[f"done twice, for want of a key: {what}"] = many
    return findings


def _out_of_order(calls: Iterable[tuple[int, str]], letters: Mapping[int, Mapping[str, Any]]) -> int:
    """Calls that came after a later one of their lane."""
    latest: dict[str, int] = {}
    wrong = 0
    for number, _ in calls:
        if number not in letters:
            continue
        lane = letters[number]["lane"]
        wrong += number < latest.get(lane, 0)
        latest[lane] = max(latest.get(lane, 0), number)
    return wrong


async def _told_wrongly(tx: Transaction, platform: StandIn) -> dict[str, int]:
    """Differences between the record and what stands in the threads: posts and threads have keys, so there is none."""
    threads = {(row["server"], row["number"]): row for row in await tx.rows(_TICKETS)}
    due: Counter[tuple[str, str, str]] = Counter()
    for row in await tx.rows(_RECORDED):
        ticket = threads[row["server"], row["ticket"]]
        if row["what"] in _SAID:
            due[row["server"], ticket["thread"], _SAID[row["what"]]] += 1
    said = Counter({what: many for what, many in platform.said.items() if what[2] in set(_SAID.values())})
    opened = {(row["server"], row["message"]) for row in threads.values()}
    return {
        "said twice in a thread": (said - due).total(),
        "recorded, but not said": (due - said).total(),
        "threads opened twice": platform.opened.total() - len(platform.opened),
        "tickets without a thread": len(opened - platform.opened.keys()),
    }
