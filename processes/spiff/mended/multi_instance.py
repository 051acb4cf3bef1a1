"""Multi-instances of a number that makes sense, that collect their outputs without touching shared data, and parallel ones in
the order of their inputs."""

from __future__ import annotations

from collections.abc import MutableMapping
from copy import copy
from typing import Any

from SpiffWorkflow.spiff.specs.defaults import ParallelMultiInstanceTask, SequentialMultiInstanceTask

from processes.errors import BihuanError

MOST = 20_000
"""Turns of one multi-instance: every child is a task of its own, made in one command when they are parallel."""


class TurnsError(BihuanError):
    """The number of turns, or the list to go through, is none."""

    def __init__(self, element: str, zh: str, en: str) -> None:
        super().__init__(f"{element}：{zh}", f"{element}: {en}", element=element)


def _check_turns(spec: Any, my_task: Any) -> None:
    """Refuse what the library would turn into endless children, or wait for for ever. Raises :class:`TurnsError`."""
    element = str(spec.bpmn_id)
    if spec.data_input is None:
        turns = my_task.workflow.script_engine.evaluate(my_task, spec.cardinality)
        if type(turns) is not int or turns < 0:
            raise TurnsError(
                element, f"重复次数应为不小于 0 的整数，现为 {turns!r:.40}", f"not a number of turns: {turns!r:.40}"
            )
    elif spec.data_input.exists(my_task):
        items = spec.data_input.get(my_task)
        if not isinstance(items, list | dict):
            raise TurnsError(
                element, f"要逐项处理的应为列表，现为 {items!r:.40}", f"no list to go through: {items!r:.40}"
            )
        turns = len(items)
    else:
        return
    if turns > MOST:
        raise TurnsError(element, f"要重复 {turns} 次，最多 {MOST} 次", f"{turns} turns, {MOST} at most")


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

    def _update_hook(self, my_task: Any) -> Any:
        _check_turns(self, my_task)
        return super()._update_hook(my_task)

    def merge_child(self, workflow: Any, child: Any) -> None:
        _own_output(self, child.parent)
        super().merge_child(workflow, child)


class OrderedParallelMultiInstanceTask(ParallelMultiInstanceTask):
    """The library appends each output as it comes; here each is kept with its index and the list is put together anew."""

    def _update_hook(self, my_task: Any) -> Any:
        _check_turns(self, my_task)
        return super()._update_hook(my_task)

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
