"""What a case stands at beside its tasks: open incidents, timers, subscriptions and deadlines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Connection, Row, String, cast, literal, null, select, union_all

from processes.casework.calendar import WorkingCalendar
from processes.casework.views.head import Head
from processes.casework.views.lights import Light, light
from processes.casework.views.models import BOUNDARY, Models
from processes.store.tables import Deadline, Incident, Subscription, Timer


@dataclass(frozen=True)
class Term:
    """A deadline that runs, and of what."""

    name: str
    light: Light


@dataclass(frozen=True)
class Wait:
    """What is waited for beside people: a message, or a time (``due_at``). Clocks that the diagram stops stand still meanwhile."""

    name: str
    due_at: datetime | None


def waiting(connection: Connection, of: Head) -> Sequence[Any]:
    """Open incidents, timers, subscriptions and deadlines of the instance, in one query."""
    # Typed, for PostgreSQL takes what two parts leave open for text, which the third is not.
    no_time, no_text, no_flag = cast(null(), Deadline.warn_at.type), cast(null(), String), literal(False, Boolean)
    parts = (
        select(
            literal("incident", String).label("what"),
            Incident.element_id,
            Incident.created_at.label("at"),
            no_time.label("warn_at"),
            no_flag.label("provisional"),
            Incident.detail.label("text"),
            Incident.id.label("id"),
        ).where(Incident.instance_id == of.instance_id, Incident.resolved_at.is_(None)),
        select(
            literal("timer", String), Timer.element_id, Timer.due_at, no_time, Timer.provisional, no_text, Timer.task_id
        ).where(Timer.instance_id == of.instance_id),
        select(
            literal("message", String),
            Subscription.element_id,
            no_time,
            no_time,
            no_flag,
            no_text,
            Subscription.task_id,
        ).where(Subscription.instance_id == of.instance_id),
        select(
            literal("deadline", String),
            Deadline.element_id,
            Deadline.due_at,
            Deadline.warn_at,
            Deadline.provisional,
            no_text,
            Deadline.task_id,
        ).where(Deadline.instance_id == of.instance_id),
    )
    return connection.execute(union_all(*parts)).all()


def terms(
    rows: Sequence[Any], tasks: Sequence[Row[Any]], known: Models, calendar: WorkingCalendar, now: datetime
) -> tuple[Term, ...]:
    """Every deadline that runs, the nearest first."""
    running = [
        (row.at, row.warn_at, row.provisional, known.name(row.element_id)) for row in rows if row.what == "deadline"
    ]
    running += [
        (row.due_at, row.warn_at, row.provisional, known.task(row).name)
        for row in tasks
        if row.state == "open" and row.due_at is not None
    ]
    running.sort(key=lambda each: each[0])
    return tuple(Term(name, light(calendar, now, due, warn, provisional)) for due, warn, provisional, name in running)


def waits(rows: Sequence[Any], known: Models) -> tuple[Wait, ...]:
    """What the case stands at and waits for. What may come at any moment (an event at the edge of an activity) is not waited for."""
    tags = {element: tag for drawing in known.drawings.values() for element, tag in drawing.tags.items()}
    found = [
        Wait(known.name(row.element_id), row.at)
        for row in rows
        if row.what in ("timer", "message") and tags.get(row.element_id, BOUNDARY) != BOUNDARY
    ]
    return tuple(dict.fromkeys(each for each in found if each.name))
