"""What the bot asks to be allowed, and what it says of a server that does not allow it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import discord
import pytest
import simcord

from adapters.discord_chat.permissions import NEEDED, invite_url, lacks, permissions_integer
from bot.model import ChannelLink, Language, Mode, Roles, ServerSettings, Text
from bot.texts import say
from tests.doubles.paper_chat import PlainMarkup

AGENT = discord.Permissions(view_channel=True, manage_threads=True)


class NamingMarkup(PlainMarkup):
    """Plain words, with roles by their ids."""

    def roles(self, roles: tuple[str, ...]) -> str:
        return ", ".join(roles)


@pytest.fixture
def simcord_bot() -> discord.Client:
    """No bot of ours: only discord.py and what it remembers of a server."""
    return discord.Client(intents=discord.Intents(guilds=True))


@dataclass
class Server:
    """A server that is set up well."""

    env: simcord.Env
    handle: simcord.GuildHandle
    support: simcord.ChannelHandle
    agents: simcord.ChannelHandle
    sales: simcord.ChannelHandle
    agent: simcord.RoleHandle

    @property
    def guild(self) -> discord.Guild:
        guild = self.env.bot.get_guild(self.handle.id)
        assert guild is not None
        return guild

    def settings(self, **changes: Any) -> ServerSettings:
        settings = ServerSettings(
            support={str(self.support.id): Mode.AUTO},
            agents_channel=str(self.agents.id),
            sales_channel=str(self.sales.id),
            agent_roles=frozenset({str(self.agent.id)}),
        )
        return replace(settings, **changes)

    async def forbid(self, channel: simcord.ChannelHandle, target: discord.Role | discord.Member, *names: str) -> None:
        """Take permissions away in one channel."""
        known = self.guild.get_channel(channel.id)
        assert isinstance(known, discord.TextChannel)
        await known.set_permissions(target, overwrite=discord.PermissionOverwrite(**dict.fromkeys(names, False)))
        await self.env.settle()

    def lacks(self, **changes: Any) -> list[Text]:
        return lacks(self.guild, self.settings(**changes), reads_messages=True)


@pytest.fixture
def server(simcord_env: simcord.Env) -> Server:
    handle = simcord_env.create_guild()
    agent = handle.create_role("Agents", permissions=AGENT, mentionable=True)
    return Server(
        simcord_env,
        handle,
        handle.create_text_channel("support"),
        for_staff(handle, "agents", agent),
        for_staff(handle, "sales", agent),
        agent,
    )


def for_staff(
    guild: simcord.GuildHandle, name: str, *agents: simcord.RoleHandle, **permissions: bool
) -> simcord.ChannelHandle:
    """A channel that customers do not see; the agents' permissions there may differ otherwise, too."""
    hidden, seen = discord.PermissionOverwrite(view_channel=False), discord.PermissionOverwrite(view_channel=True)
    overwrites: dict[Any, discord.PermissionOverwrite] = {guild.default_role: hidden, guild.roles["TestBot"]: seen}
    overwrites |= dict.fromkeys(agents, discord.PermissionOverwrite(view_channel=True, **permissions))
    return guild.create_text_channel(name, overwrites=overwrites)


def keys(found: list[Text]) -> list[str]:
    return [one.key for one in found]


def permissions_in(found: list[Text]) -> Iterator[str]:
    for one in found:
        permission = one.values["permission"]
        assert isinstance(permission, Text)
        yield permission.key


def told(found: list[Text], language: Language) -> list[str]:
    return [say(one, language, NamingMarkup()) for one in found]


# --- what the bot asks for ---------------------------------------------------------------------------


def test_the_integer_stays_what_installers_were_told() -> None:
    assert permissions_integer() == 377_957_223_424


def test_the_link_asks_for_the_bot_its_commands_and_exactly_what_is_needed() -> None:
    asked = parse_qs(urlsplit(invite_url(42)).query)
    assert asked == {
        "client_id": ["42"],
        "scope": ["bot applications.commands"],
        "permissions": [str(permissions_integer())],
    }
    granted = discord.Permissions(permissions_integer())
    assert all(getattr(granted, name) for name in NEEDED)
    assert granted.value.bit_count() == len(NEEDED)


@pytest.mark.parametrize("language", Language)
def test_every_permission_has_discords_own_name(language: Language) -> None:
    for name in (*NEEDED, "manage_threads", "manage_guild", "mention_everyone"):
        assert say(Text(f"permission-{name.replace('_', '-')}"), language, PlainMarkup())


# --- what a server does not give ---------------------------------------------------------------------


def test_a_server_that_is_set_up_well_lacks_nothing(server: Server) -> None:
    assert server.lacks() == []


def test_a_server_that_is_not_set_up_yet_lacks_nothing_that_we_could_name(server: Server) -> None:
    assert lacks(server.guild, ServerSettings(), reads_messages=True) == []


@pytest.mark.parametrize("name", [name for name in NEEDED if name != "view_channel"])
async def test_each_missing_permission_is_named_with_its_channel(server: Server, name: str) -> None:
    await server.forbid(server.support, server.guild.me, name)
    (found,) = [one for one in server.lacks() if one.key == "lacks-permission"]
    assert found.values["channel"] == ChannelLink(str(server.support.id))
    assert list(permissions_in([found])) == [f"permission-{name.replace('_', '-')}"]


async def test_a_channel_that_the_bot_cannot_see_lacks_only_that(server: Server) -> None:
    await server.forbid(server.support, server.guild.me, "view_channel")
    assert list(permissions_in(server.lacks())) == ["permission-view-channel"]


async def test_where_the_bot_only_posts_it_need_not_open_threads(server: Server) -> None:
    for channel in (server.agents, server.sales):
        await server.forbid(channel, server.guild.me, "create_private_threads", "read_message_history")
    assert server.lacks() == []
    await server.forbid(server.sales, server.guild.me, "send_messages")
    assert list(permissions_in(server.lacks())) == ["permission-send-messages"]


async def test_a_channel_with_two_purposes_is_named_once(server: Server) -> None:
    await server.forbid(server.support, server.guild.me, "send_messages")
    here = str(server.support.id)
    assert keys(server.lacks(agents_channel=here, sales_channel=here)) == ["lacks-permission", "lacks-privacy"]


def test_a_channel_that_is_gone_or_holds_no_plain_messages_is_named(server: Server) -> None:
    voice, news = server.handle.create_voice_channel("talk"), server.handle.create_news_channel("news")
    support = {str(id_): Mode.AUTO for id_ in (1, voice.id, news.id)}
    found = server.lacks(support=support, agents_channel="2")
    assert keys(found) == ["lacks-channel", "lacks-text-channel", "lacks-text-channel", "lacks-channel"]
    assert [one.values["channel"] for one in found] == [ChannelLink(id_) for id_ in (*support, "2")]


async def test_customers_who_cannot_write_in_threads_are_noticed(server: Server) -> None:
    await server.forbid(server.support, server.guild.default_role, "send_messages_in_threads")
    assert "lacks-customers-write" in keys(server.lacks())


async def test_nothing_is_said_of_customers_where_not_everybody_may_look(server: Server) -> None:
    await server.forbid(server.support, server.guild.default_role, "view_channel", "send_messages_in_threads")
    assert "lacks-customers-write" not in keys(server.lacks())


def test_agents_who_do_not_see_private_tickets_are_noticed(server: Server) -> None:
    weak = server.handle.create_role("Helpers", permissions=discord.Permissions(view_channel=True), mentionable=True)
    (found,) = server.lacks(agent_roles=frozenset({str(weak.id), str(server.agent.id)}))
    assert (found.key, found.values["roles"]) == ("lacks-agents-manage", Roles((str(weak.id),)))


async def test_agents_who_do_not_see_the_channel_are_noticed(server: Server) -> None:
    await server.forbid(
        server.support, server.guild.get_role(server.agent.id) or server.guild.default_role, "view_channel"
    )
    assert keys(server.lacks()) == ["lacks-agents-view"]


def test_agents_who_do_not_find_their_commands_in_their_own_channel_are_noticed(server: Server) -> None:
    other = server.handle.create_role("Helpers", permissions=AGENT, mentionable=True)
    agents = frozenset({str(server.agent.id), str(other.id)})
    assert server.lacks(agent_roles=agents) == []
    board = for_staff(server.handle, "board", server.agent, other, manage_threads=False)
    (found,) = server.lacks(agent_roles=agents, agents_channel=str(board.id))
    assert (found.key, found.values["roles"]) == ("lacks-agents-commands", Roles(tuple(sorted(agents))))
    assert found.values["channel"] == ChannelLink(str(board.id))


async def test_agents_whom_the_bot_cannot_call_are_noticed(server: Server) -> None:
    silent = server.handle.create_role("Helpers", permissions=AGENT)
    agents = frozenset({str(silent.id), str(server.agent.id)})
    assert server.lacks(agent_roles=agents) == [], "the bot may call everybody"
    await server.forbid(server.agents, server.guild.me, "mention_everyone")
    (found,) = server.lacks(agent_roles=agents)
    assert (found.key, found.values["roles"]) == ("lacks-agents-call", Roles((str(silent.id),)))
    assert found.values["channel"] == ChannelLink(str(server.agents.id))
    assert list(permissions_in([found])) == ["permission-mention-everyone"]
    assert server.lacks() == [], "everybody may mention the other role"
    assert server.lacks(agent_roles=agents, agents_channel=None) == [], "nobody is called anywhere"


async def test_agents_without_a_permission_in_a_channel_of_two_purposes_are_named_once(server: Server) -> None:
    await server.forbid(
        server.support, server.guild.get_role(server.agent.id) or server.guild.default_role, "manage_threads"
    )
    assert keys(server.lacks(agents_channel=str(server.support.id))) == ["lacks-agents-manage", "lacks-privacy"]


def test_moderators_who_do_not_find_their_commands_are_noticed(server: Server) -> None:
    plain = server.handle.create_role("Editors")
    manager = server.handle.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
    admin = server.handle.create_role("Admins", permissions=discord.Permissions(administrator=True))
    roles = frozenset(str(role.id) for role in (plain, manager, admin))
    (found,) = server.lacks(moderator_roles=roles)
    assert (found.key, found.values["roles"]) == ("lacks-moderators-manage", Roles((str(plain.id),)))
    assert list(permissions_in([found])) == ["permission-manage-guild"]


@pytest.mark.parametrize("purpose", ["agents", "sales"])
async def test_a_channel_of_the_team_that_everybody_sees_is_named(server: Server, purpose: str) -> None:
    open_to_all = server.handle.create_text_channel("open")
    (found,) = server.lacks(**{f"{purpose}_channel": str(open_to_all.id)})
    assert (found.key, found.values["channel"]) == ("lacks-privacy", ChannelLink(str(open_to_all.id)))


def test_a_channel_of_the_team_for_both_purposes_is_named_once(server: Server) -> None:
    here = str(server.handle.create_text_channel("open").id)
    assert keys(server.lacks(agents_channel=here, sales_channel=here)) == ["lacks-privacy"]


def test_roles_that_are_gone_are_counted(server: Server) -> None:
    found = server.lacks(agent_roles=frozenset({"1", "2", str(server.agent.id)}), moderator_roles=frozenset({"3"}))
    assert [(one.key, one.values["count"]) for one in found] == [("lacks-agent-roles", 2), ("lacks-moderator-roles", 1)]


def test_the_missing_intent_is_told_first(server: Server) -> None:
    found = lacks(server.guild, server.settings(sales_channel="1"), reads_messages=False)
    assert keys(found) == ["lacks-message-content", "lacks-channel"]


@pytest.mark.parametrize(
    ("language", "name"), [(Language.DE, "Private Threads erstellen"), (Language.EN, "Create Private Threads")]
)
async def test_the_reader_finds_the_name_in_discords_settings(server: Server, language: Language, name: str) -> None:
    await server.forbid(server.support, server.guild.me, "create_private_threads")
    (sentence,) = told(server.lacks(), language)
    assert name in sentence
    assert f"#{server.support.id}" in sentence
