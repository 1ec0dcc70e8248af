"""The slash commands and message menus: what Discord shows of them, what they hand to the desk, registering them.

Every word that people read comes from the message catalogue: German for German locales, English for English ones and,
as the default, for all others.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.http import Route

from adapters.discord_chat.markup import to_plain
from bot.desk.commands import BY_NAME, Audience
from bot.desk.fairness import Period, Shape
from bot.desk.policy.commands import ACTIONS
from bot.model import Language, Mode, Text, Wish
from bot.rules.limits import TEXT_LIMIT
from bot.texts import text

if TYPE_CHECKING:  # the client makes the tree, the tree calls the client
    from adapters.discord_chat.client import DeskClient

    Interaction = discord.Interaction[DeskClient]

Callback = Callable[..., Coroutine[Any, Any, None]]
Number = app_commands.Range[int, 1, 999_999_999]
"""A ticket's number, as long as the desk takes it."""
Words = app_commands.Range[str, 1, TEXT_LIMIT]

_SEEN_BY = {
    Audience.EVERYBODY: None,
    Audience.AGENTS: discord.Permissions(manage_threads=True),
    Audience.MODERATORS: discord.Permissions(manage_guild=True),
}
"""Which permission somebody needs to see a command in Discord's menu; the core checks their roles in any case.

Discord knows nothing of our roles, only permissions. Agents need Manage Threads anyway, because without it they do not
see private tickets; so the one permission that an installer gives to the agents' role shows them the tickets and the
commands, and customers do not have it. Who wants it otherwise changes it for each command, role and channel in the
server's settings under Integrations; that wins over what stands here.
"""
_PARTS = ("rules", "tickets", "hours", "promise", "mode", "show")
"""What `/setup` understands as its first word."""
_CHOICES: Mapping[str, tuple[tuple[str, Text], ...]] = {
    "action": tuple((action, text(f"choice-action-{action}")) for action in ACTIONS),
    "language": (
        *((language.value, text(f"language-{language}")) for language in Language),
        ("both", text("choice-language-both")),
    ),
    "part": tuple((part, text(f"choice-part-{part}")) for part in _PARTS),
    "mode": tuple((mode.value, text(f"mode-{mode}")) for mode in Mode),
    "period": tuple((period.value, text(f"choice-period-{period}")) for period in Period),
    "form": tuple((form.value, text(f"choice-form-{form}")) for form in Shape),
}
"""Options that are chosen from a list: the words that the desk understands, and how people read them."""
_LANGUAGES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("", "post"), frozenset({*Language, "both"})),
    "edit": frozenset(Language),
}
"""In which languages what is done to the policy; behind another action a language would be one of its words."""


def command_tree(client: DeskClient) -> app_commands.CommandTree[DeskClient]:
    """All commands and menus, only in servers; nothing is registered yet (`sync`)."""
    tree = app_commands.CommandTree(client, allowed_installs=app_commands.AppInstallationType(guild=True))
    for callback in _SLASH:
        tree.add_command(app_commands.guild_only(_slash_command(callback)))
    for wish, callback in _MENUS.items():
        menu = app_commands.ContextMenu(name=_localised(text(f"menu-{wish}")), callback=callback)
        tree.add_command(app_commands.guild_only(menu))
    return tree


class CatalogueTranslator(app_commands.Translator):
    """Translates what `_localised` made, into the languages that we speak."""

    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        """The words in a locale; None leaves the default."""
        del context
        language = Language.of_locale(locale.value)
        return None if language is None else to_plain(string.extras["text"], language)


def _localised(words: Text) -> app_commands.locale_str:
    return app_commands.locale_str(to_plain(words, Language.EN), text=words)


def _slash_command(callback: Callback) -> app_commands.Command[Any, ..., None]:
    """The callback as a command of its name, with all its words."""
    ours = BY_NAME[callback.__name__]
    command = app_commands.Command[Any, ..., None](
        name=_localised(text(f"name-{ours.name}")), description=_localised(ours.description), callback=callback
    )
    options = [option.name for option in command.parameters]
    chosen = {
        option: [app_commands.Choice(name=_localised(words), value=value) for value, words in _CHOICES[option]]
        for option in options
        if option in _CHOICES
    }
    hints = {option: _localised(text(f"hint-{ours.name}-{option}")) for option in options}
    app_commands.choices(**chosen)(command)
    app_commands.describe(**hints)(command)
    app_commands.rename(**{option: _localised(text(f"option-{option}")) for option in options})(command)
    command.default_permissions = _SEEN_BY[ours.audience]
    return command


# --- the commands: their options are what would have been typed behind the name ----------------------


async def covered(interaction: Interaction, question: Words = "") -> None:
    """Without a question, a form asks for it: there it may have several lines."""
    await interaction.client.used(interaction, "covered", question)


async def ticket(interaction: Interaction, text: Words = "", private: bool = False) -> None:  # noqa: FBT001, FBT002 (an option)
    """A private ticket is a command of its own to the desk; to people it is the same one."""
    await interaction.client.used(interaction, "private" if private else "ticket", text)


async def place(interaction: Interaction) -> None:
    """Takes no words."""
    await interaction.client.used(interaction, "place")


async def close(interaction: Interaction, number: Number | None = None, words: Words = "") -> None:
    """Without a number, the ticket at hand. A chosen number is marked; words that begin with one are not it."""
    told = f"“{words}”" if number is None and words[:1].isdigit() else words
    await interaction.client.used(interaction, "close", _joined(number and f"#{number}", told))


async def policy(interaction: Interaction, action: str = "", text: Words = "", language: str = "") -> None:
    """Without an action, the policy to read, or one section of it."""
    chosen = language if language in _LANGUAGES.get(action, ()) else ""
    await interaction.client.used(interaction, "policy", _joined(action, text, chosen))


async def claim(interaction: Interaction, number: Number | None = None, reason: Words = "") -> None:
    """Without a number, the next in line."""
    await interaction.client.used(interaction, "claim", _joined(number, reason))


async def release(interaction: Interaction, number: Number | None = None) -> None:
    """Without a number, the ticket at hand."""
    await interaction.client.used(interaction, "release", _joined(number))


async def correct(interaction: Interaction, number: Number | None = None) -> None:
    """Without a number, the ticket of this thread."""
    await interaction.client.used(interaction, "correct", _joined(number))


async def queue(interaction: Interaction) -> None:
    """Takes no words."""
    await interaction.client.used(interaction, "queue")


async def mine(interaction: Interaction) -> None:
    """Takes no words."""
    await interaction.client.used(interaction, "mine")


async def behind(interaction: Interaction) -> None:
    """Takes no words."""
    await interaction.client.used(interaction, "behind")


async def fairness(interaction: Interaction, period: str = "", form: str = "") -> None:
    """Without a form, in words."""
    await interaction.client.used(interaction, "fairness", _joined(period, form))


async def setup(interaction: Interaction, part: str = "", mode: str = "") -> None:
    """Without a part, channels and roles. Who chooses a mode need not say that it is about the mode."""
    await interaction.client.used(interaction, "setup", _joined("mode", mode) if mode else part)


async def block(interaction: Interaction, person: discord.User) -> None:
    """The person is chosen from Discord's list, and told to the desk by id."""
    await interaction.client.used(interaction, "block", str(person.id))


async def unblock(interaction: Interaction, person: discord.User) -> None:
    """The person is chosen from Discord's list, and told to the desk by id."""
    await interaction.client.used(interaction, "unblock", str(person.id))


async def panel(interaction: Interaction) -> None:
    """Takes no words."""
    await interaction.client.used(interaction, "panel")


_SLASH: tuple[Callback, ...] = (
    covered,
    ticket,
    place,
    close,
    policy,
    claim,
    release,
    correct,
    queue,
    mine,
    behind,
    fairness,
    setup,
    block,
    unblock,
    panel,
)


def _joined(*words: str | int | None) -> str:
    return " ".join(str(word) for word in words if word)


# --- the menus on a message --------------------------------------------------------------------------


async def _covered_menu(interaction: Interaction, message: discord.Message) -> None:
    await interaction.client.picked(interaction, Wish.COVERED, message)


async def _ticket_menu(interaction: Interaction, message: discord.Message) -> None:
    await interaction.client.picked(interaction, Wish.TICKET, message)


async def _private_menu(interaction: Interaction, message: discord.Message) -> None:
    await interaction.client.picked(interaction, Wish.PRIVATE_TICKET, message)


_MENUS = {Wish.COVERED: _covered_menu, Wish.TICKET: _ticket_menu, Wish.PRIVATE_TICKET: _private_menu}


# --- registering -------------------------------------------------------------------------------------

_SAID = (
    "type",
    "name",
    "name_localizations",
    "description",
    "description_localizations",
    "options",
    "choices",
    "value",
    "required",
    "min_value",
    "max_value",
    "min_length",
    "max_length",
    "default_member_permissions",
    "contexts",
    "integration_types",
    "nsfw",
)
"""What a definition says of a command, an option or a choice.

Discord adds to it (ids, version, the long outdated dm_permission, names in the asker's locale) and may add more.
"""


async def sync(tree: app_commands.CommandTree[DeskClient], *, write: bool = True) -> dict[str, int]:
    """Register the commands if Discord knows others than ours. Returns the slash commands' ids by their default name.

    Reads once, and writes (all at once) only what differs; without `write`, because another process does that, never.
    """
    translator = CatalogueTranslator()
    await tree.set_translator(translator)
    ours = [await command.get_translated_payload(tree, translator) for command in tree.get_commands()]
    registered = await _registered(tree)
    if write and _essences(registered) != _essences(ours):
        written = await tree.sync()
        return {command.name: command.id for command in written if command.type is discord.AppCommandType.chat_input}
    slash = discord.AppCommandType.chat_input.value
    return {command["name"]: int(command["id"]) for command in registered if command["type"] == slash}


async def _registered(tree: app_commands.CommandTree[DeskClient]) -> list[dict[str, Any]]:
    """What Discord knows; discord.py's own call leaves the localisations out."""
    application = tree.client.application_id
    if application is None:
        raise app_commands.MissingApplicationID
    route = Route("GET", "/applications/{application_id}/commands", application_id=application)
    known: list[dict[str, Any]] = await tree.client.http.request(route, params={"with_localizations": "true"})
    return known


def _essences(definitions: list[dict[str, Any]]) -> dict[tuple[int, str], dict[str, Any]]:
    return {(one["type"], one["name"]): _essence(one) for one in definitions}


def _essence(definition: Mapping[str, Any]) -> dict[str, Any]:
    """What a definition says, however it is put: what is empty, false or null may as well be missing."""
    said: dict[str, Any] = {}
    for key in _SAID:
        value = definition.get(key)
        match key:
            case "options" | "choices":
                value = [_essence(part) for part in value or ()]
            case "contexts" | "integration_types":
                value = sorted(value or ())
            case "default_member_permissions" if value is not None:
                value = str(value)  # written as a number, read as a string
        if value:
            said[key] = value
    return said
