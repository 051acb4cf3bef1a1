"""Statements that a version of the software ran: kept as text with what they were given, and run again on a later schema."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import orjson
import zstandard
from psycopg import Binary
from psycopg.types.json import Json
from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection

from processes.store.database import from_json, to_json

COMMIT, ROLLBACK = "COMMIT", "ROLLBACK"

# What is about the schema itself, not about the work.
_FOREIGN = re.compile(r"alembic|pg_catalog|sqlite_master|^PRAGMA|^(CREATE|ALTER|DROP|BEGIN|ROLLBACK)\b", re.IGNORECASE)
_TABLE = re.compile(r'^\s*INSERT INTO "?(\w+)"?', re.IGNORECASE)


@dataclass
class Statement:
    """``given``: one set of parameters, or for ``many`` a list of them. ``rows``: how many rows it answered."""

    text: str
    given: Any
    many: bool
    rows: int | None

    def inserts_into(self) -> str | None:
        """The table, if it adds rows."""
        found = _TABLE.match(self.text)
        return found.group(1) if found else None


@contextmanager
def recorded() -> Iterator[list[Statement]]:
    """Every statement that any engine of this process runs meanwhile, and every commit."""
    found: list[Statement] = []

    def ran(_c: Any, cursor: Any, text: str, given: Any, context: Any, many: bool) -> None:
        if not _FOREIGN.search(text):
            found.append(Statement(text, given, many, 0 if cursor.description else None))

    def committed(_: Any) -> None:
        found.append(Statement(COMMIT, None, False, None))

    def rolled_back(_: Any) -> None:
        if found and found[-1].text not in (COMMIT, ROLLBACK):
            found.append(Statement(ROLLBACK, None, False, None))

    listeners = (("after_cursor_execute", ran), ("commit", committed), ("rollback", rolled_back))
    for name, listener in listeners:
        event.listen(Engine, name, listener)
    try:
        yield found
    finally:
        for name, listener in listeners:
            event.remove(Engine, name, listener)


def save(statements: list[Statement], path: Path) -> None:
    """One JSON line each, compressed."""
    lines = (orjson.dumps([each.text, _plain(each.given), each.many, each.rows]) for each in statements)
    path.write_bytes(zstandard.compress(b"\n".join(lines), 19))


def load(path: Path) -> list[Statement]:
    """What :func:`save` saved."""
    lines = zstandard.decompress(path.read_bytes()).split(b"\n")
    return [Statement(text, _own(given), many, rows) for text, given, many, rows in map(orjson.loads, lines)]


def replay(connection: Connection, statement: Statement) -> int | None:
    """Run it; returns how many rows it answered. Raises what the driver raises."""
    if statement.text in (COMMIT, ROLLBACK):
        (connection.commit if statement.text == COMMIT else connection.rollback)()
        return None
    result = connection.exec_driver_sql(statement.text, statement.given)
    return len(result.all()) if result.returns_rows else None


def _plain(value: Any) -> Any:
    if isinstance(value, Binary):
        return _plain(value.obj)
    if isinstance(value, bytes | memoryview):
        return {"~b": base64.b85encode(value).decode()}
    if isinstance(value, datetime):
        return {"~t": value.isoformat()}
    if isinstance(value, date):
        return {"~d": value.isoformat()}
    if isinstance(value, Json):
        return {"~j": to_json(value.obj)}
    if isinstance(value, tuple):
        return {"~p": [_plain(each) for each in value]}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value


def _own(value: Any) -> Any:
    if isinstance(value, list):
        return [_own(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"~b"}:
        return base64.b85decode(value["~b"])
    if value.keys() == {"~t"}:
        return datetime.fromisoformat(value["~t"])
    if value.keys() == {"~d"}:
        return date.fromisoformat(value["~d"])
    if value.keys() == {"~j"}:
        return Json(from_json(value["~j"]), to_json)
    if value.keys() == {"~p"}:
        return tuple(_own(each) for each in value["~p"])
    return {name: _own(each) for name, each in value.items()}
