"""Case files on their way in from other deployments: the pieces that have come, and the escalations that wait for theirs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from processes.store.tables import AwaitedFile, FileChunk

_chunks, _awaited = cast(Table, FileChunk.__table__), cast(Table, AwaitedFile.__table__)

KEPT = timedelta(days=30)
"""For so long pieces are kept whose escalation has not come: longer than any link is down."""


@dataclass(frozen=True)
class Awaited:
    """An escalation whose file is not whole. ``message``: what it says, for whoever put it down."""

    command_id: str
    peer: str
    message: Mapping[str, Any]
    asked: int


def keep(connection: Connection, peer: str, part: str, position: int, body: bytes, now: datetime) -> None:
    """A piece has come; the same again changes nothing."""
    row = {"peer": peer, "part": part, "position": position, "body": body, "at": now}
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(_chunks)
    connection.execute(insert.values(row).on_conflict_do_nothing())


def counted(connection: Connection, peer: str, parts: Collection[str]) -> dict[str, int]:
    """How many pieces there are of each of these parts."""
    c = _chunks.c
    rows: Any = connection.execute(
        select(c.part, func.count()).where(c.peer == peer, c.part.in_(list(parts))).group_by(c.part)
    )
    return dict.fromkeys(parts, 0) | dict(rows.all())


def body(connection: Connection, peer: str, part: str) -> bytes:
    """A part, put together of its pieces."""
    c = _chunks.c
    pieces = connection.execute(select(c.body).where(c.peer == peer, c.part == part).order_by(c.position))
    return b"".join(pieces.scalars())


def drop(connection: Connection, peer: str, parts: Collection[str]) -> None:
    """These parts are not needed any more, or are of no use."""
    connection.execute(delete(_chunks).where(_chunks.c.peer == peer, _chunks.c.part.in_(list(parts))))


def expire(connection: Connection, now: datetime) -> None:
    """Drop pieces that nobody has asked after."""
    connection.execute(delete(_chunks).where(_chunks.c.at <= now - KEPT))


def any_old(connection: Connection, now: datetime) -> bool:
    """Whether :func:`expire` would find a piece."""
    return connection.execute(select(_chunks.c.part).where(_chunks.c.at <= now - KEPT).limit(1)).first() is not None


def put_down(connection: Connection, command_id: str, peer: str, message: Mapping[str, Any], ask_at: datetime) -> None:
    """An escalation waits for its file. Sent again, it may list other parts, for the case has gone on: the last list counts."""
    row = {"command_id": command_id, "peer": peer, "message": dict(message), "asked": 0, "ask_at": ask_at}
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(_awaited)
    again = {"message": dict(message)}
    connection.execute(insert.values(row).on_conflict_do_update(index_elements=[_awaited.c.command_id], set_=again))


def awaited(connection: Connection, peer: str) -> list[Awaited]:
    """The escalations of a peer that wait."""
    return _read(connection, _awaited.c.peer == peer)


def overdue(connection: Connection, now: datetime) -> list[Awaited]:
    """Those whose peer is to be asked for what is missing."""
    return _read(connection, _awaited.c.ask_at <= now)


def _read(connection: Connection, condition: Any) -> list[Awaited]:
    c = _awaited.c
    rows: Any = connection.execute(
        select(c.command_id, c.peer, c.message, c.asked).where(condition).order_by(c.command_id)
    )
    return [Awaited(*row) for row in rows]


def ask(connection: Connection, command_id: str, asked: int, again: datetime) -> bool:
    """The peer is being asked for the ``asked``-th time, and again at ``again``; False: somebody else is asking."""
    c = _awaited.c
    own = (c.command_id == command_id, c.asked == asked - 1)
    asking = update(_awaited).where(*own).values(asked=asked, ask_at=again).returning(c.command_id)
    return connection.execute(asking).first() is not None


def hurry(connection: Connection, command_id: str, now: datetime) -> None:
    """Ask at the next opportunity."""
    connection.execute(update(_awaited).where(_awaited.c.command_id == command_id).values(ask_at=now))


def arrived(connection: Connection, command_id: str) -> None:
    """Nothing is waited for any more: the file is whole and used, or refused."""
    connection.execute(delete(_awaited).where(_awaited.c.command_id == command_id))
