"""Ends a process in which a command has stalled, and keeps that command from stalling the next one.

Budgets stop what an owner wrote. What they cannot stop is a thread that never comes back from C: no Python code can end it,
and while it holds the interpreter's lock no other thread of the process runs at all. So every command in flight stands in a
file that outlives the process, and

* a thread looks once a second: a command that has used ``limit`` seconds of processor time, or slept that long without
  waiting for the database, ends the process (``os._exit(STALLED)``) once it has been written down as the culprit;
* the kernel's timer ends the process (SIGPROF, with every thread's stack in the file) when that thread itself does not get
  to run while the process burns ``limit`` seconds of processor time.

The next start finds the file and counts. A command that was in flight at one such end runs with no other command beside it,
so that a second end convicts it alone; after two it is not tried again but becomes an incident on its one case.
"""

from __future__ import annotations

import faulthandler
import fcntl
import json
import logging
import mmap
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol
from uuid import uuid4

from sqlalchemy import func, insert, select

from processes.clock import Clock
from processes.errors import BihuanError
from processes.runtime import commands as c
from processes.store.database import Database
from processes.store.tables import Stall

log = logging.getLogger(__name__)

STALLED = 86
"""The exit code of a process that its own watchdog has ended."""

LIMIT = 30.0
"""Seconds. A command takes milliseconds; the engine's own budget (``processes.kernel.effort``) ends long ones at half of this."""

ENDS = 2
"""Ends with a command in flight after which it is not tried again."""

_SLOTS, _SLOT = 128, 512
"""Commands in flight at once, and bytes for the name of each. One more than fit in is not watched."""

_BUSY = 0.001
"""Seconds of processor time between two looks: a thread with less has slept. On a crowded machine one that works has more."""

_DRIVERS = ("/sqlalchemy/", "/psycopg", "/sqlite3/")
"""A thread whose innermost frame is in one of these waits for the database: not the command's fault."""


class Convicted(BihuanError):
    """The command has ended the engine twice."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"办理这一步时引擎已{ENDS}次停住并被强制结束，不再自动重试；请检查这一步的表达式和它调用的函数，改正后再重试",
            f"the engine stalled {ENDS} times over {name}: not tried again",
            command=name,
        )


class Watch(Protocol):
    """What the engine tells of, and asks."""

    def flight(self, command: c.Command) -> Any:
        """A context: the command is in flight."""

    def check(self, command: c.Command) -> None:
        """Raises :class:`Convicted` for a command that is not to be tried again."""


class Unwatched:
    """No watchdog: for embedding, tests and tools."""

    def flight(self, command: c.Command) -> AbstractContextManager[None]:
        """Nothing."""
        return nullcontext()

    def check(self, command: c.Command) -> None:
        """Nothing."""


def name_of(command: c.Command) -> str:
    """The same for every attempt at the same thing: whoever completes a task again brings another command's id."""
    target = getattr(command, "task_id", None) or getattr(command, "job_id", None) or command.id
    return f"{type(command).__name__}:{target}"[:300]


@dataclass
class _Flight:
    name: str
    slot: int
    thread: int
    cpu: float = -1.0
    """the thread's processor time at the first look: to ask for it when a command begins costs more than all the rest of watching it"""
    last: float = 0.0
    """the same at the last look"""
    idle: int = 0
    """looks in a row at which the thread had done nothing, nor waited for the database"""


class _InFlight:
    """A command on its way."""

    __slots__ = ("_name", "_told", "_watchdog")

    def __init__(self, watchdog: Watchdog, name: str) -> None:
        self._watchdog, self._name = watchdog, name

    def __enter__(self) -> None:
        self._told = self._watchdog.take_off(self._name)

    def __exit__(self, *_: object) -> None:
        self._watchdog.land(*self._told)


class Watchdog:
    """Watches the commands of this process. ``folder`` is for its files; processes may share one."""

    def __init__(self, folder: Path, database: Database, clock: Clock, limit: float = LIMIT) -> None:
        self._folder = folder
        self._database = database
        self._clock = clock
        self._limit = limit
        self._period = min(1.0, limit / 4)
        self._changed = threading.Condition()
        self._flights: dict[int, _Flight] = {}
        self._free = list(range(_SLOTS))
        self._alone = False
        self._ends: Counter[str] = Counter()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._file: IO[bytes]
        self._map: mmap.mmap
        self._end: IO[bytes]

    # -- what the engine calls ---------------------------------------------------------------------------------------

    def check(self, command: c.Command) -> None:
        """Raises :class:`Convicted` for a command that was in flight at two ends."""
        if self._ends and self._ends[name := name_of(command)] >= ENDS:
            raise Convicted(name)

    def flight(self, command: c.Command) -> AbstractContextManager[None]:
        """The command is in flight; a suspected one runs alone in this process."""
        return _InFlight(self, name_of(command))

    def take_off(self, name: str) -> tuple[int | None, bool]:
        """A command begins; returns its slot, if one was free, and whether it is suspected."""
        suspected = False
        if self._ends:  # somebody here has ended an engine before: whoever comes waits for a suspect
            suspected = name in self._ends
            with self._changed:
                while self._alone or (suspected and self._flights):
                    self._changed.wait()
                self._alone = suspected
        try:
            slot = self._free.pop()
        except IndexError:
            return None, suspected
        self._flights[slot] = _Flight(name, slot, threading.get_ident())
        self._write(slot, name)
        return slot, suspected

    def land(self, slot: int | None, suspected: bool) -> None:
        """It has ended."""
        if slot is not None:
            self._write(slot, "")
            del self._flights[slot]
            self._free.append(slot)
        if self._ends:
            with self._changed:
                self._alone = self._alone and not suspected
                self._changed.notify_all()

    def _write(self, slot: int, name: str) -> None:
        # The whole slot in one assignment: whoever reads after the process's end finds a name or none.
        self._map[slot * _SLOT : (slot + 1) * _SLOT] = name.encode()[: _SLOT - 1].ljust(_SLOT, b"\0")

    # -- life --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Count what earlier processes died of, then watch this one."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._settle()
        stem = self._folder / uuid4().hex
        self._file = stem.with_suffix(".flight").open("wb+")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._file.truncate(_SLOTS * _SLOT)
        self._map = mmap.mmap(self._file.fileno(), _SLOTS * _SLOT)
        self._end = stem.with_suffix(".end").open("wb", buffering=0)
        faulthandler.register(signal.SIGPROF, file=self._end, all_threads=True, chain=True)
        signal.setitimer(signal.ITIMER_PROF, self._limit)
        self._thread = threading.Thread(target=self._loop, name="watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop watching; the process ends in order."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(10)
        signal.setitimer(signal.ITIMER_PROF, 0)
        faulthandler.unregister(signal.SIGPROF)
        for file in (self._end, self._file):
            file.close()
            Path(str(file.name)).unlink(missing_ok=True)

    def _loop(self) -> None:
        looks = 0
        while not self._stopping.wait(self._period):
            signal.setitimer(signal.ITIMER_PROF, self._limit)
            try:
                stalled = self._stalled()
                if stalled:
                    self._finish(stalled)
                looks += 1
                if looks % 5 == 0 and self._database.dialect == "postgresql":
                    self._count()
            except Exception:
                log.exception("the watchdog goes on after an error")

    # -- looking -----------------------------------------------------------------------------------------------------

    def _stalled(self) -> list[_Flight]:
        return [each for each in list(self._flights.values()) if self._is_stalled(each)]

    def _is_stalled(self, flight: _Flight) -> bool:
        now = _cpu(flight.thread)
        if flight.cpu < 0:
            flight.cpu = flight.last = now
            return False
        idle = now - flight.last < _BUSY and not _waits(flight.thread)
        # Counted in looks, not read off a clock: a process that was stopped for an hour has not stalled.
        flight.idle, flight.last = flight.idle + 1 if idle else 0, now
        return now - flight.cpu > self._limit or flight.idle * self._period > self._limit

    def _finish(self, stalled: Sequence[_Flight]) -> None:
        """Write down who did it, and end the process. Does not return."""
        names = [each.name for each in stalled]
        noted = False
        if self._database.dialect == "postgresql":
            # The stalled transaction holds only its own rows there: the other engines shall know at once.
            writer = threading.Thread(target=self._note, args=(names,), daemon=True)
            writer.start()
            writer.join(5)
            noted = not writer.is_alive()
        self._end.write(json.dumps({"stalled": names, "noted": noted}).encode() + b"\n")
        faulthandler.dump_traceback(self._end, all_threads=True)
        os.fsync(self._end.fileno())
        message = f"引擎停在 {'、'.join(names)} 超过 {self._limit:g} 秒，已记下并结束进程；重新启动后其他事项照常办理"
        print(message, file=sys.stderr, flush=True)  # noqa: T201 (logging may hold a lock of the stalled thread)
        os._exit(STALLED)

    # -- counting ----------------------------------------------------------------------------------------------------

    def _note(self, names: Sequence[str]) -> None:
        now = self._clock.now()
        with self._database.write() as connection:
            connection.execute(insert(Stall), [{"command": name, "at": now} for name in names])

    def _count(self) -> None:
        with self._database.read() as connection:
            rows = connection.execute(select(Stall.command, func.count()).group_by(Stall.command)).all()
        self._ends = Counter({str(name): int(count) for name, count in rows})

    def _settle(self) -> None:
        """Read what processes that have ended left behind."""
        for file in sorted(self._folder.glob("*.flight")):
            with file.open("rb") as left:
                try:
                    fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    continue  # alive
                end = file.with_suffix(".end")
                names = _culprits(left.read(), end.read_bytes() if end.exists() else b"")
                if names:
                    log.error("an engine process was ended with these commands in flight: %s", names)
                    self._note(names)
                end.unlink(missing_ok=True)
                file.unlink(missing_ok=True)
        self._count()


def _culprits(flights: bytes, end: bytes) -> list[str]:
    """Whom an ended process's files accuse: those its watchdog named, else all in flight when the kernel's timer ended it;
    nobody when it ended otherwise."""
    if end.startswith(b"{"):
        told = json.loads(end.split(b"\n", 1)[0])
        return [] if told["noted"] else list(told["stalled"])
    if not end:
        return []
    slots = (flights[at : at + _SLOT].rstrip(b"\0") for at in range(0, len(flights), _SLOT))
    return [slot.decode(errors="replace") for slot in slots if slot]


def _cpu(thread: int) -> float:
    """The processor time of another thread of this process; it is in flight, so it lives."""
    return time.clock_gettime(time.pthread_getcpuclockid(thread))


def _waits(thread: int) -> bool:
    frame = sys._current_frames().get(thread)
    return frame is not None and any(part in frame.f_code.co_filename for part in _DRIVERS)
