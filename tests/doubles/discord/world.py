"""What exists on the stand-in: guilds, channels, threads, people and messages. Every change tells the gateway."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.doubles.discord import shapes
from tests.doubles.discord.commands import Commands
from tests.doubles.discord.errors import Json
from tests.doubles.discord.ids import Snowflakes, moment

EPHEMERAL = 1 << 6
LOADING = 1 << 7
HAS_THREAD = 1 << 5
COMPONENTS_V2 = 1 << 15


@dataclass(eq=False, slots=True)
class User:
    """An account: a person's or the bot's."""

    id: str
    name: str
    is_bot: bool = False

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"


@dataclass(eq=False, slots=True)
class Role:
    """A role of a guild."""

    id: str
    name: str
    permissions: int
    position: int
    of_bot: str | None = None
    """The bot whose own role it is."""
    mentionable: bool = False
    """Whether everybody may ping it."""

    @property
    def mention(self) -> str:
        return f"<@&{self.id}>"


@dataclass(eq=False)
class Member:
    """An account in a guild."""

    user: User
    guild: GuildState = field(repr=False)
    roles: list[Role] = field(default_factory=list)
    locale: str = "en-US"
    extra_permissions: int = 0
    """What this member may do beyond their roles."""

    @property
    def id(self) -> str:
        return self.user.id

    @property
    def mention(self) -> str:
        return self.user.mention

    def set_roles(self, roles: list[Role]) -> None:
        self.roles = list(roles)
        self.guild.emit("GUILD_MEMBER_UPDATE", {**shapes.member(self), "guild_id": self.guild.id})


@dataclass(eq=False)
class Message:
    """A message in a channel or thread, or a private answer that only one person sees."""

    id: str
    place: Place = field(repr=False)
    author: User
    content: str = ""
    components: list[Json] = field(default_factory=list)
    embeds: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    mentions: list[User] = field(default_factory=list)
    mention_roles: list[Role] = field(default_factory=list)
    flags: int = 0
    type: int = 0
    nonce: str | None = None
    answers: Message | None = None
    edited_at: datetime | None = None
    asked_by: Json | None = None
    """Discord's `interaction_metadata` of an answer to a command, button or form."""
    thread: Thread | None = None
    is_deleted: bool = False
    sent_at: datetime = field(init=False)
    """When it counts as sent; a test makes a message old by changing it."""

    def __post_init__(self) -> None:
        self.sent_at = moment(self.id)

    @property
    def is_ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def text(self) -> str:
        """All words of it: the content and every text display, a line each."""
        texts = [part["content"] for part in shapes.parts(self.components) if part["type"] == shapes.TEXT_DISPLAY]
        return "\n".join(filter(None, [self.content, *texts]))

    @property
    def files(self) -> dict[str, str]:
        """The texts of the files that readers see: with V2 components, only of those that a component shows."""
        shown = self.attachments
        if self.flags & COMPONENTS_V2:
            parts = shapes.parts(self.components)
            ids = {part["file"].get("attachment_id") for part in parts if part["type"] == shapes.FILE}
            shown = [attachment for attachment in self.attachments if attachment["id"] in ids]
        world = self.place.guild.world
        return {file["filename"]: world.files[file["url"].removeprefix(world.base_url)].decode() for file in shown}

    @property
    def pictures(self) -> list[tuple[bytes, str]]:
        """The pictures of its galleries, each with what is told of it to those who cannot see it."""
        galleries = [part for part in shapes.parts(self.components) if part["type"] == shapes.GALLERY]
        world = self.place.guild.world
        items = [item for gallery in galleries for item in gallery["items"]]
        paths = [item["media"]["url"].removeprefix(world.base_url) for item in items]
        return [(world.files[path], item.get("description", "")) for path, item in zip(paths, items, strict=True)]

    @property
    def buttons(self) -> list[Json]:
        return [part for part in shapes.parts(self.components) if part["type"] == shapes.BUTTON]

    def tell(self, event: str) -> None:
        """Send the whole message to the gateway, unless only one person can see it."""
        if self.is_ephemeral:
            return
        guild = self.place.guild
        more: Json = {"guild_id": guild.id}
        author = guild.members.get(self.author.id)
        if author is not None:
            member = shapes.member(author)
            del member["user"]
            more["member"] = member
        guild.emit(event, {**shapes.message(self), **more})


@dataclass(eq=False)
class Place(ABC):
    """Somewhere to write: a channel or a thread."""

    id: str
    guild: GuildState = field(repr=False)
    name: str
    posted: dict[str, Message] = field(default_factory=dict, repr=False)
    """By id, in order."""
    last_message_id: str | None = None
    is_deleted: bool = False
    is_private: bool = False
    """Whether only its members, and who manages threads, can see it."""
    members: dict[str, datetime] = field(default_factory=dict)
    """When each joined a thread, by the id of their account."""

    @property
    @abstractmethod
    def channel(self) -> Channel:
        """The channel itself, or the one that a thread hangs in."""

    @abstractmethod
    def shape(self) -> Json:
        """How Discord writes it."""

    @property
    def is_thread(self) -> bool:
        return self.channel is not self

    @property
    def messages(self) -> list[Message]:
        return list(self.posted.values())

    @property
    def mention(self) -> str:
        return f"<#{self.id}>"

    def keep(self, message: Message) -> None:
        self.posted[message.id] = message
        self.last_message_id = message.id

    def remove(self, message: Message) -> None:
        """Delete a message of it."""
        del self.posted[message.id]
        message.is_deleted = True
        data = {"id": message.id, "channel_id": self.id, "guild_id": self.guild.id}
        self.guild.emit("MESSAGE_DELETE", data)

    def purge(self, messages: list[Message]) -> None:
        """Delete several at once, as a moderator's tool does."""
        for message in messages:
            del self.posted[message.id]
            message.is_deleted = True
        data = {"ids": [message.id for message in messages], "channel_id": self.id, "guild_id": self.guild.id}
        self.guild.emit("MESSAGE_DELETE_BULK", data)


@dataclass(eq=False)
class Channel(Place):
    """A text channel."""

    position: int = 0
    overwrites: dict[str, tuple[int, int]] = field(default_factory=dict)
    """What is allowed and denied here, by the id of a role or member."""

    @property
    def channel(self) -> Channel:
        return self

    def shape(self) -> Json:
        return shapes.channel(self)

    @property
    def threads(self) -> list[Thread]:
        return [thread for thread in self.guild.threads if thread.parent is self]

    def set_permissions(self, whom: Role | Member, *, allow: int = 0, deny: int = 0) -> None:
        self.overwrites[whom.id] = (int(allow), int(deny))
        self.guild.emit("CHANNEL_UPDATE", shapes.channel(self))

    def rename(self, name: str) -> None:
        self.name = name
        self.guild.emit("CHANNEL_UPDATE", shapes.channel(self))

    def delete(self) -> None:
        """Delete it with its threads; Discord tells of the channel alone."""
        for thread in self.threads:
            thread.is_deleted = True
        self.is_deleted = True
        self.guild.emit("CHANNEL_DELETE", shapes.channel(self))


@dataclass(eq=False, kw_only=True)
class Thread(Place):
    """A thread in a text channel; one that was started from a message has that message's id."""

    parent: Channel
    owner_id: str
    archived: bool = False
    locked: bool = False
    auto_archive_minutes: int = 4320
    invitable: bool = True
    sent: int = 0
    """How many messages were ever posted in it."""
    archive_changed_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def channel(self) -> Channel:
        return self.parent

    def shape(self) -> Json:
        return shapes.thread(self)

    def keep(self, message: Message) -> None:
        self.change(archived=False)
        self.sent += 1
        super().keep(message)

    def change(self, **values: str | int | bool) -> None:
        """Set some attributes, and tell if any was different."""
        changed = {name: value for name, value in values.items() if getattr(self, name) != value}
        for name, value in changed.items():
            setattr(self, name, value)
        if "archived" in changed:
            self.archive_changed_at = datetime.now(UTC)
        if changed:
            self.guild.emit("THREAD_UPDATE", shapes.thread(self))

    def add(self, user: User) -> None:
        """Let an account join; nothing happens if it did already."""
        if user.id in self.members:
            return
        self.members[user.id] = datetime.now(UTC)
        added = shapes.thread_member(self, user.id) | {"member": shapes.member(self.guild.members[user.id])}
        data = {
            "id": self.id,
            "guild_id": self.guild.id,
            "member_count": len(self.members),
            "added_members": [added],
        }
        self.guild.emit("THREAD_MEMBERS_UPDATE", data)

    def drop(self, user_id: str) -> None:
        """Take an account out of it."""
        if self.members.pop(user_id, None) is None:
            return
        data = {
            "id": self.id,
            "guild_id": self.guild.id,
            "member_count": len(self.members),
            "removed_member_ids": [user_id],
        }
        self.guild.emit("THREAD_MEMBERS_UPDATE", data)

    def delete(self) -> None:
        self.is_deleted = True
        kind = shapes.PRIVATE_THREAD if self.is_private else shapes.PUBLIC_THREAD
        data = {"id": self.id, "guild_id": self.guild.id, "parent_id": self.parent.id, "type": kind}
        self.guild.emit("THREAD_DELETE", data)


@dataclass(eq=False)
class GuildState:
    """A guild: its channels, threads, roles and members. The bot is a member from the start."""

    world: World = field(repr=False)
    id: str
    name: str
    locale: str
    owner_id: str
    bot_permissions: int
    everyone_permissions: int
    max_active_threads: int = 1000
    has_bot: bool = True
    is_down: bool = False
    roles: dict[str, Role] = field(default_factory=dict, repr=False)
    members: dict[str, Member] = field(default_factory=dict, repr=False)
    banned: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.everyone = Role(self.id, "@everyone", int(self.everyone_permissions), 0)
        self.roles[self.id] = self.everyone
        self.bot_role = self._new_role(self.world.me.name, int(self.bot_permissions), of_bot=self.world.me.id)
        self.members[self.world.me.id] = Member(self.world.me, self, [self.bot_role])

    @property
    def bot(self) -> Member:
        return self.members[self.world.me.id]

    @property
    def channels(self) -> list[Channel]:
        return [place for place in self._places() if isinstance(place, Channel)]

    @property
    def threads(self) -> list[Thread]:
        return [place for place in self._places() if isinstance(place, Thread)]

    def _places(self) -> list[Place]:
        return [place for place in self.world.places.values() if place.guild is self and not place.is_deleted]

    def emit(self, event: str, data: Json) -> None:
        if self.has_bot:
            self.world.emit(self, event, data)

    def add_text_channel(self, name: str) -> Channel:
        channel = Channel(self.world.ids.new(), self, name, position=len(self.channels))
        self.world.places[channel.id] = channel
        self.emit("CHANNEL_CREATE", shapes.channel(channel))
        return channel

    def add_role(self, name: str, permissions: int = 0, *, mentionable: bool = False) -> Role:
        role = self._new_role(name, int(permissions))
        role.mentionable = mentionable
        self.emit("GUILD_ROLE_CREATE", {"guild_id": self.id, "role": shapes.role(role)})
        return role

    def _new_role(self, name: str, permissions: int, of_bot: str | None = None) -> Role:
        role = Role(self.world.ids.new(), name, permissions, len(self.roles), of_bot)
        self.roles[role.id] = role
        return role

    def set_bot_permissions(self, permissions: int) -> None:
        """Change what the bot may do in the whole guild."""
        self.bot_role.permissions = int(permissions)
        self.emit("GUILD_ROLE_UPDATE", {"guild_id": self.id, "role": shapes.role(self.bot_role)})

    def open_thread(self, parent: Channel, name: str, owner: User, *, message: Message | None, private: bool) -> Thread:
        """Start a thread, under a message or on its own."""
        id_ = message.id if message is not None else self.world.ids.new()
        thread = Thread(id_, self, name, parent=parent, owner_id=owner.id, is_private=private)
        thread.members[owner.id] = datetime.now(UTC)
        self.world.places[thread.id] = thread
        self.emit("THREAD_CREATE", {**shapes.thread(thread), "newly_created": True})
        if message is not None:
            message.thread = thread
            message.flags |= HAS_THREAD
            message.tell("MESSAGE_UPDATE")
        return thread

    def ban(self, member: Member) -> None:
        user = shapes.user(member.user)
        del self.members[member.id]
        self.banned.add(member.id)
        self.emit("GUILD_BAN_ADD", {"guild_id": self.id, "user": user})
        self.emit("GUILD_MEMBER_REMOVE", {"guild_id": self.id, "user": user})

    def remove_bot(self) -> None:
        """Throw the bot out; from now on it hears and may do nothing here."""
        self.emit("GUILD_DELETE", {"id": self.id})
        self.has_bot = False

    def invite_bot(self) -> None:
        """Let the bot in (again)."""
        self.has_bot = True
        self.emit("GUILD_CREATE", shapes.guild(self))

    def go_down(self) -> None:
        """An outage of Discord's: the guild cannot be reached, but the bot was not thrown out."""
        self.is_down = True
        self.emit("GUILD_DELETE", {"id": self.id, "unavailable": True})

    def come_back(self) -> None:
        self.is_down = False
        self.emit("GUILD_CREATE", shapes.guild(self) | {"unavailable": False})


class World:
    """Everything on the stand-in."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.ids = Snowflakes()
        self.me = User(self.ids.new(), "wartemarke", is_bot=True)
        self.owner = User(self.ids.new(), "owner")
        self.guilds: dict[str, GuildState] = {}
        self.places: dict[str, Place] = {}
        self.files: dict[str, bytes] = {}
        """Uploaded files by the path of their address."""
        self.commands = Commands(self.ids, self.me.id)
        self.emit: Callable[[GuildState, str, Json], None] = lambda _guild, _event, _data: None
        self.base_url = ""
        self.filtered_words: set[str] = set()
        """Words (in lower case) that a thread's name may not contain."""
        self.allow_message_content = True
        """Whether the application may ask for the privileged intent."""
        self.old_edits = 10
        """How many edits of messages older than an hour are taken per channel."""
        self.old_edit_wait = 0.2
        """Seconds that Discord tells to wait after that; its own value is not known."""

    def store_file(self, place_id: str, name: str, content: bytes) -> Json:
        """Keep an uploaded file; Discord's description of the attachment."""
        id_ = self.ids.new()
        path = f"/attachments/{place_id}/{id_}/{name}"
        self.files[path] = content
        url = self.base_url + path
        more = {"size": len(content), "content_type": "text/plain; charset=utf-8"}
        return {"id": id_, "filename": name, "url": url, "proxy_url": url, **more}
