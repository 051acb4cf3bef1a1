"""异常: what could not be done and waits for a person."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, or_, select

from processes.casework.reference import Reference
from processes.casework.views.models import models
from processes.store.tables import Case, Incident, Instance, Job

LIMIT = 50

LOOKED_AT = 500
"""Open incidents that are put together by their causes."""

BEGINNING = 60
"""Characters of a reason that make it the same: what comes after tells the one from the other."""


@dataclass(frozen=True)
class IncidentLine:
    """An open incident as a row of a list. ``element`` is the name of the step on the diagram."""

    id: str
    kind: str
    detail: str
    element: str
    element_id: str
    number: str
    place: str
    at: datetime
    instance_id: str | None
    attempts: int


@dataclass(frozen=True)
class Cause:
    """Open incidents of the same kind, at the same step, whose reasons begin the same."""

    kind: str
    element: str
    reason: str
    words: str
    """the beginning of the reason, by which they are found"""
    count: int
    since: datetime


def causes(lines: Sequence[IncidentLine]) -> tuple[Cause, ...]:
    """Incidents put together by their causes, the most frequent first."""
    groups: dict[tuple[str, str, str], list[IncidentLine]] = {}
    for line in lines:
        groups.setdefault((line.kind, line.element_id, line.detail[:BEGINNING].strip()), []).append(line)
    found = (
        Cause(kind, each[0].element, each[0].detail, words, len(each), min(line.at for line in each))
        for (kind, _, words), each in groups.items()
    )
    return tuple(sorted(found, key=lambda cause: (-cause.count, cause.since)))


def open_incidents(
    connection: Connection, reference: Reference, places: Collection[str] | None = None, limit: int = LIMIT
) -> tuple[IncidentLine, ...]:
    """The open incidents of instances at ``places`` (None: everywhere), the latest first; those of no instance are everybody's."""
    statement = (
        select(
            Incident.__table__,
            Instance.definition_id,
            Instance.place,
            Instance.process_id,
            Case.number,
            Job.attempts,
        )
        .outerjoin(Instance, Instance.id == Incident.instance_id)
        .outerjoin(Case, Case.instance_id == Incident.instance_id)
        .outerjoin(Job, Job.id == Incident.task_id)
        .where(Incident.resolved_at.is_(None))
        .order_by(Incident.created_at.desc())
        .limit(limit)
    )
    if places is not None:
        statement = statement.where(or_(Instance.place.in_(places), Instance.id.is_(None)))
    found = []
    for row in connection.execute(statement):
        element = row.element_id or ""
        found.append(
            IncidentLine(
                id=row.id,
                kind=row.kind,
                detail=row.detail,
                element=_named(connection, row.definition_id, element, reference.language),
                element_id=element,
                number=row.number or "",
                place=reference.place_name(row.place) if row.place else "",
                at=row.created_at,
                instance_id=row.instance_id,
                attempts=row.attempts or 0,
            )
        )
    return tuple(found)


def is_within(connection: Connection, incident_id: str, places: Collection[str]) -> bool:
    """Whether an incident is of an instance at ``places``, or of none."""
    statement = (
        select(Incident.id)
        .outerjoin(Instance, Instance.id == Incident.instance_id)
        .where(Incident.id == incident_id, or_(Instance.place.in_(places), Instance.id.is_(None)))
    )
    return connection.execute(statement).first() is not None


def _named(connection: Connection, definition_id: str | None, element: str, language: str) -> str:
    if not definition_id or not element:
        return ""
    return models(connection, definition_id, language).name(element)
