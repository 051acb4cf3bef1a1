"""The inbox: which commands and messages have had their effect, and what they answered.

The key is (partner, source, id). Claim it in the transaction that has the effect: whoever comes second waits for the
first to commit, and is then told that it is a duplicate.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from processes.store.bulk import Insert, Writes
from processes.store.tables import InboxMessage

inbox = cast(Table, InboxMessage.__table__)
_c = inbox.c

_KEY = (_c.partner == bindparam("p"), _c.source == bindparam("s"), _c.id == bindparam("i"))
_RESULT = select(_c.result).where(*_KEY)
_RECORD = update(inbox).where(*_KEY).values(result=bindparam("r"))


def claim(connection: Connection, partner: str, source: str, id: str, now: datetime) -> bool:
    """Whether this is the first time; True only once for a key, as soon as the claiming transaction commits."""
    row = {"partner": partner, "source": source, "id": id, "received_at": now, "result": {}}
    return connection.execute(_claim_statement(connection.dialect.name), row).first() is not None


@cache
def _claim_statement(dialect: str) -> Any:
    insert = sqlite.insert(inbox) if dialect == "sqlite" else postgresql.insert(inbox)
    # RETURNING, not rowcount: psycopg's rowcount of an insert is not to be trusted.
    return insert.on_conflict_do_nothing().returning(_c.id)


def record(connection: Connection, partner: str, source: str, id: str, result: dict[str, Any]) -> None:
    """Keep what the claimed message answered, for those who send it again."""
    connection.execute(_RECORD, {"p": partner, "s": source, "i": id, "r": result})


def result(connection: Connection, partner: str, source: str, id: str) -> dict[str, Any] | None:
    """What the message answered the first time; None when it has not come yet."""
    found = connection.execute(_RESULT, {"p": partner, "s": source, "i": id}).first()
    return None if found is None else cast(dict[str, Any], found.result)


def settle(connection: Connection, partner: str, source: str, id: str, now: datetime, result: dict[str, Any]) -> bool:
    """Claim and record in one statement, when the effect has been written already; False: somebody else was first."""
    row = {"partner": partner, "source": source, "id": id, "received_at": now, "result": result}
    return connection.execute(_claim_statement(connection.dialect.name), row).first() is not None


SETTLED = Insert(InboxMessage, "partner", "source", "id", "received_at", "result", once=True)


def add(writes: Writes, partner: str, source: str, id: str, now: datetime, result: dict[str, Any]) -> None:
    """Like :func:`settle`, among other rows of a unit of work: its flush raises ``Unexpected`` of :data:`SETTLED` when somebody
    else was first."""
    writes.add(SETTLED, partner, source, id, now, result)
