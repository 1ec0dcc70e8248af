"""Who one can be in the playground, and where they may look."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.model import Language, Person

PREFIX = "web"
"""With this and a colon begin the ids of this platform's servers."""

SERVER = f"{PREFIX}:playground"
"""The one server that the playground is."""

BOT = "bot"
"""Author of our own messages."""

BOT_NAME = "Wartemarke"
"""What people call it: with an @ before it, a message is to us."""


class Part(StrEnum):
    """The three parts to play."""

    CUSTOMER = "customer"
    AGENT = "agent"
    MODERATOR = "moderator"


@dataclass(frozen=True, slots=True)
class Player:
    """Somebody one can be: the person whom the core sees, and the part that they play."""

    person: Person
    part: Part

    @property
    def language(self) -> Language:
        """The language of the page for this person."""
        return Language.of_locale(self.person.locale) or Language.EN

    def sees(self, channel: str, readers: Collection[str] = ()) -> bool:
        """Whether this person may read and write in a channel, or in a thread of it that only has these readers."""
        if channel not in CHANNELS or self.part is not Part.CUSTOMER:
            return channel in CHANNELS
        return not CHANNELS[channel] and (not readers or self.person.id in readers)


CHANNELS: Mapping[str, bool] = {"support": False, "general": False, "agents": True, "sales": True}
"""The channels in their order, and whether they are closed to customers."""

AGENTS = "agents"
"""The channel in which the desk keeps its board."""

ROLES = ("agent", "moderator")
"""The playground's roles. The core is told them with each person, as any platform would."""


def _player(name: str, locale: str, part: Part) -> Player:
    roles = frozenset() if part is Part.CUSTOMER else frozenset({str(part)})
    return Player(Person(name.lower(), name, locale, roles, is_admin=part is Part.MODERATOR), part)


PLAYERS: Mapping[str, Player] = {
    player.person.id: player
    for player in (
        _player("Jonas", "de", Part.CUSTOMER),
        _player("Emma", "en", Part.CUSTOMER),
        _player("Aylin", "de", Part.AGENT),
        _player("Tom", "en", Part.AGENT),
        _player("Marek", "en", Part.MODERATOR),
    )
}
"""Everybody, by their id."""
