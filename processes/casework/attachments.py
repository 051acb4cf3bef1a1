"""Files that belong to a case: kept as they came, with their hash, in pieces that are read one at a time.

>>> kept = add(connection, case_id, "现场照片.jpg", "image/jpeg", body, now)  # doctest: +SKIP
>>> b"".join(read(connection, kept.id)) == body  # doctest: +SKIP
True
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from processes.errors import BihuanError
from processes.messaging.between_levels import CHUNK
from processes.store.tables import Attachment as Table
from processes.store.tables import AttachmentChunk, Case

LARGEST = 50 * 1024 * 1024
"""bytes of an attachment"""


class TooLarge(BihuanError):
    """The file is larger than an attachment may be."""

    def __init__(self, name: str, size: int) -> None:
        super().__init__(
            f"附件“{name}”有 {size / 2**20:.1f} MB，超过 {LARGEST // 2**20} MB；请压缩或拆分后再传",
            f"attachment of {size} bytes",
        )


class Gone(BihuanError):
    """The attachment's content has been deleted."""


@dataclass(frozen=True)
class Attachment:
    """What is known of a file beside its content. ``size`` in bytes; ``author``: a person's id, None when it came from outside."""

    id: str
    case_id: str
    name: str
    media_type: str
    size: int
    sha256: str
    author: str | None
    at: datetime


def add(
    connection: Connection,
    case_id: str,
    name: str,
    media_type: str,
    body: bytes,
    now: datetime,
    author: str | None = None,
) -> Attachment:
    """Keep a file with a case. The same content under the same name again changes nothing. Raises :class:`TooLarge`."""
    if len(body) > LARGEST:
        raise TooLarge(name, len(body))
    sha256 = hashlib.sha256(body).hexdigest()
    identity = str(uuid5(NAMESPACE_URL, "\0".join(("bihuan-attachment", case_id, name, sha256))))
    made = Attachment(identity, case_id, name[:200], media_type[:120], len(body), sha256, author, now)
    fresh = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(Table).values(vars(made))
    if connection.execute(fresh.on_conflict_do_nothing().returning(Table.id)).first() is not None:
        starts = range(0, max(len(body), 1), CHUNK)
        write(connection, identity, (body[start : start + CHUNK] for start in starts))
    return made


def write(connection: Connection, attachment_id: str, pieces: Iterable[bytes]) -> None:
    """Keep a file's content in its pieces, all but the last of ``CHUNK`` bytes."""
    for position, piece in enumerate(pieces):
        connection.execute(
            insert(AttachmentChunk), {"attachment_id": attachment_id, "position": position, "body": piece}
        )


def chunks_of(size: int) -> int:
    """In how many pieces a file of this size lies; an empty one in one."""
    return max(-(-size // CHUNK), 1)


def of_case(connection: Connection, case_id: str) -> list[Attachment]:
    """The files of a case and of the same problem's other cases here, the first first."""
    report = select(Case.report_id).where(Case.id == case_id).scalar_subquery()
    rows: Any = connection.execute(
        select(Table.__table__)
        .where(Table.case_id.in_(select(Case.id).where(Case.report_id == report)))
        .order_by(Table.at, Table.id)
    )
    return [Attachment(**row._mapping) for row in rows]


def read(connection: Connection, attachment_id: str) -> Iterator[bytes]:
    """The content, a piece at a time. Raises :class:`Gone`."""
    size = connection.scalar(select(Table.size).where(Table.id == attachment_id)) or 0
    for position in range(chunks_of(size)):
        yield chunk(connection, attachment_id, position)


def chunk(connection: Connection, attachment_id: str, position: int) -> bytes:
    """One piece. Raises :class:`Gone`."""
    own = (AttachmentChunk.attachment_id == attachment_id, AttachmentChunk.position == position)
    body = connection.scalar(select(AttachmentChunk.body).where(*own))
    if body is None:
        raise Gone("附件内容已按规定删除", f"no piece {position} of {attachment_id}")
    return body


def blank(connection: Connection, report_id: str) -> None:
    """Delete the contents and names of a problem's files; that there were files stays."""
    of_cases = select(Case.id).where(Case.report_id == report_id)
    files = select(Table.id).where(Table.case_id.in_(of_cases))
    connection.execute(delete(AttachmentChunk).where(AttachmentChunk.attachment_id.in_(files)))
    connection.execute(update(Table).where(Table.case_id.in_(of_cases)).values(name="", sha256=""))
