"""Which instance a task, job or timer belongs to."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from processes.kernel.errors import NotWaiting
from processes.runtime.unit import Unit


def owner_of(unit: Unit, task_id: str, owner: Any, key: Any) -> str:
    """The instance, locked: the id tells it, or (of one that an older version made) its row.

    :param owner: the column of the row's instance
    :param key: the column of the row's id
    :raises NotWaiting: when there is none
    """
    found = unit.instance_of(task_id)
    if found is None:
        found = unit.connection.execute(select(owner).where(key == task_id)).scalar_one_or_none()
    if found is None:
        raise NotWaiting(task_id)
    return found
