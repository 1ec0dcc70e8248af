"""Commands, buttons and forms: what a person asks of the bot, and what the bot answers."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from tests.doubles.discord import messages, shapes
from tests.doubles.discord.errors import ApiError, Json, invalid, unknown
from tests.doubles.discord.messages import Files
from tests.doubles.discord.permissions import permissions_of
from tests.doubles.discord.world import EPHEMERAL, LOADING, Member, Message, Place, Thread, World

COMMAND, COMPONENT, FORM = 2, 3, 5
TOKEN_MINUTES = 15
_TYPE_OF_ANSWER = {COMMAND: 20, COMPONENT: 19, FORM: 19}


class Callback(IntEnum):
    """The ways to answer first."""

    ANSWER = 4
    DEFER = 5
    DEFER_UPDATE = 6
    UPDATE = 7
    FORM = 9


@dataclass(eq=False)
class Interaction:
    """One thing that a person asked of the bot, and the answer as the person sees it."""

    member: Member
    place: Place = field(repr=False)
    kind: int
    data: Json
    deadline: float
    """Seconds within which the bot must react."""
    source: Message | None = None
    """The message whose button was pressed, or from whose button the form came."""
    id: str = ""
    token: str = field(default_factory=lambda: secrets.token_hex(40))
    asked: float = field(default_factory=time.monotonic)
    callback: int | None = None
    """The type of the bot's first answer; None if there was none."""
    message: Message | None = None
    """The answer, or the message that was changed."""
    modal: Json | None = None
    followups: list[Message] = field(default_factory=list)
    answered_after: float | None = None
    """Seconds until the first answer."""
    is_filled: bool = False
    """Whether there is something to read: for a deferred answer, later than the first reaction."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.id = self.place.guild.world.ids.new()

    @property
    def failed(self) -> bool:
        """Whether the person read that the application did not respond."""
        return self.callback is None

    @property
    def deferred(self) -> bool:
        return self.callback in {Callback.DEFER, Callback.DEFER_UPDATE}

    @property
    def ephemeral(self) -> bool:
        return self.message is not None and self.message.is_ephemeral

    @property
    def text(self) -> str:
        """All words of the answer and of what followed it."""
        shown = [self.message] if self.message is not None else []
        return "\n".join(message.text for message in [*shown, *self.followups])

    @property
    def components(self) -> list[Json]:
        return self.message.components if self.message is not None else []

    @property
    def files(self) -> dict[str, str]:
        """The texts of the files in it by name."""
        shown = [self.message] if self.message is not None else []
        return {name: text for message in [*shown, *self.followups] for name, text in message.files.items()}

    async def wait(self, patience: float) -> None:
        """Until the person has something to read or to fill in, or has waited in vain."""
        await self._until(lambda: self.callback is not None, self.deadline)
        if self.callback == Callback.DEFER:
            await self._until(lambda: self.is_filled, patience)

    async def _until(self, condition: Callable[[], bool], seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            return

    def payload(self) -> Json:
        """The event that Discord sends to the bot."""
        guild, world = self.place.guild, self.place.guild.world
        channel = self.place.shape() | {"permissions": str(permissions_of(self.member, self.place))}
        payload: Json = {
            "id": self.id,
            "application_id": world.me.id,
            "type": self.kind,
            "token": self.token,
            "version": 1,
            "data": self.data,
            "guild_id": guild.id,
            "guild": {"id": guild.id, "locale": guild.locale, "features": []},
            "channel_id": self.place.id,
            "channel": channel,
            "member": shapes.member(self.member) | {"permissions": channel["permissions"]},
            "app_permissions": str(permissions_of(guild.bot, self.place)),
            "locale": self.member.locale,
            "guild_locale": guild.locale,
            "entitlements": [],
            "entitlement_sku_ids": [],
            "authorizing_integration_owners": {"0": guild.id},
            "context": 0,
            "attachment_size_limit": 10 * 1024 * 1024,
        }
        if self.source is not None:
            payload["message"] = shapes.message(self.source)
        return payload

    @property
    def metadata(self) -> Json:
        """How the answer says who asked for it."""
        about: Json = {
            "id": self.id,
            "type": self.kind,
            "user": shapes.user(self.member.user),
            "authorizing_integration_owners": {"0": self.place.guild.id},
        }
        if self.kind == COMPONENT and self.source is not None:
            about["interacted_message_id"] = self.source.id
        if self.kind == FORM:
            about["triggering_interaction_metadata"] = about | {"type": COMMAND}
            if self.source is not None:
                pressed = {"type": COMPONENT, "interacted_message_id": self.source.id}
                about["triggering_interaction_metadata"] |= pressed
        return about


class Interactions:
    """All interactions, by token; takes the bot's answers to them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._by_token: dict[str, Interaction] = {}
        self.deadline = 3.0
        """Seconds within which the bot must react."""

    def open(self, member: Member, place: Place, kind: int, data: Json, source: Message | None = None) -> Interaction:
        """Tell the bot that somebody asks something of it."""
        interaction = Interaction(member, place, kind, data, self.deadline, source)
        self._by_token[interaction.token] = interaction
        place.guild.emit("INTERACTION_CREATE", interaction.payload())
        return interaction

    def call_back(self, id_: str, token: str, body: Json, files: Files) -> Json:
        """The bot's first answer; what Discord tells about it when asked for a response."""
        interaction = self._by_token.get(token)
        if interaction is None or interaction.id != id_:
            raise unknown(10062, "interaction")
        if interaction.callback is not None:
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        waited = time.monotonic() - interaction.asked
        if waited > interaction.deadline or interaction.place.is_deleted:
            raise unknown(10062, "interaction")
        _answer(interaction, body["type"], body.get("data") or {}, files)
        interaction.callback = body["type"]
        interaction.answered_after = waited
        interaction.changed.set()
        return _told(interaction)

    def of_token(self, token: str) -> Interaction:
        """The answered interaction that a later call is about."""
        interaction = self._by_token.get(token)
        if interaction is None:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        if time.monotonic() - interaction.asked > TOKEN_MINUTES * 60:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        if interaction.callback is None:
            raise unknown(10015, "Webhook")
        return interaction

    def follow_up(self, token: str, body: Json, files: Files) -> Message:
        """A further message; the first one after a deferral takes the place of "is thinking"."""
        interaction = self.of_token(token)
        original = interaction.message
        if interaction.callback == Callback.DEFER and not interaction.is_filled and original is not None:
            fill(interaction, original, body, files)
            return original
        message = _posted(interaction, body, files)
        interaction.followups.append(message)
        interaction.changed.set()
        return message


def fill(interaction: Interaction, message: Message, body: Json, files: Files) -> None:
    """Change a message of an answer; a deferred one is thereby there."""
    messages.check(body, message.flags | (body.get("flags") or 0), may_be_empty=not message.flags & LOADING)
    message.flags &= ~LOADING
    messages.edit(message, body, files)
    interaction.is_filled = True
    interaction.changed.set()


def _answer(interaction: Interaction, callback: int, data: Json, files: Files) -> None:
    """Do what the first answer says."""
    if isinstance(interaction.place, Thread) and interaction.place.locked and interaction.place.archived:
        raise ApiError(400, 50083, "Thread is archived")
    match callback:
        case Callback.ANSWER:
            interaction.message = _posted(interaction, data, files)
            interaction.is_filled = True
        case Callback.DEFER:
            flags = (data.get("flags") or 0) & EPHEMERAL | LOADING
            interaction.message = messages.post(interaction.place, _new(interaction, flags))
        case Callback.DEFER_UPDATE | Callback.UPDATE if interaction.source is not None:
            interaction.message = interaction.source
            if callback == Callback.UPDATE:
                messages.edit(interaction.source, data, files)
            interaction.is_filled = True
        case Callback.FORM if interaction.kind != FORM:
            _check_modal(data)
            interaction.modal = data | {"components": shapes.rendered(data["components"])}
        case _:
            raise invalid("type", f"Interaction callback {callback} does not fit", "INTERACTION_CALLBACK_TYPE")


def _new(interaction: Interaction, flags: int) -> Message:
    world = interaction.place.guild.world
    kind = _TYPE_OF_ANSWER[interaction.kind]
    return Message(world.ids.new(), interaction.place, world.me, flags=flags, type=kind, asked_by=interaction.metadata)


def _posted(interaction: Interaction, body: Json, files: Files) -> Message:
    flags = body.get("flags") or 0
    messages.check(body | ({"attachments": files} if files else {}), flags)
    message = _new(interaction, flags)
    messages.write(message, body, files)
    return messages.post(interaction.place, message)


def _check_modal(modal: Json) -> None:
    if not 1 <= len(modal["title"]) <= 45:
        raise invalid("data.title", "Must be between 1 and 45 in length.")
    if not 1 <= len(modal["custom_id"]) <= 100:
        raise invalid("data.custom_id", "Must be between 1 and 100 in length.")
    if not 1 <= len(modal["components"]) <= 5:
        raise invalid("data.components", "Must be between 1 and 5 in length.")
    for part in shapes.parts(modal["components"]):
        if len(part.get("label") or "") > 45:
            raise invalid("data.components.0.label", "Must be between 1 and 45 in length.")
        if len(part.get("description") or "") > 100 or len(part.get("placeholder") or "") > 150:
            raise invalid("data.components.0", "Must be 100 or fewer in length.")


def _told(interaction: Interaction) -> Json:
    about: Json = {"id": interaction.id, "type": interaction.kind}
    told: Json = {"interaction": about}
    resource: Json = {"type": interaction.callback}
    if interaction.message is not None:
        about |= {
            "response_message_id": interaction.message.id,
            "response_message_loading": interaction.callback == Callback.DEFER,
            "response_message_ephemeral": interaction.ephemeral,
        }
        if interaction.callback in {Callback.ANSWER, Callback.UPDATE}:
            resource["message"] = shapes.message(interaction.message)
            told["resource"] = resource
    return told
