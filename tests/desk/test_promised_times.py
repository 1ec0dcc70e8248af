"""What people are told of the answer time is what is kept: both come from the server's settings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.coverage.policy import ANSWER_TIME
from bot.model import Language, Person, Reply, ServerSettings, SupportHours
from bot.rules.promise import promise
from bot.store import queries
from bot.texts import policy_words
from tests.doubles.paper_chat import plain
from tests.doubles.world import EMMA, JONAS, MAREK, World

ODD = ServerSettings(soft_hours=7, hard_hours=36)
IN_HOURS = replace(ODD, hours=SupportHours(week="Mo,We 10:00-15:00"), promise_in_hours=True)
CASES = pytest.mark.parametrize(
    ("settings", "language", "span"),
    [
        (ODD, Language.DE, "7 bis 36 Stunden"),
        (ODD, Language.EN, "7 to 36 hours"),
        (IN_HOURS, Language.DE, "7 bis 36 Stunden unserer Supportzeiten"),
        (IN_HOURS, Language.EN, "7 to 36 support hours"),
    ],
)
QUESTIONS = {
    Language.DE: ("wie schnell antwortet ihr", "wie lange dauert die lösung"),
    Language.EN: ("response time?", "how long does the fix take"),
}
PEOPLE = {Language.DE: JONAS, Language.EN: EMMA}


async def set_times(world: World, wanted: ServerSettings) -> None:
    """As a moderator does it."""
    promised = {"soft_hours": wanted.soft_hours, "hard_hours": wanted.hard_hours}
    others = {"reminder_hours": wanted.reminder_hours, "nudge_days": wanted.nudge_days, "close_days": wanted.close_days}
    numbers = {name: str(number) for name, number in (promised | others).items()}
    await world.send(MAREK, "setup-promise", numbers)
    if wanted.hours is not None:
        hours = {"there": "both", "zone": wanted.hours.zone, "week": wanted.hours.week, "holidays": "", "absences": ""}
        await world.send(MAREK, "setup-hours", hours)


def told(reply: Reply | None) -> str:
    assert reply is not None
    assert reply.content is not None
    return plain(reply.content)


async def asks(world: World, person: Person, line: str) -> str:
    return told(await world.command(person, line))


@CASES
async def test_the_receipt_names_the_span_and_the_moments_that_are_kept(
    world: World, settings: ServerSettings, language: Language, span: str
) -> None:
    await set_times(world, settings)
    receipt = await asks(world, PEOPLE[language], "/ticket the export fails with error 500")
    due = promise(world.now, settings)
    ticket = await world.database.transaction(lambda tx: queries.ticket_by_number(tx, world.server, 1))
    assert ticket is not None
    assert (ticket.soft_due, ticket.hard_due) == (due.soft, due.hard)
    assert f"{span}," in receipt
    assert all(f"{moment:%Y-%m-%d %H:%M}" in receipt for moment in (due.soft, due.hard))


@CASES
async def test_every_word_of_the_policy_names_the_span_that_is_kept(
    world: World, settings: ServerSettings, language: Language, span: str
) -> None:
    await set_times(world, settings)
    for line in (*(f"/covered {question}" for question in QUESTIONS[language]), "/policy"):
        words = await asks(world, PEOPLE[language], line)
        assert ANSWER_TIME not in words
        assert span in words, line


async def test_the_posted_policy_follows_the_settings(world: World) -> None:
    await world.command(MAREK, "/policy post en", channel="general")
    await world.deliver()
    (posted,) = [message for message in world.chat.messages if message.channel == "general"]
    assert "within 24 to 48 hours." in plain(posted.content)
    await set_times(world, replace(ODD, soft_hours=6, hard_hours=30))
    await world.deliver()
    assert "within 6 to 30 hours." in plain(posted.content)


def test_support_hours_that_nobody_has_set_are_not_spoken_of() -> None:
    settings = replace(IN_HOURS, hours=None)
    assert policy_words(ANSWER_TIME, Language.EN, settings) == "7 to 36 hours"
