"""Fires timers when they are due: exactly at the time, found by index, never more than a second late for lack of looking."""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta

from sqlalchemy import func, select

from processes import failpoints
from processes.clock import Clock
from processes.runtime import commands as c
from processes.runtime import correlation
from processes.runtime.engine import Engine
from processes.runtime.rows import TIMERS
from processes.runtime.unit import Suspended
from processes.spiff.instance import NotWaiting
from processes.store.tables import Instance, Timer

log = logging.getLogger(__name__)

GAP = 1.0
"""Seconds between two looks at most: another process may have planned an earlier timer, or somebody moved the clock."""

BATCH = 200

EXPIRE = timedelta(minutes=1)
"""How often early messages that nobody came for are dropped."""


class Scheduler:
    """Gives due timers to the engine as commands; two schedulers may see the same timer, its command id makes it fire once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._clock: Clock = engine.clock
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None
        self._expired: datetime | None = None
        engine.database.on_commit(TIMERS, self._woken.set)

    def run_due(self) -> int:
        """Fire everything that is due now, in order of due time; returns how many fired."""
        fired = 0
        while due := self._due(self._clock.now()):
            failpoints.hit("scheduler.due-found")
            moved = 0
            for task_id, due_at in due:
                try:
                    self._engine.execute(c.FireTimer(f"timer:{task_id}:{due_at.isoformat()}", task_id, due_at))
                    moved += 1
                    failpoints.hit("scheduler.fired")
                except (NotWaiting, Suspended):
                    log.debug("timer %s is gone", task_id)
            fired += moved
            if not moved:
                break
        return fired

    def _due(self, now: datetime) -> list[tuple[str, datetime]]:
        with self._engine.database.read() as connection:
            rows = connection.execute(
                select(Timer.task_id, Timer.due_at)
                .join(Instance, Instance.id == Timer.instance_id)
                .where(Timer.due_at <= now, Timer.incident_id.is_(None), Instance.status == "active")
                .order_by(Timer.due_at)
                .limit(BATCH)
            )
            return [(row.task_id, row.due_at) for row in rows]

    def _expire(self) -> None:
        now = self._clock.now()
        if self._expired is None or now - self._expired >= EXPIRE:
            self._expired = now
            with self._engine.database.write() as connection:
                correlation.expire(connection, now)

    def next_due(self) -> datetime | None:
        """When the next timer of an active instance is due."""
        with self._engine.database.read() as connection:
            return connection.execute(
                select(func.min(Timer.due_at, type_=Timer.due_at.type))
                .join(Instance, Instance.id == Timer.instance_id)
                .where(Timer.incident_id.is_(None), Instance.status == "active")
            ).scalar_one_or_none()

    # -- as a thread -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to fire timers in a thread of its own."""
        self._thread = threading.Thread(target=self._loop, name="scheduler", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Stop after the command in hand."""
        self._stopping.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                self.run_due()
                self._expire()
                due = self.next_due()
            except Exception:
                log.exception("the scheduler goes on after an error")
                due = None
            seconds = GAP if due is None else (due - self._clock.now()).total_seconds()
            self._woken.wait(min(max(seconds, 0.0), GAP))
