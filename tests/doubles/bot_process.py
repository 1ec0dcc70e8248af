"""`wartemarke run` on the local Discord, as a process of its own: to stop, to kill, and to start again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from tests.coverage.small_policy import write_policy
from tests.doubles.discord.server import Double

ROOT = Path(__file__).parents[2]


class BotProcess:
    """The bot's folder, with its database and log; and the process, as long as one runs in it."""

    def __init__(self, discord: Double, folder: Path, database: Path, **settings: str) -> None:
        """`settings` are further lines of its environment."""
        self._folder = folder
        self._discord = discord
        policy = folder / "policy"
        if not policy.exists():  # a small one, because it is learnt at every start
            policy.mkdir()
            write_policy(policy)
        self._database = database.rename(folder / "desk.sqlite3")
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DISCORD_")},
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(folder.parent / "bytecode"),  # compiled once for all starts
            "POLICY_DIR": str(policy),
            "DATABASE_URL": f"sqlite:///{self._database}",
            "DISCORD_TOKEN": discord.token,
            "DISCORD_API_URL": discord.api_url,
            "DISCORD_GATEWAY_URL": discord.gateway_url,
            "LOG_FORMAT": "json",
            **settings,
        }
        self._process: Process | None = None

    async def start(self) -> None:
        """Start it; it takes some seconds until it hears."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot", "run"),
                cwd=self._folder,
                env=self._environment,
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def start_and_listen(self) -> None:
        """Start it, and wait until it hears its guilds."""
        sessions = len(self._discord.gateway.live)
        await self.start()
        await self._discord.until_connected(sessions + 1, 60)

    async def kill(self) -> None:
        """As a power cut does it."""
        await self.end(signal.SIGKILL)

    async def end(self, with_signal: signal.Signals | None = None) -> int:
        """Wait for its end, after a signal if one is given; its exit code."""
        process, self._process = self._process, None
        assert process is not None
        if with_signal is not None and process.returncode is None:
            process.send_signal(with_signal)
        try:
            async with asyncio.timeout(30):
                return await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    @property
    def is_running(self) -> bool:
        return self._process is not None

    # --- what it leaves ---

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    @property
    def told(self) -> str:
        """All that it has written to the terminal so far."""
        return self._log.read_text(encoding="utf-8")

    @property
    def trouble(self) -> list[str]:
        """Warnings and errors in its log."""
        lines = [json.loads(line) for line in self.told.splitlines() if line.startswith("{")]
        return [line["event"] for line in lines if line["level"] in {"warning", "error", "critical"}]

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What its database says at this moment."""
        with closing(sqlite3.connect(self._database, timeout=10)) as connection:
            return connection.execute(query, values).fetchall()

    @property
    def owed(self) -> int:
        """How many effects it will still try; of those that it gave up, its log tells."""
        ((owed,),) = self.rows("SELECT count(*) FROM outbox WHERE state NOT IN ('done', 'dead')")
        return int(owed)


@asynccontextmanager
async def bot_process(discord: Double, folder: Path, database: Path, **settings: str) -> AsyncIterator[BotProcess]:
    """A bot that is not started yet; if it still runs in the end, it is killed."""
    bot = BotProcess(discord, folder, database, **settings)
    try:
        yield bot
    finally:
        if bot.is_running:
            await bot.kill()
