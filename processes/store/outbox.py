"""The outbox: messages that leave with the transaction that made them, until a transport has delivered them.

A row is *due* when its time has come and nobody holds its lease. Who delivers takes a lease (which runs out, should he
die), delivers, and then deletes the row (:func:`done`), puts it off (:func:`retry`) or gives it up (:func:`bury`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple, cast

import orjson
from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Table,
    bindparam,
    case,
    delete,
    false,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from processes.messaging import measures
from processes.messaging.bus import Message
from processes.store.bulk import Insert, Writes
from processes.store.database import signal, to_json
from processes.store.tables import OutboxMessage

outbox = cast(Table, OutboxMessage.__table__)
_c = outbox.c

SIGNAL = "outbox"
"""What :meth:`Database.on_commit` listeners are called for when rows were put."""


class Outgoing(NamedTuple):
    """A message on its way out, to an :class:`Address` (or a transport's own name for a place); ``available_at``: not
    before."""

    address: str
    topic: str
    message: Message
    available_at: datetime | None = None


@dataclass(frozen=True)
class Leased:
    """A row that this process may deliver until its lease runs out. ``attempts`` counts the failures so far."""

    id: int
    address: str
    topic: str
    message: Message
    attempts: int


@dataclass(frozen=True)
class Dead:
    """A row that was given up."""

    id: int
    address: str
    topic: str
    message: Message
    reason: str
    at: datetime


@dataclass(frozen=True)
class Want:
    """What a lease is asked for: an address, and topics there (None: all)."""

    address: str
    topics: frozenset[str] | None = None


def put(connection: Connection, rows: Iterable[Outgoing], now: datetime) -> None:
    """Add messages to the transaction. A message that is waiting already (same address, partner, source and id) is left
    alone; a dead one lives again."""
    values = [_values(row, now) for row in rows]
    if values:
        connection.execute(_put_statement(connection.dialect.name), values)
        signal(connection, SIGNAL)


_FRESH = Insert(
    OutboxMessage,
    "message_id",
    "address",
    "topic",
    "headers",
    "body",
    "created_at",
    "available_at",
    "attempts",
    conflict=(
        "(message_id) DO UPDATE SET address = excluded.address, topic = excluded.topic, headers = excluded.headers, "
        "body = excluded.body, available_at = excluded.available_at, attempts = 0, leased_until = NULL, "
        "dead_at = NULL, dead_reason = NULL WHERE outbox.dead_at IS NOT NULL"
    ),
)


def add(connection: Connection, writes: Writes, row: Outgoing, now: datetime) -> None:
    """Like :func:`put`, among other rows of a unit of work."""
    values = _values(row, now)
    writes.add(_FRESH, *(values[name] for name in _FRESH.columns.names))
    signal(connection, SIGNAL)


def _row_id(address: str, message: Message) -> str:
    """Ids are a source's own, and of any length: what makes a message one is hashed into the column's 64 characters."""
    identity = (str(address), message.extensions.get("partner", ""), message.source, message.id)
    return hashlib.sha256(to_json(identity).encode()).hexdigest()


def _values(row: Outgoing, now: datetime) -> dict[str, Any]:
    message = row.message
    return {
        "message_id": _row_id(row.address, message),
        "address": str(row.address),
        "topic": row.topic,
        "headers": headers_of(message),
        "body": to_json(message.data).encode(),
        "created_at": now,
        "available_at": row.available_at or now,
        "attempts": 0,
    }


def headers_of(message: Message) -> dict[str, Any]:
    """All of a message but its data, as JSON."""
    return {
        "id": message.id,
        "type": message.type,
        "source": message.source,
        "time": message.time.isoformat(),
        "subject": message.subject,
        "extensions": dict(message.extensions),
    }


def message_of(headers: Mapping[str, Any], data: Any) -> Message:
    """The message again."""
    return Message(
        id=headers["id"],
        type=headers["type"],
        source=headers["source"],
        time=datetime.fromisoformat(headers["time"]),
        data=data,
        subject=headers["subject"],
        extensions=headers["extensions"],
    )


@cache
def _put_statement(dialect: str) -> Any:
    insert = sqlite.insert(outbox) if dialect == "sqlite" else postgresql.insert(outbox)
    fresh = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=[_c.message_id],
        set_={
            "address": fresh.address,
            "topic": fresh.topic,
            "headers": fresh.headers,
            "body": fresh.body,
            "available_at": fresh.available_at,
            "attempts": 0,
            "leased_until": None,
            "dead_at": None,
            "dead_reason": None,
        },
        where=_c.dead_at.is_not(None),
    )


def lease(
    connection: Connection, now: datetime, limit: int, until: datetime, want: Sequence[Want] | None = None
) -> list[Leased]:
    """Take up to ``limit`` due rows, oldest first, until ``until``; what another transaction is taking is skipped."""
    parameters = {"now": now, "most": limit, "until": until}
    taken = connection.execute(_lease_statement(_key(want)), parameters)
    rows = [Leased(row.id, row.address, row.topic, _message(row), row.attempts) for row in taken]
    return sorted(rows, key=lambda row: row.id)


def any_due(connection: Connection, now: datetime, want: Sequence[Want] | None = None) -> bool:
    """Whether :func:`lease` would find a row."""
    return connection.execute(_any_due_statement(_key(want)), {"now": now}).first() is not None


def _key(want: Sequence[Want] | None) -> tuple[Want, ...] | None:
    return None if want is None else tuple(want)


# Building a statement costs several times what running it does, and few different ones are ever asked for.
@lru_cache(256)
def _lease_statement(want: tuple[Want, ...] | None) -> Any:
    oldest = _due(want).order_by(_c.available_at, _c.id).limit(bindparam("most", type_=Integer))
    # A CTE that locks is worked out once; a plain subquery might be run again and lock more than the limit.
    chosen = oldest.with_for_update(skip_locked=True).cte("picked")
    taken = update(outbox).where(_c.id.in_(select(chosen.c.id))).values(leased_until=bindparam("until"))
    return taken.returning(*_MESSAGE, _c.attempts)


@lru_cache(256)
def _any_due_statement(want: tuple[Want, ...] | None) -> Any:
    return _due(want).limit(1)


def _due(want: tuple[Want, ...] | None) -> Select[tuple[int]]:
    now = bindparam("now", type_=_c.available_at.type)
    due = select(_c.id).where(
        _c.dead_at.is_(None), _c.available_at <= now, or_(_c.leased_until.is_(None), _c.leased_until <= now)
    )
    return due if want is None else due.where(or_(*(_wanted(one) for one in want)))


def _wanted(want: Want) -> ColumnElement[bool]:
    if want.topics is None:
        return _c.address == want.address
    return (_c.address == want.address) & _c.topic.in_(sorted(want.topics))


_MESSAGE = (_c.id, _c.address, _c.topic, _c.headers, _c.body)


def _message(row: Any) -> Message:
    return message_of(row.headers, orjson.loads(row.body))


def extend(connection: Connection, ids: Collection[int], until: datetime) -> None:
    """Make leases last longer: their messages are still being handled."""
    connection.execute(update(outbox).where(_c.id.in_(list(ids))).values(leased_until=until))


def release(connection: Connection, ids: Collection[int] | None = None) -> None:
    """Give leases back unused; ``None``: everybody's (for the one process that owns the database, when it starts)."""
    statement = update(outbox).where(_c.leased_until.is_not(None)).values(leased_until=None)
    connection.execute(statement if ids is None else statement.where(_c.id.in_(list(ids))))


def done(connection: Connection, ids: Collection[int]) -> None:
    """The messages have been delivered."""
    if ids:
        connection.execute(_DELETE, [{"row": id} for id in ids])


_DELETE = delete(outbox).where(_c.id == bindparam("row"))


def retry(connection: Connection, id: int, at: datetime, *, failed: bool = True) -> None:
    """Deliver again, not before ``at``; ``failed``: count it as a failed attempt."""
    connection.execute(_RETRY, {"row": id, "at": at, "more": 1 if failed else 0})


_RETRY = (
    update(outbox)
    .where(_c.id == bindparam("row"))
    .values(available_at=bindparam("at"), leased_until=None, attempts=_c.attempts + bindparam("more", type_=Integer))
)


def bury(connection: Connection, id: int, reason: str, at: datetime) -> None:
    """Give the message up: it stays in the table, dead, with the reason."""
    measures.DEAD.inc()
    connection.execute(update(outbox).where(_c.id == id).values(dead_at=at, dead_reason=reason, leased_until=None))


def copy(connection: Connection, row: Leased, addresses: Sequence[str], now: datetime) -> None:
    """Replace a row by copies at other addresses: one message for several receivers."""
    values = [_values(Outgoing(address, row.topic, row.message), now) for address in addresses]
    if values:
        connection.execute(_put_statement(connection.dialect.name), values)
    done(connection, [row.id])


def next_due(connection: Connection) -> datetime | None:
    """When the earliest row that is not dead becomes due (in the past: now), or None when nothing waits."""
    free, held = connection.execute(_NEXT_DUE).one()
    moments = [moment for moment in (free, held) if moment is not None]
    return min(moments) if moments else None


_NEXT_DUE = select(
    select(func.min(_c.available_at, type_=_c.available_at.type))
    .where(_c.dead_at.is_(None), _c.leased_until.is_(None))
    .scalar_subquery(),
    select(func.min(_c.leased_until, type_=_c.available_at.type))
    .where(_c.dead_at.is_(None), _c.leased_until.is_not(None))
    .scalar_subquery(),
)


def dead(connection: Connection, limit: int = 100) -> list[Dead]:
    """The newest ``limit`` rows that were given up, newest last."""
    rows = connection.execute(_DEAD.order_by(_c.dead_at.desc(), _c.id.desc()).limit(limit)).all()
    return [_dead(row) for row in rows[::-1]]


_DEAD = select(*_MESSAGE, _c.dead_reason, _c.dead_at).where(_c.dead_at.is_not(None))


def _dead(row: Any) -> Dead:
    return Dead(row.id, row.address, row.topic, _message(row), row.dead_reason or "", row.dead_at)


def dead_of(connection: Connection, ids: Collection[int]) -> list[Dead]:
    """Those of these rows that were given up."""
    rows = connection.execute(_DEAD.where(_c.id.in_(list(ids)))).all()
    return [_dead(row) for row in rows]


def dead_until(connection: Connection, before: datetime | None, limit: int) -> list[int]:
    """The ids of rows that were given up, until then (None: whenever), the first to die first."""
    until = _c.dead_at.is_not(None) if before is None else _c.dead_at <= before
    return list(connection.scalars(select(_c.id).where(until).order_by(_c.dead_at, _c.id).limit(limit)))


def revive(connection: Connection, ids: Collection[int], now: datetime) -> int:
    """Deliver dead rows again, as if new; returns how many there were."""
    revived = connection.execute(
        update(outbox)
        .where(_c.id.in_(list(ids)), _c.dead_at.is_not(None))
        .values(dead_at=None, dead_reason=None, attempts=0, available_at=now)
        .returning(_c.id)
    ).all()
    signal(connection, SIGNAL)
    return len(revived)


def throw_away(connection: Connection, ids: Collection[int]) -> int:
    """Delete dead rows; returns how many there were."""
    gone = delete(outbox).where(_c.id.in_(list(ids)), _c.dead_at.is_not(None)).returning(_c.id)
    return len(connection.execute(gone).all())


class Waiting(NamedTuple):
    """The rows of an address and topic that are not dead: who could be delivered ``now``, is being delivered, or waits for its time."""

    address: str
    topic: str
    ready: int
    held: int
    later: int
    oldest: datetime
    """since when the first could be delivered, or can"""


def waiting(connection: Connection, now: datetime, most: int) -> list[Waiting]:
    """What waits where, of the first ``most`` rows."""
    parameters = {"now": now, "most": most}
    return [Waiting(*row) for row in connection.execute(_WAITING, parameters)]


_now = bindparam("now", type_=_c.available_at.type)
_few = (
    select(_c.address, _c.topic, _c.available_at, _c.leased_until)
    .where(_c.dead_at.is_(None))
    .limit(bindparam("most", type_=Integer))
    .subquery()
)
_held = func.coalesce(_few.c.leased_until > _now, false())
_WAITING = select(
    _few.c.address,
    _few.c.topic,
    func.sum(case((~_held & (_few.c.available_at <= _now), 1), else_=0)),
    func.sum(case((_held, 1), else_=0)),
    func.sum(case((~_held & (_few.c.available_at > _now), 1), else_=0)),
    func.min(_few.c.available_at, type_=_c.available_at.type),
).group_by(_few.c.address, _few.c.topic)


def count_dead(connection: Connection, most: int) -> int:
    """How many rows were given up, counted to ``most``."""
    some = select(_c.id).where(_c.dead_at.is_not(None)).limit(most).subquery()
    return int(connection.scalar(select(func.count()).select_from(some)) or 0)
