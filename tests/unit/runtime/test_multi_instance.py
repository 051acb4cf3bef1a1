"""Loops whose turns are taken in one process after another, each of which restores the instance from the database."""

from __future__ import annotations

from pathlib import Path

import pytest

from processes.orchestrator import Orchestrator
from tests.diagrams import definitions, end, path, process, service, start

LOOPS = {
    "parallel": '<bpmn:multiInstanceLoopCharacteristics isSequential="false">',
    "sequential": '<bpmn:multiInstanceLoopCharacteristics isSequential="true">',
}


def looping(kind: str) -> bytes:
    """A process that does a job for each of ``xs`` and collects the results in ``ys``."""
    many = (
        f"{LOOPS[kind]}<bpmn:loopDataInputRef>xs</bpmn:loopDataInputRef><bpmn:loopDataOutputRef>ys</bpmn:loopDataOutputRef>"
        '<bpmn:inputDataItem id="x"/><bpmn:outputDataItem id="y"/></bpmn:multiInstanceLoopCharacteristics>'
    )
    each = service("each", "op", {"x": "= x"}, "y", many)
    return definitions(process("p", start(), each, end(), path("start", "each", "end")))


@pytest.mark.parametrize("kind", LOOPS)
def test_a_loop_begun_by_one_process_is_ended_by_others(kind: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/engine.db"
    first = Orchestrator(url)
    first.deploy({"p.bpmn": looping(kind)})
    case = first.start("p", {"xs": [1, 2, 3]})
    while jobs := first.jobs():
        Orchestrator(url).complete_job(jobs[0].id, jobs[0].arguments["x"])
    found = Orchestrator(url).instance(case)
    assert (found.state, found.variables["ys"]) == ("completed", [1, 2, 3])


@pytest.mark.parametrize("kind", LOOPS)
def test_collecting_outputs_leaves_another_empty_list_empty(kind: str) -> None:
    engine = Orchestrator()
    engine.deploy({"p.bpmn": looping(kind)})
    case = engine.start("p", {"xs": [1, 2], "excluded": [], "ys": []})
    while jobs := engine.jobs():
        engine.engine.workshop.hot.clear()  # as in another process: the state is read from the database
        engine.complete_job(jobs[0].id, jobs[0].arguments["x"])
    variables = engine.instance(case).variables
    assert (variables["ys"], variables["excluded"]) == ([1, 2], [])
