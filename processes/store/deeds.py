"""What people did with dead letters: who, when, with how many, why. A row each, written before the letters are touched and completed after,
so that a process that dies in between leaves a trace of what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from processes.store.tables import Setting

REPLAYED, DISCARDED = "replayed", "discarded"

_PREFIX = "deed:"
"""Keys of the ``Setting`` rows: ``deed:20261123093000000000:1f0c93ab``, the time (UTC) and a random part."""


@dataclass(frozen=True)
class Deed:
    """``asked``: letters that it was to be done with; ``done``: those that it was done with, None when the process died meanwhile."""

    by: str
    at: datetime
    what: str
    asked: int
    done: int | None
    reason: str


def begin(connection: Connection, by: str, what: str, asked: int, now: datetime, reason: str = "") -> str:
    """Somebody is about to do this; returns the deed's key."""
    key = f"{_PREFIX}{now.astimezone(UTC):%Y%m%d%H%M%S%f}:{uuid4().hex[:8]}"
    value = {"by": by, "at": now.isoformat(), "what": what, "asked": asked, "done": None, "reason": reason}
    connection.execute(insert(Setting).values(key=key, value=value))
    return key


def add(connection: Connection, key: str, by: str, done: int) -> None:
    """It was done with so many letters more. Nothing happens to what is no deed of this person's."""
    row = connection.execute(select(Setting.value).where(Setting.key == key, Setting.key.startswith(_PREFIX))).first()
    if row is not None and row.value["by"] == by:
        connection.execute(
            update(Setting)
            .where(Setting.key == key)
            .values(value={**row.value, "done": (row.value["done"] or 0) + done})
        )


def latest(connection: Connection, limit: int = 20) -> Sequence[Deed]:
    """The latest ones first."""
    rows = select(Setting.value).where(Setting.key.startswith(_PREFIX)).order_by(Setting.key.desc()).limit(limit)
    return [_deed(value) for value in connection.scalars(rows)]


def _deed(value: dict[str, Any]) -> Deed:
    return Deed(**{**value, "at": datetime.fromisoformat(value["at"])})
