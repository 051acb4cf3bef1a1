"""The hot path to the database: a few fixed statements, each for many rows at once, the same on both databases.

Rows are collected while commands run and written together at the end (:class:`Writes`): on PostgreSQL one statement a table, whatever the
number of rows (they travel as one JSON text, which costs the client a tenth of what arrays or rows of their own do), on SQLite one prepared
statement a table. Rows are looked for in ``lookup``; everything else goes through SQLAlchemy.

>>> from processes.store.database import Database
>>> from processes.store.lookup import Select, fetch
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

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Date, Float, Integer, LargeBinary, Table
from sqlalchemy.engine import Connection
from sqlalchemy.orm import DeclarativeBase

from processes.failpoints import hit
from processes.messaging.json_text import from_json, to_json
from processes.store.tables import Instant

Kind = type[DeclarativeBase]
Row = tuple[Any, ...]

_TYPES: tuple[tuple[type[Any], str], ...] = (
    (Instant, "timestamptz"),
    (JSON, "json"),
    (LargeBinary, "bytea"),
    (Boolean, "bool"),
    (BigInteger, "int8"),
    (Integer, "int4"),
    (Float, "float8"),
    (Date, "date"),
)
"""PostgreSQL's type of a column; anything else is text."""


@lru_cache(64)  # the rows of a command bear the same few times
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


def _bytes_out(value: bytes | None) -> str | None:
    """As PostgreSQL reads bytes in a text."""
    return None if value is None else "\\x" + value.hex()


def _json_in(value: str | None) -> Any:
    return None if value is None else from_json(value)


def _bool_in(value: int | None) -> bool | None:
    return None if value is None else bool(value)


class Columns:
    """Some columns of a table, and how their values get into either database."""

    def __init__(self, kind: Kind, *names: str) -> None:
        table = kind.__table__
        assert isinstance(table, Table)
        self.table = f'"{table.name}"'
        self.names = names
        self._columns = [table.c[name] for name in names]
        key = [column.name for column in table.primary_key]
        self.identity = itemgetter(*map(names.index, key)) if set(key) <= set(names) else None
        """takes a row's primary key out of its values; None when they do not tell it"""

    @cached_property
    def types(self) -> list[str]:
        """PostgreSQL's types."""
        return [
            next((name for kind, name in _TYPES if isinstance(column.type, kind)), "text") for column in self._columns
        ]

    def _converters(self, *by_kind: tuple[type[Any], Callable[[Any], Any]]) -> list[tuple[int, Callable[[Any], Any]]]:
        return [
            (number, convert)
            for number, column in enumerate(self._columns)
            for kind, convert in by_kind
            if isinstance(column.type, kind)
        ]

    @cached_property
    def _outgoing(self) -> dict[str, list[tuple[int, Callable[[Any], Any]]]]:
        return {
            "sqlite": self._converters((Instant, _instant_out), (JSON, _json_out)),
            "postgresql": self._converters((LargeBinary, _bytes_out)),
        }

    @cached_property
    def _incoming(self) -> list[tuple[int, Callable[[Any], Any]]]:
        return self._converters((Instant, _instant_in), (Boolean, _bool_in), (JSON, _json_in))

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


class Statement(ABC):
    """A fixed statement that takes many rows. ``checked``: how many rows it changed is to be known."""

    checked = False

    def __init__(self, kind: Kind, *names: str) -> None:
        self.columns = Columns(kind, *names)

    @cached_property
    def postgresql(self) -> str:
        """Takes one JSON text: a list of objects, whose names are those of :attr:`keys`."""
        declared = ", ".join(f"{key} {kind}" for key, kind in zip(self.keys, self.columns.types, strict=True))
        return self._many(f"json_to_recordset(%s::json) AS v({declared})")

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Short names of the columns."""
        return tuple(f"c{number}" for number in range(len(self.columns.names)))

    @abstractmethod
    def _many(self, source: str) -> str:
        """The statement over the rows of a source ``v``."""

    @property
    def among(self) -> int | None:
        """The column of the rows by whose values the table's rows are found; None: rows are added."""
        return None

    def _among(self, name: str) -> str:
        """Says once more, as an array, which rows are meant: joined with the rows alone, the planner might read the whole table."""
        return f"{self.columns.table}.{name} = ANY(%s::{self.columns.types[self.among or 0]}[])"

    @property
    @abstractmethod
    def sqlite(self) -> str:
        """Takes the values of one row."""


class Insert(Statement):
    """Add rows. ``once``: a row that is there already is left alone, and not counted; ``conflict``: what else to do with one."""

    def __init__(self, kind: Kind, *names: str, once: bool = False, conflict: str = "") -> None:
        super().__init__(kind, *names)
        self.checked = once
        self._conflict = f" ON CONFLICT {'DO NOTHING' if once else conflict}" if once or conflict else ""

    def _many(self, source: str) -> str:
        columns = self.columns
        values = ", ".join(f"v.{key}" for key in self.keys)
        text = f"INSERT INTO {columns.table} ({', '.join(columns.names)}) SELECT {values} FROM {source}"
        # RETURNING, not the driver's row count: of an insert it is not to be trusted.
        return f"{text}{self._conflict} RETURNING 1" if self.checked else f"{text}{self._conflict}"

    @cached_property
    def sqlite(self) -> str:
        columns = self.columns
        text = f"INSERT INTO {columns.table} ({', '.join(columns.names)}) VALUES ({marks(columns.names)})"
        return f"{text}{self._conflict}"


class Update(Statement):
    """Set ``names`` in the rows found by ``keys``; a row's values come first, its keys last. ``only``: a further condition."""

    def __init__(self, kind: Kind, *names: str, keys: Collection[str], only: str = "", checked: bool = False) -> None:
        super().__init__(kind, *names, *keys)
        self._set, self._where = names, tuple(keys)
        self._only = f" AND {only}" if only else ""
        self.checked = checked

    def _many(self, source: str) -> str:
        table = self.columns.table
        values = iter(self.keys)
        sets = ", ".join(f"{name} = v.{next(values)}" for name in self._set)
        where = " AND ".join(f"{table}.{key} = v.{next(values)}" for key in self._where)
        text = f"UPDATE {table} SET {sets} FROM {source} WHERE {self._among(self._where[0])} AND {where}{self._only}"
        return f"{text} RETURNING 1" if self.checked else text

    @property
    def among(self) -> int:
        return len(self._set)

    @cached_property
    def sqlite(self) -> str:
        sets = ", ".join(f"{name} = ?" for name in self._set)
        where = " AND ".join(f"{key} = ?" for key in self._where)
        return f"UPDATE {self.columns.table} SET {sets} WHERE {where}{self._only}"


class Delete(Statement):
    """Take away the rows with these keys."""

    def _many(self, source: str) -> str:
        table = self.columns.table
        where = " AND ".join(
            f"{table}.{name} = v.{key}" for name, key in zip(self.columns.names, self.keys, strict=True)
        )
        return f"DELETE FROM {table} USING {source} WHERE {self._among(self.columns.names[0])} AND {where}"

    @property
    def among(self) -> int:
        return 0

    @cached_property
    def sqlite(self) -> str:
        where = " AND ".join(f"{name} = ?" for name in self.columns.names)
        return f"DELETE FROM {self.columns.table} WHERE {where}"


def marks(names: Sequence[str]) -> str:
    """A question mark each, as SQLite wants them."""
    return ", ".join("?" * len(names))


class Unexpected(Exception):
    """A checked statement changed fewer rows than it was given: somebody else was there before."""

    def __init__(self, statement: Statement) -> None:
        super().__init__(statement.columns.table)
        self.statement = statement


class Writes:
    """Rows that wait to be written, by statement: those of ``first`` before all others, the others as their statements came.

    What is done to a row that something has been done to already (a wait that is over as soon as it has begun) is written after all
    that came before: another order would leave the row.
    """

    def __init__(self, first: Sequence[Statement] = ()) -> None:
        self._first = first
        self._begin()

    def _begin(self) -> None:
        self._rows: dict[Statement, list[Row]] = {statement: [] for statement in self._first}
        self._before: list[tuple[Statement, list[Row]]] = []
        self._touched: set[Row] = set()

    def add(self, statement: Statement, *row: Any) -> None:
        """One more row."""
        columns = statement.columns
        if columns.identity is not None:
            key = (columns.table, columns.identity(row))
            if key in self._touched:
                first = {each: self._rows.pop(each) for each in self._first}
                self._before += self._rows.items()
                self._rows = first
                self._touched.clear()
            self._touched.add(key)
        rows = self._rows.get(statement)
        if rows is None:
            rows = self._rows[statement] = []
        rows.append(row)

    def flush(self, connection: Connection) -> None:
        """Write them all. Raises :class:`Unexpected` when a checked statement met other rows than it should."""
        if not self.is_empty:
            with together(connection):
                check = self.send(connection)
            check()

    @property
    def is_empty(self) -> bool:
        """Nothing waits."""
        return not (self._before or any(self._rows.values()))

    def send(self, connection: Connection) -> Callable[[], None]:
        """Like :meth:`flush`, within :func:`together`; what is to be called after it checks what was met, and raises :class:`Unexpected`."""
        first = [(each, self._rows.pop(each)) for each in self._first]
        batches = [batch for batch in (*first, *self._before, *self._rows.items()) if batch[1]]
        self._begin()
        return _ON[connection.dialect.name](connection.connection.dbapi_connection, batches)


def together(connection: Connection) -> AbstractContextManager[object]:
    """What is asked for and written within goes to PostgreSQL at once, and the answers come back at once, at the end: each way to the
    server and back costs more than most statements."""
    raw: Any = connection.connection.dbapi_connection
    return raw.pipeline() if connection.dialect.name == "postgresql" else nullcontext()


def array_of(values: Sequence[Any]) -> str:
    """As PostgreSQL reads an array in a text; the driver's own way costs ten times as much."""
    quoted = [str(value).replace("\\", "\\\\").replace('"', '\\"') for value in values]
    return '{"' + '","'.join(quoted) + '"}' if quoted else "{}"


Batch = tuple[Statement, list[Row]]


def _one_by_one(batches: Sequence[Batch]) -> Iterator[Batch]:
    for number, batch in enumerate(batches):
        if number:
            hit("bulk.statement-written")
        yield batch


def _on_postgresql(raw: Any, batches: Sequence[Batch]) -> Callable[[], None]:
    cursors = list[tuple[Any, Statement, int]]()
    for statement, rows in _one_by_one(batches):
        values = statement.columns.outgoing("postgresql", rows)
        parameters: list[Any] = [to_json([dict(zip(statement.keys, row, strict=True)) for row in values])]
        if statement.among is not None:
            parameters.append(array_of([row[statement.among] for row in rows]))
        cursor = raw.cursor()
        cursor.execute(statement.postgresql, parameters)
        cursors.append((cursor, statement, len(rows)))

    def check() -> None:
        for cursor, statement, expected in cursors:
            if statement.checked and len(cursor.fetchall()) != expected:
                raise Unexpected(statement)

    return check


def _on_sqlite(raw: Any, batches: Sequence[Batch]) -> Callable[[], None]:
    cursor = raw.cursor()
    try:
        for statement, rows in _one_by_one(batches):
            values = statement.columns.outgoing("sqlite", rows)
            if len(values) == 1:
                cursor.execute(statement.sqlite, values[0])
            else:
                cursor.executemany(statement.sqlite, values)
            if statement.checked and cursor.rowcount != len(rows):
                raise Unexpected(statement)
    finally:
        cursor.close()
    return _nothing


def _nothing() -> None:
    """All was checked on the way."""


_ON: Mapping[str, Callable[[Any, Sequence[Batch]], Callable[[], None]]] = {
    "postgresql": _on_postgresql,
    "sqlite": _on_sqlite,
}
