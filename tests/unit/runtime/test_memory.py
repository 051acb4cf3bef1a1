"""What the engine holds in memory when an instance has ended: nothing, and without the garbage collector's help."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from datetime import timedelta

import pytest

from processes.kernel.instance import RunningInstance
from processes.kernel.machine import Machine
from processes.kernel.state import Running, Token, Watch
from processes.orchestrator import Orchestrator
from processes.runtime.unit import Unit
from tests.diagrams import (
    boundary,
    definitions,
    element,
    end,
    message,
    path,
    process,
    script,
    service,
    start,
    timer,
    user,
)

HELD = (Machine, RunningInstance, Running, Token, Watch, Unit)

MODEL = definitions(
    '<bpmn:message id="M" name="paid"/><bpmn:signal id="S" name="told"/>',
    process(
        "p",
        start(),
        element("parallelGateway", "fork"),
        element("subProcess", "inside", start("s"), user("one"), end("e"), path("s", "one", "e")),
        boundary("late", "inside", timer("timeDuration", "PT1H")),
        service("pay", "bank.pay"),
        element("intermediateCatchEvent", "paid", message("M")),
        script("add", "= {total: 1}"),
        element("intermediateThrowEvent", "tell", '<bpmn:signalEventDefinition signalRef="S"/>'),
        element("parallelGateway", "join"),
        end(),
        end("end_late"),
        path("start", "fork", "inside", "join", "end"),
        path("fork", "pay", "paid", "add", "tell", "join"),
        path("late", "end_late"),
    ),
)


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def held() -> int:
    return sum(isinstance(each, HELD) for each in gc.get_objects())


@pytest.mark.usefixtures("no_collector")
def test_an_instance_that_has_ended_leaves_nothing_for_the_garbage_collector() -> None:
    engine = Orchestrator()
    engine.deploy({"model.bpmn": MODEL})
    before = held()
    case = engine.start("p", {"list": [1, 2, 3]})
    assert held() > before  # it is hot
    (job,) = engine.jobs("bank.pay")
    engine.complete_job(job.id)
    engine.correlate("paid")
    (task,) = engine.tasks(case)
    engine.complete(task.id)
    late = engine.start("p", {"list": []})
    engine.cancel(late)
    assert (engine.instance(case).state, engine.instance(late).state) == ("completed", "cancelled")
    assert held() == before


@pytest.mark.usefixtures("no_collector")
def test_an_instance_that_is_hot_no_more_leaves_nothing_either() -> None:
    engine = Orchestrator()
    engine.deploy({"model.bpmn": MODEL})
    before = held()
    engine.start("p", {"list": []})
    late = engine.start("p", {"list": []})
    engine.advance(timedelta(hours=2))
    assert engine.instance(late).trace[-1] == "end_late"
    gc.collect()  # what was loaded to be looked at is not the engine's
    engine.engine.workshop.hot.clear()
    assert held() == before
