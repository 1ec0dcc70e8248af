"""People who write, press and fill in, with the same hindrances that Discord's app puts in their way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.doubles.discord import forms, messages, options, shapes
from tests.doubles.discord.commands import CHAT_INPUT, MESSAGE_MENU
from tests.doubles.discord.errors import ImpossibleError, Json
from tests.doubles.discord.interactions import COMMAND, COMPONENT, FORM, Interaction, Interactions
from tests.doubles.discord.permissions import Permission, may, permissions_of, sees, sending
from tests.doubles.discord.world import GuildState, Member, Message, Place, Role, Thread, User

PATIENCE = 15.0
"""Seconds that people wait for an answer that was deferred."""


@dataclass(eq=False)
class Person(Member):
    """Somebody in a guild."""

    async def says(
        self,
        place: Place,
        text: str,
        *,
        mentions_bot: bool = False,
        answers: Message | None = None,
        files: Mapping[str, str] | None = None,
    ) -> Message:
        """Write in a channel or thread."""
        self._must_see(place)
        if not may(self, place, sending(place)) or (isinstance(place, Thread) and place.locked):
            raise ImpossibleError(f"{self.user.name} may not write in {place.name}")
        world = self.guild.world
        words = f"{world.me.mention} {text}" if mentions_bot else text
        kind = 19 if answers is not None else 0
        message = Message(world.ids.new(), place, self.user, type=kind, answers=answers)
        if isinstance(place, Thread):
            place.change(archived=False)
            place.add(self.user)
        uploads = [(name, content.encode()) for name, content in (files or {}).items()]
        messages.write(message, {"content": words}, uploads)
        return messages.post(place, message)

    async def edits(self, message: Message, text: str) -> None:
        messages.write(message, {"content": text}, [])
        message.edited_at = datetime.now(UTC)
        message.tell("MESSAGE_UPDATE")

    async def deletes(self, message: Message) -> None:
        message.place.remove(message)

    async def uses(self, place: Place, command: str, *, anyway: bool = False, **values: Any) -> Interaction:
        """Use a slash command; wait for the answer. `anyway` also uses one that is hidden from this person."""
        self._must_see(place)
        registered = self._command(command.split(maxsplit=1)[0], CHAT_INPUT, place, anyway=anyway)
        return await self._ask(place, COMMAND, options.chosen(self.guild, registered, command, values))

    async def picks(self, message: Message, menu: str, *, anyway: bool = False) -> Interaction:
        """Use an entry of a message's menu; wait for the answer."""
        self._must_see(message.place)
        registered = self._command(menu, MESSAGE_MENU, message.place, anyway=anyway)
        data = {
            "id": registered["id"],
            "name": registered["name"],
            "type": MESSAGE_MENU,
            "target_id": message.id,
            "resolved": {"messages": {message.id: shapes.message(message)}},
        }
        return await self._ask(message.place, COMMAND, data)

    async def presses(self, where: Message | Interaction, button: str) -> Interaction:
        """Press the button with this label or custom id; wait for the answer."""
        message = where if isinstance(where, Message) else _shown(where)
        if isinstance(where, Interaction) and where.ephemeral and where.member is not self:
            raise ImpossibleError(f"only {where.member.user.name} sees that answer")
        self._must_see(message.place)
        if message.is_deleted or (isinstance(message.place, Thread) and message.place.locked):
            raise ImpossibleError("the message is gone, or its thread is locked: its buttons are dead")
        found = [each for each in message.buttons if button in (each.get("label"), each.get("custom_id"))]
        if not found or found[0].get("disabled") or "custom_id" not in found[0]:
            labels = [each.get("label") for each in message.buttons]
            raise ImpossibleError(f"no button {button!r} to press among {labels}")
        return await self.forges(message, found[0]["custom_id"], component_id=found[0]["id"])

    async def forges(self, message: Message, custom_id: str, *, component_id: int = 1) -> Interaction:
        """Press a button that the message need not have."""
        data = {"component_type": shapes.BUTTON, "custom_id": custom_id, "id": component_id}
        return await self._ask(message.place, COMPONENT, data, message)

    async def fills_in(self, form: Interaction, answers: Mapping[str, Any]) -> Interaction:
        """Send a form; what is left out stays as it was. Keys are custom ids or labels."""
        if form.modal is None:
            raise ImpossibleError("the answer was no form")
        data = forms.filled_in(self.guild, form.place, form.modal, answers)
        return await self._ask(form.place, FORM, data, form.source)

    async def leaves(self, thread: Thread) -> None:
        thread.drop(self.id)

    async def archives(self, thread: Thread, *, lock: bool = False) -> None:
        """Close a thread by hand."""
        thread.change(archived=True, locked=lock)

    async def _ask(self, place: Place, kind: int, data: Json, source: Message | None = None) -> Interaction:
        interaction = self._interactions.open(self, place, kind, data, source)
        await interaction.wait(PATIENCE)
        return interaction

    @property
    def _interactions(self) -> Interactions:
        guild = self.guild
        if not isinstance(guild, Guild):
            raise TypeError
        return guild.interactions

    def _must_see(self, place: Place) -> None:
        if place.is_deleted or self.guild.members.get(self.id) is not self or not sees(self, place):
            raise ImpossibleError(f"{self.user.name} cannot see {place.name}")

    def _command(self, name: str, kind: int, place: Place, *, anyway: bool) -> Json:
        """A registered command that this person has in the list."""
        available = self.guild.world.commands.available(self.guild.id)
        for command in available:
            names = {command["name"], *(command.get("name_localizations") or {}).values()}
            if command["type"] == kind and name in names:
                break
        else:
            raise ImpossibleError(f"no command {name!r} is registered")
        needed = command["default_member_permissions"]
        mine = permissions_of(self, place)
        is_hidden = needed is not None and not (int(needed) and mine & int(needed) == int(needed))
        if not anyway and not mine & Permission.ADMINISTRATOR and is_hidden:
            raise ImpossibleError(f"{name!r} is hidden from {self.user.name}")
        return command


def _shown(answer: Interaction) -> Message:
    shown = answer.followups[-1] if answer.followups else answer.message
    if shown is None:
        raise ImpossibleError("the answer has no message")
    return shown


@dataclass(eq=False, kw_only=True)
class Guild(GuildState):
    """A guild that people join."""

    interactions: Interactions = field(repr=False)

    def add_member(
        self, name: str, *, locale: str = "en-US", roles: Sequence[Role] = (), permissions: int = 0
    ) -> Person:
        """Somebody joins; `permissions` come on top of what their roles give them."""
        user = User(self.world.ids.new(), name)
        person = Person(user, self, list(roles), locale, int(permissions))
        self.members[user.id] = person
        self.emit("GUILD_MEMBER_ADD", {**shapes.member(person), "guild_id": self.id})
        return person
