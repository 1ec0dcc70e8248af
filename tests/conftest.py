"""What all tests share. Databases are real files, copied from one that the migrations made."""

from __future__ import annotations

import logging
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

import policy_text
from bot.app import learn
from bot.coverage.matcher import Matcher
from bot.store import migrations
from bot.store.engines import url_of
from tests.doubles.postgres import PostgresServer, need_postgres
from tests.doubles.world import World, open_world

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
"""A busy machine is no fault of the code."""


@pytest.fixture(scope="session", autouse=True)
def _plain_log() -> None:
    """Traces as plain text: structlog's default draws every local variable, which takes seconds for each."""
    processors: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
    ]
    structlog.configure(processors=[*processors, structlog.processors.KeyValueRenderer()])


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing is kept in the cache of whoever runs the tests, and nothing read that they have there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """A command that runs in this process sets the log up, and for a stream that ends with it."""
    before, handlers, level = structlog.get_config(), logging.root.handlers[:], logging.root.level
    yield
    structlog.configure(**before)
    logging.root.handlers, logging.root.level = handlers, level


@pytest.fixture(scope="session")
def matcher() -> Matcher:
    """The matcher of the shipped policy; learning takes a second, so once."""
    return learn(Path(policy_text.__file__).parent)


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "desk.sqlite3"
    migrations.upgrade(url_of(file))
    return file


@pytest.fixture
def database_file(tmp_path: Path, _template: Path) -> Path:
    """An empty database with the schema."""
    return Path(shutil.copy(_template, tmp_path / "desk.sqlite3"))


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory, _template: Path) -> Callable[[], Path]:
    """Makes empty databases with the schema: for tests that need many of them."""
    folder, numbers = tmp_path_factory.mktemp("databases"), count()
    return lambda: Path(shutil.copy(_template, folder / f"{next(numbers)}.sqlite3"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What takes a database by its address is tested on both kinds, unless it is marked as being about one."""
    if "database_kind" in metafunc.fixturenames:
        marks = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
        kinds = [kind for mark, kind in marks.items() if metafunc.definition.get_closest_marker(mark)]
        metafunc.parametrize("database_kind", kinds or marks.values(), scope="session")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A server of our own, which is quick, and would keep nothing through a power cut."""
    need_postgres()
    with PostgresServer(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
def _postgres_template(postgres: PostgresServer) -> str:
    url = postgres.new_database()
    migrations.upgrade(url)
    return url


@pytest.fixture(scope="session")
def new_url(database_kind: str, request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """The addresses of ever new databases with the schema and nothing in them, one at a time."""
    if database_kind == "SQLite":
        new_database = request.getfixturevalue("new_database")
        yield lambda: url_of(new_database())
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    template: str = request.getfixturevalue("_postgres_template")
    urls: list[str] = []

    def forget() -> None:
        while urls:
            postgres.drop_database(urls.pop())

    def new() -> str:
        forget()
        urls.append(postgres.new_database(template))
        return urls[-1]

    yield new
    forget()


@pytest.fixture
def new_empty_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """The addresses of new databases without a schema."""
    numbers = count()
    if database_kind == "SQLite":
        yield lambda: url_of(tmp_path / f"empty{next(numbers)}.sqlite3")
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    urls: list[str] = []

    def new() -> str:
        urls.append(postgres.new_database())
        return urls[-1]

    yield new
    for url in urls:
        postgres.drop_database(url)


@pytest.fixture
def database_url(new_url: Callable[[], str]) -> str:
    """The address of a database with the schema and nothing in it, of either kind."""
    return new_url()


@pytest.fixture
async def world(database_url: str, matcher: Matcher) -> AsyncIterator[World]:
    """A server that is set up, with nobody waiting."""
    async with open_world(database_url, matcher) as world:
        yield world
