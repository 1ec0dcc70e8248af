"""The PostgreSQL of the tests: it starts, keeps what it promises through a power cut, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.doubles import postgres
from tests.doubles.postgres import PostgresServer, need_postgres

ROOT = Path(__file__).parents[2]

START_AND_WAIT = """
import sys
from pathlib import Path
from tests.doubles.postgres import PostgresServer
server = PostgresServer(Path(sys.argv[1]))
server.start()
print(server.new_database(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PostgresServer]:
    need_postgres()
    with PostgresServer(tmp_path / "server", durable=True) as server:
        yield server


async def run(url: str, *statements: str) -> Any:
    """Run them one by one; the value that the last one gives."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


async def test_a_database_is_new_or_a_copy(server: PostgresServer) -> None:
    first = server.new_database()
    await run(first, "CREATE TABLE seen (number int)", "INSERT INTO seen VALUES (7)")
    copy, empty = server.new_database(first), server.new_database()
    assert await run(copy, "SELECT number FROM seen") == 7
    assert await run(empty, "SELECT to_regclass('seen')") is None


async def test_a_dropped_database_is_gone_whoever_uses_it(server: PostgresServer) -> None:
    url = server.new_database()
    user = await asyncpg.connect(url)
    server.drop_database(url)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await user.fetchval("SELECT 1")
    user.terminate()
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await run(url, "SELECT 1")


async def test_what_was_committed_outlives_a_power_cut_and_nothing_else_does(server: PostgresServer) -> None:
    url = server.new_database()
    await run(url, "CREATE TABLE seen (number int)", "INSERT INTO seen VALUES (7)")
    connection = await asyncpg.connect(url)
    await connection.execute("BEGIN; INSERT INTO seen VALUES (8)")
    server.kill()
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.execute("COMMIT")
    connection.terminate()
    with pytest.raises(OSError, match="Connect"):
        await run(url, "SELECT 1")

    server.start()
    assert await run(url, "SELECT array_agg(number) FROM seen") == [7]


async def test_a_restart_keeps_the_address(server: PostgresServer) -> None:
    url = server.new_database()
    await run(url, "CREATE TABLE seen (number int)", "INSERT INTO seen VALUES (7)")
    server.restart()
    assert await run(url, "SELECT number FROM seen") == 7


async def test_durable_is_what_the_server_itself_says(server: PostgresServer, tmp_path: Path) -> None:
    quick = PostgresServer(tmp_path / "quick")
    quick.start()
    try:
        for asked, expected in ((server, "on"), (quick, "off")):
            url = asked.new_database()
            assert [await run(url, f"SHOW {name}") for name in ("fsync", "synchronous_commit")] == [expected] * 2
    finally:
        quick.stop()


def test_it_ends_with_the_process_that_started_it_even_if_that_is_killed(tmp_path: Path) -> None:
    need_postgres()
    with subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT, str(tmp_path / "server")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as starter:
        assert starter.stdout is not None
        url = starter.stdout.readline().strip()
        assert asyncio.run(run(url, "SELECT 1")) == 1
        starter.send_signal(signal.SIGKILL)

    deadline = time.monotonic() + 10
    while (tmp_path / "server" / "data" / "postmaster.pid").exists():
        assert time.monotonic() < deadline, "the server outlives its starter"
        time.sleep(0.02)
    with pytest.raises(OSError, match="Connect"):
        asyncio.run(run(url, "SELECT 1"))


def test_where_no_server_runs_tests_say_so_or_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "why_not", lambda: "there is none")
    monkeypatch.delenv("REQUIRE_POSTGRES", raising=False)
    with pytest.raises(pytest.skip.Exception, match="there is none"):
        need_postgres()
    monkeypatch.setenv("REQUIRE_POSTGRES", "1")
    with pytest.raises(pytest.fail.Exception, match="there is none"):
        need_postgres()
