"""Where the instances on a stage stand: what waits for whom, what went wrong, and what has been decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from processes.scenarios.judging import open_tasks
from processes.scenarios.stage import Stage
from processes.store import history
from processes.store.tables import JOB_IS_OPEN, Incident, Instance, Job, Subscription, Timer

SIGNAL = "signal:"


@dataclass(frozen=True)
class Decided:
    """A decision that was taken, at an element of an instance's process, and the ids of the rules that fired."""

    instance: str
    element: str
    decision: str
    rules: Sequence[str]


@dataclass(frozen=True)
class Standing:
    """Rows of the tables, oldest first. ``instances`` begins with the scenario's own; ``subscriptions`` are of messages and of signals."""

    now: datetime
    instances: Sequence[Any]
    tasks: Sequence[Any]
    jobs: Sequence[Any]
    subscriptions: Sequence[Any]
    timers: Sequence[Any]
    incidents: Sequence[Any]
    decisions: Sequence[Decided]
    entries: Mapping[str, Sequence[history.Entry]]
    """the histories, by instance"""


def standing(stage: Stage) -> Standing:
    """Where everything stands now."""
    tasks = open_tasks(stage)
    with stage.database.read() as connection:
        instances = connection.execute(
            select(Instance.id, Instance.process_id, Instance.definition_id, Instance.status, Instance.place).order_by(
                Instance.created_at, Instance.id
            )
        ).all()
        jobs = select(Job.__table__).where(JOB_IS_OPEN).order_by(Job.created_at, Job.id)
        timers = select(Timer.__table__).order_by(Timer.due_at, Timer.task_id)
        messages = select(Subscription.__table__).order_by(Subscription.instance_id, Subscription.task_id)
        wrong = select(Incident.__table__).where(Incident.resolved_at.is_(None)).order_by(Incident.created_at)
        entries = {each.id: history.read(connection, each.id) for each in instances}
        return Standing(
            stage.clock.now(),
            instances,
            tasks,
            connection.execute(jobs).all(),
            connection.execute(messages).all(),
            connection.execute(timers).all(),
            connection.execute(wrong).all(),
            [
                Decided(id, element, decision, rules)
                for id, found in entries.items()
                for each in found
                for element, decision, rules in each.decisions
            ],
            entries,
        )


def which(row: Any, others: Sequence[Any]) -> dict[str, Any]:
    """What tells a task from others at the same element, as ``where`` says it; nothing when there are no others."""
    return _difference(row._mapping, [each._mapping for each in others], ("organisation", "place", "role", "assignee"))


def which_job(row: Any, others: Sequence[Any]) -> dict[str, Any]:
    """What tells a job from others at the same element: arguments that those do not have alike."""
    plain = [name for name, value in row.arguments.items() if isinstance(value, (str, int, float, bool))]
    return _difference(row.arguments, [each.arguments for each in others], plain)


def _difference(row: Mapping[str, Any], others: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    left = [*others]
    for name in names:
        unlike = [each for each in left if each.get(name) == row[name]]
        if len(unlike) < len(left):
            found[name] = row[name]
            left = unlike
    return found
