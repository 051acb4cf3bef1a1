"""An instance that has ended, without what tells of a person: its state, its history, its dossier, and the rows beside them.

They hold references to words and names by themselves (ARCHITECTURE rule 9). But a diagram may have read a text into a variable, a worker may
have put a number into its answer, and a form's short field is stored as it is.
"""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import Connection, String, Text, inspect, select, update
from sqlalchemy.types import JSON

from processes.casework.erasing.needles import Needles
from processes.kernel.codec.form import FORMAT, pack, unpack
from processes.packing import FRAME, compress, plain
from processes.store import dossier
from processes.store.tables import (
    Base,
    BufferedMessage,
    Dossier,
    HistoryEntry,
    Incident,
    Instance,
    InstancePart,
    Job,
    Subscription,
    UserTask,
)

ROWS: tuple[type[Base], ...] = (Job, UserTask, Incident, Subscription)
"""What belongs to an instance by ``instance_id``, and is plain text and JSON."""


def strike(connection: Connection, instance_id: str, needles: Needles) -> None:
    """Strike it out of all that is stored of an instance. Nobody may be at work on it."""
    if not needles.all:
        return
    _states(connection, instance_id, needles)
    _history(connection, instance_id, needles)
    for table in ROWS:
        for row in connection.execute(select(table.__table__).where(_of(table, instance_id))):
            strike_row(connection, table, row, needles)
    key = connection.scalar(select(Instance.key).where(Instance.id == instance_id))
    if key:
        for row in connection.execute(select(BufferedMessage.__table__).where(BufferedMessage.key == key)):
            strike_row(connection, BufferedMessage, row, needles)


def strike_row(connection: Connection, table: type[Base], row: Any, needles: Needles) -> bool:
    """Strike it out of the texts and JSON of a row of a table; whether there was anything."""
    values: dict[str, Any] = {}
    for column in inspect(table).columns:
        value = row._mapping[column.name]
        if column.primary_key or value is None:
            continue
        if isinstance(column.type, JSON):
            struck = needles.struck_json(value)
        elif isinstance(column.type, String | Text):
            struck = needles.struck(value)
            if isinstance(column.type, String) and column.type.length:
                struck = struck[: column.type.length]
        else:
            continue
        if struck != value:
            values[column.name] = struck
    if values:
        keys = [column == row._mapping[column.name] for column in inspect(table).primary_key]
        connection.execute(update(table).where(*keys).values(values))
    return bool(values)


def _states(connection: Connection, instance_id: str, needles: Needles) -> None:
    state = connection.scalar(select(Instance.state).where(Instance.id == instance_id))
    if state and (struck := _struck_state(state, needles)) != state:
        connection.execute(update(Instance).where(Instance.id == instance_id).values(state=struck))
    parts = select(InstancePart.name, InstancePart.body).where(InstancePart.instance_id == instance_id)
    for name, body in connection.execute(parts).all():
        if (struck := _struck_state(body, needles)) != body:
            own = (InstancePart.instance_id == instance_id, InstancePart.name == name)
            connection.execute(update(InstancePart).where(*own).values(body=struck))


def _struck_state(blob: bytes, needles: Needles) -> bytes:
    """The same when there is nothing in it."""
    if blob[:1] != FORMAT:  # of a release that kept states of SpiffWorkflow's: JSON, as it is
        return _struck_bytes(blob, needles)
    value = unpack(blob)
    struck = needles.struck_json(value)
    return blob if struck == value else pack(orjson.dumps(struck))


def _struck_bytes(body: bytes, needles: Needles) -> bytes:
    """JSON, compressed or not, in the same form; the same when there is nothing in it."""
    try:
        value = orjson.loads(plain(body))
    except orjson.JSONDecodeError:
        text = plain(body).decode("utf-8", "surrogateescape")
        struck = needles.struck(text)
        said = struck.encode("utf-8", "surrogateescape")
        return body if struck == text else compress(said) if body.startswith(FRAME) else said
    struck = needles.struck_json(value)
    if struck == value:
        return body
    return compress(orjson.dumps(struck)) if body.startswith(FRAME) else orjson.dumps(struck)


def _history(connection: Connection, instance_id: str, needles: Needles) -> None:
    rows = select(HistoryEntry.seq, HistoryEntry.input, HistoryEntry.versions)
    for seq, said, versions in connection.execute(rows.where(HistoryEntry.instance_id == instance_id)).all():
        values = {"input": _struck_bytes(said, needles), "versions": needles.struck_json(versions)}
        if values != {"input": said, "versions": versions}:
            connection.execute(update(HistoryEntry).where(HistoryEntry.seq == seq).values(values))
    body = connection.scalar(select(Dossier.body).where(Dossier.instance_id == instance_id))
    if body is None:
        return
    found = dossier.unpack(body)
    entries = [
        row._replace(input=_struck_bytes(row.input, needles), versions=needles.struck_json(row.versions))
        for row in found.history
    ]
    struck = dossier.Contents(entries, needles.struck_json(found.arguments))
    if struck != found:
        connection.execute(update(Dossier).where(Dossier.instance_id == instance_id).values(body=dossier.pack(struck)))


def _of(table: Any, instance_id: str) -> Any:
    return table.instance_id == instance_id
