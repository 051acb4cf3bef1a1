"""Fires timers when they are due: exactly at the time, found by index, never more than a second late for lack of looking.

Hands jobs on, too, whose workers have accepted them and then let their locks run out."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, bindparam, join, select

from processes.clock import Clock
from processes.failpoints import hit
from processes.kernel.errors import NotWaiting
from processes.observing.health import NotReady
from processes.runtime import commands as c
from processes.runtime import correlation, measures
from processes.runtime.definitions import TIMERS
from processes.runtime.engine import Engine
from processes.runtime.rows import CONTINUATION
from processes.store.tables import JOB_IS_OPEN, Instance, Job, StartTimer, Timer

log = logging.getLogger(__name__)

GAP = 1.0
"""Seconds between two looks at most: another process may have planned an earlier timer, or somebody moved the clock."""

BATCH = 256
"""Timers, and timer starts, read at a look."""

GROUP = 32
"""Timers that share a transaction: enough to share its cost, few enough that nobody waits long for their instances."""

BUSY = 0.05
"""Seconds until the next look when nothing of what is due could fire: it is in other hands."""

SILENCE = 60.0
"""Seconds: it looks every :data:`GAP`, and a command in hand is ended by the watchdog long before."""

LOOK = 1.0
"""Seconds between two looks for locks that have run out."""

EXPIRE = timedelta(minutes=1)
"""How often early messages that nobody came for are dropped."""


class Scheduler:
    """Gives due timers to the engine as commands. Several schedulers see the same timers: whoever gets hold of an instance first fires its
    timers, the others pass it over."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._clock: Clock = engine.clock
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None
        self._beat = time.monotonic()
        self._expired: datetime | None = None
        self._locks_seen = 0.0
        engine.database.on_commit(TIMERS, self._woken.set)

    def run_due(self) -> int:
        """Fire everything that is due now, in order of due time; returns how many fired."""
        fired = 0
        while not self._stopping.is_set() and (due := self._due(self._clock.now())):
            hit("scheduler.due-found")
            moved = 0
            for begin in range(0, len(due), GROUP):
                self._beat = time.monotonic()
                moved += self._fire(due[begin : begin + GROUP])
                hit("scheduler.fired")
            fired += moved
            if not moved:
                break
        return fired

    def hand_on(self) -> int:
        """Give the jobs whose locks have run out to others; returns how many. Where workers fetch their jobs they see to it themselves."""
        handed, publishing = 0, self._engine.settings.publish_jobs
        while publishing and not self._stopping.is_set() and (due := self._run_out(self._clock.now())):
            hit("scheduler.locks-found")
            moved = 0
            for begin in range(0, len(due), GROUP):
                self._beat = time.monotonic()
                moved += len(self._engine.fire(due[begin : begin + GROUP]))
            handed += moved
            if not moved:
                break
        return handed

    def _run_out(self, now: datetime) -> list[c.Command]:
        with self._engine.database.read() as connection:
            rows = connection.execute(_RUN_OUT, {"now": now, "most": BATCH}).all()
        return [c.HandOnJob(f"lock:{row.id}:{row.locked_until.isoformat()}", row.id, row.locked_until) for row in rows]

    def _hand_on_now_and_then(self) -> None:
        if time.monotonic() - self._locks_seen >= LOOK:
            self._locks_seen = time.monotonic()
            self.hand_on()

    def _fire(self, due: Sequence[tuple[c.Command, datetime]]) -> int:
        """Fire these; returns how many did. Starts come before timers that are due in the same group: neither can be the other's cause."""
        fired: list[c.Command] = [each for each, _ in due if isinstance(each, c.Start) and self._start(each)]
        fired += self._engine.fire([each for each, _ in due if not isinstance(each, c.Start)])
        now, due_at = self._clock.now(), {each.id: at for each, at in due}
        for each in fired:
            measures.LATENESS.observe(max((now - due_at[each.id]).total_seconds(), 0.0))
        return len(fired)

    def _start(self, command: c.Start) -> bool:
        try:
            return not self._engine.execute(command).duplicate
        except NotWaiting:
            return False  # another engine has done so

    def _due(self, now: datetime) -> list[tuple[c.Command, datetime]]:
        """What is due, as commands, in the order of the due times."""
        with self._engine.database.read() as connection:
            timers = connection.execute(_DUE, {"now": now, "most": BATCH}).all()
            starts = connection.execute(_DUE_STARTS, {"now": now, "most": BATCH}).all()
        found = [(_of_timer(row), row.due_at) for row in timers] + [(_of_start(row), row.due_at) for row in starts]
        return sorted(found, key=lambda each: each[1])

    def expire(self) -> None:
        """Put messages that nobody waited for in time into the quarantine, once every so often."""
        now = self._clock.now()
        if self._expired is None or now - self._expired >= EXPIRE:
            self._expired = now
            with self._engine.database.write() as connection:
                correlation.expire(connection, self._engine.settings.source, now)

    def next_due(self) -> datetime | None:
        """When the next timer of an active instance, or timer start, is due."""
        with self._engine.database.read() as connection:
            found = [connection.execute(each).scalar_one_or_none() for each in (_NEXT, _NEXT_START)]
        return min((each for each in found if each is not None), default=None)

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

    def check(self) -> None:
        """Raises :class:`NotReady` when the thread has ended, or has looked for nothing in :data:`SILENCE` seconds."""
        if self._thread is None or not self._thread.is_alive():
            raise NotReady("定时器没有在运行；请重新启动引擎", "the scheduler's thread has ended")
        silent = time.monotonic() - self._beat
        if silent > SILENCE:
            raise NotReady(
                f"定时器已有 {silent:.0f} 秒没有动静；请查看日志", f"the scheduler is silent for {silent:.0f} s"
            )

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            self._beat = time.monotonic()
            fired = 0
            try:
                fired = self.run_due()
                self._hand_on_now_and_then()
                self.expire()
                due = self.next_due()
            except Exception:
                log.exception("the scheduler goes on after an error")
                due = None
            seconds = GAP if due is None else (due - self._clock.now()).total_seconds()
            if seconds > 0:
                self._woken.wait(min(seconds, GAP))
            elif not fired:  # what is due is in other hands
                self._stopping.wait(BUSY)


def _of_timer(row: Any) -> c.Command:
    identity = f"timer:{row.task_id}:{row.due_at.isoformat()}"
    if row.element_id == CONTINUATION:
        return c.Continue(identity, row.instance_id, row.task_id)
    return c.FireTimer(identity, row.task_id, row.due_at)


def _of_start(row: Any) -> c.Command:
    identity = f"start:{row.definition_id[:32]}:{row.place}:{row.node_id}:{row.due_at.isoformat()}"
    return c.Start(identity, row.process_id, row.place, event=f"timer:{row.node_id}")


_NOW, _MOST = bindparam("now", type_=Timer.due_at.type), bindparam("most", type_=Integer)
_ACTIVE = (Timer.incident_id.is_(None), Instance.status == "active")
_OF_ACTIVE = join(Timer, Instance, Instance.id == Timer.instance_id)
_DUE = (
    select(Timer.task_id, Timer.instance_id, Timer.element_id, Timer.due_at)
    .select_from(_OF_ACTIVE)
    .where(Timer.due_at <= _NOW, *_ACTIVE)
    .order_by(Timer.due_at)
    .limit(_MOST)
)
_DUE_STARTS = select(StartTimer.__table__).where(StartTimer.due_at <= _NOW).order_by(StartTimer.due_at).limit(_MOST)
_RUN_OUT = (
    select(Job.id, Job.locked_until)
    .join(Instance, Instance.id == Job.instance_id)
    .where(JOB_IS_OPEN, Job.locked_until.is_not(None), Job.locked_until <= _NOW, Instance.status == "active")
    .order_by(Job.locked_until)
    .limit(_MOST)
)
_NEXT = select(Timer.due_at).select_from(_OF_ACTIVE).where(*_ACTIVE).order_by(Timer.due_at).limit(1)
_NEXT_START = select(StartTimer.due_at).order_by(StartTimer.due_at).limit(1)
