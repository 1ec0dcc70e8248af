"""Which database an address means."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import asyncpg

from bot.store import postgres, sqlite
from bot.store.database import Database, UnsureError
from bot.store.postgres import PostgresDatabase
from bot.store.sqlite import SqliteDatabase

DatabaseError = (sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError, UnsureError)
"""What can be raised because of a database."""
_SQLITE = "sqlite:///"
_PASSWORD = re.compile(r"(//[^:/@]*:)[^/]*(?=@)|([?&]password=)[^&]*")
"""Of an address; SQLAlchemy, which could take one apart, knows none with several hosts."""


def open_database(url: str) -> Database:
    """The database of an address such as sqlite:///desk.sqlite3 or postgresql://user:password@host/name."""
    file = file_of(url)
    return PostgresDatabase(url) if file is None else SqliteDatabase(file)


def file_of(url: str) -> Path | None:
    """The file of a SQLite database; None where the address is one of PostgreSQL."""
    return Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None


def name_of(url: str) -> str:
    """The address as it may be shown: without its password."""
    file = file_of(url)
    return _PASSWORD.sub(r"\1\2***", url) if file is None else str(file)


def url_of(file: Path) -> str:
    """The address of a SQLite file."""
    return f"{_SQLITE}{file}"


def is_passing(error: BaseException) -> bool:
    """Whether trouble with the database may be over in a while."""
    return sqlite.is_passing(error) or postgres.is_passing(error)
