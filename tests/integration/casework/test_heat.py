"""Where time goes: counted once of each instance that has ended, whoever dies, and told by version, element and day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from processes.casework.views.instances import heat as view
from processes.clock import ManualClock
from processes.orchestrator import Orchestrator
from processes.runtime.filing import Filing
from processes.runtime.heat import Heat
from processes.store.database import Database
from processes.store.tables import ElementHeat, Instance
from tests.diagrams import definitions, end, path, process, service, start, user

MODEL = definitions(process("p", start(), user("one"), service("two", "do"), end(), path("start", "one", "two", "end")))


class Desk:
    """Instances of ``p`` that take known times."""

    def __init__(self, database: Database) -> None:
        self.clock = ManualClock()
        self.engine = Orchestrator(database, self.clock)
        self.engine.deploy({"model.bpmn": MODEL})
        self.heat = Heat(database, self.clock)

    def one(self, waits: timedelta, fails: bool = False) -> None:
        case = self.engine.start("p")
        self.engine.advance(waits)
        self.engine.complete(self.engine.tasks(case)[0].id)
        job = self.engine.jobs(instance=case)[0].id
        if fails:
            incident = self.engine.fail_job(job, "没有应答", final=True).incident
            self.engine.resolve(str(incident), "skip")
        else:
            self.engine.complete_job(job, {})

    def found(self, since: date | None = None) -> dict[str, view.Heat]:
        database = self.engine.database
        with database.read() as connection:
            definition = connection.scalar(select(Instance.definition_id))
            today = self.clock.now().date()
            found = view.heat(connection, str(definition), since or today - timedelta(days=60), today, "zh")
        return {each.element_id: each for each in found}

    def rows(self) -> list[Any]:
        with self.engine.database.read() as connection:
            return list(connection.execute(select(ElementHeat.__table__).order_by(ElementHeat.day)))


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def test_times_and_failures_are_told_of_each_element(desk: Desk) -> None:
    for hours in (1, 2, 3, 30):
        desk.one(timedelta(hours=hours), fails=hours == 30)
    desk.engine.start("p")  # it runs: it does not count yet
    assert desk.heat.run() == 3, "the last has ended just now"
    desk.clock.advance(timedelta(minutes=3))
    assert desk.heat.run() == 1
    found = desk.found()
    assert (found["one"].times, found["one"].mean) == (4, 9 * 3600)
    assert found["one"].median == pytest.approx(2 * 3600, rel=0.2)
    assert (found["two"].times, found["two"].failures) == (4, 1)
    assert {each.day for each in desk.rows()} >= {desk.clock.now().date() - timedelta(days=1)}


def test_each_instance_counts_once(desk: Desk) -> None:
    for _ in range(45):
        desk.one(timedelta(minutes=5))
    desk.clock.advance(timedelta(minutes=3))
    counted = [desk.heat.run() for _ in range(4)]
    assert counted == [20, 20, 5, 0]
    assert Heat(desk.engine.database, desk.clock).run() == 0, "another process goes on from there"
    assert desk.found()["one"].times == 45


def test_instances_of_one_moment_are_all_counted(desk: Desk) -> None:
    cases = [desk.engine.start("p") for _ in range(50)]
    for case in cases:
        desk.engine.cancel(case)
    desk.clock.advance(timedelta(minutes=3))
    while desk.heat.run():
        pass
    assert desk.found()["start"].times == 50
    assert "one" not in desk.found(), "what was withdrawn has not been gone through"


def test_what_has_been_filed_counts_the_same(desk: Desk) -> None:
    case = desk.engine.start("p")
    desk.engine.suspend(case)
    desk.engine.resume(case)
    desk.engine.advance(timedelta(hours=1))
    desk.engine.complete(desk.engine.tasks(case)[0].id)
    desk.engine.complete_job(desk.engine.jobs(instance=case)[0].id, {})
    desk.clock.advance(timedelta(minutes=3))
    assert Filing(desk.engine.database, desk.clock).run() == 1
    desk.heat.run()
    assert desk.found()["one"].mean == 3600


def test_only_the_days_asked_for_count(desk: Desk) -> None:
    desk.one(timedelta(hours=1))
    desk.clock.advance(timedelta(days=10))
    desk.one(timedelta(hours=3))
    desk.clock.advance(timedelta(minutes=3))
    while desk.heat.run():
        pass
    assert desk.found()["one"].times == 2
    assert desk.found(desk.clock.now().date() - timedelta(days=2))["one"].times == 1


def test_the_shades_go_by_what_is_asked(desk: Desk) -> None:
    desk.one(timedelta(hours=1), fails=True)
    desk.clock.advance(timedelta(minutes=3))
    desk.heat.run()
    with desk.engine.database.read() as connection:
        definition = str(connection.scalar(select(Instance.definition_id)))
        lines = tuple(desk.found().values())
        by_time = view.drawn(connection, definition, lines, "mean", "zh")[0].shades
        by_failure = view.drawn(connection, definition, lines, "failures", "zh")[0].shades
    assert (by_time["one"][0], by_time["start"][0]) == (view.LEVELS, 0)
    assert (by_failure["two"][0], by_failure["one"][0]) == (view.LEVELS, 0)
