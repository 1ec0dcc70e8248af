"""`/fairness`: what the record says about order, waits and promises, in words, as CSV, or as a picture for all."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from bot.desk.claiming import BY_ANSWERING
from bot.desk.line import rough
from bot.desk.scene import Scene, Study
from bot.model import Block, Button, Duration, File, Mention, Moment, Refusal, Reply, Value
from bot.rules.fairness import (
    Claim,
    Facts,
    FirstAnswer,
    Kept,
    Report,
    Unanswered,
    read_answer,
    read_claim,
    read_unanswered,
    report,
)
from bot.rules.permissions import require_staff
from bot.store import queries
from bot.store.database import Transaction
from bot.texts import PlainMarkup, heading, item, note, paragraph, promise_span, say, text

MOST = 5_000
"""Claims, and answers, that one report takes into account."""
_LISTED = 10
"""Claims out of turn that are told one by one."""
_NUMBERED = 5
"""Tickets ahead that are named for each of them."""
_HEAD_DIGITS = 12
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = (
    "kind",
    "ticket",
    "at_utc",
    "agent",
    "agent_id",
    "tickets_ahead",
    "first_of_them",
    "reason",
    "waited_seconds",
    "promise",
)
_FORMULA = tuple("=+-@\t\r＝＋－＠")
"""A cell that begins so is a formula to a spreadsheet."""


class Period(StrEnum):
    """Up to now."""

    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    ALL = "all"


class Shape(StrEnum):
    """How the report is wanted, where not in words."""

    CSV = "csv"
    PICTURE = "picture"


_LENGTH = {Period.WEEK: timedelta(days=7), Period.MONTH: timedelta(days=30), Period.YEAR: timedelta(days=365)}


@dataclass(frozen=True, slots=True)
class _Found:
    """What stands in the store; it is counted afterwards, when others can use the database again."""

    since: datetime
    claims: Sequence[Mapping[str, Any]]
    answers: Sequence[Mapping[str, Any]]
    open: Sequence[Mapping[str, Any]]
    """Requests that still wait for an answer."""
    ended: Sequence[Mapping[str, Any]]
    """Requests that ended without one."""
    head: str
    """The latest hash of the record."""


async def fairness_command(tx: Transaction, scene: Scene) -> Study:
    """`/fairness [week|month|year|all] [csv|picture]`, for agents and moderators."""
    return await _study(tx, scene, scene.words.casefold().split())


async def fairness_button(tx: Transaction, scene: Scene, words: str) -> Study:
    """Another period, or another shape, under a report."""
    return await _study(tx, scene, words.split(":"))


async def _study(tx: Transaction, scene: Scene, words: Sequence[str]) -> Study:
    require_staff(scene.person, scene.settings)
    if not set(words) <= {*Period, *Shape}:
        raise Refusal("refused-fairness-words")
    period = next((period for period in Period if period in words), Period.MONTH)
    found = await _find(tx, scene, period)
    if not (found.claims or found.answers or found.open or found.ended):
        raise Refusal("refused-nothing-on-record")
    if Shape.CSV in words:
        return Study(partial(_csv_reply, scene, period, found))
    if Shape.PICTURE in words:
        return Study(partial(_picture_reply, scene, period, found), draws=True)
    return Study(partial(_text_reply, scene, period, found))


async def _find(tx: Transaction, scene: Scene, period: Period) -> _Found:
    server = scene.server
    since = scene.now - _LENGTH[period] if period in _LENGTH else _BEGINNING
    return _Found(
        since,
        claims=await queries.recorded(tx, server, "claimed", since, MOST),
        answers=await queries.recorded(tx, server, "answered", since, MOST),
        open=await queries.unanswered(tx, server, MOST),
        ended=await queries.recorded(tx, server, "unanswered", since, MOST),
        head=await queries.record_head(tx, server) or "",
    )


def _claims(found: _Found) -> list[Claim]:
    return [read_claim(row["ticket"], row["at"], row["actor"], row["detail"]) for row in found.claims]


def _answers(found: _Found) -> list[FirstAnswer]:
    read = (read_answer(row["ticket"], row["at"], row["actor"], row["detail"]) for row in found.answers)
    return [answer for answer in read if answer is not None]


def _ended(row: Mapping[str, Any]) -> Unanswered:
    return read_unanswered(row["ticket"], row["at"], row["detail"])


def _facts(scene: Scene, found: _Found) -> Facts:
    unanswered = [*(Unanswered(**row) for row in found.open), *map(_ended, found.ended)]
    return Facts(found.since, scene.now, _claims(found), _answers(found), unanswered)


def _counted(scene: Scene, facts: Facts) -> Report:
    hours = scene.settings.hours
    return report(facts, ZoneInfo(hours.zone) if hours else UTC)


# --- in words ------------------------------------------------------------------------------------------


def _text_reply(scene: Scene, period: Period, found: _Found) -> Reply:
    counted = _counted(scene, _facts(scene, found))
    others = [Button(f"fairness:{other}", text(f"fairness-{other}")) for other in Period if other is not period]
    shapes = [Button(f"fairness:{period}:{shape}", text(f"button-fairness-{shape}")) for shape in Shape]
    blocks = [*_numbers(scene, period, counted), *_out_of_turn(counted), *_notes(found)]
    return scene.reply(*blocks, buttons=(*shapes, *others))


def _numbers(scene: Scene, period: Period, counted: Report) -> list[Block]:
    """What everybody may read: no customer and no agent is named."""
    blocks = [
        heading(text("fairness-heading", period=text(f"fairness-{period}"))),
        item(text("fairness-order", ahead=counted.in_order, count=counted.claims)),
        item(text("fairness-out-of-turn", count=len(counted.out_of_turn))),
    ]
    if counted.waits:
        within: dict[str, Value] = {f"wait{percent}": _at_most(wait) for percent, wait in counted.waits.items()}
        blocks.append(item(text("fairness-waits", **within)))
    if counted.longest:
        wait, number = Duration(counted.longest.span), counted.longest.number
        blocks.append(item(text("fairness-longest", wait=wait, number=number)))
    if counted.promises:
        kept = {"count": counted.in_time, "all": counted.promises, "early": counted.kept[Kept.SOFT]}
        blocks.append(item(text("fairness-kept", span=promise_span(scene.settings), **kept)))
    blocks.append(item(text("fairness-open", inside=counted.open_inside, beyond=counted.open_beyond)))
    if counted.ended_inside or counted.ended_beyond:
        blocks.append(item(text("fairness-closed", inside=counted.ended_inside, beyond=counted.ended_beyond)))
    return blocks


def _at_most(wait: timedelta) -> Duration:
    """Rounded up to what suits its size, so that "at most" holds."""
    return Duration(-rough(-wait))


def _out_of_turn(counted: Report) -> list[Block]:
    """Who took what before its turn, and why: for staff alone."""
    blocks = [heading(text("fairness-list"))] if counted.out_of_turn else []
    for claim in counted.out_of_turn[:_LISTED]:
        reason = text("fairness-by-answering") if claim.reason == BY_ANSWERING else claim.reason
        named = [f"#{number}" for number in claim.passed[:_NUMBERED]]
        passed = ", ".join([*named, "…"] if claim.ahead > len(named) else named)
        told: dict[str, Value] = {"number": claim.number, "agent": Mention(claim.agent), "at": Moment(claim.at)}
        blocks.append(item(text("fairness-claim", **told, ahead=claim.ahead, passed=passed, reason=reason)))
    if len(counted.out_of_turn) > _LISTED:
        blocks.append(note(text("fairness-more", more=len(counted.out_of_turn) - _LISTED)))
    return blocks


def _notes(found: _Found) -> list[Block]:
    notes = [note(text("fairness-record", head=found.head[:_HEAD_DIGITS]))] if found.head else []
    if max(map(len, (found.claims, found.answers, found.open, found.ended))) >= MOST:
        notes.append(note(text("fairness-cut", most=MOST)))
    return notes


# --- as CSV --------------------------------------------------------------------------------------------


def _csv_reply(scene: Scene, period: Period, found: _Found) -> Reply:
    told = scene.reply(paragraph(text("fairness-csv", period=text(f"fairness-{period}"))), *_notes(found))
    return Reply(told.content, file=File(f"fairness-{period}.csv", _csv(found)))


def _csv(found: _Found) -> bytes:
    """A row for each claim, first answer and end without one, oldest first; with the mark that tells Excel UTF-8."""
    rows: list[dict[str, object]] = sorted(_rows(found), key=lambda row: str(row["at_utc"]))
    told = io.StringIO()
    table = csv.DictWriter(told, _COLUMNS)
    table.writeheader()
    table.writerows({name: _defused(cell) for name, cell in row.items()} for row in rows)
    return told.getvalue().encode("utf-8-sig")


def _rows(found: _Found) -> Iterator[dict[str, object]]:
    names = {row["actor"]: row["name"] for row in chain(found.claims, found.answers) if row["name"]}
    for claim in _claims(found):
        passed = " ".join(map(str, claim.passed))
        order = {"tickets_ahead": claim.ahead, "first_of_them": passed, "reason": claim.reason}
        yield _row("claim", claim.number, claim.at) | _by(claim.agent, names) | order
    for answer in _answers(found):
        came_to = _came_to(answer.waited, answer.kept.value)
        yield _row("answer", answer.number, answer.at) | _by(answer.agent, names) | came_to
    for row in found.ended:
        one, at = _ended(row), row["at"]
        came_to = _came_to(one.wait(at).span, Kept.BROKEN.value if one.is_broken(at) else "")
        yield _row("unanswered", one.number, at) | came_to


def _row(kind: str, number: int, at: datetime) -> dict[str, object]:
    return {"kind": kind, "ticket": number, "at_utc": at.isoformat(timespec="seconds")}


def _by(agent: str, names: Mapping[str, str]) -> dict[str, object]:
    return {"agent": names.get(agent, ""), "agent_id": agent}


def _came_to(waited: timedelta, promise: str) -> dict[str, object]:
    return {"waited_seconds": waited // timedelta(seconds=1), "promise": promise}


def _defused(cell: object) -> object:
    """Names and reasons are somebody else's words: a spreadsheet must not run them."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


# --- as a picture --------------------------------------------------------------------------------------


def _picture_reply(scene: Scene, period: Period, found: _Found) -> Reply:
    """Posted where it was asked for: nobody is named in it."""
    from bot.desk.fairness_picture import draw  # noqa: PLC0415 (its library takes a second to load)

    facts = _facts(scene, found)
    counted = _counted(scene, facts)
    name = text(f"fairness-{period}")
    about = say(text("fairness-about", period=name), scene.language, PlainMarkup(), formal=scene.settings.formal)
    picture = File("fairness.png", draw(facts, counted, scene.language, formal=scene.settings.formal), about)
    told = scene.reply(*_numbers(scene, period, counted), *_notes(found))
    return Reply(told.content, file=picture, is_public=True)
