"""Calls about the application itself, its guilds, its commands, and answers to interactions."""

from __future__ import annotations

from tests.doubles.discord import interactions, shapes
from tests.doubles.discord.errors import ApiError, missing_access, unknown
from tests.doubles.discord.rest import Answer, Call, Routes, required
from tests.doubles.discord.world import GuildState, Message

# --- the application ---


def me(call: Call) -> Answer:
    return 200, shapes.user(call.world.me) | {"mfa_enabled": False, "locale": "en-US", "verified": True}


def application(call: Call) -> Answer:
    world = call.world
    return 200, shapes.application(world.me, world.owner, len(world.guilds))


def _guild(call: Call) -> GuildState:
    found = call.world.guilds.get(call.params["guild_id"])
    if found is None:
        raise unknown(10004, "Guild")
    if not found.has_bot:
        raise missing_access()
    return found


def get_guild(call: Call) -> Answer:
    return 200, shapes.guild_settings(_guild(call))


def list_channels(call: Call) -> Answer:
    return 200, [shapes.channel(each) for each in _guild(call).channels]


def list_roles(call: Call) -> Answer:
    return 200, [shapes.role(each) for each in _guild(call).roles.values()]


def get_member(call: Call) -> Answer:
    found = _guild(call).members.get(call.params["user_id"])
    if found is None:
        raise unknown(10007, "Member")
    return 200, shapes.member(found)


def leave_guild(call: Call) -> Answer:
    _guild(call).remove_bot()
    return 204, None


# --- commands ---


def _scope(call: Call) -> str | None:
    if call.params["application_id"] != call.world.me.id:
        raise ApiError(403, 20012, "You are not authorized to perform this action on this application")
    return call.params.get("guild_id")


def list_commands(call: Call) -> Answer:
    localized = call.query.get("with_localizations", "").lower() in {"1", "true"}
    return 200, call.world.commands.listed(_scope(call), localized=localized)


def replace_commands(call: Call) -> Answer:
    return 200, call.world.commands.replace(_scope(call), call.body or [])


def add_command(call: Call) -> Answer:
    before = call.world.commands.created
    command = call.world.commands.add(_scope(call), required(call.body, "name"))
    return 201 if call.world.commands.created > before else 200, command


def get_command(call: Call) -> Answer:
    return 200, call.world.commands.one(_scope(call), call.params["command_id"])


def edit_command(call: Call) -> Answer:
    old = call.world.commands.one(_scope(call), call.params["command_id"])
    return 200, call.world.commands.add(_scope(call), old | (call.body or {}))


def remove_command(call: Call) -> Answer:
    call.world.commands.remove(_scope(call), call.params["command_id"])
    return 204, None


# --- answers to interactions ---


def call_back(call: Call) -> Answer:
    body = required(call.body, "type")
    id_, token = call.params["interaction_id"], call.params["interaction_token"]
    told = call.interactions.call_back(id_, token, body, call.files)
    wants_more = call.query.get("with_response", "").lower() in {"1", "true"}
    return (200, told) if wants_more else (204, None)


def follow_up(call: Call) -> Answer:
    message = call.interactions.follow_up(call.params["webhook_token"], call.body or {}, call.files)
    return 200, shapes.message(message)


def _answer_of(call: Call) -> tuple[interactions.Interaction, Message]:
    """The original answer, or one of those that followed it."""
    interaction = call.interactions.of_token(call.params["webhook_token"])
    wanted = call.params.get("message_id")
    shown = [*([interaction.message] if interaction.message else []), *interaction.followups]
    found = [message for message in shown if (wanted is None or message.id == wanted) and not message.is_deleted]
    if not found or (wanted is None and found[0] is not interaction.message):
        raise unknown(10008, "Message")
    return interaction, found[0]


def get_answer(call: Call) -> Answer:
    return 200, shapes.message(_answer_of(call)[1])


def edit_answer(call: Call) -> Answer:
    interaction, message = _answer_of(call)
    interactions.fill(interaction, message, call.body or {}, call.files)
    return 200, shapes.message(message)


def delete_answer(call: Call) -> Answer:
    interaction, message = _answer_of(call)
    if message.is_ephemeral:
        message.is_deleted = True
    else:
        message.place.remove(message)
    interaction.is_filled = True
    interaction.changed.set()
    return 204, None


_COMMANDS, _ANSWER = "/applications/{application_id}", "/webhooks/{webhook_id}/{webhook_token}"
ROUTES: Routes = {
    ("GET", "/users/@me"): me,
    ("GET", "/oauth2/applications/@me"): application,
    ("GET", "/applications/@me"): application,
    ("GET", "/guilds/{guild_id}"): get_guild,
    ("GET", "/guilds/{guild_id}/channels"): list_channels,
    ("GET", "/guilds/{guild_id}/roles"): list_roles,
    ("GET", "/guilds/{guild_id}/members/{user_id}"): get_member,
    ("DELETE", "/users/@me/guilds/{guild_id}"): leave_guild,
    ("GET", f"{_COMMANDS}/commands"): list_commands,
    ("PUT", f"{_COMMANDS}/commands"): replace_commands,
    ("POST", f"{_COMMANDS}/commands"): add_command,
    ("GET", f"{_COMMANDS}/commands/{{command_id}}"): get_command,
    ("PATCH", f"{_COMMANDS}/commands/{{command_id}}"): edit_command,
    ("DELETE", f"{_COMMANDS}/commands/{{command_id}}"): remove_command,
    ("GET", f"{_COMMANDS}/guilds/{{guild_id}}/commands"): list_commands,
    ("PUT", f"{_COMMANDS}/guilds/{{guild_id}}/commands"): replace_commands,
    ("POST", f"{_COMMANDS}/guilds/{{guild_id}}/commands"): add_command,
    ("POST", "/interactions/{interaction_id}/{interaction_token}/callback"): call_back,
    ("POST", _ANSWER): follow_up,
    ("GET", f"{_ANSWER}/messages/@original"): get_answer,
    ("PATCH", f"{_ANSWER}/messages/@original"): edit_answer,
    ("DELETE", f"{_ANSWER}/messages/@original"): delete_answer,
    ("GET", f"{_ANSWER}/messages/{{message_id}}"): get_answer,
    ("PATCH", f"{_ANSWER}/messages/{{message_id}}"): edit_answer,
    ("DELETE", f"{_ANSWER}/messages/{{message_id}}"): delete_answer,
}
