"""A parallel multi-instance collects its outputs in the order of its inputs, not in the order in which they were finished."""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.spiff.specs.defaults import ParallelMultiInstanceTask


class OrderedParallelMultiInstanceTask(ParallelMultiInstanceTask):
    """The library appends each output as it comes; here each is kept with its index and the list is put together anew."""

    def merge_child(self, workflow: Any, child: Any) -> None:
        my_task = child.parent
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
