"""What a multi-instance collects touches no other variable."""

from __future__ import annotations

import pytest

from processes.orchestrator import Orchestrator
from tests.diagrams import definitions, end, path, process, service, start


@pytest.mark.parametrize("sequential", ["true", "false"])
def test_collecting_outputs_leaves_another_empty_list_empty(sequential: str) -> None:
    many = (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{sequential}"><bpmn:loopDataInputRef>xs</bpmn:loopDataInputRef>'
        '<bpmn:loopDataOutputRef>ys</bpmn:loopDataOutputRef><bpmn:inputDataItem id="x"/><bpmn:outputDataItem id="y"/>'
        "</bpmn:multiInstanceLoopCharacteristics>"
    )
    engine = Orchestrator()
    each = service("each", "op", {"x": "= x"}, "y", many)
    engine.deploy({"p.bpmn": definitions(process("p", start(), each, end(), path("start", "each", "end")))})
    case = engine.start("p", {"xs": [1, 2], "excluded": [], "ys": []})
    while jobs := engine.jobs():
        engine.engine.take_hot(case, 0)  # as in another process: the state is read from the database
        engine.complete_job(jobs[0].id, jobs[0].arguments["x"])
    variables = engine.instance(case).variables
    assert (variables["ys"], variables["excluded"]) == ([1, 2], [])
