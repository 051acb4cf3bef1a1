"""A diagram that never comes to rest costs its own case an incident, and nobody else anything."""

from __future__ import annotations

import time

from processes.orchestrator import Orchestrator
from processes.runtime.engine import Settings
from tests.diagrams import definitions, element, end, flow, path, process, script, start, user


def _loop(condition: str, *before: str) -> bytes:
    """``again`` counts n up until the condition holds."""
    return definitions(
        process(
            "loop",
            start(),
            *(user(name) for name in before),
            script("again", "= {n: if n = null then 1 else n + 1}"),
            element("exclusiveGateway", "more", default="more_again"),
            end(),
            path("start", *before, "again", "more"),
            flow("more", "end", condition),
            flow("more", "again"),
        )
    )


def _engine(model: bytes, steps: int = 500, seconds: float = 15.0) -> Orchestrator:
    engine = Orchestrator(settings=Settings("test", publish_jobs=False, steps=steps, seconds=seconds))
    engine.deploy({"loop.bpmn": model})
    return engine


def test_an_endless_loop_without_a_wait_becomes_an_incident_that_names_where_it_was() -> None:
    engine = _engine(_loop("= false", "begin"))
    case, other = engine.start("loop"), engine.start("loop")
    outcome = engine.complete(engine.tasks(case)[0].id)
    view = engine.instance(case)
    assert outcome.incident
    assert view.state == "active"
    assert "500 步" in view.incidents[0].detail
    assert view.incidents[0].element in ("again", "more")
    assert [task.element for task in engine.tasks(other)] == ["begin"]
    assert engine.instance(other).incidents == []


def test_what_was_left_undone_can_be_done_again_once_the_data_let_it_end() -> None:
    engine = _engine(_loop("= n > limit", "begin"))
    case = engine.start("loop", {"limit": 1_000_000})
    outcome = engine.complete(engine.tasks(case)[0].id)
    engine.resolve(str(outcome.incident), variables={"limit": 3})
    assert engine.instance(case).state == "completed"
    assert engine.instance(case).variables["n"] == 4


def test_the_budget_is_for_one_command_so_a_loop_that_waits_may_go_on_for_ever() -> None:
    model = definitions(
        process(
            "loop",
            start(),
            script("again", "= {n: if n = null then 1 else n + 1}"),
            user("look"),
            element("exclusiveGateway", "more", default="more_again"),
            end(),
            path("start", "again", "look", "more"),
            flow("more", "end", "= n >= 30"),
            flow("more", "again"),
        )
    )
    engine = _engine(model, steps=8)
    case = engine.start("loop")
    for _ in range(30):
        engine.complete(engine.tasks(case)[0].id)
    assert engine.instance(case).state == "completed"


def test_few_steps_that_take_long_are_stopped_by_the_clock() -> None:
    slow = "= {n: if n = null then 1 else n + 1, a: count(for i in 1..3000 return i)}"
    model = _loop("= false").replace(b"= {n: if n = null then 1 else n + 1}", slow.encode())
    engine = _engine(model, steps=10_000_000, seconds=0.5)
    begun = time.thread_time()
    case = engine.start("loop")
    assert time.thread_time() - begun < 5
    assert engine.instances() == []
    with engine.database.read() as connection:
        assert connection.exec_driver_sql("select count(*) from incident").scalar() == 1
    assert case


def test_four_hundred_turns_in_one_command_are_well_within_the_budget() -> None:
    engine = Orchestrator()
    engine.deploy({"loop.bpmn": _loop("= n >= 400")})
    assert engine.instance(engine.start("loop")).state == "completed"
