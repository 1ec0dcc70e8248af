"""The settings: their defaults, and one sentence about each that is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import pytest

import policy_text
from bot.settings import LogFormat, LogLevel, Settings, SettingsError, SlackWay, read_settings


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting from outside, and no .env file."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_the_defaults_suit_somebody_who_tries_it() -> None:
    settings = read_settings()
    assert settings.database_url == "sqlite:///wartemarke.sqlite3"
    assert settings.policy_dir == Path(policy_text.__file__).parent
    assert (settings.log_level, settings.log_format) == (LogLevel.INFO, LogFormat.AUTO)
    assert settings.web_host == "127.0.0.1"
    assert not settings.web_chat


def test_the_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("WEB_PORT=1234\nLOG_LEVEL=debug\n", encoding="utf-8")
    monkeypatch.setenv("WEB_PORT", "4321")
    settings = read_settings()
    assert settings.web_port == 4321
    assert settings.log_level is LogLevel.DEBUG


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        read_settings().web_port = 1  # type: ignore[misc]


def test_an_empty_line_leaves_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    assert read_settings().database_url == "sqlite:///wartemarke.sqlite3"


@pytest.mark.parametrize("path", ["wartemarke.sqlite3", "data/desk.sqlite3", "/var/lib/desk.sqlite3"])
def test_the_database_is_named_as_a_url(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    assert read_settings().database_url == f"sqlite:///{path}"


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("DATABASE_URL", "postgres://somewhere/x", "must look like sqlite:///"),
        ("DATABASE_URL", "postgresql://somewhere", "or postgresql://user:password@host/name"),
        ("DATABASE_URL", "sqlite:///", "must look like sqlite:///"),
        ("POLICY_DIR", "nowhere", "must be a folder with a folder named categories"),
        ("LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
        ("LOG_FORMAT", "xml", "'auto', 'console' or 'json'"),
        ("WEB_CHAT", "perhaps", "boolean"),
        ("WEB_PORT", "eighty", "integer"),
        ("WEB_PORT", "65536", "65535"),
        ("WEB_PORT", "-1", "0"),
        ("DISCORD_API_URL", "discord.com/api", "must be an address that begins with https://"),
        ("DISCORD_API_URL", "wss://discord.com", "must be an address that begins with https://"),
        ("DISCORD_API_URL", "https://", "must be an address that begins with https://"),
        ("DISCORD_GATEWAY_URL", "gateway.discord.gg", "must be an address that begins with wss://"),
        ("DISCORD_SHARDS", "two", "integer"),
        ("DISCORD_SHARDS", "-1", "0"),
        ("DISCORD_SHARDS", "3", "DISCORD_SHARD_COUNT"),
        ("DISCORD_SHARD_COUNT", "0", "1"),
        ("SLACK_COMMAND_PREFIX", "Über", "at most 19 of the characters a-z, 0-9, - and _"),
        ("SLACK_COMMAND_PREFIX", "a" * 20, "at most 19"),
        ("SLACK_COMMAND_PREFIX", "/sd", "at most 19"),
        ("SLACK_API_URL", "slack.com/api", "must be an address that begins with https://"),
        ("SLACK_PORT", "65536", "65535"),
    ],
)
def test_a_wrong_one_is_named_with_its_value_and_the_remedy(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, remedy: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        read_settings()
    sentence = str(refused.value)
    assert sentence.startswith(name)
    assert value in sentence
    assert remedy in sentence
    assert "\n" not in sentence
    assert ".env" in sentence


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("SLACK_BOT_TOKEN", "xoxp-tr0ub4dor", "must begin with xoxb-"),
        ("SLACK_APP_TOKEN", "xoxb-tr0ub4dor", "must begin with xapp-"),
        ("SLACK_SIGNING_SECRET", "two tr0ub4dor", "one word"),
        ("SLACK_CLIENT_SECRET", "two tr0ub4dor", "one word"),
        ("SLACK_TOKEN_KEYS", "tr0ub4dor", "`wartemarke slack key`"),
        ("SLACK_TOKEN_KEYS", "ü tr0ub4dor", "`wartemarke slack key`"),
    ],
)
def test_a_wrong_secret_is_named_with_the_remedy_but_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, remedy: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        read_settings()
    sentence = str(refused.value)
    assert sentence.startswith(f"{name}=(hidden) ")
    assert remedy in sentence
    assert "tr0ub4dor" not in sentence


@pytest.mark.parametrize("shards", ["0,3", "0, 3", "0 3"])
def test_shards_are_numbers_with_commas(monkeypatch: pytest.MonkeyPatch, shards: str) -> None:
    monkeypatch.setenv("DISCORD_SHARDS", shards)
    monkeypatch.setenv("DISCORD_SHARD_COUNT", "4")
    assert read_settings().discord_shards == (0, 3)


def test_a_shard_that_there_is_not_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_SHARDS", "0,3")
    monkeypatch.setenv("DISCORD_SHARD_COUNT", "3")
    with pytest.raises(SettingsError, match="DISCORD_SHARDS=0,3 needs DISCORD_SHARD_COUNT"):
        read_settings()


SLACK = {
    "SLACK_BOT_TOKEN": "xoxb-tr0ub4dor",
    "SLACK_APP_TOKEN": "xapp-tr0ub4dor",
    "SLACK_SIGNING_SECRET": "tr0ub4dor",
    "SLACK_CLIENT_ID": "1.2",
    "SLACK_CLIENT_SECRET": "tr0ub4dor",
    "SLACK_TOKEN_KEYS": "tr0ub4dor" + "A" * 34 + "=,",
}
BOT, APP, SIGNING, CLIENT, SECRET, KEYS = SLACK
WAYS = {SlackWay.SOCKET: {BOT, APP}, SlackWay.HTTP: {BOT, SIGNING}, SlackWay.OAUTH: {SIGNING, CLIENT, SECRET, KEYS}}


@pytest.mark.parametrize("way", [None, *SlackWay])
def test_which_slack_settings_are_there_decides_how_it_is_reached(
    monkeypatch: pytest.MonkeyPatch, way: SlackWay | None
) -> None:
    for name in WAYS.get(way, ()) if way else ():
        monkeypatch.setenv(name, SLACK[name])
    monkeypatch.setenv("SLACK_COMMAND_PREFIX", "sd-")  # decides nothing
    assert read_settings().slack_way is way


def _subsets(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for size in range(1, len(names) + 1):
        yield from combinations(names, size)


@pytest.mark.parametrize(
    "given", [names for names in _subsets([*SLACK]) if set(names) not in WAYS.values()], ids=" ".join
)
def test_any_other_set_is_refused_in_one_sentence_that_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch, given: tuple[str, ...]
) -> None:
    for name in given:
        monkeypatch.setenv(name, SLACK[name])
    with pytest.raises(SettingsError) as refused:
        read_settings()
    sentence = str(refused.value)
    assert all(name in sentence for name in given)
    assert "tr0ub4dor" not in sentence
    assert "\n" not in sentence
    assert ".env" in sentence


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ((BOT,), "SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP)"),
        ((APP,), "set SLACK_BOT_TOKEN (Socket Mode)"),
        ((CLIENT, SECRET, KEYS), "set SLACK_SIGNING_SECRET (OAuth)"),
        ((BOT, APP, SIGNING), "Socket Mode takes SLACK_BOT_TOKEN, SLACK_APP_TOKEN; HTTP takes"),
        ((BOT, SIGNING, CLIENT), "do not go together"),
    ],
    ids=lambda value: "" if isinstance(value, str) else " ".join(value),
)
def test_it_is_said_what_is_missing_or_too_much(
    monkeypatch: pytest.MonkeyPatch, given: tuple[str, ...], remedy: str
) -> None:
    for name in given:
        monkeypatch.setenv(name, SLACK[name])
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert remedy in str(refused.value)


def test_slack_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for way in WAYS.values():
        with monkeypatch.context() as patch:
            for name in way:
                patch.setenv(name, SLACK[name])
            assert "tr0ub4dor" not in repr(read_settings())


def test_a_command_may_set_something_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_COMMAND_PREFIX", "sd-")
    assert read_settings(slack_command_prefix="my-").slack_command_prefix == "my-"


def test_a_token_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "tr0ub4dor")
    assert "tr0ub4dor" not in repr(read_settings())


def test_a_password_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_PASSWORD", "tr0ub4dor")
    assert "tr0ub4dor" not in repr(read_settings())
