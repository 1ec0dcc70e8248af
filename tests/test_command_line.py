"""What a stranger reads on the command line: help, and one sentence when a setting is wrong."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
from typer.testing import CliRunner, Result

from bot.__main__ import app
from bot.app import alone_with
from bot.settings import Settings
from bot.store import migrations
from bot.store.engines import url_of
from tests.coverage.small_policy import write_policy
from tests.store.test_record import HISTORY, OURS, TAMPERINGS, THEIRS, change, write

ROOT = Path(__file__).parent.parent
COMMANDS = ("try", "run", "migrate", "match", "replay", "evaluate", "bench", "letters", "verify")


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting from outside, no .env file, and a terminal that is wide enough for a sentence."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def _small_policy(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A policy that is learned at once."""
    monkeypatch.setenv("POLICY_DIR", str(write_policy(tmp_path_factory.mktemp("policy"))))


def wartemarke(*words: str) -> Result:
    return CliRunner().invoke(app, words)


@contextmanager
def started(*words: str) -> Iterator[subprocess.Popen[str]]:
    """A command in a process of its own, which is killed in the end."""
    with subprocess.Popen(
        [sys.executable, "-m", "bot", *words],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


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


def test_verifying_a_database_without_the_schema_says_what_to_run() -> None:
    assert "wartemarke migrate" in refused(wartemarke("verify"))


@pytest.fixture
def recorded_file(tmp_path: Path) -> Path:
    """The database of two servers, with three entries on record."""
    file = tmp_path / "wartemarke.sqlite3"
    migrations.upgrade(url_of(file))
    write(url_of(file), HISTORY[:3])
    return file


@pytest.mark.usefixtures("recorded_file")
def test_verifying_tells_each_servers_record_and_where_it_stands() -> None:
    result = wartemarke("verify")
    assert result.exit_code == 0
    assert result.stderr == ""
    ours, theirs = sorted(result.stdout.splitlines(), reverse=True)
    moments = "from 2026-03-02 09:00 to 2026-03-02 09:00"
    assert re.fullmatch(f"{OURS}: unbroken, entries: 2, {moments}, latest hash: [0-9a-f]{{64}}", ours)
    assert theirs.startswith(f"{THEIRS}: unbroken, entries: 1, ")


def test_verifying_names_the_entry_that_somebody_changed_and_ends_with_one(recorded_file: Path) -> None:
    change(url_of(recorded_file), "UPDATE history SET actor = 'tom' WHERE id = 2")
    result = wartemarke("verify")
    assert result.exit_code == 1
    (sentence,) = result.stderr.splitlines()
    assert sentence.startswith(f"wartemarke: {THEIRS}: entry 2 (ticket #1, 'opened', 2026-03-02 09:00:01)")
    assert wartemarke("verify", "--server", OURS).exit_code == 0
    assert wartemarke("verify", "--server", THEIRS).exit_code == 1


def test_verifying_says_that_the_end_of_a_record_is_missing(recorded_file: Path) -> None:
    change(url_of(recorded_file), "DELETE FROM history WHERE id = 3")
    result = wartemarke("verify")
    assert result.exit_code == 1
    assert f"{OURS}: the record does not end with what the bot wrote last" in result.stderr


def test_a_thousand_broken_entries_are_not_all_told_one_by_one(recorded_file: Path) -> None:
    for _ in range(10):
        change(url_of(recorded_file), f"{TAMPERINGS['repeat']} OR true", id=1)
    result = wartemarke("verify")
    assert result.exit_code == 1
    assert re.fullmatch(r"wartemarke: and \d{4} more", result.stderr.splitlines()[-1])


def test_a_hash_that_was_told_earlier_proves_that_the_record_was_not_written_anew(recorded_file: Path) -> None:
    with closing(sqlite3.connect(recorded_file)) as connection:
        (hash_,) = connection.execute("SELECT hash FROM history WHERE id = 1").fetchone()
    assert wartemarke("verify", "--known", hash_[:12]).exit_code == 0
    assert wartemarke("verify", "--known", hash_, "--server", OURS).exit_code == 0
    result = wartemarke("verify", "--known", hash_[:12], "--server", THEIRS)
    assert result.exit_code == 1
    assert hash_[:12] in result.stderr
    for nothing in ("", "5ead", "whatever it was"):
        assert "--known" in refused(wartemarke("verify", "--known", nothing))


@pytest.mark.usefixtures("recorded_file")
def test_verifying_a_server_that_is_not_there_names_it() -> None:
    assert "paper:nobody" in refused(wartemarke("verify", "--server", "paper:nobody"))


@pytest.mark.usefixtures("_small_policy")
def test_the_record_is_verified_while_the_bot_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    with started("try", "--port", "0") as playing:
        assert playing.stdout is not None
        assert playing.stdout.readline()
        monkeypatch.setenv("DATABASE_URL", "sqlite:///playground/desk.sqlite3")
        assert wartemarke("verify").exit_code == 0


def test_migrating_goes_up_and_down() -> None:
    assert wartemarke("migrate").exit_code == 0
    assert migrations.is_current("sqlite:///wartemarke.sqlite3")
    assert wartemarke("migrate", "--down", "--to", "base").exit_code == 0
    with closing(sqlite3.connect("wartemarke.sqlite3")) as connection:
        assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'tickets'").fetchall() == []


def test_what_is_served_is_not_taken_back() -> None:
    assert wartemarke("migrate").exit_code == 0
    with alone_with("sqlite:///wartemarke.sqlite3"):
        assert "is served by another process" in refused(wartemarke("migrate", "--down", "--to", "base"))
    assert migrations.is_current("sqlite:///wartemarke.sqlite3")


def test_the_revision_is_told_that_the_database_is_at() -> None:
    assert "is at 0007." in wartemarke("migrate", "--to", "0007").output
    for behind in ("0006", "base", "head-3"):
        assert "stays at 0007" in refused(wartemarke("migrate", "--to", behind))
    assert "is at 0007." in wartemarke("migrate", "--to", "0007").output
    assert "is at 0006." in wartemarke("migrate", "--down", "--to", "0006").output
    assert "not a valid downgrade" in refused(wartemarke("migrate", "--down", "--to", "0007"))
    assert "is at base." in wartemarke("migrate", "--down", "--to", "base").output


def test_going_down_needs_to_know_how_far() -> None:
    assert wartemarke("migrate").exit_code == 0
    assert "--to" in refused(wartemarke("migrate", "--down"))


@pytest.mark.parametrize(("to", "named"), [("nonsense", "nonsense"), ("", "--to")])
def test_a_revision_that_does_not_exist_is_named(to: str, named: str) -> None:
    assert named in refused(wartemarke("migrate", "--to", to))


def test_a_copy_to_a_server_that_is_not_there_names_it_without_its_password() -> None:
    assert wartemarke("migrate").exit_code == 0
    told = refused(wartemarke("copy", "sqlite:///wartemarke.sqlite3", "postgresql://me:secret@127.0.0.1:1/desk"))
    assert "postgresql://me:***@127.0.0.1:1/desk cannot be used" in told
    assert "see to it that the server runs" in told


def test_a_file_that_is_no_database_is_named_as_the_trouble(tmp_path: Path) -> None:
    (tmp_path / "wartemarke.sqlite3").write_text("a shopping list " * 100, encoding="utf-8")
    assert "database" in refused(wartemarke("migrate"))


def test_the_page_is_not_opened_to_others_without_a_password() -> None:
    assert "password" in refused(wartemarke("try", "--host", "0.0.0.0")).lower()  # noqa: S104 (it is refused)


@pytest.mark.usefixtures("_small_policy")
def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        sentence = refused(wartemarke("try", "--port", port))
    assert f"127.0.0.1:{port}" in sentence
    assert "WEB_PORT" in sentence


@pytest.mark.parametrize("port", ["99999", "-1"])
def test_a_port_that_cannot_be_is_refused(port: str) -> None:
    result = wartemarke("try", "--port", port)
    assert result.exit_code == 2
    assert "--port" in result.stderr
    assert result.stdout == ""


def test_starting_afresh_forgets_the_playground_and_nothing_else(tmp_path: Path) -> None:
    ours = {f"{name}.sqlite3{ending}" for name in ("desk", "chat") for ending in ("", "-wal", "-shm")}
    theirs = {"photos.sqlite3", "photos.sqlite3-wal", "desk.sqlite3.backup", "desk.txt"}
    for name in ours | theirs:
        (tmp_path / name).write_text("mine", encoding="utf-8")
    wartemarke("try", "--fresh", "--folder", ".", "--host", "0.0.0.0")  # noqa: S104 (it is refused)
    kept = {file.name for file in tmp_path.iterdir() if file.read_bytes() == b"mine"}
    assert kept == theirs


@pytest.mark.usefixtures("_small_policy")
def test_the_playground_tells_its_address_when_it_can_be_opened_and_runs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with started("try", "--port", "0") as playing:
        assert playing.stdout is not None
        address = playing.stdout.readline().split()[1]
        assert not address.endswith(":0/")
        with urlopen(address, timeout=5) as page:  # noqa: S310 (our own page)
            assert page.status == 200
        for words in (("try", "--port", "0"), ("try", "--port", "0", "--fresh")):
            assert "desk.sqlite3 is served by another process" in refused(wartemarke(*words))
        monkeypatch.setenv("DATABASE_URL", "sqlite:///playground/desk.sqlite3")
        assert wartemarke("migrate").exit_code == 0
        assert "Dead letters" not in wartemarke("letters").stdout
        playing.kill()
        playing.wait()
    with closing(sqlite3.connect("playground/desk.sqlite3")) as connection, connection:
        for number in range(2):
            connection.execute(
                "INSERT INTO outbox (server, lane, state, post, attempts, due_at, created_at) "
                "VALUES ('web:shop', 'lane', 'pending', ?, 0, 0, 0)",
                [f"board {number}"],
            )
    assert "are on their way" in wartemarke("letters").stdout
    with alone_with("sqlite:///playground/desk.sqlite3"):
        """The killed process has left no lock behind."""


@pytest.mark.usefixtures("_small_policy")
def test_matching_ends_quietly_when_nobody_reads_on() -> None:
    with started("match") as matching:
        assert matching.stdin is not None
        assert matching.stdout is not None
        assert matching.stderr is not None
        matching.stdin.write('{"text": "the slider stays empty"}\n')
        matching.stdin.flush()
        assert matching.stdout.readline()
        matching.stdout.close()
        matching.stdin.write('{"text": "the slider stays empty"}\n' * 2)
        matching.stdin.close()
        assert matching.stderr.read() == ""


LABELS = '"lang": "en", "category": "defect"'


def recorded(*lines: str, start: bytes = b"") -> str:
    Path("messages.jsonl").write_bytes(start + "\n".join(lines).encode())
    return "messages.jsonl"


@pytest.mark.usefixtures("_small_policy")
@pytest.mark.parametrize("command", ["replay", "evaluate"])
def test_whatever_json_allows_is_read(command: str) -> None:
    lines = [f'{{"text": "the slider\u2028stays\x85empty", {LABELS}}}', "", f'{{"text": "hello", {LABELS}}}\r']
    result = wartemarke(command, recorded(*lines, start=b"\xef\xbb\xbf"))
    assert result.exit_code == 0, result.stderr
    assert " 2 " in result.stdout


@pytest.mark.usefixtures("_small_policy")
@pytest.mark.parametrize("command", ["replay", "evaluate"])
@pytest.mark.parametrize(
    "line", ["no json", "[1]", '{"words": "x"}', '{"text": 5}', "[" * 100_000, '{"text": "a", "n": ' + "9" * 10_000]
)
def test_a_line_that_is_no_message_is_named(command: str, line: str) -> None:
    good = f'{{"text": "hello", {LABELS}}}'
    assert "line 3" in refused(wartemarke(command, recorded(good, "", line)))
