"""People who write, press and fill in, with the same hindrances that Slack's app puts in their way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.slack import forms, payloads, shapes
from tests.doubles.slack.answers import Answer, Asking
from tests.doubles.slack.commands import BUILT_IN
from tests.doubles.slack.errors import ImpossibleError, Json
from tests.doubles.slack.world import Channel, Message, User, View, Workspace

Where = Message | View | Answer
"""Something with buttons."""


@dataclass(eq=False, kw_only=True)
class Person(User):
    """Somebody in a workspace. Acts that are only told return at once; those that are answered, with the answer."""

    asking: Asking = field(repr=False)

    # --- writing ---

    def says(
        self,
        channel: Channel,
        text: str,
        *,
        under: Message | str | None = None,
        broadcast: bool = False,
        files: Mapping[str, str] | None = None,
        mentions_bot: bool = False,
        subtype: str | None = None,
    ) -> Message:
        """Write in a channel, or in a thread: `under` is its root, a reply in it, or a timestamp."""
        self._must_be_in(channel)
        words = f"{self.workspace.bot.mention} {text}" if mentions_bot else text
        message = Message(self.workspace.world.ids.ts(), channel, self, self._typed(words), subtype=subtype)
        message.thread_ts = (under.thread_ts or under.ts) if isinstance(under, Message) else under
        message.files = [self.workspace.store(name, content.encode(), self) for name, content in (files or {}).items()]
        if message.files:
            message.subtype = "file_share"
        elif broadcast:
            message.subtype = "thread_broadcast"
        message.blocks = shapes.rich_text(message.text)
        return channel.keep(message)

    def writes_to_bot(self, text: str, *, under: Message | None = None) -> Message:
        """Write in the direct conversation with the bot."""
        return self.says(self.direct, text, under=under)

    def edits(self, message: Message, text: str) -> None:
        if message.user is not self:
            raise ImpossibleError("people edit their own messages only")
        words = self._typed(text)
        message.channel.edit(message, text=words, blocks=shapes.rich_text(words))

    def deletes(self, message: Message) -> None:
        """Their own, or, as an admin, anybody's."""
        if message.user is not self and not self.is_admin:
            raise ImpossibleError("people delete their own messages only")
        message.channel.remove(message)

    def reacts(self, message: Message, name: str) -> None:
        self._must_be_in(message.channel)
        users = message.reactions.setdefault(name, [])
        if self in users:
            raise ImpossibleError(f"{self.name} has reacted with {name} already")
        users.append(self)
        ts = self.workspace.world.ids.ts()
        message.channel.tell(payloads.reacted(self, message, name, ts, is_added=True))

    def takes_back(self, message: Message, name: str) -> None:
        """Remove a reaction."""
        message.reactions[name].remove(self)
        ts = self.workspace.world.ids.ts()
        message.channel.tell(payloads.reacted(self, message, name, ts, is_added=False))

    # --- asking ---

    async def uses(self, channel: Channel, command: str) -> Answer:
        """Type a slash command, e.g. "/claim 12"; never in a thread, where Slack takes none."""
        self._must_be_in(channel)
        self._must_be_at_home("commands")
        name, _, words = command.partition(" ")
        if name in BUILT_IN:
            raise ImpossibleError(f"{name} is Slack's own command, no app is told of it")
        commands = self.workspace.world.app.commands
        if commands is not None and name not in commands:
            raise ImpossibleError(f"no command {name!r} among {sorted(commands)}")
        return await self.asking.command(self, channel, name, self._typed(words))

    async def presses(self, where: Where, button: str) -> Answer:
        """Press the button with this label or value."""
        source = _source(where, button)
        self._must_see(source)
        for each in source.buttons:
            if button in (each["text"]["text"], each.get("value")):
                return await self.asking.press(self, source, each)
        labels = [each["text"]["text"] for each in source.buttons]
        raise ImpossibleError(f"no button {button!r} to press among {labels}")

    async def forges(self, source: Message | View, value: str, action_id: str = "desk.0") -> Answer:
        """Press a button that the message need not have."""
        text = {"type": "plain_text", "text": "x", "emoji": True}
        button = {"type": "button", "block_id": "b", "action_id": action_id, "text": text, "value": value}
        return await self.asking.press(self, source, button)

    async def picks(self, message: Message, callback_id: str) -> Answer:
        """Use a message shortcut."""
        self._must_see(message)
        self._must_be_at_home("shortcuts")
        self._must_have_shortcut(callback_id, "message")
        return await self.asking.pick(self, message, callback_id)

    async def starts(self, callback_id: str) -> Answer:
        """Use a global shortcut."""
        self._must_be_at_home("shortcuts")
        self._must_have_shortcut(callback_id, "global")
        return await self.asking.start(self, callback_id)

    async def fills_in(self, form: View | Answer, answers: Mapping[str, Any]) -> Answer:
        """Send a form; what is left out stays as it was. Keys are labels or ids of blocks."""
        view = form.modal if isinstance(form, Answer) else form
        if not view.is_open or view.user is not self:
            raise ImpossibleError("that form is closed, or somebody else's")
        return await self.asking.submit(self, view, forms.filled_in(view, answers))

    async def forges_form(self, view: View, state: Json) -> Answer:
        """Send a form with any state, as a crafted request would."""
        return await self.asking.submit(self, view, state)

    def closes(self, form: View | Answer) -> None:
        view = form.modal if isinstance(form, Answer) else form
        view.is_open = False

    async def opens_home(self, tab: str = "home") -> View | None:
        """Look at the app's Home tab (or its messages); what stands there when the app has been told."""
        event = payloads.home_opened(self, self.direct, tab, self.home)
        if self.workspace.is_installed and self.workspace.world.is_subscribed(event, None):
            await self.asking.deliveries.tell(self.workspace, event).settled.wait()
        return self.home

    # --- looking ---

    @property
    def home(self) -> View | None:
        """What stands in the Home tab; None until the app has published something."""
        return self.workspace.homes.get(self.id)

    @property
    def direct(self) -> Channel:
        """The direct conversation with the bot."""
        return self.workspace.direct(self)

    @property
    def ephemerals(self) -> list[Message]:
        """What only this person saw, in order."""
        return [message for message in self.workspace.ephemerals if message.seen_by is self]

    @property
    def modals(self) -> list[View]:
        """The open forms, the topmost last."""
        return self.workspace.world.stack(self)

    # --- coming and going ---

    def joins(self, channel: Channel) -> None:
        if self in channel.absent:
            channel.absent.remove(self)
        more = {"channel": channel.id, "channel_type": channel.id[0], "team": self.team}
        channel.tell({"type": "member_joined_channel", "user": self.id, **more})

    def leaves(self, channel: Channel) -> None:
        channel.absent.append(self)
        more = {"channel": channel.id, "channel_type": channel.id[0], "team": self.team}
        channel.tell({"type": "member_left_channel", "user": self.id, **more})

    def is_removed(self) -> None:
        """An admin deactivates the account."""
        self.is_deleted = True
        self.workspace.tell({"type": "user_change", "user": shapes.user(self, with_locale=True)})

    # --- what Slack's app does not let people do ---

    def _typed(self, text: str) -> str:
        """What Slack makes of typed words: escaped, and names of people and channels become mentions."""
        mentions = r"<[@#!][^<>]+>"
        parts = re.split(f"({mentions})", text)
        escaped = [part if re.fullmatch(mentions, part) else _escaped(part) for part in parts]
        return "".join(escaped)

    def _must_be_in(self, channel: Channel) -> None:
        if channel.is_deleted or not channel.has(self):
            raise ImpossibleError(f"{self.name} is not in {channel.name}")
        if channel.is_archived:
            raise ImpossibleError(f"{channel.name} is archived")

    def _must_see(self, source: Message | View) -> None:
        if isinstance(source, View):
            if source.user is not self:
                raise ImpossibleError("that is somebody else's view")
        elif source.is_deleted or source.seen_by not in (None, self) or not source.channel.has(self):
            raise ImpossibleError(f"{self.name} does not see that message")

    def _must_be_at_home(self, what: str) -> None:
        if self.is_stranger:
            raise ImpossibleError(f"{what} are only for people of the workspace that has the app")

    def _must_have_shortcut(self, callback_id: str, kind: str) -> None:
        shortcuts = self.workspace.world.app.shortcuts
        if shortcuts is not None and shortcuts.get(callback_id) != kind:
            raise ImpossibleError(f"no {kind} shortcut {callback_id!r} among {shortcuts}")


def _source(where: Where, button: str) -> Message | View:
    """Where the button is: of an answer, its latest part that has it."""
    if not isinstance(where, Answer):
        return where
    shown: list[Message | View] = [*where.messages, *(view for view in where.views if view.is_open)]
    for part in reversed(shown):
        if any(button in (each["text"]["text"], each.get("value")) for each in part.buttons):
            return part
    raise ImpossibleError(f"no button {button!r} among {where.buttons}")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@dataclass(eq=False, kw_only=True)
class Shop(Workspace):
    """A workspace that people join."""

    asking: Asking = field(repr=False)

    def add_person(
        self, name: str, *, locale: str = "en-US", admin: bool = False, owner: bool = False, prefix: str = ""
    ) -> Person:
        """Somebody joins; in an organisation their id begins with W."""
        id_ = self.world.ids.new(prefix or ("W" if self.enterprise is not None else "U"))
        person = Person(id_, name, self, self.home, locale, admin or owner, owner, asking=self.asking)
        self.users[person.id] = person
        return person

    def add_stranger(self, name: str) -> Person:
        """Somebody of another workspace, met in shared channels; Slack tells no locale of theirs."""
        person = Person(self.world.ids.new("U"), name, self, self.world.ids.new("T"), None, asking=self.asking)
        self.users[person.id] = person
        return person

    def add_bot(self, name: str) -> Person:
        """Another app's bot."""
        bot_id = self.world.ids.new("B")
        bot = Person(self.world.ids.new("U"), name, self, self.home, bot_id=bot_id, asking=self.asking)
        self.users[bot.id] = bot
        return bot
