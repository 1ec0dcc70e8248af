"""The policy of each server: the shipped one, or what its moderators have made of it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from functools import partial

import structlog

from bot.coverage.changes import PolicyChange, changed
from bot.coverage.matcher import Matcher
from bot.coverage.policy import Policy
from bot.store.database import Database, Transaction
from bot.store.policy_queries import policy_change, policy_number, policy_numbers

_MOST_IN_MEMORY = 500
"""Servers whose own matchers are kept; that of another is made when it is needed, in a fraction of a second."""

_log = structlog.get_logger(__name__)


class Policies:
    """The matchers in force. A new one is learnt beside the old, which answers until the new one is ready."""

    def __init__(self, database: Database, shipped: Matcher, on_new: Callable[[Matcher], None]) -> None:
        """`on_new` hears of every new matcher."""
        self._database = database
        self._on_new = on_new
        self.shipped = shipped
        """For servers that have changed nothing; the others' are adapted from it."""
        self._newest: dict[str, int] = {}
        """The newest version of each server that has changed something."""
        self._own: OrderedDict[str, tuple[int, Matcher]] = OrderedDict()
        """The version and the matcher of servers that were asked for lately."""
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """One matcher of a server is learnt at a time; servers do not wait for each other."""

    async def of(self, server: str) -> Matcher:
        """The matcher of a server; also the shipped one if its own cannot be had: nobody must be lost for that."""
        if server not in self._newest:
            return self.shipped
        if server not in self._own:
            await self._learn(server)
        if server not in self._own:
            return self.shipped
        self._own.move_to_end(server)
        return self._own[server][1]

    async def read(self, tx: Transaction, server: str) -> Policy:
        """The policy of a server without its matcher, which cannot be learnt in the middle of a transaction."""
        number = await policy_number(tx, server)
        if number == 0:
            return self.shipped.policy
        known = self._own.get(server)
        if known and known[0] == number and known[1].is_adapted_from(self.shipped):
            return known[1].policy
        return changed(self.shipped.policy, await policy_change(tx, server, number), number)

    def forget(self, server: str) -> None:
        """A server is gone for good."""
        self._newest.pop(server, None)
        self._own.pop(server, None)
        self._locks.pop(server, None)

    async def use(self, shipped: Matcher) -> None:
        """The shipped policy has become another one."""
        self.shipped = shipped
        self._on_new(shipped)
        for server in list(self._own):
            await self._learn(server)

    async def follow(self, server: str | None = None) -> None:
        """Take over what moderators have changed, here or in another process; of one server, or of all."""
        newest = await self._database.transaction(policy_numbers)
        self._newest.update(newest)
        for one in [server] if server else list(self._own):
            if one in self._own and self._own[one][0] != newest.get(one):
                await self._learn(one)

    async def _learn(self, server: str) -> None:
        """Learn a server's own matcher; if that fails, it is logged, and tried again at the next occasion."""
        async with self._locks[server]:
            shipped, number = self.shipped, self._newest[server]
            if (found := self._own.get(server)) and found[0] == number and found[1].is_adapted_from(shipped):
                return
            try:
                change = await self._database.transaction(partial(policy_change, server=server, up_to=number))
                matcher = await asyncio.to_thread(adapted, shipped, change, number)
            except Exception:  # noqa: BLE001 (it is logged)
                _log.exception("policy of a server could not be read", server=server)
                return
            self._on_new(matcher)
            self._own[server] = number, matcher
            self._own.move_to_end(server)
            if len(self._own) > _MOST_IN_MEMORY:
                self._locks.pop(self._own.popitem(last=False)[0], None)
            _log.info("policy of a server read", server=server, version=matcher.policy.version)


def adapted(shipped: Matcher, change: PolicyChange, number: int) -> Matcher:
    """The matcher of a server that has changed this in the shipped policy."""
    policy = changed(shipped.policy, change, number)
    return shipped if policy is shipped.policy else shipped.adapted(policy)
