"""Our forms on Discord: every form of the desk fits, and what was filled in comes back, also after a restart."""

from __future__ import annotations

import itertools
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import discord
import pytest
import simcord
from hypothesis import given
from hypothesis import strategies as st

from adapters.discord_chat.forms import modal_of, values_of
from adapters.discord_chat.markup import to_plain
from adapters.discord_chat.show import DeskButton, views
from bot.desk.buttons import BUTTONS, FORMS
from bot.desk.policy.exchanging import LARGEST_IMPORT
from bot.model import Button, Content, Field, FieldKind, Form, Language, Reply, Text, Value
from bot.texts import keys, paragraph, text
from tests.doubles.world import EMMA, JONAS, MAREK, TOM, World

LABEL = text("form-paid-product")
SENTENCE = "der drehkranz quietscht beim umblättern"
EDITED = {"ruling": "covered", "clause": "Klausel.", "answer": "Antwort.", "phrases": SENTENCE, "look_alikes": ""}


def form(*fields: Field, name: str = "test") -> Form:
    return Form(name, text("form-paid"), fields, Language.EN)


def controls(modal: discord.ui.Modal) -> list[dict[str, Any]]:
    return [label["component"] for label in modal.to_dict()["components"]]


def control(field: Field) -> dict[str, Any]:
    (only,) = controls(modal_of(form(field)))
    return only


def choices(count: int) -> tuple[tuple[str, Text], ...]:
    return tuple((f"c{number}", text("category-option", title=f"Category {number}")) for number in range(count))


# --- the desk's own forms -----------------------------------------------------------------------------


async def all_replies(world: World) -> list[Reply]:
    """Replies of the desk, every kind of form among them."""
    replies: list[Reply | None] = []

    async def press(kind: str) -> None:
        content = next(reply.content for reply in reversed(replies) if reply and reply.content)
        action = next(button.action for button in content.buttons if button.action.startswith(kind))
        replies.append(await world.press(MAREK, action))

    await world.post(EMMA, "the gallery crashes as soon as I open it since yesterday")
    message = await world.post(JONAS, "what would you charge for a custom checkout? I would pay for it")
    await world.command(JONAS, "/ticket der Import bricht mit Fehler 500 ab")
    await world.command(EMMA, "/ticket the contact form sends no mail any more")
    replies += [await world.press(TOM, action) for action in ("claim:3", "claim:1", "correct:1", "reply:3")]
    await world.send(TOM, "correct:1", {"category": "compatibility_update"})
    replies += [await world.press(JONAS, action) for action in ("ticket", "private", "covered", f"paid:{message}")]
    commands = "setup, setup rules, setup tickets, setup hours, setup promise, setup mode"
    replies += [await world.command(MAREK, f"/{command}") for command in commands.split(", ")]
    commands = "policy edit, policy edit defect, policy edit document"
    replies += [await world.command(MAREK, f"/{command}") for command in commands.split(", ")]
    commands = "policy add, policy rename defect, policy import, policy review"
    replies += [await world.command(MAREK, f"/{command}") for command in commands.split(", ")]
    await press("policy-teach:")
    replies.append(await world.send(MAREK, "policy-edit:defect:de:", EDITED))
    await press("policy-apply:")
    return [reply for reply in replies if reply]


async def test_every_form_and_button_of_the_desk_keeps_the_limits(world: World) -> None:
    replies = await all_replies(world)
    forms = [reply.form for reply in replies if reply.form]
    assert {form.name.partition(":")[0] for form in forms} == set(FORMS)
    for told in forms:
        for language in Language:
            for formal in (True, False):
                check(modal_of(replace(told, language=language, formal=formal)))
    for content in (reply.content for reply in replies if reply.content):
        assert all(button.action.partition(":")[0] in BUTTONS for button in content.buttons)
        assert all(len(button.action) <= 100 for button in content.buttons)
        assert views(content, {})


def check(modal: discord.ui.Modal) -> None:
    """What Discord would refuse, or we would have to cut."""
    sent = modal.to_dict()
    assert 1 <= len(sent["custom_id"]) <= 100
    assert 1 <= len(sent["title"]) <= 45
    assert not sent["title"].endswith("…")
    assert 1 <= len(sent["components"]) <= 5
    for label in sent["components"]:
        assert 1 <= len(label["label"]) <= 45
        assert "description" not in label or not label["description"]
        component = label["component"]
        assert 1 <= len(component["custom_id"]) <= 100
        assert component.get("min_values", 0) <= component.get("max_values", 1) <= 25
        assert len(component.get("value") or "") <= component.get("max_length", 4_000) <= 4_000
        assert len(component.get("options", [])) <= 25
        assert all(1 <= len(option["label"]) <= 100 for option in component.get("options", []))


@pytest.mark.parametrize("formal", [True, False], ids=["Sie", "du"])
@pytest.mark.parametrize("language", Language)
def test_every_text_of_a_button_fits(language: Language, *, formal: bool) -> None:
    values: dict[str, Value] = {"number": 999_999, "title": "t" * 60, "language": text("language-en")}
    for key in sorted(key for key in keys(language) if key.startswith("button-")):
        label = to_plain(Text(key, values), language, formal=formal)
        assert 1 <= len(label) <= 80, key


@pytest.mark.parametrize("formal", [True, False], ids=["Sie", "du"])
@pytest.mark.parametrize("language", Language)
def test_no_label_of_a_form_is_cut(language: Language, *, formal: bool) -> None:
    for other, number in itertools.product(Language, (0, 1, 9_999)):
        values: dict[str, Value] = {
            "ahead": number,
            "shipped": number,
            "number": number,
            "language": text(f"language-{other}"),
        }
        values["title"] = "t" * 30
        for key in sorted(key for key in keys(language) if key.startswith("form-")):
            label = to_plain(Text(key, values), language, formal=formal)
            assert 1 <= len(label) <= 45, label


# --- one field at a time ------------------------------------------------------------------------------


@given(
    value=st.text(max_size=60),
    limit=st.integers(1, 9_000),
    kind=st.sampled_from([FieldKind.LINE, FieldKind.PARAGRAPH, FieldKind.NUMBER]),
)
async def test_a_text_begins_with_what_stands_there_already(value: str, limit: int, kind: FieldKind) -> None:
    sent = control(Field("f", LABEL, kind, limit=limit, value=value))
    assert sent["max_length"] == min(limit, 4_000)
    begun = sent.get("value") or ""
    assert value.startswith(begun)
    assert len(begun) <= limit
    assert sent["style"] == (2 if kind is FieldKind.PARAGRAPH else 1)


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("kind", FieldKind)
async def test_every_kind_can_be_left_out_or_not(kind: FieldKind, *, required: bool) -> None:
    sent = control(Field("f", LABEL, kind, required, choices=choices(3)))
    assert sent["required"] is required
    assert sent.get("min_values", int(required)) == int(required)
    assert sent["custom_id"] == "f"


async def test_places_and_roles_begin_with_those_chosen_before() -> None:
    channels = control(Field("f", LABEL, FieldKind.CHANNELS, value="11 12"))
    assert channels["default_values"] == [{"id": 11, "type": "channel"}, {"id": 12, "type": "channel"}]
    assert channels["channel_types"] == [0, 5]
    channel = control(Field("f", LABEL, FieldKind.CHANNEL, value="11 12"))
    assert [one["id"] for one in channel["default_values"]] == [11]
    roles = control(Field("f", LABEL, FieldKind.ROLES, value=" ".join(map(str, range(100, 140)))))
    assert len(roles["default_values"]) == roles["max_values"] == 25
    assert not control(Field("f", LABEL, FieldKind.ROLES, value="agent")).get("default_values")


async def test_a_choice_shows_what_is_chosen() -> None:
    options = control(Field("f", LABEL, FieldKind.CHOICE, value="c1", choices=choices(3)))["options"]
    assert [option["default"] for option in options] == [False, True, False]
    assert options[2]["label"] == "Category 2"


async def test_more_choices_than_a_menu_holds_fill_several() -> None:
    many = Field("f", LABEL, FieldKind.CHOICE, choices=choices(60))
    sent = controls(modal_of(form(many, Field("g", LABEL), Field("h", LABEL))))
    assert [one["custom_id"].partition("/")[0] for one in sent] == ["f", "f", "f", "g", "h"]
    assert len({one["custom_id"] for one in sent}) == 5
    assert [len(one.get("options", [])) for one in sent] == [25, 25, 10, 0, 0]
    assert [one["required"] for one in sent] == [False, False, False, True, True]


async def test_in_several_menus_nothing_is_chosen_that_would_have_to_be_taken_back() -> None:
    many = Field("f", LABEL, FieldKind.CHOICE, value="c1", choices=choices(30))
    sent = controls(modal_of(form(many)))
    assert not any(option["default"] for menu in sent for option in menu["options"])


async def test_choices_for_which_there_is_no_room_are_typed() -> None:
    first, second = (Field(name, LABEL, FieldKind.CHOICE, choices=choices(90)) for name in "fg")
    sent = controls(modal_of(form(first, second)))
    assert [len(one.get("options", [])) for one in sent] == [25, 25, 25, 15, 0]
    assert sent[-1]["custom_id"] == "g"
    assert sent[-1]["placeholder"].startswith("c0, c1")
    assert len(sent[-1]["placeholder"]) <= 100


# --- there and back -----------------------------------------------------------------------------------


class Client(discord.Client):
    """Shows one form on a button, and notes what is sent back."""

    def __init__(self, form: Form) -> None:
        super().__init__(intents=discord.Intents.default())
        self.form = form
        self.sent: list[tuple[str, dict[str, str]]] = []
        self.add_dynamic_items(DeskButton)

    async def pressed(self, interaction: discord.Interaction[Any], _action: str) -> None:
        await interaction.response.send_modal(modal_of(self.form))

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        if interaction.type is discord.InteractionType.modal_submit:
            data: dict[str, Any] = dict(interaction.data or {})
            self.sent.append((data["custom_id"], await values_of(interaction)))
            await interaction.response.defer()


@pytest.fixture
def simcord_bot() -> Client:
    return Client(form(Field("line", LABEL)))


async def fill_in(env: simcord.Env, client: Client, *fields: Field, **values: Any) -> dict[str, str]:
    """What comes back from a form, shown by the client and sent to another after a restart."""
    client.form = form(*fields, name="test:7")
    channel = env.guild.create_text_channel("support")
    emma = env.guild.add_member(env.create_user("emma"))
    place = client.get_channel(channel.id)
    assert isinstance(place, discord.TextChannel)
    content = Content(Language.EN, (paragraph("p"),), (Button("open:1", text("button-open")),))
    message = await place.send(view=views(content, {})[0])
    shown = await emma.click(message, custom_id="open:1")
    assert client._connection._view_store._modals == {}  # noqa: SLF001 (what is kept in memory is told nowhere else)
    restarted = Client(client.form)
    await env.restart_bot(restarted)
    await emma.submit_modal(shown, values)
    ((name, given),) = restarted.sent
    assert name == "test:7"
    return given


async def test_words_places_and_people_come_back(simcord_env: simcord.Env, simcord_bot: Client) -> None:
    guild = simcord_env.create_guild()
    one, two, role = guild.create_text_channel("one"), guild.create_text_channel("two"), guild.create_role("agents")
    given = await fill_in(
        simcord_env,
        simcord_bot,
        Field("words", LABEL, FieldKind.PARAGRAPH),
        Field("channels", LABEL, FieldKind.CHANNELS, value=str(two.id)),
        Field("sales", LABEL, FieldKind.CHANNEL, required=False),
        Field("roles", LABEL, FieldKind.ROLES),
        Field("choice", LABEL, FieldKind.CHOICE, choices=choices(3)),
        words="two\nlines ",
        channels=[one, two],
        roles=[role],
        choice=["c2"],
    )
    assert given == {
        "words": "two\nlines ",
        "channels": f"{one.id} {two.id}",
        "sales": "",
        "roles": str(role.id),
        "choice": "c2",
    }


async def test_a_choice_from_the_second_menu_comes_back(simcord_env: simcord.Env, simcord_bot: Client) -> None:
    simcord_env.create_guild()
    many = Field("choice", LABEL, FieldKind.CHOICE, choices=choices(30))
    assert await fill_in(simcord_env, simcord_bot, many, **{"choice/25": ["c27"]}) == {"choice": "c27"}


@pytest.mark.parametrize(
    ("content", "told"), [(b"gr\xc3\xbc\xc3\x9fe: 1\n", "grüße: 1\n"), (b"\xff\xfea", "��a"), (b"", "")]
)
async def test_a_file_comes_back_as_its_text(
    simcord_env: simcord.Env, simcord_bot: Client, content: bytes, told: str
) -> None:
    simcord_env.create_guild()
    field = Field("file", LABEL, FieldKind.FILE)
    assert await fill_in(simcord_env, simcord_bot, field, file=("policy.yaml", content)) == {"file": told}


@pytest.mark.parametrize("size", [LARGEST_IMPORT + 5, 5 * LARGEST_IMPORT], ids=["fetched", "not even fetched"])
async def test_the_desk_can_tell_that_a_file_is_too_long(size: int) -> None:
    class Web:
        async def get_from_cdn(self, _url: str) -> bytes:
            assert size <= 4 * (LARGEST_IMPORT + 1)
            return b"a" * size

    upload = {"type": 19, "custom_id": "file", "values": ["1"]}
    files = {"1": {"size": size, "url": "https://cdn.example/1"}}
    data = {"components": [{"type": 18, "component": upload}], "resolved": {"attachments": files}}
    sent = SimpleNamespace(data=data, client=SimpleNamespace(http=Web()))
    assert len((await values_of(sent))["file"]) > LARGEST_IMPORT  # type: ignore[arg-type]  # all that it looks at
