"""One instance whole: where its tokens stand, its variables, what it waits for, what went wrong, and every command it has had."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from processes.casework.reference import Reference
from processes.casework.views.diagram import Diagram, Standing, diagrams
from processes.casework.views.models import Models, models
from processes.kernel.instance import RunningInstance, Stand
from processes.store import history
from processes.store.tables import (
    Case,
    Deadline,
    Definition,
    Incident,
    Instance,
    Job,
    Subscription,
    Timer,
    UserTask,
)

JOBS = 100
"""Jobs that are listed, the latest first."""

ENTRIES = 200
"""Commands that are listed, the latest first."""

LARGE = 4_000
"""Characters of a value's JSON from which on it is told of, and not shown."""


@dataclass(frozen=True)
class Value:
    """A variable. ``text``: its JSON, empty when it is ``large``; ``size``: characters of that; ``kind``: object, array, string, number, boolean or
    null."""

    name: str
    kind: str
    text: str
    size: int
    entries: int
    """of a context or list"""

    @property
    def large(self) -> bool:
        """Whether it is not shown."""
        return self.size > LARGE


@dataclass(frozen=True)
class Place:
    """A token. ``name``: the step's; ``waits``: kinds of what it waits for (user, job, message, signal, timer, condition); ``depth``: in how many
    activities it is."""

    id: str
    element_id: str
    name: str
    tag: str
    process: str
    state: str
    turn: int | str | None
    waits: tuple[str, ...]
    depth: int


@dataclass(frozen=True)
class InstancePage:
    """Everything the page shows. Rows of tables are as they are stored."""

    row: Row[Any]
    process: str
    place: str
    places: tuple[Place, ...]
    variables: tuple[Value, ...]
    timers: Sequence[Row[Any]]
    subscriptions: Sequence[Row[Any]]
    jobs: Sequence[Row[Any]]
    incidents: Sequence[Row[Any]]
    entries: Sequence[history.Entry]
    more: int
    """commands that are not listed"""
    diagrams: tuple[Diagram, ...]
    calls: Mapping[str, str]
    """call activity → the process whose diagram shows what is called"""
    relatives: Sequence[Row[Any]]
    names: Models

    @property
    def ended(self) -> bool:
        """Whether nothing is left to be done."""
        return self.row.ended_at is not None


def head(connection: Connection, instance_id: str, allowed: ColumnElement[bool]) -> Row[Any] | None:
    """An instance that is ``allowed`` (``access.instances_of``), with its case's number; None when there is no such."""
    statement = select(*_HEAD).outerjoin(Case, Case.instance_id == Instance.id)
    found: Row[Any] | None = connection.execute(statement.where(Instance.id == instance_id, allowed)).first()
    return found


def page(
    connection: Connection,
    reference: Reference,
    row: Row[Any],
    running: RunningInstance,
    allowed: ColumnElement[bool],
    now: datetime,
) -> InstancePage:
    """The whole page of an instance. ``running``: the same, as the engine sees it."""
    known = models(connection, row.definition_id, reference.language)
    entries = history.read(connection, row.id)
    jobs = _of(connection, Job, row.id, Job.created_at.desc(), JOBS)
    timers = _of(connection, Timer, row.id, Timer.due_at)
    subscriptions = _of(connection, Subscription, row.id, Subscription.message)
    incidents = _of(connection, Incident, row.id, Incident.created_at.desc())
    name = connection.execute(select(Definition.name).where(Definition.id == row.definition_id)).scalar()
    return InstancePage(
        row=row,
        process=known.process(row.process_id) or name or row.process_id,
        place=reference.place_name(row.place) if row.place else "",
        places=_places(running, known) if row.ended_at is None else (),
        variables=tuple(value_of(name, value) for name, value in sorted(running.data.items())),
        timers=timers,
        subscriptions=subscriptions,
        jobs=jobs,
        incidents=incidents,
        entries=entries[::-1][:ENTRIES],
        more=max(len(entries) - ENTRIES, 0),
        diagrams=diagrams(known, entries, _standing(connection, row.id, timers, subscriptions, incidents, now)),
        calls=known.calls,
        relatives=_relatives(connection, row, allowed),
        names=known,
    )


def entry(connection: Connection, instance_id: str, seq: int) -> history.Entry | None:
    """One command of an instance."""
    return next((each for each in history.read(connection, instance_id) if each.seq == seq), None)


def value_of(name: str, value: Any) -> Value:
    """A variable as it is shown."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    size = len(text)
    entries = len(value) if isinstance(value, dict | list) else 0
    return Value(name, _kind(value), "" if size > LARGE else text, size, entries)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    found = {dict: "object", list: "array", str: "string", type(None): "null"}
    return found.get(type(value), "number")


def _places(running: RunningInstance, known: Models) -> tuple[Place, ...]:
    """Tokens, those inside an activity after it."""
    waits: dict[str, list[str]] = {}
    for wait in running.waits():
        waits.setdefault(wait.task_id, []).append(wait.kind)
    stands = list(running.stands())
    inside: dict[str, list[Stand]] = {}
    for each in stands:
        inside.setdefault(each.within, []).append(each)
    found: list[Place] = []

    def add(within: str, depth: int) -> None:
        for each in inside.get(within, ()):
            element = each.element
            kinds = dict.fromkeys(kind for key in (each.id, *each.watches) for kind in waits.get(key, ()))
            drawing = known.drawings.get(element.process_id)
            found.append(
                Place(
                    each.id,
                    element.id,
                    known.element(element.process_id, element.id) or element.name or element.id,
                    element.tag,
                    drawing.name if drawing else element.process_id,
                    each.state,
                    each.turn,
                    tuple(kinds),
                    depth,
                )
            )
            add(each.id, depth + 1)

    add("", 0)
    return tuple(found)


def _standing(
    connection: Connection,
    instance_id: str,
    timers: Sequence[Row[Any]],
    subscriptions: Sequence[Row[Any]],
    incidents: Sequence[Row[Any]],
    now: datetime,
) -> Standing:
    tasks = connection.execute(select(*_TASKS).where(UserTask.instance_id == instance_id, UserTask.state == "open"))
    late = select(Deadline.element_id).where(Deadline.instance_id == instance_id, Deadline.due_at < now)
    return Standing(
        tasks=[(row.process_id, row.element_id, bool(row.due_at and now > row.due_at), row.role) for row in tasks],
        waits=[row.element_id for row in (*timers, *subscriptions)],
        late=list(connection.execute(late).scalars()),
        failed={row.element_id: row.detail for row in incidents if row.element_id and row.resolved_at is None},
    )


def _relatives(connection: Connection, row: Row[Any], allowed: ColumnElement[bool]) -> Sequence[Row[Any]]:
    """Instances of the same problem: of the same key, and those of the cases above and below."""
    statement = select(*_HEAD).outerjoin(Case, Case.instance_id == Instance.id)
    found: list[Any] = []
    if row.key:
        found += connection.execute(statement.where(Instance.key == row.key, allowed).limit(20)).all()
    # One at a time: looking for either at once, PostgreSQL reads all cases.
    near = [Case.parent == row.case_id] if row.case_id else []
    for each in (*near, *([Case.id == row.parent] if row.parent else [])):
        found += connection.execute(statement.where(each, allowed).limit(20)).all()
    return list({each.id: each for each in found if each.id != row.id}.values())


def _of(connection: Connection, table: Any, instance_id: str, order: Any, most: int = 500) -> Sequence[Row[Any]]:
    statement = select(table.__table__).where(table.instance_id == instance_id).order_by(order).limit(most)
    return connection.execute(statement).all()


_HEAD: tuple[Any, ...] = (
    Instance.id,
    Instance.definition_id,
    Instance.process_id,
    Instance.place,
    Instance.key,
    Instance.status,
    Instance.version,
    Instance.created_at,
    Instance.ended_at,
    Case.number,
    Case.id.label("case_id"),
    Case.parent,
)
_TASKS = (UserTask.process_id, UserTask.element_id, UserTask.due_at, UserTask.role)
