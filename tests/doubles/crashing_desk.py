"""A whole process to kill: a desk and an outbox on files, and a chat that notes each effect before the rooms do it.

Run as: python -m tests.doubles.crashing_desk FOLDER MATCHER CRASH [COUNT]. CRASH says when the process ends or stands
still: "committed", or "before", "after", "hang-before" or "hang-after" the effect with the number COUNT.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.web_chat.rooms import Rooms
from bot.desk.desk import Desk, utc_now
from bot.model import Chat, CommandUsed, Effect, FormSent, Listener, Outcome, Person
from bot.store.outbox import Outbox
from bot.store.sqlite import SqliteDatabase

SERVER = "web:playground"
EMMA = Person("emma", "Emma", "en")
MAREK = Person("marek", "Marek", "de", frozenset({"moderator"}), is_admin=True)
SETUP = {"support": "support", "agents": "agents", "agent_roles": "agent"}
STANDS_STILL = "stands still"
CRASHED = 7
"""The process's exit code when it has ended itself."""


class NotingChat(Chat):
    """The playground's rooms without their web server, and a list of all that they were asked to do."""

    def __init__(self, folder: Path) -> None:
        """Rooms and list are files in `folder`."""
        self.rooms = Rooms(folder / "rooms.sqlite3")
        self._list = folder / "asked.txt"

    async def run(self, desk: Listener) -> None:
        """Nobody says anything here."""

    async def perform(self, effect: Effect, nonce: str, attempt: int = 1) -> Outcome:
        """Note it, and do it; only the rooms know a nonce again."""
        del attempt
        with self._list.open("a", encoding="utf-8") as lines:
            lines.write(f"{nonce} {effect.kind}\n")
        outcome, _ = self.rooms.perform(effect, nonce)
        return outcome

    async def member(self, server: str, person: str) -> Person | None:
        """It knows nobody."""
        raise ConnectionError(f"cannot tell who {person} is on {server}")

    @property
    def asked(self) -> list[tuple[str, str]]:
        """(nonce, kind) of all effects so far."""
        lines = self._list.read_text(encoding="utf-8").splitlines() if self._list.exists() else []
        return [(nonce, kind) for nonce, kind in (line.split() for line in lines)]


@dataclass
class Fatal(Chat):
    """Another chat, with an end to the process before or after one of its effects."""

    chat: Chat
    crash: str
    count: int
    _seen: int = field(default=0)

    async def run(self, desk: Listener) -> None:
        """Nobody says anything here."""

    async def perform(self, effect: Effect, nonce: str, attempt: int = 1) -> Outcome:
        """Perform, and perhaps die."""
        del attempt
        self._seen += 1
        now = self._seen == self.count
        if now and self.crash.endswith("before"):
            self._end()
        outcome = await self.chat.perform(effect, nonce)
        if now and self.crash.endswith("after"):
            self._end()
        return outcome

    async def member(self, server: str, person: str) -> Person | None:
        """As the other chat says."""
        return await self.chat.member(server, person)

    def _end(self) -> None:
        if not self.crash.startswith("hang"):
            os._exit(CRASHED)
        print(STANDS_STILL, flush=True)  # noqa: T201 (the parent process waits for this line)
        time.sleep(60)


def base(key: str) -> dict[str, Any]:
    """What all events have in common."""
    now = utc_now()
    return {"key": key, "server": SERVER, "channel": "support", "order": time.time_ns() // 1000, "at": now}


async def play(folder: Path, matcher: Path, crash: str, count: int) -> None:
    """A customer asks for a ticket, and the process dies at some point of it."""
    chat = Fatal(NotingChat(folder), crash, count)
    async with SqliteDatabase(folder / "desk.sqlite3") as database:
        desk = Desk(database, pickle.loads(await asyncio.to_thread(matcher.read_bytes)))  # noqa: S301 (a test made it)
        await desk.start()
        await desk.handle(FormSent(**base("setup"), person=MAREK, form="setup", values=SETUP))
        await desk.handle(CommandUsed(**base("ask"), person=EMMA, name="ticket", words="the gallery crashes"))
        if crash == "committed":
            os._exit(CRASHED)
        await Outbox(database, {"web": chat}, desk.draw, utc_now).run()


if __name__ == "__main__":
    _folder, _matcher, _crash, *_count = sys.argv[1:]
    asyncio.run(play(Path(_folder), Path(_matcher), _crash, int(_count[0]) if _count else 0))
