"""A circuit breaker for each external system: what has been down for a while is left alone for a while.

Only the bookkeeping happens here, under a lock that is never held while a system is called: calls to one system run side by side.

closed
    Calls go out. So many troubles in a row open it.
open
    Nothing goes out for ``rest`` seconds.
half-open
    One call goes out as a trial; it closes the breaker, or opens it for another rest.

Source: M. Nygard, Release It!, "Circuit Breaker".
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import IntEnum

from processes.clock import Clock
from workers.adapters import measures


class State(IntEnum):
    """What the metric ``bihuan_breaker_state`` shows."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Open(Exception):
    """Not called: the system has given no proper answer ``since``; there is no use in calling again for ``left`` seconds."""

    def __init__(self, since: datetime, left: float) -> None:
        super().__init__(f"the breaker is open since {since}")
        self.since = since
        self.left = left


class Breaker:
    """The breaker of one system in this process. Any thread may call.

    >>> breaker = Breaker("hotline", clock, failures=5, rest=30.0)  # doctest: +SKIP
    >>> with breaker.guard(TimeoutError):                           # doctest: +SKIP
    ...     call_the_hotline()
    """

    def __init__(self, name: str, clock: Clock, *, failures: int, rest: float) -> None:
        self._clock = clock
        self._limit = failures
        self._rest = timedelta(seconds=rest)
        self._lock = threading.Lock()
        self._troubles = 0
        self._since: datetime | None = None
        self._opened: datetime | None = None
        self._trying = False
        self._shown = measures.BREAKER.labels(name)
        self._show()

    @property
    def state(self) -> State:
        """What it is now."""
        with self._lock:
            return self._state()

    @contextmanager
    def guard(self, trouble: type[BaseException]) -> Iterator[None]:
        """Call the system inside. An exception of the type ``trouble`` counts against it; any other end, an exception or not, means that it answered.

        :raises Open: when it is not to be called now
        """
        trial = self._enter()
        try:
            yield
        except trouble:
            self._leave(trial, answered=False)
            raise
        except BaseException:
            self._leave(trial, answered=True)
            raise
        self._leave(trial, answered=True)

    def _enter(self) -> bool:
        """Whether this call is the trial."""
        with self._lock:
            state = self._state()
            if state is State.CLOSED:
                return False
            assert self._since is not None
            if state is State.OPEN or self._trying:
                raise Open(self._since, self._left())
            self._trying = True
            self._show()
            return True

    def _leave(self, trial: bool, *, answered: bool) -> None:
        with self._lock:
            if trial:
                self._trying = False
            if answered:
                self._troubles, self._since, self._opened = 0, None, None
            else:
                now = self._clock.now()
                self._troubles += 1
                self._since = self._since or now
                # What was under way when it opened does not prolong the rest.
                if trial or (self._opened is None and self._troubles >= self._limit):
                    self._opened = now
            self._show()

    def _state(self) -> State:
        if self._opened is None:
            return State.CLOSED
        return State.OPEN if self._left() > 0 else State.HALF_OPEN

    def _left(self) -> float:
        """Seconds of rest; none when the clock was set back, for then nobody knows."""
        if self._opened is None:
            return 0.0
        rested = self._clock.now() - self._opened
        return max((self._rest - rested).total_seconds(), 0.0) if rested >= timedelta() else 0.0

    def _show(self) -> None:
        self._shown.set(self._state())


class Breakers:
    """The breakers of this process, one a system."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._breakers: dict[str, Breaker] = {}

    def of(self, name: str, failures: int, rest: float) -> Breaker:
        """The breaker of a system; made, closed, when it is called for the first time."""
        with self._lock:
            if name not in self._breakers:
                self._breakers[name] = Breaker(name, self._clock, failures=failures, rest=rest)
            return self._breakers[name]
