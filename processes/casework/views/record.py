"""A case's record for programs: everything that happened and is open, by element ids and codes, times and names beside them.

What the API answers for one case. People read the case page (``views/case.py``); programs (the command line, the tour) read this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from processes.casework import access, people
from processes.casework.calendar import WorkingCalendar
from processes.casework.reference import Reference
from processes.casework.views.head import Head
from processes.casework.views.models import Models, models
from processes.casework.views.timeline import TaskFact, timeline
from processes.store import history
from processes.store.tables import Case, CaseStage, Incident, Instance, Job, Note, Subscription, Timer, UserTask


@dataclass(frozen=True)
class StageReached:
    """A stage that the case reached. ``day``: working days since the case was opened."""

    stage: str
    name: str
    at: datetime
    day: int


@dataclass(frozen=True)
class TaskRecord:
    """A person's task. ``state``: open, completed or cancelled; ``people``: who may do it now, while it is open."""

    id: str
    element: str
    name: str
    state: str
    role: str
    place: str
    organisation: str | None
    organisation_name: str
    assignee: str | None
    created_at: datetime
    due_at: datetime | None
    warn_at: datetime | None
    ended_at: datetime | None
    completed_by: str | None
    completed_by_name: str
    people: tuple[str, ...]


@dataclass(frozen=True)
class JobRecord:
    """A job for an external system. ``state``: open, done, failed or cancelled."""

    id: str
    element: str
    name: str
    topic: str
    state: str
    attempts: int
    created_at: datetime
    ended_at: datetime | None
    error: str | None


@dataclass(frozen=True)
class NoticeRecord:
    """A notice that was sent. ``day``: working days since the case was opened."""

    kind: str
    to: Mapping[str, Any]
    at: datetime
    day: int


@dataclass(frozen=True)
class Waiting:
    """What the case waits for beside people and jobs: a message (``message``) or a time (``due_at``)."""

    element: str
    message: str | None = None
    due_at: datetime | None = None


@dataclass(frozen=True)
class IncidentRecord:
    """An open incident."""

    id: str
    element: str | None
    kind: str
    detail: str
    at: datetime


@dataclass(frozen=True)
class EventRecord:
    """A line of the timeline. ``kind``: start, person, system, message, timer or trouble; ``message``: which one came in."""

    at: datetime
    kind: str
    title: str
    who: str
    message: str | None = None


@dataclass(frozen=True)
class CaseRecord:
    """The whole record of a case. ``parent`` and ``children`` are numbers: the same problem at the places below and above."""

    head: Head
    parent: str | None
    children: tuple[str, ...]
    stages: tuple[StageReached, ...]
    tasks: tuple[TaskRecord, ...]
    jobs: tuple[JobRecord, ...]
    notices: tuple[NoticeRecord, ...]
    waits: tuple[Waiting, ...]
    incidents: tuple[IncidentRecord, ...]
    events: tuple[EventRecord, ...]


def record(
    connection: Connection, reference: Reference, calendar: WorkingCalendar, of: Head, now: datetime
) -> CaseRecord:
    """The record of a case."""
    tasks = connection.execute(
        select(UserTask.__table__).where(UserTask.case_id == of.id).order_by(UserTask.created_at, UserTask.id)
    ).all()
    definition = connection.scalar(select(Instance.definition_id).where(Instance.id == of.instance_id)) or ""
    drawn = models(connection, definition)
    names = {stage.code: stage.name for stage in reference.stages}
    reached = connection.execute(
        select(CaseStage.stage, CaseStage.at).where(CaseStage.case_id == of.id).order_by(CaseStage.id)
    )
    notes = connection.execute(select(Note.__table__).where(Note.case_id == of.id).order_by(Note.at))
    related = connection.execute(
        select(Case.id, Case.number, Case.parent)
        .where((Case.parent == of.id) | (Case.id == of.parent))
        .order_by(Case.opened_at)
    )
    family = related.all()
    return CaseRecord(
        head=of,
        parent=next((row.number for row in family if row.id == of.parent), None),
        children=tuple(row.number for row in family if row.parent == of.id),
        stages=tuple(
            StageReached(
                row.stage, names.get(row.stage, row.stage), row.at, calendar.working_days_between(of.opened_at, row.at)
            )
            for row in reached
        ),
        tasks=tuple(task_record(row, reference, calendar, now) for row in tasks),
        jobs=_jobs(connection, of.instance_id, drawn),
        notices=tuple(
            NoticeRecord(row.kind, row.recipient, row.at, calendar.working_days_between(of.opened_at, row.at))
            for row in notes
        ),
        waits=_waits(connection, of.instance_id),
        incidents=_incidents(connection, of.instance_id),
        events=_events(connection, reference, of, tasks, drawn),
    )


def task_record(row: Row[Any], reference: Reference, calendar: WorkingCalendar, now: datetime) -> TaskRecord:
    """A row of ``UserTask`` as a record."""
    return TaskRecord(
        id=row.id,
        element=row.element_id,
        name=row.name,
        state=row.state,
        role=row.role,
        place=row.place,
        organisation=row.organisation,
        organisation_name=reference.organisation_name(row.organisation) if row.organisation else "",
        assignee=row.assignee,
        created_at=row.created_at,
        due_at=row.due_at,
        warn_at=row.warn_at,
        ended_at=row.ended_at,
        completed_by=row.completed_by,
        completed_by_name=reference.person_name(row.completed_by) if row.completed_by else "",
        people=_people(row, reference, calendar, now) if row.state == "open" else (),
    )


def _people(row: Row[Any], reference: Reference, calendar: WorkingCalendar, now: datetime) -> tuple[str, ...]:
    """Who may do a task today: its assignee or the holders of its role, and their substitutes, as access allows."""
    held = [each.person for each in reference.duties if each.role == row.role and each.place == row.place]
    likely = [row.assignee] if row.assignee else held
    likely += [each.substitute for each in reference.substitutes if each.person in likely]
    today = calendar.local_date(now)
    return tuple(
        each
        for each in dict.fromkeys(likely)
        if access.may_do(people.authority(reference, each, today), reference, row)
    )


def _jobs(connection: Connection, instance_id: str, drawn: Models) -> tuple[JobRecord, ...]:
    names = {element: name for drawing in drawn.drawings.values() for element, name in drawing.names.items()}
    rows = connection.execute(
        select(Job.__table__).where(Job.instance_id == instance_id).order_by(Job.created_at, Job.id)
    )
    return tuple(
        JobRecord(
            row.id,
            row.element_id,
            names.get(row.element_id, ""),
            row.topic,
            row.state,
            row.attempts,
            row.created_at,
            row.ended_at,
            row.error,
        )
        for row in rows
    )


def _waits(connection: Connection, instance_id: str) -> tuple[Waiting, ...]:
    timers = connection.execute(
        select(Timer.element_id, Timer.due_at).where(Timer.instance_id == instance_id).order_by(Timer.due_at)
    )
    found = [Waiting(row.element_id, due_at=row.due_at) for row in timers]
    messages = connection.execute(
        select(Subscription.element_id, Subscription.message)
        .where(Subscription.instance_id == instance_id)
        .order_by(Subscription.element_id, Subscription.message)
    )
    return (*found, *(Waiting(row.element_id, row.message) for row in messages))


def _incidents(connection: Connection, instance_id: str) -> tuple[IncidentRecord, ...]:
    rows = connection.execute(
        select(Incident.__table__)
        .where(Incident.instance_id == instance_id, Incident.resolved_at.is_(None))
        .order_by(Incident.created_at)
    )
    return tuple(IncidentRecord(row.id, row.element_id, row.kind, row.detail, row.created_at) for row in rows)


def _events(
    connection: Connection, reference: Reference, of: Head, tasks: Sequence[Row[Any]], drawn: Models
) -> tuple[EventRecord, ...]:
    facts = {row.id: TaskFact(row.id, row.name, row.form, row.element_id) for row in tasks}
    entries = history.read(connection, of.instance_id)
    came = {entry.at: str(entry.input.get("message") or "") for entry in entries if entry.kind == "Correlate"}
    told = timeline(entries, drawn, facts, (), (), reference.person_name)
    return tuple(
        EventRecord(
            each.at, each.kind, each.title, each.who, came.get(each.at) if each.kind in ("message", "start") else None
        )
        for each in told
    )
