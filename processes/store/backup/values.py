"""How a value stands in a backup: a row is a JSON array, and each column has a kind that says what its values mean.

Both databases' values become the same: times are UTC with microseconds, bytes are base64, and JSON columns are kept as the text
that the database holds (restoring an instance depends on the order of its keys).
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

import orjson
from sqlalchemy import types

from processes.errors import BihuanError

Dialect = Literal["sqlite", "postgresql"]
Convert = Callable[[Any], Any]

KINDS: dict[str, type[types.TypeEngine[Any]]] = {
    "json": types.JSON,
    "bytes": types.LargeBinary,
    "instant": types.DateTime,
    "date": types.Date,
    "boolean": types.Boolean,
    "integer": types.Integer,
    "number": types.Float,
    "text": types.String,
}
"""Kind → the SQLAlchemy types that are of it. The order matters nowhere: no type is of two kinds."""

POSTGRES = {
    "json": "text",
    "bytes": "bytea",
    "instant": "timestamptz",
    "date": "date",
    "boolean": "bool",
    "integer": "int8",
    "number": "float8",
    "text": "text",
}
"""Kind → the PostgreSQL type that a column is read as."""


@dataclass(frozen=True)
class Column:
    """A column of a table in a backup."""

    name: str
    kind: str


def kind_of(table: str, column: str, type_: types.TypeEngine[Any]) -> str:
    """A column's kind.

    :raises BihuanError: for a type that a backup could not keep exactly
    """
    for kind, of_kind in KINDS.items():
        if isinstance(type_, of_kind):
            return kind
    raise BihuanError(
        f"表 {table} 的列 {column} 是备份不认识的类型（{type_}），没有备份", f"{table}.{column}: no kind for {type_}"
    )


def pack(row: Sequence[Any], converts: Sequence[tuple[int, Convert]]) -> bytes:
    """A row, read from either database, as a line."""
    values = list(row)
    for at, convert in converts:
        if values[at] is not None:
            values[at] = convert(values[at])
    return orjson.dumps(values, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)


def unpack(line: bytes, converts: Sequence[tuple[int, Convert]]) -> list[Any]:
    """What :func:`pack` packed, as a database takes it."""
    values: list[Any] = orjson.loads(line)
    for at, convert in converts:
        if values[at] is not None:
            values[at] = convert(values[at])
    return values


def packing(columns: Sequence[Column], dialect: Dialect) -> list[tuple[int, Convert]]:
    """What the values that a database gives need before they are JSON: (position, conversion)."""
    return _wanted(columns, _FROM_SQLITE if dialect == "sqlite" else _FROM_POSTGRES)


def unpacking(columns: Sequence[Column], dialect: Dialect) -> list[tuple[int, Convert]]:
    """What the values of a line need before a database takes them."""
    return _wanted(columns, _TO_SQLITE if dialect == "sqlite" else _TO_POSTGRES)


def _wanted(columns: Sequence[Column], converts: dict[str, Convert]) -> list[tuple[int, Convert]]:
    return [(at, converts[column.kind]) for at, column in enumerate(columns) if column.kind in converts]


def _base64(value: bytes) -> str:
    return b64encode(value).decode()


def _json_text(value: Any) -> str:
    # SQLite makes a number of a JSON text that is one (its affinity for a column declared JSON).
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _aware(value: str) -> datetime:
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def _sqlite_instant(value: str) -> str:
    """As SQLAlchemy writes it, so that times compare as texts."""
    return datetime.fromisoformat(value).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


_FROM_SQLITE: dict[str, Convert] = {
    "json": _json_text,
    "bytes": _base64,
    "instant": _aware,
    "date": date.fromisoformat,
    "boolean": bool,
    "number": float,
}
_FROM_POSTGRES: dict[str, Convert] = {"bytes": _base64, "instant": _utc}
_TO_SQLITE: dict[str, Convert] = {"bytes": b64decode, "instant": _sqlite_instant}
_TO_POSTGRES: dict[str, Convert] = {"bytes": b64decode}
