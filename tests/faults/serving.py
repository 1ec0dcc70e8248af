"""A whole bot, as a process of its own, on a chat in which people ask without end and everything takes its time.

Run as: python -m tests.faults.serving URL POLICY FOLDER ask|listen. Each line of FOLDER/said.txt is a message that has
arrived, each of FOLDER/acknowledged.txt a customer whose request the bot has taken.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from itertools import count
from pathlib import Path
from typing import Any

from bot import log
from bot.app import serve
from bot.desk.desk import utc_now
from bot.model import Chat, CommandUsed, Done, Effect, FormSent, Listener, OpenThread, Outcome, Person
from bot.settings import LogFormat, LogLevel

SERVER = "busy:shop"
MAREK = Person("marek", "Marek", "en", frozenset({"moderator"}), is_admin=True)
SETUP = {"support": "support", "agents": "agents", "agent_roles": "agent"}
ASKERS = 8
TAKES = 0.03
"""Seconds of each call."""
HANGS = 20
"""This call hangs for good, if people ask."""


class BusyChat(Chat):
    """Takes note of all that arrives. People ask at once, each again and again in another name."""

    def __init__(self, folder: Path, *, is_asking: bool) -> None:
        self._said = (folder / "said.txt").open("a", encoding="utf-8", buffering=1)
        self._acknowledged = (folder / "acknowledged.txt").open("a", encoding="utf-8", buffering=1)
        self._is_asking = is_asking
        self._people, self._calls = count(1), Counter[str]()

    async def run(self, desk: Listener) -> None:
        """Ask until cancelled."""
        if not self._is_asking:
            await asyncio.Event().wait()
        await desk.handle(FormSent(**_base("setup"), person=MAREK, form="setup", values=SETUP))
        await asyncio.gather(*(self._ask(desk) for _ in range(ASKERS)))

    async def _ask(self, desk: Listener) -> None:
        while True:
            name = f"c{next(self._people)}"
            asked = CommandUsed(**_base(name), person=Person(name, name, "en"), name="ticket", words=f"help {name}")
            if await desk.handle(asked) is not None:
                self._acknowledged.write(f"{name}\n")
            await asyncio.sleep(TAKES)

    async def perform(self, effect: Effect, nonce: str, attempt: int = 1) -> Outcome:
        """It has arrived when its time is over."""
        del attempt
        self._calls["all"] += 1
        await asyncio.sleep(3600 if self._is_asking and self._calls["all"] == HANGS else TAKES)
        self._said.write(f"{nonce} {effect.kind} {effect.channel}\n")
        return Done(thread=f"t{nonce}", message=f"m{nonce}") if isinstance(effect, OpenThread) else Done(f"m{nonce}")

    async def member(self, server: str, person: str) -> Person | None:
        """It knows nobody."""
        raise ConnectionError(f"cannot tell who {person} is on {server}")


def _base(key: str) -> dict[str, Any]:
    now = utc_now()
    return {"key": key, "server": SERVER, "channel": "support", "order": time.time_ns() // 1000, "at": now}


if __name__ == "__main__":
    _url, _policy, _folder, _way = sys.argv[1:]
    log.set_up(LogLevel.INFO, LogFormat.JSON)
    asyncio.run(serve(_url, Path(_policy), {"busy": BusyChat(Path(_folder), is_asking=_way == "ask")}))
