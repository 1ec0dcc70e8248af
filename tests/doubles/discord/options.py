"""What is typed behind a slash command, checked against how the command is registered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.doubles.discord import shapes
from tests.doubles.discord.commands import CHAT_INPUT
from tests.doubles.discord.errors import ImpossibleError, Json
from tests.doubles.discord.permissions import permissions_of
from tests.doubles.discord.world import Channel, GuildState, Member, Place, Role, Thread

SUBCOMMAND, GROUP = 1, 2
_TYPES: dict[int, type | tuple[type, ...]] = {
    3: str,
    4: int,
    5: bool,
    6: Member,
    7: Place,
    8: Role,
    9: (Member, Role),
    10: float,
}


def chosen(guild: GuildState, command: Json, words: str, values: Mapping[str, Any]) -> Json:
    """The data of a command's interaction; `words` are the command with its subcommands."""
    data: Json = {"id": command["id"], "name": command["name"], "type": CHAT_INPUT}
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    node, inner = command, data
    for word in words.split()[1:]:
        node = _option(node, word)
        if node["type"] not in {SUBCOMMAND, GROUP}:
            raise ImpossibleError(f"{word!r} is no subcommand")
        step: Json = {"name": node["name"], "type": node["type"]}
        inner["options"] = [step]
        inner = step
    typed = _typed(node, values)
    if typed:
        inner["options"] = typed
    resolved = resolve(guild, list(values.values()))
    if resolved:
        data["resolved"] = resolved
    return data


def _typed(node: Json, values: Mapping[str, Any]) -> list[Json]:
    """The options in their order, each with a value that Discord's app would take."""
    known = node.get("options", [])
    if any(option["type"] in {SUBCOMMAND, GROUP} for option in known):
        raise ImpossibleError(f"{node['name']!r} needs a subcommand")
    missing = [option["name"] for option in known if option.get("required") and option["name"] not in values]
    if missing:
        raise ImpossibleError(f"required and not given: {missing}")
    found = {_option(node, name)["name"]: (_option(node, name), value) for name, value in values.items()}
    return [_value(option, value) for option, value in found.values()]


def _option(node: Json, name: str) -> Json:
    options: list[Json] = node.get("options", [])
    for option in options:
        if name in {option["name"], *(option.get("name_localizations") or {}).values()}:
            return option
    raise ImpossibleError(f"{node['name']!r} has no option {name!r}")


def _value(option: Json, value: Any) -> Json:
    if not isinstance(value, _TYPES[option["type"]]) or (option["type"] == 4 and isinstance(value, bool)):
        raise ImpossibleError(f"{option['name']!r} does not take {value!r}")
    choices = [choice["value"] for choice in option.get("choices") or []]
    if choices and value not in choices:
        raise ImpossibleError(f"{value!r} is none of {choices}")
    size = len(value) if isinstance(value, str) else value
    low = option.get("min_length", option.get("min_value"))
    high = option.get("max_length", option.get("max_value"))
    if (low is not None and size < low) or (high is not None and size > high):
        raise ImpossibleError(f"{value!r} is too short, too long, too small or too large")
    plain = value.id if isinstance(value, Member | Place | Role) else value
    return {"name": option["name"], "type": option["type"], "value": plain}


def resolve(guild: GuildState, values: list[Any]) -> Json:
    """What Discord tells about the people, roles and channels that are named by id."""
    found: Json = {}
    for value in values:
        if isinstance(value, Member):
            member = shapes.member(value) | {"permissions": str(value.extra_permissions)}
            found.setdefault("users", {})[value.id] = member.pop("user")
            found.setdefault("members", {})[value.id] = {k: v for k, v in member.items() if k not in {"deaf", "mute"}}
        elif isinstance(value, Role):
            found.setdefault("roles", {})[value.id] = shapes.role(value)
        elif isinstance(value, Channel | Thread):
            permissions = {"permissions": str(permissions_of(guild.bot, value))}
            found.setdefault("channels", {})[value.id] = value.shape() | permissions
    return found
