"""Flat scans in place of tree walks.

The library walks the tree of tasks (at most 1,000 deep: the 334th turn of a loop found no READY task and called the instance completed). These
classes look at the flat dictionary of tasks instead, which has no depth and is several times faster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from processes.spiff.mended.effort import Effort

READY, WAITING, STARTED = TaskState.READY, TaskState.WAITING, TaskState.STARTED
NOT_FINISHED = TaskState.NOT_FINISHED_MASK

Recorder = Callable[[Any, int, int], None]


class _Flat:
    """What both kinds of workflow do differently."""

    tasks: dict[Any, Any]
    completed: bool

    def update_waiting_tasks(self) -> None:
        for task in [task for task in self.tasks.values() if task._state == WAITING]:
            if task.id in self.tasks and task._state == WAITING:
                task.task_spec._update(task)

    def is_completed(self) -> bool:
        if not self.completed and not any(task._state & NOT_FINISHED for task in self.tasks.values()):
            self.completed = True
        return self.completed

    def get_tasks(self, first_task: Any = None, **how: Any) -> list[Any]:
        if first_task is None and how and how.keys() <= {"state", "spec_name"}:
            state, name = how.get("state", TaskState.ANY_MASK), how.get("spec_name")
            return [
                task
                for workflow in self._below()
                for task in list(workflow.tasks.values())
                if task._state & state and (name is None or task.task_spec.name == name)
            ]
        return list(super().get_tasks(first_task, **how))  # type: ignore[misc]

    def _below(self) -> list[Any]:
        return [self]


class SubWorkflow(_Flat, BpmnSubWorkflow):
    """A running sub-process or called process."""

    def _below(self) -> list[Any]:
        """Itself and the sub-processes inside it (the library walks into them as well)."""
        found: list[Any] = [self]
        for inner in self.top_workflow.subprocesses.values():
            if inner is not self and self._encloses(inner):
                found.append(inner)
        return found

    def _encloses(self, inner: Any) -> bool:
        parent = inner.parent_workflow
        while parent is not None and parent is not self:
            parent = parent.parent_workflow
        return parent is self


class Workflow(_Flat, BpmnWorkflow):
    """A running instance. ``recorder`` hears of every change of state; ``outgoing`` collects thrown messages and signals."""

    recorder: Recorder | None = None
    effort: Effort | None = None
    """what the command in hand may still cost; None: anything"""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.outgoing: list[Any] = []
        super().__init__(*arguments, **options)

    def _below(self) -> list[Any]:
        return [self, *self.subprocesses.values()]

    def all_tasks(self) -> Iterator[Any]:
        """Every task of the instance and of its sub-processes."""
        for workflow in self._below():
            yield from list(workflow.tasks.values())

    def create_subprocess(self, my_task: Any, spec_name: str) -> SubWorkflow:
        inner = SubWorkflow(self.subprocess_specs[spec_name], parent_task_id=my_task.id, top_workflow=self)
        self.subprocesses[my_task.id] = inner
        return inner

    def refresh_timers(self) -> None:
        """Timers fire when the scheduler says so, never by looking at the clock here."""

    def _do_engine_steps(self, will_complete_task: Any = None, did_complete_task: Any = None) -> bool:
        def step(workflow: Any) -> int:
            count = 0
            for task in [t for t in workflow.tasks.values() if t._state == READY and not t.task_spec.manual]:
                if task._state != READY or task.id not in workflow.tasks:
                    continue
                if self.effort is not None:
                    self.effort.spend(task)
                task.run()
                count += 1
            return count

        active = self.get_active_subprocesses()
        for inner in sorted(active, key=lambda each: each.depth, reverse=True) if len(active) > 1 else active:
            while step(inner):
                pass
            if inner.parent_task_id in self.subprocesses:
                task = self.get_task_from_id(inner.parent_task_id)
                task.task_spec._update(task)
        # One may end and another begin in the same pass, so their number says nothing (the library compares numbers and stops).
        return step(self) > 0 or any(inner not in active for inner in self.get_active_subprocesses())
