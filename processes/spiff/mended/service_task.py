"""External service tasks: the task stays STARTED with its arguments until a worker's answer arrives; its id is the job's key."""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.spiff.specs.defaults import ServiceTask


class ExternalServiceTask(ServiceTask):
    """A service task whose work is done elsewhere."""

    def _execute(self, task: Any) -> None:
        engine = task.workflow.script_engine
        task.internal_data["job"] = {
            name: engine.evaluate(task, parameter["value"]) for name, parameter in self.operation_params.items()
        }
