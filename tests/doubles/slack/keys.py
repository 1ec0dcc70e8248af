"""What lets the app answer a person's act: an id that opens a form, and an address that takes words."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.doubles.slack.ids import Ids

if TYPE_CHECKING:
    from tests.doubles.slack.world import Channel, Message, User, View, Workspace

TRIGGER_SECONDS = 3.0
"""How long after a person's act a form may be opened."""
RESPONSE_SECONDS, RESPONSES = 30 * 60.0, 5
"""How long, and how often, a response address takes words."""


@dataclass(eq=False)
class Trigger:
    """What lets the app open a form for a person, soon after they did something."""

    user: User
    workspace: Workspace
    at: float
    opened: Callable[[View], object]
    """Is told of the form."""
    view: View | None = None
    """The form in which they did it."""
    is_used: bool = False


@dataclass(eq=False)
class ResponseAddress:
    """Where an app may answer a person's act."""

    user: User
    channel: Channel
    at: float
    shown: Callable[[Message], object]
    """Is told of each answer."""
    source: Message | None = None
    """The message whose button was pressed."""
    uses: int = 0


class Keys:
    """All of them, by name."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self.triggers: dict[str, Trigger] = {}
        self.addresses: dict[str, ResponseAddress] = {}

    def new_trigger(self, user: User, opened: Callable[[View], object], view: View | None = None) -> str:
        """An id for what somebody does now, perhaps in a view."""
        name = self._ids.trigger()
        self.triggers[name] = Trigger(user, user.workspace, self._ids.now(), opened, view)
        return name

    def new_address(
        self, user: User, channel: Channel, shown: Callable[[Message], object], source: Message | None = None
    ) -> str:
        """A response address for what somebody does now, perhaps with a message."""
        name = secrets.token_hex(12)
        self.addresses[name] = ResponseAddress(user, channel, self._ids.now(), shown, source)
        return f"{channel.workspace.world.base_url}/responses/{channel.workspace.id}/{name}"

    def address_of(self, url: str) -> ResponseAddress:
        return self.addresses[url.rpartition("/")[2]]
