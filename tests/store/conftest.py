"""A database of its own for each test of the store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.database import Database
from tests.doubles.post_office import PostOffice


@pytest.fixture
async def database(database_file: Path) -> AsyncIterator[Database]:
    """An open database with the schema and nothing in it."""
    async with Database(database_file) as database:
        yield database


@pytest.fixture
def office(database: Database) -> PostOffice:
    """An outbox with nothing in it."""
    return PostOffice(database)
