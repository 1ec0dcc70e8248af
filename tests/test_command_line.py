"""What a stranger reads on the command line: help, and one sentence when a setting is wrong."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.__main__ import app
from bot.settings import Settings
from bot.store import migrations

COMMANDS = ("try", "run", "migrate", "match", "replay", "evaluate", "bench", "letters")


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting from outside, no .env file, and a terminal that is wide enough for a sentence."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def wartemarke(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def refused(result: Result) -> str:
    """The one sentence that ends a command which could not do its work."""
    assert result.exit_code == 2
    assert result.stdout == ""
    (sentence,) = result.stderr.strip().splitlines()
    assert sentence.startswith("wartemarke: ")
    return sentence


def test_the_help_names_every_command_in_one_line_and_where_to_start() -> None:
    told = wartemarke("--help").stdout
    for command in COMMANDS:
        assert f" {command} " in told
    assert "wartemarke try" in told


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_its_options(command: str) -> None:
    result = wartemarke(command, "--help")
    assert result.exit_code == 0
    usage, _, rest = result.stdout.strip().partition("\n")
    assert usage.strip().startswith("Usage:")
    assert rest.strip()


def test_without_a_command_the_help_is_shown() -> None:
    assert "Usage:" in wartemarke().output


@pytest.mark.parametrize("words", [("dance",), ("try", "--dance"), ("replay", "no-such-file.jsonl")])
def test_what_does_not_exist_is_refused(words: tuple[str, ...]) -> None:
    result = wartemarke(*words)
    assert result.exit_code == 2
    assert words[-1] in result.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgres://somewhere"),
        ("POLICY_DIR", "nowhere"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "[/red]"),
        ("WEB_PORT", "[bold]eighty"),
    ],
)
@pytest.mark.parametrize("command", ["try", "run", "migrate", "match", "bench"])
def test_a_wrong_setting_is_named_with_its_value(
    monkeypatch: pytest.MonkeyPatch, command: str, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    sentence = refused(wartemarke(command))
    assert name in sentence
    assert value in sentence
    assert ".env" in sentence


def test_running_without_a_chat_says_which_setting_to_change() -> None:
    assert "WEB_CHAT=true" in refused(wartemarke("run"))


def test_running_on_a_database_without_the_schema_says_what_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_CHAT", "true")
    assert "wartemarke migrate" in refused(wartemarke("run"))


def test_letters_of_a_database_without_the_schema_says_what_to_run() -> None:
    assert "wartemarke migrate" in refused(wartemarke("letters"))


def test_migrating_goes_up_and_down() -> None:
    assert wartemarke("migrate").exit_code == 0
    assert migrations.is_current("wartemarke.sqlite3")
    assert wartemarke("migrate", "--down", "--to", "base").exit_code == 0
    with closing(sqlite3.connect("wartemarke.sqlite3")) as connection:
        assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'tickets'").fetchall() == []


def test_a_file_that_is_no_database_is_named_as_the_trouble(tmp_path: Path) -> None:
    (tmp_path / "wartemarke.sqlite3").write_text("a shopping list " * 100, encoding="utf-8")
    assert "database" in refused(wartemarke("migrate"))


def test_the_page_is_not_opened_to_others_without_a_password() -> None:
    assert "password" in refused(wartemarke("try", "--host", "0.0.0.0")).lower()  # noqa: S104 (it is refused)
