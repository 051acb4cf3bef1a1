"""Operations on many instances: carried out bit by bit, to the end, once, whatever dies in between."""

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

from processes.casework import bulk
from processes.casework.assembly import Core
from processes.casework.bulk import Bulk
from processes.casework.views.instances.criteria import Criteria
from processes.clock import ManualClock
from processes.failpoints import VARIABLE
from processes.runtime import commands as c
from processes.store.database import Database
from processes.store.tables import HistoryEntry, Incident, Instance, Job, Operation, OperationItem, UserTask
from tests.diagrams import definitions, end, path, process, service, start, user
from tests.faults.failpoints import scan

MODEL = definitions(
    process(
        "p",
        start(),
        user("one"),
        service("two", "do"),
        user("three"),
        end(),
        path("start", "one", "two", "three", "end"),
    )
)

GAP = "bulk.acted"

VICTIM = """
import sys
from datetime import datetime
from processes.casework.assembly import Core
from processes.casework.bulk import Bulk
from processes.clock import ManualClock
from processes.store.database import Database
core = Core.on(Database(sys.argv[1]), ManualClock(datetime.fromisoformat(sys.argv[2])))
worker = Bulk(core.engine, core.snapshots)
while worker.round():
    pass
"""


class Desk:
    """An engine with some instances of ``p``, and operations on them."""

    def __init__(self, url: str) -> None:
        self.url, self.clock = url, ManualClock()
        self.database = Database(url)
        self.database.migrate()
        self.core = Core.on(self.database, self.clock)
        self.core.engine.deploy({"model.bpmn": MODEL})
        self.bulk = Bulk(self.core.engine, self.core.snapshots)

    def instances(self, count: int) -> list[str]:
        found = [self.core.engine.execute(c.Start(f"start-{at}", "p")).instance_id for at in range(count)]
        return [str(each) for each in found]

    def begin(self, act: str, **more: Any) -> str:
        with self.database.write() as connection:
            return bulk.begin(connection, act, "统一处理", "nobody", [], self.clock.now(), **more)

    def run(self) -> None:
        while self.bulk.round():
            pass

    def operation(self, identity: str) -> Any:
        with self.database.read() as connection:
            return connection.execute(select(Operation.__table__).where(Operation.id == identity)).one()

    def scalars(self, statement: Any) -> list[Any]:
        with self.database.read() as connection:
            return list(connection.scalars(statement))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(f"sqlite:///{tmp_path}/bulk.db")
    yield found
    found.database.dispose()


def test_all_that_a_search_finds_is_done_and_nothing_else(desk: Desk) -> None:
    ids = desk.instances(55)
    other = desk.core.engine.execute(c.Suspend("s", ids[0], "盘点")).instance_id
    operation = desk.begin("cancel", criteria=Criteria(process="p", state="active"))
    desk.run()
    row = desk.operation(operation)
    assert (row.state, row.total, row.done, row.failed) == ("done", 54, 54, 0)
    assert desk.scalars(select(Instance.status).where(Instance.id == other)) == ["suspended"]
    assert set(desk.scalars(select(Instance.status).where(Instance.id != other))) == {"cancelled"}
    entry = desk.scalars(select(HistoryEntry.actor).where(HistoryEntry.kind == "Cancel"))
    assert entry == ["nobody"] * 54


def test_what_cannot_be_done_is_said_of_each_and_holds_up_nobody(desk: Desk) -> None:
    ids = desk.instances(3)
    desk.core.engine.execute(c.Cancel("gone", ids[1]))
    operation = desk.begin("suspend", chosen=ids)
    desk.run()
    row = desk.operation(operation)
    assert (row.state, row.done, row.failed) == ("done", 2, 1)
    wrong = desk.scalars(select(OperationItem.result).where(OperationItem.state == "failed"))
    assert wrong[0]["zh"] == "流程已经不在这一步，或状态已变"


def test_incidents_are_retried_together(desk: Desk) -> None:
    desk.instances(4)
    for at, task in enumerate(desk.scalars(select(UserTask.id))):
        desk.core.engine.execute(c.CompleteTask(f"click-{at}", task))
    for at, job in enumerate(desk.scalars(select(Job.id))):
        desk.core.engine.execute(c.FailJob(f"fail-{at}", job, "没有应答", final=True))
    operation = desk.begin("retry", criteria=Criteria(state="incident", trouble="没有应答"))
    desk.run()
    assert desk.operation(operation).done == 4
    assert desk.scalars(select(Incident.resolution)) == ["retry"] * 4
    assert desk.scalars(select(Job.state)) == ["open"] * 4


def test_the_rest_of_a_stopped_operation_is_left_as_it_is(desk: Desk) -> None:
    operation = desk.begin("cancel", chosen=desk.instances(30))
    desk.bulk.round()
    with desk.database.write() as connection:
        bulk.stop(connection, operation, desk.clock.now())
    desk.run()
    row = desk.operation(operation)
    assert (row.state, row.done) == ("stopped", bulk.BATCH)
    assert desk.scalars(select(Instance.status)).count("active") == 30 - bulk.BATCH


def test_every_gap_in_doing_the_same_to_many_is_died_in() -> None:
    assert [each.name for each in scan() if each.many] == [GAP]


@pytest.mark.parametrize("act", ["cancel", "move"])
def test_a_process_that_is_killed_in_between_loses_nothing_and_does_nothing_twice(desk: Desk, act: str) -> None:
    said = {"element": "one", "target": "three"} if act == "move" else None
    operation = desk.begin(act, chosen=desk.instances(25), said=said)
    environment = {**os.environ, VARIABLE: f"{GAP}:1"}
    command = [sys.executable, "-c", VICTIM, desk.url, desk.clock.now().isoformat()]
    ended = subprocess.run(command, env=environment, check=False, timeout=300)
    assert ended.returncode == -signal.SIGKILL
    assert desk.operation(operation).done == 0
    desk.run()
    assert desk.operation(operation).done == 0, "it is still in the dead one's hands"
    desk.clock.advance(timedelta(minutes=2))
    desk.run()
    row = desk.operation(operation)
    assert (row.state, row.done, row.failed) == ("done", 25, 0)
    kind = "Cancel" if act == "cancel" else "Move"
    assert len(desk.scalars(select(HistoryEntry.seq).where(HistoryEntry.kind == kind))) == 25
