"""Plans of migrations, on both databases: tried over all that run, carried out over all or a part, to the end, once, whatever dies in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from processes.casework import bulk, migration_plans
from processes.casework.assembly import Core
from processes.casework.bulk import Bulk
from processes.clock import ManualClock
from processes.failpoints import VARIABLE
from processes.runtime import commands as c
from processes.store.database import Database
from processes.store.tables import HistoryEntry, Instance, Operation, OperationItem, UserTask
from tests.diagrams import definitions, end, path, process, service, start, user
from tests.integration.casework.test_bulk import GAP, VICTIM

OLD = definitions(process("p", start(), user("one"), user("gone"), end(), path("start", "one", "gone", "end")))
NEW = definitions(process("p", start(), user("one"), service("two", "do"), end(), path("start", "one", "two", "end")))


class Desk:
    """An engine with instances on the old version: those of ``stuck`` stand at a step that the new one has not."""

    def __init__(self, url: str) -> None:
        self.url, self.clock = url, ManualClock()
        self.database = Database(url)
        self.database.migrate()
        self.core = Core.on(self.database, self.clock)
        self.bulk = Bulk(self.core.engine, self.core.snapshots)
        (self.source,) = [each.id for each in self.core.engine.deploy({"model.bpmn": OLD})]

    def instances(self, count: int, stuck: int = 0) -> list[str]:
        engine = self.core.engine
        found = [str(engine.execute(c.Start(f"start-{at}", "p")).instance_id) for at in range(count)]
        with self.database.read() as connection:
            tasks = connection.scalars(select(UserTask.id).where(UserTask.instance_id.in_(found[:stuck]))).all()
        for each in tasks:
            engine.execute(c.CompleteTask(f"done-{each}", each))
        return found

    def plan(self) -> str:
        (target,) = [each.id for each in self.core.engine.deploy({"model.bpmn": NEW})]
        with self.database.write() as connection:
            return migration_plans.begin(connection, self.core.engine, "p", self.source, target, "nobody", [])

    def begin(self, plan: str, act: str, said: dict[str, Any] | None = None, chosen: tuple[str, ...] = ()) -> str:
        with self.database.write() as connection:
            now = self.clock.now()
            return bulk.begin(connection, act, "改版", "nobody", [], now, plan_id=plan, said=said, chosen=chosen)

    def run(self) -> None:
        while self.bulk.round():
            pass

    def row(self, operation: str) -> Any:
        with self.database.read() as connection:
            return connection.execute(select(Operation.__table__).where(Operation.id == operation)).one()

    def counts(self, operation: str) -> dict[str, int]:
        with self.database.read() as connection:
            return dict(migration_plans.counts(connection, operation))

    def scalars(self, statement: Any) -> list[Any]:
        with self.database.read() as connection:
            return list(connection.scalars(statement))

    def on(self, definition: str) -> set[str]:
        return set(self.scalars(select(Instance.id).where(Instance.definition_id == definition)))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    url = f"sqlite:///{tmp_path}/plans.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    found = Desk(url)
    yield found
    found.database.dispose()


def test_what_would_become_of_each_is_found_and_nothing_is_changed(desk: Desk) -> None:
    ids = desk.instances(230, stuck=3)
    desk.core.engine.execute(c.Cancel("c", ids[-1]))
    plan = desk.plan()
    tried = desk.begin(plan, migration_plans.TRY)
    desk.run()
    row = desk.row(tried)
    assert (row.state, row.total, row.done, row.failed) == ("done", 229, 226, 3)
    assert desk.counts(tried) == {"kept": 226, "stuck": 3}
    assert desk.on(desk.source) == set(ids)
    with desk.database.read() as connection:
        stuck = migration_plans.items(connection, tried, "stuck")
        assert migration_plans.running(connection, [desk.source]) == {desk.source: 229}
    assert {each.result["zh"] for each in stuck} == {"“gone”：该步骤在新版本中没有对应的步骤"}


def test_a_part_is_taken_by_outcome_or_one_by_one_and_then_the_rest(desk: Desk) -> None:
    ids = desk.instances(12, stuck=2)
    plan = desk.plan()
    tried = desk.begin(plan, migration_plans.TRY)
    desk.run()
    few = desk.begin(plan, migration_plans.MIGRATE, chosen=(ids[4], ids[5]))
    desk.run()
    assert (desk.row(few).done, desk.on(desk.source)) == (2, {*ids} - {ids[4], ids[5]})
    rest = desk.begin(plan, migration_plans.MIGRATE, {"tried": tried, "outcomes": ["kept"]})
    desk.run()
    assert desk.counts(rest) == {"kept": 8, "gone": 2}
    assert desk.on(desk.source) == {*ids[:2]}
    everything = desk.begin(plan, migration_plans.MIGRATE)
    desk.run()
    assert desk.counts(everything) == {"stuck": 2}
    assert desk.on(desk.source) == {*ids[:2]}, "what cannot be moved stays where it was"


def test_a_changed_mapping_is_what_is_tried_next(desk: Desk) -> None:
    desk.instances(1)
    plan = desk.plan()
    with desk.database.write() as connection:
        migration_plans.change(connection, plan, {}, False)
        changed = migration_plans.one(connection, plan)
    assert changed is not None
    assert (changed.revision, changed.mapping) == (1, {})
    tried = desk.begin(plan, migration_plans.TRY)
    desk.run()
    assert desk.counts(tried) == {"stuck": 1}


@pytest.mark.parametrize("act", [migration_plans.TRY, migration_plans.MIGRATE])
def test_a_process_that_is_killed_in_between_loses_nothing_and_does_nothing_twice(desk: Desk, act: str) -> None:
    ids = desk.instances(25)
    plan = desk.plan()
    operation = desk.begin(plan, act)
    desk.bulk.round()  # they are found
    command = [sys.executable, "-c", VICTIM, desk.url, desk.clock.now().isoformat()]
    ended = subprocess.run(command, env={**os.environ, VARIABLE: f"{GAP}:1"}, check=False, timeout=300)
    assert ended.returncode == -signal.SIGKILL
    assert desk.row(operation).done == 0
    desk.clock.advance(timedelta(minutes=2))
    desk.run()
    assert (desk.row(operation).done, desk.counts(operation)) == (25, {"kept": 25})
    moved = act == migration_plans.MIGRATE
    assert desk.on(desk.source) == (set() if moved else set(ids))
    assert len(desk.scalars(select(HistoryEntry.seq).where(HistoryEntry.kind == "Migrate"))) == 25 * moved
    assert set(desk.scalars(select(OperationItem.state))) == {"done"}
