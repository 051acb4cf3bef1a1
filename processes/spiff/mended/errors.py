"""BPMN errors: one thrown from outside goes to the one task it belongs to; one that nobody catches is never swallowed.

The library broadcasts errors to every boundary event of the instance, so that a *parallel sibling's* boundary may fire, and an error end event that
nobody catches completes the instance with success.
"""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.event_definitions import ErrorEventDefinition as BaseErrorEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.events.intermediate_event import BoundaryEvent
from SpiffWorkflow.spiff.specs.event_definitions import ErrorEventDefinition
from SpiffWorkflow.util.task import TaskState

from processes.errors import BihuanError
from processes.spiff.mended.messages import deliver


class UncaughtError(BihuanError):
    """A BPMN error was thrown and no boundary event around it catches its code."""

    def __init__(self, code: str | None, element_id: str) -> None:
        super().__init__(
            f"业务错误“{code or ''}”没有被任何边界事件捕获(抛出于 {element_id});请在外层活动上画一个捕获它的错误边界事件",
            f"BPMN error {code!r} thrown at {element_id} is caught by no boundary event",
            code=code,
            element=element_id,
        )


class Error(ErrorEventDefinition):
    """An error end event throws to the activities around it, innermost first."""

    def throw(self, my_task: Any) -> None:
        payload = {} if self.expression is None else my_task.workflow.script_engine.evaluate(my_task, self.expression)
        workflow = my_task.workflow
        if workflow.parent_task_id is not None:
            around = workflow.top_workflow.get_task_from_id(workflow.parent_task_id)
            if throw_at(around, self.code, payload) is not None:
                return
        raise UncaughtError(self.code, my_task.task_spec.bpmn_id)


def throw_at(task: Any, code: str | None, payload: Any = None) -> Any:
    """Deliver an error to the boundary event of ``task`` or of the nearest enclosing activity that catches it.

    A boundary event with the very code wins over one that catches any. Returns the boundary's task, or None when nobody catches.
    """
    top, node = task.workflow.top_workflow, task
    while node is not None:
        parent = node.parent
        if parent is not None and isinstance(parent.task_spec, BoundaryEventSplit):
            waiting = [
                each
                for each in parent.children
                if isinstance(each.task_spec, BoundaryEvent)
                and each.state == TaskState.WAITING
                and isinstance(each.task_spec.event_definition, BaseErrorEventDefinition)
                and each.task_spec.event_definition.code in (None, code)
            ]
            waiting.sort(key=lambda each: each.task_spec.event_definition.code is None)
            if waiting:
                deliver(waiting[0], waiting[0].task_spec.event_definition, payload)
                return waiting[0]
        if parent is not None and node.task_spec.name == f"{parent.task_spec.name} [child]":
            node = parent  # from one of several instances to the multi-instance activity
            continue
        outer = node.workflow.parent_task_id
        node = None if outer is None else top.get_task_from_id(outer)
    return None


def mended(definition: Any) -> Any:
    """Our error definition in place of the library's; anything else as it is."""
    if not isinstance(definition, BaseErrorEventDefinition):
        return definition
    fresh = Error(
        definition.name,
        code=definition.code,
        expression=getattr(definition, "expression", None),
        variable=getattr(definition, "variable", None),
    )
    fresh.description = definition.description
    return fresh
