"""The append-only history: one entry a command, with its full input, and what it ran through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.engine import Connection

from processes.packing import compress, decompress
from processes.store.bulk import Insert, Writes
from processes.store.tables import HistoryEntry

LONG = 512
"""Bytes from which on an entry's JSON is compressed: below that the frame costs more than it saves."""

_NEW = Insert(HistoryEntry, "instance_id", "command_id", "kind", "actor", "at", "input", "steps", "versions")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A command as the history keeps it. ``steps``: (element id, process id, what, name) in order; ``versions``: of reference data and
    decisions."""

    seq: int
    instance_id: str
    command_id: str
    kind: str
    actor: str | None
    at: datetime
    input: dict[str, Any]
    steps: Sequence[Sequence[str]]
    versions: Mapping[str, Any]


def pack(value: Any) -> bytes:
    """JSON, compressed when long (a zstd frame never begins like JSON does)."""
    body = orjson.dumps(value)
    return compress(body) if len(body) > LONG else body


def unpack(body: bytes) -> Any:
    """What :func:`pack` packed."""
    return orjson.loads(decompress(body) if body[:4] == b"\x28\xb5\x2f\xfd" else body)


def append(
    writes: Writes,
    instance_id: str,
    command_id: str,
    kind: str,
    actor: str | None,
    at: datetime,
    *,
    input: Mapping[str, Any],
    steps: Sequence[Sequence[str]],
    versions: Mapping[str, Any],
) -> None:
    """Add an entry (see :class:`Entry`) to a unit of work."""
    writes.add(_NEW, instance_id, command_id, kind, actor, at, pack(input), pack(steps), versions)


def read(connection: Connection, instance_id: str) -> list[Entry]:
    """An instance's whole history, oldest first."""
    rows = connection.execute(
        select(HistoryEntry.__table__).where(HistoryEntry.instance_id == instance_id).order_by(HistoryEntry.seq)
    )
    return [
        Entry(
            seq=row.seq,
            instance_id=row.instance_id,
            command_id=row.command_id,
            kind=row.kind,
            actor=row.actor,
            at=row.at,
            input=unpack(row.input),
            steps=unpack(row.steps),
            versions=row.versions,
        )
        for row in rows
    ]
