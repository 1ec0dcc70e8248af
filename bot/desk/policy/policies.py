"""The policy of each server: the shipped one, or what its moderators have made of it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from functools import partial

import structlog

from bot.coverage.changes import PolicyChange, changed
from bot.coverage.matcher import Matcher
from bot.store.database import Database, Transaction
from bot.store.policy_queries import policy_change, policy_numbers

_MOST_IN_MEMORY = 500
"""Servers whose own matchers are kept; that of another is made when it is needed, in a fraction of a second."""

_log = structlog.get_logger(__name__)


class Policies:
    """The matchers in force. A new one is learnt beside the old, which answers until the new one is ready."""

    def __init__(self, database: Database, shipped: Matcher) -> None:
        self._database = database
        self.shipped = shipped
        """For servers that have changed nothing; the others' are adapted from it."""
        self._numbers: dict[str, int] = {}
        """The newest version of each server that has changed something."""
        self._own: OrderedDict[str, Matcher] = OrderedDict()
        self._learning = asyncio.Lock()

    async def of(self, server: str) -> Matcher:
        """The matcher of a server; also the shipped one if its own cannot be had: nobody must be lost for that."""
        if server not in self._numbers:
            return self.shipped
        if server in self._own:
            self._own.move_to_end(server)
            return self._own[server]
        try:
            async with self._learning:
                return self._own.get(server) or await self._learn(server)
        except Exception:  # noqa: BLE001 (it is logged)
            _log.exception("policy of a server could not be read", server=server)
            return self.shipped

    async def use(self, shipped: Matcher) -> None:
        """The shipped policy has become another one."""
        async with self._learning:
            self.shipped = shipped
            for server in list(self._own):
                await self._learn(server)

    async def follow(self) -> None:
        """Take over what moderators have changed since the last time, here or in another process."""
        newest = await self._database.transaction(policy_numbers)
        async with self._learning:
            for server, number in newest.items():
                if self._numbers.get(server) != number:
                    self._numbers[server] = number
                    if server in self._own:
                        await self._learn(server)

    async def _learn(self, server: str) -> Matcher:
        number = self._numbers[server]
        change = await self._database.transaction(partial(_change, server=server, number=number))
        matcher = await asyncio.to_thread(adapted, self.shipped, change, number)
        self._own[server] = matcher
        self._own.move_to_end(server)
        if len(self._own) > _MOST_IN_MEMORY:
            self._own.popitem(last=False)
        _log.info("policy of a server read", server=server, version=matcher.policy.version)
        return matcher


async def _change(tx: Transaction, server: str, number: int) -> PolicyChange:
    return await policy_change(tx, server, number)


def adapted(shipped: Matcher, change: PolicyChange, number: int) -> Matcher:
    """The matcher of a server that has changed this in the shipped policy."""
    policy = changed(shipped.policy, change, number)
    return shipped if policy is shipped.policy else shipped.adapted(policy)
