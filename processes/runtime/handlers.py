"""One handler a kind of command: what it does to an instance."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.engine import Connection

from processes.errors import BihuanError
from processes.kernel.errors import NotWaiting
from processes.kernel.instance import RunningInstance
from processes.kernel.plan import Process
from processes.kernel.timers import Schedule
from processes.runtime import commands as c
from processes.runtime import correlation, incidents, interventions, job_handlers, rows
from processes.runtime.assigning import assign
from processes.runtime.owners import owner_of
from processes.runtime.rows import dues
from processes.runtime.unit import Suspended, Unit
from processes.store.tables import TASK_IS_OPEN, Deadline, Instance, StartTimer, Timer, UserTask

TIMER, LATE = "timer:", "late:"
"""What the event of a start by a timer begins with; LATE: its next time has been planned already."""


def start_id(command: c.Command, now: datetime) -> str:
    """The id of the instance that a command starts at this time: its own wish, or made from the time and the command's id.

    A UUID of version 8 (RFC 9562) that begins with the time in milliseconds, as one of version 7 does: instances of one time lie side by side
    in every index, so that a full database writes few pages for many of them.
    """
    wished = getattr(command, "instance_id", None)
    return wished or _ordered(int(now.timestamp() * 1000), hashlib.sha256(f"bihuan:{command.id}".encode()).digest())


def _ordered(milliseconds: int, digest: bytes) -> str:
    number = int.from_bytes(milliseconds.to_bytes(6, "big") + digest[:10], "big")
    number = number & ~(0xF << 76) | 0x8 << 76  # the version
    return str(UUID(int=number & ~(0x3 << 62) | 0x2 << 62))  # the variant


def _start(unit: Unit, command: c.Start) -> c.Outcome:
    identity, event = start_id(command, unit.now), command.event
    if event.startswith(TIMER):
        plan_next_start(unit.connection, command)
    definition = unit.force.definition(command.process_id, command.place)
    process = unit.workshop.definitions.process(definition, unit.connection)

    def work(running: RunningInstance) -> None:
        if event:
            running.begin_at(_start_event(process, event), command.payload)
        else:
            running.begin()

    unit.start(definition, identity, command.place, command.key, command.variables, work)
    return c.Outcome(identity)


def _start_event(process: Process, event: str) -> Any:
    """The start of a process that an event means: ``signal:NAME``, ``timer:ELEMENT``, or a message's name behind ``message:``."""
    kind, _, name = event.replace(LATE, TIMER, 1).partition(":")
    for start in process.starts:
        if start.kind == kind and name == (start.node_id if kind == "timer" else start.name):
            return start
    raise NotWaiting(event)


def plan_next_start(connection: Connection, command: c.Start) -> c.Start:
    """A timer start event has fired: plan its next time, or forget it; returns the command for whoever tries this start again.

    Raises :class:`NotWaiting` when it is not planned any more.
    """
    own = (
        StartTimer.process_id == command.process_id,
        StartTimer.place == command.place,
        StartTimer.node_id == command.event.removeprefix(TIMER),
    )
    row = connection.execute(select(StartTimer.__table__).where(*own).with_for_update()).first()
    if row is None:
        raise NotWaiting(command.event)
    following = Schedule(row.due_at, row.cycles, row.period).after_firing()
    if following is None:
        connection.execute(delete(StartTimer).where(*own))
    else:
        connection.execute(update(StartTimer).where(*own).values(due_at=following.due, cycles=following.cycles))
    return replace(command, event=command.event.replace(TIMER, LATE, 1))


def _complete_task(unit: Unit, command: c.CompleteTask) -> c.Outcome:
    instance = owner_of(unit, command.task_id, UserTask.instance_id, UserTask.id)
    unit.change(
        instance, lambda running: running.complete_task(command.task_id, command.data), frozenset((command.task_id,))
    )
    return c.Outcome(instance)


# -- messages and signals --------------------------------------------------------------------------------------------


def _correlate(unit: Unit, command: c.Correlate) -> c.Outcome:
    found = _deliver(unit, command)
    if found is not None:
        return found
    starts = unit.force.started_by(command.message, command.place)
    if len(starts) == 1:
        return _start_by_message(unit, command, starts[0][1])
    if starts:
        return _ambiguous(unit, command, f"{len(starts)} 个流程都由这条消息启动")
    # Nobody waits. A subscriber may come at this very moment: look once more, in turn with it.
    correlation.serialize(unit.connection, command.message, command.key)
    return _deliver(unit, command, again=True) or _buffered(unit, command, None)


def _deliver(unit: Unit, command: c.Correlate, *, again: bool = False) -> c.Outcome | None:
    """Give a message to the one instance that waits for it; None when nobody does."""
    found = unit.receivers(command.message, command.key, again=again)
    if not found:
        return None
    receiver = correlation.the_one(found)
    if receiver is None:
        return _ambiguous(unit, command, f"{len({each.instance_id for each in found})} 个流程同时在等这条消息")
    try:
        unit.change(
            receiver.instance_id,
            lambda running: running.catch_message(receiver.task_id, command.message, command.payload),
        )
    except Suspended:
        return _buffered(unit, command, receiver.instance_id)
    return c.Outcome(receiver.instance_id)


def _start_by_message(unit: Unit, command: c.Correlate, definition: str) -> c.Outcome:
    identity = start_id(command, unit.now)
    process = unit.workshop.definitions.process(definition, unit.connection)
    start = _start_event(process, f"message:{command.message}")
    unit.start(
        definition,
        identity,
        command.place,
        command.key or None,
        command.variables,
        lambda running: running.begin_at(start, command.payload),
    )
    return c.Outcome(identity)


def _buffered(unit: Unit, command: c.Correlate, instance_id: str | None) -> c.Outcome:
    unit.door(instance_id or "")
    expires = unit.now + timedelta(seconds=command.ttl_seconds)
    correlation.buffer(unit.connection, command.id, command.message, command.key, command.payload, unit.now, expires)
    return c.Outcome(instance_id, buffered=True)


def _ambiguous(unit: Unit, command: c.Correlate, why: str) -> c.Outcome:
    unit.door("")
    identity = incidents.record(
        unit.connection,
        instance_id=None,
        task_id=None,
        element_id=None,
        kind="ambiguous-message",
        detail=f"消息“{command.message}”(关联键“{command.key}”)无法投递:{why}",
        command=command,
        now=unit.now,
    )
    return c.Outcome(None, incident=identity)


def _signal(unit: Unit, command: c.Signal) -> c.Outcome:
    unit.change(command.instance_id, lambda running: _discard(running.catch_signal(command.name, command.payload)))
    return c.Outcome(command.instance_id)


def _discard(_: object) -> None:
    """Make a procedure of a function."""


# -- time ------------------------------------------------------------------------------------------------------------


def _fire_timer(unit: Unit, command: c.FireTimer) -> c.Outcome:
    instance = owner_of(unit, command.task_id, Timer.instance_id, Timer.task_id)
    unit.change(instance, lambda running: running.fire_timer(command.task_id, command.due_at))
    return c.Outcome(instance)


def _continue(unit: Unit, command: c.Continue) -> c.Outcome:
    rows.drop_continuation(unit.writes, command.instance_id, command.task_id)
    unit.change(command.instance_id, lambda running: running.run())
    return c.Outcome(command.instance_id)


def _replan(unit: Unit, command: c.Replan) -> c.Outcome:
    connection, instance = unit.connection, command.instance_id
    timers = connection.execute(select(Timer.task_id).where(Timer.instance_id == instance, Timer.provisional)).scalars()
    tasks = connection.execute(
        select(UserTask.id).where(UserTask.instance_id == instance, UserTask.provisional, TASK_IS_OPEN)
    ).scalars()
    deadlines = connection.execute(
        select(Deadline.task_id).where(Deadline.instance_id == instance, Deadline.provisional)
    ).scalars()
    waiting, due_tasks, due_deadlines = list(timers), list(tasks), list(deadlines)

    def work(running: RunningInstance) -> None:
        for task_id in waiting:
            running.replan_timer(task_id)
        for table, key, ids in ((UserTask, UserTask.id, due_tasks), (Deadline, Deadline.task_id, due_deadlines)):
            for task_id in ids:
                due_at, warn_at, provisional = dues(running, task_id)
                row = update(table).where(table.instance_id == instance, key == task_id)
                connection.execute(row.values(due_at=due_at, warn_at=warn_at, provisional=provisional))

    unit.change(instance, work)
    return c.Outcome(instance)


# -- the instance as a whole -----------------------------------------------------------------------------------------


def _cancel(unit: Unit, command: c.Cancel) -> c.Outcome:
    unit.change(command.instance_id, lambda running: running.cancel(), cancelled=True)
    incidents.close_all(unit.connection, command.instance_id, "cancel", unit.now)
    return c.Outcome(command.instance_id)


def _suspend(unit: Unit, command: c.Suspend) -> c.Outcome:
    return _set_status(unit, command.instance_id, "active", "suspended")


def _resume(unit: Unit, command: c.Resume) -> c.Outcome:
    """Messages that came meanwhile were buffered; their subscriptions are offered them as if they were new."""
    outcome = _set_status(unit, command.instance_id, "suspended", "active")
    unit.change(command.instance_id, lambda running: running.run(), offer_all=True)
    return outcome


def _set_status(unit: Unit, instance_id: str, before: str, after: str) -> c.Outcome:
    held = unit.held(instance_id)
    if held.status != before:
        raise NotWaiting(instance_id)
    unit.door(instance_id)
    unit.flush()
    unit.connection.execute(
        update(Instance).where(Instance.id == instance_id).values(status=after, version=held.version + 1)
    )
    held.status, held.version, held.running = after, held.version + 1, None
    unit.record(held)
    return c.Outcome(instance_id)


def _resolve(unit: Unit, command: c.Resolve) -> c.Outcome:
    row: Any = incidents.open_one(unit.connection, command.incident_id)
    failed = c.from_json(row.command)
    if command.action not in ("retry", "skip"):
        raise BihuanError("异常只能“重试”或“跳过”", f"unknown action {command.action!r}")
    if row.kind in ("job-failed", "business-error"):
        outcome = job_handlers.resolve(unit, command, str(row.task_id))
    elif command.action == "skip":
        outcome = c.Outcome(row.instance_id)
    else:
        if command.variables and row.instance_id:
            unit.change(row.instance_id, lambda running: running.merge_variables(command.variables))
        unit.command = failed
        outcome = HANDLERS[type(failed)](unit, failed)
        unit.command = command
        interventions.let_fire(unit.connection, row.instance_id, command.incident_id)
    incidents.close(unit.connection, command.incident_id, command.action, unit.now)
    if outcome.instance_id is not None:
        unit.record(unit.held(outcome.instance_id))
    return outcome


HANDLERS: dict[type[c.Command], Callable[[Unit, Any], c.Outcome]] = {
    c.Start: _start,
    c.CompleteTask: _complete_task,
    c.Assign: assign,
    **job_handlers.HANDLERS,
    c.Correlate: _correlate,
    c.Signal: _signal,
    c.FireTimer: _fire_timer,
    c.Continue: _continue,
    c.Replan: _replan,
    c.Cancel: _cancel,
    c.Suspend: _suspend,
    c.Resume: _resume,
    c.Resolve: _resolve,
    **interventions.HANDLERS,
}
