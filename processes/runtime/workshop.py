"""What a unit of work finds ready: the definitions, the script engine, the rows' writer, the projections, and instances that are still hot."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any, Protocol

from sqlalchemy.engine import Connection

from processes.clock import Clock
from processes.runtime import commands as c
from processes.runtime import measures
from processes.runtime.definitions import Definitions
from processes.runtime.rows import Owner, Rows, Waits
from processes.spiff.instance import RunningInstance, Step
from processes.spiff.mended.effort import SECONDS, STEPS
from processes.spiff.script_engine import ScriptEngine

HOT = 256
"""Running instances kept in memory between commands; each is checked by its version before use."""


@dataclass(frozen=True)
class Settings:
    """``source`` names this platform in messages; ``publish_jobs``: send a message for each job (off: workers fetch them);
    ``steps`` and ``seconds`` (of processor time): what one command may cost before it becomes an incident."""

    source: str = "bihuan"
    publish_jobs: bool = True
    steps: int = STEPS
    seconds: float = SECONDS


@dataclass(frozen=True)
class Changed:
    """What a command did to an instance, for projections. ``data`` are its variables; ``status`` is the new one."""

    instance: Owner
    command: c.Command
    steps: Sequence[Step]
    running: RunningInstance
    status: str
    now: datetime

    @property
    def data(self) -> Mapping[str, Any]:
        """The variables of the step that finished last."""
        return self.running.data


class Projection(Protocol):
    """Rows that casework keeps in step with instances, in the same transaction."""

    def apply(self, connection: Connection, change: Changed) -> None:
        """An instance has changed: write what follows from it."""


class HotInstances:
    """Running instances as they were when their state was committed last. Advisory: the version decides (ARCHITECTURE rule 12)."""

    def __init__(self, limit: int = HOT) -> None:
        self._limit = limit
        self._kept: OrderedDict[str, tuple[int, RunningInstance, Waits]] = OrderedDict()
        self._lock = Lock()

    def take(self, instance_id: str, version: int) -> tuple[RunningInstance, Waits] | None:
        """The instance if it is of this version; it is gone from here until it is kept again."""
        with self._lock:
            found = self._kept.pop(instance_id, None)
        if found is None or found[0] != version:
            measures.HOT_MISS.inc()
            return None
        measures.HOT_HIT.inc()
        return found[1], found[2]

    def keep(self, instance_id: str, version: int, running: RunningInstance, waits: Waits) -> None:
        """Keep an instance whose state has just been committed."""
        with self._lock:
            self._kept[instance_id] = (version, running, waits)
            while len(self._kept) > self._limit:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._kept.clear()


@dataclass(frozen=True)
class Workshop:
    """See above. Shared by all units of an engine."""

    clock: Clock
    settings: Settings
    definitions: Definitions
    script_engine: ScriptEngine
    rows: Rows
    projections: Sequence[Projection]
    versions: Callable[[], Mapping[str, Any]]
    hot: HotInstances = field(default_factory=HotInstances)
