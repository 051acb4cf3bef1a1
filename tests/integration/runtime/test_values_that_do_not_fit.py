"""What an expression gives may fit no column, and a function may meet a busy database: the one is an incident, the other is tried again."""

from __future__ import annotations

import pytest

from processes.orchestrator import Orchestrator
from processes.store.database import Database, WriterBusy
from tests.diagrams import definitions, element, end, message, path, process, script, start, user

LONG = '= string join(for i in 1..2000 return "长")'
MESSAGE = '<bpmn:message id="M" name="m"/>'


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest) -> Orchestrator:
    url = "sqlite://" if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))
    return Orchestrator(Database(url))


def _case(engine: Orchestrator, step: str, id: str) -> str:
    """A case that stands before the step; then goes on to it."""
    model = process("p", start(), user("before"), step, end(), path("start", "before", id, "end"))
    engine.deploy({"p.bpmn": definitions(MESSAGE, model)}, check=False)
    case = engine.start("p")
    (task,) = engine.tasks(case)
    engine.complete(task.id)
    return case


@pytest.mark.parametrize("name", ["role", "assignee", "organisation", "place", "next"])
@pytest.mark.parametrize("value", [LONG, "= {a: [1]}", "= [1, 2]"])
def test_a_property_that_fits_no_column_stops_only_its_own_case(engine: Orchestrator, name: str, value: str) -> None:
    case = _case(engine, user("look", **{name: value}), "look")
    view = engine.instance(case)
    assert view.state == "active"
    shown = [task.element for task in engine.tasks(case)]
    assert shown == ["look"] or [each.kind for each in view.incidents] == ["step-failed"]


def test_a_key_that_is_too_long_for_the_database_is_an_incident_there(engine: Orchestrator) -> None:
    wait = element("intermediateCatchEvent", "wait", message("M"), properties={"correlationKey": LONG})
    case = _case(engine, wait, "wait")
    incidents = engine.instance(case).incidents
    if engine.database.dialect == "postgresql":
        assert "存不进数据库" in incidents[0].detail
    else:
        assert incidents == []


@pytest.mark.parametrize(
    "text", ["P9999999Y", "P99999999D", "9999-12-31T23:59:59Z", "R/P9999999Y", '= duration("P99999999D")']
)
def test_a_time_beyond_the_calendar_is_an_incident_not_a_dead_engine(engine: Orchestrator, text: str) -> None:
    case = _case(engine, user("look", dueAt=text), "look")
    view = engine.instance(case)
    assert view.state == "active"
    assert view.incidents or engine.tasks(case)


def test_a_function_that_meets_a_busy_database_is_called_again(engine: Orchestrator) -> None:
    calls: list[int] = []

    def busy() -> int:
        calls.append(1)
        if len(calls) < 3:
            raise WriterBusy("not now")
        return 7

    engine.register("busy", busy)
    case = _case(engine, script("work", "= {x: busy()}"), "work")
    assert engine.instance(case).state == "completed"
    assert engine.instance(case).variables["x"] == 7
    assert len(calls) == 3
