"""The settings, and the only place that reads the environment. `.env.example` explains each in one line."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

import policy_text

_SQLITE = "sqlite:///"


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


def _sqlite_url(url: str) -> str:
    if not url.startswith(_SQLITE) or not url.removeprefix(_SQLITE):
        message = f"must look like {_SQLITE}wartemarke.sqlite3"
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


def _numbers(told: object) -> object:
    return [part for part in told.replace(",", " ").split() if part] if isinstance(told, str) else told


class Settings(BaseSettings):
    """All settings. Each has a default that suits somebody who tries the bot on their own machine."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    database_url: Annotated[str, AfterValidator(_sqlite_url)] = "sqlite:///wartemarke.sqlite3"
    policy_dir: Annotated[Path, AfterValidator(_policy_folder)] = Path(policy_text.__file__).parent
    log_level: LogLevel = LogLevel.INFO
    log_format: LogFormat = LogFormat.AUTO
    web_chat: bool = False
    web_host: str = "127.0.0.1"
    web_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    web_password: SecretStr | None = None
    web_file: Path = Path("wartemarke-chat.sqlite3")
    discord_token: Annotated[SecretStr, AfterValidator(_one_word)] | None = None
    discord_api_url: Annotated[str, AfterValidator(partial(_address, "https"))] = ""
    discord_gateway_url: Annotated[str, AfterValidator(partial(_address, "wss"))] = ""
    discord_shards: Annotated[tuple[Annotated[int, Field(ge=0)], ...], NoDecode, BeforeValidator(_numbers)] = ()
    discord_shard_count: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _shards_are_complete(self) -> Settings:
        if self.discord_shards and max(self.discord_shards) >= (self.discord_shard_count or 0):
            raise SettingsError(
                f"DISCORD_SHARDS={','.join(map(str, self.discord_shards))} needs DISCORD_SHARD_COUNT, the number of "
                "all shards, to be greater than each of them. Change it in .env or the environment."
            )
        return self

    @property
    def database_file(self) -> Path:
        """The SQLite file of the desk."""
        return Path(self.database_url.removeprefix(_SQLITE))


def read_settings() -> Settings:
    """The settings from the environment and `.env`. Raises SettingsError for the first that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from None


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0])
    value = "(hidden)" if "password" in name or "token" in name else repr(first["input"])
    reason = first["msg"].removeprefix("Value error, ")
    problem = f"{name.upper()}={value} is not possible: {reason[0].lower()}{reason[1:]}."
    return f"{problem} Change it in .env or the environment."
