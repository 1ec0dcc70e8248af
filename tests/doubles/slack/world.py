"""What exists on the stand-in: workspaces, channels, people, messages. Every change tells the app's doors."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.doubles.slack import shapes
from tests.doubles.slack.errors import Json
from tests.doubles.slack.ids import Ids
from tests.doubles.slack.keys import Keys


@dataclass(eq=False)
class User:
    """An account: a person's or a bot's."""

    id: str
    name: str
    workspace: Workspace = field(repr=False)
    team: str
    """The workspace that it belongs to; of a stranger, another one than the bot's."""
    locale: str | None = "en-US"
    """None for strangers, of whom Slack does not tell it."""
    is_admin: bool = False
    is_owner: bool = False
    is_deleted: bool = False
    bot_id: str | None = None

    @property
    def is_bot(self) -> bool:
        return self.bot_id is not None

    @property
    def is_stranger(self) -> bool:
        return self.team not in self.workspace.teams

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"


@dataclass(eq=False)
class Group:
    """A user group."""

    id: str
    name: str
    workspace: Workspace = field(repr=False)
    users: list[User] = field(default_factory=list)
    is_enabled: bool = True

    @property
    def mention(self) -> str:
        return f"<!subteam^{self.id}>"

    def set_members(self, users: Iterable[User]) -> None:
        before, self.users = self.users, list(users)
        self.workspace.tell(shapes.members_changed(self, before))
        self.workspace.tell({"type": "subteam_updated", "subteam": shapes.group(self)})

    def disable(self) -> None:
        self.is_enabled = False
        self.workspace.tell({"type": "subteam_updated", "subteam": shapes.group(self)})


@dataclass(eq=False)
class File:
    """Something uploaded."""

    id: str
    name: str
    content: bytes
    user: User
    title: str = ""
    path: str = ""
    """Where it can be fetched, after the address of the stand-in."""
    channels: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Message:
    """A message in a channel; with `seen_by`, one that only this person sees."""

    ts: str
    channel: Channel = field(repr=False)
    user: User
    text: str = ""
    blocks: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    """The root of the thread that it stands in; None at the root of the channel."""
    subtype: str | None = None
    edited: str | None = None
    """When it was last edited, as a timestamp."""
    metadata: Json | None = None
    reactions: dict[str, list[User]] = field(default_factory=dict)
    files: list[File] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    """Previews of links, which Slack adds by itself."""
    seen_by: User | None = None
    is_deleted: bool = False
    is_tombstone: bool = False
    """Deleted, but its replies still hang under it."""

    @property
    def workspace(self) -> Workspace:
        return self.channel.workspace

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None

    @property
    def replies(self) -> list[Message]:
        return [each for each in self.channel.messages if each.thread_ts == self.ts]

    @property
    def buttons(self) -> list[Json]:
        return shapes.buttons(self.blocks)

    @property
    def shown(self) -> str:
        """All that can be read in it, a line each: of one with blocks, those (`text` is for notifications)."""
        return shapes.words(self.blocks) if self.blocks else self.text

    @property
    def address(self) -> str:
        """Channel and timestamp, joined."""
        return f"{self.channel.id}-{self.ts}"

    @property
    def permalink(self) -> str:
        return f"{self.workspace.url}archives/{self.channel.id}/p{self.ts.replace('.', '')}"


@dataclass(eq=False)
class Channel:
    """A channel, or a direct conversation between a person and the bot."""

    id: str
    name: str
    workspace: Workspace = field(repr=False)
    is_private: bool = False
    person: User | None = None
    """Whose direct conversation it is."""
    partner: User | None = None
    """With whom, if not with the bot."""
    is_shared: bool = False
    """Whether people of other workspaces are in it (Slack Connect)."""
    has_bot: bool = True
    is_archived: bool = False
    is_deleted: bool = False
    posted: dict[str, Message] = field(default_factory=dict, repr=False)
    """By timestamp, in order; without what only one person sees."""
    absent: list[User] = field(default_factory=list)
    """Who could be in it, and is not."""

    def has(self, user: User) -> bool:
        """Whether somebody is in it."""
        if self.person is not None:
            return user in (self.person, self.partner or self.workspace.bot)
        if user is self.workspace.bot:
            return self.has_bot
        return user not in self.absent and (self.is_shared or not user.is_stranger)

    @property
    def is_direct(self) -> bool:
        return self.person is not None

    @property
    def kind(self) -> str:
        """Slack's `channel_type`."""
        return "im" if self.is_direct else "group" if self.is_private else "channel"

    @property
    def messages(self) -> list[Message]:
        return list(self.posted.values())

    @property
    def roots(self) -> list[Message]:
        """What stands in the channel itself."""
        return [message for message in self.messages if not message.is_reply]

    @property
    def mention(self) -> str:
        return f"<#{self.id}|{self.name}>"

    def tell(self, event: Json) -> None:
        """Tell the app, if it is in here."""
        if self.has_bot:
            self.workspace.tell(event, self)

    # --- what happens to it ---

    def rename(self, name: str) -> None:
        self.name = name
        kind = "group_rename" if self.is_private else "channel_rename"
        self.tell({"type": kind, "channel": {"id": self.id, "name": name, "created": shapes.CREATED}})

    def archive(self, by: User | None = None) -> None:
        self.is_archived = True
        self._tell_change("archive", by)

    def unarchive(self, by: User | None = None) -> None:
        self.is_archived = False
        self._tell_change("unarchive", by)

    def delete(self, by: User | None = None) -> None:
        self.is_deleted = True
        self._tell_change("deleted", by)

    def _tell_change(self, what: str, by: User | None) -> None:
        who = (by or self.workspace.owner).id
        kind = "group" if self.is_private else "channel"
        self.tell({"type": f"{kind}_{what}", "channel": self.id, "user": who, "actor_id": who})

    def change_id(self) -> str:
        """Give it another id, as sharing a private channel once did; the old id is dead. Returns the new one."""
        old, self.id = self.id, self.workspace.world.ids.new("C")
        channels = self.workspace.channels
        channels[self.id] = channels.pop(old)
        self.tell({"type": "channel_id_changed", "old_channel_id": old, "new_channel_id": self.id})
        return self.id

    def invite_bot(self, by: User | None = None) -> None:
        self.has_bot = True
        event = {"type": "member_joined_channel", "user": self.workspace.bot.id, "channel": self.id}
        more = {"channel_type": self.id[0], "team": self.workspace.home, "inviter": (by or self.workspace.owner).id}
        self.tell(event | more)

    def remove_bot(self, by: User | None = None) -> None:
        """Throw the bot out; that it left is the last thing that it hears from here."""
        kind = "group_left" if self.is_private else "channel_left"
        self.tell({"type": kind, "channel": self.id, "actor_id": (by or self.workspace.owner).id})
        self.has_bot = False

    # --- its messages ---

    def keep(self, message: Message) -> Message:
        """Put a new message in it, and tell."""
        self.posted[message.ts] = message
        self.tell(shapes.posted(message))
        bot = self.workspace.bot
        if bot.mention in message.text and message.user is not bot and not self.is_direct:
            self.tell(shapes.mentioned(message))
        return message

    def edit(self, message: Message, *, is_unfurl: bool = False, **changes: object) -> None:
        """Change a message, and tell."""
        before = shapes.message(message)
        for name, value in changes.items():
            setattr(message, name, value)
        ts = self.workspace.world.ids.ts()
        if not is_unfurl:
            message.edited = ts
        self.tell(shapes.changed(message, before, ts))

    def unfurl(self, message: Message) -> None:
        """Slack shows what a link in it leads to: a change, but nobody has edited it."""
        preview = {"id": 1, "from_url": "https://example.com", "fallback": "Example", "title": "Example"}
        self.edit(message, is_unfurl=True, attachments=[preview])

    def remove(self, message: Message) -> None:
        """Delete a message; a root with replies leaves a tombstone."""
        before, ts = shapes.message(message), self.workspace.world.ids.ts()
        message.is_deleted = True
        if message.replies:
            message.is_tombstone = True
            self.tell(shapes.changed(message, before, ts))
            return
        del self.posted[message.ts]
        self.tell(shapes.deleted(message, before, ts))


@dataclass(eq=False)
class View:
    """A form that a person has before them, or their Home tab."""

    id: str
    user: User
    workspace: Workspace = field(repr=False)
    data: Json
    """As the app gave it, with the ids that Slack adds where there were none."""
    hash: str = field(default_factory=lambda: secrets.token_hex(8))
    below: View | None = None
    """The one that it was pushed onto."""
    is_open: bool = True

    @property
    def shown(self) -> str:
        """All that can be read in it, a line each."""
        title = self.data.get("title", {}).get("text", "")
        return "\n".join(filter(None, [title, shapes.words(self.data["blocks"])]))

    @property
    def buttons(self) -> list[Json]:
        return shapes.buttons(self.data["blocks"])

    @property
    def root(self) -> View:
        return self if self.below is None else self.below.root

    def change(self, data: Json) -> None:
        self.data = shapes.with_ids(data, self.workspace.world.ids)
        self.hash = secrets.token_hex(8)


@dataclass(eq=False)
class Workspace:
    """A workspace, or an organisation, that has installed the app."""

    world: World = field(repr=False)
    id: str
    """T..., or E... where a whole organisation has installed the app."""
    name: str
    enterprise: str | None = None
    """The organisation that it belongs to, or is."""
    teams: list[str] = field(default_factory=list)
    """The workspaces (T...) in it; of a plain workspace, itself."""
    has_groups: bool = True
    """Whether it pays for user groups."""
    is_installed: bool = True
    scopes: frozenset[str] = frozenset()
    users: dict[str, User] = field(default_factory=dict, repr=False)
    groups: dict[str, Group] = field(default_factory=dict, repr=False)
    channels: dict[str, Channel] = field(default_factory=dict, repr=False)
    """By id, the direct ones, too."""
    files: dict[str, File] = field(default_factory=dict, repr=False)
    homes: dict[str, View] = field(default_factory=dict, repr=False)
    """The Home tabs, by person."""
    ephemerals: list[Message] = field(default_factory=list, repr=False)
    """What only one person saw, in order."""

    def __post_init__(self) -> None:
        self.bot = User(self.world.ids.new("U"), "wartemarke", self, self.home, bot_id=self.world.ids.new("B"))
        self.users[self.bot.id] = self.bot
        self.owner = User(self.world.ids.new("U"), "owner", self, self.home, is_admin=True, is_owner=True)
        self.users[self.owner.id] = self.owner

    @property
    def home(self) -> str:
        """The workspace in which things happen where an organisation has several."""
        return self.teams[0]

    @property
    def is_organisation(self) -> bool:
        return self.id.startswith("E")

    @property
    def domain(self) -> str:
        return self.name.lower().replace(" ", "-")

    @property
    def url(self) -> str:
        return f"https://{self.domain}.slack.com/"

    def tell(self, event: Json, channel: Channel | None = None) -> None:
        if self.is_installed and self.world.is_subscribed(event, channel):
            self.world.tell(self, {"event_ts": self.world.ids.ts()} | event, channel)

    def direct(self, user: User) -> Channel:
        """The direct conversation of somebody with the bot; opened when it is first asked for."""
        for channel in self.channels.values():
            if channel.person is user and channel.partner is None:
                return channel
        return self._add(Channel(self.world.ids.new("D"), "directmessage", self, person=user))

    def between(self, user: User, other: User) -> Channel:
        """A direct conversation of two people, of which the bot knows nothing."""
        id_, kind = self.world.ids.new("D"), "directmessage"
        return self._add(Channel(id_, kind, self, is_private=True, person=user, partner=other, has_bot=False))

    def add_channel(self, name: str, *, private: bool = False, shared: bool = False, has_bot: bool = True) -> Channel:
        """A channel that everybody here is in; the bot, too, unless `has_bot` is False."""
        channel = Channel(self.world.ids.new("C"), name, self, private, is_shared=shared, has_bot=has_bot)
        return self._add(channel)

    def _add(self, channel: Channel) -> Channel:
        self.channels[channel.id] = channel
        return channel

    def add_group(self, name: str, users: Iterable[User] = ()) -> Group:
        group = Group(self.world.ids.new("S"), name, self, list(users))
        self.groups[group.id] = group
        self.tell({"type": "subteam_created", "subteam": shapes.group(group)})
        return group

    def store(self, name: str, content: bytes, user: User) -> File:
        file = File(self.world.ids.new("F"), name, content, user, title=name)
        file.path = f"/files/{self.id}-{file.id}/{name}"
        self.files[file.id] = file
        return file

    def uninstall(self, *, tokens_first: bool = True) -> None:
        """Remove the app. Slack tells it in two events, in no fixed order."""
        revoked = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [self.bot.id]}}
        events: list[Json] = [revoked, {"type": "app_uninstalled"}]
        for event in events if tokens_first else reversed(events):
            self.tell(event)
        self.world.revoke(self)
        self.is_installed = False

    def revoke_tokens(self) -> None:
        """An admin takes the tokens away; the app stays in the list."""
        self.tell({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [self.bot.id]}})
        self.world.revoke(self)


@dataclass(eq=False)
class App:
    """The one app that there is, as its owner has configured it."""

    id: str
    name: str = "Wartemarke"
    app_token: str = "xapp-1-A0-double-of-slack"
    client_id: str = "1000000.2000000"
    client_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    signing_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    verification: str = field(default_factory=lambda: secrets.token_hex(12))
    """The old token that every payload carries."""
    events: frozenset[str] | None = None
    """What it subscribed to, as the manifest names it; None is everything."""
    commands: frozenset[str] | None = None
    shortcuts: Json | None = None
    """Kind by callback id."""
    rotates_tokens: bool = False
    redirect_urls: list[str] = field(default_factory=list)
    """Where people may be sent back to after an installation; empty is anywhere."""


@dataclass(eq=False)
class Token:
    """A key to a workspace."""

    workspace: Workspace
    is_revoked: bool = False
    ends_at: float | None = None
    """When it ends by itself; None is never."""


class World:
    """Everything on the stand-in."""

    def __init__(self) -> None:
        self.ids = Ids()
        self.app = App(self.ids.new("A0"))
        self.base_url = ""
        self.workspaces: dict[str, Workspace] = {}
        self.tokens: dict[str, Token] = {}
        self.keys = Keys(self.ids)
        self.views: dict[str, View] = {}
        self.tells_own_messages = True
        """Whether the app hears of what it posts itself, as real ones do."""
        self.tell: Callable[[Workspace, Json, Channel | None], object] = lambda *_: None
        """Who hears of what happens."""

    def is_subscribed(self, event: Json, channel: Channel | None) -> bool:
        """Whether the app hears of such an event."""
        if not self.tells_own_messages and shapes.is_apps_own(event):
            return False
        name = event["type"]
        if name == "message" and channel is not None:
            name = f"message.{channel.kind}s" if channel.kind != "im" else "message.im"
        return self.app.events is None or name in self.app.events

    def revoke(self, workspace: Workspace) -> None:
        for token in self.tokens.values():
            token.is_revoked = token.is_revoked or token.workspace is workspace

    def new_token(self, workspace: Workspace, seconds: float | None = None) -> str:
        """A bot token for a workspace; `seconds` is how long it lives."""
        name = f"xoxb-{workspace.id}-{secrets.token_hex(8)}"
        self.tokens[name] = Token(workspace, ends_at=None if seconds is None else self.ids.now() + seconds)
        return name

    def stack(self, user: User) -> list[View]:
        """The forms that somebody has open, the topmost last."""
        return [view for view in self.views.values() if view.user is user and view.is_open]
