"""How often something may be done in the portal, or over the API, counted in the database, so that all processes count together."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, delete, update
from sqlalchemy.dialects import postgresql, sqlite

from processes.errors import BihuanError
from processes.store.tables import PortalLimit

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class TooOften(BihuanError):
    """It was done as often as it may be; later it may be done again."""

    def __init__(self) -> None:
        super().__init__(
            "操作过于频繁，请过一段时间再试；急事请拨打 12345。",
            "Too many tries: please wait a while. For urgent matters call 12345.",
        )


def admit(connection: Connection, what: str, who: str, most: int, lasts: timedelta, now: datetime) -> bool:
    """Whether it may be done once more; it is counted either way, from the first time on for as long as ``lasts``."""
    return count(connection, what, who, lasts, now)[0] <= most


def count(connection: Connection, what: str, who: str, lasts: timedelta, now: datetime) -> tuple[int, datetime]:
    """Count it once more; returns how often it has been done since the first time, and until when that counts."""
    connection.execute(_OVER, {"now": now})
    given = {"subject": _subject(what, who), "times": 1, "ends_at": now + lasts}
    row = connection.execute(_counting(connection.dialect.name), given).one()
    return row.times, row.ends_at


_OVER = delete(PortalLimit).where(PortalLimit.ends_at <= bindparam("now"))


@cache
def _counting(dialect: str) -> Any:
    """The statement that counts; made once, for every request of the API needs it."""
    insert = sqlite.insert(PortalLimit) if dialect == "sqlite" else postgresql.insert(PortalLimit)
    once_more = insert.on_conflict_do_update(
        index_elements=[PortalLimit.subject], set_={"times": PortalLimit.times + 1}
    )
    return once_more.returning(PortalLimit.times, PortalLimit.ends_at)


def uncount(connection: Connection, what: str, who: str) -> None:
    """What was counted last was no wrong try after all."""
    found = update(PortalLimit).where(PortalLimit.subject == _subject(what, who), PortalLimit.times > 0)
    connection.execute(found.values(times=PortalLimit.times - 1))


def forget(connection: Connection, what: str, who: str) -> None:
    """Nothing was counted of this."""
    connection.execute(delete(PortalLimit).where(PortalLimit.subject == _subject(what, who)))


def _subject(what: str, who: str) -> str:
    """What somebody typed may be of any length, and a number is nobody else's business."""
    return hashlib.sha256(f"{what} {who}".encode("utf-8", "surrogatepass")).hexdigest()
