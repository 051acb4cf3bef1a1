"""Processes that timers start."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from processes.errors import BihuanError
from processes.notation.check import check_files
from processes.orchestrator import Orchestrator
from processes.store.tables import Incident
from tests.diagrams import definitions, element, end, path, process, script, timer

EVERY_HOUR, ONCE = timer("timeCycle", "R3/PT1H"), timer("timeDuration", "PT1H")


def started_by(clock: str, text: str) -> Orchestrator:
    """A process that a timer starts, with one script."""
    engine = Orchestrator()
    begin = element("startEvent", "begin", clock)
    model = process("p", begin, script("work", text), end(), path("begin", "work", "end"))
    engine.deploy({"p.bpmn": definitions(model)})
    return engine


def open_incidents(engine: Orchestrator) -> list[str]:
    with engine.database.read() as connection:
        return list(connection.execute(select(Incident.id).where(Incident.resolved_at.is_(None))).scalars())


@pytest.mark.parametrize(("clock", "times"), [(ONCE, 1), (EVERY_HOUR, 3)], ids=["once", "every hour"])
def test_a_timer_start_that_fails_is_an_incident_and_does_not_hold_up_its_next_time(clock: str, times: int) -> None:
    engine = started_by(clock, "x = 1 / missing")
    engine.advance(timedelta(hours=1))
    assert len(open_incidents(engine)) == 1
    engine.advance(timedelta(hours=5))
    assert len(open_incidents(engine)) == times
    assert engine.instances() == []


def test_a_retry_of_a_timer_start_leaves_its_next_time_alone() -> None:
    engine = started_by(EVERY_HOUR, "x = 1 / missing")
    engine.advance(timedelta(hours=1))
    (incident,) = open_incidents(engine)
    fixed = process("p", element("startEvent", "begin", EVERY_HOUR), end(), path("begin", "end"))
    engine.deploy({"p.bpmn": definitions(fixed)})  # it goes by the plan of the version before: two are left
    engine.resolve(incident)
    assert len(engine.instances()) == 1
    engine.advance(timedelta(hours=5))
    assert len(engine.instances()) == 3
    assert open_incidents(engine) == []


@pytest.mark.parametrize(
    "text",
    [
        "PT1H", "R3/PT1H", "2026-10-01T09:00:00+08:00", '"PT2H"', '= "PT1H"', '= now() + duration("PT1H")', "= patience", "patience",
        "patience + 1", "R-3/P1D", "RX/P1D", "P", "两小时", "2 小时", "5", "= 5", '= "soon"', "pt1h", "P1M1Y", "-PT1H", "P9999999Y",
        "2026-13-01", "R3/PT1H/2026-13-01T00:00:00Z",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["timeDate", "timeDuration", "timeCycle"])
def test_what_cannot_be_deployed_is_an_error_of_check(kind: str, text: str) -> None:
    model = process("p", element("startEvent", "begin", timer(kind, text)), end(), path("begin", "end"))
    files = {"p.bpmn": definitions(model)}
    refused = any(each.severity == "error" for each in check_files(files))
    try:
        Orchestrator().deploy(files)
    except BihuanError:
        assert refused


def deployed(engine: Orchestrator, clock: str, name: str) -> None:
    """Another version of a process that a timer starts."""
    begin = element("startEvent", "begin", clock)
    model = process("p", begin, script(name, "= {}"), end(), path("begin", name, "end"))
    engine.deploy({"p.bpmn": definitions(model)})


def times(engine: Orchestrator, hours: int) -> int:
    """How many instances there are so many hours later."""
    engine.advance(timedelta(hours=hours))
    return len(engine.instances())


def test_what_lies_before_the_deployment_is_not_fired() -> None:
    for text, expected in (("R/2025-12-01T00:00:00Z/P1D", 1), ("R3/2025-12-01T00:00:00Z/P1D", 0)):
        engine = Orchestrator()
        deployed(engine, timer("timeCycle", text), "work")
        assert times(engine, 24) == expected
    engine = Orchestrator()
    deployed(engine, timer("timeDate", "2026-01-05T00:00:00Z"), "work")
    assert times(engine, 24) == 0


@pytest.mark.parametrize("text", ["R10/2026-01-05T02:00:00Z/PT1H", "R10/PT1H"])
def test_a_new_version_goes_by_the_plan_of_the_one_before(text: str) -> None:
    engine = Orchestrator()
    deployed(engine, timer("timeCycle", text), "first")
    assert times(engine, 4) == 4
    deployed(engine, timer("timeCycle", text), "second")
    assert times(engine, 20) == 10
    deployed(engine, timer("timeCycle", text), "third")
    deployed(engine, timer("timeCycle", text), "third")
    assert times(engine, 20) == 10
    deployed(engine, timer("timeCycle", "R2/PT1H"), "third")
    assert times(engine, 20) == 12


def test_a_date_starts_one_instance_whatever_is_deployed_after_it() -> None:
    engine = Orchestrator()
    deployed(engine, timer("timeDate", "2026-01-05T02:00:00Z"), "first")
    assert times(engine, 2) == 1
    deployed(engine, timer("timeDate", "2026-01-05T02:00:00Z"), "second")
    assert times(engine, 2) == 1
