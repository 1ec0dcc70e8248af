"""A database of its own for each test of the store."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.store.database import Database
from bot.store.engines import open_database
from tests.doubles.post_office import PostOffice


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database with the schema and nothing in it."""
    async with open_database(database_url) as database:
        yield database


@pytest.fixture
def office(database: Database) -> PostOffice:
    """An outbox with nothing in it."""
    return PostOffice(database)
