"""What a person has typed into a task's form and not sent yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, select

from gateway.context import services
from gateway.staff.pages import viewer
from processes.store.tables import TaskDraft


def draft_of(connection: Connection, task_id: str) -> Row[Any] | None:
    """The viewer's draft: ``data`` and ``saved_at``."""
    return connection.execute(
        select(TaskDraft.data, TaskDraft.saved_at).where(
            TaskDraft.task_id == task_id, TaskDraft.person_id == viewer().id
        )
    ).first()


def keep(task_id: str, data: Mapping[str, Any]) -> None:
    """Keep what the viewer has typed."""
    database, now = services().database, services().clock.now()
    row = {"task_id": task_id, "person_id": viewer().id, "data": dict(data), "saved_at": now}
    with database.write() as connection:
        statement = database.insert(TaskDraft).values(row)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[TaskDraft.task_id, TaskDraft.person_id], set_={"data": row["data"], "saved_at": now}
            )
        )
