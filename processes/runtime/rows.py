"""The rows derived from what an instance waits for: user tasks, jobs, timers, subscriptions, deadlines.

A row exists exactly as long as its wait does: the kernel tells what has begun and ceased to be waited for, and the rows follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.engine import Connection

from processes.errors import BihuanError
from processes.kernel.instance import Changes, RunningInstance
from processes.kernel.state import Wait
from processes.kernel.timers import add_duration
from processes.messaging import jobs
from processes.messaging.addresses import HIGHEST, travels_as
from processes.messaging.answers import ATTEMPT, PRIORITY
from processes.messaging.bus import Address, Message
from processes.observing import here
from processes.runtime.definitions import TIMERS
from processes.store import outbox
from processes.store.bulk import Delete, Insert, Update, Writes
from processes.store.database import signal
from processes.store.tables import Deadline, Job, Subscription, Timer, UserTask

DEFAULT_RETRIES = 3
DEFAULT_BACKOFF = "PT10S"


class BadPriority(BihuanError):
    """The priority of a service task or a user task is no number."""

    def __init__(self, element_id: str, value: object) -> None:
        super().__init__(
            f"{element_id} 的属性 priority 应是 0 到 {HIGHEST} 的数，得到的是“{value!s:.60}”",
            f"the priority of {element_id} is no number: {value!r:.60}",
            element=element_id,
        )


class Owner(NamedTuple):
    """The instance that rows belong to."""

    id: str
    definition_id: str
    process_id: str
    place: str
    key: str | None


class Rows:
    """Adds the rows of one instance to a unit of work."""

    def __init__(
        self, connection: Connection, writes: Writes, owner: Owner, running: RunningInstance, now: datetime
    ) -> None:
        self._connection = connection
        self._writes = writes
        self._owner = owner
        self._running = running
        self._now = now

    def follow(self, changes: Changes, actor: str | None, done: frozenset[str]) -> list[dict[str, Any]]:
        """Bring the rows in step; ``done`` are the tasks and jobs that the command itself completed. Returns the new jobs' rows."""
        for wait in changes.closed:
            self._close(wait, actor, wait.task_id in done)
        for wait in changes.moved:
            assert wait.time is not None
            self._writes.add(_MOVE_TIMER, wait.time.due, wait.time.provisional, self._owner.id, wait.task_id)
            signal(self._connection, TIMERS)
        for wait in changes.carried:
            self._carry(wait)
        jobs = []
        for wait in changes.opened:
            if wait.kind == "job":
                jobs.append(self._open_job(wait))
            else:
                _OPEN[wait.kind](self, wait)
        return jobs

    # -- closing -----------------------------------------------------------------------------------------------------

    def _close(self, wait: Wait, actor: str | None, done: bool) -> None:
        if wait.kind == "user":
            state = "completed" if done else "cancelled"
            self._writes.add(_END_TASK, state, self._now, actor if done else None, wait.task_id)
        elif wait.kind == "job":
            if done:
                here.note(topic=wait.name)
            self._writes.add(_END_JOB, "done" if done else "cancelled", self._now, wait.task_id)
        elif wait.kind == "timer":
            self._writes.add(_DROP_TIMER, self._owner.id, wait.task_id)
        elif wait.kind in ("message", "signal"):
            self._writes.add(_DROP_SUBSCRIPTION, self._owner.id, wait.task_id, _subscribed(wait))
        elif wait.kind == "deadline":
            self._writes.add(_DROP_DEADLINE, self._owner.id, wait.task_id)

    # -- another version of the process ---------------------------------------------------------------------------------

    def _carry(self, wait: Wait) -> None:
        """The row of a wait that goes on says where it stands now. Of a person's task what is to be done, and in which form, is said by the new
        version; whose it is, since when and until when stays."""
        element, owner = wait.element, self._owner
        if wait.kind == "user":
            instructions, name, form = element.instructions, element.name or element.id, element.properties.get("form")
            following = str(self._value(wait, "next") or "")
            where = (owner.definition_id, element.id, element.process_id)
            self._writes.add(_CARRY_TASK, *where, name, instructions, following, form, wait.task_id)
        elif wait.kind == "job":
            self._writes.add(_CARRY_JOB, element.id, wait.task_id)
        elif wait.kind == "timer":
            self._writes.add(_CARRY_TIMER, element.id, owner.id, wait.task_id)
        elif wait.kind in ("message", "signal"):
            self._writes.add(_CARRY_SUBSCRIPTION, element.id, owner.id, wait.task_id, _subscribed(wait))
        elif wait.kind == "deadline":
            self._writes.add(_CARRY_DEADLINE, element.id, owner.id, wait.task_id)

    def _value(self, wait: Wait, name: str) -> Any:
        """A property of a task's element, worked out."""
        return self._running.property(wait.task_id, name) if name in wait.element.properties else None

    # -- opening -----------------------------------------------------------------------------------------------------

    def _open_job(self, wait: Wait) -> dict[str, Any]:
        properties, now = wait.element.properties, self._now
        backoff = (add_duration(now, properties.get("backoff", DEFAULT_BACKOFF)) - now).total_seconds()
        row = {
            "id": wait.task_id,
            "instance_id": self._owner.id,
            "element_id": wait.element.id,
            "topic": wait.name,
            "arguments": dict(wait.arguments),
            "state": "open",
            "attempts": 0,
            "retries": int(properties.get("retries", DEFAULT_RETRIES)),
            "backoff_seconds": backoff,
            "available_at": now,
            "created_at": now,
            "priority": self._priority(wait) if "priority" in properties else None,
            "error": None,
        }
        unfit = jobs.unfit(wait.name, wait.arguments)
        if unfit is not None:
            row |= {"state": "failed", "error": unfit.zh}
        self._writes.add(_NEW_JOB, *row.values())
        return row

    def _priority(self, wait: Wait) -> int | None:
        """0 to 9: what is beyond counts as the nearest. Raises :class:`BadPriority`."""
        value = self._running.property(wait.task_id, "priority")
        if value is None:
            return None
        try:
            return min(max(int(float(value)), 0), HIGHEST)
        except (TypeError, ValueError, OverflowError):
            raise BadPriority(wait.element.id, value) from None

    def _open_timer(self, wait: Wait) -> None:
        assert wait.time is not None
        self._writes.add(
            _NEW_TIMER, wait.task_id, self._owner.id, wait.element.id, wait.time.due, wait.time.provisional
        )
        signal(self._connection, TIMERS)

    def _open_subscription(self, wait: Wait) -> None:
        self._writes.add(_NEW_SUBSCRIPTION, wait.task_id, self._owner.id, wait.element.id, _subscribed(wait), wait.key)

    def _open_deadline(self, wait: Wait) -> None:
        due_at, warn_at, provisional = dues(self._running, wait.task_id)
        if due_at is not None:
            self._writes.add(_NEW_DEADLINE, wait.task_id, self._owner.id, wait.element.id, due_at, warn_at, provisional)

    def _open_user_task(self, wait: Wait) -> None:
        running, element, owner = self._running, wait.element, self._owner
        said = element.properties

        def value(name: str) -> Any:
            return self._value(wait, name)

        case = running.task_data(wait.task_id).get("case")
        due_at, warn_at, provisional = dues(running, wait.task_id)
        excluded = value("excluded")
        self._writes.add(
            _NEW_TASK,
            wait.task_id,
            owner.id,
            case.get("id") if isinstance(case, dict) else None,
            owner.definition_id,
            element.id,
            element.process_id,
            element.name or element.id,
            element.instructions,
            str(value("next") or ""),
            said.get("form"),
            str(value("role") or ""),
            value("organisation"),
            str(value("place") or owner.place),
            value("assignee"),
            list(excluded) if isinstance(excluded, list) else [],
            "open",
            self._now,
            due_at,
            warn_at,
            provisional,
            self._priority(wait) if "priority" in said else None,
        )

    def _open_nothing(self, wait: Wait) -> None:
        """Conditions are looked at by the kernel alone."""


_OPEN = {
    "user": Rows._open_user_task,
    "timer": Rows._open_timer,
    "message": Rows._open_subscription,
    "signal": Rows._open_subscription,
    "deadline": Rows._open_deadline,
    "condition": Rows._open_nothing,
}


def _subscribed(wait: Wait) -> str:
    return f"signal:{wait.name}" if wait.kind == "signal" else wait.name


def dues(running: RunningInstance, task_id: str) -> tuple[datetime | None, datetime | None, bool]:
    """When a waiting task is due and when to warn, and whether either is provisional."""
    due, warn = running.due(task_id, "dueAt"), running.due(task_id, "warnAt")
    provisional = any(each.provisional for each in (due, warn) if each)
    return (due.due if due else None, warn.due if warn else None, provisional)


def job_message(
    source: str, row: Mapping[str, Any], now: datetime, available_at: datetime | None = None
) -> outbox.Outgoing:
    """The message that carries a job to a worker; each attempt is a message of its own."""
    attempt, priority = int(row["attempts"]) + 1, row["priority"]
    extensions = {"jobid": str(row["id"]), ATTEMPT: str(attempt)}
    if priority:
        extensions[PRIORITY] = str(priority)
    message = Message(
        id=f"{row['id']}:{attempt}",
        type=str(row["topic"]),
        source=source,
        time=now,
        data=row["arguments"],
        subject=str(row["instance_id"]),
        extensions=here.stamped(extensions),
    )
    return outbox.Outgoing(Address.JOBS, travels_as(str(row["topic"]), priority), message, available_at or now)


def drop_continuation(writes: Writes, instance_id: str, task_id: str) -> None:
    """A continuation's timer row has had its effect."""
    writes.add(_DROP_TIMER, instance_id, task_id)


def add_continuation(connection: Connection, writes: Writes, task_id: str, instance_id: str, now: datetime) -> None:
    """Have the rest of an instance's work done by a command of its own, as soon as others have had their turn."""
    writes.add(_NEW_TIMER, task_id, instance_id, CONTINUATION, now, False)
    signal(connection, TIMERS)


CONTINUATION = "(continue)"
"""The element of a timer row that asks for the rest of an instance's work."""

_NEW_TASK = Insert(
    UserTask,
    "id", "instance_id", "case_id", "definition_id", "element_id", "process_id", "name", "instructions", "next", "form", "role",
    "organisation", "place", "assignee", "excluded", "state", "created_at", "due_at", "warn_at", "provisional",
    "priority",
)  # fmt: skip
_NEW_JOB = Insert(
    Job,
    "id", "instance_id", "element_id", "topic", "arguments", "state", "attempts", "retries", "backoff_seconds", "available_at", "created_at",
    "priority", "error",
)  # fmt: skip
_NEW_TIMER = Insert(Timer, "task_id", "instance_id", "element_id", "due_at", "provisional")
_NEW_SUBSCRIPTION = Insert(Subscription, "task_id", "instance_id", "element_id", "message", "key")
_NEW_DEADLINE = Insert(Deadline, "task_id", "instance_id", "element_id", "due_at", "warn_at", "provisional")
_END_TASK = Update(UserTask, "state", "ended_at", "completed_by", keys=("id",))
_END_JOB = Update(Job, "state", "ended_at", keys=("id",), only="job.state IN ('open', 'failed')")
_CARRY_TASK = Update(
    UserTask, "definition_id", "element_id", "process_id", "name", "instructions", "next", "form", keys=("id",)
)
_CARRY_JOB = Update(Job, "element_id", keys=("id",))
_CARRY_TIMER = Update(Timer, "element_id", keys=("instance_id", "task_id"))
_CARRY_SUBSCRIPTION = Update(Subscription, "element_id", keys=("instance_id", "task_id", "message"))
_CARRY_DEADLINE = Update(Deadline, "element_id", keys=("instance_id", "task_id"))
_MOVE_TIMER = Update(Timer, "due_at", "provisional", keys=("instance_id", "task_id"))
_DROP_TIMER = Delete(Timer, "instance_id", "task_id")
_DROP_DEADLINE = Delete(Deadline, "instance_id", "task_id")
_DROP_SUBSCRIPTION = Delete(Subscription, "instance_id", "task_id", "message")
