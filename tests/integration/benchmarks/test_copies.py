"""A copied case is as good as the one that the engine made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from processes.orchestrator import Orchestrator
from processes.runtime import commands as c
from tests.benchmarks import copies
from tests.benchmarks.copies import Stored

pytestmark = pytest.mark.postgres


@pytest.fixture
def engine(postgres_url: str) -> Orchestrator:
    engine = copies.prepare(postgres_url)
    copies.fill(engine, postgres_url, 5)
    return engine


def test_every_copy_can_be_told_something_and_completed(engine: Orchestrator) -> None:
    for number in range(5):
        case = Stored(number)
        engine.correlate(copies.NEWS, case.key, {"text": case.key})
        (task,) = engine.tasks(case.id)
        engine.complete(task.id, {"approved": True})
        view = engine.instance(case.id)
        assert (view.state, view.variables["number"]) == ("completed", case.key)
        assert view.trace == ["start", "told", "told_end", "work", "end"]
    engine.database.dispose()


def test_the_timer_of_a_copy_fires_when_its_own_time_has_come(engine: Orchestrator) -> None:
    case = Stored(3)
    due = datetime.fromisoformat(engine.instance(case.id).variables["due"])
    assert timedelta(days=399) < due - datetime.now(UTC) < timedelta(days=401)
    with engine.database.read() as connection:
        timer = connection.exec_driver_sql(f"SELECT task_id, due_at FROM timer WHERE instance_id = '{case.id}'").one()
    engine.engine.execute(c.FireTimer("fired", timer.task_id, timer.due_at))
    assert engine.instance(case.id).trace == ["start", "late", "late_end"]
    engine.database.dispose()
