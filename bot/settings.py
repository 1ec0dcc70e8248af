"""The settings, and the only place that reads the environment. `.env.example` explains each in one line."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

import policy_text

_SQLITE, _POSTGRES = "sqlite:///", "postgresql://"
_KEY_BYTES = 32
_LONGEST_PREFIX = 19
"""Characters before the names of commands: the longest, /close-ticket, has 13 of the 32 that Slack takes."""


class SettingsError(Exception):
    """A setting is wrong: one sentence that names it, its value and the remedy."""


class LogFormat(StrEnum):
    """How the log is written."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class LogLevel(StrEnum):
    """What the log leaves out."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class SlackWay(StrEnum):
    """How Slack and the bot reach each other; the value is how people are told of it."""

    SOCKET = "Socket Mode"
    """One workspace, over connections that we open."""
    HTTP = "HTTP"
    """One workspace, over requests that Slack signs."""
    OAUTH = "OAuth"
    """Many workspaces, each of which has installed the bot, over requests that Slack signs."""


_NEEDED = {
    SlackWay.SOCKET: ("slack_bot_token", "slack_app_token"),
    SlackWay.HTTP: ("slack_bot_token", "slack_signing_secret"),
    SlackWay.OAUTH: ("slack_signing_secret", "slack_client_id", "slack_client_secret", "slack_token_keys"),
}
"""What each way needs; what only others need contradicts it."""


def _database_url(url: str) -> str:
    is_file = url.startswith(_SQLITE) and url != _SQLITE
    if not (is_file or (url.startswith(_POSTGRES) and urlsplit(url).path.strip("/"))):
        message = f"must look like {_SQLITE}wartemarke.sqlite3 or {_POSTGRES}user:password@host/name"
        raise ValueError(message)
    return url


def _policy_folder(folder: Path) -> Path:
    if not (folder / "categories").is_dir():
        message = "must be a folder with a folder named categories in it"
        raise ValueError(message)
    return folder


def _address(scheme: str, url: str) -> str:
    parts = urlsplit(url)
    if url and not (parts.scheme in {scheme, scheme[:-1]} and parts.hostname):
        message = f"must be an address that begins with {scheme}://"
        raise ValueError(message)
    return url


def _one_word(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value().split()) != 1:
        message = "must be one word, without spaces and line ends"
        raise ValueError(message)
    return secret


def _begins(with_what: str, secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().startswith(with_what):
        message = f"must begin with {with_what}"
        raise ValueError(message)
    return secret


def _is_key(key: SecretStr) -> SecretStr:
    try:
        length = len(urlsafe_b64decode(key.get_secret_value()))
    except ValueError:
        length = 0
    if length != _KEY_BYTES:
        message = "each key must be one that `wartemarke slack key` has printed"
        raise ValueError(message)
    return key


def _prefix(prefix: str) -> str:
    if not re.fullmatch(rf"[a-z0-9_-]{{0,{_LONGEST_PREFIX}}}", prefix):
        message = f"must be at most {_LONGEST_PREFIX} of the characters a-z, 0-9, - and _"
        raise ValueError(message)
    return prefix


def _parts(told: object) -> object:
    return told.replace(",", " ").split() if isinstance(told, str) else told


_OneWord = Annotated[SecretStr, AfterValidator(_one_word)]
_Key = Annotated[SecretStr, AfterValidator(_is_key)]


class Settings(BaseSettings):
    """All settings. Each has a default that suits somebody who tries the bot on their own machine."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    database_url: Annotated[str, AfterValidator(_database_url)] = "sqlite:///wartemarke.sqlite3"
    policy_dir: Annotated[Path, AfterValidator(_policy_folder)] = Path(policy_text.__file__).parent
    log_level: LogLevel = LogLevel.INFO
    log_format: LogFormat = LogFormat.AUTO
    web_chat: bool = False
    web_host: str = "127.0.0.1"
    web_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    web_password: SecretStr | None = None
    web_file: Path = Path("wartemarke-chat.sqlite3")
    discord_token: _OneWord | None = None
    discord_api_url: Annotated[str, AfterValidator(partial(_address, "https"))] = ""
    discord_gateway_url: Annotated[str, AfterValidator(partial(_address, "wss"))] = ""
    discord_shards: Annotated[tuple[Annotated[int, Field(ge=0)], ...], NoDecode, BeforeValidator(_parts)] = ()
    discord_shard_count: Annotated[int, Field(ge=1)] | None = None
    slack_bot_token: Annotated[_OneWord, AfterValidator(partial(_begins, "xoxb-"))] | None = None
    slack_app_token: Annotated[_OneWord, AfterValidator(partial(_begins, "xapp-"))] | None = None
    slack_signing_secret: _OneWord | None = None
    slack_client_id: str = ""
    slack_client_secret: _OneWord | None = None
    slack_token_keys: Annotated[tuple[_Key, ...], NoDecode, BeforeValidator(_parts)] = ()
    slack_command_prefix: Annotated[str, AfterValidator(_prefix)] = ""
    slack_api_url: Annotated[str, AfterValidator(partial(_address, "https"))] = "https://slack.com/api/"
    slack_host: str = "127.0.0.1"
    slack_port: Annotated[int, Field(ge=0, le=65535)] = 3000

    @model_validator(mode="after")
    def _shards_are_complete(self) -> Settings:
        if self.discord_shards and max(self.discord_shards) >= (self.discord_shard_count or 0):
            raise SettingsError(
                f"DISCORD_SHARDS={','.join(map(str, self.discord_shards))} needs DISCORD_SHARD_COUNT, the number of "
                "all shards, to be greater than each of them. Change it in .env or the environment."
            )
        return self

    @model_validator(mode="after")
    def _slack_is_reached_in_one_way(self) -> Settings:
        given = self._given_to_slack
        if not given or self.slack_way:
            return self
        told = ", ".join(name.upper() for name in sorted(given))
        ways = {way: [name.upper() for name in needed if name not in given] for way, needed in _NEEDED.items()}
        possible = {way: missing for way, missing in ways.items() if given <= set(_NEEDED[way])}
        if possible:
            remedies = " or ".join(f"{' and '.join(missing)} ({way})" for way, missing in possible.items())
            raise SettingsError(f"{told} alone cannot reach Slack: set {remedies} in .env or the environment as well.")
        recipes = "; ".join(f"{way} takes {', '.join(needed).upper()}" for way, needed in _NEEDED.items())
        raise SettingsError(f"{told} do not go together: {recipes}. Leave the others empty in .env or the environment.")

    @property
    def _given_to_slack(self) -> frozenset[str]:
        """Which of the settings that decide on the way are there."""
        return frozenset(name for needed in _NEEDED.values() for name in needed if getattr(self, name))

    @property
    def slack_way(self) -> SlackWay | None:
        """How Slack is served, if at all."""
        given = self._given_to_slack
        return next((way for way, needed in _NEEDED.items() if given == set(needed)), None)


def read_settings(**instead: Any) -> Settings:
    """The settings from the environment and `.env`, but for these. Raises SettingsError for the first that is wrong."""
    try:
        return Settings(**instead)
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from None


def _without_password(told: str) -> str:
    return re.sub("://[^/@]*@", "://(hidden)@", told)


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0])
    value = "(hidden)" if re.search("password|token|secret|key", name) else _without_password(repr(first["input"]))
    reason = first["msg"].removeprefix("Value error, ")
    problem = f"{name.upper()}={value} is not possible: {reason[0].lower()}{reason[1:]}."
    return f"{problem} Change it in .env or the environment."
