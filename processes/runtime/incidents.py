"""What could not be done: kept whole, shown to a person, retried or skipped."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection, Row

from processes.errors import BihuanError
from processes.runtime import commands as c
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
    connection.execute(
        insert(Incident),
        {
            "id": identity,
            "instance_id": instance_id,
            "task_id": task_id,
            "element_id": element_id,
            "kind": kind,
            "detail": detail,
            "command": c.to_json(command),
            "created_at": now,
        },
    )
    return identity


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


def failed_again(connection: Connection, incident_id: str, detail: str, element_id: str | None) -> None:
    """A retry failed: the incident stays, with the newest cause."""
    connection.execute(update(Incident).where(Incident.id == incident_id).values(detail=detail, element_id=element_id))
