"""Load on some workers, and a killer who goes about among them; then quiet, and the audit."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

from sqlalchemy import func, select

from bot.store.database import Database
from bot.store.engines import DatabaseError, open_database
from bot.store.tables import OWED, outbox
from tests.chaos.people import Shop, Told, shops
from tests.chaos.stand_in import StandIn, stand_in
from tests.chaos.worker import work

_PROCESSES = get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tests.chaos.worker"])  # read once, so that a worker starts in a moment
_BETWEEN_KILLS = 0.1, 1.0
"""Seconds."""
_BACK_AFTER = 0.05
"""Seconds after which a worker that has ended is started again, as a service manager does it."""
_STOPS_WITHIN = 10
"""Seconds that a worker has to end when it is asked to."""
_PATIENCE = 90
"""Seconds until what is owed must have been delivered when all is quiet."""
_OWED = select(func.count()).select_from(outbox).where(OWED)


@dataclass
class Plan:
    """What is to be done."""

    url: str
    folder: Path
    """Has the policy, and gets the log."""
    workers: int = 1
    kills: int = 10
    seed: int = 1
    kill_server: Callable[[], None] | None = None
    """Kills the database's server, and starts it again."""
    server_every: int | None = None
    """One of so many kills is that of the server."""
    servers: int = 4
    customers: int = 3
    """In each server, at a time."""
    agents: int = 2
    pause: float = 0.05
    """Seconds between what one person does and what they do next, on average."""


@dataclass
class Worker:
    """A place at which a worker runs, or will again in a moment."""

    url: str
    folder: Path
    platform: str
    port: int
    process: BaseProcess | None = None
    is_stopped: bool = False
    """Whether it is not started again."""

    def start(self) -> None:
        """Start it; it takes some tenths of a second until it hears."""
        told = str(self.folder / f"log-{self.port}")
        self.process = _PROCESSES.Process(
            target=work, args=(self.url, str(self.folder / "policy"), self.port, self.platform, told), daemon=True
        )
        self.process.start()

    def kill(self) -> None:
        """End it as a power cut ends a process."""
        self.running.kill()

    async def stay_alive(self) -> None:
        """Start it whenever it has ended, until it is stopped."""
        while not self.is_stopped:
            if not self.running.is_alive():
                self.start()
            await asyncio.sleep(_BACK_AFTER)

    async def stop(self) -> int | None:
        """Ask it to end, and wait for that; its exit code."""
        self.is_stopped = True
        self.running.terminate()
        for _ in range(_STOPS_WITHIN * 50):
            if not self.running.is_alive():
                break
            await asyncio.sleep(0.02)
        return self.running.exitcode

    @property
    def running(self) -> BaseProcess:
        """Its latest process."""
        assert self.process is not None
        return self.process


@dataclass
class Course:
    """What happened."""

    platform: StandIn
    told: Told
    kills: int = 0
    database_kills: int = 0
    recoveries: list[float] = field(default_factory=list)
    """Seconds from a kill to the next acknowledgement."""
    seconds: float = 0.0
    quiet_after: float = 0.0
    """Seconds from the last event until nothing was owed any more."""
    exit_codes: Sequence[int | None] = ()
    """Of the workers in the end, upon SIGTERM."""


async def live(plan: Plan) -> Course:
    """Let people act while workers are killed; then let what is owed be delivered."""
    chance = random.Random(plan.seed)  # noqa: S311
    async with stand_in(random.Random(plan.seed)) as platform, open_workers(plan, platform.url) as workers:  # noqa: S311
        told = Told(random.Random(plan.seed), [f"http://127.0.0.1:{worker.port}" for worker in workers])  # noqa: S311
        course = Course(platform, told)
        people = shops(plan.servers, told, plan.seed, plan.pause)
        began = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for shop in people:
                tasks.create_task(shop.live(plan.customers, plan.agents))
            await _kill(plan, workers, course, chance)
            close(people)
        course.seconds = time.monotonic() - began
        course.quiet_after = await _until_quiet(plan.url)
        course.exit_codes = [await worker.stop() for worker in workers]
        return course


def close(people: Sequence[Shop]) -> None:
    """Nobody begins anything new."""
    for shop in people:
        shop.is_open = False


@asynccontextmanager
async def open_workers(plan: Plan, platform: str) -> AsyncIterator[list[Worker]]:
    """Workers that are there again soon after they were killed."""
    workers = [Worker(plan.url, plan.folder, platform, free_port()) for _ in range(plan.workers)]
    for worker in workers:
        worker.start()
    keepers = [asyncio.create_task(worker.stay_alive()) for worker in workers] if plan.kills else []
    try:
        yield workers
    finally:
        for keeper in keepers:
            keeper.cancel()
        for worker in workers:
            worker.kill()
            worker.running.join()


async def _kill(plan: Plan, workers: Sequence[Worker], course: Course, chance: random.Random) -> None:
    for number in range(1, plan.kills + 1):
        await until_heard(course.told)
        await asyncio.sleep(chance.uniform(*_BETWEEN_KILLS))
        killed_at = time.monotonic()
        every = plan.server_every
        if plan.kill_server is not None and every is not None and number % every == every // 2:
            await asyncio.to_thread(plan.kill_server)
            course.database_kills += 1
        else:
            chance.choice([worker for worker in workers if worker.running.is_alive()] or workers).kill()
            course.kills += 1
        await until_heard(course.told)
        course.recoveries.append(time.monotonic() - killed_at)
    await asyncio.sleep(chance.uniform(*_BETWEEN_KILLS))


async def until_heard(told: Told) -> None:
    """Wait for the next acknowledgement: at each kill, there is something to lose."""
    told.heard.clear()
    async with asyncio.timeout(_PATIENCE):
        await told.heard.wait()


async def _until_quiet(url: str) -> float:
    """Wait until nothing is owed; whatever is left after a minute and a half is the audit's. Seconds that it took."""
    began = time.monotonic()
    async with open_database(url) as database:
        for _ in range(_PATIENCE * 10):
            if not await _owed(database):
                break
            await asyncio.sleep(0.1)
    return time.monotonic() - began


async def _owed(database: Database) -> int:
    try:
        owed: int = await database.transaction(lambda tx: tx.value(_OWED))
    except DatabaseError:
        return 1
    return owed


def free_port() -> int:
    """A port on which nobody listens at present."""
    with closing(socket.create_server(("127.0.0.1", 0))) as door:
        port: int = door.getsockname()[1]
        return port
