"""What becomes of jobs: done, failed, refused by the other side, held longer, handed on to another worker.

The row owns attempts, backoff and lock (ARCHITECTURE rule 11). A job's messages are numbered: one for each attempt, one for each time that it is
handed on. The first valid result counts, whichever of them it answers; a failure counts for the newest alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import JSON, Integer, bindparam, select, update

from processes.kernel.errors import NotWaiting
from processes.kernel.instance import RunningInstance
from processes.messaging import jobs
from processes.notation.civil_time import CIVIL_TIME
from processes.observing import here
from processes.runtime import commands as c
from processes.runtime import incidents
from processes.runtime.owners import owner_of
from processes.runtime.unit import Unit
from processes.store.tables import Job

LONGEST_WAIT = 31 * 86400.0
"""Seconds between two attempts at most, however often the backoff has doubled: as long as a worker may ask for."""


LONGEST_NAME = 120
"""Characters of a worker's name, as a lock keeps it."""


def row_of(unit: Unit, job_id: str) -> Any:
    """The row of a job that is not done, its instance locked."""
    if unit.held(owner_of(unit, job_id, Job.instance_id, Job.id)).touched:
        unit.flush()
    row = unit.connection.execute(_JOB, {"b_id": job_id}).first()
    if row is None or row.state not in ("open", "failed"):
        raise NotWaiting(job_id)
    here.note(topic=row.topic)
    return row


def _is_late(row: Any, attempt: int | None) -> bool:
    """Whether an answer is one to a message of the job that has been followed by another; None: it does not say which it answers."""
    return attempt is not None and attempt <= row.attempts


def _complete(unit: Unit, command: c.CompleteJob, *, checked: bool = True) -> c.Outcome:
    """``checked``: the result is a worker's, and is held against what the catalogue says of its topic."""
    instance = owner_of(unit, command.job_id, Job.instance_id, Job.id)

    def work(running: RunningInstance) -> None:
        if checked:
            unit.workshop.check_result(running.topic_of(command.job_id), command.result)
        running.complete_job(command.job_id, command.result)

    unit.change(instance, work, frozenset((command.job_id,)))
    return c.Outcome(instance)


def _fail(unit: Unit, command: c.FailJob) -> c.Outcome:
    row = row_of(unit, command.job_id)
    if row.state == "failed":
        raise NotWaiting(command.job_id)
    if _is_late(row, command.attempt):
        return c.Outcome(row.instance_id, duplicate=True)
    unit.door(row.instance_id)
    attempts, spared = row.attempts + 1, 0 if command.counted else 1
    in_vain = bool(spared) and _is_in_vain(unit, row)
    incident = None
    if command.final or in_vain or attempts > row.retries + spared:
        reason = _in_vain(unit, row, command.reason) if in_vain else command.reason
        incident = _give_up(unit, row, command, reason, spared)
    else:
        since = row.failing_since or unit.now
        wait = _backoff(row, spared) if command.retry_after is None else command.retry_after
        at = unit.now + timedelta(seconds=wait)
        held_up = (
            _HeldUp(command.system, command.since or unit.now, command.worker) if spared and command.system else None
        )
        _set(unit, row, at=at, spared=spared, error=command.reason, failing_since=since, held_up=held_up)
        unit.sending.send_job({**row._mapping, "attempts": attempts}, at)
    unit.record(unit.held(row.instance_id))
    return c.Outcome(row.instance_id, incident=incident)


def _give_up(unit: Unit, row: Any, command: c.Command, reason: str, spared: int) -> str:
    """The job has failed for good: an incident, whose id is returned."""
    _set(unit, row, state="failed", spared=spared, error=reason, failing_since=row.failing_since or unit.now)
    return incidents.record(
        unit.connection,
        instance_id=row.instance_id,
        task_id=row.id,
        element_id=row.element_id,
        kind="job-failed",
        detail=reason,
        command=command,
        now=unit.now,
    )


def _is_in_vain(unit: Unit, row: Any) -> bool:
    """Whether so much time has passed since the job's first failure that what costs no attempt must have an end, too."""
    since = row.failing_since or unit.now
    return bool((unit.now - since).total_seconds() >= unit.workshop.settings.patience)


def _in_vain(unit: Unit, row: Any, reason: str) -> str:
    """Why a person is to look at a job that has cost no attempt for too long."""
    since = row.failing_since or unit.now
    hours = (unit.now - since).total_seconds() / 3600
    return f"自 {since.astimezone(CIVIL_TIME):%Y-%m-%d %H:%M} 起一直没有办成，已有 {hours:.0f} 小时，不再自动重试：{reason}"


def _backoff(row: Any, spared: int) -> float:
    """Seconds until the next attempt: twice as long after each failure that counted."""
    counted = row.attempts + 1 - (row.spared or 0) - spared
    return float(min(row.backoff_seconds * 2 ** min(max(counted - 1, 0), 32), LONGEST_WAIT))


class _HeldUp(NamedTuple):
    """The external system that an attempt was not made for, since when it is down, and the worker that says so."""

    system: str
    since: datetime
    worker: str


def _set(
    unit: Unit,
    row: Any,
    *,
    state: str = "open",
    at: Any = None,
    spared: int = 0,
    error: str | None = None,
    failing_since: datetime | None = None,
    held_up: _HeldUp | None = None,
) -> None:
    """The job's newest message has been answered, or nobody holds it any more: it is ``state`` now, and unlocked. ``spared``: 1 when that costs no
    attempt."""
    by, since, worker = held_up or (None, None, None)
    unit.connection.execute(
        _ANSWERED,
        {
            "b_id": row.id,
            "s": state,
            "n": row.attempts + 1,
            "r": row.retries + spared,
            "f": (row.spared or 0) + spared,
            "at": at or row.available_at,
            "e": error,
            "fs": failing_since,
            "hb": by and by[:LONGEST_NAME],
            "hs": since,
            "ha": worker and worker[:LONGEST_NAME],
        },
    )


def _accept(unit: Unit, command: c.AcceptJob) -> c.Outcome:
    """Whoever comes second, or too late, gets no lock; should he do the job nevertheless, the first result counts."""
    row = row_of(unit, command.job_id)
    worker = command.worker[:LONGEST_NAME]
    held = row.locked_until is not None and row.locked_by != worker
    if row.state != "open" or held or _is_late(row, command.attempt):
        return c.Outcome(row.instance_id, duplicate=True)
    _lock(unit, row, worker, command.lock_seconds)
    unit.record(unit.held(row.instance_id))
    return c.Outcome(row.instance_id)


def _extend(unit: Unit, command: c.ExtendJob) -> c.Outcome:
    """A lock that has run out is held on to as long as nobody else was given the job. A job's history keeps who accepted it, not each time that he
    needed longer: it may be every minute."""
    row = row_of(unit, command.job_id)
    worker = command.worker[:LONGEST_NAME]
    if row.state != "open" or row.locked_by != worker or row.locked_until is None or _is_late(row, command.attempt):
        return c.Outcome(row.instance_id, duplicate=True)
    _lock(unit, row, worker, command.lock_seconds)
    return c.Outcome(row.instance_id)


def _lock(unit: Unit, row: Any, worker: str, seconds: float) -> None:
    unit.door(row.instance_id)
    until = unit.now + timedelta(seconds=seconds)
    unit.connection.execute(_LOCKED, {"b_id": row.id, "w": worker, "u": until})


def _hand_on(unit: Unit, command: c.HandOnJob) -> c.Outcome:
    row = row_of(unit, command.job_id)
    if row.state != "open" or row.locked_until != command.locked_until:
        raise NotWaiting(command.job_id)
    incident = None
    if _is_in_vain(unit, row):
        reason = f"{row.locked_by} 接下任务以后没有答复" + (f"；此前：{row.error}" if row.error else "")
        incident = _give_up(unit, row, command, _in_vain(unit, row, reason), 1)
    else:
        try_now(unit, row, row.failing_since or unit.now)
    unit.record(unit.held(row.instance_id))
    return c.Outcome(row.instance_id, incident=incident)


def try_now(unit: Unit, row: Any, failing_since: datetime | None) -> None:
    """Send an open job once more, now; that costs no attempt."""
    _set(unit, row, at=unit.now, spared=1, error=row.error, failing_since=failing_since)
    unit.sending.send_job({**row._mapping, "attempts": row.attempts + 1})


def _throw(unit: Unit, command: c.ThrowJobError) -> c.Outcome:
    row = row_of(unit, command.job_id)
    caught: list[bool] = []

    def work(running: RunningInstance) -> None:
        variables = {"message": command.message, **command.variables}
        caught.append(running.throw_error(command.job_id, command.code, variables))

    unit.change(row.instance_id, work)
    if caught[0]:
        return c.Outcome(row.instance_id)
    unit.connection.execute(_SET_STATE, {"b_id": row.id, "s": "failed"})
    incident = incidents.record(
        unit.connection,
        instance_id=row.instance_id,
        task_id=row.id,
        element_id=row.element_id,
        kind="business-error",
        detail=f"{command.code}:{command.message}(没有边界事件或事件子流程捕获这个业务错误)",
        command=command,
        now=unit.now,
    )
    return c.Outcome(row.instance_id, incident=incident)


def resolve(unit: Unit, command: c.Resolve, job_id: str) -> c.Outcome:
    """A person has looked into a failed job: it counts as done, or is tried again as often as before, with other arguments when given.

    A job that a late result has done meanwhile has nothing left to be tried.

    :raises jobs.JobViolation: when these do not fit the catalogue
    """
    try:
        row = row_of(unit, job_id)
    except NotWaiting:
        return c.Outcome(None)
    if command.action == "skip":
        skipped = c.CompleteJob(command.id, job_id, dict(command.variables), actor=command.actor)
        return _complete(unit, skipped, checked=False)
    arguments = {**row.arguments, **command.variables}
    unfit = jobs.unfit(row.topic, arguments)
    if unfit is not None:
        raise unfit
    unit.connection.execute(_AGAIN, {"b_id": job_id, "at": unit.now, "r": row.attempts + row.retries, "a": arguments})
    unit.sending.send_job({**row._mapping, "arguments": arguments})
    return c.Outcome(row.instance_id)


HANDLERS: dict[type[c.Command], Callable[[Unit, Any], c.Outcome]] = {
    c.CompleteJob: _complete,
    c.FailJob: _fail,
    c.AcceptJob: _accept,
    c.ExtendJob: _extend,
    c.HandOnJob: _hand_on,
    c.ThrowJobError: _throw,
}

_JOB = select(*Job.__table__.c).where(Job.id == bindparam("b_id"))
_OF_ID = update(Job).where(Job.id == bindparam("b_id"))
_SET_STATE = _OF_ID.values(state=bindparam("s"))
_LOCKED = _OF_ID.values(locked_by=bindparam("w"), locked_until=bindparam("u"))
_AGAIN = _OF_ID.values(
    state="open",
    arguments=bindparam("a", type_=JSON),
    available_at=bindparam("at"),
    retries=bindparam("r"),
    failing_since=None,
    held_up_by=None,
    held_up_since=None,
    held_up_at=None,
    locked_by=None,
    locked_until=None,
)
_ANSWERED = _OF_ID.values(
    state=bindparam("s"),
    attempts=bindparam("n"),
    retries=bindparam("r"),
    spared=bindparam("f", type_=Integer),
    available_at=bindparam("at"),
    error=bindparam("e"),
    failing_since=bindparam("fs"),
    held_up_by=bindparam("hb"),
    held_up_since=bindparam("hs"),
    held_up_at=bindparam("ha"),
    locked_by=None,
    locked_until=None,
)
