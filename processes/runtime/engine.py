"""The one function through which everything changes: ``Engine.execute``.

A command is load → apply → run → save in one transaction: the instance's state, the rows derived from it, the history, the outgoing messages and the
command's own id commit together or not at all (ARCHITECTURE rule 2). Gateway, queue consumers and timers are three doors to it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from processes import failpoints
from processes.clock import Clock
from processes.errors import BihuanError
from processes.notation.bundle import Version
from processes.runtime import commands as c
from processes.runtime import correlation, incidents
from processes.runtime.definitions import Definitions, Superior
from processes.runtime.handlers import HANDLERS, start_id
from processes.runtime.rows import Rows
from processes.runtime.unit import Before, StaleVersion, Unit
from processes.runtime.watchdog import Convicted, Unwatched, Watch
from processes.runtime.workshop import Projection, Settings, Workshop
from processes.spiff.instance import NotWaiting, StepFailed
from processes.spiff.script_engine import ScriptEngine
from processes.store import inbox
from processes.store.database import Database
from processes.store.tables import Job, Timer, UserTask

__all__ = ["PARTNER", "AlreadyClaimed", "Engine", "Settings"]

log = logging.getLogger(__name__)

ATTEMPTS = 6
"""How often a transaction is begun anew after a lock conflict or a restarting database, before the caller is told."""

RARELY_REPEATED = (c.CompleteTask, c.CompleteJob, c.FireTimer)
"""Commands whose repetition shows by itself (nothing waits any more, or the claim at the end fails): no look into the inbox before."""

PARTNER = "bihuan"
"""Under this partner stand the ids of our own commands in the inbox; the source is the kind of command."""


class Engine:
    """Runs instances on a database. Thread-safe; any number of engines may share a PostgreSQL database.

    ``functions`` may be called by expressions and scripts; ``superior`` gives a place's superior, for models in force; ``versions`` what the
    history notes of the reference data in use; ``watch`` hears of commands in flight (see ``watchdog``).
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        functions: Mapping[str, Callable[..., Any]] | None = None,
        superior: Superior = lambda place: None,
        projections: Sequence[Projection] = (),
        versions: Callable[[], Mapping[str, Any]] = dict,
        settings: Settings | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.database = database
        self.clock = clock
        self.settings = settings or Settings()
        self.watch: Watch = watch or Unwatched()
        self.functions: dict[str, Callable[..., Any]] = dict(functions or {})
        self.definitions = Definitions(database, superior)
        self.projections = list(projections)
        self.script_engine = ScriptEngine(self.functions, clock)
        self.workshop = Workshop(
            clock,
            self.settings,
            self.definitions,
            self.script_engine,
            Rows(self.settings.source if self.settings.publish_jobs else None),
            self.projections,
            versions,
        )

    def deploy(self, files: Mapping[str, bytes], place: str = "") -> Sequence[Version]:
        """Put every executable process of ``files`` into force at ``place`` ("" = everywhere).

        Raises ``ParseError`` for the first thing that cannot run; ``check`` them first to get all findings.
        """
        with self.database.write() as connection:
            return self.definitions.deploy(connection, files, place, self.clock.now())

    def execute(self, command: c.Command, *, before: Before | None = None) -> c.Outcome:
        """Carry out a command, once. What the engine cannot do becomes an incident that a person resolves.

        Raises ``NotWaiting`` for a task, job or timer that is no longer there, ``Suspended``, ``NoDefinition``: then nothing has changed and
        the command's id is free. ``before`` is written in the same transaction.
        """
        look_first = not isinstance(command, RARELY_REPEATED)
        for attempt in range(ATTEMPTS):
            try:
                self.watch.check(command)
                return self._once(command, before, look_first)
            except (StepFailed, Convicted) as error:
                if attempt + 1 < ATTEMPTS and self._met_a_conflict(error):
                    continue
                return self._incident(command, error, before)
            except (StaleVersion, AlreadyClaimed) as error:
                log.info("command %s begun anew: %r", command.id, error)
                look_first = True
            except NotWaiting:
                if look_first:
                    raise
                look_first = True
            except Exception as error:
                if self.database.refuses_value(error):
                    unfit = StepFailed(
                        "这一步的结果存不进数据库：有的值太长，或类型不对", f"does not fit the columns: {error!s:.200}"
                    )
                    return self._incident(command, unfit, before)
                # The same start on two engines at once: the other's instance has the same id, and the inbox will say so.
                same = self.database.was_first(error)
                if attempt + 1 == ATTEMPTS or not (same or self.database.is_transient(error)):
                    raise
                look_first = look_first or same
                log.warning("command %s begun anew: %s", command.id, error)
        raise BihuanError("系统繁忙,请稍后重试", f"command {command.id} met {ATTEMPTS} conflicts")

    def _met_a_conflict(self, error: BaseException) -> bool:
        """Whether what failed the step was the database under a function that an expression called."""
        cause = error.__cause__
        while cause is not None and not self.database.is_transient(cause):
            cause = cause.__cause__
        return cause is not None

    def _once(self, command: c.Command, before: Before | None, look_first: bool) -> c.Outcome:
        with self.database.write() as connection, self.watch.flight(command):
            failpoints.hit("engine.begun")
            known = inbox.result(connection, *_key(command)) if look_first else None
            if known is not None:
                return _known(known)
            unit = Unit(self.workshop, connection, command, before)
            outcome = HANDLERS[type(command)](unit, command)
            failpoints.hit("engine.applied")
            if not inbox.settle(connection, *_key(command), unit.now, _result(outcome)):
                raise AlreadyClaimed(command.id)
            failpoints.hit("engine.claimed")
        failpoints.hit("engine.committed")
        unit.committed()
        return outcome

    def _incident(self, command: c.Command, error: StepFailed | Convicted, before: Before | None) -> c.Outcome:
        """The command's effects were rolled back; keep it, whole, for a person to retry."""
        element_id = error.element_id if isinstance(error, StepFailed) else None
        with self.database.write() as connection:
            known = inbox.result(connection, *_key(command))
            if known is not None:
                return _known(known)
            if isinstance(command, c.Resolve):
                incidents.failed_again(connection, command.incident_id, error.zh, element_id)
                return c.Outcome(None, incident=command.incident_id)
            instance_id = _instance_of(connection, command)
            if before is not None:
                before(connection, instance_id or start_id(command))
            identity = incidents.record(
                connection,
                instance_id=instance_id,
                task_id=None,
                element_id=element_id,
                kind="step-failed" if isinstance(error, StepFailed) else "stalled",
                detail=error.zh,
                command=command,
                now=self.clock.now(),
            )
            if isinstance(command, c.FireTimer):
                connection.execute(update(Timer).where(Timer.task_id == command.task_id).values(incident_id=identity))
            outcome = c.Outcome(instance_id or start_id(command), incident=identity)
            failpoints.hit("engine.incident-recorded")
            inbox.settle(connection, *_key(command), self.clock.now(), _result(outcome))
        log.error("command %s became incident %s: %s", command.id, identity, error.en)
        return outcome


class AlreadyClaimed(Exception):
    """Another process carried out the same command between our look and our claim."""


def _key(command: c.Command) -> tuple[str, str, str]:
    return PARTNER, type(command).__name__, command.id


def _result(outcome: c.Outcome) -> dict[str, Any]:
    return {
        "instance": outcome.instance_id,
        "incident": outcome.incident,
        "buffered": outcome.buffered,
        "data": dict(outcome.data),
    }


def _known(result: Mapping[str, Any]) -> c.Outcome:
    done = c.Outcome(result["instance"], incident=result["incident"], buffered=result["buffered"], data=result["data"])
    return replace(done, duplicate=True)


def _instance_of(connection: Connection, command: c.Command) -> str | None:
    """The running instance a command is for, told from its rows; None for one that starts an instance."""
    lookups: list[Any] = []
    if isinstance(command, c.CompleteTask):
        lookups = [select(UserTask.instance_id).where(UserTask.id == command.task_id)]
    elif isinstance(command, (c.CompleteJob, c.FailJob, c.ThrowJobError)):
        lookups = [select(Job.instance_id).where(Job.id == command.job_id)]
    elif isinstance(command, c.FireTimer):
        lookups = [select(Timer.instance_id).where(Timer.task_id == command.task_id)]
    elif isinstance(command, c.Correlate):
        found = correlation.receivers(connection, command.message, command.key)
        return str(found[0].instance_id) if len(found) == 1 else None
    elif not isinstance(command, c.Start):
        return getattr(command, "instance_id", None)
    for lookup in lookups:
        return connection.execute(lookup).scalar_one_or_none()
    return None
