"""Our forms as Slack's modals, and what was filled in. Nothing of a form is remembered between the two."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Json, ValidationError

from adapters.slack_chat.markup import Dialect, head, to_plain, units
from adapters.slack_chat.show import CALLBACK, LONGEST_HEADER, LONGEST_TITLE, TITLE, plain_text
from bot.model import Field, FieldKind, Form, Language, Text
from bot.texts import text

_LONGEST_LABEL = 2_000
_LONGEST_OPTION = 75
_LONGEST_ANSWER = 3_000
_MOST_RADIOS = 10
"""Most options that can be seen at once."""
_MOST_OPTIONS = 100
"""Most options of a menu, and of a group in one."""
_MOST_CHOSEN = 100
"""Most channels or people that can be chosen."""
_PART = "/"
"""Stands between a field's name and the number of its control, where one control is not enough."""
_CHANNEL = re.compile(r"[CG][A-Z0-9]+")
_PERSON = re.compile(r"[UW][A-Z0-9]+")
_WHOLE = re.compile(r"[0-9]+")

_Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a form was opened: what is sent from a modal tells nothing of it."""

    channel: str = ""
    thread: str | None = None
    response_url: str = ""
    is_direct: bool = False


def modal_of(form: Form, origin: Origin, groups: Mapping[str, str], dialect: Dialect) -> dict[str, Any]:
    """A form to fill in. `groups` are the user groups that there are: id -> name.

    What was chosen before and is gone is not chosen in it; Slack would refuse the form.
    """
    title = _told(form.title, form, LONGEST_HEADER, dialect)
    fits = units(title) <= LONGEST_TITLE
    blocks = [] if fits else [{"type": "header", "text": plain_text(title)}]
    for field in form.fields:
        blocks += _inputs(field, form, groups, dialect)
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain_text(title if fits else TITLE),
        "submit": _button("modal-send", form.language),
        "close": _button("modal-cancel", form.language),
        "blocks": blocks,
        "private_metadata": _Metadata(form=form.name, origin=origin).model_dump_json(),
    }


def form_of(view: Mapping[str, Any]) -> tuple[str, Origin, dict[str, str]]:
    """The form's name, where it was opened, and what was filled in, by field. Raises ValueError if it is none of ours.

    Several channels or roles are separated by spaces; channels have the ids that they have now. A file is its id.
    """
    sent = _read(view)
    values: dict[str, str] = {}
    for block, controls in sorted(sent.state.values.items(), key=lambda one: _number(one[0])):
        name = block.partition(_PART)[0]
        for control in controls.values():
            values[name] = control.gap.join(filter(None, [values.get(name, ""), *control.given]))
    return sent.private_metadata.form, sent.private_metadata.origin, values


def errors_of(view: Mapping[str, Any], sentence: str) -> dict[str, str]:
    """A sentence to be shown under the last field of a form that was sent. Raises ValueError if it is none of ours."""
    inputs = [block.block_id for block in _read(view).blocks if block.type == "input"]
    return dict.fromkeys(inputs[-1:], sentence)


# --- what Slack sends back ----------------------------------------------------------------------------


class _Option(BaseModel):
    value: str


class _File(BaseModel):
    id: str


class _Control(BaseModel):
    """What was filled into any kind of control: one of these, or nothing."""

    value: str | None = None
    selected_option: _Option | None = None
    selected_options: list[_Option] | None = None
    selected_conversation: str | None = None
    selected_conversations: list[str] | None = None
    selected_users: list[str] | None = None
    files: list[_File] | None = None

    @property
    def given(self) -> list[str]:
        options = [*(self.selected_options or ()), *filter(None, [self.selected_option])]
        several = [*(self.selected_conversations or ()), *(self.selected_users or ())]
        one = filter(None, [self.value, self.selected_conversation])
        return [*one, *several, *(option.value for option in options), *(file.id for file in self.files or ())]

    @property
    def gap(self) -> str:
        """What stands between this and the control before it that belongs to the same field."""
        return " " if self.value is None else "\n"


class _Metadata(BaseModel):
    form: str
    origin: Origin


class _State(BaseModel):
    values: dict[str, dict[str, _Control]]


class _Block(BaseModel):
    type: str = ""
    block_id: str = ""


class _View(BaseModel):
    private_metadata: Json[_Metadata]
    state: _State
    blocks: list[_Block] = []


def _read(view: Mapping[str, Any]) -> _View:
    try:
        return _View.model_validate(view)
    except ValidationError:
        raise ValueError("no form of ours") from None  # the whole error would tell what somebody wrote


def _number(block: str) -> int:
    number = block.partition(_PART)[2]
    return int(number) if number.isdecimal() else 0


# --- what we send -------------------------------------------------------------------------------------


def _inputs(field: Field, form: Form, groups: Mapping[str, str], dialect: Dialect) -> Iterator[_Row]:
    """The questions that ask for one field: as a rule one."""
    elements = list(_elements(field, form, groups, dialect))
    label = _told(field.label, form, _LONGEST_LABEL, dialect)
    for number, element in enumerate(elements):
        id_ = f"{field.name}{_PART}{number}" if number else field.name
        yield {
            "type": "input",
            "block_id": id_,
            "label": plain_text(f"{label} ({number + 1}/{len(elements)})" if len(elements) > 1 else label),
            "element": {"action_id": id_, **element},
            "optional": not field.required or len(elements) > 1,  # one of several may stay empty
        }


def _elements(field: Field, form: Form, groups: Mapping[str, str], dialect: Dialect) -> Iterator[_Row]:
    match field.kind:
        case FieldKind.CHOICE:
            yield _choice(field, form, dialect)
        case FieldKind.CHANNEL | FieldKind.CHANNELS:
            yield _channel_menu(field, dialect)
        case FieldKind.ROLES:
            yield from _role_menus(field, form, groups)
        case FieldKind.FILE:
            yield {"type": "file_input", "max_files": 1}
        case FieldKind.NUMBER:
            begun = {"initial_value": field.value} if _WHOLE.fullmatch(field.value) else {}
            yield {"type": "number_input", "is_decimal_allowed": False, **begun}
        case FieldKind.PARAGRAPH:
            yield from (_line(part, field.limit, multiline=True) for part in _parts(field.value))
        case FieldKind.LINE:
            yield _line(field.value, field.limit, multiline=False)


def _line(value: str, limit: int, *, multiline: bool) -> _Row:
    longest = min(limit, _LONGEST_ANSWER)
    value = head(value, longest)
    begun = {"initial_value": value} if value else {}
    return {"type": "plain_text_input", "multiline": multiline, "max_length": longest, **begun}


def _parts(value: str) -> Iterator[str]:
    """A long text as several that Slack takes, cut between lines: what is not in the form would be lost."""
    rest = value
    while units(rest) > _LONGEST_ANSWER:
        window = head(rest, _LONGEST_ANSWER)
        at = window.rfind("\n")
        if at > 0:
            beginning, rest = rest[:at], rest[at + 1 :]
        else:  # a line of that length comes back as two
            beginning, rest = window, rest[len(window) :]
        yield beginning
    yield rest


def _choice(field: Field, form: Form, dialect: Dialect) -> _Row:
    options = [_option(value, _told(label, form, _LONGEST_OPTION, dialect)) for value, label in field.choices]
    kind = "radio_buttons" if len(options) <= _MOST_RADIOS else "static_select"
    chosen = [option for option in options if option["value"] == field.value]
    return _menu(kind, options) | ({"initial_option": chosen[0]} if chosen else {})


def _channel_menu(field: Field, dialect: Dialect) -> _Row:
    chosen = [dialect.renamed.get(one, one) for one in field.value.split()]
    chosen = [one for one in chosen if _CHANNEL.fullmatch(one)][:_MOST_CHOSEN]
    only = {"include": ["public", "private"], "exclude_bot_users": True}
    if field.kind is FieldKind.CHANNEL:
        begun: _Row = {"initial_conversation": chosen[0]} if chosen else {}
        return {"type": "conversations_select", "filter": only, **begun}
    begun = {"initial_conversations": chosen} if chosen else {}
    return {"type": "multi_conversations_select", "filter": only, "max_selected_items": _MOST_CHOSEN, **begun}


def _role_menus(field: Field, form: Form, groups: Mapping[str, str]) -> Iterator[_Row]:
    """User groups; people one by one where there are none, and where some were chosen before there were any."""
    before = field.value.split()
    people = [one for one in before if _PERSON.fullmatch(one)][:_MOST_CHOSEN]
    if groups:
        options = [_option(id_, to_plain(name, form.language, limit=_LONGEST_OPTION)) for id_, name in groups.items()]
        chosen = [option for option in options if option["value"] in before]
        yield _menu("multi_static_select", options) | ({"initial_options": chosen} if chosen else {})
    if people or not groups:
        yield {"type": "multi_users_select", "max_selected_items": _MOST_CHOSEN} | (
            {"initial_users": people} if people else {}
        )


def _menu(kind: str, options: list[_Row]) -> _Row:
    if len(options) <= _MOST_OPTIONS:
        return {"type": kind, "options": options}
    groups = []
    for first in range(0, len(options), _MOST_OPTIONS):
        group = options[first : first + _MOST_OPTIONS]
        groups.append({"label": plain_text(f"{first + 1}–{first + len(group)}"), "options": group})
    return {"type": kind, "option_groups": groups}


def _option(value: str, label: str) -> _Row:
    return {"value": value, "text": plain_text(label)}


def _button(key: str, language: Language) -> _Row:
    return plain_text(to_plain(text(key), language, limit=LONGEST_TITLE))


def _told(words: Text, form: Form, limit: int, dialect: Dialect) -> str:
    return to_plain(words, form.language, formal=form.formal, limit=limit, dialect=dialect)
