"""What a person does with an entry of the quarantine: sends it again, or dismisses it.

Sending again goes through the inlet, as if the message came now: its id has had no effect, so it can have it; what came of it is added
to the entry, whose original stays as it was. An edited message keeps the sender. The person vouches for it: no signature is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.engine import Connection

from processes.clock import Clock
from processes.failpoints import hit
from processes.messaging import cloudevents
from processes.messaging.addresses import PEER, peer_of
from processes.messaging.bus import Message
from processes.messaging.inlet import INTERNAL, Receipt, Status
from processes.store.database import Database
from processes.store.quarantine.entries import (
    DISMISSED,
    OPEN,
    RESENT,
    Entry,
    Settled,
    Try,
    entry_of,
    get,
    plain,
    row_of,
)
from processes.store.tables import RefusedMessage

Receive = Callable[[Message], Receipt]
"""The inlet, without keeping what it refuses a second time."""


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
    row = row_of(connection, id, locked=True)
    entry = entry_of(row)
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
    entry = entry_of(row_of(connection, id, locked=True))
    if (entry.state, entry.settled_by, entry.note) == (DISMISSED, person, reason):
        return entry
    if entry.state != OPEN:
        raise Settled(entry)
    values = {"state": DISMISSED, "settled_by": person, "settled_at": now, "note": reason}
    connection.execute(update(RefusedMessage).where(RefusedMessage.id == id).values(values))
    return replace(entry, state=DISMISSED, settled_by=person, settled_at=now, note=reason)
