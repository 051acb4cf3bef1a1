"""Quarantine: what came to the platform and could not be used, as it came, with the reason. A person sends it again, or dismisses it.

The same thing that comes again while it lies here is counted, not kept a second time: a message that is delivered twice, or a system that
sends the same nonsense every minute, is one thing for a person to look at.

Sending again goes through the inlet, as if the message came now: its id has had no effect, so it can have it; what came of it is added
to the entry, whose original stays as it was. An edited message keeps the sender. The person vouches for it: no signature is asked for.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, literal_column, or_, select, update
from sqlalchemy.engine import Connection, Row

from processes.clock import Clock
from processes.errors import BihuanError
from processes.failpoints import hit
from processes.messaging import cloudevents
from processes.messaging.addresses import PEER, peer_key, peer_of
from processes.messaging.bus import Message, Raw
from processes.messaging.inlet import INTERNAL, Receipt, Status
from processes.store.database import Database, to_json
from processes.store.tables import RefusedMessage

OPEN, RESENT, DISMISSED = "open", "resent", "dismissed"

DEAD = "dead"
"""The door of what lay dead and was thrown away by a person."""

MOST = 100_000
"""Entries that are counted at most."""

_DEPTH = 8
"""Levels of an AMQP table that are kept."""

Receive = Callable[[Message], Receipt]
"""The inlet, without keeping what it refuses a second time."""


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
    return [_entry(row) for row in connection.execute(statement)]


def count(connection: Connection, wanted: Wanted) -> int:
    """How many entries there are, up to :data:`MOST`."""
    few = select(literal_column("1")).select_from(RefusedMessage).where(*_conditions(wanted)).limit(MOST).subquery()
    return connection.execute(select(func.count()).select_from(few)).scalar_one()


def get(connection: Connection, id: int) -> Entry:
    """An entry with its body. Raises :class:`NoEntry`."""
    return _entry(_row(connection, id))


def _row(connection: Connection, id: int, *, locked: bool = False) -> Row[Any]:
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


def _entry(row: Row[Any]) -> Entry:
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

# ---- what a person does ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Edit:
    """What a person changes before sending again; None: as it came."""

    headers: Mapping[str, Any] | None = None
    content_type: str | None = None
    body: bytes | None = None


UNCHANGED = Edit()


def resend(
    database: Database, clock: Clock, receive: Receive, id: int, person: str, key: str, edit: Edit = UNCHANGED
) -> Try:
    """Give a message to the inlet again; returns what came of it. A request that comes again with the same ``key`` gets the same answer.

    An entry whose message is refused again stays open.

    :raises NoEntry: when there is none of this id
    :raises Settled: when it has been settled in another way
    """
    with database.read() as connection:
        entry = get(connection, id)
    known = next((each for each in entry.tries if each.key == key), None)
    if known is not None:
        return known
    if entry.state != OPEN:
        raise Settled(entry)
    sent = _edited(entry, edit)
    receipt = _judged(entry, sent, receive)
    hit("quarantine.resent")
    done = Try(
        key,
        person,
        clock.now(),
        receipt.status.value,
        receipt.reason,
        receipt.reason_en,
        dict(receipt.result),
        dict(sent.headers) if edit.headers is not None else {},
        sent.content_type,
        sent.body.decode("utf-8", "replace") if edit.body is not None else "",
    )
    with database.write() as connection:
        return _record(connection, id, done)


def _edited(entry: Entry, edit: Edit) -> Entry:
    return replace(
        entry,
        headers=entry.headers if edit.headers is None else plain(edit.headers),
        content_type=entry.content_type if edit.content_type is None else edit.content_type,
        body=entry.body if edit.body is None else edit.body,
        length=entry.length if edit.body is None else None,
    )


def _judged(entry: Entry, sent: Entry, receive: Receive) -> Receipt:
    if sent.length is not None:
        return Receipt(Status.REFUSED, "原文太大，只保留了开头：请填写完整的正文再发送", "only the beginning was kept")
    try:
        message = cloudevents.decode(sent.headers, sent.content_type, sent.body, entry.at)
    except cloudevents.NotACloudEvent as error:
        return Receipt(Status.REFUSED, f"不是 CloudEvents 1.0 消息：{error.zh}", f"not a CloudEvent: {error.en}")
    extensions = {name: value for name, value in message.extensions.items() if name not in ("partner", PEER)}
    return receive(replace(message, extensions={**extensions, **_sender(entry)}))


def _sender(entry: Entry) -> Mapping[str, str]:
    """The extension that says whose it is, as the transport set it."""
    peer = peer_of(entry.routing_key) if entry.door != "http" else None
    if peer is not None:
        return {PEER: peer}
    return {} if entry.partner == INTERNAL else {"partner": entry.partner}


def _record(connection: Connection, id: int, done: Try) -> Try:
    row = _row(connection, id, locked=True)
    entry = _entry(row)
    known = next((each for each in entry.tries if each.key == done.key), None)
    if known is not None:  # the same request, twice at once
        return known
    values: dict[str, Any] = {
        "tries": [*(row.tries or ()), {**vars(done), "at": done.at.isoformat(), "result": plain(done.result)}]
    }
    if done.status != Status.REFUSED and entry.state == OPEN:
        values |= {"state": RESENT, "settled_by": done.by, "settled_at": done.at}
    connection.execute(update(RefusedMessage).where(RefusedMessage.id == id).values(values))
    return done


def dismiss(connection: Connection, id: int, person: str, reason: str, now: datetime) -> Entry:
    """Nothing is to become of it, and why. The same again changes nothing.

    :raises NoEntry: when there is none of this id
    :raises Settled: when it has been settled in another way
    """
    entry = _entry(_row(connection, id, locked=True))
    if (entry.state, entry.settled_by, entry.note) == (DISMISSED, person, reason):
        return entry
    if entry.state != OPEN:
        raise Settled(entry)
    values = {"state": DISMISSED, "settled_by": person, "settled_at": now, "note": reason}
    connection.execute(update(RefusedMessage).where(RefusedMessage.id == id).values(values))
    return replace(entry, state=DISMISSED, settled_by=person, settled_at=now, note=reason)
