"""Old entries may leave the database for a file, and only so: the file's hash stays in the log, and the chain goes on from where it was cut."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path

from sqlalchemy import Connection, delete, func, select, update

from processes.casework.audit import log
from processes.casework.audit.entries import DONE, Entry
from processes.casework.audit.verifying import SEALED, Broken, Mark, Whole, stored, verify, walk
from processes.errors import BihuanError
from processes.store.database import Database
from processes.store.tables import AuditChain, AuditEntry

LEAST = timedelta(days=183)
"""What the law asks for at least: six months (网络安全法 第二十三条, formerly 第二十一条)."""


class NothingToSeal(BihuanError):
    """Every entry is younger than it must be."""

    def __init__(self) -> None:
        super().__init__("没有超过留存期的审计记录，不需要封存。", "no entry is old enough")


@dataclass(frozen=True)
class Written:
    """A file of entries: how many, and the SHA-256 of its bytes."""

    count: int
    sha256: str


def write(path: Path, listed: Iterable[Entry]) -> Written:
    """Write entries into a new file, a line each, to last.

    :raises BihuanError: when the file is there already
    """
    count, hasher = 0, hashlib.sha256()
    try:
        with path.open("xb") as file:
            for entry in listed:
                line = f"{entry.to_line()}\n".encode()
                hasher.update(line)
                file.write(line)
                count += 1
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise BihuanError(f"{path} 已经存在，请换一个文件名。", f"{path} exists") from error
    return Written(count, hasher.hexdigest())


def read(path: Path) -> Iterator[Entry]:
    """The entries of a file.

    :raises Broken: where a line is none
    """
    with path.open(encoding="utf-8") as file:
        for at, line in enumerate(file, 1):
            try:
                yield Entry.from_line(line)
            except ValueError as error:
                raise Broken(at, f"{path.name} 第 {at} 行读不出来", f"line {at} is no entry") from error


def verify_file(path: Path) -> Whole:
    """Walk the chain in a file, from whatever entry is its first.

    :raises Broken: at the first entry that is not as it was written
    """
    first = next(read(path), None)
    return walk(read(path), Mark(first.seq - 1, first.previous) if first else Mark())


def seal(database: Database, path: Path, kept: timedelta, now: datetime, *, by: str) -> tuple[Mark, Written]:
    """Move the entries that are older than ``kept`` into a file; returns the last of them, and the file.

    :raises Broken: when the log is not whole: nothing leaves it then
    :raises NothingToSeal: when none is old enough
    """
    with database.read() as connection:
        whole = verify(connection)
        through = _last_old(connection, now - max(kept, LEAST))
        if through is None:
            raise NothingToSeal
        written = write(path, takewhile(lambda each: each.seq <= through.seq, stored(connection)))
    verify_file(path)
    with database.write() as connection:
        about, count = f"file:{path.name}", written.count
        told: dict[str, str | int | None] = {
            "through": through.seq,
            "hash": through.hash,
            "entries": count,
            "sha256": written.sha256,
        }
        log.add(connection, now, by, SEALED, about, DONE, told)
        # Where somebody else has sealed meanwhile, the row is another.
        same = (AuditChain.id == log.THE_ONE, AuditChain.sealed == whole.first - 1)
        mark = update(AuditChain).where(*same).values(sealed=through.seq, sealed_hash=through.hash)
        if connection.execute(mark).rowcount != 1:
            raise BihuanError("刚刚有人封存过，请重新运行。", "somebody else has sealed meanwhile")
        connection.execute(delete(AuditEntry).where(AuditEntry.seq <= through.seq))
    return through, written


def _last_old(connection: Connection, limit: datetime) -> Mark | None:
    """The last entry before the first young one."""
    young = select(func.min(AuditEntry.seq)).where(AuditEntry.at >= limit).scalar_subquery()
    old = select(AuditEntry.seq, AuditEntry.hash).where(AuditEntry.seq < func.coalesce(young, AuditEntry.seq + 1))
    row = connection.execute(old.order_by(AuditEntry.seq.desc()).limit(1)).first()
    return Mark(row.seq, row.hash) if row else None
