"""External systems that are down, as the jobs that wait for them say: true wherever the workers are whose breakers are open.

A system stands here as long as an open job was not done because of it the last time; it goes with the first job that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from processes.store.gauges import MOST
from processes.store.tables import JOB_IS_OPEN, Job


@dataclass(frozen=True)
class WorkerLine:
    """A worker that leaves the system alone. ``worker``: the source of its messages; ``next_at``: when the first of its jobs is tried again."""

    worker: str
    since: datetime
    jobs: int
    next_at: datetime


@dataclass(frozen=True)
class SystemLine:
    """A system that is down, with what each worker says of it."""

    system: str
    workers: Sequence[WorkerLine]

    @property
    def since(self) -> datetime:
        """Since when it gives no proper answer."""
        return min(each.since for each in self.workers)

    @property
    def jobs(self) -> int:
        """Jobs that wait for it, counted to a bound."""
        return sum(each.jobs for each in self.workers)

    @property
    def next_at(self) -> datetime:
        """When the first of them is tried again."""
        return min(each.next_at for each in self.workers)


def systems(connection: Connection) -> Sequence[SystemLine]:
    """Those that are down, by name."""
    found: dict[str, list[WorkerLine]] = {}
    for row in connection.execute(_HELD_UP):
        line = WorkerLine(row.held_up_at or "", row.since, row.jobs, row.next_at)
        found.setdefault(row.held_up_by, []).append(line)
    return [SystemLine(name, lines) for name, lines in sorted(found.items())]


_some = (
    select(Job.held_up_by, Job.held_up_at, Job.held_up_since, Job.available_at)
    .where(JOB_IS_OPEN, Job.held_up_by.is_not(None))
    .limit(MOST)
    .subquery()
)
_HELD_UP = (
    select(
        _some.c.held_up_by,
        _some.c.held_up_at,
        func.count().label("jobs"),
        func.min(_some.c.held_up_since, type_=Job.held_up_since.type).label("since"),
        func.min(_some.c.available_at, type_=Job.available_at.type).label("next_at"),
    )
    .group_by(_some.c.held_up_by, _some.c.held_up_at)
    .order_by(_some.c.held_up_by, _some.c.held_up_at)
)
