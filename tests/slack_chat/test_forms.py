"""Our forms on Slack: every form of the desk fits, and what was filled in comes back."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack_chat.forms import Origin, errors_of, form_of, modal_of
from adapters.slack_chat.markup import Dialect, to_plain
from adapters.slack_chat.show import pages
from bot.desk.buttons import FORMS
from bot.model import Field, FieldKind, Form, Language, Text, Value
from bot.texts import keys, text
from tests.discord_chat.test_forms import all_replies
from tests.doubles.world import TOM, World
from tests.slack_chat.blocks import check_message, check_view, needs_schema
from tests.test_texts import MESSAGES, NUMBERS, placeholders

LABEL = text("form-paid-product")
GROUPS = {"S1": "Agents", "S2": "Moderators"}
ORIGIN = Origin("C1", "C1-1700000000.000100", "https://hooks.slack.com/actions/T1/1/abc", is_direct=True)
DIALECT = Dialect("https://acme.slack.com/", "sd-", {"G1": "C9"})
LONGEST = 3_000

View = dict[str, Any]


def form(*fields: Field, name: str = "test") -> Form:
    return Form(name, text("form-paid"), fields, Language.EN)


def modal(*fields: Field, groups: dict[str, str] = GROUPS) -> View:
    return modal_of(form(*fields), ORIGIN, groups, DIALECT)


def elements(view: View) -> list[View]:
    return [block["element"] for block in view["blocks"] if block["type"] == "input"]


def element(field: Field, groups: dict[str, str] = GROUPS) -> View:
    (only,) = elements(modal(field, groups=groups))
    return only


def choices(count: int) -> tuple[tuple[str, Text], ...]:
    return tuple((f"c{number}", text("category-option", title=f"Category {number}")) for number in range(count))


def sent(view: View, **given: View) -> View:
    """The view as Slack sends it when it is submitted; what was not touched stays as it was."""
    values = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            control = block["element"]
            values[block["block_id"]] = {
                control["action_id"]: {"type": control["type"], **given.get(block["block_id"], begun(control))}
            }
    return {**view, "id": "V1", "team_id": "T1", "hash": "1.a", "state": {"values": values}}


def begun(control: View) -> View:
    match control["type"]:
        case "plain_text_input" | "number_input":
            return {"value": control.get("initial_value")}
        case "static_select" | "radio_buttons":
            return {"selected_option": control.get("initial_option")}
        case "multi_static_select":
            return {"selected_options": control.get("initial_options", [])}
        case "conversations_select":
            return {"selected_conversation": control.get("initial_conversation")}
        case "multi_conversations_select":
            return {"selected_conversations": control.get("initial_conversations", [])}
        case "multi_users_select":
            return {"selected_users": control.get("initial_users", [])}
        case _:
            return {"files": []}


# --- the desk's own forms -----------------------------------------------------------------------------


@needs_schema
async def test_every_form_and_message_of_the_desk_keeps_the_limits(world: World) -> None:
    replies = [*await all_replies(world), await world.press(TOM, "reply:3")]
    forms = [reply.form for reply in replies if reply and reply.form]
    assert {form.name.partition(":")[0] for form in forms} == set(FORMS)
    for told, language, formal, groups in itertools.product(forms, Language, (True, False), ({}, GROUPS)):
        view = modal_of(replace(told, language=language, formal=formal), ORIGIN, groups, DIALECT)
        check_view(view)
        assert not any(block["label"]["text"].endswith("…") for block in view["blocks"] if block["type"] == "input")
        name, origin, values = form_of(sent(view))
        assert (name, origin) == (told.name, ORIGIN)
        assert set(values) == {field.name for field in told.fields}
    for content in (reply.content for reply in replies if reply and reply.content):
        for page in pages(content, DIALECT):
            check_message(page.text, page.blocks)


@pytest.mark.parametrize("formal", [True, False], ids=["Sie", "du"])
@pytest.mark.parametrize("language", Language)
def test_no_button_or_choice_of_ours_is_cut(language: Language, *, formal: bool) -> None:
    values: dict[str, Value] = {"number": 999_999, "title": "t" * 40, "language": text("language-en")}
    fixed = ("button-", "mode-", "there-", "address-", "language-")
    for key in sorted(key for key in keys(language) if key.startswith(fixed)):
        assert "…" not in to_plain(Text(key, values), language, formal=formal), key
    for key in ("modal-send", "modal-cancel", "modal-close"):
        assert len(to_plain(Text(key), language)) <= 24


@pytest.mark.parametrize("language", Language)
def test_a_title_that_is_too_long_stands_in_the_form(language: Language) -> None:
    for key in sorted(key for key in keys(language) if key.startswith("form-")):
        names = placeholders(MESSAGES[language][key])
        title = Text(key, {name: 2 if name in NUMBERS | {"shipped"} else "t" * 60 for name in names})
        view = modal_of(Form("test", title, (Field("f", LABEL),), language), ORIGIN, {}, DIALECT)
        whole = to_plain(title, language, limit=150, dialect=DIALECT)
        first = view["blocks"][0]
        if len(whole) <= 24:
            assert (view["title"]["text"], first["type"]) == (whole, "input")
        else:
            assert (view["title"]["text"], first["text"]["text"]) == ("Wartemarke", whole)


# --- one field at a time ------------------------------------------------------------------------------


@needs_schema
@settings(max_examples=30, deadline=None)
@given(
    value=st.text(max_size=60),
    limit=st.integers(1, 9_000),
    kind=st.sampled_from([FieldKind.LINE, FieldKind.PARAGRAPH, FieldKind.NUMBER]),
    label=st.text(max_size=30),
)
def test_a_text_begins_with_what_stands_there_already(value: str, limit: int, kind: FieldKind, label: str) -> None:
    view = modal(Field("f", text("category-option", title=label * 99), kind, limit=limit, value=value))
    check_view(view)
    (shown,) = elements(view)
    if kind is FieldKind.NUMBER:
        assert shown["is_decimal_allowed"] is False
        assert shown.get("initial_value", value) == value
    else:
        assert shown["max_length"] == min(limit, LONGEST)
        assert value.startswith(shown.get("initial_value", ""))
        assert shown["multiline"] is (kind is FieldKind.PARAGRAPH)


@needs_schema
@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("kind", FieldKind)
def test_every_kind_can_be_left_out_or_not(kind: FieldKind, *, required: bool) -> None:
    view = modal(Field("f", LABEL, kind, required, choices=choices(3)))
    check_view(view)
    (block,) = view["blocks"]
    assert (block["block_id"], block["optional"]) == ("f", not required)
    assert form_of(sent(view))[2] == {"f": ""}


def test_a_number_begins_with_the_number_that_it_was() -> None:
    assert element(Field("f", LABEL, FieldKind.NUMBER, value="48"))["initial_value"] == "48"
    assert "initial_value" not in element(Field("f", LABEL, FieldKind.NUMBER, value="4.5"))


def test_places_and_roles_begin_with_those_chosen_before() -> None:
    channels = element(Field("f", LABEL, FieldKind.CHANNELS, value="C1 G1 D1 general"))
    assert channels["initial_conversations"] == ["C1", "C9"]
    assert channels["filter"]["include"] == ["public", "private"]
    channel = element(Field("f", LABEL, FieldKind.CHANNEL, value="G1 C1"))
    assert channel["initial_conversation"] == "C9"
    roles = element(Field("f", LABEL, FieldKind.ROLES, value="S2 S3"))
    assert [option["value"] for option in roles["options"]] == ["S1", "S2"]
    assert [option["text"]["text"] for option in roles["initial_options"]] == ["Moderators"]


def test_without_user_groups_people_are_picked() -> None:
    people = element(Field("f", LABEL, FieldKind.ROLES, value="U1 W2 S3"), groups={})
    assert (people["type"], people["initial_users"]) == ("multi_users_select", ["U1", "W2"])


@needs_schema
def test_people_who_were_picked_before_there_were_groups_stay() -> None:
    view = modal(Field("f", LABEL, FieldKind.ROLES, value="S1 U1"))
    check_view(view)
    assert [one["type"] for one in elements(view)] == ["multi_static_select", "multi_users_select"]
    assert [block["optional"] for block in view["blocks"]] == [True, True]
    assert form_of(sent(view))[2] == {"f": "S1 U1"}
    both: dict[str, View] = {"f": {"selected_options": []}, "f/1": {"selected_users": ["U1", "U2"]}}
    assert form_of(sent(view, **both))[2] == {"f": "U1 U2"}


@needs_schema
@pytest.mark.parametrize(("count", "kind"), [(1, "radio_buttons"), (10, "radio_buttons"), (11, "static_select")])
def test_a_choice_shows_what_is_chosen(count: int, kind: str) -> None:
    view = modal(Field("f", LABEL, FieldKind.CHOICE, value="c0", choices=choices(count)))
    check_view(view)
    (menu,) = elements(view)
    assert (menu["type"], len(menu["options"])) == (kind, count)
    assert menu["initial_option"]["text"]["text"] == "Category 0"
    assert "initial_option" not in element(Field("f", LABEL, FieldKind.CHOICE, value="x", choices=choices(count)))


@needs_schema
def test_more_choices_than_a_menu_holds_stand_in_groups() -> None:
    view = modal(Field("f", LABEL, FieldKind.CHOICE, value="c150", choices=choices(201)))
    check_view(view)
    (menu,) = elements(view)
    labels = [(group["label"]["text"], len(group["options"])) for group in menu["option_groups"]]
    assert labels == [("1–100", 100), ("101–200", 100), ("201–201", 1)]
    assert form_of(sent(view))[2] == {"f": "c150"}


@needs_schema
def test_many_user_groups_stand_in_groups_too() -> None:
    view = modal(Field("f", LABEL, FieldKind.ROLES), groups={f"S{number}": "&" * 90 for number in range(130)})
    check_view(view)
    assert [len(group["options"]) for group in elements(view)[0]["option_groups"]] == [100, 30]


# --- there and back -----------------------------------------------------------------------------------


def test_words_places_and_people_come_back() -> None:
    view = modal(
        Field("words", LABEL, FieldKind.PARAGRAPH),
        Field("channels", LABEL, FieldKind.CHANNELS, value="C2"),
        Field("sales", LABEL, FieldKind.CHANNEL, required=False),
        Field("roles", LABEL, FieldKind.ROLES),
        Field("choice", LABEL, FieldKind.CHOICE, choices=choices(3)),
        Field("file", LABEL, FieldKind.FILE),
    )
    given: dict[str, View] = {
        "words": {"value": "two\nlines "},
        "channels": {"selected_conversations": ["C1", "C2"]},
        "roles": {"selected_options": [{"value": "S2", "text": {"type": "plain_text", "text": "Moderators"}}]},
        "choice": {"selected_option": {"value": "c2"}},
        "file": {"files": [{"id": "F1", "url_private": "https://files.slack.com/x"}]},
    }
    assert form_of(sent(view, **given)) == (
        "test",
        ORIGIN,
        {"words": "two\nlines ", "channels": "C1 C2", "sales": "", "roles": "S2", "choice": "c2", "file": "F1"},
    )


@needs_schema
@settings(max_examples=30, deadline=None)
@given(lines=st.lists(st.sampled_from(["", "Zeile & <Wort>", "😀" * 300, "x" * 700, "* Liste"]), max_size=60))
def test_a_long_text_comes_back_as_it_was(lines: list[str]) -> None:
    value = "\n".join(lines)[:9_000].strip()
    view = modal(Field("f", LABEL, FieldKind.PARAGRAPH, limit=9_000, value=value), Field("g", LABEL, value="g"))
    check_view(view)
    labels = [block["label"]["text"] for block in view["blocks"]]
    count = len(labels) - 1
    assert labels[0] == ("Name of the product" if count == 1 else f"Name of the product (1/{count})")
    assert form_of(sent(view))[2] == {"f": value, "g": "g"}


def test_a_line_that_is_too_long_for_slack_loses_nothing_but_its_length() -> None:
    view = modal(Field("f", LABEL, FieldKind.PARAGRAPH, limit=4_000, value="x" * 4_000))
    assert form_of(sent(view))[2] == {"f": "x" * 3_000 + "\n" + "x" * 1_000}


@pytest.mark.parametrize(
    "change",
    [
        {"private_metadata": ""},
        {"private_metadata": "{"},
        {"private_metadata": '{"form": 5, "origin": {}}'},
        {"private_metadata": '{"origin": {}}'},
        {"private_metadata": None},
        {"state": None},
        {"state": {"values": []}},
        {"state": {"values": {"f": {"answer": {"value": ["x"]}}}}},
        {"state": {"values": {"f": {"answer": {"selected_option": "x"}}}}},
        {"state": {"values": {"f": {"answer": {"files": [{}]}}}}},
        {"blocks": 7},
    ],
    ids=str,
)
def test_what_is_no_form_of_ours_is_refused_without_telling_what_it_holds(change: View) -> None:
    view = {**sent(modal(Field("f", LABEL)), f={"value": "secret words"}), **change}
    for read in (form_of, lambda view: errors_of(view, "no")):
        with pytest.raises(ValueError, match="no form of ours") as error:
            read(view)
        assert error.value.__cause__ is None
        assert error.value.__suppress_context__


@given(
    view=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["private_metadata", "state", "values", "f", "answer", "value"]), inner)
        ),
    )
)
def test_forged_views_are_refused_and_nothing_worse(view: Any) -> None:
    told = {"private_metadata": json.dumps({"form": "x", "origin": {}}), "state": {"values": view}}
    for one in (told, view):
        try:
            name, origin, values = form_of(one)
        except ValueError:
            continue
        assert (name, origin) == ("x", Origin())
        assert all(isinstance(value, str) for value in values.values())


def test_a_refusal_stands_under_the_last_field() -> None:
    view = sent(modal(Field("f", LABEL), Field("g", LABEL, FieldKind.ROLES, value="U1")))
    assert errors_of(view, "Not so.") == {"g/1": "Not so."}
