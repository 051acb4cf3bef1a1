"""Business rule tasks on our decision tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from processes.errors import BihuanError
from processes.notation.decisions import DecisionModel
from processes.spiff.script_engine import ElementError


@dataclass(frozen=True)
class DecisionAdapter:
    """What the library takes for its ``DMNEngine``: ``result(task)`` gives what goes into the task's data."""

    model: DecisionModel
    decision_id: str
    result_variable: str = ""

    def result(self, task: Any) -> dict[str, Any]:
        """Decide over all of the task's data; which rules fired goes to the workflow's list for the history."""
        environment = task.workflow.script_engine.environment
        element = str(task.task_spec.bpmn_id)
        try:
            decided = self.model.evaluate(self.decision_id, task.data, environment.functions, environment.clock.now)
        except BihuanError as error:
            raise ElementError(element, error) from error
        task.workflow.top_workflow.fired.append(
            {"element": element, "decision": self.decision_id, "rules": [rule.rule_id for rule in decided.fired]}
        )
        if self.result_variable:
            return {self.result_variable: decided.value}
        if decided.outputs is not None:
            return dict(decided.outputs)
        return {self.decision_id: decided.value}
