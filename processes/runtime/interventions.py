"""What becomes of an instance when an operator puts a hand into it: variables, steps that are skipped, tokens that are moved, timers, jobs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from processes.errors import BihuanError
from processes.kernel.errors import NotWaiting
from processes.kernel.instance import RunningInstance
from processes.runtime import commands as c
from processes.runtime import incidents, job_handlers
from processes.runtime.migrating import migrate
from processes.runtime.unit import Unit, Work
from processes.store.tables import Timer


class JobHeld(BihuanError):
    """A worker is at the job."""

    def __init__(self, worker: str) -> None:
        super().__init__(
            f"工作程序“{worker}”正在做这件任务，不能现在重试；它失败或超时后会自动再试",
            f"worker {worker!r} holds the job's lock",
        )


def let_fire(connection: Connection, instance_id: str | None, incident_id: str) -> None:
    """A timer whose firing was an incident fires again by itself, when it is due the next time."""
    own = (Timer.instance_id == instance_id, Timer.incident_id == incident_id)
    connection.execute(update(Timer).where(*own).values(incident_id=None))


def _set_variables(unit: Unit, command: c.SetVariables) -> c.Outcome:
    suspended = unit.held(command.instance_id).status == "suspended"

    def work(running: RunningInstance) -> None:
        running.merge_variables(command.variables)
        if not suspended:
            running.run()

    unit.change(command.instance_id, work, suspended_too=True)
    return c.Outcome(command.instance_id)


def _skip(unit: Unit, command: c.Skip) -> c.Outcome:
    return _change(unit, command, lambda running: running.skip(command.task_id, command.variables), "skip")


def _move(unit: Unit, command: c.Move) -> c.Outcome:
    return _change(unit, command, lambda running: running.move(command.task_id, command.target), "move")


def _fire_now(unit: Unit, command: c.FireNow) -> c.Outcome:
    found = _change(unit, command, lambda running: running.fire_now(command.task_id), "skip")
    _forget_incident(unit, command.instance_id, command.task_id)
    return found


def _move_timer(unit: Unit, command: c.MoveTimer) -> c.Outcome:
    found = _change(unit, command, lambda running: running.reschedule(command.task_id, command.due_at), "move")
    _forget_incident(unit, command.instance_id, command.task_id)
    return found


def _retry_job(unit: Unit, command: c.RetryJob) -> c.Outcome:
    row = job_handlers.row_of(unit, command.job_id)
    if row.instance_id != command.instance_id or row.state != "open":
        raise NotWaiting(command.job_id)
    if row.locked_until is not None and row.locked_until > unit.now:
        raise JobHeld(row.locked_by)
    unit.door(row.instance_id)
    job_handlers.try_now(unit, row, row.failing_since)
    unit.record(unit.held(row.instance_id))
    return c.Outcome(row.instance_id)


def _change(unit: Unit, command: c.Intervention, work: Work, resolution: str) -> c.Outcome:
    """Do it; the incidents of what is waited for no more are dealt with."""
    instance = command.instance_id
    unit.change(instance, work)
    running = unit.held(instance).running
    assert running is not None
    waiting = {wait.task_id for wait in running.waits()}
    incidents.close_gone(unit.connection, instance, waiting, resolution, unit.now)
    return c.Outcome(instance)


def _forget_incident(unit: Unit, instance_id: str, task_id: str) -> None:
    """A timer that waits on is no incident any more."""
    own = (Timer.instance_id == instance_id, Timer.task_id == task_id)
    found = unit.connection.execute(select(Timer.incident_id).where(*own)).scalar_one_or_none()
    if found is not None:
        incidents.close(unit.connection, found, "move", unit.now)
        let_fire(unit.connection, instance_id, found)


HANDLERS: dict[type[c.Command], Callable[[Unit, Any], c.Outcome]] = {
    c.SetVariables: _set_variables,
    c.Skip: _skip,
    c.Move: _move,
    c.FireNow: _fire_now,
    c.MoveTimer: _move_timer,
    c.RetryJob: _retry_job,
    c.Migrate: migrate,
}
