"""Filling in a form as Discord's app does, and sending it in the shape of today: a Label around each question."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from tests.doubles.discord import options, shapes
from tests.doubles.discord.errors import ImpossibleError, Json
from tests.doubles.discord.world import GuildState, Member, Place, Role


class Kind(IntEnum):
    """What a question is asked with."""

    STRING_SELECT = 3
    TEXT = 4
    UPLOAD = 19
    RADIO = 21
    CHECKBOXES = 22
    CHECKBOX = 23


def filled_in(guild: GuildState, place: Place, modal: Json, answers: Mapping[str, Any]) -> Json:
    """The data of the interaction that sends a form.

    Answers are texts, values of choices (one, or a list), roles, channels or people (one, or a list), and for an upload
    the pair of a file's name and text.
    """
    known = {name for label in modal["components"] for name in _names(label)}
    strange = set(answers) - known
    if strange:
        raise ImpossibleError(f"the form has no {strange}; it asks for {known}")
    resolved: Json = {}
    sent = [_sent(guild, place, label, answers, resolved) for label in modal["components"]]
    data: Json = {"custom_id": modal["custom_id"], "components": sent}
    if resolved:
        data["resolved"] = resolved
    return data


def _question(label: Json) -> Json:
    """The component that takes the answer; older forms put it into an action row."""
    inner: Json = label["component"] if label["type"] == shapes.LABEL else label["components"][0]
    return inner


def _names(label: Json) -> set[str]:
    if label["type"] == shapes.TEXT_DISPLAY:
        return set()
    question = _question(label)
    return {question["custom_id"], label.get("label") or question.get("label") or question["custom_id"]}


def _sent(guild: GuildState, place: Place, label: Json, answers: Mapping[str, Any], resolved: Json) -> Json:
    if label["type"] == shapes.TEXT_DISPLAY:
        return {"type": label["type"], "id": label["id"]}
    question = _question(label)
    given = [answers[name] for name in _names(label) if name in answers]
    answer = given[0] if given else _as_it_was(question)
    inner: Json = {"type": question["type"], "id": question["id"], "custom_id": question["custom_id"]}
    match question["type"]:
        case Kind.TEXT:
            inner["value"] = _text(question, answer)
        case Kind.RADIO:
            inner["value"] = answer
        case Kind.CHECKBOX:
            inner["value"] = bool(answer)
        case Kind.UPLOAD:
            inner["values"] = _uploads(guild, place, question, answer, resolved)
        case _:
            inner["values"] = _values(guild, question, answer, resolved)
    outer: Json = {"type": label["type"], "id": label["id"]}
    return outer | ({"component": inner} if label["type"] == shapes.LABEL else {"components": [inner]})


def _as_it_was(question: Json) -> Any:
    """The answer that stands there already."""
    chosen = [option["value"] for option in question.get("options") or [] if option.get("default")]
    match question["type"]:
        case Kind.TEXT:
            return question.get("value") or ""
        case Kind.RADIO:
            return chosen[0] if chosen else None
        case Kind.CHECKBOX:
            return question.get("default", False)
    return chosen + [str(default["id"]) for default in question.get("default_values") or []]


def _text(question: Json, answer: Any) -> str:
    if not isinstance(answer, str):
        raise ImpossibleError(f"{question['custom_id']!r} takes text, not {answer!r}")
    low = max(question.get("min_length") or 0, 1 if question.get("required", True) else 0)
    if (answer and not low <= len(answer) <= (question.get("max_length") or 4000)) or (low and not answer):
        raise ImpossibleError(f"{question['custom_id']!r} does not take {len(answer)} characters")
    return answer


def _count(question: Json, values: list[Any]) -> None:
    required = question.get("required", True)
    low = question.get("min_values", 1) if required or values else 0
    if not low <= len(values) <= question.get("max_values", 1):
        raise ImpossibleError(f"{question['custom_id']!r} does not take {len(values)} answers")


def _values(guild: GuildState, question: Json, answer: Any, resolved: Json) -> list[str]:
    """The chosen values of a select menu or of checkboxes."""
    answers = list(answer) if isinstance(answer, list | tuple) else [answer]
    _count(question, answers)
    if question["type"] in {Kind.STRING_SELECT, Kind.CHECKBOXES}:
        possible = [option["value"] for option in question["options"]]
        if not set(answers) <= set(possible):
            raise ImpossibleError(f"{answers} are not among {possible}")
        return answers
    things = [_thing(guild, each) for each in answers]
    for kind, found in options.resolve(guild, things).items():
        resolved.setdefault(kind, {}).update(found)
    return [each.id for each in things]


def _thing(guild: GuildState, value: Any) -> Member | Role | Place:
    """A role, channel or person, which may be named by id."""
    if isinstance(value, Member | Role | Place):
        return value
    found = guild.roles.get(value) or guild.members.get(value) or guild.world.places.get(value)
    if found is None:
        raise ImpossibleError(f"nothing here has the id {value!r}")
    return found


def _uploads(guild: GuildState, place: Place, question: Json, answer: Any, resolved: Json) -> list[str]:
    files: list[tuple[str, str]] = [answer] if isinstance(answer, tuple) else list(answer)
    _count(question, files)
    attachments = [guild.world.store_file(place.id, name, text.encode()) for name, text in files]
    for attachment in attachments:
        resolved.setdefault("attachments", {})[attachment["id"]] = attachment | {"ephemeral": True}
    return [attachment["id"] for attachment in attachments]
