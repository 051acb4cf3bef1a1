"""Writes down every statement of a day's work, as this version of the software does it::

    python -m tests.integration.upgrade.record NAME

``samples/NAME.sqlite.zst`` and ``samples/NAME.postgresql.zst`` are what test_side_by_side.py runs again on later schemas: the
release that the next one is to work beside. Run it when a release is made, and let the test name it.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from processes.casework import loading, texts
from processes.casework.accounts import passwords
from processes.messaging.bus import Message
from processes.notation.bundle import read_folder
from processes.runtime import commands as c
from processes.runtime.scheduler import Scheduler
from processes.store import outbox
from processes.store.database import Database
from processes.store.tables import Base, Case, Incident, Job, Report, Stall
from tests.integration.gateway.conftest import Browser, Program
from tests.integration.gateway.world import HOTLINE, MODELS, OPERATOR, PASSWORD, World, build
from tests.integration.upgrade.generate import SAMPLES
from tests.integration.upgrade.statements import Statement, recorded, save
from tests.servers.postgres import PostgresServer


def _furnish(world: World) -> None:
    with world.services.database.write() as connection:
        loading.load(connection, MODELS / "reference", world.clock)
        passwords.set_missing(connection, PASSWORD)
    world.engine.deploy(read_folder([MODELS]))


def a_day(world: World) -> None:
    """Something of everything that the platform does, on an empty migrated database."""
    operator, hotline = Program(world.app.test_client(), OPERATOR), Program(world.app.test_client(), HOTLINE)
    handler, clerk = (
        Browser(world.app.test_client()).log_in("wx.wu"),
        Browser(world.app.test_client()).log_in("wx.chen"),
    )
    number = world.report("H1").number
    task = world.open_tasks(number)[0]
    _look(handler, clerk, operator, number, str(task.id))
    handler.post(f"/tasks/{task.id}/follow-up", {"day": "2026-11-24"}, "/")
    handler.post("/inbox/filters", {"name": "急", "query": "urgent=1"}, "/")
    world.complete(task.id, {"outcome": "accept"}, "wx.wu")
    task = world.task(number, "办理并答复")
    handler.post(f"/tasks/{task.id}/draft", {"answer": "写了一半"}, f"/tasks/{task.id}", status=200)
    world.complete(task.id, {"outcome": "answer", "resolution": "solved", "answer": "已办结"}, "wx.wu")
    _jobs(world, fail_first=True)
    _look(handler, clerk, operator, number, str(task.id))
    _message(hotline, "rating.given", {"case": number, "level": 5, "comment": "办得快"})
    _message(hotline, "no.such.message", {"what": "?"}, status=422)
    _escalated(world, hotline)
    _the_bus(world)
    _the_clock(world)
    with world.services.database.write() as connection:
        texts.blank(connection, str(connection.scalar(select(Report.id))))
        connection.execute(insert(Stall), [{"command": "FireTimer:t-1", "at": world.clock.now()}])


def _look(handler: Browser, clerk: Browser, operator: Program, number: str, task: str) -> None:
    for path in ("/", "/?tab=done", "/?q=供电", f"/tasks/{task}"):
        handler.client.get(path)
    for path in (f"/cases/{number}", "/search?q=330502-26", "/incidents", "/counter"):
        clerk.client.get(path)
    for path in ("/api/cases", f"/api/cases/{number}", "/api/tasks", "/api/incidents"):
        operator.get(path)


def _message(program: Program, kind: str, data: dict[str, Any], status: int = 202) -> None:
    event = {"specversion": "1.0", "id": f"m-{kind}", "type": kind, "source": "/hotline", "data": data}
    program.headers = {**program.headers, "Content-Type": "application/cloudevents+json"}
    answer = program.client.post("/api/messages", json=event, headers=program.headers)
    assert answer.status_code == status, answer.text


def _open_jobs(world: World) -> list[Any]:
    with world.services.database.read() as connection:
        return list(connection.execute(select(Job.__table__).where(Job.state == "open").order_by(Job.id)))


def _jobs(world: World, fail_first: bool = False) -> None:
    """Play the workers, as the bus does."""
    for row in _open_jobs(world):
        if fail_first:
            world.engine.execute(c.FailJob(f"again-{row.id}", row.id, "对方没有答复"))
            world.engine.execute(c.FailJob(f"fail-{row.id}", row.id, "对方没有答复", final=True))
            with world.services.database.read() as connection:
                incident = connection.scalar(select(Incident.id).where(Incident.task_id == row.id))
            world.engine.execute(c.Resolve(f"retry-{row.id}", str(incident)))
        world.engine.execute(c.CompleteJob(f"done-{row.id}", row.id, {}))


def _escalated(world: World, hotline: Program) -> None:
    """A board says that it can't, and the coordinator hands the case up; what its enterprise says in between waits."""
    number = world.report(
        "H2", title="跨区用地审批", body="我公司跨区用地审批卡了三个月，涉及省级权限，请协调。"
    ).number
    _message(hotline, "supplement.answered", {"case": number, "text": "补充材料"})
    with world.services.database.read() as connection:
        instance = connection.scalar(select(Case.instance_id).where(Case.number == number))
    world.engine.execute(c.Suspend("suspend", str(instance)))
    world.engine.execute(c.Resume("resume", str(instance)))
    world.engine.execute(c.Correlate("early", "case.accepted", "nobody", {"at": "later"}))
    world.engine.execute(c.Replan("replan", str(instance)))
    world.engine.execute(c.Cancel("cancel", str(instance), "登记有误"))


def _the_bus(world: World) -> None:
    """What the transports do with the outbox."""
    now, database = world.clock.now(), world.services.database
    fresh = Message("m-1", "board.asked", "bihuan", now, {"text": "请答复"})
    with database.write() as connection:
        outbox.put(connection, [outbox.Outgoing("inbox", "board.asked", fresh)], now)
        outbox.any_due(connection, now)
        rows = outbox.lease(connection, now, 50, now + timedelta(seconds=30))
        outbox.extend(connection, [row.id for row in rows], now + timedelta(seconds=60))
        outbox.retry(connection, rows[0].id, now, failed=True)
        outbox.bury(connection, rows[0].id, "没有人收", now)
        outbox.dead(connection)
        outbox.revive(connection, [rows[0].id], now)
        outbox.copy(connection, rows[-1], ["events:a"], now)
        outbox.release(connection)
        outbox.next_due(connection)
        outbox.done(connection, [rows[0].id])


def _the_clock(world: World) -> None:
    """Days go by: reminders, escalation, early messages that nobody came for."""
    scheduler = Scheduler(world.engine)
    world.report("H3", title="厂房消防验收", body="我公司厂房消防验收两次退回，要求不一致，影响投产，请一次性告知。")
    for _ in range(4):
        world.clock.advance(timedelta(days=3))
        scheduler.run_due()
        scheduler.expire()
        _jobs(world)


@contextmanager
def _postgres() -> Iterator[str]:
    server = PostgresServer.start()
    try:
        yield server.create_database("record")
    finally:
        server.destroy()


def record(url: str, folder: Path) -> list[Statement]:
    """What this version runs during a day on an empty database."""
    database = Database(url)
    database.migrate()
    database.dispose()
    with recorded() as found:
        world = build(folder, fresh=False, url=url)
        _furnish(world)
        a_day(world)
        world.services.database.dispose()
    missing = {table.name for table in Base.metadata.tables.values()} - {each.inserts_into() for each in found}
    assert not missing, f"nothing was written into {sorted(missing)}"
    return found


def main(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = record(f"sqlite:///{folder}/day.db", Path(folder))
        save(found, SAMPLES / f"{name}.sqlite.zst")
        print("sqlite", len(found), "statements")
    with tempfile.TemporaryDirectory() as folder, _postgres() as url:
        found = record(url, Path(folder))
        save(found, SAMPLES / f"{name}.postgresql.zst")
        print("postgresql", len(found), "statements")


if __name__ == "__main__":
    main(sys.argv[1])
