"""Sends recorded messages through a real desk as customers' messages, and counts what came of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.coverage.matcher import Matcher
from bot.desk.desk import Desk
from bot.model import FormSent, MessagePosted, Person
from bot.rules.response import Response
from bot.store import migrations, queries
from bot.store.database import Database
from bot.store.engines import open_database, url_of

_SERVER = "replay:shop"
_MODERATOR = Person("moderator", "Moderator", is_admin=True)
_EVERY = timedelta(minutes=5)
_NO_HURRY = timedelta(minutes=1)
"""What happens in a replay must not depend on how busy the machine is."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What the desk did with the messages."""

    answered: int
    ticketed: int
    offered: int
    silent: int
    waiting: int
    """The length of the line at the end."""
    by_ruling: dict[str, int]
    """Tickets by what the policy says about them."""


async def replay(matcher: Matcher, texts: Iterable[str], tick: Callable[[], None]) -> Summary:
    """Every message comes from another customer, five minutes after the one before. `tick` is called after each."""
    with TemporaryDirectory() as folder:
        url = url_of(Path(folder) / "desk.sqlite3")
        migrations.upgrade(url)
        async with open_database(url) as database:
            desk = Desk(database, matcher, patience=_NO_HURRY)
            await desk.start()
            counts: Counter[str] = Counter()
            start = datetime.now(UTC)
            await desk.handle(_setup(start))
            for number, text in enumerate(texts, start=1):
                at = start + number * _EVERY
                await desk.handle(_message(number, text, at))
                counts[await _outcome(database, number)] += 1
                tick()
            return await _summary(database, counts)


async def _outcome(database: Database, number: int) -> str:
    """Whether a message became a ticket, was answered, was offered a ticket, or was left in silence."""
    message = f"m{number}"
    if await database.transaction(lambda tx: queries.ticket_by_message(tx, _SERVER, message)):
        return "ticketed"
    answer = await database.transaction(lambda tx: queries.answer_to(tx, _SERVER, message))
    if answer is None:
        return "silent"
    return "answered" if answer.response == Response.ANSWER else "offered"


async def _summary(database: Database, counts: Counter[str]) -> Summary:
    line = await database.transaction(lambda tx: queries.line(tx, _SERVER, most=1_000_000))
    by_ruling = Counter(str(ticket.ruling or "none") for ticket in line)
    return Summary(
        answered=counts["answered"],
        ticketed=counts["ticketed"],
        offered=counts["offered"],
        silent=counts["silent"],
        waiting=len(line),
        by_ruling=dict(by_ruling),
    )


def _setup(at: datetime) -> FormSent:
    values = {"support": "support", "agents": "agents", "agent_roles": "agent"}
    return FormSent(
        key="setup", server=_SERVER, channel="support", order=0, at=at, person=_MODERATOR, form="setup", values=values
    )


def _message(number: int, text: str, at: datetime) -> MessagePosted:
    return MessagePosted(
        key=f"k{number}",
        server=_SERVER,
        channel="support",
        order=number,
        at=at,
        person=Person(f"customer-{number}", f"Customer {number}"),
        message=f"m{number}",
        text=text,
    )
