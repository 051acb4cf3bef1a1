"""The real engine in memory with models in force and reference data loaded; emptied again for each scenario."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import delete
from sqlalchemy.engine import Connection

from processes.casework import functions, loading
from processes.clock import ManualClock
from processes.errors import BihuanError
from processes.kernel.plan import Flow
from processes.messaging import jobs
from processes.messaging.bus import Message
from processes.orchestrator import JobView, Orchestrator
from processes.runtime import commands as c
from processes.runtime.engine import Settings
from processes.runtime.watchdog import Unwatched
from processes.runtime.workshop import Changed, Happened
from processes.scenarios.surroundings import Surroundings
from processes.store.database import Database
from processes.store.tables import StartTimer

MOST_TURNS = 500
"""How often a scenario's steps and due timers may set something in motion: a minute's timer in a wait of years never comes to an end."""

MOST_ANSWERS = 1_000
"""Jobs that are answered one after the other without a step of the scenario: what asks for more never comes to rest."""

Passed = tuple[str, str]
"""The process that a sequence flow is drawn in, and its id."""

_NONE = object()


class Restless(BihuanError):
    """The process asks for job after job, and the scenario's answers never bring it to rest."""


class Record(Unwatched):
    """What the instances of one scenario did, besides what the database knows: flows, messages that left, what the diagrams said last."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Nothing has happened yet."""
        self.flows: set[Passed] = set()
        self.sent: dict[str, Message] = {}
        """by id: a command that is begun anew sends the same again"""
        self.said: dict[str, Any] = {}
        """stage, caseStatus and what is recorded"""
        self._leaving: list[Message] = []
        self._passing: set[Passed] = set()

    def passing(self, flow: Flow) -> None:
        """A token comes by a flow. (By those of an event-based gateway none does: what is caught behind it tells, see ``coverage``.)"""
        self._passing.add((flow.source.element.process_id, flow.id))

    @contextmanager
    def flight(self, command: c.Command) -> Iterator[None]:
        """Note what the command does, unless it fails: then nothing of it has happened."""
        self._leaving, self._passing = [], set()
        yield
        self.flows |= self._passing
        self.sent |= {each.id: each for each in self._leaving}

    def elsewhere(self, _connection: Connection, message: Message, _now: datetime) -> bool:
        """Messages are looked at and go nowhere."""
        self._leaving.append(message)
        return True

    def ask(self, _connection: Connection, changes: Sequence[Changed]) -> Any:
        """As a projection: what the steps say of the case."""
        for change in changes:
            for step in change.steps:
                said = step.properties
                self.said |= {name: said[name] for name in ("stage", "caseStatus") if said.get(name)}
                record = said.get("record")
                self.said["record"] = {**self.said.get("record", {}), **(record if isinstance(record, Mapping) else {})}
        return list[Happened]


class Stage(Orchestrator):
    """An engine with the models of ``files`` in force, and reference data: a folder of it, or another database's. :meth:`clear` before
    each scenario. Of one thread at a time."""

    clock: ManualClock

    def __init__(self, files: Mapping[str, bytes], reference: Path | Surroundings | None) -> None:
        database, record = Database("sqlite://"), Record()
        snapshots = functions.Snapshots(database)
        self.record = record
        self.answers: Mapping[str, Any] = {}
        self._answering = False
        self._turns = 0
        super().__init__(
            database,
            ManualClock(),
            functions=functions.build(snapshots),
            superior=snapshots.superior,
            versions=snapshots.versions,
            projections=[record],
            elsewhere=record.elsewhere,
            watch=record,
            settings=Settings("scenarios", publish_jobs=False, check_result=jobs.check_result),
        )
        self.engine.evaluator.passing = record.passing
        with database.write() as connection:
            if isinstance(reference, Surroundings):
                reference.put(connection)
            elif reference is not None:
                loading.load(connection, reference, self.clock)
        versions = self.versions = self.deploy(files, check=False)
        with database.write() as connection:
            connection.execute(delete(StartTimer))  # only the scenario begins anything
        scopes = [scope for each in versions for scope in self.engine.definitions.process(each.id).scopes.values()]
        self.drawn = frozenset(
            name
            for scope in scopes
            for node in scope.nodes.values()
            for name in (node.id, f"{scope.process_id}/{node.id}")
        )
        """the elements of all models, by id, and by process and id"""
        self._empty = bytes(self._driver.serialize())

    @property
    def _driver(self) -> Any:
        with self.database.read() as connection:
            return connection.connection.dbapi_connection

    def clear(self, now: datetime, answers: Mapping[str, Any]) -> None:
        """As it was when the models had just been deployed, at this time; jobs of these topics or elements are answered by themselves."""
        self._driver.deserialize(self._empty)
        self.engine.workshop.hot.clear()
        self.clock.set(now)
        self.record.clear()
        self.answers = answers
        self._turns = 0

    def carry_out(self, command: c.Command) -> c.Outcome:
        """A command that has no name of its own in the Python face."""
        return self._do(lambda _: command)

    def settle(self) -> None:
        """Besides, give the jobs their usual answers until none is left that has one."""
        super().settle()
        if self._answering:
            return
        self._turns += 1
        if self._turns > MOST_TURNS:
            raise Restless(
                f"流程动了 {MOST_TURNS} 次还停不下来，例如定时太密、等待太久；请把等待分短些",
                f"the process has moved {MOST_TURNS} times and goes on: let less time pass at once",
            )
        self._answering = True
        try:
            for _ in range(MOST_ANSWERS):
                job = next((each for each in self.jobs() if self._usual(each) is not _NONE), None)
                if job is None:
                    return
                jobs.check_result(job.topic, self._usual(job))
                self.complete_job(job.id, self._usual(job))
        finally:
            self._answering = False
        raise Restless(
            f"照 answers 答复了 {MOST_ANSWERS} 个任务，流程仍在不断提出新的任务",
            f"{MOST_ANSWERS} jobs answered, and still more",
        )

    def _usual(self, job: JobView) -> Any:
        return self.answers.get(job.element, self.answers.get(job.topic, _NONE))
