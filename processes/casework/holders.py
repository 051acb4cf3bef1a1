"""Whose turn it is in a case: who holds its open tasks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from processes.store.tables import TASK_IS_OPEN, Case, UserTask


def holders(connection: Connection, case_id: str) -> list[dict[str, Any]]:
    """Each once, here and where the case was submitted to: ``{person}``, or ``{role, organisation, place}``."""
    family, above = [case_id], [case_id]
    while above:
        above = list(connection.scalars(select(Case.id).where(Case.parent.in_(above))))
        family += above
    rows = connection.execute(
        select(UserTask.role, UserTask.organisation, UserTask.place, UserTask.assignee)
        .where(UserTask.case_id.in_(family), TASK_IS_OPEN)
        .order_by(UserTask.created_at, UserTask.id)
    ).all()
    found = [
        {"person": row.assignee}
        if row.assignee
        else {"role": row.role, "organisation": row.organisation, "place": row.place}
        for row in rows
    ]
    return [each for at, each in enumerate(found) if each not in found[:at]]
