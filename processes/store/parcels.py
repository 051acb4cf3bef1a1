"""Parcels: the messages of one transaction, in one row, for as long as its own process delivers them.

A process that has a line to the broker delivers what its transactions send as soon as they are committed. Until the broker has confirmed
them the messages must outlive the process, and nothing more: nobody looks for one of them. So they are stored together, and struck off
together; a row each in the outbox, with its indexes, costs the database several times as much. What the process does not get delivered goes to
the outbox (:func:`give_back`), and so do whole parcels when their lease has run out, because their process has died (:func:`open_late`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import uuid4

from sqlalchemy import delete, select, update
from sqlalchemy.engine import Connection

from processes.packing import compress, decompress
from processes.store import outbox
from processes.store.bulk import Delete, Insert, Writes
from processes.store.database import from_json, to_json
from processes.store.outbox import Outgoing
from processes.store.tables import Parcel

_FRESH = Insert(Parcel, "id", "messages", "body", "created_at", "leased_until")
_DELIVERED = Delete(Parcel, "id")
_OPENED = 20
"""Parcels that are opened in one transaction at most."""


class Packed(NamedTuple):
    """A parcel that has been written; ``messages`` are to be delivered once the transaction is committed."""

    id: str
    messages: Sequence[Outgoing]


def pack(writes: Writes, messages: Sequence[Outgoing], now: datetime, leased_until: datetime) -> Packed:
    """Add messages to the transaction; whoever adds them delivers them himself, and nobody else before ``leased_until``."""
    parcel = Packed(uuid4().hex, messages)
    writes.add(_FRESH, parcel.id, len(messages), _body(messages), now, leased_until)
    return parcel


def delivered(writes: Writes, id: str) -> None:
    """All messages of a parcel have been delivered."""
    writes.add(_DELIVERED, id)


def give_back(connection: Connection, undelivered: Mapping[str, Sequence[Outgoing]], now: datetime) -> None:
    """Of these parcels, by their ids, these messages were not delivered: anybody may. Nothing, when somebody has opened it meanwhile."""
    for id, messages in undelivered.items():
        if connection.execute(delete(Parcel).where(Parcel.id == id)).rowcount:
            outbox.put(connection, messages, now)


def any_late(connection: Connection, now: datetime) -> bool:
    """Whether :func:`open_late` would find a parcel."""
    return connection.execute(select(Parcel.id).where(Parcel.leased_until <= now).limit(1)).first() is not None


def open_late(connection: Connection, now: datetime) -> None:
    """Put the messages of parcels into the outbox whose leases have run out; what another transaction is opening is skipped."""
    _open(connection, _late(connection, now), now)


def release(connection: Connection) -> None:
    """Nobody holds a lease any more."""
    connection.execute(update(Parcel).values(leased_until=Parcel.created_at))


def open_all(connection: Connection, now: datetime) -> None:
    """Put the messages of all parcels into the outbox: whoever wrote them is not at work on this database."""
    while found := connection.execute(select(Parcel.id, Parcel.body).limit(_OPENED)).all():
        _open(connection, [(row.id, row.body) for row in found], now)


def _late(connection: Connection, now: datetime) -> list[tuple[str, bytes]]:
    late = select(Parcel.id, Parcel.body).where(Parcel.leased_until <= now).order_by(Parcel.created_at).limit(_OPENED)
    return [(row.id, row.body) for row in connection.execute(late.with_for_update(skip_locked=True))]


def _open(connection: Connection, parcels: Iterable[tuple[str, bytes]], now: datetime) -> None:
    for id, body in parcels:
        outbox.put(connection, _messages(body), now)
        connection.execute(delete(Parcel).where(Parcel.id == id))


def _body(messages: Sequence[Outgoing]) -> bytes:
    rows = [(str(each.address), each.topic, outbox.headers_of(each.message), each.message.data) for each in messages]
    return compress(to_json(rows).encode())


def _messages(body: bytes) -> list[Outgoing]:
    return [
        Outgoing(address, topic, outbox.message_of(headers, data))
        for address, topic, headers, data in from_json(decompress(body))
    ]
