"""One instance the naive way, in memory: the whole state restored from JSON, a step, and written out again."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Mapping
from typing import Any

from tests.benchmarks.order import BASELINES


class NaiveInstance:
    """An instance on SpiffWorkflow, with the parser and the serialiser of the yardstick ``naive.py``."""

    def __init__(self, model: bytes, process: str, variables: Mapping[str, Any]) -> None:
        sys.path.insert(0, str(BASELINES))
        try:
            self._yardstick = importlib.import_module("naive")
        finally:
            sys.path.remove(str(BASELINES))
        from SpiffWorkflow.bpmn.workflow import BpmnWorkflow

        parser = self._yardstick.Parser()
        parser.add_bpmn_str(model)
        self._workflow = BpmnWorkflow(parser.get_spec(process), parser.get_subprocess_specs(process))
        self._workflow.task_tree.data.update(variables)
        self._workflow.do_engine_steps()

    def advance(self, steps: int) -> None:
        """Take steps without storing anything in between."""
        for _ in range(steps):
            self._step()

    def _step(self) -> None:
        if not self._yardstick.step(self._workflow):
            raise AssertionError("nothing left to do")

    def stored_steps(self, steps: int) -> list[float]:
        """Take steps, each with the state read and written whole; CPU milliseconds of each."""
        serializer, spent = self._yardstick.SERIALIZER, []
        state = serializer.serialize_json(self._workflow)
        for _ in range(steps):
            begun = time.process_time()
            self._workflow = serializer.deserialize_json(state)
            self._step()
            state = serializer.serialize_json(self._workflow)
            spent.append((time.process_time() - begun) * 1e3)
        return spent
