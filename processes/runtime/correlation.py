"""Messages find their one receiver: by name and correlation key, early ones in a buffer, ambiguous ones as incidents."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select
from sqlalchemy.engine import Connection

from processes.spiff.instance import Wait
from processes.store.tables import BufferedMessage, Subscription


def serialize(connection: Connection, message: str, key: str) -> None:
    """Let a sender and a subscriber of the same message and key wait for each other.

    Otherwise, on PostgreSQL, a message could be buffered at the very moment in which its subscriber found the buffer empty. SQLite has one
    writer anyway.
    """
    if connection.dialect.name == "postgresql":
        digest = hashlib.blake2b(f"{message}\0{key}".encode(), digest_size=8).digest()
        connection.execute(select(func.pg_advisory_xact_lock(int.from_bytes(digest, "big", signed=True))))


def receivers(connection: Connection, message: str, key: str) -> Sequence[Any]:
    """Who waits for it: rows with ``task_id`` and ``instance_id``."""
    return connection.execute(_RECEIVERS, {"m": message, "k": key}).all()


def buffer(
    connection: Connection,
    identity: str,
    message: str,
    key: str,
    payload: Mapping[str, Any],
    now: datetime,
    expires: datetime,
) -> None:
    """Keep a message that nobody waits for yet."""
    connection.execute(
        _BUFFER,
        {
            "id": hashlib.sha256(identity.encode()).hexdigest(),
            "message": message,
            "key": key,
            "payload": dict(payload),
            "received_at": now,
            "expires_at": expires,
        },
    )


def take_buffered(connection: Connection, waits: Sequence[Wait], now: datetime) -> tuple[Wait, dict[str, Any]] | None:
    """The oldest buffered message for any of these new subscriptions; it leaves the buffer."""
    for wait in waits:
        serialize(connection, wait.name, wait.key)
        row = connection.execute(_BUFFERED, {"m": wait.name, "k": wait.key, "now": now}).first()
        if row is not None:
            connection.execute(_UNBUFFER, {"b_id": row.id})
            return wait, row.payload
    return None


def expire(connection: Connection, now: datetime) -> int:
    """Drop buffered messages whose time to live has passed; returns how many."""
    gone = connection.execute(
        delete(BufferedMessage).where(BufferedMessage.expires_at <= now).returning(BufferedMessage.id)
    )
    return len(gone.all())


_RECEIVERS = select(Subscription.task_id, Subscription.instance_id).where(
    Subscription.message == bindparam("m"), Subscription.key == bindparam("k")
)
_BUFFER = insert(BufferedMessage)
_BUFFERED = (
    select(BufferedMessage.id, BufferedMessage.payload)
    .where(
        BufferedMessage.message == bindparam("m"),
        BufferedMessage.key == bindparam("k"),
        BufferedMessage.expires_at > bindparam("now"),
    )
    .order_by(BufferedMessage.received_at)
    .limit(1)
)
_UNBUFFER = delete(BufferedMessage).where(BufferedMessage.id == bindparam("b_id"))
