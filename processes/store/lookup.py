"""Rows by their keys, many at a time, as their columns' types; several questions at once.

>>> from processes.store.bulk import together
>>> with together(connection):  # doctest: +SKIP
...     roles = ask(connection, Select(Role, "code", "name", by="code"), ["clerk"])
>>> roles()  # doctest: +SKIP
[('clerk', '受理员')]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy.engine import Connection

from processes.store.bulk import Columns, Kind, Row, array_of, marks


class Select:
    """Rows by the values of one column, in its order, or of several columns. ``locked``: until the transaction ends; the rows are locked in
    the order of the one column. ``costly``: the last of the columns; it can be left out of rows for which it is not wanted."""

    def __init__(
        self, kind: Kind, *names: str, by: str | tuple[str, ...], locked: bool = False, costly: bool = False
    ) -> None:
        self.columns = Columns(kind, *names)
        self._by = Columns(kind, *((by,) if isinstance(by, str) else by))
        self._locked, self._costly = locked, costly
        self.text = lru_cache(512)(self._text)

    def _text(self, dialect: str, count: int, spared: int, skip_locked: bool) -> str:
        """The statement for so many keys, and so many among them whose costly column is left out."""
        columns, by = self.columns, self._by
        key, names = ", ".join(by.names), list(columns.names)
        if self._costly:
            among = self._among(dialect, key, spared)
            names[-1] = f"CASE WHEN {among} THEN NULL ELSE {names[-1]} END"
        rows = f"SELECT {', '.join(names)} FROM {columns.table} WHERE"
        if len(by.names) == 1:
            lock = "" if not self._locked or dialect == "sqlite" else f" FOR UPDATE{' SKIP LOCKED' * skip_locked}"
            return f"{rows} {self._among(dialect, key, count)} ORDER BY {key}{lock}"
        if dialect == "sqlite":
            return f"{rows} ({key}) IN (VALUES {', '.join([f'({marks(by.names)})'] * count)})"
        # Each key on its own: of a table that it has not analysed yet, the planner might read all rows with the same first column.
        keys = ", ".join(f"%s::{kind}[]" for kind in by.types)
        each = " AND ".join(f"{name} = k.k{number}" for number, name in enumerate(by.names))
        named = ", ".join(f"k{number}" for number in range(len(by.names)))
        return f"SELECT r.* FROM unnest({keys}) AS k({named}), LATERAL ({rows} {each} OFFSET 0) AS r"

    def _among(self, dialect: str, key: str, count: int) -> str:
        return f"{key} IN ({marks('?' * count)})" if dialect == "sqlite" else f"{key} = ANY(%s::{self._by.types[0]}[])"

    def parameters(self, dialect: str, keys: Sequence[Any], spared: Sequence[Any]) -> list[Any]:
        """The keys as the statement takes them."""
        if len(self._by.names) == 1:
            lists = [spared, keys] if self._costly else [keys]
            return (
                [array_of(each) for each in lists]
                if dialect == "postgresql"
                else [key for each in lists for key in each]
            )
        if dialect == "postgresql":
            return [array_of(column) for column in zip(*keys, strict=True)]
        return [value for key in keys for value in key]


def fetch(
    connection: Connection,
    select: Select,
    keys: Sequence[Any],
    *,
    spared: Sequence[Any] = (),
    skip_locked: bool = False,
) -> Sequence[Row]:
    """The rows with one of these keys (values, or tuples of them). ``spared``: keys for which the costly column is not wanted;
    ``skip_locked``: without the rows that another transaction holds, instead of waiting for them."""
    return ask(connection, select, keys, spared=spared, skip_locked=skip_locked)()


def ask(
    connection: Connection,
    select: Select,
    keys: Sequence[Any],
    *,
    spared: Sequence[Any] = (),
    skip_locked: bool = False,
) -> Callable[[], Sequence[Row]]:
    """Like :func:`fetch`; the answer is to be called for after ``bulk.together``."""
    if not keys:
        return tuple
    keys = list(dict.fromkeys(keys))
    dialect = connection.dialect.name
    cursor = _cursor(connection)
    text = select.text(dialect, len(keys), len(spared), skip_locked)
    cursor.execute(text, select.parameters(dialect, keys, spared))
    return lambda: select.columns.incoming(dialect, _rows(cursor))


def _cursor(connection: Connection) -> Any:
    raw: Any = connection.connection.dbapi_connection
    return raw.cursor()


def _rows(cursor: Any) -> Sequence[Row]:
    try:
        found: Sequence[Row] = cursor.fetchall()
        return found
    finally:
        cursor.close()


def ask_all(connection: Connection, text: str) -> Callable[[], Sequence[Row]]:
    """The rows of a fixed statement without parameters, whose columns are texts and whole numbers; to be called for after ``bulk.together``."""
    cursor = _cursor(connection)
    cursor.execute(text)
    return lambda: _rows(cursor)
