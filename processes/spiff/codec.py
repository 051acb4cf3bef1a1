"""The state of a running instance as a compact blob, and back.

Specs are not stored (the definition's id is), equal values are stored once, finished tasks keep only the data that something still needs. The blob
is ``b"1"`` (the format's version) and zstd-compressed JSON whose key order matters: never put it into a JSONB column.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import zstandard
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.specs.Join import Join
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from processes.errors import BihuanError
from processes.spiff.mended.workflow import SubWorkflow, Workflow
from processes.spiff.parser import Process

FORMAT = b"1"
_FINISHED, _PREDICTED = TaskState.FINISHED_MASK, TaskState.PREDICTED_MASK
_LIVE = TaskState.WAITING | TaskState.READY | TaskState.STARTED
_PLAIN = (str, int, float, bool, type(None))


class NotJson(BihuanError):
    """A variable that is not JSON got into the data."""


def _needs_data(task: Any) -> bool:
    if task.workflow.last_task is task or task._state & _LIVE:
        return True
    if task._state & (TaskState.FUTURE | _PREDICTED):
        return False  # inherited again when it is reached
    tasks = task.workflow.tasks
    for child_id in task._children:
        child = tasks[child_id]
        if not child._state & _FINISHED or isinstance(child.task_spec, Join):
            return True
    parent = tasks.get(task._parent)
    return parent is not None and isinstance(parent.task_spec, LoopTask) and not parent._state & _FINISHED


def _internal(data: dict[str, Any]) -> dict[str, Any] | None:
    """Without the events that an event-based gateway has seen: they were used up in the command that brought them."""
    if "seen_events" in data:
        data = {key: value for key, value in data.items() if key != "seen_events"}
    return data or None


def dump(workflow: Workflow) -> bytes:
    """The state as bytes. Raises :class:`NotJson` when a variable is not JSON."""
    table: dict[bytes, int] = {}
    values: list[Any] = []
    seen: dict[int, int] = {}

    def reference(value: Any) -> int:
        known = seen.get(id(value)) if not isinstance(value, _PLAIN) else None
        if known is not None:
            return known
        body = orjson.dumps(value)
        index = table.get(body)
        if index is None:
            index = table[body] = len(values)
            values.append(orjson.Fragment(body))
        if not isinstance(value, _PLAIN):
            seen[id(value)] = index
        return index

    def rows(each: Any, parent: str | None) -> list[Any]:
        index = {task_id: number for number, task_id in enumerate(each.tasks)}
        out = []
        for task in each.tasks.values():
            data = task.data
            out.append(
                [
                    task.id,
                    index.get(task._parent, -1),
                    [index[child] for child in task._children],
                    task._state,
                    task.task_spec.name,
                    int(task.triggered),
                    int(task.last_state_change * 1000),
                    _internal(task.internal_data),
                    {key: reference(value) for key, value in data.items()} if data and _needs_data(task) else None,
                ]
            )
        last = index.get(each.last_task.id, -1) if each.last_task else -1
        return [parent, each.spec.name, last, each.success, each.completed, each.data, index[each.task_tree.id], out]

    try:
        flows = [rows(workflow, None)]
        for task_id, inner in workflow.subprocesses.items():
            if not workflow.get_task_from_id(task_id)._state & _FINISHED:
                flows.append(rows(inner, task_id))
        body = orjson.dumps([flows, values])
    except TypeError as error:
        raise NotJson(f"流程变量必须是 JSON:{error}", f"variables must be JSON: {error}") from error
    return FORMAT + zstandard.compress(body, 1)


def load(blob: bytes, process: Process, script_engine: Any) -> Workflow:
    """The running instance that :func:`dump` wrote, on the same process."""
    if blob[:1] != FORMAT:
        raise BihuanError(f"不认识的状态格式 {blob[:1]!r}", f"unknown state format {blob[:1]!r}")
    flows, values = orjson.loads(zstandard.decompress(blob[1:]))
    value = _sharing(values)
    top: Any = None
    for parent, name, last, success, completed, data, root, rows in flows:
        if parent is None:
            each: Any = Workflow(process.spec, process.subprocess_specs, deserializing=True)
            each.script_engine = script_engine
            top = each
        else:
            outer = top.get_task_from_id(parent)
            each = SubWorkflow(process.subprocess_specs[name], outer.id, top, deserializing=True)
            top.subprocesses[outer.id] = each
            each.completed_event.connect(outer.task_spec._on_subworkflow_completed, outer)
        _restore_tasks(each, top, rows, value)
        ids = list(each.tasks)
        each.task_tree = each.tasks[ids[root]]
        each.last_task = each.tasks[ids[last]] if last >= 0 else None
        each.success, each.completed, each.data = success, completed, data
    return top  # type: ignore[no-any-return]


def _sharing(values: list[Any]) -> Callable[[int], Any]:
    """Containers may be shared between tasks: nothing of ours changes them in place (``mended.data_merge``)."""
    return values.__getitem__


def _restore_tasks(workflow: Any, top: Any, rows: list[Any], value: Callable[[int], Any]) -> None:
    ids = [row[0] for row in rows]
    specs = workflow.spec.task_specs
    for task_id, row in zip(ids, rows, strict=True):
        task = Task.__new__(Task)
        task.id, task.workflow = task_id, workflow
        task._parent = ids[row[1]] if row[1] >= 0 else None
        task._children = [ids[child] for child in row[2]]
        task._state, task.task_spec, task.triggered = row[3], specs[row[4]], bool(row[5])
        task.last_state_change, task.thread_id = row[6] / 1000, 0
        task.internal_data = row[7] or {}
        task.data = {key: value(index) for key, index in row[8].items()} if row[8] else {}
        workflow.tasks[task_id] = task
        if task._state == TaskState.WAITING and isinstance(task.task_spec, CatchingEvent):
            top.event_manager.add_task(task)
