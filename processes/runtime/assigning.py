"""Whose a user task is: what people arrange among themselves. The diagram goes on as if nothing had happened."""

from __future__ import annotations

from sqlalchemy import select, update

from processes.errors import BihuanError
from processes.kernel.errors import NotWaiting
from processes.runtime import commands as c
from processes.runtime.owners import owner_of
from processes.runtime.unit import Suspended, Unit
from processes.store.tables import UserTask


class AssignedMeanwhile(BihuanError):
    """Somebody else has arranged it otherwise in the meantime. ``assignee``: whose it is now; None: nobody's."""

    def __init__(self, task_id: str, assignee: str | None) -> None:
        super().__init__(
            "这项任务刚刚有了变化，请看最新情况后再决定。",
            "This task has just changed: look at it again before you decide.",
            task=task_id,
        )
        self.assignee = assignee


def assign(unit: Unit, command: c.Assign) -> c.Outcome:
    """Give a task to somebody, or back to all.

    :raises NotWaiting: when it is done or gone
    :raises Suspended: when its instance takes no commands
    :raises AssignedMeanwhile: when it is not ``seen``'s any more
    """
    instance = owner_of(unit, command.task_id, UserTask.instance_id, UserTask.id)
    held = unit.held(instance)
    if held.status == "suspended":
        raise Suspended(instance)
    unit.door(instance)
    unit.flush()  # the row as the commands before this one leave it
    row = unit.connection.execute(
        select(UserTask.state, UserTask.assignee, UserTask.taken).where(UserTask.id == command.task_id)
    ).first()
    if row is None or row.state != "open":
        raise NotWaiting(command.task_id)
    if row.assignee != command.seen:
        raise AssignedMeanwhile(command.task_id, row.assignee)
    # What its diagram has given to somebody goes back to that one, not to all.
    taken = row.taken or row.assignee is None
    unit.connection.execute(
        update(UserTask)
        .where(UserTask.id == command.task_id)
        .values(assignee=command.assignee, owner=command.owner, taken=taken if command.assignee else None)
    )
    unit.record(held)
    return c.Outcome(instance)
