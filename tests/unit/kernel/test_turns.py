"""Turns of loops: how many, which, and what they give."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from processes.orchestrator import Orchestrator
from processes.store.tables import Incident
from tests.diagrams import boundary, definitions, element, end, path, process, script, start, timer, user
from tests.reference.words import gateway, many, repeated, root, sub_process

MESSAGE = root("message", "M")


def started(*body: str, **variables: Any) -> tuple[Orchestrator, str]:
    """An instance of a process with this body, be it one that check refuses."""
    engine = Orchestrator()
    engine.deploy({"p.bpmn": definitions(MESSAGE, process("p", *body))}, check=False)
    return engine, engine.start("p", variables)


def looped(loop: str, inside: str, **variables: Any) -> tuple[Orchestrator, str]:
    """A script that is repeated."""
    task = element("scriptTask", "work", loop, f"<bpmn:script>{inside}</bpmn:script>")
    return started(start(), task, end(), path("start", "work", "end"), **variables)


def variables(run: tuple[Orchestrator, str]) -> Any:
    engine, case = run
    assert engine.instance(case).state == "completed"
    return engine.instance(case).variables


def incidents(engine: Orchestrator) -> list[str | None]:
    with engine.database.read() as connection:
        return list(connection.execute(select(Incident.element_id)).scalars())


@pytest.mark.parametrize("one_by_one", [True, False])
def test_without_a_number_or_a_list_it_is_an_incident_at_the_activity(one_by_one: bool) -> None:
    task = element("userTask", "work", many(one_by_one=one_by_one))
    engine, _ = started(start(), task, end(), path("start", "work", "end"))
    assert incidents(engine) == ["work"]


def test_a_loop_counts_its_turns() -> None:
    found = variables(looped(repeated("= loopCounter < 3"), "= {seen: append(seen, loopCounter)}", seen=[]))
    assert found == {"seen": [1, 2, 3]}
    found = variables(looped(repeated("= loopCounter < 2", before=True), "= {n: loopCounter}", loopCounter="mine"))
    assert found == {"n": 2, "loopCounter": "mine"}


@pytest.mark.parametrize("one_by_one", [True, False])
def test_each_of_several_knows_its_number(one_by_one: bool) -> None:
    loop = many(items="xs", item="x", outputs="ys", output="y", one_by_one=one_by_one)
    found = variables(looped(loop, "= {y: loopCounter * x}", xs=[5, 7], loopCounter="mine"))
    assert found == {"xs": [5, 7], "ys": [5, 14], "loopCounter": "mine"}
    found = variables(looped(many(number="= 2", one_by_one=one_by_one), "= {last: loopCounter}"))
    assert found == {"last": 2}


def test_inner_turns_count_for_themselves() -> None:
    inner = element(
        "scriptTask",
        "add",
        many(number="= 2", outputs="row", output="y"),
        "<bpmn:script>= {y: loopCounter}</bpmn:script>",
    )
    after = script("also", "= {row: append(row, loopCounter)}")
    outer = sub_process(
        "outer", many(number="= 2", outputs="rows", output="row", one_by_one=True), start("i"), inner, after, end("ie"),
        path("i", "add", "also", "ie"),
    )  # fmt: skip
    found = variables(started(start(), outer, end(), path("start", "outer", "end")))
    assert found == {"rows": [[1, 2, 1], [1, 2, 2]]}


def test_the_number_of_a_sequential_one_is_that_of_all_its_turns() -> None:
    loop = many(number="= 4", enough="= numberOfCompletedInstances / numberOfInstances >= 0.5", one_by_one=True)
    assert variables(looped(loop, "= {last: loopCounter}")) == {"last": 2}


def test_a_turn_without_its_output_gives_null() -> None:
    loop = many(items="xs", item="x", outputs="ys", output="y")
    found = variables(looped(loop, "= if x = 1 then {y: 1} else {}", xs=[1, 2]))
    assert found["ys"] == [1, None]


def test_parallel_receive_tasks_take_a_message_each() -> None:
    task = element("receiveTask", "work", many(number="= 2"), messageRef="M")
    engine, case = started(start(), task, end(), path("start", "work", "end"))
    engine.correlate("M")
    assert engine.instance(case).state == "active"
    engine.correlate("M")
    assert engine.instance(case).state == "completed"
    assert incidents(engine) == []


def test_of_two_catchers_of_one_instance_the_first_gets_the_message() -> None:
    branches = (gateway("parallel", "split"), element("receiveTask", "a", messageRef="M"), user("later"))
    engine, case = started(
        start(), *branches, element("receiveTask", "b", messageRef="M"), end("ea"), end("eb"),
        path("start", "split", "later", "a", "ea"), path("split", "b", "eb"),
    )  # fmt: skip
    engine.complete(engine.tasks(case)[0].id, {})
    engine.correlate("M")
    assert engine.instance(case).trace[-2:] == ["b", "eb"]
    engine.correlate("M")
    assert engine.instance(case).state == "completed"


def test_a_message_for_two_instances_stays_an_incident() -> None:
    engine, _ = started(start(), element("receiveTask", "a", messageRef="M"), end(), path("start", "a", "end"))
    engine.start("p")
    engine.correlate("M")
    assert incidents(engine) == [None]


@pytest.mark.parametrize("text", ["R/PT0S", '= "R/PT0S"', "R/-PT1H", "R5/2025-12-01T00:00:00Z/P0M"])
def test_a_cycle_without_length_is_an_incident_at_the_element(text: str) -> None:
    tick = boundary("tick", "work", timer("timeCycle", text), interrupting=False)
    engine, _ = started(start(), user("work"), tick, end(), end("te"), path("start", "work", "end"), path("tick", "te"))
    assert incidents(engine) == ["tick"]


@pytest.mark.parametrize(
    ("text", "first", "all_"),
    [("R/2025-12-01T00:00:00Z/P1D", 1, 3), ("R38/2025-12-01T00:00:00Z/P1D", 1, 2), ("R3/2025-12-01T00:00:00Z/P1D", 1, 1),
     ("R/2025-01-31T00:00:00Z/P1M", 0, 0)],
)  # fmt: skip
def test_a_cycle_from_an_absolute_time_fires_from_now_on(text: str, first: int, all_: int) -> None:
    tick = boundary("tick", "work", timer("timeCycle", text), interrupting=False)
    engine, case = started(
        start(), user("work"), tick, end(), end("te"), path("start", "work", "end"), path("tick", "te")
    )
    engine.advance(timedelta(hours=24))
    assert engine.instance(case).trace.count("tick") == first
    engine.advance(timedelta(hours=48))
    assert engine.instance(case).trace.count("tick") == all_
