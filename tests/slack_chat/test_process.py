"""The real bot as a process of its own, on a Slack over real sockets: killed at every point of a ticket's life."""

from __future__ import annotations

import asyncio
import inspect
import os
import re
import signal
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.settings import SlackWay
from bot.store.engines import url_of
from tests.coverage.small_policy import write_policy
from tests.doubles.bot_process import ROOT, BotProcess
from tests.doubles.slack.answers import Answer
from tests.doubles.slack.api import Api
from tests.doubles.slack.deliveries import Attempt, Delivery, Transport
from tests.doubles.slack.errors import Json
from tests.doubles.slack.faults import Fault, Faults
from tests.doubles.slack.people import Person
from tests.doubles.slack.people import Shop as Workspace
from tests.doubles.slack.server import Double, slack_double
from tests.doubles.slack.world import Message, View

WAYS = (SlackWay.SOCKET, SlackWay.HTTP)
COVERED = "the slider stays empty"
HELD = 60.0
"""Seconds for which a call hangs at the local Slack: longer than the process lives."""
ON_ITS_WAY = 2.0
"""Seconds for which an answer is on its way whose arrival the process still lives to see."""
RETRIES = (0.0, *(1.0 for _ in range(40)))
"""Seconds before Slack tells something again: here it does not take minutes."""
MEANWHILE = ("asked_meanwhile", "asked_later")
"""Where somebody asks while nobody is there."""
POSTS, UPDATES = "chat.postMessage", "chat.update"


class SlackProcess(BotProcess):
    """`wartemarke run` on the local Slack."""

    def __init__(self, slack: Double, way: SlackWay, workspace: Workspace, folder: Path, database: Path | str) -> None:
        """`database` is a file, which moves into the folder, or the address of a database for several processes."""
        self._folder = folder
        self._slack = slack
        if isinstance(database, Path):
            self._database = database.rename(folder / "desk.sqlite3")
        self._sockets = 2 if way is SlackWay.SOCKET else 0
        policy = folder / "policy"
        policy.mkdir()
        write_policy(policy)
        self.port = _free_port()
        keys = {"SLACK_APP_TOKEN": slack.app.app_token} if self._sockets else {}
        keys |= {} if self._sockets else {"SLACK_SIGNING_SECRET": slack.app.signing_secret}
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("SLACK_", "DISCORD_"))},
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(folder.parent / "bytecode"),  # compiled once for all starts
            "POLICY_DIR": str(policy),
            "DATABASE_URL": database if isinstance(database, str) else url_of(self._database),
            "LOG_FORMAT": "json",
            "SLACK_API_URL": slack.api_url,
            "SLACK_BOT_TOKEN": slack.token(workspace),
            "SLACK_PORT": str(self.port),
            **keys,
        }
        self._process = None

    async def start_and_listen(self) -> None:
        """Start it, and wait until Slack can tell it something."""
        doors = self._doors
        await self.start()
        await self._slack.until(lambda: len(self._slack.sockets.live) == self._sockets and self._doors > doors, 60)

    @property
    def _doors(self) -> int:
        """How often it has begun to listen."""
        words = "a socket to Slack is open" if self._sockets else "Slack's requests can come in"
        return self.told.count(words)

    @property
    def told(self) -> str:
        return super().told if self._log.exists() else ""

    @contextmanager
    def writing_nothing(self) -> Iterator[None]:
        """Meanwhile nothing can be committed, and what is told waits."""
        with closing(sqlite3.connect(self._database, timeout=10, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield


def _free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as door:
        port: int = door.getsockname()[1]
        return port


# --- standing still ----------------------------------------------------------------------------------


@dataclass(eq=False)
class Hold:
    """A call that is going to hang."""

    method: str
    is_meant: Callable[[Json], bool]
    fault: Fault
    is_on: bool = False


class Holds(Faults):
    """Faults of single calls, known by what they ask for."""

    def __init__(self, api: Api) -> None:
        super().__init__()
        self._api = api
        self.ahead: list[Hold] = []
        """Those that have not come yet."""

    def hold(self, method: str, is_meant: Callable[[Json], bool], *, is_done: bool, seconds: float = HELD) -> Hold:
        """The next such call hangs, with or without having done its work; unless for long, it is answered then."""
        fault = Fault(re.compile(method), 1, drop=seconds == HELD, delay=seconds, after_doing=is_done)
        self.ahead.append(Hold(method, is_meant, fault))
        return self.ahead[-1]

    def take(self, method: str) -> Fault | None:
        asked = self._api.requests[-1].args
        for hold in self.ahead:
            if hold.method == method and hold.is_meant(asked):
                self.ahead.remove(hold)
                hold.is_on = True
                return hold.fault
        return super().take(method)


class LosingAcks(Transport):
    """A way to the app on which some acknowledgements get lost; Slack gives up on these only when the app is dead."""

    def __init__(self, way: Transport) -> None:
        self._way = way
        self.losing: set[str] = set()
        """Whose next act is acknowledged in vain, by their ids."""
        self.lost: set[str] = set()
        """Whose was."""
        self.is_dead = asyncio.Event()

    async def send(self, delivery: Delivery, attempt: Attempt) -> None:
        await self._way.send(delivery, attempt)
        person = _actor(delivery)
        if person in self.losing and attempt.is_acknowledged:
            self.losing.remove(person)
            self.lost.add(person)
            await self.is_dead.wait()
            attempt.status, attempt.body, attempt.failure = 0, None, "timeout"


def _actor(delivery: Delivery) -> str:
    payload = delivery.payload
    who = payload.get("event", payload).get("user") or payload.get("user_id")
    return str(who["id"] if isinstance(who, dict) else who)


# --- the shop ----------------------------------------------------------------------------------------


class Shop:
    """A workspace with a support team; for each point a support channel with a customer."""

    def __init__(self, slack: Double, workspace: Workspace, bot: SlackProcess) -> None:
        self.slack, self.workspace, self.bot = slack, workspace, bot
        self.holds = slack.api.faults = Holds(slack.api)
        self.acks = slack.deliveries.transport = LosingAcks(slack.deliveries.transport)
        self.agents = workspace.add_channel("agents", private=True)
        self.aylin, self.tom = map(workspace.add_person, ("Aylin", "Tom"))
        self.marek = workspace.add_person("Marek", admin=True)
        self.team = workspace.add_group("Agents", [self.aylin, self.tom])
        self.scenes: dict[str, Scene] = {}

    def add_scene(self, name: str) -> Scene:
        self.scenes[name] = scene = Scene(self, name)
        return scene

    async def set_up(self) -> None:
        support = [scene.channel for scene in self.scenes.values()]
        form = await self.marek.uses(support[0], "/setup")
        given = {"support": support, "agents": self.agents, "agent_roles": [self.team]}
        answer = await self.marek.fills_in(form, given)
        assert not answer.errors, answer.errors


class Scene:
    """A support channel in which one customer asks, and how far that goes before the bot is killed."""

    def __init__(self, shop: Shop, name: str) -> None:
        self.shop, self.slack = shop, shop.slack
        self.channel = shop.workspace.add_channel(name.replace("_", "-"))
        self.emma = shop.workspace.add_person(f"Emma of {self.channel.name}")
        self.in_vain: list[asyncio.Future[Answer]] = []
        """What people do who will get no answer."""
        self.failed: list[bool] = []
        """Whether these have read that the bot did not respond."""
        self.form: View | None = None

    # --- what happens ---

    def asks(self) -> Message:
        return self.emma.says(self.channel, COVERED)

    async def opened(self) -> None:
        """There is a ticket with receipt and card, and nothing left to do."""
        self.asks()
        await self.slack.until(lambda: self.said and self.card, 30)
        await self.until_quiet()

    async def claimed(self) -> None:
        await self.opened()
        await self.shop.aylin.uses(self.shop.agents, f"/claim {self.number} it is urgent")
        await self.until_quiet()

    async def sends_again(self) -> None:
        """The form that Slack could not hand over still stands before the customer."""
        assert self.form is not None
        self.in_vain.append(asyncio.ensure_future(self.emma.fills_in(self.form, {"text": COVERED})))

    async def until_quiet(self) -> None:
        await patiently(lambda: self.shop.bot.owed == 0, 30)

    async def until_held(self, hold: Hold) -> None:
        await self.slack.until(lambda: hold.is_on, 10)

    async def until_acknowledged(self, person: Person, doing: Callable[[], Any]) -> None:
        """Of which neither Slack nor the person ever hears. By then, it is on the disk."""
        self.shop.acks.losing.add(person.id)
        done = doing()
        if inspect.isawaitable(done):
            self.in_vain.append(asyncio.ensure_future(done))
        await self.slack.until(lambda: person.id in self.shop.acks.lost, 10)

    def posts(self, *, is_done: bool, seconds: float = HELD) -> Hold:
        """The next message of the bot's in the customer's channel hangs."""
        here = self.channel.id
        return self.shop.holds.hold(POSTS, lambda args: args["channel"] == here, is_done=is_done, seconds=seconds)

    def has_ended(self, method: str, **args: str) -> bool:
        """Whether such a call was answered."""
        return any(call.status and call.args | args == call.args for call in self.slack.calls(method))

    # --- what is there ---

    @property
    def said(self) -> list[Message]:
        """The bot's messages to the customer."""
        return [message for message in self.channel.messages if message.user is self.shop.workspace.bot]

    @property
    def cards(self) -> list[Message]:
        return [message for message in self.shop.agents.roots if self.channel.name in message.shown]

    @property
    def card(self) -> Message | None:
        return next(iter(self.cards), None)

    @property
    def tickets(self) -> list[tuple[int, str]]:
        """Number and state of each."""
        query = "SELECT number, state FROM tickets WHERE customer = ? ORDER BY number"
        return self.shop.bot.rows(query, self.emma.id)

    @property
    def number(self) -> int:
        return self.tickets[0][0]


async def patiently(condition: Callable[[], object], seconds: float) -> None:
    """Look seldom, because a look at the bot's database takes the local Slack's time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (nobody tells of what another process writes)
            await asyncio.sleep(0.1)


# --- the points at which it is killed ----------------------------------------------------------------
# Up to the first `yield` each prepares; then it begins to stand still; after the second, nothing can be committed.


async def card_posted(scene: Scene) -> AsyncIterator[None]:
    yield
    agents, name = scene.shop.agents.id, scene.channel.name
    hold = scene.shop.holds.hold(POSTS, lambda args: args["channel"] == agents and name in str(args), is_done=True)
    scene.asks()
    await scene.until_held(hold)


async def committed_but_not_acknowledged(scene: Scene) -> AsyncIterator[None]:
    yield
    await scene.until_acknowledged(scene.emma, scene.asks)
    assert [state for _, state in scene.tickets] == ["waiting"], "acknowledged before it was committed"


async def claim_not_acknowledged(scene: Scene) -> AsyncIterator[None]:
    await scene.opened()
    yield
    tom, agents = scene.shop.tom, scene.shop.agents
    await scene.until_acknowledged(tom, lambda: tom.uses(agents, f"/claim {scene.number} it is urgent"))
    assert [state for _, state in scene.tickets] == ["claimed"], "acknowledged before it was committed"


async def form_not_acknowledged(scene: Scene) -> AsyncIterator[None]:
    form = await scene.emma.uses(scene.channel, "/ticket")
    yield
    await scene.until_acknowledged(scene.emma, lambda: scene.emma.fills_in(form, {"text": COVERED}))
    assert [state for _, state in scene.tickets] == ["waiting"], "acknowledged before it was committed"


async def receipt_not_posted(scene: Scene) -> AsyncIterator[None]:
    yield
    hold = scene.posts(is_done=False)
    scene.asks()
    await scene.until_held(hold)


async def receipt_posted(scene: Scene) -> AsyncIterator[None]:
    yield
    hold = scene.posts(is_done=True)
    scene.asks()
    await scene.until_held(hold)


async def opening_posted(scene: Scene) -> AsyncIterator[None]:
    yield
    hold = scene.posts(is_done=True)
    await scene.emma.uses(scene.channel, f"/ticket {COVERED}")
    await scene.until_held(hold)


async def claim_not_on_the_card(scene: Scene) -> AsyncIterator[None]:
    await scene.opened()
    assert scene.card is not None
    ts, agents = scene.card.ts, scene.shop.agents
    yield
    hold = scene.shop.holds.hold(UPDATES, lambda args: args["ts"] == ts, is_done=False)
    await scene.shop.aylin.uses(agents, f"/claim {scene.number} it is urgent")
    await scene.until_held(hold)


async def closing_on_the_receipt(scene: Scene) -> AsyncIterator[None]:
    await scene.claimed()
    ts = scene.said[0].ts
    yield
    hold = scene.shop.holds.hold(UPDATES, lambda args: args["ts"] == ts, is_done=True)
    await scene.shop.aylin.uses(scene.shop.agents, f"/close-ticket {scene.number}")
    await scene.until_held(hold)


async def delivered_but_not_marked(scene: Scene) -> AsyncIterator[None]:
    yield
    hold = scene.posts(is_done=True, seconds=ON_ITS_WAY)
    scene.asks()
    await scene.until_held(hold)
    yield
    await scene.slack.until(lambda: scene.has_ended(POSTS, channel=scene.channel.id))
    await asyncio.sleep(0.1)  # the answer still has to be read


async def told_but_not_committed(scene: Scene) -> AsyncIterator[None]:
    yield
    yield
    scene.asks()
    await scene.slack.until(lambda: scene.has_ended("users.info", user=scene.emma.id))
    assert scene.tickets == []


async def form_not_committed(scene: Scene) -> AsyncIterator[None]:
    scene.form = (await scene.emma.uses(scene.channel, "/ticket")).modal
    yield
    yield
    scene.in_vain.append(asyncio.ensure_future(scene.emma.fills_in(scene.form, {"text": COVERED})))
    await scene.slack.until(lambda: scene.slack.deliveries.of("view_submission")[-1].attempts)


POINTS = (
    card_posted,
    committed_but_not_acknowledged,
    claim_not_acknowledged,
    form_not_acknowledged,
    receipt_not_posted,
    receipt_posted,
    opening_posted,
    claim_not_on_the_card,
    closing_on_the_receipt,
    delivered_but_not_marked,
    told_but_not_committed,
    form_not_committed,
)
"""All in one workspace, so that one kill hits them all."""


@dataclass(frozen=True)
class Crash:
    """What is there after the bot was killed at all these points, and had time to catch up."""

    scenes: dict[str, Scene]
    place_orders: dict[str, int]
    """By the person who asked."""
    owed: int
    trouble: list[str]


@pytest.fixture(scope="module")
def crashes(new_database: Callable[[], Path], tmp_path_factory: pytest.TempPathFactory) -> Mapping[SlackWay, Crash]:
    """One in each mode, at the same time: most of it is waiting."""

    async def both() -> list[Crash]:
        folder = tmp_path_factory.mktemp
        return await asyncio.gather(*(_killed_and_restarted(way, folder("crash"), new_database()) for way in WAYS))

    return dict(zip(WAYS, asyncio.run(both()), strict=True))


@pytest.fixture(params=WAYS)
def crash(request: pytest.FixtureRequest, crashes: Mapping[SlackWay, Crash]) -> Crash:
    return crashes[request.param]


async def _killed_and_restarted(way: SlackWay, folder: Path, database: Path) -> Crash:
    async with slack_double() as slack:
        workspace = slack.add_workspace("Shop")
        bot = SlackProcess(slack, way, workspace, folder, database)
        if way is SlackWay.HTTP:
            slack.use_http(f"http://127.0.0.1:{bot.port}/slack/events")
        slack.deliveries.retry_waits = RETRIES
        shop = Shop(slack, workspace, bot)
        try:
            await bot.start_and_listen()
            await _stand_still_and_die(shop)
            shop.acks.is_dead.set()
            for name in MEANWHILE:
                shop.scenes[name].asks()
            await bot.start_and_listen()
            await shop.scenes["form_not_committed"].sends_again()
            await slack.delivered(60)
            await patiently(lambda: bot.owed == 0, 60)
            assert await bot.end(signal.SIGTERM) == 0
        finally:
            if bot.is_running:
                await bot.kill()
        for scene in shop.scenes.values():
            scene.failed = [answer.failed for answer in await asyncio.gather(*scene.in_vain)]
        place_orders = dict(bot.rows("SELECT customer, place_order FROM tickets"))
        return Crash(shop.scenes, place_orders, bot.owed, bot.trouble)


async def _stand_still_and_die(shop: Shop) -> None:
    acts = [point(shop.add_scene(point.__name__)) for point in POINTS]
    for name in MEANWHILE:
        shop.add_scene(name)
    await shop.set_up()
    await asyncio.gather(*(anext(act) for act in acts))
    for act in acts:
        await anext(act, None)
    with shop.bot.writing_nothing():
        for act in acts:
            await anext(act, None)
        await shop.bot.kill()


RECEIPT, CLOSED = "we have your request", "is closed"
WAITING, CLAIMED, ENDED = "Waiting since", "is taking care of ticket", "Closed since"


@pytest.mark.parametrize(
    ("point", "state", "receipt", "card"),
    [
        (told_but_not_committed, "waiting", RECEIPT, WAITING),
        (committed_but_not_acknowledged, "waiting", RECEIPT, WAITING),
        (receipt_not_posted, "waiting", RECEIPT, WAITING),
        (receipt_posted, "waiting", RECEIPT, WAITING),
        (delivered_but_not_marked, "waiting", RECEIPT, WAITING),
        (opening_posted, "waiting", RECEIPT, WAITING),
        (card_posted, "waiting", RECEIPT, WAITING),
        (form_not_committed, "waiting", RECEIPT, WAITING),
        (form_not_acknowledged, "waiting", RECEIPT, WAITING),
        (claim_not_acknowledged, "claimed", RECEIPT, f"Tom {CLAIMED}"),
        (claim_not_on_the_card, "claimed", RECEIPT, f"Aylin {CLAIMED}"),
        (closing_on_the_receipt, "closed", CLOSED, ENDED),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_kill_loses_nothing_and_doubles_nothing(
    crash: Crash, point: Callable[[Scene], object], state: str, receipt: str, card: str
) -> None:
    """What stands on Slack already is known by its metadata; chat.update may be done twice, and shows the same."""
    scene = crash.scenes[point.__name__]
    assert [each for _, each in scene.tickets] == [state]
    assert [receipt in message.shown for message in scene.said] == [True]
    assert [card in message.shown for message in scene.cards] == [True]


def test_only_an_answer_on_its_way_is_lost_and_its_person_reads_that(crash: Crash) -> None:
    """Slack tells no command and no form a second time; what was committed is on the card, and who asks again is told.

    A form that the bot never got still stands there, to be sent again.
    """
    failed = {name: scene.failed for name, scene in crash.scenes.items() if scene.failed}
    assert failed == {
        "claim_not_acknowledged": [True],
        "form_not_acknowledged": [True],
        "form_not_committed": [True, False],
    }


def test_who_asked_while_nobody_was_there_is_served_in_the_true_order(crash: Crash) -> None:
    """Slack tells it again in any order: then later numbers may stand at earlier places."""
    late = [crash.scenes[name] for name in ("told_but_not_committed", *MEANWHILE)]
    orders = [crash.place_orders[scene.emma.id] for scene in late]
    assert orders == sorted(orders)
    assert [len(scene.said) for scene in late] == [1, 1, 1]
    assert [len(scene.cards) for scene in late] == [1, 1, 1]


def test_nothing_stays_undone_after_a_kill(crash: Crash) -> None:
    assert crash.owed == 0
    assert crash.trouble == []
