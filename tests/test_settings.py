"""The settings: their defaults, and one sentence about each that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

import policy_text
from bot.settings import LogFormat, LogLevel, Settings, SettingsError, read_settings


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting from outside, and no .env file."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_the_defaults_suit_somebody_who_tries_it() -> None:
    settings = read_settings()
    assert settings.database_file == Path("wartemarke.sqlite3")
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
    assert read_settings().database_file == Path("wartemarke.sqlite3")


@pytest.mark.parametrize("path", ["wartemarke.sqlite3", "data/desk.sqlite3", "/var/lib/desk.sqlite3"])
def test_the_database_is_named_as_a_url(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    assert read_settings().database_file == Path(path)


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("DATABASE_URL", "postgres://somewhere", "must look like sqlite:///"),
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


def test_a_token_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "tr0ub4dor")
    assert "tr0ub4dor" not in repr(read_settings())


def test_a_password_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_PASSWORD", "tr0ub4dor")
    assert "tr0ub4dor" not in repr(read_settings())
