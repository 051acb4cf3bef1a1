"""Data goes into a sub-process and comes back by reference: nothing of ours changes nested values in place, so no deep copy is needed.

The library copies everything deeply both ways, a quarter of a command's CPU on a case of some size.
"""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import CallActivity, SubWorkflowTask

_call_update_data = CallActivity.update_data


def _copy_data(self: Any, my_task: Any, subworkflow: Any) -> None:
    subworkflow.task_tree.data.update(my_task.data)


def _update_data(self: Any, my_task: Any, subworkflow: Any) -> None:
    my_task.data = dict(subworkflow.last_task.data)


def _call_activity_update_data(self: Any, my_task: Any, subworkflow: Any) -> None:
    declared = subworkflow.spec.io_specification
    if declared is None or not declared.data_outputs:
        _update_data(self, my_task, subworkflow)
    else:
        _call_update_data(self, my_task, subworkflow)


def apply() -> None:
    """Replace the copying of sub-processes and call activities."""
    SubWorkflowTask.copy_data = _copy_data
    SubWorkflowTask.update_data = _update_data
    CallActivity.update_data = _call_activity_update_data
