"""What is known of an instance's course: its history, every command with its input and time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from processes.store import history
from processes.store.history import Entry
from processes.store.tables import Instance


@dataclass(frozen=True)
class Record:
    """An instance and its history, up to the time that is looked at."""

    id: str
    definition: str
    process: str
    place: str
    entries: Sequence[Entry]


def read(connection: Connection, ids: Collection[str], until: datetime) -> list[Record]:
    """The records of these instances, as they were at a time; two queries and one for the instances themselves, however many there are."""
    columns = (Instance.id, Instance.definition_id, Instance.process_id, Instance.place)
    rows: Sequence[Any] = connection.execute(select(*columns).where(Instance.id.in_(list(ids)))).all()
    entries = history.read_all(connection, {row.id: row.definition_id for row in rows})
    return [
        Record(
            row.id,
            row.definition_id,
            row.process_id,
            row.place,
            [each for each in entries[row.id] if each.at <= until],
        )
        for row in rows
    ]
