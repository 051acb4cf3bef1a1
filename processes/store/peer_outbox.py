"""The outboxes of other deployments: what leaves for a peer, in its order, when its broker can be reached.

A table apart from the outbox: rows that wait for a day are in nobody's way. One process at a time has a peer's *turn* and sends from the
oldest row on; a row is gone when the peer's broker has confirmed it. What can never be sent is given up, with the reason, and shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import orjson
from sqlalchemy import Table, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from processes.messaging import measures
from processes.messaging.bus import Message
from processes.store.database import signal, to_json
from processes.store.outbox import headers_of, message_of
from processes.store.tables import PeerMessage, PeerTurn

_messages, _turns = cast(Table, PeerMessage.__table__), cast(Table, PeerTurn.__table__)
_c = _messages.c

SIGNAL = "peers"
"""What :meth:`Database.on_commit` listeners are called for when rows were put."""


@dataclass(frozen=True)
class Row:
    """A message that waits for its peer."""

    id: int
    message: Message


@dataclass(frozen=True)
class Waiting:
    """How much waits for a peer: messages, since when the oldest, how many were given up, and why the last of them was."""

    peer: str
    messages: int
    oldest: datetime | None
    dead: int
    reason: str


def put(connection: Connection, peer: str, message: Message, now: datetime) -> None:
    """Add a message to the transaction; one that is waiting already is left alone, a dead one lives again."""
    values = {
        "peer": peer,
        "message_id": _row_id(peer, message),
        "headers": headers_of(message),
        "body": to_json(message.data).encode(),
        "created_at": now,
    }
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(_messages)
    alive = insert.on_conflict_do_update(
        index_elements=[_c.message_id], set_={"dead_at": None, "dead_reason": None}, where=_c.dead_at.is_not(None)
    )
    connection.execute(alive, values)
    signal(connection, SIGNAL)


def _row_id(peer: str, message: Message) -> str:
    return hashlib.sha256(to_json((peer, message.source, message.id)).encode()).hexdigest()


def any_waiting(connection: Connection, peer: str) -> bool:
    """Whether there is something to send."""
    return connection.execute(_NEXT, {"p": peer, "most": 1}).first() is not None


def take_turn(connection: Connection, peer: str, holder: str, now: datetime, until: datetime) -> bool:
    """Whether ``holder`` may send to the peer until ``until``: nobody else does, or who did has not been heard of for too long."""
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(_turns)
    free = or_(_turns.c.until <= now, _turns.c.holder == holder)
    taken = insert.on_conflict_do_update(
        index_elements=[_turns.c.peer], set_={"holder": holder, "until": until}, where=free
    ).returning(_turns.c.peer)
    return connection.execute(taken, {"peer": peer, "holder": holder, "until": until}).first() is not None


def oldest(connection: Connection, peer: str, most: int) -> list[Row]:
    """The next rows, in the order in which they leave."""
    rows: Any = connection.execute(_NEXT, {"p": peer, "most": most})
    return [Row(row.id, message_of(row.headers, orjson.loads(row.body))) for row in rows]


def done(connection: Connection, ids: Collection[int]) -> None:
    """The peer's broker has them, except those that were given up."""
    if ids:
        connection.execute(delete(_messages).where(_c.id.in_(list(ids)), _c.dead_at.is_(None)))


def bury(connection: Connection, id: int, reason: str, at: datetime) -> None:
    """Give a message up: it stays in the table, dead, with the reason."""
    measures.DEAD.inc()
    connection.execute(update(_messages).where(_c.id == id).values(dead_at=at, dead_reason=reason[:500]))


def bury_message(connection: Connection, peer: str, message: Message, reason: str, now: datetime) -> None:
    """Put a message down as given up, for a person to look at."""
    put(connection, peer, message, now)
    row = connection.execute(select(_c.id).where(_c.message_id == _row_id(peer, message))).scalar_one()
    bury(connection, row, reason, now)


def waiting(connection: Connection, most: int) -> list[Waiting]:
    """What waits for each peer; counts to about ``most``."""
    few = select(_c.peer, _c.created_at, _c.dead_at).limit(most).subquery()
    living = func.min(few.c.created_at, type_=_c.created_at.type).filter(few.c.dead_at.is_(None))
    rows: Any = connection.execute(
        select(few.c.peer, func.count(), living, func.count(few.c.dead_at)).group_by(few.c.peer).order_by(few.c.peer)
    )
    return [
        Waiting(peer, count - dead, since, dead, _last_reason(connection, peer) if dead else "")
        for peer, count, since, dead in rows
    ]


def _last_reason(connection: Connection, peer: str) -> str:
    own = (_c.peer == peer, _c.dead_at.is_not(None))
    return connection.scalar(select(_c.dead_reason).where(*own).order_by(_c.dead_at.desc()).limit(1)) or ""


def revive(connection: Connection, peer: str) -> int:
    """Send what was given up once more, as if new; returns how many messages."""
    own = (_c.peer == peer, _c.dead_at.is_not(None))
    again = connection.execute(update(_messages).where(*own).values(dead_at=None, dead_reason=None).returning(_c.id))
    signal(connection, SIGNAL)
    return len(again.all())


_NEXT = (
    select(_c.id, _c.headers, _c.body)
    .where(_c.peer == bindparam("p"), _c.dead_at.is_(None))
    .order_by(_c.id)
    .limit(bindparam("most"))
)
