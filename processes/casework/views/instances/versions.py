"""The versions of processes: which is in force where, who put it there, and what two of them differ in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from processes.casework.views.models import Drawing, models, read_drawings
from processes.languages import CHINESE
from processes.notation import difference
from processes.notation.bundle import content_hash, kind_of_file
from processes.notation.difference import Change, Detail, TableChange
from processes.store.tables import AuditEntry, Definition, InForce, ModelFile

SHOWN = 50
"""Versions of a process that are listed, the newest first."""

DEPLOYED = "model.deploy"
"""The audit log's entries of it are about ``definition:ID``."""


@dataclass(frozen=True)
class Version:
    """A version of a process. ``by``: who put it into force first, as far as the audit log still says; ``places``: where it is in force, and
    since when, "" = everywhere that has none of its own."""

    id: str
    created_at: datetime
    by: str
    places: Mapping[str, datetime]


@dataclass(frozen=True)
class DiagramChange:
    """A diagram of which something has changed: what it is called, and each side's drawing, if it has one."""

    name: str
    old: Drawing | None
    new: Drawing | None
    changes: Sequence[Change]


@dataclass(frozen=True)
class FormChange:
    """A form of which something has changed. ``title``: what it is called; ``fields``: what its fields are called."""

    name: str
    title: str
    fields: Mapping[str, str]
    details: Sequence[Detail]


@dataclass(frozen=True)
class Difference:
    """What has changed from one version to another."""

    diagrams: Sequence[DiagramChange]
    tables: Sequence[TableChange]
    forms: Sequence[FormChange]

    def __bool__(self) -> bool:
        return bool(self.diagrams or self.tables or self.forms)


def of(connection: Connection, process: str) -> Sequence[Version]:
    """The versions of a process, the newest first."""
    statement = select(Definition.id, Definition.created_at).where(Definition.process_id == process)
    rows = connection.execute(statement.order_by(Definition.created_at.desc(), Definition.id).limit(SHOWN)).all()
    force = select(InForce.definition_id, InForce.place, InForce.since).where(InForce.process_id == process)
    places: dict[str, dict[str, datetime]] = {}
    for row in connection.execute(force.order_by(InForce.place)):
        places.setdefault(row.definition_id, {})[row.place] = row.since
    by = deployed_by(connection, [row.id for row in rows])
    return [Version(row.id, row.created_at, by.get(row.id, ""), places.get(row.id, {})) for row in rows]


def deployed_by(connection: Connection, definitions: Iterable[str]) -> Mapping[str, str]:
    """Who put each definition into force first, as far as the audit log still says."""
    about = [f"definition:{each}" for each in definitions]
    entries = select(AuditEntry.about, AuditEntry.by).where(AuditEntry.about.in_(about), AuditEntry.act == DEPLOYED)
    by: dict[str, str] = {}
    for entry in connection.execute(entries.order_by(AuditEntry.seq)):
        by.setdefault(entry.about.removeprefix("definition:"), entry.by)
    return by


def differing(connection: Connection, old: str, new: str, language: str) -> Difference:
    """What has changed between two versions of a process."""
    drawn = _drawings(connection, (old, new), language)
    return _between(_files(connection, old), _files(connection, new), drawn, language)


def changed_by(connection: Connection, old: str, edited: Mapping[str, bytes], language: str) -> Difference:
    """What edited files change of a version of a process."""
    before, drawn = _files(connection, old), _drawings(connection, (old,), language)
    after = dict(before)
    for name, body in edited.items():
        file = after[name] = _File(content_hash(body), kind_of_file(name, body), body)
        for drawing in read_drawings(body, file.hash, language) if file.kind == "bpmn" else ():
            drawn.setdefault(file.hash, drawing)
    return _between(before, after, drawn, language)


def _between(
    before: Mapping[str, _File], after: Mapping[str, _File], drawn: Mapping[str, Drawing], language: str
) -> Difference:
    diagrams, tables, forms = list[DiagramChange](), list[TableChange](), list[FormChange]()
    for name in [*after, *(each for each in before if each not in after)]:
        was, now = before.get(name, _NONE), after.get(name, _NONE)
        if was.hash == now.hash:
            continue
        kind = now.kind or was.kind
        if kind == "bpmn":
            if changes := difference.diagrams(was.body, now.body):
                sides = drawn.get(was.hash), drawn.get(now.hash)
                title = next((each.name for each in reversed(sides) if each is not None), name)
                diagrams.append(DiagramChange(title, *sides, changes))
        elif kind == "dmn":
            tables += difference.decisions(was.body, now.body)
        elif details := difference.forms(was.body, now.body):
            forms.append(FormChange(name.rsplit("/", 1)[-1], *_titles(now.body or was.body, language), details))
    return Difference(diagrams, tables, forms)


def _titles(body: bytes | None, language: str) -> tuple[str, Mapping[str, str]]:
    """What a form and its fields are called."""
    form = json.loads(body) if body else {}
    key = "title" if language == CHINESE else "x-title-en"
    of = partial(_title, key)
    return of(form), {name: of(each) or name for name, each in (form.get("properties") or {}).items()}


def _title(key: str, of: Any) -> str:
    return str(of.get(key) or of.get("title") or "") if isinstance(of, dict) else ""


class _File(NamedTuple):
    """A file of a version."""

    hash: str
    kind: str
    body: bytes | None


_NONE = _File("", "", None)


def _files(connection: Connection, definition_id: str) -> dict[str, _File]:
    files = connection.execute(select(Definition.files).where(Definition.id == definition_id)).scalar() or {}
    rows = select(ModelFile.hash, ModelFile.kind, ModelFile.body).where(ModelFile.hash.in_(list(files.values())))
    bodies = {row.hash: _File(*row) for row in connection.execute(rows)}
    return {name: bodies[digest] for name, digest in files.items() if digest in bodies}


def _drawings(connection: Connection, definitions: Iterable[str], language: str) -> dict[str, Drawing]:
    """The first process of each file, by the file's hash."""
    found: dict[str, Drawing] = {}
    for each in definitions:
        for drawing in models(connection, each, language).drawings.values():
            found.setdefault(drawing.hash, drawing)
    return found
