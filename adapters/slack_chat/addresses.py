"""Slack's ids: servers, messages and moments.

A message is known by its channel and its `ts`, and only both together are unique (reference/methods/chat.postMessage).
For the desk they are one word, which is also the id of the thread that hangs under the message.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

PREFIX = "slack"
"""Before a workspace's id, it makes the desk's server id."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def server_of(workspace: str) -> str:
    """The desk's server id of a workspace (T...), or of an organisation that has the bot as a whole (E...)."""
    return f"{PREFIX}:{workspace}"


def workspace_of(server: str) -> str:
    """The other way round."""
    return server.removeprefix(f"{PREFIX}:")


def address(channel: str, ts: str) -> str:
    """The desk's id of a message, and of the thread under it."""
    return f"{channel}-{ts}"


def place(address: str) -> tuple[str, str]:
    """(channel, ts) of a message. Raises ValueError for what is no such id."""
    channel, dash, ts = address.partition("-")
    if not dash:
        raise ValueError("no id of a message of Slack's")
    return channel, ts


def order_of(ts: str) -> int:
    """A `ts` as a sortable number: microseconds since 1970. Raises ValueError for what is none."""
    seconds, _, fraction = ts.partition(".")
    return int(seconds) * 1_000_000 + int(fraction[:6].ljust(6, "0"))


def moment_of(ts: str) -> datetime:
    """A `ts` as the moment that it is."""
    return _EPOCH + timedelta(microseconds=order_of(ts))
