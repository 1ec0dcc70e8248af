"""Filling in a form as a person does, with the same hindrances that Slack's app puts in the way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.doubles.slack import shapes
from tests.doubles.slack.errors import ImpossibleError, Json
from tests.doubles.slack.world import Channel, Group, User, View

ENTITY_PICKERS = {
    "conversations_select": "conversation",
    "channels_select": "channel",
    "users_select": "user",
    "multi_conversations_select": "conversations",
    "multi_channels_select": "channels",
    "multi_users_select": "users",
}
"""What each kind of menu calls what was chosen."""


def filled_in(view: View, answers: Mapping[str, Any]) -> Json:
    """The state of a form: what stood there already, and `answers` by label or id of a block."""
    left = dict(answers)
    values: Json = {}
    for block in view.data["blocks"]:
        if block["type"] != "input":
            continue
        element, label = block["element"], block["label"]["text"]
        key = next((name for name in (label, block["block_id"], element["action_id"]) if name in left), None)
        answer = _initial(element) if key is None else left.pop(key)
        if answer in (None, "", [], ()) and not block.get("optional"):
            raise ImpossibleError(f"{label!r} must be filled in")
        values[block["block_id"]] = {element["action_id"]: _value(view, element, answer)}
    if left:
        labels = [block["label"]["text"] for block in view.data["blocks"] if block["type"] == "input"]
        raise ImpossibleError(f"no fields {sorted(left)} among {labels}")
    return values


def _initial(element: Json) -> Any:
    """What stands in a field that nobody touched."""
    if element["type"] in ENTITY_PICKERS:
        return element.get(f"initial_{ENTITY_PICKERS[element['type']]}")
    if "initial_options" in element:
        return [option["value"] for option in element["initial_options"]]
    if "initial_option" in element:
        return element["initial_option"]["value"]
    return element.get("initial_value")


def _value(view: View, element: Json, answer: Any) -> Json:
    kind = element["type"]
    if kind in {"plain_text_input", "number_input"}:
        return {"type": kind, "value": _typed(element, answer)}
    if kind in ENTITY_PICKERS:
        return {"type": kind, f"selected_{ENTITY_PICKERS[kind]}": _picked(view, element, answer)}
    if kind == "file_input":
        return {"type": kind, "files": [_upload(view, element, answer)] if answer else []}
    if kind in {"multi_static_select", "checkboxes"}:
        chosen = [_option(element, each) for each in ([answer] if isinstance(answer, str) else answer or [])]
        return {"type": kind, "selected_options": chosen}
    if kind in {"static_select", "radio_buttons"}:
        return {"type": kind, "selected_option": None if answer is None else _option(element, answer)}
    raise ImpossibleError(f"nobody can fill in a {kind} here")


def _typed(element: Json, answer: Any) -> str | None:
    if answer in (None, ""):
        return None
    words = str(answer)
    if element["type"] == "number_input":
        return _number(element, words)
    if not element.get("min_length", 0) <= len(words) <= element.get("max_length", 3_000):
        raise ImpossibleError(f"the field does not take {len(words)} characters")
    if "\n" in words and not element.get("multiline"):
        raise ImpossibleError("the field has one line")
    return words


def _number(element: Json, words: str) -> str:
    pattern = r"-?\d+(\.\d+)?" if element["is_decimal_allowed"] else r"-?\d+"
    low, high = element.get("min_value"), element.get("max_value")
    fits = re.fullmatch(pattern, words) is not None
    if not fits or (low is not None and float(words) < float(low)) or (high is not None and float(words) > float(high)):
        raise ImpossibleError(f"the field does not take {words!r}")
    return words


def _option(element: Json, answer: Any) -> Json:
    """An option by its label, its value, or the group or person that it stands for."""
    wanted = answer.id if isinstance(answer, Group | User | Channel) else answer
    for option in element["options"]:
        if wanted in (option["value"], option["text"]["text"]):
            found: Json = option
            return found
    raise ImpossibleError(f"{wanted!r} is not among {[option['text']['text'] for option in element['options']]}")


def _picked(view: View, element: Json, answer: Any) -> Any:
    if not element["type"].startswith("multi_"):
        return None if answer is None else _entity(view, element, answer)
    return [_entity(view, element, each) for each in answer or []]


def _entity(view: View, element: Json, answer: Any) -> str:
    """The id of a channel or person that the menu shows."""
    workspace = view.workspace
    id_ = answer if isinstance(answer, str) else answer.id
    channel, user = workspace.channels.get(id_), workspace.users.get(id_)
    if "users" in element["type"]:
        if user is None or user.is_deleted:
            raise ImpossibleError(f"there is nobody {id_!r}")
        return str(id_)
    names = {"im": "im", "group": "private", "channel": "public"}
    shown = element.get("filter", {}).get("include", ["im", "mpim", "private", "public"])
    if channel is None or channel.is_deleted or names[channel.kind] not in shown or not channel.has(view.user):
        raise ImpossibleError(f"the menu shows no {id_!r} to {view.user.name}")
    return str(id_)


def _upload(view: View, element: Json, answer: tuple[str, str | bytes]) -> Json:
    name, content = answer
    kinds = element.get("filetypes")
    if kinds and name.rpartition(".")[2] not in kinds:
        raise ImpossibleError(f"the field takes only {kinds}")
    data = content.encode() if isinstance(content, str) else content
    return shapes.file(view.workspace.store(name, data, view.user))
