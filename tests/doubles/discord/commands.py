"""The application's registered commands, global or of one guild."""

from __future__ import annotations

from tests.doubles.discord.errors import Json, invalid, unknown
from tests.doubles.discord.ids import Snowflakes

CHAT_INPUT, USER_MENU, MESSAGE_MENU = 1, 2, 3
LIMITS = {CHAT_INPUT: 100, USER_MENU: 15, MESSAGE_MENU: 15}


class Commands:
    """What was registered. A scope is a guild's id, or None for everywhere."""

    def __init__(self, ids: Snowflakes, application_id: str) -> None:
        self._ids = ids
        self._application_id = application_id
        self._by_scope: dict[str | None, list[Json]] = {}
        self.created = 0
        """How many were ever created: Discord takes 200 a day."""

    def listed(self, scope: str | None, *, localized: bool = True) -> list[Json]:
        """The commands of a scope; without translations unless they are asked for."""
        found = self._by_scope.get(scope, [])
        if localized:
            return found
        return [_without_translations(command) for command in found]

    def available(self, guild_id: str) -> list[Json]:
        """What can be used in a guild."""
        return [*self.listed(None), *self.listed(guild_id)]

    def replace(self, scope: str | None, wanted: list[Json]) -> list[Json]:
        """Register these and no others."""
        for kind, limit in LIMITS.items():
            if sum(command.get("type", CHAT_INPUT) == kind for command in wanted) > limit:
                raise invalid("type", f"Maximum number of application commands reached ({limit})", "MAX_COMMANDS")
        names = [(command.get("type", CHAT_INPUT), command["name"]) for command in wanted]
        if len(set(names)) < len(names):
            raise invalid("name", "Application command names must be unique", "APPLICATION_COMMANDS_DUPLICATE_NAME")
        old = {(command["type"], command["name"]): command for command in self.listed(scope)}
        self._by_scope[scope] = [
            self._registered(scope, command, old.get(name)) for name, command in zip(names, wanted, strict=True)
        ]
        return self._by_scope[scope]

    def add(self, scope: str | None, wanted: Json) -> Json:
        """Register one, in the place of one with the same name."""
        name = (wanted.get("type", CHAT_INPUT), wanted["name"])
        others = [command for command in self.listed(scope) if (command["type"], command["name"]) != name]
        return self.replace(scope, [*others, wanted])[-1]

    def one(self, scope: str | None, command_id: str) -> Json:
        for command in self.listed(scope):
            if command["id"] == command_id:
                return command
        raise unknown(10063, "application command")

    def remove(self, scope: str | None, command_id: str) -> None:
        self._by_scope[scope].remove(self.one(scope, command_id))

    def _registered(self, scope: str | None, wanted: Json, old: Json | None) -> Json:
        defaults: Json = {
            "type": CHAT_INPUT,
            "description": "",
            "default_member_permissions": None,
            "dm_permission": True,
            "contexts": None,
            "integration_types": [0],
            "nsfw": False,
            "name_localizations": None,
            "description_localizations": None,
        }
        command = defaults | {key: value for key, value in wanted.items() if value is not None}
        command["application_id"] = self._application_id
        if command["default_member_permissions"] is not None:
            command["default_member_permissions"] = str(command["default_member_permissions"])  # taken as a number, too
        if scope is not None:
            command["guild_id"] = scope
        if old is not None and {**command, "id": old["id"], "version": old["version"]} == old:
            return old
        self.created += old is None
        return command | {"id": old["id"] if old else self._ids.new(), "version": self._ids.new()}


def _without_translations(node: Json) -> Json:
    """A command or option without its translations, and so are its options and choices."""
    bare = {key: value for key, value in node.items() if not key.endswith("_localizations")}
    for key in ("options", "choices"):
        if key in node:
            bare[key] = [_without_translations(inner) for inner in node[key]]
    return bare
