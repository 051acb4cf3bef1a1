"""Requests that may come again: the first is answered, and its answer kept for a day; the same again is given the same answer.

>>> found = claim(connection, key, digest, now)  # doctest: +SKIP
>>> if found is None: keep(connection, key, digest, status, media_type, body)  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from processes.errors import BihuanError
from processes.store.tables import KeptAnswer

KEPT = timedelta(hours=24)

GIVEN_UP = timedelta(minutes=5)
"""After so long whoever had the request in hand is taken for dead, and the same request does it anew: what it does has an id by which it is known."""


class InHand(BihuanError):
    """The same request is being answered now."""

    def __init__(self) -> None:
        super().__init__(
            "同一个 Idempotency-Key 的请求正在办理，请稍后再试。",
            "A request with this Idempotency-Key is being answered: try again in a moment.",
        )


class OtherRequest(BihuanError):
    """The key belongs to another request."""

    def __init__(self) -> None:
        super().__init__(
            "这个 Idempotency-Key 已用于另一个请求，请换一个新的。",
            "This Idempotency-Key belongs to another request: take a new one.",
        )


@dataclass(frozen=True)
class Answer:
    """What was answered."""

    status: int
    media_type: str
    body: bytes


def claim(connection: Connection, key: str, request: str, now: datetime) -> Answer | None:
    """The answer to the same request, or None: it is the first, and in hand from now on.

    :raises InHand: when the same request is in hand
    :raises OtherRequest: when the key is another request's
    """
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(KeptAnswer)
    connection.execute(delete(KeptAnswer).where(KeptAnswer.key == key, KeptAnswer.at <= now - KEPT))
    fresh = insert.values(key=key, request=request, at=now, status=None, media_type="", body=b"")
    if connection.execute(fresh.on_conflict_do_nothing().returning(KeptAnswer.key)).first() is not None:
        return None
    row = connection.execute(select(KeptAnswer.__table__).where(KeptAnswer.key == key).with_for_update()).one()
    if row.request != request:
        raise OtherRequest
    if row.status is not None:
        return Answer(row.status, row.media_type, row.body)
    if row.at > now - GIVEN_UP:
        raise InHand
    connection.execute(update(KeptAnswer).where(KeptAnswer.key == key).values(at=now))
    return None


def keep(connection: Connection, key: str, answer: Answer) -> None:
    """Keep the answer to a request that was in hand."""
    values = {"status": answer.status, "media_type": answer.media_type, "body": answer.body}
    connection.execute(update(KeptAnswer).where(KeptAnswer.key == key).values(**values))


def release(connection: Connection, key: str) -> None:
    """The request came to nothing: the same may be tried again."""
    connection.execute(delete(KeptAnswer).where(KeptAnswer.key == key, KeptAnswer.status.is_(None)))


def out_of_date(connection: Connection, now: datetime, most: int) -> Sequence[str]:
    """Keys whose answers nobody gets any more."""
    old = select(KeptAnswer.key).where(KeptAnswer.at <= now - KEPT)
    return connection.scalars(old.order_by(KeptAnswer.at).limit(most)).all()


def forget(connection: Connection, keys: Collection[str]) -> None:
    """Delete answers."""
    connection.execute(delete(KeptAnswer).where(KeptAnswer.key.in_(keys)))
