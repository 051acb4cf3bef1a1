"""Multi-instances that collect their outputs without touching shared data, and parallel ones in the order of their inputs."""

from __future__ import annotations

from collections.abc import MutableMapping
from copy import copy
from typing import Any

from SpiffWorkflow.spiff.specs.defaults import ParallelMultiInstanceTask, SequentialMultiInstanceTask


def _own_output(spec: Any, my_task: Any) -> None:
    """Give the task an output container of its own: the library changes it in place, and equal values of a restored state are one
    object (see ``codec``), so that another variable which happens to be the same list would change with it."""
    if spec.data_output is None or not spec.data_output.exists(my_task):
        return
    output = spec.data_output.get(my_task)
    if not isinstance(output, list | MutableMapping):
        return
    own = copy(output)
    if spec.data_input is not None and spec.data_input.bpmn_id == spec.data_output.bpmn_id:
        spec.data_input.set(my_task, own)
    spec.data_output.set(my_task, own)


class CollectingSequentialMultiInstanceTask(SequentialMultiInstanceTask):
    """One after the other."""

    def merge_child(self, workflow: Any, child: Any) -> None:
        _own_output(self, child.parent)
        super().merge_child(workflow, child)


class OrderedParallelMultiInstanceTask(ParallelMultiInstanceTask):
    """The library appends each output as it comes; here each is kept with its index and the list is put together anew."""

    def merge_child(self, workflow: Any, child: Any) -> None:
        my_task = child.parent
        _own_output(self, my_task)
        super().merge_child(workflow, child)
        if self.data_output is None or self.output_item is None:
            return
        output = self.data_output.get(my_task)
        index = child.internal_data.get("key_or_index")
        if not isinstance(output, list) or not isinstance(index, int):
            return
        kept = my_task.internal_data.setdefault("outputs", {})
        kept[str(index)] = self.output_item.get(child)
        self.data_output.set(my_task, [kept[key] for key in sorted(kept, key=int)])
