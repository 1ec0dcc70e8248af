"""Several workers share the shards of one bot: each has leased as many as any other, and serves those and no others.

A worker that cannot renew a lease in time stops serving before it runs out, so no shard is ever served twice; it stays
connected, because identifying again is limited, and goes on if nobody has taken over meanwhile.
"""

from __future__ import annotations

import asyncio
import math
import random
import secrets
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from pydantic import TypeAdapter

from bot.model import Listener

LEASE = timedelta(seconds=8)
"""After so long without a sign, the shards of a worker are taken over."""
RENEWALS = 4
"""How often a lease is renewed while it lasts. It may fail once."""
SPARE = 1 / 3
"""The last part of a lease, in which nothing is served: clocks differ, and what has begun comes to its end."""
_FAREWELL = 5.0
"""Seconds that a shard has to end in."""
_WORKER, _SHARES = "discord-worker", "shares"
"""Under which names each worker keeps with the desk what it serves, so that the others can reckon their share."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Share:
    """What a worker has told the others of itself."""

    until: float
    """In seconds since 1970; then it is taken for dead, unless it has told of itself again."""
    count: int
    """How many shards it takes there to be in all."""
    shards: tuple[int, ...]
    """Those that it serves."""


_SHARE = TypeAdapter(Share)


async def shares(desk: Listener) -> Mapping[str, Share]:
    """What the living workers serve, by what they call themselves."""
    told = {worker: _SHARE.validate_json(words) for worker, words in (await desk.all_kept(_WORKER, _SHARES)).items()}
    return {worker: share for worker, share in told.items() if share.until > time.time()}


async def agreed_count(desk: Listener) -> int | None:
    """How many shards there are, as those go by who serve them now; None where nobody does.

    All must go by the same number, because it decides which guild belongs to which shard.
    """
    return max((share.count for share in (await shares(desk)).values()), default=None)


class Tenure:
    """How long a worker may serve a shard, as far as it knows."""

    def __init__(self, until: float) -> None:
        self.until = until
        """By the loop's clock, which nobody sets."""

    def lasts(self) -> bool:
        """Whether nobody else can be serving the shard now."""
        return asyncio.get_running_loop().time() < self.until


class Shards:
    """The shards of this worker."""

    def __init__(
        self,
        desk: Listener,
        count: int,
        at_once: int,
        serve: Callable[[int, Tenure], Coroutine[Any, Any, None]],
        go_on: Callable[[int], None],
        lease: timedelta = LEASE,
    ) -> None:
        """There are `count` in all; `at_once` of them may identify at the same time.

        `serve` serves a shard until it is cancelled; after its tenure was over for a while, `go_on` is called for it.
        """
        self._desk = desk
        self._count = count
        self._at_once = at_once
        self._serve = serve
        self._go_on = go_on
        self._lease = lease
        self._us = f"{_WORKER}:{secrets.token_hex(8)}"
        self._ours: dict[int, tuple[Tenure, asyncio.Task[None]]] = {}
        self._ending: set[int] = set()
        """Those that we serve no longer, and have not given back yet."""

    async def run(self) -> None:
        """Take part until cancelled. Raises what ends the serving of any shard."""
        try:
            async with asyncio.TaskGroup() as serving:
                try:
                    while True:
                        await self._look_around(serving)
                        await asyncio.sleep(self._lease.total_seconds() / RENEWALS)
                finally:
                    await self._leave()
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _look_around(self, serving: asyncio.TaskGroup) -> None:
        """Keep what is ours, and see to it that we have our share."""
        try:
            await asyncio.gather(*(self._renew(shard) for shard in list(self._ours)))
            for shard in [shard for shard, (_, task) in self._ours.items() if task.done()]:
                serving.create_task(self._give_back(shard))
            await self._tell()
            served = await shares(self._desk)
            taken = {shard for share in served.values() for shard in share.shards}
            free = [shard for shard in range(self._count) if shard not in taken | self._ending]
            ours = -(-self._count // max(len(served), 1))
            if free:
                missing = min(ours - len(self._ours), self._at_once, len(free))
                for shard in random.sample(free, max(missing, 0)):  # so that not all of us want the same
                    await self._take(shard, serving)
            elif len(self._ours) > ours:  # one at a time: its guilds wait until somebody has taken it
                serving.create_task(self._give_back(max(self._ours)))
        except Exception:  # noqa: BLE001 (logged; what cannot be renewed ends by itself)
            _log.exception("could not see to our shards; trying again")

    async def _tell(self) -> None:
        share = Share(time.time() + self._lease.total_seconds(), self._count, tuple(self._ours))
        await self._desk.keep(self._us, _SHARES, _SHARE.dump_json(share).decode())

    async def _take(self, shard: int, serving: asyncio.TaskGroup) -> None:
        until = self._until()
        if await self._desk.lease(_name(shard), self._lease):
            _log.info("shard taken", shard=shard, of=self._count)
            tenure = Tenure(until)
            self._ours[shard] = tenure, serving.create_task(self._serve(shard, tenure))

    async def _renew(self, shard: int) -> None:
        tenure, _ = self._ours[shard]
        until = self._until()
        if not await self._desk.lease(_name(shard), self._lease):
            _log.warning("shard lost to another worker", shard=shard)
            self._stop(shard)
            return
        has_missed = not tenure.lasts()
        tenure.until = until
        if has_missed:
            _log.warning("shard was not served for a while", shard=shard)
            self._go_on(shard)

    def _until(self) -> float:
        """When to stop serving what is leased from now on."""
        return asyncio.get_running_loop().time() + self._lease.total_seconds() * (1 - SPARE)

    async def _give_back(self, shard: int) -> None:
        """Serve it no longer, and let others have it as soon as what has begun there has ended."""
        _, task = self._ours[shard]
        self._stop(shard)
        self._ending.add(shard)
        await asyncio.wait({task}, timeout=_FAREWELL)
        try:
            await self._desk.unlease(_name(shard))
            await self._tell()
        except Exception:  # noqa: BLE001 (logged; the lease runs out by itself)
            _log.exception("could not give a shard back", shard=shard)
        self._ending.discard(shard)

    def _stop(self, shard: int) -> None:
        """Serve it no longer, from this moment on."""
        tenure, task = self._ours.pop(shard)
        tenure.until = -math.inf
        task.cancel()

    async def _leave(self) -> None:
        """Others may have our shards at once."""
        try:
            async with asyncio.timeout(_FAREWELL):
                await asyncio.gather(*(self._give_back(shard) for shard in list(self._ours)))
                await self._desk.drop(self._us, _SHARES)
        except Exception:  # noqa: BLE001 (logged; they find out by themselves)
            _log.exception("could not take leave of the other workers")


def _name(shard: int) -> str:
    return f"discord/shard/{shard}"
