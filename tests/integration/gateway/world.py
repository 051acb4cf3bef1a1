"""A gateway over the shipped models and reference data, in a folder of its own, with a clock that stands still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select

from gateway import create_app
from gateway.services import Services, Settings
from processes.casework import doors
from processes.casework.accounts import passwords
from processes.casework.assembly import Core
from processes.clock import ManualClock
from processes.messaging.incoming import ReportMessage
from processes.messaging.jobs import CATALOGUE
from processes.notation.check import check_files
from processes.runtime.engine import Engine
from processes.store.database import Database
from processes.store.tables import Case, UserTask
from workers.bus.embedded import EmbeddedBus

MODELS = Path(__file__).parents[3] / "bpmn"
START = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
PASSWORD = "correct horse"
OPERATOR, HOTLINE = "operator-token", "hotline-token"


@dataclass
class World:
    """The services under a gateway, and short ways to make something happen."""

    services: Services
    app: Flask
    clock: ManualClock

    @property
    def engine(self) -> Engine:
        return self.services.engine

    def report(
        self, original: str, *, title: str = "供电增容迟迟不批", body: str = "", **more: Any
    ) -> doors.ReportOutcome:
        """A problem over the hotline."""
        words = body or f"我公司在吴兴区申请供电增容已两个月，仍未批复，影响新生产线投产，请协调解决。编号{original}。"
        given = {"enterprise": "湖州一二三机械有限公司", "contact": "王明", "phone": "13812345678", "place": "330502"}
        message = ReportMessage("hotline", original, words, {}, title=title, **{**given, **more})
        return doors.report(self.engine, message, actor="hotline")

    def open_tasks(self, number: str | None = None) -> list[Any]:
        """The open user tasks (of a case), oldest first."""
        statement = select(UserTask.__table__, Case.number).join(Case, Case.id == UserTask.case_id)
        statement = statement.where(UserTask.state == "open").order_by(UserTask.created_at)
        with self.services.database.read() as connection:
            return list(connection.execute(statement if number is None else statement.where(Case.number == number)))

    def task(self, number: str, name: str) -> Any:
        """The open task of that name in a case."""
        return next(task for task in self.open_tasks(number) if task.name == name)

    def complete(self, task_id: str, data: dict[str, Any], person: str) -> None:
        """A person completes a task."""
        doors.complete_form(self.engine, task_id, data, person)


def build(folder: Path, fresh: bool = True, url: str | None = None) -> World:
    """A world whose database is a file in ``folder``, or at ``url``; ``fresh``: to be filled with reference data and models."""
    services, clock = services_over(folder, fresh, url)
    return World(services, create_app(services), clock)


def services_over(folder: Path, fresh: bool = True, url: str | None = None) -> tuple[Services, ManualClock]:
    """What a gateway is given, and the clock of it."""
    database = Database(url or f"sqlite:///{folder / 'gateway.db'}")
    clock = ManualClock(START)
    core = Core.on(database, clock)
    if fresh:
        core.seed(MODELS)
        with database.write() as connection:
            passwords.set_missing(connection, PASSWORD)
    services = Services(
        database=database,
        engine=core.engine,
        clock=clock,
        snapshots=core.snapshots,
        inlet=core.reception.inlet(lambda partner, kind: True),
        check=check_files,
        upkeep=EmbeddedBus(database, clock, topics=tuple(CATALOGUE)),
        settings=Settings(folder, partners={HOTLINE: "hotline"}, operators={OPERATOR: "operator"}),
    )
    return services, clock
