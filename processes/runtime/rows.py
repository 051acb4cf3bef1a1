"""The rows derived from what an instance waits for: user tasks, jobs, timers, subscriptions, deadlines.

They are the difference between the waits before a command and those after it, so that a row exists exactly as long as its wait does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, insert, update
from sqlalchemy.engine import Connection

from processes.messaging.bus import Address, Message
from processes.spiff.instance import RunningInstance, Wait
from processes.spiff.mended.timers import add_duration, moment
from processes.store import outbox
from processes.store.database import signal
from processes.store.tables import Deadline, Job, Subscription, Timer, UserTask

Waits = Mapping[tuple[str, str, str], Wait]

TIMERS = "timers"
"""What ``Database.on_commit`` listeners are called for when timers were planned."""

DEFAULT_RETRIES = 3
DEFAULT_BACKOFF = "PT10S"


@dataclass(frozen=True)
class Owner:
    """The instance that rows belong to."""

    id: str
    definition_id: str
    process_id: str
    place: str
    key: str | None


class Rows:
    """Writes the difference. ``source`` names this platform in the messages of jobs; without one no job messages are sent."""

    def __init__(self, source: str | None) -> None:
        self._source = source

    def apply(
        self,
        connection: Connection,
        owner: Owner,
        running: RunningInstance,
        before: Waits,
        after: Waits,
        now: datetime,
        actor: str | None,
        done_tasks: frozenset[str],
    ) -> list[Wait]:
        """Bring the rows in step; returns the new message subscriptions (a buffered message may be waiting for them)."""
        gone = [wait for identity, wait in before.items() if identity not in after]
        fresh = [wait for identity, wait in after.items() if identity not in before]
        moved = [
            wait
            for identity, wait in after.items()
            if wait.kind == "timer" and identity in before and before[identity].due != wait.due
        ]
        self._close(connection, gone, now, actor, done_tasks)
        for wait in moved:
            connection.execute(_MOVE_TIMER, {"b_id": wait.task_id, "due": moment(wait.due), "prov": wait.provisional})
            signal(connection, TIMERS)
        by_kind: dict[str, list[Wait]] = {}
        for wait in fresh:
            by_kind.setdefault(wait.kind, []).append(wait)
        self._open_user_tasks(connection, owner, running, by_kind.get("user", []), now)
        self._open_jobs(connection, owner, by_kind.get("job", []), now)
        self._open_timers(connection, owner, by_kind.get("timer", []))
        self._open_deadlines(connection, owner, running, by_kind.get("deadline", []))
        return self._open_subscriptions(connection, owner, by_kind)

    # -- closing -----------------------------------------------------------------------------------------------------

    def _close(
        self, connection: Connection, gone: list[Wait], now: datetime, actor: str | None, done_tasks: frozenset[str]
    ) -> None:
        for wait in gone:
            done = wait.task_id in done_tasks
            if wait.kind == "user":
                state = "completed" if done else "cancelled"
                by = actor if done else None
                connection.execute(_END_TASK, {"b_id": wait.task_id, "s": state, "at": now, "by": by})
            elif wait.kind == "job":
                connection.execute(_END_JOB, {"b_id": wait.task_id, "s": "done" if done else "cancelled", "at": now})
            elif wait.kind == "timer":
                connection.execute(_DROP_TIMER, {"b_id": wait.task_id})
            elif wait.kind in ("message", "signal"):
                connection.execute(_DROP_SUBSCRIPTION, {"b_id": wait.task_id, "b_m": _subscribed(wait)})
            elif wait.kind == "deadline":
                connection.execute(_DROP_DEADLINE, {"b_id": wait.task_id})

    # -- opening -----------------------------------------------------------------------------------------------------

    def _open_user_tasks(
        self, connection: Connection, owner: Owner, running: RunningInstance, waits: list[Wait], now: datetime
    ) -> None:
        if waits:
            connection.execute(_NEW_TASK, [_user_task(owner, running, wait, now) for wait in waits])

    def _open_jobs(self, connection: Connection, owner: Owner, waits: list[Wait], now: datetime) -> None:
        if not waits:
            return
        rows = []
        for wait in waits:
            properties = wait.element.properties
            backoff = add_duration(now, properties.get("backoff", DEFAULT_BACKOFF)) - now
            rows.append(
                {
                    "id": wait.task_id,
                    "instance_id": owner.id,
                    "element_id": wait.element.id,
                    "topic": wait.name,
                    "arguments": dict(wait.arguments),
                    "state": "open",
                    "attempts": 0,
                    "retries": int(properties.get("retries", DEFAULT_RETRIES)),
                    "backoff_seconds": backoff.total_seconds(),
                    "available_at": now,
                    "created_at": now,
                }
            )
        connection.execute(_NEW_JOB, rows)
        if self._source is not None:
            messages = [job_message(self._source, row, now) for row in rows]
            outbox.put(connection, messages, now)

    def _open_timers(self, connection: Connection, owner: Owner, waits: list[Wait]) -> None:
        if waits:
            rows = [
                {
                    "task_id": wait.task_id,
                    "instance_id": owner.id,
                    "element_id": wait.element.id,
                    "due_at": moment(wait.due),
                    "provisional": wait.provisional,
                }
                for wait in waits
            ]
            connection.execute(_NEW_TIMER, rows)
            signal(connection, TIMERS)

    def _open_deadlines(
        self, connection: Connection, owner: Owner, running: RunningInstance, waits: list[Wait]
    ) -> None:
        for wait in waits:
            due_at, warn_at, provisional = dues(running, wait.task_id)
            if due_at is not None:
                connection.execute(
                    _NEW_DEADLINE,
                    {
                        "task_id": wait.task_id,
                        "instance_id": owner.id,
                        "element_id": wait.element.id,
                        "due_at": due_at,
                        "warn_at": warn_at,
                        "provisional": provisional,
                    },
                )

    def _open_subscriptions(
        self, connection: Connection, owner: Owner, by_kind: Mapping[str, list[Wait]]
    ) -> list[Wait]:
        waits = by_kind.get("message", []) + by_kind.get("signal", [])
        if waits:
            rows = [
                {
                    "task_id": wait.task_id,
                    "instance_id": owner.id,
                    "element_id": wait.element.id,
                    "message": _subscribed(wait),
                    "key": wait.key,
                }
                for wait in waits
            ]
            connection.execute(_NEW_SUBSCRIPTION, rows)
        return by_kind.get("message", [])


def _subscribed(wait: Wait) -> str:
    return f"signal:{wait.name}" if wait.kind == "signal" else wait.name


def dues(running: RunningInstance, task_id: str) -> tuple[datetime | None, datetime | None, bool]:
    """When a waiting task is due and when to warn, and whether either is provisional."""
    due, warn = running.due(task_id, "dueAt"), running.due(task_id, "warnAt")
    provisional = any(bool(each.get("provisional")) for each in (due, warn) if each)
    return (moment(due["due"]) if due else None, moment(warn["due"]) if warn else None, provisional)


def _user_task(owner: Owner, running: RunningInstance, wait: Wait, now: datetime) -> dict[str, Any]:
    element = wait.element

    def value(name: str) -> Any:
        return running.property(wait.task_id, name) if name in element.properties else None

    case = running.task_data(wait.task_id).get("case")
    due_at, warn_at, provisional = dues(running, wait.task_id)
    excluded = value("excluded")
    return {
        "id": wait.task_id,
        "instance_id": owner.id,
        "case_id": case.get("id") if isinstance(case, dict) else None,
        "definition_id": owner.definition_id,
        "element_id": element.id,
        "process_id": element.process_id,
        "name": element.name or element.id,
        "instructions": element.instructions,
        "next": str(value("next") or ""),
        "form": element.properties.get("form"),
        "role": str(value("role") or ""),
        "organisation": value("organisation"),
        "place": str(value("place") or owner.place),
        "assignee": value("assignee"),
        "excluded": list(excluded) if isinstance(excluded, list) else [],
        "state": "open",
        "created_at": now,
        "due_at": due_at,
        "warn_at": warn_at,
        "provisional": provisional,
    }


def job_message(
    source: str, row: Mapping[str, Any], now: datetime, available_at: datetime | None = None
) -> outbox.Outgoing:
    """The message that carries a job to a worker; each attempt is a message of its own."""
    attempt = int(row["attempts"]) + 1
    message = Message(
        id=f"{row['id']}:{attempt}",
        type=str(row["topic"]),
        source=source,
        time=now,
        data=row["arguments"],
        subject=str(row["instance_id"]),
        extensions={"jobid": str(row["id"]), "attempt": str(attempt)},
    )
    return outbox.Outgoing(Address.JOBS, str(row["topic"]), message, available_at or now)


def later(now: datetime, seconds: float) -> datetime:
    """``now`` plus so many seconds."""
    return now + timedelta(seconds=seconds)


_NEW_TASK, _NEW_JOB, _NEW_TIMER = insert(UserTask), insert(Job), insert(Timer)
_NEW_SUBSCRIPTION, _NEW_DEADLINE = insert(Subscription), insert(Deadline)
_END_TASK = (
    update(UserTask)
    .where(UserTask.id == bindparam("b_id"))
    .values(state=bindparam("s"), ended_at=bindparam("at"), completed_by=bindparam("by"))
)
_END_JOB = (
    update(Job)
    .where(Job.id == bindparam("b_id"), Job.state == "open")
    .values(state=bindparam("s"), ended_at=bindparam("at"))
)
_MOVE_TIMER = (
    update(Timer)
    .where(Timer.task_id == bindparam("b_id"))
    .values(due_at=bindparam("due"), provisional=bindparam("prov"))
)
_DROP_TIMER = delete(Timer).where(Timer.task_id == bindparam("b_id"))
_DROP_DEADLINE = delete(Deadline).where(Deadline.task_id == bindparam("b_id"))
_DROP_SUBSCRIPTION = delete(Subscription).where(
    Subscription.task_id == bindparam("b_id"), Subscription.message == bindparam("b_m")
)
