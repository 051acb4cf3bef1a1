"""The append-only history: one entry a command, with its full input, and what it ran through.

Cases are kept for decades, so an entry repeats nothing that is known from elsewhere: the names of elements stand in the definition, the command's
id, kind and actor in columns of their own, the versions of reference data in the entry in which they changed. Entries of older releases, which
repeated all of it, are read the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import bindparam, outerjoin, select
from sqlalchemy.engine import Connection

from processes.packing import compress, plain
from processes.store import dossier
from processes.store.bulk import Insert, Writes
from processes.store.tables import Dossier, HistoryEntry, Instance

LONG = 320
"""Bytes from which on an entry's texts are compressed: below that it saves little, and whatever is filed is compressed once more anyway."""

StepLine = tuple[str, str, str]
"""What happened: element id, process id, and ``entered``, ``completed``, ``caught`` or ``cancelled``."""

Fired = tuple[str, str, Sequence[str]]
"""A decision that was taken: element id, decision id, and the ids of the rules that fired."""

_NEW = Insert(HistoryEntry, "instance_id", "command_id", "kind", "actor", "at", "input", "steps", "versions")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A command as the history keeps it. ``steps`` and ``decisions`` in the order they happened; ``versions``: of the definition and of
    reference data."""

    seq: int
    instance_id: str
    command_id: str
    kind: str
    actor: str | None
    at: datetime
    input: dict[str, Any]
    steps: Sequence[StepLine]
    versions: Mapping[str, Any]
    decisions: Sequence[Fired]


def append(
    writes: Writes,
    instance_id: str,
    command_id: str,
    kind: str,
    actor: str | None,
    at: datetime,
    *,
    input: Mapping[str, Any],
    steps: Iterable[StepLine],
    versions: Mapping[str, Any],
    decisions: Sequence[Fired] = (),
) -> None:
    """Add an entry (see :class:`Entry`) to a unit of work. ``versions``: those that the entry before did not have."""
    said = {name: value for name, value in input.items() if name not in _COLUMNS}
    body, path = _packed(orjson.dumps(said)), _packed(_path(steps).encode())
    if decisions:
        versions = {**versions, _DECISIONS: [" ".join((element, name, *rules)) for element, name, rules in decisions]}
    writes.add(_NEW, instance_id, command_id, kind, actor, at, body, path, versions)


def read(connection: Connection, instance_id: str) -> list[Entry]:
    """An instance's whole history, oldest first. What was gone through before it was taken to another version of its process is told by the ids that
    the elements have there, as far as there are such."""
    filed, definition = connection.execute(_HEAD, {"i": instance_id}).one_or_none() or (None, None)
    rows = dossier.unpack(filed).history if filed else []
    return _entries(instance_id, definition, [*rows, *rows_of(connection, instance_id)])


def read_all(connection: Connection, definitions: Mapping[str, str]) -> dict[str, list[Entry]]:
    """The whole histories of several instances, given with their definitions, in two queries."""
    rows: dict[str, list[dossier.Row]] = {each: [] for each in definitions}
    for instance_id, body in connection.execute(_FILED, {"ids": list(rows)}):
        rows[instance_id] += dossier.unpack(body).history
    for instance_id, *columns in connection.execute(_ALL_ROWS, {"ids": list(rows)}):
        rows[instance_id].append(dossier.Row(*columns))
    return {each: _entries(each, definitions[each], found) for each, found in rows.items()}


def _entries(instance_id: str, definition: str | None, rows: Iterable[dossier.Row]) -> list[Entry]:
    entries, known = list[Entry](), dict[str, Any]()
    for row in rows:
        columns = {"kind": row.kind, "id": row.command_id, "actor": row.actor}
        known |= {"definition": definition, **row.versions}
        fired = known.pop(_DECISIONS, ())
        entries.append(
            Entry(
                seq=row.seq,
                instance_id=instance_id,
                command_id=row.command_id,
                kind=row.kind,
                actor=row.actor,
                at=row.at,
                input={**columns, **orjson.loads(plain(row.input))},
                steps=_steps(plain(row.steps)),
                versions=dict(known),
                decisions=[_fired(each) for each in fired],
            )
        )
    return _as_now(entries) if any(entry.kind == MIGRATED for entry in entries) else entries


MIGRATED = "Migrate"
"""The kind of the command that takes an instance to another version."""


def _as_now(entries: Sequence[Entry]) -> list[Entry]:
    """The entries before each migration: on the version that they met, with the steps that they went through as they are called now."""
    found, names, definition = list[Entry](), dict[str, str](), None
    for entry in reversed(entries):
        steps = [_called(step, names) for step in entry.steps] if names else entry.steps
        versions = entry.versions if definition is None else {**entry.versions, "definition": definition}
        found.append(replace(entry, steps=steps, versions=versions))
        if entry.kind == MIGRATED:
            definition, mapping = entry.input["source"], entry.input["mapping"]
            names = {source: names.get(target, target) for source, target in mapping.items()}
    return found[::-1]


def _called(step: StepLine, names: Mapping[str, str]) -> StepLine:
    element, process, what = step
    target = names.get(f"{process}/{element}")
    if target is None:
        return step
    process, _, element = target.partition("/")
    return element, process, what


def rows_of(connection: Connection, instance_id: str) -> list[dossier.Row]:
    """The rows of an instance's history that are not filed, oldest first."""
    return [dossier.Row(*row) for row in connection.execute(_ROWS, {"i": instance_id})]


_HEAD = (
    select(Dossier.body, Instance.definition_id)
    .select_from(outerjoin(Instance, Dossier, Dossier.instance_id == Instance.id))
    .where(Instance.id == bindparam("i"))
)
_ROWS = (
    select(*(HistoryEntry.__table__.c[name] for name in dossier.Row._fields))
    .where(HistoryEntry.instance_id == bindparam("i"))
    .order_by(HistoryEntry.seq)
)

_FILED = select(Dossier.instance_id, Dossier.body).where(Dossier.instance_id.in_(bindparam("ids", expanding=True)))
_ALL_ROWS = (
    select(HistoryEntry.instance_id, *(HistoryEntry.__table__.c[name] for name in dossier.Row._fields))
    .where(HistoryEntry.instance_id.in_(bindparam("ids", expanding=True)))
    .order_by(HistoryEntry.instance_id, HistoryEntry.seq)
)

_COLUMNS = ("kind", "id", "actor")
"""What of a command's JSON has columns of its own."""


def _packed(body: bytes) -> bytes:
    return compress(body) if len(body) > LONG else body


_DECISIONS = "decisions"


def _fired(kept: str | Mapping[str, Any]) -> Fired:
    """From a line of ids, or from what older releases wrote."""
    if isinstance(kept, Mapping):
        return kept["element"], kept["decision"], tuple(kept["rules"])
    element, decision, *rules = kept.split(" ")
    return element, decision, tuple(rules)


# -- steps -----------------------------------------------------------------------------------------------------------

_MARKS = {"entered": "+", "completed": "-", "caught": "!", "cancelled": "x"}
_AT_ONCE = "="
"""entered and completed"""
_MEANINGS = {mark: (what,) for what, mark in _MARKS.items()} | {_AT_ONCE: ("entered", "completed")}
_PROCESS = "@"


def _path(steps: Iterable[StepLine]) -> str:
    """Steps in one line: ``@process`` where the process changes, then ids with a mark each. (Ids of BPMN hold none of these signs where they
    would be misread: no space, and no ``@``.)

    >>> _path([("one", "p", "entered"), ("one", "p", "completed"), ("two", "p", "entered"), ("start", "q", "caught")])
    '@p one= two+ @q start!'
    """
    words, process = list[str](), ""
    for element, within, what in steps:
        if within != process:
            process = within
            words.append(f"{_PROCESS}{within}")
        entered = f"{element}{_MARKS['entered']}"
        if what == "completed" and words[-1:] == [entered]:
            words[-1] = f"{element}{_AT_ONCE}"
        else:
            words.append(f"{element}{_MARKS[what]}")
    return " ".join(words)


def _steps(body: bytes) -> list[StepLine]:
    """What :func:`_path` put into a line; or the JSON of older releases: [[element, process, what, name], …].

    >>> _steps(b"@p one= two+")
    [('one', 'p', 'entered'), ('one', 'p', 'completed'), ('two', 'p', 'entered')]
    """
    if body.startswith(b"["):
        return [(element, process, what) for element, process, what, *_ in orjson.loads(body)]
    found, process = list[StepLine](), ""
    for word in body.decode().split():
        if word.startswith(_PROCESS):
            process = word.removeprefix(_PROCESS)
        else:
            found += [(word[:-1], process, what) for what in _MEANINGS[word[-1]]]
    return found
