"""Everybody around the diagrams, for tests: the channel that reports, people who do their tasks, systems that do the jobs.

The models, the reference data, the functions, the forms, the access rules and the engine are the real ones. Only the two tables made by data
analysis are replaced (``decisions/``), so that a title says where a problem goes.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from processes.casework import doors, functions, loading
from processes.casework.projection import CaseProjection
from processes.casework.reference import Reference
from processes.clock import ManualClock
from processes.messaging.contracts import CONTRACTS
from processes.messaging.incoming import ReportMessage
from processes.messaging.inlet import Correlation
from processes.notation import bundle
from processes.orchestrator import JobView, Orchestrator
from processes.store import outbox
from processes.store.database import Database
from processes.store.tables import Case, CaseStage, CaseText, Incident, Note, Timer, UserTask

MODELS = Path(__file__).parents[3] / "bpmn"
DECISIONS = Path(__file__).parent / "decisions"
LOCAL = ZoneInfo("Asia/Shanghai")

RESULTS: Mapping[str, Mapping[str, Any]] = {
    "hotline.extend": {"request": "x-1"},
    "rating.request": {"request": "r-1"},
    "rating.rectified": {"receipt": "r-2"},
    "seven-lists.transfer": {"reference": "QD-1"},
    "board.order": {"reference": "BK-1"},
    "board.cancel": {"state": "cancelled"},
    "notice.send": {"receipt": "n-1"},
}
"""What the systems answer; channels answer that it was delivered."""

COUNTY, CITY, PROVINCE, TOWNSHIP = "330502", "3305", "33", "330502102"


def models_with_test_decisions(folder: Path = MODELS) -> dict[str, bytes]:
    """The shipped models, with the tests' own collection standard and classification."""
    replaced = {path.name: path.read_bytes() for path in DECISIONS.iterdir()}
    return {**bundle.read_folder([folder]), **replaced}


@dataclass(frozen=True)
class Sent:
    """A job that a system has done."""

    topic: str
    element: str
    arguments: Mapping[str, Any]


@dataclass(repr=False)
class Desk:
    """A platform, in memory unless ``url`` says where, its clock at Monday 5 January 2026, 9:00 in Beijing."""

    models: Mapping[str, bytes]
    reference_folder: Path = MODELS / "reference"
    down: set[str] = field(default_factory=set)
    """topics whose systems do nothing"""
    errors: dict[str, str] = field(default_factory=dict)
    """topic → the business error its system answers with"""
    sent: list[Sent] = field(default_factory=list)
    url: str = "sqlite://"

    def __post_init__(self) -> None:
        self.clock = ManualClock(datetime(2026, 1, 5, 1, 0, tzinfo=UTC))
        database = Database(self.url)
        database.migrate()
        snapshots = functions.Snapshots(database)
        self.engine = _Orchestrator(
            database,
            self.clock,
            functions=functions.build(snapshots),
            superior=snapshots.superior,
            versions=snapshots.versions,
            projections=[CaseProjection()],
        )
        with database.write() as connection:
            loading.load(connection, self.reference_folder, self.clock)
        self.engine.deploy(self.models)
        self._originals = count(1)

    # -- the enterprise and the channel ----------------------------------------------------------------------------------

    def report(self, title: str, body: str = "请帮忙解决。", place: str = COUNTY, **more: Any) -> Any:
        """A problem over the hotline, unless ``more`` (fields of ``ReportMessage``) says otherwise; returns what became of it."""
        original = str(more.pop("original", f"hotline-{next(self._originals)}"))
        channel = str(more.pop("channel", "hotline"))
        message = ReportMessage(channel, original, body, {"id": original}, title=title, place=place, **more)
        outcome = doors.report(self.engine.engine, message)
        self.go_on()
        return outcome

    def say(self, message: str, case: str, **payload: Any) -> None:
        """A partner's message for a case, by its number."""
        self.engine.correlate(message, case, {"case": case, **payload})
        self.go_on()

    def withdraw(self, case: str) -> None:
        """The enterprise takes its problem back."""
        said = Correlation("withdrawal.requested", case, {"case": case, "reason": None}, orders=True)
        doors.correlate(self.engine.engine, f"withdrawal/{case}", said)
        self.go_on()

    # -- people ----------------------------------------------------------------------------------------------------------

    def tasks(self) -> list[str]:
        """The elements of the open tasks."""
        return sorted(task.element for task in self.engine.tasks())

    def task(self, element: str, organisation: str | None = None) -> Any:
        """The row of the one open task of this element."""
        with self.engine.database.read() as connection:
            statement = select(*UserTask.__table__.c).where(UserTask.state == "open", UserTask.element_id == element)
            if organisation is not None:
                statement = statement.where(UserTask.organisation == organisation)
            return connection.execute(statement).one()

    def variables(self, element: str) -> Mapping[str, Any]:
        """What the one open task of this element sees."""
        with self.engine.database.read() as connection:
            return doors.variables_of(self.engine.engine, connection, self.task(element))

    def do(self, element: str, organisation: str | None = None, **data: Any) -> None:
        """Whoever has this task fills in its form."""
        task = self.task(element, organisation)
        doors.complete_form(self.engine.engine, task.id, data, self._holder(task))
        self.go_on()

    def _holder(self, task: Any) -> str:
        with self.engine.database.read() as connection:
            reference = Reference.read(connection)
        for duty in reference.duties:
            serves = task.organisation is None or duty.organisation == task.organisation
            if duty.role == task.role and duty.place == task.place and serves:
                return duty.person
        raise LookupError(f"nobody at {task.place} is {task.role} of {task.organisation}")

    # -- systems and time ------------------------------------------------------------------------------------------------

    def go_on(self) -> None:
        """Deliver messages and do jobs until there is nothing left but to wait."""
        self.engine.settle()
        self.complain()
        while jobs := [job for job in self.engine.jobs() if job.topic not in self.down]:
            for job in jobs:
                self._work(job)
            self.complain()

    def complain(self) -> None:
        """Every incident is a mistake of the diagrams."""
        with self.engine.database.read() as connection:
            found = connection.execute(
                select(Incident.element_id, Incident.detail).where(Incident.resolved_at.is_(None))
            )
            incidents = [f"{row.element_id}: {row.detail}" for row in found]
        assert not incidents, incidents

    def _work(self, job: JobView) -> None:
        self.sent.append(Sent(job.topic, job.element, job.arguments))
        if job.topic in self.errors:
            self.engine.throw_error(job.id, self.errors[job.topic])
        else:
            self.engine.complete_job(job.id, dict(RESULTS.get(job.topic, {"delivered": True})))

    def until(self, month: int, day: int, hour: int = 9, minute: int = 0, year: int = 2026) -> None:
        """Let time pass until then, in Beijing; jobs are done as they come."""
        end = datetime(year, month, day, hour, minute, tzinfo=LOCAL)
        while (due := self.engine.scheduler.next_due()) is not None and due <= end:
            self.engine.advance(max(due - self.clock.now(), timedelta()))
            self.go_on()
        self.engine.advance(end - self.clock.now())
        self.go_on()

    # -- what one sees ---------------------------------------------------------------------------------------------------

    def case(self, number: str) -> Any:
        """The row of a case."""
        with self.engine.database.read() as connection:
            return connection.execute(select(*Case.__table__.c).where(Case.number == number)).one()

    def child(self, number: str) -> Any:
        """The row of the newest case at the superior place that this case became."""
        with self.engine.database.read() as connection:
            statement = select(*Case.__table__.c).where(Case.parent == self.case(number).id)
            return connection.execute(statement.order_by(Case.opened_at.desc(), Case.number.desc())).first()

    def stages(self, number: str) -> list[str]:
        """The stages that a case went through."""
        with self.engine.database.read() as connection:
            statement = select(CaseStage.stage).where(CaseStage.case_id == self.case(number).id).order_by(CaseStage.id)
            return list(connection.scalars(statement))

    def notices(self, number: str) -> list[tuple[str, str]]:
        """The kinds of notices of a case, with the day and time in Beijing."""
        with self.engine.database.read() as connection:
            rows = connection.execute(select(Note.kind, Note.at).where(Note.case_id == self.case(number).id)).all()
        return [(row.kind, f"{row.at.astimezone(LOCAL):%m-%d %H:%M}") for row in sorted(rows, key=lambda each: each.at)]

    def instance(self, number: str) -> Any:
        """The case's instance, with its trace."""
        return self.engine.instance(self.case(number).instance_id)

    def trace(self, number: str) -> Sequence[str]:
        """The elements that the case has been through."""
        return list(self.instance(number).trace)

    def jobs(self, topic: str) -> list[Mapping[str, Any]]:
        """The arguments of the jobs of this topic that were done."""
        return [sent.arguments for sent in self.sent if sent.topic == topic]

    def words(self, reference: Mapping[str, str]) -> str:
        """The text behind a reference."""
        with self.engine.database.read() as connection:
            return str(connection.scalar(select(CaseText.body).where(CaseText.id == reference["$text"])))

    def waiting_timers(self) -> list[str]:
        """The elements of the timers that wait."""
        with self.engine.database.read() as connection:
            return sorted(connection.scalars(select(Timer.element_id)))


class _Orchestrator(Orchestrator):
    """Messages between cases come through casework's door, which opens the child case at the superior place."""

    def settle(self) -> None:
        while True:
            now = self.clock.now()
            with self.database.write() as connection:
                leased = outbox.lease(connection, now, 100, now + timedelta(minutes=5), [outbox.Want("inbox")])
            if not leased:
                return
            for row in leased:
                extensions = row.message.extensions
                said = Correlation(
                    row.message.type,
                    extensions.get("correlationkey", ""),
                    row.message.data,
                    extensions.get("place", ""),
                    orders=(row.message.type, "1") in CONTRACTS and CONTRACTS[row.message.type, "1"].orders,
                )
                doors.correlate(self.engine, f"{row.message.source}/{row.message.id}", said)
            with self.database.write() as connection:
                outbox.done(connection, [row.id for row in leased])


def copy_of_models(folder: Path) -> Path:
    """A copy of the model folder that a test may edit."""
    return Path(shutil.copytree(MODELS, folder / "bpmn"))
