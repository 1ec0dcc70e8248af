"""Another process that writes into a SQLite file."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path


@asynccontextmanager
async def locked(file: Path) -> AsyncIterator[sqlite3.Connection]:
    """Hold the file's lock, until the connection rolls back or this ends.

    It is waited for in a thread: whoever has it now may need the event loop to give it back.
    """
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        yield other
