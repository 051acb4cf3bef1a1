"""Which cases have their superior, or their lower, case in another deployment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from processes.messaging.bus import Message
from processes.store.outbox import headers_of, message_of
from processes.store.tables import PeerCase

UP, DOWN = "up", "down"
"""The lower case is ours and the superior one the peer's; or the other way round."""

_table = cast(Table, PeerCase.__table__)
_c = _table.c


@dataclass(frozen=True)
class Link:
    """See ``tables.PeerCase``."""

    key: str
    peer: str
    direction: str
    number: str
    place: str
    resent: int


def find(connection: Connection, key: str) -> Link | None:
    """Who has the other case of a lower case's id."""
    row: Any = connection.execute(_FIND, {"k": key}).first()
    return None if row is None else Link(*row)


def of_case(connection: Connection, case_id: str, parent: str | None) -> list[Link]:
    """Who has the superior case of a case of ours, and who its lower one."""
    up, down = find(connection, case_id), find(connection, parent) if parent else None
    return [each for each, way in ((up, UP), (down, DOWN)) if each is not None and each.direction == way]


def submitted(connection: Connection, key: str, peer: str, place: str, message: Message, now: datetime) -> None:
    """Our case has been submitted to a place of a peer's, by this message."""
    kept = {**headers_of(message), "data": message.data}
    _put(connection, key, peer, UP, "", place, kept, now)


def received(connection: Connection, key: str, peer: str, number: str, place: str, now: datetime) -> None:
    """A peer's case has been submitted to us."""
    _put(connection, key, peer, DOWN, number, place, {}, now)


def _put(
    connection: Connection,
    key: str,
    peer: str,
    way: str,
    number: str,
    place: str,
    message: dict[str, Any],
    now: datetime,
) -> None:
    fresh = {
        "peer": peer,
        "direction": way,
        "number": number[:40],
        "place": place[:20],
        "message": message,
        "resent": 0,
        "at": now,
    }
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(_table)
    connection.execute(insert.values(key=key, **fresh).on_conflict_do_update(index_elements=[_c.key], set_=fresh))


def forget(connection: Connection, key: str) -> None:
    """A case that is submitted to a place of ours has no superior case elsewhere any more."""
    connection.execute(delete(_table).where(_c.key == key, _c.direction == UP))


def escalation(connection: Connection, key: str) -> Message:
    """The message by which our case was submitted; its row is locked."""
    kept: Any = connection.execute(
        select(_c.message).where(_c.key == key, _c.direction == UP).with_for_update()
    ).scalar_one()
    return message_of(kept, kept["data"])


def resend(connection: Connection, key: str) -> None:
    """Its file leaves once more."""
    connection.execute(update(_table).where(_c.key == key).values(resent=_c.resent + 1))


_FIND = select(_c.key, _c.peer, _c.direction, _c.number, _c.place, _c.resent).where(_c.key == bindparam("k"))
