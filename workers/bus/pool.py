"""A pool of daemon threads: unlike the standard library's, a stuck handler can't keep the process from ending."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from workers.bus.delivery import log

Task = Callable[[], None]


class Pool:
    """Runs tasks in at most ``size`` threads, urgent ones first, else the oldest. Threads are started when first needed."""

    def __init__(self, name: str, size: int) -> None:
        self._name = name
        self._size = size
        self._urgent: deque[Task] = deque()
        self._tasks: deque[Task] = deque()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._idle = threading.Condition(self._lock)
        self._threads = 0
        self._running = 0
        self._waiting = 0
        """threads that have nothing to do"""
        self._closed = False

    def submit(self, task: Task, *, urgent: bool = False) -> None:
        """Run a task as soon as a thread is free; forgotten when the pool is closed."""
        with self._lock:
            if self._closed:
                return
            (self._urgent if urgent else self._tasks).append(task)
            if self._waiting:
                self._changed.notify()
            elif self._threads < self._size:
                self._threads += 1
                threading.Thread(target=self._work, name=f"{self._name}-{self._threads}", daemon=True).start()

    def _work(self) -> None:
        while (task := self._next()) is not None:
            try:
                task()
            except Exception:
                # A bug of ours must not cost a thread: the message it was about comes again by its lease.
                log.exception("a task of the pool failed")
            finally:
                with self._lock:
                    self._running -= 1
                    if not self._running:
                        self._idle.notify_all()

    def _next(self) -> Task | None:
        with self._lock:
            while not (self._urgent or self._tasks):
                if self._closed:
                    return None
                self._waiting += 1
                self._changed.wait()
                self._waiting -= 1
            self._running += 1
            return (self._urgent or self._tasks).popleft()

    def close(self) -> None:
        """Forget the tasks that have not begun, and take no more."""
        with self._lock:
            self._urgent.clear()
            self._tasks.clear()
            self._closed = True
            self._changed.notify_all()

    def wait(self, timeout: float) -> bool:
        """Wait until no task is running. False when ``timeout`` seconds were too few."""
        with self._lock:
            return self._idle.wait_for(lambda: self._running == 0, max(timeout, 0.0))
