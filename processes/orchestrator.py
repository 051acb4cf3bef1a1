"""The Python face: everything an embedder or a test of processes needs, in about a dozen calls.

>>> from processes.orchestrator import Orchestrator
>>> engine = Orchestrator()
>>> _ = engine.deploy({"hello.bpmn": HELLO})                        # doctest: +SKIP
>>> case = engine.start("hello", {"name": "湖州"})                   # doctest: +SKIP
>>> engine.complete(engine.tasks(case)[0].id, {"approved": True})   # doctest: +SKIP
>>> engine.instance(case).state                                     # doctest: +SKIP
'completed'
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select, update

from processes.clock import Clock, ManualClock
from processes.errors import BihuanError
from processes.notation import bundle
from processes.notation.check import Finding, check_files
from processes.notation.check.findings import ERROR
from processes.runtime import commands as c
from processes.runtime import signals
from processes.runtime.engine import Engine, Settings
from processes.runtime.scheduler import Scheduler
from processes.store import history, outbox
from processes.store.database import Database
from processes.store.tables import JOB_IS_OPEN, TASK_IS_OPEN, Incident, Instance, Job, UserTask

MOST_LISTED = 20
"""Errors that an exception lists; all of them are among its ``findings``."""


@dataclass(frozen=True)
class TaskView:
    """An open user task."""

    id: str
    instance: str
    element: str
    name: str
    role: str
    organisation: str | None
    place: str
    form: str | None
    due_at: datetime | None


@dataclass(frozen=True)
class JobView:
    """A job that this caller has locked."""

    id: str
    instance: str
    element: str
    topic: str
    arguments: Mapping[str, Any]
    attempt: int


@dataclass(frozen=True)
class IncidentView:
    """An incident that nobody has resolved."""

    id: str
    element: str | None
    kind: str
    detail: str


@dataclass(frozen=True)
class InstanceView:
    """An instance: ``state`` is active, suspended, completed or cancelled; ``trace`` the ids of finished elements in order."""

    id: str
    process: str
    definition: str
    state: str
    variables: Mapping[str, Any]
    trace: Sequence[str]
    incidents: Sequence[IncidentView]


class Refused(BihuanError):
    """Diagrams with errors were not deployed; ``findings`` are the errors, each with its file, element and remedy."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        listed = list(findings)[:MOST_LISTED]
        more = len(findings) - len(listed)
        super().__init__(
            "\n".join(
                [
                    f"有 {len(findings)} 个错误，没有部署：",
                    *(f"{each.file}：{each.zh}{each.remedy_zh}" for each in listed),
                ]
                + ([f"另有 {more} 个。"] if more else [])
            ),
            "\n".join(
                [f"{len(findings)} errors, nothing was deployed:"]
                + [f"{each.file}: {each.rule}: {each.en} {each.remedy_en}" for each in listed]
                + ([f"and {more} more"] if more else [])
            ),
        )
        self.findings = findings


class Orchestrator:
    """A process engine for embedding and for tests of processes: in memory, or on ``database`` (an SQLAlchemy URL).

    Time stands still until :meth:`advance` moves it, unless another ``clock`` is given. After every call all that can run has run: messages
    between instances are delivered and due timers have fired.
    """

    def __init__(self, database: str | Database = "sqlite://", clock: Clock | None = None, **engine: Any) -> None:
        self.database = database if isinstance(database, Database) else Database(database)
        self.database.migrate()
        self.clock: Clock = clock or ManualClock()
        self.engine = Engine(
            self.database, self.clock, **{"settings": Settings("orchestrator", publish_jobs=False), **engine}
        )
        self.scheduler = Scheduler(self.engine)
        self._numbers = count(1)
        self._prefix = uuid4().hex

    # -- models ------------------------------------------------------------------------------------------------------

    def register(self, name: str, function: Callable[..., Any]) -> None:
        """Let expressions, scripts and decisions call ``function`` by ``name`` (which may have spaces in FEEL)."""
        self.engine.functions[name] = function

    def deploy(
        self, models: Mapping[str, bytes | str] | Path | Sequence[Path], place: str = "", *, check: bool = True
    ) -> Sequence[bundle.Version]:
        """Put the processes of files (name → content) or folders into force; returns one version a process.

        Raises :class:`Refused` when ``check`` finds errors in them, with all of them. ``check=False`` is for files that were checked
        already: what the engine cannot execute it may then execute wrongly.
        """
        if isinstance(models, Mapping):
            files = {name: body.encode() if isinstance(body, str) else body for name, body in models.items()}
        else:
            files = bundle.read_folder([models] if isinstance(models, Path) else models)
        wrong = _errors(files) if check else ()
        if wrong:
            raise Refused(wrong)
        return self.engine.deploy(files, place)

    # -- instances ---------------------------------------------------------------------------------------------------

    def start(
        self,
        process: str,
        variables: Mapping[str, Any] | None = None,
        *,
        place: str = "",
        key: str | None = None,
        id: str | None = None,
    ) -> str:
        """Start an instance; returns its id. The same ``id`` (of the command) again starts nothing."""
        outcome = self._do(lambda command: c.Start(command, process, place, dict(variables or {}), key), id)
        return str(outcome.instance_id)

    def instance(self, id: str) -> InstanceView:
        """What an instance is doing, and did."""
        with self.database.read() as connection:
            row = connection.execute(select(Instance.__table__).where(Instance.id == id)).first()
            if row is None:
                raise BihuanError(f"没有流程实例 {id}", f"no instance {id}")
            incidents = connection.execute(
                select(Incident.__table__).where(Incident.instance_id == id, Incident.resolved_at.is_(None))
            ).all()
            entries = history.read(connection, id)
            running = self.engine.look(connection, id)
        assert running is not None
        trace = [step[0] for entry in entries for step in entry.steps if step[2] in ("completed", "caught")]
        views = [IncidentView(each.id, each.element_id, each.kind, each.detail) for each in incidents]
        return InstanceView(id, row.process_id, row.definition_id, row.status, running.data, trace, views)

    def instances(self, process: str | None = None) -> Sequence[str]:
        """The ids of all instances (of a process), oldest first."""
        statement = select(Instance.id).order_by(Instance.created_at, Instance.id)
        with self.database.read() as connection:
            return list(
                connection.execute(
                    statement if process is None else statement.where(Instance.process_id == process)
                ).scalars()
            )

    def cancel(self, instance: str, reason: str = "") -> None:
        """End an instance and everything it waits for."""
        self._do(lambda command: c.Cancel(command, instance, reason))

    def suspend(self, instance: str) -> None:
        """Let an instance take no commands."""
        self._do(lambda command: c.Suspend(command, instance))

    def resume(self, instance: str) -> None:
        """Let a suspended instance go on."""
        self._do(lambda command: c.Resume(command, instance))

    # -- people ------------------------------------------------------------------------------------------------------

    def tasks(self, instance: str | None = None, role: str | None = None) -> Sequence[TaskView]:
        """Open user tasks, oldest first."""
        statement = select(UserTask.__table__).where(TASK_IS_OPEN).order_by(UserTask.created_at, UserTask.id)
        if instance is not None:
            statement = statement.where(UserTask.instance_id == instance)
        if role is not None:
            statement = statement.where(UserTask.role == role)
        with self.database.read() as connection:
            rows = connection.execute(statement).all()
        return [
            TaskView(
                row.id,
                row.instance_id,
                row.element_id,
                row.name,
                row.role,
                row.organisation,
                row.place,
                row.form,
                row.due_at,
            )
            for row in rows
        ]

    def complete(
        self, task: str, data: Mapping[str, Any] | None = None, *, actor: str | None = None, id: str | None = None
    ) -> c.Outcome:
        """Finish a user task with what its form gave."""
        return self._do(lambda command: c.CompleteTask(command, task, dict(data or {}), actor=actor), id)

    # -- workers -----------------------------------------------------------------------------------------------------

    def jobs(
        self, topic: str | None = None, *, instance: str | None = None, worker: str = "worker", lock: float = 60.0
    ) -> Sequence[JobView]:
        """Fetch and lock the jobs that can be done now, for ``lock`` seconds; the most urgent first."""
        now = self.clock.now()
        statement = (
            select(Job.__table__)
            .where(JOB_IS_OPEN, Job.available_at <= now)
            .where((Job.locked_until.is_(None)) | (Job.locked_until <= now) | (Job.locked_by == worker))
            .order_by(func.coalesce(Job.priority, 0).desc(), Job.created_at, Job.id)
        )
        if topic is not None:
            statement = statement.where(Job.topic == topic)
        if instance is not None:
            statement = statement.where(Job.instance_id == instance)
        with self.database.write() as connection:
            rows = connection.execute(statement.with_for_update(skip_locked=True)).all()
            until = now + timedelta(seconds=lock)
            connection.execute(
                update(Job).where(Job.id.in_([row.id for row in rows])).values(locked_by=worker, locked_until=until)
            )
        return [JobView(r.id, r.instance_id, r.element_id, r.topic, r.arguments, r.attempts + 1) for r in rows]

    def complete_job(self, job: str, result: Any = None, *, id: str | None = None) -> c.Outcome:
        """A job's result, a JSON value; it lands in the result variable of its service task."""
        return self._do(lambda command: c.CompleteJob(command, job, result), id)

    def fail_job(self, job: str, reason: str, *, retry_after: float | None = None, final: bool = False) -> c.Outcome:
        """A job could not be done: tried again later, or an incident when no attempts are left."""
        return self._do(lambda command: c.FailJob(command, job, reason, retry_after, final))

    def throw_error(
        self, job: str, code: str, message: str = "", variables: Mapping[str, Any] | None = None
    ) -> c.Outcome:
        """A business error at a job: goes to the error boundary event around it; nobody catches it: an incident."""
        return self._do(lambda command: c.ThrowJobError(command, job, code, message, dict(variables or {})))

    # -- the world ---------------------------------------------------------------------------------------------------

    def correlate(
        self,
        message: str,
        key: str = "",
        payload: Mapping[str, Any] | None = None,
        *,
        place: str = "",
        ttl: float = 7 * 86400.0,
        id: str | None = None,
    ) -> c.Outcome:
        """A message for the one instance that waits for it (or that it starts); kept ``ttl`` seconds when it comes early."""
        return self._do(lambda command: c.Correlate(command, message, key, dict(payload or {}), place, ttl), id)

    def signal(self, name: str, payload: Mapping[str, Any] | None = None, *, instance: str | None = None) -> int:
        """A signal to every instance that waits for it, and to every process that it starts (or to one ``instance`` alone); returns how
        many there were."""
        if instance is not None:
            self._do(lambda command, to=instance: c.Signal(command, to, name, dict(payload or {})))  # type: ignore[misc]
            return 1
        with self.database.read() as connection:
            definitions = self.engine.definitions
            force = definitions.in_force(connection)
            reached = signals.reached(connection, definitions, force, name, "")
        for instance in reached.instances:
            self._do(lambda command, to=instance: c.Signal(command, to, name, dict(payload or {})))  # type: ignore[misc]
        for process in reached.processes:
            self._do(lambda command, of=process: _by_signal(command, of, "", name, payload or {}))  # type: ignore[misc]
        return len(reached.instances) + len(reached.processes)

    def advance(self, by: timedelta) -> datetime:
        """Move the clock, stopping at every timer on the way, in order."""
        if not isinstance(self.clock, ManualClock):
            raise BihuanError("只有手动时钟可以拨动", "only a ManualClock can be advanced")
        end = self.clock.now() + by
        self.settle()
        while (due := self.scheduler.next_due()) is not None and due <= end:
            if due > self.clock.now():
                self.clock.set(due)
            if not self.scheduler.run_due() and due <= self.clock.now():
                break
            self.settle()
        self.clock.set(end)
        self.settle()
        return end

    def resolve(self, incident: str, action: str = "retry", variables: Mapping[str, Any] | None = None) -> c.Outcome:
        """Retry or skip what failed, with corrected variables when given."""
        return self._do(lambda command: c.Resolve(command, incident, action, dict(variables or {})))

    def settle(self) -> None:
        """Deliver messages between instances until none is left."""
        while True:
            now = self.clock.now()
            with self.database.write() as connection:
                leased = outbox.lease(connection, now, 100, now + timedelta(minutes=5), [outbox.Want("inbox")])
            if not leased:
                return
            for row in leased:
                self.engine.execute(loopback(row.message))
            with self.database.write() as connection:
                outbox.done(connection, [row.id for row in leased])

    def _do(self, make: Callable[[str], c.Command], id: str | None = None) -> c.Outcome:
        outcome = self.engine.execute(make(id or f"{self._prefix}:{next(self._numbers)}"))
        self.settle()
        self.scheduler.run_due()
        self.settle()
        return outcome


def loopback(message: Any) -> c.Command:
    """The command for a message that an instance sent to another one."""
    identity = f"{message.source}/{message.id}"
    extensions = message.extensions
    if message.type.startswith("signal:"):
        name = message.type.removeprefix("signal:")
        if "starts" in extensions:
            return _by_signal(identity, extensions["starts"], extensions["place"], name, message.data)
        return c.Signal(identity, extensions["instance"], name, message.data)
    return c.Correlate(
        identity, message.type, extensions.get("correlationkey", ""), message.data, extensions.get("place", "")
    )


def _by_signal(command: str, process: str, place: str, name: str, payload: Mapping[str, Any]) -> c.Start:
    return c.Start(command, process, place, event=f"signal:{name}", payload=dict(payload))


_KEPT = 64
_verdicts: OrderedDict[frozenset[tuple[str, str]], Sequence[Finding]] = OrderedDict()
"""Errors by the names and hashes of files: whoever deploys the same again need not wait for the check again."""


def _errors(files: Mapping[str, bytes]) -> Sequence[Finding]:
    key = frozenset((name, bundle.content_hash(body)) for name, body in files.items())
    found = _verdicts.get(key)
    if found is None:
        found = [each for each in check_files(files, deploying=True) if each.severity == ERROR]
        _verdicts[key] = found
        while len(_verdicts) > _KEPT:
            _verdicts.popitem(last=False)
    return found
