"""Looking into the log: the newest entries first, a page at a time, along its indexes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from processes.casework.audit.entries import Entry
from processes.casework.audit.log import THE_ONE
from processes.casework.audit.verifying import Mark, Whole, require_end, stored, walk
from processes.store.tables import AuditChain, AuditEntry

LATEST = 300
"""Entries at the end of the log that a page walks: as many as cost no more than the page itself."""


@dataclass(frozen=True)
class Wanted:
    """What is looked for; None: whatever it is. ``by``: any of these accounts; ``since`` is included, ``until`` is not."""

    by: Collection[str] | None = None
    acts: Collection[str] | None = None
    about: Collection[str] | None = None
    since: datetime | None = None
    until: datetime | None = None


def find(connection: Connection, wanted: Wanted, limit: int, before: int | None = None) -> Sequence[Entry]:
    """The newest entries, those before number ``before``."""
    found = select(AuditEntry.__table__).order_by(AuditEntry.seq.desc()).limit(limit)
    for column, listed in (
        (AuditEntry.by, wanted.by),
        (AuditEntry.act, wanted.acts),
        (AuditEntry.about, wanted.about),
    ):
        if listed is not None:
            found = found.where(column.in_(list(listed)))
    if wanted.since is not None:
        found = found.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        found = found.where(AuditEntry.at < wanted.until)
    if before is not None:
        found = found.where(AuditEntry.seq < before)
    return [Entry(**row._mapping) for row in connection.execute(found)]


def walk_latest(connection: Connection) -> Whole:
    """Walk the end of the log, in bounded time; the whole of it is for ``verify``.

    :raises Broken: at the first entry that is not as it was written
    """
    chain = connection.execute(select(AuditChain.__table__).where(AuditChain.id == THE_ONE)).first()
    if chain is None:
        return Whole(1, Mark(), 0)
    start = max(chain.sealed, chain.seq - LATEST)
    hashed = select(AuditEntry.hash).where(AuditEntry.seq == start)
    before = Mark(start, chain.sealed_hash if start == chain.sealed else connection.scalar(hashed) or "")
    found = walk(stored(connection, start), before)
    return require_end(found, Mark(chain.seq, chain.hash))
