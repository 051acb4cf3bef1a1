"""What a unit of work finds ready: the definitions, the evaluator, the projections, and instances that are still hot."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any, NamedTuple, Protocol

from sqlalchemy.engine import Connection

from processes.clock import Clock
from processes.errors import BihuanError
from processes.kernel.effort import SECONDS, SLICE, STEPS
from processes.kernel.errors import Unfit
from processes.kernel.evaluation import Evaluator
from processes.kernel.instance import RunningInstance, Step
from processes.messaging.bus import Message
from processes.observing.metrics import NOTES
from processes.runtime import commands as c
from processes.runtime import measures
from processes.runtime.definitions import Definitions
from processes.runtime.rows import Owner

HOT = 1024
"""Running instances kept in memory between commands; each is checked by its version before use."""

PATIENCE = 86400.0
"""Seconds from a job's first failure after which one more that costs no attempt is an incident: a system that is down for longer
than a day does not come back before somebody asks after it."""


def any_result(topic: str, result: Any) -> None:
    """Whatever a worker answers is taken."""


@dataclass(frozen=True)
class Settings:
    """``source`` names this platform in messages; ``publish_jobs``: send a message for each job (off: workers fetch them);
    ``publish_events``: what projections say has happened leaves, too; ``steps``: without anything from outside, before it is an incident;
    ``seconds`` of processor time for a command; ``slice``: steps of a command before other instances have a turn; ``check_result``: (topic,
    result) → raises what a worker's result is refused for; ``patience``: seconds for which a job may fail at no attempt's cost."""

    source: str = "bihuan"
    publish_jobs: bool = True
    publish_events: bool = False
    check_result: Callable[[str, Any], None] = any_result
    patience: float = PATIENCE
    steps: int = STEPS
    seconds: float = SECONDS
    slice: int = SLICE


class Changed(NamedTuple):
    """What a command did to an instance, for projections. ``status`` is the new one."""

    instance: Owner
    command: c.Command
    steps: Sequence[Step]
    running: RunningInstance
    status: str
    now: datetime
    begun: bool
    """the command has started the instance"""

    @property
    def data(self) -> Mapping[str, Any]:
        """The instance's variables."""
        return self.running.data


class Happened(NamedTuple):
    """Something that listeners outside may want to know: the type of the event, what it is about, and its data."""

    type: str
    subject: str
    data: Mapping[str, Any]


class Projection(Protocol):
    """Rows that casework keeps in step with instances, in the same transaction."""

    def ask(self, connection: Connection, changes: Sequence[Changed]) -> Callable[[], Sequence[Happened]]:
        """Instances have changed, in this order, and their rows are on their way: ask for what is needed to know what follows from it. What
        is returned is called after ``bulk.together``, and writes it."""


Versions = Callable[[Connection], Callable[[], Mapping[str, Any]]]
"""Asks for what the history notes of the reference data in use; the answer is to be called for after ``bulk.together``."""


def no_versions(_connection: Connection) -> Callable[[], Mapping[str, Any]]:
    """There is no reference data."""
    return dict


Elsewhere = Callable[[Connection, Message, datetime], bool]
"""Takes a message that an instance throws, if it is for an instance of another deployment, and sees that it gets there: in the same
transaction. Raises ``StepFailed`` when it cannot."""


def all_here(_connection: Connection, _message: Message, _now: datetime) -> bool:
    """There is no other deployment."""
    return False


class Hot(NamedTuple):
    """A running, active instance at rest, and what its row says; ``noted``: the versions its last entry in the history met."""

    version: int
    running: RunningInstance
    noted: Mapping[str, Any] | None
    owner: Owner
    parts: int


class HotInstances:
    """Running instances, by prefix, as they were when their state was committed last. Advisory: the version decides (ARCHITECTURE rule 12)."""

    def __init__(self, limit: int = HOT) -> None:
        self._limit = limit
        self._kept: OrderedDict[str, Hot] = OrderedDict()
        self._lock = Lock()

    def __contains__(self, prefix: str) -> bool:
        return prefix in self._kept

    def look(self, prefix: str) -> Hot | None:
        """The instance as it is kept here, if it is. It stays."""
        return self._kept.get(prefix)

    def take(self, prefix: str, version: int) -> Hot | None:
        """The instance if it is of this version; it is gone from here until it is kept again."""
        with self._lock:
            found = self._kept.pop(prefix, None)
        if found is None or found.version != version:
            if found is not None:
                found.running.let_go()
            NOTES.note(measures.HOT_MISS.inc)
            return None
        NOTES.note(measures.HOT_HIT.inc)
        return found

    def keep(self, prefix: str, hot: Hot) -> None:
        """Keep an instance whose state has just been committed."""
        with self._lock:
            self._kept[prefix] = hot
            while len(self._kept) > self._limit:
                self._kept.popitem(last=False)[1].running.let_go()

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            while self._kept:
                self._kept.popitem()[1].running.let_go()


@dataclass(frozen=True)
class Workshop:
    """See above. Shared by all units of an engine."""

    clock: Clock
    settings: Settings
    definitions: Definitions
    evaluator: Evaluator
    projections: Sequence[Projection]
    versions: Versions
    elsewhere: Elsewhere = all_here
    hot: HotInstances = field(default_factory=HotInstances)

    def check_result(self, topic: str, result: Any) -> None:
        """Raise :class:`Unfit` when a worker's result is not one of its topic."""
        try:
            self.settings.check_result(topic, result)
        except BihuanError as error:
            raise Unfit(error.zh, error.en) from error
