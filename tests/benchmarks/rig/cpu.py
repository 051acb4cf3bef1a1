"""Processor time of other processes, as the kernel counts it (in steps of 10 ms)."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_UTIME, _CUTIME = 11, 13
"""Fields of /proc/PID/stat after the name: one's own time (user, system), and that of children who have ended."""

Reading = Mapping[str, float]
"""processor seconds by name"""

Clock = Callable[[], float]


def _seconds(pid: int, *fields: int) -> float:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    values = text.rsplit(")", 1)[1].split()
    return sum(int(values[at]) + int(values[at + 1]) for at in fields) / _TICKS


def children(pid: int) -> list[int]:
    """The children of a process, the oldest first."""
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def process(pid: int) -> Clock:
    """All threads of one process."""
    return lambda: _seconds(pid, _UTIME)


def in_kernel(pid: int) -> float:
    """The part of a process's processor time that the kernel has spent for it: sending, receiving, waiting."""
    values = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    user, system = int(values[_UTIME]), int(values[_UTIME + 1])
    return system / max(user + system, 1)


def thread(pid: int) -> Clock:
    """The main thread of a process, to the nanosecond: all of it, for a PostgreSQL backend."""
    return lambda: int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def family(pid: int) -> Clock:
    """A process with its children, those that have ended too: a PostgreSQL server with its backends."""
    return lambda: _seconds(pid, _UTIME, _CUTIME) + sum(_seconds(child, _UTIME) for child in children(pid))


class Meter:
    """Reads several clocks at once; a process that ends keeps what it had at the last look."""

    EVERY = 0.2
    """seconds between two looks"""

    def __init__(self, clocks: Mapping[str, Collection[Clock]]) -> None:
        self._clocks = clocks
        self._begun = self._now()
        self._last = dict(self._begun)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="meter", daemon=True)

    def _now(self) -> dict[str, float]:
        return {name: sum(clock() for clock in clocks) for name, clocks in self._clocks.items()}

    def _look(self) -> None:
        for name, seconds in self._now().items():
            self._last[name] = max(self._last[name], seconds)

    def _run(self) -> None:
        while not self._stopping.wait(self.EVERY):
            self._look()

    def __enter__(self) -> Meter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def spent(self) -> Reading:
        """Processor seconds since the meter was made."""
        self._look()
        return {name: seconds - self._begun[name] for name, seconds in self._last.items()}
