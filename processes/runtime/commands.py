"""Commands: whatever changes an instance. Each is plain data that is kept whole in the history (ARCHITECTURE rule 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Variables = Mapping[str, Any]


@dataclass(frozen=True)
class Command:
    """``id`` makes it idempotent: the same id again has no effect and answers as the first time."""

    id: str
    actor: str | None = field(default=None, kw_only=True)
    """the person or system that gave it"""


@dataclass(frozen=True)
class Start(Command):
    """Start an instance of the definition in force for ``process_id`` at ``place``."""

    process_id: str
    place: str = ""
    variables: Variables = field(default_factory=dict)
    key: str | None = None
    """a business key (a problem number)"""
    instance_id: str | None = None
    event: str = ""
    """the start event that has come, ``signal:NAME`` or ``timer:ELEMENT`` (``late:ELEMENT`` when its next time has been planned already);
    empty: started by hand"""
    payload: Variables = field(default_factory=dict)
    """what the event brings"""


@dataclass(frozen=True)
class CompleteTask(Command):
    """A person finished a user task; ``data`` is what its form gave."""

    task_id: str
    data: Variables = field(default_factory=dict)


@dataclass(frozen=True)
class Assign(Command):
    """A user task becomes ``assignee``'s (None: that of all whose it may be) and, when that one is only asked to do it, stays ``owner``'s.
    ``seen``: whose it was when that was decided; it must still be so. ``how``: claim, release, give_back, delegate or assign."""

    task_id: str
    how: str
    assignee: str | None = None
    owner: str | None = None
    seen: str | None = None


@dataclass(frozen=True)
class CompleteJob(Command):
    """A worker's result for an external service task."""

    job_id: str
    result: Any = None


@dataclass(frozen=True)
class FailJob(Command):
    """A worker could not do it; tried again after ``retry_after`` seconds (None: the job's own backoff) while attempts last,
    then an incident. ``final``: no further attempt makes sense."""

    job_id: str
    reason: str
    retry_after: float | None = None
    final: bool = False
    counted: bool = True
    """whether it uses up an attempt (a system that was not even asked does not)"""
    attempt: int | None = None
    """the number of the job's message that it answers; None: the newest's"""
    worker: str = ""
    system: str = ""
    """the external system that was not asked because it is down, when the worker names it"""
    since: datetime | None = None
    """since when that system is down"""


@dataclass(frozen=True)
class AcceptJob(Command):
    """A worker takes a job that may last, and acknowledges its message: for ``lock_seconds`` the job is its alone."""

    job_id: str
    worker: str
    lock_seconds: float
    attempt: int | None = None
    """the number of the job's message that it answers; None: the newest's"""


@dataclass(frozen=True)
class ExtendJob(AcceptJob):
    """The worker that holds a job's lock needs it for ``lock_seconds`` from now on."""


@dataclass(frozen=True)
class HandOnJob(Command):
    """The lock until ``locked_until`` has run out without an answer: another worker is to have the job, which costs no attempt."""

    job_id: str
    locked_until: datetime


@dataclass(frozen=True)
class ThrowJobError(Command):
    """A business error: goes to the boundary event of this one task, or of the activity around it; nobody catches: incident."""

    job_id: str
    code: str
    message: str = ""
    variables: Variables = field(default_factory=dict)


@dataclass(frozen=True)
class Correlate(Command):
    """A message arrived. Exactly one receiver; none: a start event of that name, else buffered for ``ttl_seconds``."""

    message: str
    key: str = ""
    payload: Variables = field(default_factory=dict)
    place: str = ""
    ttl_seconds: float = 7 * 86400.0
    variables: Variables = field(default_factory=dict)
    """the variables of the instance that it starts, should it start one"""
    instance_id: str | None = None
    """and its id"""


@dataclass(frozen=True)
class Signal(Command):
    """A signal for one instance (a broadcast is one command an instance)."""

    instance_id: str
    name: str
    payload: Variables = field(default_factory=dict)


@dataclass(frozen=True)
class FireTimer(Command):
    """A timer is due."""

    task_id: str
    due_at: datetime


@dataclass(frozen=True)
class Continue(Command):
    """Go on with what an instance had no time for: its last command used up its slice."""

    instance_id: str
    task_id: str
    """of the timer row that asks for it"""


@dataclass(frozen=True)
class Cancel(Command):
    """End the instance: open tasks, jobs, timers and subscriptions are withdrawn."""

    instance_id: str
    reason: str = ""


@dataclass(frozen=True)
class Suspend(Command):
    """Stop taking commands for the instance (they answer with an error) and let its timers wait."""

    instance_id: str
    reason: str = ""


@dataclass(frozen=True)
class Resume(Command):
    """Go on; timers that came due meanwhile fire now."""

    instance_id: str
    reason: str = ""


@dataclass(frozen=True)
class Resolve(Command):
    """A person resolves an incident: ``retry`` (with ``variables`` merged first when given, of a job into its arguments) or ``skip`` (the failed job
    counts as done with ``variables`` as its result)."""

    incident_id: str
    action: str = "retry"
    variables: Variables = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Replan(Command):
    """Work out again every due time that was provisional (a calendar year was loaded)."""

    instance_id: str


@dataclass(frozen=True)
class Intervention(Command):
    """An operator puts a hand into one instance, and says why. Whoever does so stands in front of it: what cannot be done is told at once, with
    nothing changed, and is no incident."""

    instance_id: str
    reason: str


@dataclass(frozen=True)
class SetVariables(Intervention):
    """Give variables other values: every branch sees them. A suspended instance takes them, too, and goes on with them when it is resumed."""

    variables: Variables


@dataclass(frozen=True)
class Skip(Intervention):
    """What a token waits for counts as done: ``variables`` are what a form, a worker or a message would have brought."""

    task_id: str
    variables: Variables = field(default_factory=dict)


@dataclass(frozen=True)
class Move(Intervention):
    """Take a token from where it waits, with all that it waits for, to another element of the same scope, as if a flow had led there."""

    task_id: str
    target: str


@dataclass(frozen=True)
class FireNow(Intervention):
    """A timer need not wait any longer."""

    task_id: str


@dataclass(frozen=True)
class MoveTimer(Intervention):
    """A timer is due at another time."""

    task_id: str
    due_at: datetime


@dataclass(frozen=True)
class RetryJob(Intervention):
    """A job that waits for its next attempt is tried now; it costs no attempt."""

    job_id: str


@dataclass(frozen=True)
class Migrate(Intervention):
    """Go on by another version of the process. ``source``: the version that it must be on; ``mapping``: ``process/element`` of that version → of
    ``target``; ``timers_anew``: a timer whose time is written otherwise there is worked out anew."""

    source: str
    target: str
    mapping: Mapping[str, str]
    timers_anew: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a command did. ``duplicate``: it had been done before. ``incident``: it failed and a person must look."""

    instance_id: str | None
    duplicate: bool = False
    incident: str | None = None
    buffered: bool = False
    data: Variables = field(default_factory=dict)


_KINDS: dict[str, type[Command]] = {
    kind.__name__: kind
    for kind in (
        Start,
        CompleteTask,
        Assign,
        CompleteJob,
        FailJob,
        AcceptJob,
        ExtendJob,
        HandOnJob,
        ThrowJobError,
        Correlate,
        Signal,
        FireTimer,
        Continue,
        Cancel,
        Suspend,
        Resume,
        Resolve,
        Replan,
        SetVariables,
        Skip,
        Move,
        FireNow,
        MoveTimer,
        RetryJob,
        Migrate,
    )
}


_INSTANTS: dict[type[Command], str] = {FireTimer: "due_at", HandOnJob: "locked_until", FailJob: "since"}
"""the fields that are times, or None"""


def to_json(command: Command) -> dict[str, Any]:
    """The command as JSON: its fields and, under ``kind``, its name."""
    out: dict[str, Any] = {"kind": type(command).__name__, **vars(command)}
    instant = _INSTANTS.get(type(command))
    if instant is not None and out[instant] is not None:
        out[instant] = out[instant].isoformat()
    return out


def from_json(data: Mapping[str, Any]) -> Command:
    """The command that :func:`to_json` wrote."""
    kind = _KINDS[str(data["kind"])]
    values = {name: value for name, value in data.items() if name != "kind"}
    instant = _INSTANTS.get(kind)
    if instant is not None and values.get(instant) is not None:
        values[instant] = datetime.fromisoformat(values[instant])
    return kind(**values)
