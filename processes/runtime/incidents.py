"""What could not be done: kept whole, shown to a person, retried or skipped."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection, Row

from processes.errors import BihuanError
from processes.runtime import commands as c
from processes.store.bulk import Insert, Writes
from processes.store.tables import Incident


class NoIncident(BihuanError):
    """There is no such open incident."""

    def __init__(self, incident_id: str) -> None:
        super().__init__("该异常不存在或已处理", f"no open incident {incident_id}", incident=incident_id)


def record(
    connection: Connection,
    *,
    instance_id: str | None,
    task_id: str | None,
    element_id: str | None,
    kind: str,
    detail: str,
    command: c.Command,
    now: datetime,
) -> str:
    """Write an incident down; returns its id. ``kind``: step-failed, stalled, job-failed, business-error, ambiguous-message."""
    identity = str(uuid4())
    values = (identity, instance_id, task_id, element_id, kind, detail, c.to_json(command), now)
    connection.execute(insert(Incident), dict(zip(_NEW.columns.names, values, strict=True)))
    return identity


def add_unfit_job(writes: Writes, job: Mapping[str, Any], now: datetime) -> None:
    """No worker could take a job with these arguments: like :func:`record`, among the rows of a unit of work, which may make the instance."""
    command = c.FailJob(f"{job['id']}:unfit", job["id"], job["error"], final=True)
    row = (job["instance_id"], job["id"], job["element_id"], "job-failed", job["error"], c.to_json(command), now)
    writes.add(_NEW, str(uuid4()), *row)


_NEW = Insert(Incident, "id", "instance_id", "task_id", "element_id", "kind", "detail", "command", "created_at")


def open_one(connection: Connection, incident_id: str) -> Row[tuple[object, ...]]:
    """The open incident, locked. Raises :class:`NoIncident`."""
    row = connection.execute(
        select(Incident.__table__).where(Incident.id == incident_id, Incident.resolved_at.is_(None)).with_for_update()
    ).first()
    if row is None:
        raise NoIncident(incident_id)
    return row


def close(connection: Connection, incident_id: str, resolution: str, now: datetime) -> None:
    """The incident has been dealt with."""
    connection.execute(
        update(Incident).where(Incident.id == incident_id).values(resolved_at=now, resolution=resolution)
    )


def close_all(connection: Connection, instance_id: str, resolution: str, now: datetime) -> None:
    """Nothing of an instance is left to be done."""
    connection.execute(
        update(Incident)
        .where(Incident.instance_id == instance_id, Incident.resolved_at.is_(None))
        .values(resolved_at=now, resolution=resolution)
    )


def close_gone(
    connection: Connection, instance_id: str, waiting: Collection[str], resolution: str, now: datetime
) -> None:
    """Deal with the incidents of an instance whose tasks, jobs and timers are not there any more. ``waiting``: the ids of those that are."""
    rows = connection.execute(
        select(Incident.id, Incident.task_id, Incident.command).where(
            Incident.instance_id == instance_id, Incident.resolved_at.is_(None)
        )
    ).all()
    for row in rows:
        task = row.task_id or row.command.get("task_id") or row.command.get("job_id")
        if task and task not in waiting:
            close(connection, row.id, resolution, now)


def failed_again(connection: Connection, incident_id: str, detail: str, element_id: str | None) -> None:
    """A retry failed: the incident stays, with the newest cause."""
    connection.execute(update(Incident).where(Incident.id == incident_id).values(detail=detail, element_id=element_id))
