"""The local Discord, proved with a bare discord.py client."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import discord
import pytest

from tests.doubles.discord import schema
from tests.doubles.discord.errors import ImpossibleError
from tests.doubles.discord.people import Guild
from tests.doubles.discord.permissions import Permission
from tests.doubles.discord.server import Double, discord_double
from tests.doubles.discord.world import Channel

CONTENT = discord.Intents(guilds=True, guild_messages=True, message_content=True)


class Bare(discord.AutoShardedClient):
    """A client that notes what it hears, and does what a test gives it to do."""

    def __init__(self, intents: discord.Intents, **options: Any) -> None:
        self.events: list[str] = []
        super().__init__(intents=intents, guild_ready_timeout=0.05, max_messages=None, **options)
        self.tree = discord.app_commands.CommandTree(self)
        self.heard: list[str] = []
        self.resumed = 0
        self.react: Callable[[discord.Interaction[Any]], Awaitable[object]] | None = None

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        self.events.append(event)
        super().dispatch(event, *args, **kwargs)

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message.content)

    async def on_shard_resumed(self, _shard: int) -> None:
        self.resumed += 1

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        if self.react is not None:
            await self.react(interaction)


@asynccontextmanager
async def connected(
    double: Double, intents: discord.Intents = CONTENT, commands: list[Any] | None = None, **options: Any
) -> AsyncIterator[Bare]:
    with double.redirected():
        client = Bare(intents, **options)
        for command in commands or []:
            client.tree.add_command(command)
        running = asyncio.create_task(client.start(double.token))
        try:
            await double.until(client.is_ready)
            yield client
        finally:
            await client.close()
            await asyncio.wait([running])


@pytest.fixture
async def double() -> AsyncIterator[Double]:
    async with discord_double() as started:
        yield started


@pytest.fixture
def guild(double: Double) -> Guild:
    return double.add_guild("Shop", locale="de")


@pytest.fixture
def support(guild: Guild) -> Channel:
    return guild.add_text_channel("support")


def place(client: Bare, channel: Channel) -> discord.TextChannel:
    found = client.get_channel(int(channel.id))
    assert isinstance(found, discord.TextChannel)
    return found


async def test_a_message_is_heard_changed_and_deleted(double: Double, guild: Guild, support: Channel) -> None:
    emma = guild.add_member("emma")
    async with connected(double) as client:
        edited = asyncio.ensure_future(client.wait_for("raw_message_edit", timeout=3))
        deleted = asyncio.ensure_future(client.wait_for("raw_message_delete", timeout=3))
        message = await emma.says(support, "the gallery crashes")
        await emma.edits(message, "the slider crashes")
        await emma.deletes(message)
        assert (await edited).data["content"] == "the slider crashes"
        assert (await deleted).message_id == int(message.id)
        assert client.heard == ["the gallery crashes"]


async def test_without_the_intent_only_mentions_have_words(double: Double, guild: Guild, support: Channel) -> None:
    double.world.allow_message_content = False
    emma = guild.add_member("emma")
    async with connected(double, discord.Intents(guilds=True, guild_messages=True)) as client:
        await emma.says(support, "nobody reads this")
        await emma.says(support, "is this covered?", mentions_bot=True)
        await double.until(lambda: len(client.heard) == 2)
        assert client.heard == ["", f"{double.world.me.mention} is this covered?"]
        found = [message.content async for message in place(client, support).history()]
        assert found[-1] == ""


async def test_an_intent_that_is_not_allowed_ends_the_client(double: Double, guild: Guild) -> None:
    double.world.allow_message_content = False
    with double.redirected():
        client = discord.Client(intents=CONTENT)
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await client.start(double.token)
        await client.close()


async def test_a_thread_lives_and_a_mention_brings_the_customer_in(
    double: Double, guild: Guild, support: Channel
) -> None:
    emma = guild.add_member("emma")
    async with connected(double) as client:
        message = await emma.says(support, "help")
        there = place(client, support).get_partial_message(int(message.id))
        thread = await there.create_thread(name="Ticket 1")
        assert str(thread.id) == message.id
        with pytest.raises(discord.HTTPException) as again:
            await there.create_thread(name="Ticket 1")
        assert again.value.code == 160004
        await thread.send(f"Hello {emma.mention}")
        ours = double.threads[0]
        assert emma.id in ours.members
        assert [each.id for each in await thread.guild.active_threads()] == [thread.id]
        await thread.edit(archived=True)
        assert ours.archived
        await emma.says(ours, "still broken")
        await double.until(lambda: not ours.archived and client.heard[-1:] == ["still broken"])


async def test_a_private_thread_is_seen_by_who_was_mentioned(double: Double, guild: Guild, support: Channel) -> None:
    emma, paul = guild.add_member("emma"), guild.add_member("paul")
    async with connected(double) as client:
        thread = await place(client, support).create_thread(name="private", type=discord.ChannelType.private_thread)
        await thread.send(f"Hello {emma.mention}")
        await emma.says(double.threads[0], "hello")
        with pytest.raises(ImpossibleError):
            await paul.says(double.threads[0], "let me in")


async def test_the_same_nonce_makes_one_message(double: Double, support: Channel) -> None:
    async with connected(double) as client:
        first = await place(client, support).send("once", nonce="effect-7")
        second = await place(client, support).send("once", nonce="effect-7")
        assert first.id == second.id
        assert len(support.messages) == 1


@discord.app_commands.command(description="Take the next ticket")
async def claim(interaction: discord.Interaction[Any], number: int | None = None) -> None:
    view = discord.ui.LayoutView()
    view.add_item(discord.ui.Container[Any](discord.ui.TextDisplay(f"Ticket {number} is yours"), accent_colour=0xFF00))
    row = discord.ui.ActionRow[Any](discord.ui.Button(label="Close", custom_id="close:7"))
    view.add_item(row)
    await interaction.response.send_message(view=view, ephemeral=True)


async def test_a_command_is_registered_used_and_its_button_pressed(
    double: Double, guild: Guild, support: Channel
) -> None:
    tom = guild.add_member("tom", locale="de")
    async with connected(double, commands=[claim]) as client:
        with pytest.raises(ImpossibleError):
            await tom.uses(support, "claim")
        await client.tree.sync()
        reply = await tom.uses(support, "claim", number=7)
        assert (reply.ephemeral, reply.text) == (True, "Ticket 7 is yours")
        assert support.messages == []

        async def closed(interaction: discord.Interaction[Any]) -> None:
            await interaction.response.defer(ephemeral=True, thinking=True)
            await interaction.followup.send(f"{interaction.data} closed", ephemeral=True)

        client.react = closed
        reply = await tom.presses(reply, "Close")
        assert reply.deferred
        assert reply.ephemeral
        assert "close:7" in reply.text
        with pytest.raises(ImpossibleError):
            await tom.uses(support, "claim", number="seven")


class Setup(discord.ui.Modal):
    """A form with one question of each kind."""

    def __init__(self, role: int) -> None:
        super().__init__(title="Setup", custom_id="setup")
        self.add_item(label("hours", discord.ui.TextInput(custom_id="hours", default="9-17")))
        self.add_item(label("staff", discord.ui.RoleSelect(custom_id="staff", default_values=[discord.Object(role)])))
        self.add_item(label("place", discord.ui.ChannelSelect(custom_id="place", max_values=3, required=False)))
        choices = [discord.SelectOption(label=name, value=name, default=name == "de") for name in ("de", "en")]
        self.add_item(label("language", discord.ui.Select(custom_id="language", options=choices)))
        self.add_item(label("policy", discord.ui.FileUpload(custom_id="policy", required=False)))


def label(text: str, component: Any) -> discord.ui.Label[Any]:
    return discord.ui.Label(text=text, component=component)


@discord.app_commands.command(description="Set up the desk")
async def setup(interaction: discord.Interaction[Any]) -> None:
    assert interaction.guild is not None
    role = next(role for role in interaction.guild.roles if role.name == "Agents")
    await interaction.response.send_modal(Setup(role.id))


async def test_a_form_is_filled_in_and_keeps_what_was_there(double: Double, guild: Guild, support: Channel) -> None:
    agents = guild.add_role("Agents")
    marek = guild.add_member("marek", permissions=discord.Permissions(manage_guild=True).value)
    async with connected(double, commands=[setup]) as client:
        await client.tree.sync()
        form = await marek.uses(support, "setup")
        assert form.modal is not None
        got: dict[str, Any] = {}

        async def sent(interaction: discord.Interaction[Any]) -> None:
            data: Any = interaction.data
            for part in data["components"]:
                inner = part["component"]
                got[inner["custom_id"]] = inner.get("value", inner.get("values"))
            (attachment,) = data["resolved"]["attachments"].values()
            got["file"] = (await client.http.get_from_cdn(attachment["url"])).decode()
            await interaction.response.send_message("Done")

        client.react = sent
        answers = {"place": [support], "language": "en", "policy": ("policy.yaml", "clauses: []")}
        reply = await marek.fills_in(form, answers)
        assert reply.text == "Done"
        assert support.messages[-1].text == "Done"
        assert (got["hours"], got["staff"], got["place"]) == ("9-17", [agents.id], [support.id])
        assert (got["language"], got["file"]) == (["en"], "clauses: []")
        with pytest.raises(ImpossibleError):
            await marek.fills_in(form, {"hours": ""})


@discord.app_commands.context_menu(name="Is this covered?")
async def covered(interaction: discord.Interaction[Any], message: discord.Message) -> None:
    await interaction.response.send_message(f"{message.author.name}: {message.content}", ephemeral=True)


@discord.app_commands.command(description="The policy as a file")
async def policy(interaction: discord.Interaction[Any]) -> None:
    view, file = discord.ui.LayoutView(), discord.File(io.BytesIO(b"clauses: []"), "policy.yaml")
    view.add_item(discord.ui.File[Any](file))
    await interaction.response.send_message(view=view, file=file, ephemeral=True)


async def test_a_file_is_shown_by_a_component(double: Double, guild: Guild, support: Channel) -> None:
    marek = guild.add_member("marek")
    async with connected(double, commands=[policy]) as client:
        await client.tree.sync()
        reply = await marek.uses(support, "policy")
        assert reply.files == {"policy.yaml": "clauses: []"}


async def test_a_message_is_picked_from_its_menu(double: Double, guild: Guild, support: Channel) -> None:
    emma, tom = guild.add_member("emma"), guild.add_member("tom")
    async with connected(double, commands=[covered]) as client:
        await client.tree.sync()
        reply = await tom.picks(await emma.says(support, "new colours please"), "Is this covered?")
        assert reply.text == "emma: new colours please"


async def test_a_silent_bot_fails_and_may_not_answer_late(double: Double, guild: Guild, support: Channel) -> None:
    double.interactions.deadline = 0.1
    tom = guild.add_member("tom")
    async with connected(double, commands=[claim]) as client:
        await client.tree.sync()
        codes: list[int] = []

        async def late(interaction: discord.Interaction[Any]) -> None:
            await asyncio.sleep(0.2)
            with pytest.raises(discord.NotFound) as refused:
                await interaction.response.send_message("too late")
            codes.append(refused.value.code)

        client.react = late
        client.tree.remove_command("claim")
        reply = await tom.uses(support, "claim")
        assert reply.failed
        await double.until(lambda: codes == [10062])


async def test_a_dropped_line_is_resumed_and_nothing_is_missed(double: Double, guild: Guild, support: Channel) -> None:
    emma = guild.add_member("emma")
    async with connected(double) as client:
        await emma.says(support, "one")
        await double.until(lambda: client.heard == ["one"])
        double.gateway.drop_sockets()
        await emma.says(support, "two")
        await double.until(lambda: client.heard == ["one", "two"])
        assert client.resumed == 1
        double.gateway.ask_to_reconnect()
        await double.until(lambda: client.resumed == 2)
        double.gateway.invalidate(resumable=True)
        await double.until(lambda: client.resumed == 3)
        assert len(double.gateway.sessions) == 1


async def test_a_refused_resume_starts_anew_and_loses_what_was_missed(
    double: Double, guild: Guild, support: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    emma = guild.add_member("emma")

    async def at_once(_self: discord.Client, _shard: int | None, *, initial: bool = False) -> None:
        """discord.py waits 5 s before it identifies again."""

    monkeypatch.setattr(Bare, "before_identify_hook", at_once)
    async with connected(double) as client:
        double.gateway.forget_sessions()
        double.gateway.drop_sockets()
        await emma.says(support, "lost")
        await double.until_connected()
        await emma.says(support, "heard")
        await double.until(lambda: client.heard == ["heard"])
        after = discord.Object(int(support.messages[0].id) - 1)
        found = [message.content async for message in place(client, support).history(after=after)]
        assert found == ["lost", "heard"]


async def test_whoever_identifies_too_soon_is_sent_away(
    double: Double, guild: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def soon(_self: discord.Client, _shard: int | None, *, initial: bool = False) -> None:
        await asyncio.sleep(0 if initial else 0.1)

    monkeypatch.setattr(Bare, "before_identify_hook", soon)
    double.gateway.identify_every = 0.25
    async with connected(double), connected(double):
        assert len(double.gateway.live) == 2
        assert sum(payload["op"] == 2 for payload in double.gateway.received) > 2


@pytest.mark.parametrize(("code", "comes_back"), [(4000, True), (4009, True), (4004, False)])
async def test_codes_of_a_closing_line(double: Double, guild: Guild, code: int, *, comes_back: bool) -> None:
    with double.redirected():
        client = Bare(CONTENT)
        running = asyncio.create_task(client.start(double.token))
        await double.until(client.is_ready)
        await double.gateway.close_sockets(code)
        if comes_back:
            await double.until_connected()
            await client.close()
            await running
        else:
            with pytest.raises(discord.ConnectionClosed):
                await running
            await client.close()


async def test_a_half_open_line_is_noticed(double: Double, guild: Guild, support: Channel) -> None:
    double.gateway.heartbeat_seconds = 0.05
    emma = guild.add_member("emma")
    async with connected(double, heartbeat_timeout=0.3) as client:
        double.gateway.go_deaf()
        await emma.says(support, "is anybody there?")
        await double.until(lambda: client.heard == ["is anybody there?"])


async def test_limits_of_each_scope_are_kept_and_told(double: Double, support: Channel) -> None:
    async with connected(double, max_ratelimit_timeout=30) as client:
        channel = place(client, support)
        double.fail_next("POST", "/messages$", retry_after=0.05, scope="user")
        await channel.send("after a short wait")
        double.fail_next("POST", "/messages$", retry_after=219, scope="shared")
        with pytest.raises(discord.RateLimited):
            await channel.send("not for minutes")
        double.limit_global(2, 0.2)
        await asyncio.gather(*(channel.send(str(number)) for number in range(5)))
        assert {str(number) for number in range(5)} <= {message.text for message in support.messages}
        assert {request.scope for request in double.requests if request.status == 429} == {"user", "shared", "global"}
        assert double.invalid_requests == sum(request.status == 429 for request in double.requests) - 1


async def test_trouble_of_discords_own(double: Double, support: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(_seconds: float) -> None:
        """discord.py waits a second before it tries again."""

    async with connected(double) as client:
        channel = place(client, support)
        with monkeypatch.context() as patched:
            patched.setattr("discord.http.asyncio.sleep", at_once)
            double.fail_next("POST", "/messages$", 502, after_doing=True)
            await channel.send("done though the answer was 502", nonce="1")
        double.drop_next("POST", "/messages$", after_doing=True)
        with pytest.raises(aiohttp.ClientError):
            await channel.send("done and cut", nonce="2")
        await channel.send("done and cut", nonce="2")
        assert [message.text for message in support.messages] == ["done though the answer was 502", "done and cut"]


async def test_refusals_have_discords_numbers(double: Double, guild: Guild, support: Channel) -> None:
    double.world.filtered_words.add("crap")
    emma = guild.add_member("emma")
    async with connected(double) as client:
        channel = place(client, support)
        message = channel.get_partial_message(int((await emma.says(support, "help")).id))
        codes = [
            await refusal(message.create_thread(name="what crap")),
            await refusal(channel.send("x" * 2001)),
            await refusal(channel.get_partial_message(1).fetch()),
            await refusal(message.edit(content="not mine")),
        ]
        guild.set_bot_permissions(discord.Permissions(view_channel=True).value)
        guild.everyone.permissions = 0
        codes += [await refusal(channel.send("hello")), await refusal(message.create_thread(name="Ticket"))]
        support.delete()
        codes.append(await refusal(channel.send("hello")))
        guild.remove_bot()
        codes.append(await refusal(client.fetch_guild(int(guild.id))))
        assert codes == [50035, 50035, 10008, 50005, 50013, 50013, 10003, 50001]


async def refusal(call: Awaitable[object]) -> int:
    with pytest.raises(discord.HTTPException) as refused:
        await call
    return refused.value.code


async def test_answers_can_be_deferred_changed_followed_and_public(
    double: Double, guild: Guild, support: Channel
) -> None:
    tom = guild.add_member("tom")
    async with connected(double, commands=[claim]) as client:
        await client.tree.sync()
        client.tree.remove_command("claim")
        codes: list[int] = []

        async def react(interaction: discord.Interaction[Any]) -> None:
            await interaction.response.defer(thinking=True)
            await interaction.edit_original_response(content="Everybody reads this")
            followup = await interaction.followup.send("and nobody else this", ephemeral=True, wait=True)
            await followup.edit(content="and only Tom this")
            again = discord.http.Route(
                "POST", "/interactions/{id}/{token}/callback", id=interaction.id, token=interaction.token
            )
            codes.append(await refusal(client.http.request(again, json={"type": 5})))

        client.react = react
        reply = await tom.uses(support, "claim")
        await double.until(lambda: codes == [40060])
        assert reply.text == "Everybody reads this\nand only Tom this"
        assert [message.text for message in support.messages] == ["Everybody reads this"]
        assert not any(request.counts for request in double.requests if "/callback" in request.path)


async def test_old_messages_archives_and_names_have_their_limits(
    double: Double, guild: Guild, support: Channel
) -> None:
    emma, double.world.old_edits, double.world.old_edit_wait = guild.add_member("emma"), 0, 60
    async with connected(double, max_ratelimit_timeout=30) as client:
        sent = await place(client, support).send("the line")
        support.messages[0].sent_at -= timedelta(hours=2)
        with pytest.raises(discord.RateLimited):
            await sent.edit(content="the line now")
        assert double.requests[-1].answer["code"] == 30046
        message = place(client, support).get_partial_message(int((await emma.says(support, "help")).id))
        thread = await message.create_thread(name="Ticket 1")
        inside = await thread.send("hello")
        await thread.edit(name="two")
        await thread.edit(name="three")
        with pytest.raises(discord.RateLimited):
            await thread.edit(name="four")
        await thread.edit(archived=True)
        guild.max_active_threads = 0
        codes = [
            await refusal(inside.edit(content="changed")),
            await refusal(thread.edit(locked=True)),
            await refusal(sent.create_thread(name="Ticket 2")),
        ]
        assert codes == [50083, 50013, 160006]


async def test_roles_come_into_a_thread_only_if_they_may_be_mentioned(
    double: Double, guild: Guild, support: Channel
) -> None:
    agents, helpers = guild.add_role("Agents"), guild.add_role("Helpers", mentionable=True)
    tom, paul = guild.add_member("tom", roles=[agents]), guild.add_member("paul", roles=[helpers])
    async with connected(double) as client:
        thread = await place(client, support).create_thread(name="private", type=discord.ChannelType.private_thread)
        await thread.send(f"{agents.mention} {helpers.mention}")
        assert paul.id in double.threads[0].members
        assert tom.id not in double.threads[0].members


async def test_what_happens_to_a_guild_is_told(double: Double, guild: Guild, support: Channel) -> None:
    emma = guild.add_member("emma")
    intents = discord.Intents(guilds=True, guild_messages=True, moderation=True)
    async with connected(double, intents) as client:
        members = await client.guilds[0].query_members(user_ids=[int(emma.id)])
        assert [str(member.id) for member in members] == [emma.id]
        message = await emma.says(support, "help")
        thread = guild.open_thread(support, "Ticket 1", double.world.me, message=message, private=False)
        support.purge([message])
        thread.delete()
        support.delete()
        guild.ban(emma)
        guild.go_down()
        guild.come_back()
        guild.remove_bot()
        guild.invite_bot()
        expected = (
            "raw_bulk_message_delete raw_thread_delete guild_channel_delete member_ban guild_unavailable"
            " guild_available guild_remove guild_join"
        )
        await double.until(lambda: "guild_join" in client.events)
        assert [event for event in client.events if event in expected.split()][-8:] == expected.split()


async def test_what_the_bot_may_not_see_is_not_told(double: Double, guild: Guild, support: Channel) -> None:
    emma = guild.add_member("emma")
    secret = guild.add_text_channel("secret")
    secret.set_permissions(guild.bot_role, deny=Permission.VIEW_CHANNEL)
    async with connected(double) as client:
        await emma.says(secret, "between us")
        await emma.says(support, "hello")
        await double.until(lambda: client.heard == ["hello"])
        assert await refusal(place(client, secret).send("I am here")) == 50001


async def test_what_does_not_fit_discords_descriptions_fails_the_test() -> None:
    if not schema.at_hand():
        pytest.skip(f"Discord's descriptions are not in {schema.SCHEMAS.name}")
    with pytest.raises(AssertionError, match="colour"):
        await misspell()


async def misspell() -> None:
    """Send a field that Discord does not know."""
    async with discord_double() as double:
        support = double.add_guild("Shop").add_text_channel("support")
        async with connected(double) as client:
            sending = discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=support.id)
            await client.http.request(sending, json={"content": "hello", "colour": 7})


async def test_a_killed_process_is_replaced_by_another(double: Double, guild: Guild, support: Channel) -> None:
    emma = guild.add_member("emma")
    addresses = [double.api_url, double.gateway_url, double.token]
    for _ in range(2):
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", ECHO, *addresses)
        await double.until_connected()
        await emma.says(support, "again")
        await double.until(lambda: [message.text for message in support.messages][-1] == "again!")
        process.kill()
        await process.wait()
        await double.until(lambda: not double.gateway.live)
    assert [message.text for message in support.messages] == ["again", "again!"] * 2


ECHO = """
import sys, discord, yarl
discord.http.Route.BASE = sys.argv[1]
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(sys.argv[2])
client = discord.Client(intents=discord.Intents(guilds=True, guild_messages=True, message_content=True))

@client.event
async def on_message(message):
    if not message.author.bot:
        await message.channel.send(message.content + "!")

client.run(sys.argv[3], log_handler=None)
"""
"""A bot that says again what it hears."""


async def test_shards_divide_the_guilds(double: Double) -> None:
    guilds = [double.add_guild(f"Shop {number}") for number in range(4)]
    async with (
        connected(double, shard_count=2, shard_ids=[0]) as first,
        connected(double, shard_count=2, shard_ids=[1]) as second,
    ):
        assert len(first.guilds) == len(second.guilds) == 2
        assert {guild.id for guild in [*first.guilds, *second.guilds]} == {int(guild.id) for guild in guilds}
