"""The append-only history: one entry a command, with its full input, and what it ran through."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import zstandard
from sqlalchemy import insert, select
from sqlalchemy.engine import Connection

from processes.store.tables import HistoryEntry

LONG = 512
"""Bytes from which on an entry's JSON is compressed: below that the frame costs more than it saves."""

_INSERT = insert(HistoryEntry)


@dataclass(frozen=True)
class Entry:
    """A command as the history keeps it. ``steps``: (element id, process id, what, name) in order."""

    seq: int
    instance_id: str
    command_id: str
    kind: str
    actor: str | None
    at: datetime
    input: dict[str, Any]
    steps: list[list[str]]
    versions: dict[str, Any]


def pack(value: Any) -> bytes:
    """JSON, compressed when long (a zstd frame never begins like JSON does)."""
    body = orjson.dumps(value)
    return zstandard.compress(body, 1) if len(body) > LONG else body


def unpack(body: bytes) -> Any:
    """What :func:`pack` packed."""
    return orjson.loads(zstandard.decompress(body) if body[:4] == b"\x28\xb5\x2f\xfd" else body)


def append(
    connection: Connection,
    *,
    instance_id: str,
    command_id: str,
    kind: str,
    actor: str | None,
    at: datetime,
    input: dict[str, Any],
    steps: list[list[str]],
    versions: dict[str, Any],
) -> None:
    """Add an entry to the transaction."""
    connection.execute(
        _INSERT,
        {
            "instance_id": instance_id,
            "command_id": command_id,
            "kind": kind,
            "actor": actor,
            "at": at,
            "input": pack(input),
            "steps": pack(steps),
            "versions": versions,
        },
    )


def read(connection: Connection, instance_id: str) -> list[Entry]:
    """An instance's whole history, oldest first."""
    rows = connection.execute(
        select(HistoryEntry.__table__).where(HistoryEntry.instance_id == instance_id).order_by(HistoryEntry.seq)
    )
    return [
        Entry(
            row.seq,
            row.instance_id,
            row.command_id,
            row.kind,
            row.actor,
            row.at,
            unpack(row.input),
            unpack(row.steps),
            row.versions,
        )
        for row in rows
    ]
