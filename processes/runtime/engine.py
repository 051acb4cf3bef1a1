"""The one function through which everything changes: ``Engine.execute``.

A command is load → apply → run → save in one transaction: the instance's state, the rows derived from it, the history, the outgoing messages and the
command's own id commit together or not at all (ARCHITECTURE rule 2). Gateway, queue consumers and timers are three doors to it.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from time import perf_counter, sleep
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select, update
from sqlalchemy.engine import Connection

from processes.clock import Clock
from processes.errors import BihuanError
from processes.failpoints import hit
from processes.kernel.errors import NotWaiting, StepFailed
from processes.kernel.evaluation import Evaluator
from processes.kernel.instance import PREFIX, RunningInstance
from processes.notation.bundle import Version
from processes.observing import here
from processes.observing.here import Here
from processes.runtime import commands as c
from processes.runtime import correlation, incidents, measures
from processes.runtime.courier import Courier
from processes.runtime.definitions import Definitions, Superior
from processes.runtime.handlers import HANDLERS, TIMER, plan_next_start, start_id
from processes.runtime.turns import Overtaken, Turn
from processes.runtime.unit import PARTNER, AlreadyClaimed, Before, StaleVersion, Unit, key_of, read_state
from processes.runtime.watchdog import Convicted, Unwatched, Watch
from processes.runtime.workshop import Elsewhere, Projection, Settings, Versions, Workshop, all_here, no_versions
from processes.store import inbox, parcels
from processes.store.database import Database
from processes.store.outbox import Outgoing
from processes.store.tables import Instance, Job, Timer, UserTask

__all__ = ["PARTNER", "AlreadyClaimed", "Engine", "Settings"]

log = logging.getLogger(__name__)

ATTEMPTS = 6
"""How often a transaction is begun anew after a lock conflict or a restarting database, before the caller is told."""

PAUSE = 0.05
"""Seconds before the first of these at most; twice as long each time: a second or so in all."""

RARELY_REPEATED = (c.CompleteTask, c.CompleteJob, c.FireTimer)
"""Commands whose repetition shows by itself (nothing waits any more, or the claim at the end fails): no look into the inbox before."""


_HEAD = select(Instance.definition_id, Instance.parts).where(Instance.id == bindparam("i"))


class Request(NamedTuple):
    """A command, what its door writes with it, and the door."""

    command: c.Command
    before: Before | None = None
    place: Here | None = None


class Engine:
    """Runs instances on a database. Thread-safe; any number of engines may share a PostgreSQL database.

    ``functions`` may be called by expressions and scripts; ``superior`` gives a place's superior, for models in force; ``versions`` what the
    history notes of the reference data in use; ``elsewhere`` takes messages for other deployments; ``watch`` hears of commands in flight
    (see ``watchdog``).
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        functions: Mapping[str, Callable[..., Any]] | None = None,
        superior: Superior = lambda place: None,
        projections: Sequence[Projection] = (),
        versions: Versions = no_versions,
        elsewhere: Elsewhere = all_here,
        settings: Settings | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.database = database
        self.clock = clock
        self.settings = settings or Settings()
        self.watch: Watch = watch or Unwatched()
        self.functions: dict[str, Callable[..., Any]] = dict(functions or {})
        self.evaluator = Evaluator(self.functions, clock)
        self.definitions = Definitions(database, superior, self.evaluator)
        self.projections = list(projections)
        self.courier: Courier | None = None
        """set by a transport of this process that delivers each commit's messages itself"""
        self.workshop = Workshop(
            clock, self.settings, self.definitions, self.evaluator, self.projections, versions, elsewhere
        )

    def deploy(
        self, files: Mapping[str, bytes], place: str = "", *, noted: Callable[[Connection], None] | None = None
    ) -> Sequence[Version]:
        """Put every executable process of ``files`` into force at ``place`` ("" = everywhere).

        Raises ``ParseError`` for the first thing that cannot run; ``check`` them first to get all findings. ``noted`` writes in the same
        transaction.
        """
        with self.database.write() as connection:
            deployed = self.definitions.deploy(connection, files, place, self.clock.now())
            if noted is not None:
                noted(connection)
        return deployed

    def execute(self, command: c.Command, *, before: Before | None = None) -> c.Outcome:
        """Carry out a command, once. What the engine cannot do becomes an incident that a person resolves.

        Raises ``NotWaiting`` for a task, job or timer that is no longer there, ``Suspended``, ``NoDefinition``: then nothing has changed and
        the command's id is free. ``before`` is written in the same transaction.
        """
        with measures.of(command) as seen:
            return seen.outcome(self._execute(command, before))

    def _execute(self, command: c.Command, before: Before | None) -> c.Outcome:
        look_first = not isinstance(command, RARELY_REPEATED)
        for attempt in range(ATTEMPTS):
            if attempt:
                measures.RETRIES.inc()
            try:
                self.watch.check(command)
                ((_, _, outcome),) = self._together([Request(command, before)], look_first)
                return outcome
            except (StepFailed, Convicted) as error:
                if attempt + 1 == ATTEMPTS or not self.database.was_away(error):
                    return self._incident(command, error, before)
                _pause(attempt)
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
                _pause(attempt)
        raise BihuanError("系统繁忙,请稍后重试", f"command {command.id} met {ATTEMPTS} conflicts")

    def execute_all(
        self, commands: Sequence[c.Command], places: Sequence[Here | None] | None = None, turn: Turn | None = None
    ) -> list[c.Outcome | Exception]:
        """Carry out several commands in one transaction, in their order; each gets its outcome, or what :meth:`execute` raises for it.
        ``places``: the door of each; ``turn``: among groups that are to have their effects one after the other.

        Should one fail, all are carried out one by one: a group is worth its commit as long as nobody spoils it.
        """
        turn = turn or Turn()
        doors = places or [None] * len(commands)
        if len(commands) > 1 and (outcomes := self._as_one(commands, doors, turn)) is not None:
            return outcomes
        turn.wait()
        return [self._alone(command, door) for command, door in zip(commands, doors, strict=True)]

    def _as_one(
        self, commands: Sequence[c.Command], doors: Sequence[Here | None], turn: Turn
    ) -> list[c.Outcome | Exception] | None:
        """None when one of the commands has spoilt the transaction."""
        requests = [Request(command, place=door) for command, door in zip(commands, doors, strict=True)]
        looks = any(not isinstance(command, RARELY_REPEATED) for command in commands)
        while True:
            try:
                for command in commands:
                    self.watch.check(command)
                return [outcome for _, _, outcome in self._together(requests, looks, turn)]
            except Overtaken:
                turn.wait()
            except Exception as error:
                turn.fail()
                log.info("a group of %d commands is carried out one by one: %r", len(commands), error)
                return None

    def fire(self, timers: Sequence[c.Command]) -> list[c.Command]:
        """Carry out, in one transaction and in their order, those of these due timers whose instances nobody else has in hands; returns
        those that fired. Of the others another engine takes care, or the next look.

        Should one fail, all are fired one by one.
        """
        try:
            for timer in timers:
                self.watch.check(timer)
            return [timer for timer, _, _ in self._commit(lambda unit: self._fire_free(unit, timers))]
        except Exception as error:
            log.info("a group of %d timers is fired one by one: %r", len(timers), error)
        return [timer for timer in timers if isinstance(self._alone(timer, None), c.Outcome)]

    def _alone(self, command: c.Command, door: Here | None) -> c.Outcome | Exception:
        try:
            with here.at(door or here.place()):
                return self.execute(command)
        except Exception as error:
            return error

    def _together(self, requests: Sequence[Request], look_first: bool, turn: Turn | None = None) -> list[measures.Done]:
        return self._commit(lambda unit: self._carry_out(unit, requests, look_first), turn, counted=len(requests) > 1)

    def _commit(
        self, work: Callable[[Unit], list[measures.Done]], turn: Turn | None = None, *, counted: bool = True
    ) -> list[measures.Done]:
        """One transaction."""
        courier, begun = self.courier, perf_counter()
        delivered = courier.take_delivered() if courier is not None else ()
        try:
            with self.database.write() as connection:
                unit = Unit(self.workshop, connection, courier is not None)
                for parcel in delivered:
                    parcels.delivered(unit.writes, parcel)
                done = work(unit)
                if turn is not None:
                    turn.store()
                unit.flush()
        except BaseException:
            if courier is not None:
                courier.put_back(delivered)
            raise
        hit("engine.committed")
        unit.committed()
        measures.committed(done, perf_counter() - begun, counted)
        if unit.sending.parcels and courier is not None:
            courier.send(unit.sending.parcels)
        return done

    def _carry_out(self, unit: Unit, requests: Sequence[Request], look_first: bool) -> list[measures.Done]:
        done = []
        commands = [each.command for each in requests]
        known = unit.known(commands) if look_first else {}
        if len(commands) > 1:
            unit.hold([each for each in commands if key_of(each) not in known])
        for request in requests:
            command = request.command
            if (answer := known.get(key_of(command))) is not None:
                done.append((command, measures.within(command, request.place).here, _known(answer)))
            else:
                done.append(self._do(unit, request, flush=len(requests) == 1))
        return done

    def _fire_free(self, unit: Unit, timers: Sequence[c.Command]) -> list[measures.Done]:
        done = []
        for timer in unit.free(timers):
            if not unit.is_early(timer):
                with suppress(NotWaiting):  # another of these has ended its wait
                    done.append(self._do(unit, Request(timer)))
        return done

    def _do(self, unit: Unit, request: Request, *, flush: bool = False) -> measures.Done:
        command = request.command
        unit.take(command, request.before)
        with measures.within(command, request.place) as place, self.watch.flight(command):
            outcome = HANDLERS[type(command)](unit, command)
            hit("engine.applied")
            unit.settle(command, _result(outcome))
            if flush:
                unit.flush()
        return command, place, outcome

    def look(self, connection: Connection, instance_id: str) -> RunningInstance | None:
        """An instance as it is stored, to look at; None when there is none."""
        row = connection.execute(_HEAD, {"i": instance_id}).first()
        if row is None:
            return None
        process = self.definitions.process(row.definition_id, connection)
        state = read_state(connection, instance_id, row.parts)
        return RunningInstance.load(state, process, self.evaluator, instance_id)

    def tidy(self) -> None:
        """Strike parcels off that the courier has delivered, when no command takes them along."""
        self._commit(lambda unit: [])

    def give_back(self, undelivered: Mapping[str, Sequence[Outgoing]]) -> None:
        """Messages of this process, by their parcels, could not be delivered: any relay may, now."""
        try:
            with self.database.write() as connection:
                parcels.give_back(connection, undelivered, self.clock.now())
        except Exception as error:
            log.warning("%d leases run out by themselves: %s", len(undelivered), error)

    def _incident(self, command: c.Command, error: StepFailed | Convicted, before: Before | None) -> c.Outcome:
        """The command's effects were rolled back; keep it, whole, for a person to retry. Who intervenes is told, and tries something else."""
        if isinstance(command, c.Intervention):
            raise error
        element_id = error.element_id if isinstance(error, StepFailed) else None
        with self.database.write() as connection:
            known = inbox.result(connection, *key_of(command))
            if known is not None:
                return _known(known)
            if isinstance(command, c.Resolve):
                incidents.failed_again(connection, command.incident_id, error.zh, element_id)
                return c.Outcome(None, incident=command.incident_id)
            instance_id = _instance_of(connection, command)
            now = self.clock.now()
            starts = start_id(command, now)
            if before is not None:
                before(connection, instance_id or starts)
            kept = command
            if isinstance(command, c.Start | c.Correlate):
                # What has been written for it now is its own when it is tried again.
                kept = replace(command, instance_id=starts)
            if isinstance(kept, c.Start) and kept.event.startswith(TIMER):
                kept = plan_next_start(connection, kept)  # else it would be due for ever
            identity = incidents.record(
                connection,
                instance_id=instance_id,
                task_id=None,
                element_id=element_id,
                kind="step-failed" if isinstance(error, StepFailed) else "stalled",
                detail=error.zh,
                command=kept,
                now=now,
            )
            if isinstance(command, (c.FireTimer, c.Continue)):
                row = update(Timer).where(Timer.instance_id == instance_id, Timer.task_id == command.task_id)
                connection.execute(row.values(incident_id=identity))
            outcome = c.Outcome(instance_id or starts, incident=identity)
            hit("engine.incident-recorded")
            inbox.settle(connection, *key_of(command), now, _result(outcome))
        # Not the reason: it may repeat what somebody wrote. It stands in the incident.
        log.error("command %s became incident %s at %s", command.id, identity, element_id)
        return outcome


def _pause(attempt: int) -> None:
    """Let the database come back, or whoever holds the lock get on."""
    sleep(random.uniform(0.5, 1) * PAUSE * 2**attempt)


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
    if isinstance(command, (c.CompleteTask, c.Assign)):
        lookups = [select(UserTask.instance_id).where(UserTask.id == command.task_id)]
    elif isinstance(command, (c.CompleteJob, c.FailJob, c.AcceptJob, c.HandOnJob, c.ThrowJobError)):
        lookups = [select(Job.instance_id).where(Job.id == command.job_id)]
    elif isinstance(command, c.FireTimer):
        lookups = [
            select(Instance.id).where(Instance.prefix == command.task_id[:PREFIX]),
            select(Timer.instance_id).where(Timer.task_id == command.task_id),  # an older version's
        ]
    elif isinstance(command, c.Correlate):
        pair = (command.message, command.key)
        receiver = correlation.the_one(correlation.receivers(connection, [pair])[pair])
        return receiver.instance_id if receiver is not None else None
    elif not isinstance(command, c.Start):
        return getattr(command, "instance_id", None)
    found = (connection.execute(lookup).scalar_one_or_none() for lookup in lookups)
    return next((each for each in found if each is not None), None)
