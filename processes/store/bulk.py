"""The hot path to the database: a few fixed statements, each for many rows at once, the same on both databases.

Rows are collected while commands run and written together at the end (:class:`Writes`): on PostgreSQL one statement a table, whatever the number of
rows (arrays, unnested on the server), on SQLite one prepared statement a table. Everything else goes through SQLAlchemy.

>>> from processes.store.database import Database
>>> from processes.store.tables import Role
>>> database, roles = Database("sqlite://"), Insert(Role, "code", "name")
>>> database.migrate()
>>> with database.write() as connection:
...     writes = Writes()
...     writes.add(roles, "clerk", "受理员")
...     writes.flush(connection)
...     fetch(connection, Select(Role, "code", "name", by="code"), ["clerk"])
[('clerk', '受理员')]
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Date, Float, Integer, LargeBinary, Table
from sqlalchemy.engine import Connection
from sqlalchemy.orm import DeclarativeBase

from processes.messaging.json_text import from_json, to_json
from processes.store.tables import Instant

Kind = type[DeclarativeBase]
Row = tuple[Any, ...]

_ARRAYS: tuple[tuple[type[Any], str], ...] = (
    (Instant, "timestamptz"),
    (JSON, "text"),
    (LargeBinary, "bytea"),
    (Boolean, "bool"),
    (BigInteger, "int8"),
    (Integer, "int4"),
    (Float, "float8"),
    (Date, "date"),
)
"""The element type of a column's array; anything else is text."""


def _instant_out(value: datetime | None) -> str | None:
    """As SQLAlchemy's SQLite dialect writes it: naive UTC."""
    if value is None:
        return None
    utc = value if value.tzinfo is UTC else value.astimezone(UTC)
    return utc.replace(tzinfo=None).isoformat(" ", "microseconds")


def _instant_in(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


def _json_out(value: Any) -> str:
    return to_json(value)


def _json_in(value: str | None) -> Any:
    return None if value is None else from_json(value)


def _bool_in(value: int | None) -> bool | None:
    return None if value is None else bool(value)


class _Columns:
    """Some columns of a table, and how their values get into either database."""

    def __init__(self, kind: Kind, *names: str) -> None:
        table = kind.__table__
        assert isinstance(table, Table)
        self.table = table
        self.names = names
        self._columns = [table.c[name] for name in names]

    @cached_property
    def arrays(self) -> list[str]:
        """PostgreSQL's element types."""
        return [
            next((name for kind, name in _ARRAYS if isinstance(column.type, kind)), "text") for column in self._columns
        ]

    @cached_property
    def selected(self) -> list[str]:
        """The columns of the unnested ``v``, cast where an array cannot carry them."""
        return [
            f"v.{column.name}::json" if isinstance(column.type, JSON) else f"v.{column.name}"
            for column in self._columns
        ]

    def _converters(self, instant: Any, boolean: Any, json: Any) -> list[tuple[int, Callable[[Any], Any]]]:
        found: list[tuple[int, Callable[[Any], Any]]] = []
        for number, column in enumerate(self._columns):
            for kind, convert in ((Instant, instant), (Boolean, boolean), (JSON, json)):
                if convert is not None and isinstance(column.type, kind):
                    found.append((number, convert))
        return found

    @cached_property
    def _outgoing(self) -> dict[str, list[tuple[int, Callable[[Any], Any]]]]:
        return {
            "sqlite": self._converters(_instant_out, None, _json_out),
            "postgresql": self._converters(None, None, _json_out),
        }

    @cached_property
    def _incoming(self) -> list[tuple[int, Callable[[Any], Any]]]:
        return self._converters(_instant_in, _bool_in, _json_in)

    def outgoing(self, dialect: str, rows: Sequence[Row]) -> Sequence[Row]:
        """Rows as the driver takes them."""
        return _converted(rows, self._outgoing[dialect])

    def incoming(self, dialect: str, rows: Sequence[Row]) -> Sequence[Row]:
        """Rows as they are meant; PostgreSQL's driver has done so already."""
        return _converted(rows, self._incoming) if dialect == "sqlite" else rows


def _converted(rows: Sequence[Row], converters: Sequence[tuple[int, Callable[[Any], Any]]]) -> Sequence[Row]:
    if not converters:
        return rows
    found = []
    for row in rows:
        fresh = list(row)
        for number, convert in converters:
            fresh[number] = convert(fresh[number])
        found.append(tuple(fresh))
    return found


class Statement:
    """A fixed statement that takes many rows. ``checked``: how many rows it changed is to be known."""

    checked = False

    def __init__(self, kind: Kind, *names: str) -> None:
        self.columns = _Columns(kind, *names)

    @cached_property
    def postgresql(self) -> str:
        """Takes one array a column."""
        columns = self.columns
        arrays = ", ".join(f"%s::{each}[]" for each in columns.arrays)
        return self._many(f"unnest({arrays}) AS v({', '.join(columns.names)})")

    def _many(self, source: str) -> str:
        raise NotImplementedError

    @cached_property
    def sqlite(self) -> str:
        """Takes the values of one row."""
        raise NotImplementedError


class Insert(Statement):
    """Add rows. ``once``: a row that is there already is left alone, and not counted; ``conflict``: what else to do with one."""

    def __init__(self, kind: Kind, *names: str, once: bool = False, conflict: str = "") -> None:
        super().__init__(kind, *names)
        self.checked = once
        self._conflict = f" ON CONFLICT {'DO NOTHING' if once else conflict}" if once or conflict else ""

    def _many(self, source: str) -> str:
        columns = self.columns
        text = f"INSERT INTO {columns.table.name} ({', '.join(columns.names)}) SELECT {', '.join(columns.selected)} FROM {source}"
        # RETURNING, not the driver's row count: of an insert it is not to be trusted.
        return f"{text}{self._conflict} RETURNING 1" if self.checked else f"{text}{self._conflict}"

    @cached_property
    def sqlite(self) -> str:
        columns = self.columns
        text = f"INSERT INTO {columns.table.name} ({', '.join(columns.names)}) VALUES ({_marks(columns.names)})"
        return f"{text}{self._conflict}"


class Update(Statement):
    """Set ``names`` in the rows found by ``keys``; a row's values come first, its keys last. ``only``: a further condition."""

    def __init__(self, kind: Kind, *names: str, keys: Collection[str], only: str = "", checked: bool = False) -> None:
        self._set = names
        self._keys = {key: f"old_{key}" if key in names else key for key in keys}
        self._only = f" AND {only}" if only else ""
        self.checked = checked
        super().__init__(kind, *names)
        self.columns = _Columns(kind, *names, *keys)

    @cached_property
    def postgresql(self) -> str:
        columns, table = self.columns, self.columns.table.name
        names = [*self._set, *self._keys.values()]
        arrays = ", ".join(f"%s::{each}[]" for each in columns.arrays)
        sets = ", ".join(
            f"{name} = {value}" for name, value in zip(self._set, columns.selected[: len(self._set)], strict=True)
        )
        where = " AND ".join(f"{table}.{key} = v.{alias}" for key, alias in self._keys.items())
        text = f"UPDATE {table} SET {sets} FROM unnest({arrays}) AS v({', '.join(names)}) WHERE {where}{self._only}"
        return f"{text} RETURNING 1" if self.checked else text

    @cached_property
    def sqlite(self) -> str:
        sets = ", ".join(f"{name} = ?" for name in self._set)
        where = " AND ".join(f"{key} = ?" for key in self._keys)
        return f"UPDATE {self.columns.table.name} SET {sets} WHERE {where}{self._only}"


class Delete(Statement):
    """Take away the rows with these keys."""

    def _many(self, source: str) -> str:
        table = self.columns.table.name
        where = " AND ".join(f"{table}.{name} = v.{name}" for name in self.columns.names)
        return f"DELETE FROM {table} USING {source} WHERE {where}"

    @cached_property
    def sqlite(self) -> str:
        where = " AND ".join(f"{name} = ?" for name in self.columns.names)
        return f"DELETE FROM {self.columns.table.name} WHERE {where}"


def _marks(names: Sequence[str]) -> str:
    return ", ".join("?" * len(names))


class Unexpected(Exception):
    """A checked statement changed fewer rows than it was given: somebody else was there before."""

    def __init__(self, statement: Statement) -> None:
        super().__init__(statement.columns.table.name)
        self.statement = statement


class Writes:
    """Rows that wait to be written, by statement: those of ``first`` before all others, the others as their statements came."""

    def __init__(self, first: Sequence[Statement] = ()) -> None:
        self._first = first
        self._rows: dict[Statement, list[Row]] = {statement: [] for statement in first}

    def add(self, statement: Statement, *row: Any) -> None:
        """One more row."""
        rows = self._rows.get(statement)
        if rows is None:
            rows = self._rows[statement] = []
        rows.append(row)

    def flush(self, connection: Connection) -> None:
        """Write them all. Raises :class:`Unexpected` when a checked statement met other rows than it should."""
        rows, self._rows = self._rows, {statement: [] for statement in self._first}
        if not any(rows.values()):
            return
        dialect = connection.dialect.name
        cursor = connection.connection.cursor()
        try:
            for statement, each in rows.items():
                if not each:
                    continue
                values = statement.columns.outgoing(dialect, each)
                changed = _ON[dialect](cursor, statement, values)
                if statement.checked and changed != len(each):
                    raise Unexpected(statement)
        finally:
            cursor.close()


def _on_postgresql(cursor: Any, statement: Statement, rows: Sequence[Row]) -> int:
    cursor.execute(statement.postgresql, [list(column) for column in zip(*rows, strict=True)])
    return len(cursor.fetchall()) if statement.checked else 0


def _on_sqlite(cursor: Any, statement: Statement, rows: Sequence[Row]) -> int:
    if len(rows) == 1:
        cursor.execute(statement.sqlite, rows[0])
    else:
        cursor.executemany(statement.sqlite, rows)
    return int(cursor.rowcount)


_ON: dict[str, Callable[[Any, Statement, Sequence[Row]], int]] = {
    "postgresql": _on_postgresql,
    "sqlite": _on_sqlite,
}


class Select:
    """Rows by the values of one or more columns. ``locked``: until the transaction ends; the rows are locked in the order of ``by``."""

    def __init__(self, kind: Kind, *names: str, by: str | tuple[str, ...], locked: bool = False) -> None:
        self.columns = _Columns(kind, *names)
        self._by = _Columns(kind, *((by,) if isinstance(by, str) else by))
        self._locked = locked

    def text(self, dialect: str, count: int) -> str:
        """The statement for so many keys."""
        columns, by = self.columns, self._by
        key = ", ".join(by.names)
        if dialect == "postgresql":
            arrays = [f"%s::{each}[]" for each in by.arrays]
            found = f"= ANY({arrays[0]})" if len(arrays) == 1 else f"IN (SELECT * FROM unnest({', '.join(arrays)}))"
        else:
            marks = f"({_marks(by.names)})" if len(by.names) > 1 else "?"
            found = f"IN ({'VALUES ' if len(by.names) > 1 else ''}{', '.join([marks] * count)})"
        text = f"SELECT {', '.join(columns.names)} FROM {columns.table.name} WHERE ({key}) {found} ORDER BY {key}"
        return f"{text} FOR UPDATE" if self._locked and dialect == "postgresql" else text

    def parameters(self, dialect: str, keys: Sequence[Any]) -> list[Any]:
        """The keys as the statement takes them."""
        if len(self._by.names) == 1:
            return [list(keys)] if dialect == "postgresql" else list(keys)
        if dialect == "postgresql":
            return [list(column) for column in zip(*keys, strict=True)]
        return [value for key in keys for value in key]


def fetch(connection: Connection, select: Select, keys: Sequence[Any]) -> Sequence[Row]:
    """The rows with one of these keys (values, or tuples of them), in the order of the keys' columns."""
    if not keys:
        return []
    dialect = connection.dialect.name
    cursor = connection.connection.cursor()
    try:
        cursor.execute(select.text(dialect, len(keys)), select.parameters(dialect, keys))
        return select.columns.incoming(dialect, cursor.fetchall())
    finally:
        cursor.close()
