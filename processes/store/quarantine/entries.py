"""What came to the platform and could not be used, as it came, with the reason; and how it is looked at.

The same thing that comes again while it lies here is counted, not kept a second time: a message that is delivered twice, or a system that
sends the same nonsense every minute, is one thing for a person to look at.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, literal_column, or_, select, update
from sqlalchemy.engine import Connection, Row

from processes.errors import BihuanError
from processes.messaging import cloudevents
from processes.messaging.addresses import PEER, peer_key
from processes.messaging.bus import Message, Raw
from processes.store.database import to_json
from processes.store.tables import RefusedMessage

OPEN, RESENT, DISMISSED = "open", "resent", "dismissed"

DEAD = "dead"
"""The door of what lay dead and was thrown away by a person."""

MOST = 100_000
"""Entries that are counted at most."""

_DEPTH = 8
"""Levels of an AMQP table that are kept."""


class NoEntry(BihuanError):
    """There is no such entry in the quarantine."""

    def __init__(self, id: int) -> None:
        super().__init__(f"隔离区里没有第 {id} 条", f"no entry {id} in the quarantine", entry=id)


class Settled(BihuanError):
    """Somebody has sent it again, or dismissed it, before."""

    def __init__(self, entry: Entry) -> None:
        done = "重新发送并生效" if entry.state == RESENT else "处置为不再处理"
        super().__init__(
            f"这一条已由 {entry.settled_by} {done}", f"entry {entry.id} is {entry.state} already", entry=entry.id
        )


@dataclass(frozen=True)
class Try:
    """A sending again. ``key`` tells repeated requests for the same from another one; ``status`` and the rest: what came of it."""

    key: str
    by: str
    at: datetime
    status: str
    reason: str | None
    reason_en: str | None
    result: Mapping[str, Any]
    headers: Mapping[str, Any]
    content_type: str
    body: str
    """as text, when it was edited; else empty"""


@dataclass(frozen=True)
class Entry:
    """A refused message. ``body`` is empty in lists; ``length`` is set when ``body`` is only the beginning of so many bytes."""

    id: int
    partner: str
    door: str
    routing_key: str
    type: str
    message_id: str
    source: str
    headers: Mapping[str, Any]
    content_type: str
    properties: Mapping[str, Any]
    body: bytes
    length: int | None
    sha256: str | None
    reason: str
    reason_en: str
    at: datetime
    times: int
    state: str
    settled_by: str | None
    settled_at: datetime | None
    note: str | None
    tries: Sequence[Try]


@dataclass(frozen=True)
class Wanted:
    """What a list is to show; None: whatever."""

    state: str | None = OPEN
    partner: str | None = None
    type: str | None = None
    door: str | None = None
    since: datetime | None = None
    text: str | None = None
    """part of the reason, of the message's id or of its source"""


# ---- keeping -----------------------------------------------------------------------------------------------------------


def raw_of(message: Message) -> Raw:
    """How a message would have come that is not from outside: for what came over the embedded bus."""
    wire = cloudevents.to_binary(message)
    peer = message.extensions.get(PEER)
    return Raw("embedded", peer_key(peer) if peer else message.type, wire.headers, wire.content_type, wire.body)


@dataclass(frozen=True)
class Kept:
    """The entry that something is kept in, how often it has come by now, and what is told of it. ``about``: id, source, type."""

    id: int
    times: int
    about: Mapping[str, str]
    zh: str
    en: str


def keep(
    connection: Connection, raw: Raw, partner: str, zh: str, en: str, now: datetime, message: Message | None = None
) -> Kept:
    """Keep what could not be used. ``message``: what could be read of it."""
    headers, properties = plain(raw.headers), plain(raw.properties)
    claimed = cloudevents.attributes_of(headers)
    about = {
        "id": _text(message.id if message else claimed.get("id") or properties.get("message_id") or "")[:200],
        "source": _text(message.source if message else claimed.get("source") or "")[:200],
        "type": _text(message.type if message else claimed.get("type") or properties.get("type") or "")[:120],
    }
    fingerprint, zh, en = _fingerprint(raw, partner, headers, properties), _text(zh), _text(en)
    known = connection.execute(_KNOWN, {"f": fingerprint}).first()
    if known is not None:
        connection.execute(_AGAIN, {"b_id": known.id, "now": now})
        return Kept(known.id, known.times + 1, about, zh, en)
    row = {
        "partner": _text(partner)[:40],
        "headers": headers,
        "body": raw.body,
        "reason": zh,
        "at": now,
        "reason_en": en,
        "door": raw.door,
        "routing_key": _text(raw.routing_key)[:255],
        "content_type": _text(raw.content_type)[:255],
        "properties": properties,
        "message_id": about["id"],
        "type": about["type"],
        "source": about["source"],
        "length": raw.whole.length if raw.whole else None,
        "sha256": raw.whole.sha256 if raw.whole else None,
        "fingerprint": fingerprint,
    }
    return Kept(connection.execute(_KEEP, row).scalar_one(), 1, about, zh, en)


def _fingerprint(raw: Raw, partner: str, headers: Any, properties: Any) -> str:
    whole = raw.whole.sha256 if raw.whole else hashlib.sha256(raw.body).hexdigest()
    said = [raw.door, _text(partner), _text(raw.routing_key), _text(raw.content_type), sorted(headers.items()), whole]
    return hashlib.sha256(to_json([*said, sorted(properties.items())]).encode()).hexdigest()


def plain(value: Any, depth: int = _DEPTH) -> Any:
    """A value of an AMQP table as JSON that every database stores; what is no text is shown as well as can be."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if depth and isinstance(value, Mapping):
        return {_text(key): plain(inner, depth - 1) for key, inner in value.items()}
    if depth and isinstance(value, list | tuple):
        return [plain(inner, depth - 1) for inner in value]
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return str(value).replace("\0", "\ufffd").encode("utf-8", "replace").decode()


_open = (RefusedMessage.fingerprint == bindparam("f"), RefusedMessage.state == OPEN)
_KNOWN = select(RefusedMessage.id, RefusedMessage.times).where(*_open).limit(1).with_for_update()
_AGAIN = (
    update(RefusedMessage)
    .where(RefusedMessage.id == bindparam("b_id"))
    .values(times=RefusedMessage.times + 1, at=bindparam("now", type_=RefusedMessage.at.type))
)
_KEEP = insert(RefusedMessage).returning(RefusedMessage.id)

# ---- looking -----------------------------------------------------------------------------------------------------------


def listed(connection: Connection, wanted: Wanted, *, before: int | None = None, limit: int = 50) -> list[Entry]:
    """Entries, the newest first, without their bodies. ``before``: the id of the last one that was shown (the next page)."""
    statement = select(*_LISTED).where(*_conditions(wanted)).order_by(RefusedMessage.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(RefusedMessage.id < before)
    return [entry_of(row) for row in connection.execute(statement)]


def count(connection: Connection, wanted: Wanted) -> int:
    """How many entries there are, up to :data:`MOST`."""
    few = select(literal_column("1")).select_from(RefusedMessage).where(*_conditions(wanted)).limit(MOST).subquery()
    return connection.execute(select(func.count()).select_from(few)).scalar_one()


def get(connection: Connection, id: int) -> Entry:
    """An entry with its body. Raises :class:`NoEntry`."""
    return entry_of(row_of(connection, id))


def row_of(connection: Connection, id: int, *, locked: bool = False) -> Row[Any]:
    """An entry's row, ``locked`` or as it is. Raises :class:`NoEntry`."""
    statement = select(*RefusedMessage.__table__.c).where(RefusedMessage.id == id)
    row = connection.execute(statement.with_for_update() if locked else statement).first()
    if row is None:
        raise NoEntry(id)
    return row


def _conditions(wanted: Wanted) -> list[Any]:
    pairs = [
        (RefusedMessage.state, wanted.state),
        (RefusedMessage.partner, wanted.partner),
        (RefusedMessage.type, wanted.type),
        (RefusedMessage.door, wanted.door),
    ]
    found = [column == value for column, value in pairs if value is not None]
    if wanted.since is not None:
        found.append(RefusedMessage.at >= wanted.since)
    if wanted.text:
        columns = (RefusedMessage.reason, RefusedMessage.message_id, RefusedMessage.source)
        found.append(or_(*(column.icontains(wanted.text, autoescape=True) for column in columns)))
    return found


def names(connection: Connection) -> tuple[Sequence[str], Sequence[str]]:
    """The partners and the types of messages that there are entries of."""
    some = select(RefusedMessage.partner, RefusedMessage.type).limit(MOST).subquery()
    rows = connection.execute(select(some.c.partner, some.c.type).distinct()).all()
    return sorted({row.partner for row in rows if row.partner}), sorted({row.type for row in rows if row.type})


def entry_of(row: Row[Any]) -> Entry:
    """What a row says, whichever version wrote it."""
    values: dict[str, Any] = {name: row._mapping.get(name) for name in Entry.__dataclass_fields__}
    if values["door"] is None and "extensions" in values["headers"]:
        values |= _as_sent(values["headers"])
    # Rows that software of level 8 wrote have less.
    for name in ("door", "routing_key", "content_type", "type", "message_id", "source", "reason_en"):
        values[name] = values[name] or ""
    values["properties"] = values["properties"] or {}
    values["body"] = values["body"] or b""
    values["tries"] = [Try(**{**each, "at": datetime.fromisoformat(each["at"])}) for each in values["tries"] or ()]
    return Entry(**values)


def _as_sent(old: Mapping[str, Any]) -> dict[str, Any]:
    """What software of level 8 noted of a message, as the headers with which it would have come."""
    said = {
        "specversion": "1.0",
        **{name: old.get(name) for name in ("id", "type", "source", "subject")},
        **old["extensions"],
    }
    return {
        "headers": {f"ce-{name}": value for name, value in said.items() if value is not None},
        "content_type": cloudevents.BINARY_TYPE,
        "message_id": old.get("id"),
        "type": old.get("type"),
        "source": old.get("source"),
    }


_LISTED = [each for each in RefusedMessage.__table__.c if each.name != "body"]
