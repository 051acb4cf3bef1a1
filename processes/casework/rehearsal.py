"""What would happen if a task were completed now: the diagram is followed in memory, as far as people and partners are waited for again.

Nothing is written and nothing leaves: the instance is loaded, told the outcome, looked at and let go. Jobs of external systems count as done
without a result, so that one sees who comes after them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from processes.errors import BihuanError
from processes.kernel.instance import RunningInstance
from processes.kernel.state import Wait
from processes.runtime.engine import Engine
from processes.runtime.unit import read_state
from processes.store.tables import Instance

PERSON, SYSTEM, MESSAGE, END = "person", "system", "message", "end"

STEPS, SECONDS = 5_000, 0.2
"""what one outcome may cost; a diagram that takes longer is not told ahead"""

JOBS = 8
"""Jobs that are passed on the way."""

UNTOLD = frozenset({"notice.send"})
"""topics of jobs that are nobody's next step"""


@dataclass(frozen=True)
class Ahead:
    """A step that follows. ``kind``: somebody does a task (``who``: as a row of ``UserTask`` says it; ``due_at``), a system does something, a
    message is waited for (``due_at``: no longer than that), or the end. ``name`` is what the diagram calls the ``element``."""

    kind: str
    name: str = ""
    element: str = ""
    role: str = ""
    organisation: str | None = None
    place: str = ""
    assignee: str | None = None
    due_at: datetime | None = None


def rehearse(
    engine: Engine, connection: Connection, task: Any, answers: Mapping[str, Mapping[str, Any]]
) -> dict[str, tuple[Ahead, ...]]:
    """For each of ``answers`` (what the form of the task, a row of ``UserTask``, would give) the steps that follow it.

    What cannot be told, because a field is not filled in yet or the way is too long, is left out.
    """
    parts = connection.scalar(select(Instance.parts).where(Instance.id == task.instance_id))
    if parts is None:
        return {}
    process = engine.definitions.process(task.definition_id, connection)
    found = {}
    for answer, data in answers.items():
        state = read_state(connection, task.instance_id, parts)
        running = RunningInstance.load(state, process, engine.evaluator, task.instance_id)
        try:
            found[answer] = tuple(_ahead(running, task, data))
        except BihuanError:
            continue
        finally:
            running.let_go()
    return {answer: steps for answer, steps in found.items() if steps}


def _ahead(running: RunningInstance, task: Any, data: Mapping[str, Any]) -> Sequence[Ahead]:
    before = {wait.identity for wait in running.waits()}
    running.allow(STEPS, SECONDS, STEPS)
    running.complete_task(task.id, data)
    steps: list[Ahead] = []
    for _ in range(JOBS):
        job = next((wait for wait in _fresh(running, before) if wait.kind == "job"), None)
        if job is None or running.is_unfinished:
            break
        if job.name not in UNTOLD and job.element.name:
            steps.append(Ahead(SYSTEM, job.element.name, job.element.id))
        running.complete_job(job.task_id, None)
    if running.is_completed:
        return [*steps, Ahead(END)]
    fresh = _fresh(running, before)
    timers = [wait.time.due for wait in fresh if wait.time and wait.element.tag == "intermediateCatchEvent"]
    steps += [_person(running, wait, task) for wait in fresh if wait.kind == "user"]
    if not any(step.kind == PERSON for step in steps):
        last = min(timers, default=None)
        steps += [
            Ahead(MESSAGE, wait.element.name, wait.element.id, due_at=last)
            for wait in fresh
            if wait.kind == "message" and wait.element.name
        ]
    return list(dict.fromkeys(steps))


def _fresh(running: RunningInstance, before: set[tuple[str, str, str]]) -> list[Wait]:
    return [wait for wait in running.waits() if wait.identity not in before]


def _person(running: RunningInstance, wait: Wait, task: Any) -> Ahead:
    def said(name: str) -> Any:
        return running.property(wait.task_id, name)

    due = running.due(wait.task_id, "dueAt")
    return Ahead(
        PERSON,
        wait.element.name,
        wait.element.id,
        role=str(said("role") or ""),
        organisation=said("organisation"),
        place=str(said("place") or task.place),
        assignee=said("assignee"),
        due_at=due.due if due else None,
    )
