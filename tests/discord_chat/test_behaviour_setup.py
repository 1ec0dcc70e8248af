"""The first minutes: the welcome, the forms, what they say is missing; and the panel."""

from __future__ import annotations

from typing import Any

import discord
import pytest
from simcord.backend import serializers
from simcord.builders import ChannelHandle

from tests.discord_chat.conftest import Shop, buttons, newest, questions, words

CRASH = "The gallery crashes as soon as I open it since yesterday"


async def test_the_bot_says_hello_once_and_what_to_do(bare_shop: Shop) -> None:
    (welcome,) = bare_shop.support.history()
    assert "/setup" in words(welcome)
    assert "</setup:" in words(welcome)  # a link that opens the command
    assert "Hallo" in words(welcome)  # the guild's own language
    await bare_shop.restart()
    assert len(bare_shop.support.history()) == 1


@pytest.mark.parametrize(("locale", "hello"), [("en-US", "Hello, I am"), ("de", "Hallo"), ("fr", "Hallo")])
async def test_a_new_guild_is_greeted_in_its_language(bare_shop: Shop, locale: str, hello: str) -> None:
    guild = bare_shop.env.create_guild("Another shop", preferred_locale=locale)
    channel = guild.create_text_channel("lobby")
    bare_shop.env.backend.guilds[guild.id].system_channel_id = channel.id
    await _joins_anew(bare_shop, guild.id)
    assert hello in words(newest(channel))


async def _joins_anew(shop: Shop, guild: int) -> None:
    """The bot is added to a guild that has its channels already."""
    backend = shop.env.backend
    backend.emit("GUILD_DELETE", {"id": str(guild)})
    await shop.env.settle()
    backend.emit("GUILD_CREATE", serializers.guild_create_payload(backend, backend.guilds[guild]))
    await shop.deliver()


async def test_who_invites_the_bot_again_finds_all_as_it_was(shop: Shop) -> None:
    said = len(shop.support.history())
    await _joins_anew(shop, shop.guild.id)
    assert len(shop.support.history()) == said + 1  # hello again
    await shop.says(shop.emma, CRASH)
    assert "your request is covered" in words(newest(shop.thread))


async def test_before_the_set_up_nobody_is_heard_and_told_so_when_asking(bare_shop: Shop) -> None:
    begun = len(bare_shop.env.http_requests)
    await bare_shop.says(bare_shop.emma, CRASH)
    assert len(bare_shop.env.http_requests) == begun
    refused = await bare_shop.uses(bare_shop.emma, "ticket", text=CRASH)
    assert "Support is not set up here yet." in words(refused)
    answer = await bare_shop.uses(bare_shop.emma, "covered", question=CRASH)
    assert "Covered: Defects in the item" in words(answer)


async def test_the_form_asks_with_menus_of_channels_and_roles(bare_shop: Shop) -> None:
    form = await bare_shop.uses(bare_shop.marek, "setup")
    asked = questions(form)
    kinds = {name: discord.ComponentType(one["type"]).name for name, one in asked.items()}
    assert kinds == {
        "support": "channel_select",
        "agents": "channel_select",
        "sales": "channel_select",
        "agent_roles": "role_select",
        "moderator_roles": "role_select",
    }
    done = await bare_shop.set_up()
    assert done.ephemeral
    assert "Saved." in words(done)
    assert f"<#{bare_shop.support.id}> (auto" in words(done)
    assert f"<@&{bare_shop.agent_role.id}>" in words(done)
    assert "Missing: a sales channel." in words(done)
    assert "Warteschlange" in words(bare_shop.board)


async def test_the_form_shows_what_is_set(shop: Shop) -> None:
    asked = questions(await shop.uses(shop.marek, "setup"))
    assert [one["id"] for one in asked["support"]["default_values"]] == [shop.support.id]
    assert [one["id"] for one in asked["agent_roles"]["default_values"]] == [shop.agent_role.id]


async def test_a_good_set_up_lacks_nothing(bare_shop: Shop) -> None:
    agents_may = {"permissions": discord.Permissions(manage_threads=True).value, "mentionable": True}
    bare_shop.env.backend.edit_role(bare_shop.guild.id, bare_shop.agent_role.id, agents_may)
    hidden, seen = discord.PermissionOverwrite(view_channel=False), discord.PermissionOverwrite(view_channel=True)
    staff = (bare_shop.guild.roles["TestBot"], bare_shop.agent_role, bare_shop.moderator_role)
    overwrites: dict[Any, discord.PermissionOverwrite] = {bare_shop.guild.default_role: hidden}
    overwrites |= dict.fromkeys(staff, seen)
    agents, sales = (bare_shop.guild.create_text_channel(name, overwrites=overwrites) for name in ("team", "offers"))
    done = await bare_shop.set_up(agents=[agents], sales=[sales])
    assert "-#" not in words(done)


async def test_the_answer_names_what_everybody_sees_and_moderators_do_not(bare_shop: Shop) -> None:
    helpers = bare_shop.guild.create_role("Helpers")
    done = words(await bare_shop.set_up(moderator_roles=[helpers]))
    assert f"In <#{bare_shop.agents.id}> the bot cannot notify <@&{bare_shop.agent_role.id}>" in done
    assert f"In <#{bare_shop.agents.id}> customers' words are quoted, and everybody on the server sees them" in done
    assert f"The permission “Manage Server” is missing for <@&{helpers.id}>" in done


@pytest.mark.parametrize(
    ("permission", "told"),
    [
        ("send_messages", "Send Messages"),
        ("create_public_threads", "Create Public Threads"),
        ("create_private_threads", "Create Private Threads"),
        ("send_messages_in_threads", "Send Messages in Threads"),
        ("read_message_history", "Read Message History"),
        ("attach_files", "Attach Files"),
    ],
)
async def test_the_answer_names_each_permission_that_the_bot_lacks(bare_shop: Shop, permission: str, told: str) -> None:
    assert bare_shop.client.user is not None
    bare_shop.deny(bare_shop.support, bare_shop.client.user.id, permission)
    await bare_shop.env.settle()
    done = await bare_shop.set_up()
    assert f"In <#{bare_shop.support.id}> the bot does not have the permission “{told}”." in words(done)
    again = await bare_shop.uses(bare_shop.marek, "setup", bare_shop.general, part="show")
    assert f"“{told}”" in words(again)


async def test_the_answer_names_what_customers_and_agents_lack(bare_shop: Shop) -> None:
    bare_shop.deny(bare_shop.support, bare_shop.guild.default_role.id, "send_messages_in_threads")
    bare_shop.deny(bare_shop.support, bare_shop.agent_role.id, "manage_threads")
    await bare_shop.env.settle()
    done = words(await bare_shop.set_up())
    assert "customers cannot write in their tickets" in done
    assert "agents see private tickets there only after claiming them" in done


async def test_what_was_set_up_and_is_gone_is_named(shop: Shop) -> None:
    shop.env.backend.delete_role(shop.guild.id, shop.agent_role.id)
    await shop.env.settle()
    told = words(await shop.uses(shop.marek, "setup", part="show"))
    assert "role" in told.split("Customers' texts")[1]
    shop.env.backend.delete_channel(shop.agents.id)
    await shop.deliver()
    told = words(await shop.uses(shop.marek, "setup", part="show"))
    assert "Missing: an agents' channel." in told


async def test_numbers_are_checked(shop: Shop) -> None:
    form = await shop.uses(shop.marek, "setup", part="tickets")
    refused = await shop.fills_in(shop.marek, form, open_limit="many", hourly_limit="5", reopen="7")
    assert "Please enter a whole number from 1 to 100 for “Open tickets per customer”." in words(refused)
    form = await shop.uses(shop.marek, "setup", part="tickets")
    done = await shop.fills_in(shop.marek, form, open_limit="1", hourly_limit="5", reopen="7")
    assert "At most 1 open tickets" in words(done) or "At most 1 open ticket" in words(done)
    await shop.says(shop.emma, CRASH)
    await shop.says(shop.emma, "The contact form sends no mails any more", shop.support)
    refused = await shop.uses(shop.emma, "ticket", text="The contact form sends no mails any more")
    assert "You already have an open ticket." in words(refused)


@pytest.mark.parametrize("mode", ["auto", "ask", "quiet"])
async def test_a_channel_behaves_as_it_is_told(shop: Shop, mode: str) -> None:
    if mode == "ask":  # by the form
        form = await shop.uses(shop.marek, "setup", part="mode")
        done = await shop.fills_in(shop.marek, form, mode=[mode])
    else:
        done = await shop.uses(shop.marek, "setup", mode=mode)
    assert f"({mode}:" in words(done)
    await shop.says(shop.emma, CRASH)
    assert [buttons(newest(thread))[0] for thread in shop.threads] == {
        "auto": ["Claim"],
        "ask": ["Open a ticket"],
        "quiet": [],
    }[mode]


async def test_a_mode_belongs_to_a_support_channel(shop: Shop) -> None:
    refused = await shop.uses(shop.marek, "setup", shop.general, mode="ask")
    assert "This is not a support channel." in words(refused)


# --- the panel ---------------------------------------------------------------------------------------


@pytest.fixture
async def panel(shop: Shop) -> discord.Message:
    """In a channel that is no support channel, for people who speak German and English."""
    told = await shop.uses(shop.marek, "panel", shop.general)
    assert told.ephemeral
    assert "The panel will be here in a moment." in words(told)
    return newest(shop.general)


async def test_the_panel_offers_all_that_a_customer_can_begin_with(shop: Shop, panel: discord.Message) -> None:
    assert buttons(panel) == [
        "Ticket öffnen",
        "Privates Ticket",
        "Ist das abgedeckt?",
        "Kostenpflichtige Lösung",
        "Mein Platz",
    ]


FORMS: dict[str, tuple[dict[str, Any], str]] = {
    "Ticket öffnen": ({"text": CRASH}, "Your ticket is #1"),
    "Privates Ticket": ({"text": CRASH}, "Only you and our team can read it."),
    "Ist das abgedeckt?": ({"text": CRASH}, "Covered: Defects in the item"),
    "Kostenpflichtige Lösung": (
        {"product": "Aurora", "wish": "A third header", "contact": "emma@example.org"},
        "your request has arrived",
    ),
}


@pytest.mark.parametrize("label", FORMS)
async def test_the_panels_buttons_open_forms_again_and_again(shop: Shop, panel: discord.Message, label: str) -> None:
    given, told = FORMS[label]
    for _ in range(2):
        form = await shop.presses(shop.emma, panel, label)
        answer = await shop.fills_in(shop.emma, form, **given)
        assert answer.ephemeral
        assert told.replace("#1", "#") in words(answer).replace("#1", "#").replace("#2", "#")


async def test_the_panel_tells_the_place_in_the_line(shop: Shop, panel: discord.Message) -> None:
    assert "You have no open ticket." in words(await shop.presses(shop.emma, panel, "Mein Platz"))
    await shop.says(shop.emma, CRASH)
    place = await shop.presses(shop.emma, panel, "Mein Platz")
    assert place.ephemeral
    assert "Ticket #1 is next in line." in words(place)


async def test_a_panel_in_a_thread_stays_in_the_thread(shop: Shop) -> None:
    await shop.says(shop.emma, CRASH)
    thread: ChannelHandle = shop.thread
    await shop.uses(shop.marek, "panel", thread)
    assert "Ticket öffnen" in buttons(newest(thread))
