"""The SQLite file: its disk is full or read-only, it is damaged, or no database at all."""

from __future__ import annotations

import json
import os
import pickle
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from bot.__main__ import app
from bot.coverage.matcher import Matcher
from bot.settings import Settings
from bot.store import migrations
from bot.store.engines import is_passing, open_database, url_of
from tests.coverage.small_policy import write_policy
from tests.doubles.world import open_world
from tests.faults.full_disk import Seen, play

ROOT = Path(__file__).parents[2]
COMMANDS = ("run", "migrate", "letters", "verify")
PAGE = 4096


@pytest.fixture
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder of its own, no setting from outside, a chat to serve, and a policy that is learned at once."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    (tmp_path / "policy").mkdir()
    for name, value in {"COLUMNS": "500", "NO_COLOR": "1", "WEB_CHAT": "true", "WEB_PORT": "0"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("POLICY_DIR", str(write_policy(tmp_path / "policy")))


def refused(*words: str) -> str:
    """The one sentence with which a command ends that cannot do its work."""
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2, result.output
    (sentence,) = result.stderr.strip().splitlines()
    assert sentence.startswith("wartemarke: ")
    return sentence


def scramble(file: Path) -> None:
    file.write_bytes(random.Random(1).randbytes(3 * PAGE))  # noqa: S311 (any bytes will do)


def cut_in_half(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2 // PAGE * PAGE)


def flip_bytes_in_the_middle(file: Path) -> None:
    size = file.stat().st_size
    with file.open("r+b") as bytes_:
        for page in range(2, size // PAGE):
            bytes_.seek(page * PAGE)
            old = bytes_.read(64)
            bytes_.seek(page * PAGE)
            bytes_.write(bytes(byte ^ 0xFF for byte in old))


@pytest.mark.usefixtures("_alone")
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("damage", "remedy"),
    [(scramble, "put a backup in its place"), (cut_in_half, ".recover"), (flip_bytes_in_the_middle, ".recover")],
)
def test_a_damaged_file_is_refused_with_what_to_do(
    database_file: Path, tmp_path: Path, command: str, damage: Callable[[Path], None], remedy: str
) -> None:
    file = database_file.rename(tmp_path / "wartemarke.sqlite3")
    damage(file)
    before = file.read_bytes()
    sentence = refused(command)
    assert remedy in sentence
    assert file.read_bytes() == before, "what can still be saved must stay"


@pytest.mark.usefixtures("_alone")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_in_the_files_place_is_refused_with_what_to_do(tmp_path: Path, command: str) -> None:
    (tmp_path / "wartemarke.sqlite3").mkdir()
    assert "allowed to write" in refused(command)


@pytest.mark.usefixtures("_alone")
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("host", ["127.0.0.1:1", "no-such-host.invalid"])
def test_a_server_that_is_not_there_is_told_with_the_setting(
    monkeypatch: pytest.MonkeyPatch, command: str, host: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://me:secret-word@{host}/desk")
    sentence = refused(command)
    assert "DATABASE_URL=" in sentence
    assert "server runs" in sentence
    assert "secret-word" not in sentence


async def test_a_damaged_page_breaks_only_what_needs_it(database_file: Path) -> None:
    async with open_database(url_of(database_file)) as database:
        await database.transaction(lambda tx: tx.run(text("CREATE TABLE a AS SELECT zeroblob(9000) AS words")))
        await database.transaction(lambda tx: tx.run(text("CREATE TABLE b AS SELECT 1 AS number")))
    with closing(sqlite3.connect(database_file)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'a'").fetchone()
    with database_file.open("r+b") as bytes_:
        bytes_.seek((page - 1) * PAGE)
        bytes_.write(b"\xff" * 64)
    async with open_database(url_of(database_file)) as database:
        with pytest.raises(sqlite3.DatabaseError, match="malformed"):
            await database.transaction(lambda tx: tx.run(text("UPDATE a SET words = NULL")))
        await database.transaction(lambda tx: tx.run(text("UPDATE b SET number = 2")))


def went_well(seen: Seen) -> None:
    assert "Kennung" in seen.told_while_full
    assert seen.customers_while_full == [], "nothing is half done"
    assert seen.waits_while_full
    assert seen.customers_afterwards == ["emma", "jonas"]
    assert len(seen.numbers_said) == 2, "each receipt once"


async def test_a_file_that_may_not_grow_is_waited_for(database_file: Path, matcher: Matcher) -> None:
    async with open_world(url_of(database_file), matcher) as world:

        async def run(statement: str) -> None:
            await world.database.transaction(lambda tx: tx.run(text(statement)))

        async def fill() -> None:
            await run("CREATE TABLE ballast (weight)")
            await run("PRAGMA max_page_count = 1")  # SQLite takes as many as there are
            for size in (3000, 30):
                with suppress(sqlite3.OperationalError):
                    while True:
                        await run(f"INSERT INTO ballast VALUES (zeroblob({size}))")  # noqa: S608 (numbers of ours)

        went_well(await play(world, fill, lambda: run("PRAGMA max_page_count = 1000000")))


def test_what_cannot_be_written_now_is_tried_again(database_file: Path) -> None:
    with (
        closing(sqlite3.connect(f"file:{database_file}?mode=ro", uri=True)) as connection,
        pytest.raises(sqlite3.OperationalError, match="readonly") as raised,
    ):
        connection.execute("DELETE FROM tickets")
    assert is_passing(raised.value), "else the event would pass for handled"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can try it as somebody else")
async def test_somebody_else_s_file_is_refused() -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "desk.sqlite3"
        migrations.upgrade(url_of(file))
        async with open_database(url_of(file)):
            """From now on it is in the mode in which it can be read beside a writer."""
        Path(folder).chmod(0o777)  # noqa: ASYNC240 (at once)
        file.chmod(0o444)
        os.seteuid(65_534)
        try:
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                async with open_database(url_of(file)):
                    pass
        finally:
            os.seteuid(0)


@pytest.fixture(scope="module")
def _own_mounts() -> None:
    if shutil.which("unshare") is None or subprocess.run(_mounting(":"), capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be mounted here: unshare with a tmpfs is not possible")


def _mounting(script: str, *arguments: str) -> list[str]:
    """A command that runs a script with a small disk mounted at its first argument (by itself: at /mnt)."""
    mount = 'mount -t tmpfs -o size=1536k none "${1:-/mnt}"'
    return ["unshare", "--map-root-user", "--mount", "sh", "-ec", f"{mount}; {script}", "sh", *arguments]


@pytest.mark.usefixtures("_own_mounts")
def test_a_full_disk_is_waited_for(database_file: Path, matcher: Matcher, tmp_path: Path) -> None:
    (tmp_path / "matcher").write_bytes(pickle.dumps(matcher))
    disk = tmp_path / "disk"
    disk.mkdir()
    script = 'cp "$2" "$1/desk"; exec "$3" -m tests.faults.full_disk "$4" "$1/desk" "$1/ballast"'
    values = (str(disk), str(database_file), sys.executable, str(tmp_path / "matcher"))
    ended = subprocess.run(_mounting(script, *values), cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    went_well(Seen(**json.loads(ended.stdout)))


@pytest.mark.usefixtures("_alone")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_locked_file_is_refused_with_what_to_do(
    database_file: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url_of(database_file))
    with closing(sqlite3.connect(database_file, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        assert "Another program has locked the file" in refused(command)


@pytest.mark.usefixtures("_own_mounts", "_alone")
def test_a_read_only_disk_is_refused_with_what_to_do(database_file: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    script = 'cp "$2" "$1/desk"; mount -o remount,ro "$1"; shift 2; exec "$@"'
    values = (str(disk), str(database_file), sys.executable, "-m", "bot", "run")
    settings = {"PYTHONPATH": str(ROOT), "DATABASE_URL": f"sqlite:///{disk}/desk"}
    ended = subprocess.run(
        _mounting(script, *values), env=os.environ | settings, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2, ended.stderr
    (sentence,) = ended.stderr.strip().splitlines()
    assert "allowed to write" in sentence
