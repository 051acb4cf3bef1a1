"""Messages find their one receiver: by name and correlation key, early ones in a buffer, ambiguous ones as incidents."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select
from sqlalchemy.engine import Connection

from processes.kernel.machine import number_of
from processes.kernel.state import Wait
from processes.messaging.bus import Message
from processes.messaging.inlet import INTERNAL
from processes.store import lookup, quarantine
from processes.store.lookup import Select
from processes.store.tables import BufferedMessage, Subscription

Pair = tuple[str, str]
"""a message's name and its correlation key"""


@dataclass(frozen=True)
class Receiver:
    """The one event of an instance that waits for a message."""

    task_id: str
    instance_id: str


def serialize(connection: Connection, message: str, key: str) -> None:
    """Let a sender and a subscriber of the same message and key wait for each other.

    Otherwise, on PostgreSQL, a message could be buffered at the very moment in which its subscriber found the buffer empty. SQLite has one
    writer anyway.
    """
    if connection.dialect.name == "postgresql":
        digest = hashlib.blake2b(f"{message}\0{key}".encode(), digest_size=8).digest()
        connection.execute(select(func.pg_advisory_xact_lock(int.from_bytes(digest, "big", signed=True))))


def receivers(connection: Connection, pairs: Collection[Pair]) -> Mapping[Pair, list[Receiver]]:
    """Who waits for messages of these names and keys."""
    return ask(connection, pairs)()


def ask(connection: Connection, pairs: Collection[Pair]) -> Callable[[], Mapping[Pair, list[Receiver]]]:
    """Like :func:`receivers`; the answer is to be called for after ``bulk.together``."""
    rows = lookup.ask(connection, _RECEIVERS, sorted(pairs))

    def answer() -> Mapping[Pair, list[Receiver]]:
        found: dict[Pair, list[Receiver]] = {pair: [] for pair in pairs}
        for message, key, task_id, instance_id in rows():
            found[message, key].append(Receiver(task_id, instance_id))
        return found

    return answer


def the_one(found: Sequence[Receiver]) -> Receiver | None:
    """Who gets a message that all of these wait for: when they are of one instance, the event that has waited longest (an activity's border
    before what began inside it later), so that each of several parallel receive tasks gets a message of its own. None when they are of
    different instances: nobody can tell which is meant."""
    if len({each.instance_id for each in found}) != 1:
        return None
    return found[0] if len(found) == 1 else min(found, key=_age)


def _age(receiver: Receiver) -> tuple[int, str]:
    try:
        return number_of(receiver.task_id), receiver.task_id
    except ValueError:  # an older version's id: it has waited longer than any of ours
        return -1, receiver.task_id


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


def expire(connection: Connection, source: str, now: datetime) -> int:
    """Put buffered messages whose time to live has passed into the quarantine: nobody has waited for them; returns how many. They are
    kept in the order in which they came.

    ``source`` names this platform. Each gets an id of its own there, for under its old one it has been taken.
    """
    gone = sorted(connection.execute(_LAPSED, {"now": now}), key=lambda row: row.received_at)
    for row in gone:
        said = Message(
            f"{row.id[:180]}:lapsed", row.message, source, now, row.payload, None, {"correlationkey": row.key}
        )
        zh = f"一直没有流程在等这条消息（关联键“{row.key}”），等待期限已过；确认对应的案件后可重新发送"
        en = f"nothing has waited for this message (key {row.key!r}) in time; send it again once its case is found"
        quarantine.keep(connection, quarantine.raw_of(said), INTERNAL, zh, en, now, said)
    return len(gone)


_RECEIVERS = Select(Subscription, "message", "key", "task_id", "instance_id", by=("message", "key"))
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
_LAPSED = (
    delete(BufferedMessage)
    .where(BufferedMessage.expires_at <= bindparam("now"))
    .returning(
        BufferedMessage.id,
        BufferedMessage.message,
        BufferedMessage.key,
        BufferedMessage.payload,
        BufferedMessage.received_at,
    )
)
_UNBUFFER = delete(BufferedMessage).where(BufferedMessage.id == bindparam("b_id"))
