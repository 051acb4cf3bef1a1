"""Whose a task is, as people arrange it among themselves: take it, give it back, ask a colleague, hand it out.

Each is a command of its own, told whose the task was when the person decided: of two at once the second hears that it is late.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from processes.casework import access, people
from processes.casework.access import Forbidden
from processes.casework.calendar import WorkingCalendar
from processes.casework.people import Authority
from processes.casework.reference import Reference
from processes.kernel.errors import NotWaiting
from processes.observing import here
from processes.runtime.commands import Assign, Outcome
from processes.runtime.engine import Engine
from processes.store.tables import UserTask

CLAIM, RELEASE, GIVE_BACK, DELEGATE, ASSIGN = "claim", "release", "give_back", "delegate", "assign"


def claim(engine: Engine, task_id: str, person: str, seen: str | None, command_id: str) -> Outcome:
    """A person takes a task for himself: a free one, one that another has taken, or back what he had asked another to do.

    :raises NotWaiting: when it is done or gone
    :raises Forbidden: when it is none of his
    :raises AssignedMeanwhile: when it is not ``seen``'s any more
    """
    task, reference, authority = _look(engine, task_id, person)
    if not access.may_take(authority, reference, task) and person != task.owner:
        raise _none_of(person)
    return engine.execute(Assign(command_id, task_id, CLAIM, person, None, seen, actor=person))


def release(engine: Engine, task_id: str, person: str, seen: str | None, command_id: str) -> Outcome:
    """A person gives a task back: to whoever asked him to do it, else to all whose task it may be. Raises like :func:`claim`."""
    task, _, authority = _look(engine, task_id, person)
    if task.assignee not in authority.principals:
        raise _none_of(person)
    if task.owner:
        return engine.execute(Assign(command_id, task_id, GIVE_BACK, task.owner, None, seen, actor=person))
    if not task.taken:
        raise Forbidden(
            "这项任务是流程指定由您办理的，可以转交同事，不能退回。",
            "The process gives this task to you: you can ask a colleague to do it, but not give it back.",
        )
    return engine.execute(Assign(command_id, task_id, RELEASE, None, None, seen, actor=person))


def delegate(engine: Engine, task_id: str, person: str, to: str, seen: str | None, command_id: str) -> Outcome:
    """A person asks a colleague to do a task, and stays its owner: either may do it. Raises like :func:`claim`."""
    task, reference, authority = _look(engine, task_id, person)
    if not access.may_do(authority, reference, task):
        raise _none_of(person)
    _check_colleague(engine, reference, task, to)
    first = task.owner or person
    owner = None if first == to else first  # back with whom it began
    return engine.execute(Assign(command_id, task_id, DELEGATE, to, owner, seen, actor=person))


def assign(
    engine: Engine, task_id: str, person: str, places: Sequence[str], to: str, seen: str | None, command_id: str
) -> Outcome:
    """Whoever hands out the work of ``places`` gives a task to somebody. Raises like :func:`claim`."""
    task, reference, authority = _look(engine, task_id, person)
    if task.place not in places or access.is_excluded(authority, reference, task.excluded or ()):
        raise _none_of(person)
    if task.assignee is not None and not task.taken:
        raise Forbidden(
            "这项任务是流程指定专人办理的，不能另行指派。",
            "The process gives this task to one person: it cannot be assigned to another.",
        )
    _check_colleague(engine, reference, task, to)
    return engine.execute(Assign(command_id, task_id, ASSIGN, to, None, seen, actor=person))


def colleagues(reference: Reference, calendar: WorkingCalendar, now: datetime, task: Any) -> list[str]:
    """Who could be asked to do a task, by their ids."""
    today = calendar.local_date(now)
    held = dict.fromkeys(
        each.person for each in reference.duties if each.role == task.role and each.place == task.place
    )
    return [each for each in held if access.could_do(people.authority(reference, each, today), reference, task)]


def _look(engine: Engine, task_id: str, person: str) -> tuple[Any, Reference, Authority]:
    with engine.database.read() as connection:
        task = _row(connection, task_id)
        here.note(case=task.case_id)
        reference, calendar = Reference.read(connection), WorkingCalendar.read(connection)
    return task, reference, people.authority(reference, person, calendar.local_date(engine.clock.now()))


def _row(connection: Connection, task_id: str) -> Any:
    """:raises NotWaiting: when there is no such task"""
    row = connection.execute(select(*UserTask.__table__.c).where(UserTask.id == task_id)).first()
    if row is None or row.state != "open":
        raise NotWaiting(task_id)
    return row


def _check_colleague(engine: Engine, reference: Reference, task: Any, to: str) -> None:
    with engine.database.read() as connection:
        calendar = WorkingCalendar.read(connection)
    if to not in colleagues(reference, calendar, engine.clock.now(), task):
        name = reference.person_name(to)
        raise Forbidden(
            f"{name}不能办理这项任务：职责不符，或者需要回避。",
            f"{name} may not do this task: no duty for it, or recused.",
        )


def _none_of(person: str) -> Forbidden:
    return Forbidden("这项任务不由您安排。", "This task is not yours to arrange.", person=person)
