"""Statements are built once, with SQLAlchemy Core, compiled once for each database, and run by its driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Dialect, Executable, Insert, Select
from sqlalchemy.sql.dml import UpdateBase

_FLOAT8 = 701
"""How PostgreSQL marks a float; SQLAlchemy wants to know before it leaves one as it is."""


class Statement:
    """A SQLAlchemy Core statement, compiled once; the driver runs it."""

    def __init__(self, clause: Executable, dialect: Dialect) -> None:
        if isinstance(clause, Insert):
            clause = clause.inline()  # the database numbers rows, and nobody asks for the number
        compiled = clause.compile(dialect=dialect)  # type: ignore[attr-defined]
        self.sql = str(compiled)
        self._fixed = {name: value for name, value in compiled.params.items() if not compiled.binds[name].required}
        self._inputs = compiled.positiontup or []
        self._to_driver = [
            (place, processor)
            for place, name in enumerate(self._inputs)
            if (processor := compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
        ]
        columns = _columns(clause)
        self._names = [column.key for column in columns]
        self._from_driver = [
            (column.key, processor)
            for column in columns
            if (processor := column.type.dialect_impl(dialect).result_processor(dialect, _FLOAT8))
        ]

    def parameters(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in the order of the statement's place holders; a missing one is a KeyError."""
        given = {**self._fixed, **values} if self._fixed else values
        parameters = [given[name] for name in self._inputs]
        for place, process in self._to_driver:
            if parameters[place] is not None:  # None is NULL, whatever the column's type
                parameters[place] = process(parameters[place])
        return parameters

    def row(self, values: Sequence[Any]) -> dict[str, Any]:
        """A result row by the names of its columns."""
        row = dict(zip(self._names, values, strict=True))
        for name, process in self._from_driver:
            if row[name] is not None:
                row[name] = process(row[name])
        return row


def _columns(clause: Executable) -> Sequence[Any]:
    if isinstance(clause, Select):
        return list(clause.selected_columns)
    if isinstance(clause, UpdateBase):
        return list(clause._returning and clause.exported_columns)  # noqa: SLF001
    return []


@cache
def compiled(clause: Executable, dialect: Dialect) -> Statement:
    """The statement of a clause object that is made once, at import, for a dialect object that is, too."""
    return Statement(clause, dialect)
