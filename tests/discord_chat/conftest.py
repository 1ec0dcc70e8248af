"""A shop in a simulated Discord: real discord.py, the real desk on real SQLite, no sockets."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import discord
import pytest
import simcord
from simcord.actors import MemberActor
from simcord.backend.models import Overwrite
from simcord.builders import ChannelHandle, RoleHandle
from simcord.enums import OverwriteType
from simcord.results import InteractionResult, ResponseMessage

from adapters.discord_chat import PREFIX, create_client
from adapters.discord_chat.client import DeskClient
from adapters.discord_chat.permissions import lacks, needed
from adapters.discord_chat.to_event import guild_of
from bot.coverage.matcher import Matcher
from bot.desk.desk import Desk
from bot.model import Chat, Effect, Listener, Outcome, Person, ServerSettings, Text
from bot.settings import Settings
from bot.store.database import Database
from bot.store.outbox import Outbox
from bot.store.sqlite import SqliteDatabase

SETTINGS = Settings(discord_shard_count=1, _env_file=None)
GERMAN = "de"
LONGEST_TEXT, MOST_COMPONENTS, LONGEST_NAME, LONGEST_LABEL, LONGEST_ID = 4_000, 40, 100, 80, 100
"""Discord's limits for one message, a thread's name, and a button."""
FAULT = re.compile(r"[\x00\u202e]|went wrong on our side|schiefgegangen|something-broke")
"""What stands in a message of ours only if something of ours is broken."""
Shown = discord.Message | ResponseMessage | InteractionResult
"""A message in a channel, or an answer to a command, button or form."""


@dataclass
class World:
    """What a restart of the bot leaves as it is."""

    database: Database
    matcher: Matcher
    env: simcord.Env | None = None

    def clock(self) -> datetime:
        """The simulated Discord's time, as soon as there is one."""
        return self.env.now() if self.env else datetime.now(UTC)

    async def open_desk(self) -> Desk:
        """A desk that knows nothing but what is in the database."""
        desk = Desk(self.database, self.matcher, clock=self.clock)
        await desk.start()
        return desk


class Shop(Chat):
    """A guild with a bot that may do what we ask for and no more, and the people who are served by it."""

    def __init__(self, env: simcord.Env, client: DeskClient, world: World, desk: Desk) -> None:
        self.env, self.client, self.world = env, client, world
        _threads_open_and_let_in(env)
        self._locales: dict[str, str] = {}
        _people_have_locales(env, self._locales)
        self.guild = env.create_guild("Shop", preferred_locale=GERMAN)
        # the simulation wants Manage Channels for every change of a thread; Discord lets its creator archive it
        allowed = needed() | discord.Permissions(manage_channels=True)
        env.backend.edit_role(self.guild.id, self.guild.roles["TestBot"].id, {"permissions": allowed.value})
        channels = ("support", "general", "agents", "sales")
        self.support, self.general, self.agents, self.sales = map(self.guild.create_text_channel, channels)
        self.agent_role = self.guild.create_role("Agents", permissions=discord.Permissions(manage_threads=True))
        self.moderator_role = self.guild.create_role("Moderators", permissions=discord.Permissions(manage_guild=True))
        self.emma = self.joins("emma")
        self.jonas = self.joins("jonas", locale=GERMAN)
        self.aylin = self.joins("aylin", self.agent_role)
        self.tom = self.joins("tom", self.agent_role)
        self.marek = self.joins("marek", self.moderator_role)
        self._serve(desk)

    def _serve(self, desk: Desk) -> None:
        self.desk = desk
        desk.chat_of = lambda _server: self
        self.outbox = Outbox(self.world.database, {PREFIX: self}, desk.draw, self.world.clock)

    # --- the guild -----------------------------------------------------------------------------------

    def joins(self, name: str, *roles: RoleHandle, locale: str = "en-US") -> MemberActor:
        """Somebody new, whose Discord speaks their language."""
        person = self.guild.add_member(self.env.create_user(name), roles=roles)
        self._locales[str(person.id)] = locale
        return person

    def deny(self, channel: ChannelHandle, target: int, *permissions: str) -> None:
        """Somebody's, or some role's, permissions in a channel are taken away."""
        denied = discord.Permissions(**dict.fromkeys(permissions, True)).value
        kind = OverwriteType.ROLE if target in {role.id for role in self.guild.roles.values()} else OverwriteType.MEMBER
        self.env.backend.set_overwrite(channel.id, Overwrite(target_id=target, type=kind, allow=0, deny=denied))

    async def set_up(self, **others: Any) -> InteractionResult:
        """As a moderator does it."""
        form = await self.marek.slash(self.support, "setup")
        given = {"support": [self.support], "agents": [self.agents], "agent_roles": [self.agent_role]}
        answer = await self.marek.submit_modal(form, {**given, **others})
        await self.deliver()
        return answer

    async def restart(self, *, reads_messages: bool = True) -> None:
        """The bot's process ends, and another one begins with what is in the database."""
        await self.desk.finish()
        self._serve(await self.world.open_desk())
        self.client = create_client(SETTINGS, self.desk, reads_messages=reads_messages)
        await self.env.restart_bot(self.client)
        await self.deliver()

    # --- the chat --------------------------------------------------------------------------------------

    async def run(self, desk: Listener) -> None:
        """The environment runs the client."""

    async def perform(self, effect: Effect, nonce: str, attempt: int = 1) -> Outcome:
        """By the client that is running at the moment."""
        del attempt
        return await self.client.delivery.perform(effect, nonce)

    async def member(self, server: str, person: str) -> Person | None:
        """By the client that is running at the moment."""
        return await self.client.member(server, person)

    def lacks(self, server: str, settings: ServerSettings) -> list[Text]:
        """What the real chat says."""
        guild = self.client.get_guild(guild_of(server))
        return lacks(guild, settings, reads_messages=self.client.reads_messages) if guild else []

    async def deliver(self) -> None:
        """Let the outbox do everything that is owed, also what waits a few seconds."""
        while True:
            if await self.outbox.deliver_ready() == 0:
                await self.env.advance_time(2)
                if await self.outbox.deliver_ready() == 0:
                    await self.env.settle()
                    return

    # --- what people do, and what follows ----------------------------------------------------------------

    async def says(self, person: MemberActor, words: str, place: ChannelHandle | None = None) -> discord.Message:
        """Somebody writes, and what follows from it happens."""
        message = await person.send(place or self.support, words)
        await self.deliver()
        return message

    async def uses(
        self, person: MemberActor, name: str, place: ChannelHandle | None = None, /, **options: Any
    ) -> InteractionResult:
        """Somebody uses a slash command, and what follows from it happens."""
        answer = await person.slash(place or self.support, name, **options)
        await self.deliver()
        return answer

    async def presses(self, person: MemberActor, shown: Shown, label: str) -> InteractionResult:
        """Somebody presses a button, and what follows from it happens."""
        answer = await person.click(message_of(shown), label=label)
        await self.deliver()
        return answer

    async def fills_in(self, person: MemberActor, form: InteractionResult, **values: Any) -> InteractionResult:
        """Somebody fills in a form, and what follows from it happens."""
        answer = await person.submit_modal(form, values)
        await self.deliver()
        return answer

    async def picks(self, person: MemberActor, message: discord.Message, menu: str) -> InteractionResult:
        """Somebody chooses from a message's menu, and what follows from it happens."""
        place = next(one for one in (*self.guild.channels.values(), *self.threads) if one.id == message.channel.id)
        answer = await person.context_menu(place, menu, message)
        await self.deliver()
        return answer

    # --- what there is to be seen ------------------------------------------------------------------------

    @property
    def threads(self) -> list[ChannelHandle]:
        """All threads, oldest first."""
        return [thread for channel in self.guild.channels.values() for thread in channel.threads]

    @property
    def thread(self) -> ChannelHandle:
        """The newest thread."""
        return self.threads[-1]

    def parent_of(self, thread: ChannelHandle) -> int | None:
        """The channel that a thread hangs in."""
        return self.env.backend.get_channel(thread.id).parent_id

    def command(self, name: str) -> int:
        """The id of a registered slash command."""
        return self.client.delivery.commands[name]

    @property
    def bot(self) -> str:
        """The bot, called."""
        assert self.client.user is not None
        return self.client.user.mention

    @property
    def board(self) -> discord.Message:
        """The newest message in the agents' channel."""
        return newest(self.agents)

    @property
    def counted(self) -> list[str]:
        """The requests that count against Discord's global limit, as "POST /channels/...", oldest first."""
        return [
            f"{request.method} {request.path}"
            for request in self.env.http_requests
            if not request.path.startswith(("/interactions", "/webhooks"))
        ]

    @property
    def sent(self) -> list[Mapping[str, Any]]:
        """All messages of ours as they went over the wire, answers to interactions and edits included."""
        bodies = ((request.path, request.json) for request in self.env.http_requests if isinstance(request.json, dict))
        found = (body.get("data") if "/callback" in path else body for path, body in bodies)
        return [body for body in found if isinstance(body, dict) and body.get("components") and "title" not in body]


def _threads_open_and_let_in(env: simcord.Env) -> None:
    """Words open an archived thread, and let in whom they call: the simulation leaves that out."""
    install = env.backend.commit_message

    def commit(message: Any, **how: Any) -> Any:
        place = env.backend.get_channel(message.channel_id)
        if place.thread_metadata is not None and not message.is_ephemeral:
            if place.thread_metadata.archived:
                env.backend.edit_channel(place.id, {}, thread_metadata={"archived": False})
            for person in message.ping_user_ids:
                env.backend.add_thread_member(place.id, person)
        return install(message, **how)

    env.backend.commit_message = commit  # type: ignore[method-assign]


def _people_have_locales(env: simcord.Env, locales: Mapping[str, str]) -> None:
    """Everybody's Discord is English in the simulation."""
    tell = env.backend.emit

    def emit(event: str, payload: Any) -> None:
        if event == "INTERACTION_CREATE":
            payload["locale"] = locales.get(payload["member"]["user"]["id"], payload["locale"])
        tell(event, payload)

    env.backend.emit = emit  # type: ignore[method-assign]


# --- reading what was shown --------------------------------------------------------------------------


def message_of(shown: Shown) -> discord.Message:
    """The message itself; of an answer that is too long for one, the first."""
    if isinstance(shown, InteractionResult):
        assert shown.response is not None, f"no message: {shown}"
        shown = shown.response
    return shown.message if isinstance(shown, ResponseMessage) else shown


def _components(shown: Shown) -> Iterator[Any]:
    waiting: list[Any] = list(message_of(shown).components)
    while waiting:
        one = waiting.pop(0)
        yield one
        waiting[:0] = getattr(one, "children", ())


def words(shown: Shown) -> str:
    """All that a message says."""
    return "\n".join(one.content for one in _components(shown) if isinstance(one, discord.TextDisplay))


def buttons(shown: Shown) -> list[str]:
    """What stands on its buttons."""
    return [one.label or "" for one in _components(shown) if isinstance(one, discord.Button)]


def colour(shown: Shown) -> discord.Colour | None:
    """Its colour at the side."""
    containers = (one for one in _components(shown) if isinstance(one, discord.Container))
    return next(containers).accent_colour


def newest(place: ChannelHandle) -> discord.Message:
    """The last message there that everybody sees."""
    return [message for message in place.history() if not message.flags.ephemeral][-1]


def questions(form: InteractionResult) -> dict[str, Mapping[str, Any]]:
    """A form's controls by their names."""
    assert form.modal is not None, f"no form: {form}"
    return {row["component"]["custom_id"]: row["component"] for row in form.modal["components"]}


def is_archived(thread: ChannelHandle) -> bool:
    """Whether a thread is put away; none of ours is ever locked."""
    metadata = thread._channel.thread_metadata  # noqa: SLF001 (the simulation tells it nowhere else)
    assert metadata is not None
    assert not metadata.locked
    return metadata.archived


def all_is_well(shop: Shop) -> None:
    """All that we have sent calls only single people, is within Discord's limits, and does not tell of a fault."""
    for message in shop.sent:
        assert message["allowed_mentions"]["parse"] == []
        assert "roles" not in message["allowed_mentions"]
        shown = [part for component in message["components"] for part in _parts(component)]
        assert len(shown) <= MOST_COMPONENTS
        texts = [part["content"] for part in shown if "content" in part]
        assert sum(len(text.encode("utf-16-le")) // 2 for text in texts) <= LONGEST_TEXT
        for text in texts:
            assert text.strip()
            assert FAULT.search(text) is None
        for part in shown:
            assert len(part.get("label") or "") <= LONGEST_LABEL
            assert len(part.get("custom_id") or "") <= LONGEST_ID
    for request in shop.env.http_requests:
        if request.path.endswith("/threads") and request.json is not None:
            assert 1 <= len(request.json["name"]) <= LONGEST_NAME


def _parts(component: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield component
    for one in component.get("components", ()):
        yield from _parts(one)


# --- fixtures ----------------------------------------------------------------------------------------


@pytest.fixture
async def shop_world(database_file: Path, matcher: Matcher) -> AsyncIterator[World]:
    """The desk's database, and the clock."""
    async with SqliteDatabase(database_file) as database:
        yield World(database, matcher)


@pytest.fixture
async def desk(shop_world: World) -> AsyncIterator[Desk]:
    """The real desk."""
    desk = await shop_world.open_desk()
    yield desk
    await desk.finish()


@pytest.fixture
def reads_messages() -> bool:
    """Whether Discord gives us the words of messages."""
    return True


@pytest.fixture
def simcord_bot(desk: Desk, *, reads_messages: bool) -> DeskClient:
    """What the simulation's own fixture connects. It waits for every timer that is near, so that one is made far."""
    client = create_client(SETTINGS, desk, reads_messages=reads_messages)
    client.marks.note_every = timedelta(days=1)
    return client


@pytest.fixture
async def bare_shop(
    simcord_env: simcord.Env, simcord_bot: DeskClient, shop_world: World, desk: Desk
) -> AsyncIterator[Shop]:
    """A shop whose moderators have not set anything up yet. After every test, all that we sent is looked at."""
    shop_world.env = simcord_env
    shop = Shop(simcord_env, simcord_bot, shop_world, desk)
    await simcord_env.settle()
    await shop.deliver()
    yield shop
    await shop.desk.finish()
    all_is_well(shop)


@pytest.fixture
async def shop(bare_shop: Shop) -> Shop:
    """A shop that is set up."""
    await bare_shop.set_up()
    return bare_shop
