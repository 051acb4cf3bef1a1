"""Instances found by anything that is known of them. However many there are, a page costs the same.

Each search goes along one index, the one of what is rarest: an id, an open incident, a message that is waited for, a job's topic, the element
stood at, being suspended; failing all of these, the ids themselves, which begin with the time of the start. What else is asked for is held against
what comes along; after :data:`MOST` of them the page says how far it has come, and the next one goes on from there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, select

from processes.casework.reference import Reference
from processes.casework.views.instances.criteria import Criteria
from processes.casework.views.instances.sources import HERE, Source, sources_of
from processes.casework.views.models import models
from processes.languages import CHINESE
from processes.store.tables import JOB_IS_OPEN, TASK_IS_OPEN, Case, Definition, Incident, Instance, Job, UserTask

PAGE = 30
"""Lines of a page: as many as the inbox has."""

FIRST = 100
"""Rows that a page looks at first; twice as many each time, as long as it is not full."""

MOST = 1_000
"""Rows that a page looks at, at most."""


@dataclass(frozen=True)
class InstanceLine:
    """An instance as a row of a list. ``at``: names of the steps where something is waited for; ``incidents``: how many are open."""

    id: str
    number: str
    key: str
    process_id: str
    process: str
    version: str
    place: str
    status: str
    created_at: datetime
    ended_at: datetime | None
    at: tuple[str, ...]
    incidents: int


class Found(NamedTuple):
    """A page. ``position``: from where the next page goes on, None when there is nothing left; ``whole``: it is as full as a page gets, so the search
    has not stopped for having looked at enough."""

    lines: tuple[InstanceLine, ...]
    position: list[Any] | None
    whole: bool


def find(
    connection: Connection,
    reference: Reference,
    criteria: Criteria,
    allowed: ColumnElement[bool],
    position: Sequence[Any] | None = None,
) -> Found:
    """A page of the instances that are ``allowed`` (``access.instances_of``)."""
    rows, further = page(connection, reference, criteria, allowed, position)
    return Found(_lines(connection, reference, rows), further, len(rows) == PAGE)


def page(
    connection: Connection,
    reference: Reference,
    criteria: Criteria,
    allowed: ColumnElement[bool],
    position: Sequence[Any] | None = None,
) -> tuple[list[Row[Any]], list[Any] | None]:
    """Like :func:`find`, the bare rows; and the position after them."""
    places = set(reference.under(criteria.place)) if criteria.place else None
    rows: list[Row[Any]] = []
    seen = set[str]()
    for source, start in _from(sources_of(connection, criteria), position):
        looked, at, most = 0, start, FIRST
        while True:
            most = min(most, source.chunk)
            steps, more = source.take(connection, at, most)
            known = rows_of(connection, {each.instance_id for each in steps}, allowed)
            for step in steps:
                row = known.get(step.instance_id)
                if row is not None and row.id not in seen and _fits(row, criteria, places):
                    seen.add(row.id)
                    rows.append(row)
                    if len(rows) == PAGE:
                        return rows, [source.number, *step.position]
            looked, most = looked + most, 2 * most
            if not more:
                break
            at = more
            if looked >= MOST:
                return rows, [source.number, *at]
    return rows, None


def _from(found: Sequence[Source], position: Sequence[Any] | None) -> Iterator[tuple[Source, Sequence[Any] | None]]:
    number, at = (int(position[0]), position[1:]) if position else (0, None)
    for source in found:
        if source.number >= number:
            yield source, at if source.number == number else None


def rows_of(connection: Connection, ids: Collection[str], allowed: ColumnElement[bool]) -> dict[str, Row[Any]]:
    """Those of these instances that are allowed, by their ids."""
    if not ids:
        return {}
    statement = select(*_COLUMNS).outerjoin(Case, Case.instance_id == Instance.id)
    rows: Iterable[Row[Any]] = connection.execute(statement.where(Instance.id.in_(sorted(ids)), allowed))
    return {row.id: row for row in rows}


def _fits(row: Row[Any], criteria: Criteria, places: Collection[str] | None) -> bool:
    state = criteria.state if criteria.state != "incident" else ""
    return (
        (not criteria.process or row.process_id == criteria.process)
        and row.definition_id.startswith(criteria.version)
        and (not state or row.status == state)
        and (places is None or row.place in places)
        and (not criteria.since or _day(row.created_at) >= criteria.since)
        and (not criteria.until or _day(row.created_at) <= criteria.until)
    )


def _day(at: datetime) -> str:
    return at.astimezone(HERE).date().isoformat()


def _lines(connection: Connection, reference: Reference, rows: Sequence[Row[Any]]) -> tuple[InstanceLine, ...]:
    ids = [row.id for row in rows]
    standing: dict[str, dict[str, None]] = {}
    incidents: dict[str, int] = {}
    names = _names(connection, rows, reference.language)
    if ids:
        tasks = select(UserTask.instance_id, UserTask.element_id).where(UserTask.instance_id.in_(ids), TASK_IS_OPEN)
        jobs = select(Job.instance_id, Job.element_id).where(Job.instance_id.in_(ids), JOB_IS_OPEN)
        failed = select(Incident.instance_id, Incident.element_id)
        failed = failed.where(Incident.instance_id.in_(ids), Incident.resolved_at.is_(None))
        troubles = connection.execute(failed).all()
        for instance, element in (*connection.execute(tasks), *connection.execute(jobs), *troubles):
            if instance and element:
                standing.setdefault(instance, {})[element] = None
        for instance, _ in troubles:
            incidents[str(instance)] = incidents.get(str(instance), 0) + 1
    return tuple(
        InstanceLine(
            row.id,
            row.number or "",
            row.key or "",
            row.process_id,
            names.get(row.definition_id, row.process_id),
            row.definition_id[:8],
            reference.place_name(row.place) if row.place else "",
            row.status,
            row.created_at,
            row.ended_at,
            tuple(
                models(connection, row.definition_id, reference.language).name(each) or each
                for each in standing.get(row.id, ())
            ),
            incidents.get(row.id, 0),
        )
        for row in rows
    )


def _names(connection: Connection, rows: Sequence[Row[Any]], language: str) -> dict[str, str]:
    wanted = {row.definition_id for row in rows}
    if not wanted:
        return {}
    statement = select(Definition.id, Definition.name, Definition.process_id).where(Definition.id.in_(wanted))
    found = connection.execute(statement).all()
    if language == CHINESE:
        return {row.id: row.name for row in found}
    return {row.id: models(connection, row.id, language).process(row.process_id) or row.name for row in found}


_COLUMNS = (
    Instance.id,
    Instance.definition_id,
    Instance.process_id,
    Instance.place,
    Instance.key,
    Instance.status,
    Instance.created_at,
    Instance.ended_at,
    Case.number,
)
