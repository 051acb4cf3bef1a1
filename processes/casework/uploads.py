"""Files that somebody has put into a task's form and not sent yet: they are that person's alone, and outlive the page as a draft does.

When the task is done they become the case's (``adopt``); those of others, and of tasks that ended otherwise, are kept a while and
then collected (``tidying``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Connection, delete, insert, literal, null, select
from sqlalchemy.dialects import postgresql, sqlite

from processes.casework import attachments, file_types
from processes.errors import BihuanError
from processes.messaging.between_levels import CHUNK
from processes.store.tables import Attachment, AttachmentChunk
from processes.store.tables import Upload as Table

MOST = 30
"""Files that one person may put into one task."""


class Refused(BihuanError):
    """A file that is not kept, and why."""

    def __init__(self, name: str, why: str, why_en: str) -> None:
        super().__init__(f"“{name[:60]}”没有上传：{why}。", f"“{name[:60]}” was not uploaded: {why_en}.")


@dataclass(frozen=True)
class Received:
    """A file that came, looked at and fit to be kept; ``size`` in bytes."""

    name: str
    media_type: str
    size: int
    sha256: str
    stream: BinaryIO


@dataclass(frozen=True)
class Upload:
    """A file that waits in a form. ``field``: the form's, empty when the file goes with the task; ``size`` in bytes."""

    id: str
    task_id: str
    person_id: str
    field: str
    name: str
    media_type: str
    size: int
    sha256: str
    at: datetime


def receive(name: str, stream: BinaryIO, largest: int) -> Received:
    """Look at a file (a seekable stream) before it is kept; ``largest`` in bytes. Raises :class:`Refused`."""
    size, digest = 0, hashlib.sha256()
    for piece in file_types.pieces(stream, CHUNK):
        size += len(piece)
        digest.update(piece)
        if size > largest:
            raise Refused(
                name,
                f"超过 {largest / 2**20:g} MB，请压缩或拆分后再传",
                f"it is larger than {largest / 2**20:g} MB: compress or split it",
            )
    try:
        kind = file_types.kind_of(stream)
    except file_types.NotTaken as error:
        raise Refused(name, error.zh, error.en) from error
    return Received(file_types.clean_name(name, kind), kind.media_type, size, digest.hexdigest(), stream)


def add(connection: Connection, task_id: str, person: str, field: str, file: Received, now: datetime) -> Upload:
    """Keep a file with a task's form. The same one again changes nothing. Raises :class:`Refused`."""
    parts = ("bihuan-upload", task_id, person, field, file.name, file.sha256)
    made = Upload(
        str(uuid5(NAMESPACE_URL, "\0".join(parts))),
        task_id,
        person,
        field,
        file.name,
        file.media_type,
        file.size,
        file.sha256,
        now,
    )
    kept = of(connection, task_id, person)
    if any(each.id == made.id for each in kept):
        return made
    if len(kept) >= MOST:
        raise Refused(file.name, f"一项任务最多上传 {MOST} 个文件", f"a task takes {MOST} files at most")
    fresh = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(Table).values(vars(made))
    if connection.execute(fresh.on_conflict_do_nothing().returning(Table.id)).first() is not None:
        attachments.write(connection, made.id, file_types.pieces(file.stream, CHUNK))
    return made


def of(connection: Connection, task_id: str, person: str) -> list[Upload]:
    """A person's files in a task's form, the first first."""
    own = select(Table.__table__).where(Table.task_id == task_id, Table.person_id == person)
    rows: Any = connection.execute(own.order_by(Table.at, Table.name, Table.id))
    return [Upload(**row._mapping) for row in rows]


def read(connection: Connection, upload: Upload) -> Iterator[bytes]:
    """The content, a piece at a time."""
    for position in range(attachments.chunks_of(upload.size)):
        yield attachments.chunk(connection, upload.id, position)


def remove(connection: Connection, ids: Collection[str]) -> None:
    """Delete files with their contents."""
    connection.execute(delete(AttachmentChunk).where(AttachmentChunk.attachment_id.in_(ids)))
    connection.execute(delete(Table).where(Table.id.in_(ids)))


def adopt(connection: Connection, ids: Collection[str], case_id: str, *, from_outside: bool = False) -> int:
    """Make them attachments of a case, under the same ids; returns how many there were. ``from_outside``: they are no person's."""
    names = ["id", "name", "media_type", "size", "sha256", "at", "case_id", "author"]
    same = [getattr(Table, name) for name in names[:6]]
    author = null() if from_outside else Table.person_id
    chosen = select(*same, literal(case_id), author).where(Table.id.in_(ids))
    connection.execute(insert(Attachment).from_select(names, chosen))
    return connection.execute(delete(Table).where(Table.id.in_(ids))).rowcount
