"""Our forms as Discord's modals, and what was filled in. Nothing of a form is remembered between the two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import discord

from adapters.discord_chat.markup import head, to_plain
from bot.desk.policy.exchanging import LARGEST_IMPORT
from bot.model import Field, FieldKind, Form

_LONGEST_FILE = LARGEST_IMPORT + 1
"""Most characters of a file that are handed on: one too many, so that the desk can tell that it is too long."""
_MOST_BYTES = 4 * _LONGEST_FILE
"""A larger file has more characters than that in any case, so it is not even fetched."""
_LONGEST_LABEL = 45
_LONGEST_OPTION = 100
_LONGEST_ANSWER = 4_000
_MOST_OPTIONS = 25
_MOST_LABELS = 5
_PART = "/"
"""Stands between a field's name and the number of its menu, where its choices need several."""
_CHANNELS = [discord.ChannelType.text, discord.ChannelType.news]

_Row = dict[str, Any]
_Control = discord.ui.Item[discord.ui.Modal]


def modal_of(form: Form, guild: discord.Guild | None = None) -> discord.ui.Modal:
    """A form to fill in. What is sent back comes as a raw interaction, for `values_of`.

    Channels and roles that the guild has no longer are not chosen in it beforehand; Discord would refuse the form.
    """
    title = to_plain(form.title, form.language, formal=form.formal, limit=_LONGEST_LABEL)
    modal = discord.ui.Modal(title=title, custom_id=form.name)
    free = _MOST_LABELS - len(form.fields)
    for field in form.fields:
        text = to_plain(field.label, form.language, formal=form.formal, limit=_LONGEST_LABEL)
        controls = list(_controls(_still_there(field, guild), form, free))
        free -= len(controls) - 1
        for control in controls:
            modal.add_item(discord.ui.Label(text=text, component=control))
    modal.stop()  # else discord.py keeps it, and every form of the same name shares one memory
    return modal


def _still_there(field: Field, guild: discord.Guild | None) -> Field:
    places = {FieldKind.CHANNEL, FieldKind.CHANNELS, FieldKind.ROLES}
    if guild is None or field.kind not in places:
        return field
    known = [
        one
        for one in field.value.split()
        if one.isdecimal() and (guild.get_channel(int(one)) or guild.get_role(int(one)))
    ]
    return replace(field, value=" ".join(known))


async def values_of(interaction: discord.Interaction[Any]) -> dict[str, str]:
    """What was filled into a form, by field. Reads a file over the network, which takes time and may fail.

    Several channels or roles are separated by spaces. Raises discord.HTTPException if a file cannot be read.
    """
    data: _Row = dict(interaction.data or {})
    files: _Row = data.get("resolved", {}).get("attachments", {})
    values: dict[str, str] = {}
    for control in _sent(data.get("components", [])):
        name = control["custom_id"].partition(_PART)[0]
        given = [control.get("value") or ""] if "value" in control else control.get("values", [])
        if control["type"] == discord.ComponentType.file_upload.value:
            given = [await _text_of(interaction.client, files[file]) for file in given if file in files]
        values[name] = " ".join(filter(None, [values.get(name, ""), *given]))
    return values


def _sent(rows: list[_Row]) -> Iterator[_Row]:
    for row in rows:
        inside = [row["component"]] if "component" in row else row.get("components", [row])
        yield from (control for control in inside if "custom_id" in control)


async def _text_of(client: discord.Client, file: _Row) -> str:
    if file["size"] > _MOST_BYTES:
        return "\N{REPLACEMENT CHARACTER}" * _LONGEST_FILE
    content = await client.http.get_from_cdn(file["url"])
    return content.decode("utf-8", errors="replace")[:_LONGEST_FILE]


def _controls(field: Field, form: Form, free: int) -> Iterator[_Control]:
    match field.kind:
        case FieldKind.CHOICE:
            yield from _choices(field, form, free)
        case FieldKind.CHANNEL:
            yield _channel_menu(field, most=1)
        case FieldKind.CHANNELS:
            yield _channel_menu(field, most=_MOST_OPTIONS)
        case FieldKind.ROLES:
            yield _role_menu(field)
        case FieldKind.FILE:
            yield discord.ui.FileUpload(
                custom_id=field.name, required=field.required, min_values=int(field.required), max_values=1
            )
        case FieldKind.PARAGRAPH:
            yield _line(field, discord.TextStyle.paragraph)
        case FieldKind.LINE | FieldKind.NUMBER:
            yield _line(field, discord.TextStyle.short)


def _line(field: Field, style: discord.TextStyle, hint: str | None = None) -> _Control:
    longest = min(field.limit, _LONGEST_ANSWER)
    return discord.ui.TextInput(
        custom_id=field.name,
        style=style,
        default=head(field.value, longest) or None,
        placeholder=hint,
        required=field.required,
        max_length=longest,
    )


def _choices(field: Field, form: Form, free: int) -> Iterator[_Control]:
    """One menu; several if there is room for what does not fit into one; else a line to type the choice into."""
    if len(field.choices) > _MOST_OPTIONS * (free + 1):
        hint = ", ".join(value for value, _ in field.choices)
        yield _line(field, discord.TextStyle.short, head(hint, _LONGEST_OPTION))
        return
    is_one = len(field.choices) <= _MOST_OPTIONS
    options = [
        discord.SelectOption(
            label=to_plain(label, form.language, formal=form.formal, limit=_LONGEST_OPTION),
            value=value,
            default=is_one and value == field.value,  # else it would also be sent with a choice from another menu
        )
        for value, label in field.choices
    ]
    required = field.required and is_one  # one of several menus stays empty
    for first in range(0, len(options), _MOST_OPTIONS):
        yield discord.ui.Select(
            custom_id=f"{field.name}{_PART}{first}" if first else field.name,
            options=options[first : first + _MOST_OPTIONS],
            required=required,
            min_values=int(required),
        )


def _channel_menu(field: Field, *, most: int) -> _Control:
    return discord.ui.ChannelSelect(
        custom_id=field.name,
        channel_types=_CHANNELS,
        required=field.required,
        min_values=int(field.required),
        max_values=most,
        default_values=_defaults(field, discord.SelectDefaultValueType.channel)[:most],
    )


def _role_menu(field: Field) -> _Control:
    return discord.ui.RoleSelect(
        custom_id=field.name,
        required=field.required,
        min_values=int(field.required),
        max_values=_MOST_OPTIONS,
        default_values=_defaults(field, discord.SelectDefaultValueType.role)[:_MOST_OPTIONS],
    )


def _defaults(field: Field, kind: discord.SelectDefaultValueType) -> list[discord.SelectDefaultValue]:
    return [discord.SelectDefaultValue(id=int(one), type=kind) for one in field.value.split() if one.isdecimal()]
