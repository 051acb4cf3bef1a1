"""What an ended instance leaves behind, in one row: its history, and what its jobs were given.

Each entry of a running instance's history is a row of its own, with an index entry and what is the same in all of them. Packed together
they take a quarter.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import orjson

from processes.errors import BihuanError
from processes.packing import compress_for_good, decompress, plain

FORMAT = b"1"


class Row(NamedTuple):
    """A row of the table ``history``, but for the instance's id. ``input`` and ``steps`` as they are stored: compressed when long."""

    seq: int
    command_id: str
    kind: str
    actor: str | None
    at: datetime
    input: bytes
    steps: bytes
    versions: dict[str, Any]


class Contents(NamedTuple):
    """``arguments``: what each job was given, by its id."""

    history: list[Row]
    arguments: dict[str, Any]


def pack(contents: Contents) -> bytes:
    """A dossier's body.

    >>> from datetime import UTC
    >>> row = Row(7, "id-1", "Start", None, datetime(2026, 11, 26, tzinfo=UTC), b"{}", b"@p one=", {})
    >>> unpack(pack(Contents([row], {"job-1": {"n": 1}}))) == Contents([row], {"job-1": {"n": 1}})
    True
    """
    lines = [
        [
            row.seq,
            row.command_id,
            row.kind,
            row.actor,
            row.at,
            plain(row.input).decode(),
            plain(row.steps).decode(),
            row.versions,
        ]
        for row in contents.history
    ]
    return FORMAT + compress_for_good(orjson.dumps([lines, contents.arguments]))


def unpack(body: bytes) -> Contents:
    """What :func:`pack` was given, the texts uncompressed. Raises :class:`BihuanError` for another format."""
    if body[:1] != FORMAT:
        raise BihuanError(f"不认识的案卷格式 {body[:1]!r}", f"unknown format of a dossier {body[:1]!r}")
    lines, arguments = orjson.loads(decompress(body[1:]))
    rows = [
        Row(seq, command, kind, actor, datetime.fromisoformat(at), said.encode(), steps.encode(), versions)
        for seq, command, kind, actor, at, said, steps, versions in lines
    ]
    return Contents(rows, arguments)
