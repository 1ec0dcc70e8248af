"""Measures the bot on Slack against a bare slack-bolt whose listener does nothing: `make bench`.

Slack is played by another process, which only sends, and takes every call for granted. What the bot says afterwards is
not counted, since the other one says nothing: no outbox runs.
"""

from __future__ import annotations

import asyncio
import logging
import re
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from aiohttp import web
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack_chat import PREFIX, SlackChat
from bot import log
from bot.app import learn
from bot.bench import Figure
from bot.coverage.matcher import Matcher
from bot.desk.desk import Desk
from bot.model import FormSent, Person, Verdict
from bot.settings import LogFormat, LogLevel, Settings
from bot.store import migrations, queries
from bot.store.database import Database, Transaction
from bot.store.engines import url_of
from bot.store.sqlite import SqliteDatabase
from tests.bench.far_slack import (
    AGENTS,
    AGENTS_CHANNEL,
    BOT,
    SIGNING_SECRET,
    SUPPORT,
    TEAM,
    Kind,
    Line,
    far_slack,
)
from tests.bench.town import Orders, until

_SERVER = f"{PREFIX}:{TEAM}"
_MODERATOR = Person("m", "M", "en", is_admin=True)
_OUR_TOKEN, _BARE_TOKEN = "xapp-ours", "xapp-bare"
_WAITING = 1_000
"""Tickets in the line when agents claim."""
_FIRST_NUMBER = 100_000
"""Theirs; greater than any that the bot gives meanwhile."""
_AIM = 0.015
"""Seconds within which `/claim` is answered at the median."""
_BARE_LOGGER = logging.getLogger("wartemarke.bare")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured; a test takes little."""

    rounds: int = 15
    events: int = 200
    """Events of a round."""
    tickets: int = 20
    """Tickets that are opened in a round, or written in."""
    claims: int = 200


_KINDS = {
    Kind.ELSEWHERE: "a message that does not concern us",
    Kind.TALK: "small talk in a support channel",
    Kind.REQUEST: "a message that opens a ticket, committed",
    Kind.IN_TICKET: "a message in a ticket's thread, committed",
    Kind.AGAIN: "an event that is told again",
}


class Watched(Matcher):
    """Counts what its verdicts cost: whoever does not judge has no such cost."""

    cpu = 0.0
    """Seconds so far."""

    def match(self, text: str) -> Verdict:
        start = time.thread_time()
        verdict = super().match(text)
        self.cpu += time.thread_time() - start
        return verdict


@dataclass(frozen=True, slots=True)
class Ears:
    """Where the bots can be told something: URLs, or the tokens of their sockets."""

    ours: str
    bare: str


async def measure(matcher: Matcher, size: Size) -> AsyncIterator[Figure]:
    """All figures, one after the other."""
    watched = Watched(matcher.policy)
    for line in Line:
        async with far_slack() as slack, _new_database() as database:
            api_url = await slack("api_url")
            async with _bot(watched, database, api_url, line) as ours, _bare_bot(api_url, line) as bare:
                ears = Ears(ours, bare)
                await slack("meet", ears.ours, size.rounds * size.tickets)
                for kind, what in _KINDS.items():
                    watched.cpu = 0.0
                    yield await _events(slack, ears, kind, f"{what}, {line}", size, watched)
                await _fill(database)
                yield await _claims(slack, ears, line, size.claims)


# --- events ------------------------------------------------------------------------------------------


async def _events(slack: Orders, ears: Ears, kind: Kind, what: str, size: Size, watched: Watched) -> Figure:
    count = size.tickets if kind in {Kind.REQUEST, Kind.IN_TICKET} else size.events
    ours: list[float] = []
    bare: list[float] = []
    for _ in range(size.rounds):
        ours.append(await _hear(slack, ears.ours, kind, count))
        bare.append(await _hear(slack, ears.bare, kind, count))
    judging = watched.cpu / (size.rounds * count)
    without = (statistics.median(ours) - judging) / statistics.median(bare)
    verdict = f"; the verdict {judging * 1e6:.0f} µs, without it {without:.2f}" if judging else ""
    return Figure(
        f"{what}, CPU time",
        "slack-bolt with an empty listener",
        statistics.median(ours) / statistics.median(bare),
        "at most 1.3",
        f"{_told(ours)} against {_told(bare)}{verdict}",
    )


async def _hear(slack: Orders, ear: str, kind: Kind, count: int) -> float:
    """CPU seconds of this process for each event, the database's thread included."""
    start = time.process_time()
    await slack("flood", ear, kind, count)
    return (time.process_time() - start) / count


def _told(cpu: Sequence[float]) -> str:
    each = statistics.median(cpu)
    return f"{each * 1e6:.0f} µs, {1 / each:.0f} a second"


# --- a command ---------------------------------------------------------------------------------------


async def _claims(slack: Orders, ears: Ears, line: Line, count: int) -> Figure:
    times = await slack("claim", ears.ours, count)
    median, last = statistics.median(times), statistics.quantiles(times, n=100)[-1]
    return Figure(
        f"/claim with {_WAITING} waiting, {line}, from its arrival to the answer",
        "15 ms",
        median / _AIM,
        "at most 1",
        f"{median * 1e3:.1f} ms (99th percentile {last * 1e3:.1f})",
    )


async def _fill(database: Database) -> None:
    """Put many more into the line: all like the first one, and behind it."""

    async def fill(tx: Transaction) -> None:
        first = await queries.ticket_by_number(tx, _SERVER, 1)
        if first is None:
            raise RuntimeError("requests were to open tickets")
        for number in range(_FIRST_NUMBER, _FIRST_NUMBER + _WAITING):
            own = f"bench-{number}"
            order = first.place_order + number
            await queries.add_ticket(
                tx, replace(first, number=number, place_order=order, message=own, thread=own, lane=own)
            )

    await database.transaction(fill)


# --- the bots ----------------------------------------------------------------------------------------


@asynccontextmanager
async def _bot(matcher: Matcher, database: Database, api_url: str, line: Line) -> AsyncIterator[str]:
    """The product, set up, without its outbox; where it hears."""
    desk = Desk(database, matcher)
    chat = SlackChat(_settings(api_url, line))
    desk.chat_of = lambda _server: chat
    await desk.start()
    await desk.handle(_setup())
    running = asyncio.create_task(chat.run(desk))
    try:
        await until(lambda: chat.is_connected or running.done())
        yield f"http://127.0.0.1:{chat.port}/slack/events" if line is Line.HTTP else _OUR_TOKEN
    finally:
        running.cancel()
        await asyncio.wait([running])
        await desk.finish()


def _settings(api_url: str, line: Line) -> Settings:
    is_http = line is Line.HTTP
    return Settings(
        slack_api_url=api_url,
        slack_bot_token=SecretStr("xoxb-bench"),
        slack_signing_secret=SecretStr(SIGNING_SECRET) if is_http else None,
        slack_app_token=None if is_http else SecretStr(_OUR_TOKEN),
        slack_port=0,
        _env_file=None,
    )


def _setup() -> FormSent:
    return FormSent(
        key="setup",
        server=_SERVER,
        channel=SUPPORT,
        order=0,
        at=datetime.now(UTC),
        person=_MODERATOR,
        form="setup",
        values={"support": SUPPORT, "agents": AGENTS_CHANNEL, "agent_roles": AGENTS},
    )


@asynccontextmanager
async def _bare_bot(api_url: str, line: Line) -> AsyncIterator[str]:
    """Bolt as its own server or socket client runs it, and one listener that does nothing; where it hears."""
    client = AsyncWebClient(token=None, base_url=api_url)
    app = AsyncApp(
        logger=_BARE_LOGGER,
        process_before_response=True,
        signing_secret=SIGNING_SECRET,
        client=client,
        authorize=_known,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    app.event(re.compile(""))(_nothing)
    async with _served(app) if line is Line.HTTP else _connected(app) as ear:
        yield ear


async def _known() -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id=TEAM, bot_id="B0BOT", bot_user_id=BOT, bot_token="xoxb-bench")


async def _nothing() -> None:
    """Whatever happens."""


@asynccontextmanager
async def _served(app: AsyncApp) -> AsyncIterator[str]:
    runner = web.AppRunner(app.web_app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _connected(app: AsyncApp) -> AsyncIterator[str]:
    handler = AsyncSocketModeHandler(app, _BARE_TOKEN)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    try:
        yield _BARE_TOKEN
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]


@asynccontextmanager
async def _new_database() -> AsyncIterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "desk.sqlite3"
        migrations.upgrade(url_of(file))
        async with SqliteDatabase(file) as database:
            yield database


# --- the command -------------------------------------------------------------------------------------


def main(*, as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False) -> None:
    """Measure the bot on Slack against simpler things in the same run."""
    log.set_up(LogLevel.ERROR, LogFormat.AUTO)
    asyncio.run(_show(learn(Settings(_env_file=None).policy_dir), as_json=as_json))


async def _show(matcher: Matcher, *, as_json: bool) -> None:
    console = Console(highlight=False)
    table = Table("what", "against", "ratio", "aim", "measured", title="On Slack")
    async for figure in measure(matcher, Size()):
        if as_json:
            console.print_json(data=asdict(figure), indent=None)
        else:
            table.add_row(figure.what, figure.against, f"{figure.ratio:.2f}", figure.aim, figure.detail)
    if not as_json:
        console.print(table)


if __name__ == "__main__":
    typer.run(main)
