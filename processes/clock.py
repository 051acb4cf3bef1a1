"""Time, injected: nothing of ours asks the operating system for the time but through a :class:`Clock`."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Tells the time as an aware UTC datetime."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""


class SystemClock:
    """The operating system's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is moved: for tests and for embedding.

    >>> clock = ManualClock(datetime(2026, 11, 23, tzinfo=UTC))
    >>> clock.advance(timedelta(days=1)).isoformat()
    '2026-11-24T00:00:00+00:00'
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
        if self._now.tzinfo is None:
            raise ValueError("a clock needs an aware datetime")
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move the clock forward and return the new time."""
        with self._lock:
            self._now += by
            return self._now

    def set(self, to: datetime) -> datetime:
        """Set the clock to an aware datetime and return it in UTC."""
        with self._lock:
            self._now = to.astimezone(UTC)
            return self._now


class FileClock:
    """The system's clock plus an offset in seconds read from a file, so that several processes can be moved together.

    A missing or empty file means no offset.
    The file is looked at on every call (one ``stat``) and read only when it changed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._offset = timedelta()

    def now(self) -> datetime:
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_ino)
            if stamp != self._stamp:
                self._offset = timedelta(seconds=float(self._path.read_text() or 0))
                self._stamp = stamp
        except FileNotFoundError:
            self._offset, self._stamp = timedelta(), None
        return datetime.now(UTC) + self._offset

    def advance(self, by: timedelta) -> None:
        """Move every process that reads this file forward. The write is atomic (a rename)."""
        self.now()
        fresh = self._path.with_suffix(".new")
        fresh.write_text(str((self._offset + by).total_seconds()))
        fresh.replace(self._path)


provisional: ContextVar[bool] = ContextVar("provisional", default=False)
"""Set to True by whoever works out a date in a year whose calendar is not loaded (暂定); reset by whoever asks for a date."""
