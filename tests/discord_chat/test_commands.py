"""The slash commands and menus: what Discord is told of them, what reaches the desk, and when they are registered."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import discord
import jsonschema
import pytest
import simcord
from aiohttp import web
from discord import app_commands

from adapters.discord_chat.commands import CatalogueTranslator, command_tree, sync
from bot.desk.commands import COMMANDS, Audience
from bot.desk.policy.commands import ACTIONS
from bot.model import Wish

if TYPE_CHECKING:
    from adapters.discord_chat.client import DeskClient

SCHEMA = Path(__file__).parents[3] / "shared" / "schemas" / "discord_openapi_v10.json"
ROUTE = "/applications/{application_id}/commands"
ENGLISH = ("en-US", "en-GB")
PRIVATE = "private"
"""A command of the desk that people reach as an option of `/ticket`."""


class Recorder(discord.Client):
    """Notes what a command or menu hands on, and answers, as the real client would."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents.default(), application_id=7)
        self.told: list[tuple[str, str]] = []
        self.tree = command_tree(cast("DeskClient", self))
        self.ids: dict[str, int] = {}

    async def setup_hook(self) -> None:
        self.ids = await sync(self.tree)

    async def used(self, interaction: discord.Interaction, name: str, words: str = "") -> None:
        self.told.append((name, words))
        await interaction.response.send_message("Done.", ephemeral=True)

    async def picked(self, interaction: discord.Interaction, wish: Wish, message: discord.Message) -> None:
        self.told.append((wish, message.content))
        await interaction.response.send_message("Done.", ephemeral=True)


@pytest.fixture
def client() -> Recorder:
    return Recorder()


@pytest.fixture
def simcord_bot(client: Recorder) -> discord.Client:
    return client


@pytest.fixture
def env(simcord_env: simcord.Env) -> simcord.Env:
    return simcord_env


@pytest.fixture
async def definitions(client: Recorder) -> list[dict[str, Any]]:
    """What we tell Discord, as it goes over the wire."""
    translator = CatalogueTranslator()
    payloads = [await command.get_translated_payload(client.tree, translator) for command in client.tree.get_commands()]
    return cast("list[dict[str, Any]]", json.loads(json.dumps(payloads)))


def slash(definitions: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in definitions if one["type"] == 1}


def menus(definitions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in definitions if one["type"] == 3]


def parts(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A command with its options and their choices."""
    yield definition
    for part in (*definition.get("options", ()), *definition.get("choices", ())):
        yield from parts(part)


# --- what Discord is told ----------------------------------------------------------------------------


def test_every_command_of_the_desk_is_there(definitions: list[dict[str, Any]]) -> None:
    assert set(slash(definitions)) == {command.name for command in COMMANDS} - {PRIVATE}
    assert "private" in {option["name"] for option in slash(definitions)["ticket"]["options"]}


def test_the_policy_offers_all_that_the_desk_does_with_it(definitions: list[dict[str, Any]]) -> None:
    action, _, language = slash(definitions)["policy"]["options"]
    assert [choice["value"] for choice in action["choices"]] == list(ACTIONS)
    assert [choice["value"] for choice in language["choices"]] == ["de", "en", "both"]


def test_everything_is_in_german_and_in_english(definitions: list[dict[str, Any]]) -> None:
    for part in (part for definition in definitions for part in parts(definition)):
        for key in {"name", "description"} & part.keys():
            localised = part[f"{key}_localizations"]
            assert set(localised) == {"de", *ENGLISH}, part
            assert [localised[english] for english in ENGLISH] == [part[key]] * 2


def test_a_choice_shows_the_word_that_our_texts_name(definitions: list[dict[str, Any]]) -> None:
    chosen = (part for definition in definitions for part in parts(definition) if part["name"] in {"action", "part"})
    for choice in (choice for part in chosen for choice in part["choices"]):
        for name in choice["name_localizations"].values():
            assert name.startswith(f"{choice['value']}: "), name


def test_what_all_servers_read_addresses_nobody(definitions: list[dict[str, Any]]) -> None:
    address = re.compile(r"\b(Sie|Ihnen|Ihre?[mnrs]?|[Dd]u|[Dd]ich|[Dd]ir|[Dd]eine?[mnrs]?)\b")
    for part in (part for definition in definitions for part in parts(definition)):
        for words in (part["name_localizations"]["de"], part.get("description_localizations", {}).get("de", "")):
            assert not address.search(words), words


def test_everything_is_within_discords_limits(definitions: list[dict[str, Any]]) -> None:
    for definition in definitions:
        size = 0
        for part in parts(definition):
            names = [part["name"], *part["name_localizations"].values()]
            told = part.get("description_localizations", {})
            is_choice = "value" in part
            assert all(1 <= len(name) <= (100 if is_choice else 32) for name in names)
            assert all(1 <= len(words) <= 100 for words in told.values()), told
            assert len(part.get("options", ())) <= 25
            assert len(part.get("choices", ())) <= 25
            size += max(map(len, names)) + max(map(len, told.values()), default=0) + len(str(part.get("value", "")))
            if not is_choice and definition["type"] == 1:
                assert all(re.fullmatch(r"[-\w]+", name) and name == name.lower() for name in names)
        assert size <= 8_000


@pytest.mark.parametrize("locale", ["de", "en-US"])
def test_no_two_have_the_same_name(definitions: list[dict[str, Any]], locale: str) -> None:
    names = [(one["type"], one["name_localizations"][locale]) for one in definitions]
    assert len(names) == len(set(names))
    for command in slash(definitions).values():
        options = [option["name_localizations"][locale] for option in command["options"]]
        assert len(options) == len(set(options))


def test_they_are_for_servers_only(definitions: list[dict[str, Any]]) -> None:
    assert {(tuple(one["contexts"]), tuple(one["integration_types"])) for one in definitions} == {((0,), (0,))}


async def test_the_menu_shows_each_what_is_theirs(env: simcord.Env) -> None:
    guild = env.create_guild()
    channel = guild.create_text_channel("support")
    agents = guild.create_role("Agents", permissions=discord.Permissions(manage_threads=True))
    moderators = guild.create_role("Moderators", permissions=discord.Permissions(manage_guild=True))
    roles = {Audience.EVERYBODY: (), Audience.AGENTS: (agents,), Audience.MODERATORS: (agents, moderators)}
    seen = {
        audience: guild.add_member(env.create_user(audience), roles=roles[audience]).available_commands(channel)
        for audience in Audience
    }
    for command in COMMANDS:
        if command.name != PRIVATE:
            may = list(Audience)[list(Audience).index(command.audience) :]
            assert [audience for audience in Audience if command.name in seen[audience]] == may, command.name


# --- what reaches the desk ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("covered", {"question": "does it run on PHP 8?"}, ("covered", "does it run on PHP 8?")),
        ("covered", {}, ("covered", "")),
        ("ticket", {"text": "the gallery is broken"}, ("ticket", "the gallery is broken")),
        ("ticket", {}, ("ticket", "")),
        ("ticket", {"text": "my order 77", "private": True}, ("private", "my order 77")),
        ("ticket", {"text": "my order 77", "private": False}, ("ticket", "my order 77")),
        ("place", {}, ("place", "")),
        ("close", {}, ("close", "")),
        ("close", {"number": 12, "words": "solved"}, ("close", "#12 solved")),
        ("close", {"words": "12 bugs solved"}, ("close", "“12 bugs solved”")),
        ("close", {"words": "solved"}, ("close", "solved")),
        ("policy", {}, ("policy", "")),
        ("policy", {"text": "order", "language": "en"}, ("policy", "order en")),
        ("policy", {"action": "post", "language": "both"}, ("policy", "post both")),
        ("policy", {"action": "post", "text": "order", "language": "de"}, ("policy", "post order de")),
        ("policy", {"action": "edit", "text": "updates", "language": "en"}, ("policy", "edit updates en")),
        ("policy", {"action": "edit", "language": "both"}, ("policy", "edit")),
        ("policy", {"text": "order", "language": "both"}, ("policy", "order both")),
        ("policy", {"action": "test", "text": "it crashes", "language": "en"}, ("policy", "test it crashes")),
        ("policy", {"action": "undo", "text": "3"}, ("policy", "undo 3")),
        ("claim", {}, ("claim", "")),
        ("claim", {"number": 3, "reason": "a security hole"}, ("claim", "3 a security hole")),
        ("release", {"number": 3}, ("release", "3")),
        ("release", {}, ("release", "")),
        ("correct", {"number": 3}, ("correct", "3")),
        ("queue", {}, ("queue", "")),
        ("mine", {}, ("mine", "")),
        ("behind", {}, ("behind", "")),
        ("fairness", {}, ("fairness", "")),
        ("fairness", {"period": "month"}, ("fairness", "month")),
        ("fairness", {"period": "week", "form": "csv"}, ("fairness", "week csv")),
        ("fairness", {"form": "picture"}, ("fairness", "picture")),
        ("setup", {}, ("setup", "")),
        ("setup", {"part": "hours"}, ("setup", "hours")),
        ("setup", {"part": "promise"}, ("setup", "promise")),
        ("setup", {"part": "tickets"}, ("setup", "tickets")),
        ("setup", {"part": "mode"}, ("setup", "mode")),
        ("setup", {"mode": "ask"}, ("setup", "mode ask")),
        ("setup", {"part": "mode", "mode": "quiet"}, ("setup", "mode quiet")),
        ("panel", {}, ("panel", "")),
    ],
)
async def test_options_become_the_words_that_the_desk_understands(
    env: simcord.Env, client: Recorder, name: str, options: dict[str, Any], told: tuple[str, str]
) -> None:
    guild = env.create_guild()
    channel = guild.create_text_channel("support")
    admin = guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
    await guild.add_member(env.create_user("ada"), roles=[admin]).slash(channel, name, **options)
    assert client.told == [told]


@pytest.mark.parametrize("name", ["block", "unblock"])
async def test_a_person_is_told_by_id(env: simcord.Env, client: Recorder, name: str) -> None:
    guild = env.create_guild()
    channel = guild.create_text_channel("support")
    admin = guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
    spammer = guild.add_member(env.create_user("spammer"))
    await guild.add_member(env.create_user("ada"), roles=[admin]).slash(channel, name, person=spammer)
    assert client.told == [(name, str(spammer.id))]


@pytest.mark.parametrize(
    ("menu", "wish"),
    [
        ("Is this covered?", Wish.COVERED),
        ("Open a ticket from this", Wish.TICKET),
        ("Open a private ticket", Wish.PRIVATE_TICKET),
    ],
)
async def test_a_menu_hands_on_the_wish_and_the_message(
    env: simcord.Env, client: Recorder, menu: str, wish: Wish
) -> None:
    guild = env.create_guild()
    channel = guild.create_text_channel("support")
    emma = guild.add_member(env.create_user("emma"))
    message = await emma.send(channel, "the gallery is broken")
    await emma.context_menu(channel, menu, message)
    assert client.told == [(wish, "the gallery is broken")]


# --- registering -------------------------------------------------------------------------------------


class Registry:
    """Discord's side of it, over a real socket: keeps what is written, and puts it in its own way when asked."""

    def __init__(self) -> None:
        self.known: list[dict[str, Any]] = []
        self.writes: list[list[dict[str, Any]]] = []
        self.answers: list[list[dict[str, Any]]] = []

    def application(self) -> web.Application:
        app = web.Application()
        app.add_routes([web.get("/users/@me", self.me), web.get(ROUTE, self.read), web.put(ROUTE, self.write)])
        return app

    async def me(self, _: web.Request) -> web.Response:
        return answer({"id": "7", "username": "wartemarke", "discriminator": "0000", "avatar": None})

    async def write(self, request: web.Request) -> web.Response:
        self.writes.append(await request.json())
        ids = {(one["type"], one["name"]): one["id"] for one in self.known}
        self.known = [kept(deepcopy(one)) for one in self.writes[-1]]
        for number, one in enumerate(self.known):
            known = ids.get((one["type"], one["name"]), f"{len(self.writes)}{number:04}")
            one.update(id=known, application_id="7", version="9")
        self.answers.append(self.known)
        return answer(self.known)

    async def read(self, request: web.Request) -> web.Response:
        if request.query.get("with_localizations") != "true":
            return answer([without_localisations(one) for one in self.known])
        self.answers.append(self.known)
        return answer(list(reversed(self.known)))


def answer(data: Any) -> web.Response:
    """discord.py takes for JSON only what is called exactly so."""
    return web.Response(body=json.dumps(data), headers={"Content-Type": "application/json"})


def kept(one: dict[str, Any]) -> dict[str, Any]:
    """A definition as Discord gives it back: what is off or empty is left out or null, permissions are a string."""
    one = {key: value for key, value in one.items() if value is not False and value != []}
    one = {key: value or None if key.endswith("_localizations") else value for key, value in one.items()}
    if one.get("default_member_permissions") is not None:
        one["default_member_permissions"] = str(one["default_member_permissions"])
    for key in {"options", "choices"} & one.keys():
        one[key] = [kept(part) for part in one[key]]
    if "contexts" in one:  # a command
        one = {"description": "", "nsfw": False, "dm_permission": False} | one
    return one


def without_localisations(one: dict[str, Any]) -> dict[str, Any]:
    """What Discord tells somebody who does not ask for the localisations."""
    return {key: value for key, value in one.items() if not key.endswith("_localizations")}


@pytest.fixture
async def registry(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Registry]:
    registry = Registry()
    runner = web.AppRunner(registry.application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    monkeypatch.setattr(discord.http.Route, "BASE", f"http://{host}:{port}")
    yield registry
    await runner.cleanup()


async def start(client: Recorder, *, write: bool = True) -> dict[str, int]:
    """What a process does with the commands when it starts."""
    async with client:
        await client.http.static_login("token")
        return await sync(client.tree, write=write)


async def test_what_is_registered_already_is_not_written_again(registry: Registry) -> None:
    first = await start(Recorder())
    assert set(first) == {command.name for command in COMMANDS} - {PRIVATE}
    assert await start(Recorder()) == first
    assert len(registry.writes) == 1


async def test_only_one_of_several_processes_writes(registry: Registry) -> None:
    assert await start(Recorder(), write=False) == {}
    first = await start(Recorder())
    assert await start(Recorder(), write=False) == first
    assert len(registry.writes) == 1


def change_description(client: Recorder) -> None:
    command = client.tree.get_command("place")
    assert isinstance(command, app_commands.Command)
    command.description = "Something else"


def remove_menu(client: Recorder) -> None:
    client.tree.remove_command("Is this covered?", type=discord.AppCommandType.message)


def open_to_all(client: Recorder) -> None:
    command = client.tree.get_command("setup")
    assert isinstance(command, app_commands.Command)
    command.default_permissions = None


@pytest.mark.parametrize("change", [change_description, remove_menu, open_to_all])
async def test_a_change_is_written_once(registry: Registry, change: Any) -> None:
    first = await start(Recorder())
    for _ in range(2):
        client = Recorder()
        change(client)
        assert await start(client) == first, "a mention of a command stays good"
    assert len(registry.writes) == 2


async def test_what_somebody_else_registered_is_put_right(registry: Registry) -> None:
    await start(Recorder())
    registry.known[0]["description_localizations"]["de"] = "Etwas anderes"
    await start(Recorder())
    registry.known.append({"id": "5", "type": 1, "name": "old", "description": "From an older version"})
    await start(Recorder())
    await start(Recorder())
    assert len(registry.writes) == 3
    assert registry.writes[0] == registry.writes[1] == registry.writes[2]


@pytest.mark.skipif(not SCHEMA.exists(), reason="Discord's OpenAPI description (../shared/schemas) is not here")
async def test_requests_and_answers_are_as_discord_describes_them(registry: Registry) -> None:
    await start(Recorder())
    await start(Recorder())
    described = json.loads(SCHEMA.read_text(encoding="utf-8"))
    put = described["paths"][ROUTE]["put"]
    asked = put["requestBody"]["content"]["application/json"]["schema"]
    answered = put["responses"]["200"]["content"]["application/json"]["schema"]
    for schema, documents in ((asked, registry.writes), (answered, registry.answers)):
        validator = jsonschema.Draft202012Validator(schema | {"components": described["components"]})
        for document in documents:
            validator.validate(document)
