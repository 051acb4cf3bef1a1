"""A pool of daemon threads: unlike the standard library's, a stuck handler can't keep the process from ending."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from workers.bus.delivery import log

Task = Callable[[], None]


class Pool:
    """Runs tasks in at most ``size`` threads, oldest first. Threads are started when first needed."""

    def __init__(self, name: str, size: int) -> None:
        self._name = name
        self._size = size
        self._tasks: deque[Task] = deque()
        self._state = threading.Condition()
        self._threads = 0
        self._running = 0
        self._closed = False

    def submit(self, task: Task) -> None:
        """Run a task as soon as a thread is free; forgotten when the pool is closed."""
        with self._state:
            if self._closed:
                return
            self._tasks.append(task)
            if self._threads - self._running < len(self._tasks) and self._threads < self._size:
                self._threads += 1
                threading.Thread(target=self._work, name=f"{self._name}-{self._threads}", daemon=True).start()
            self._state.notify_all()

    def _work(self) -> None:
        while True:
            with self._state:
                self._state.wait_for(lambda: self._tasks or self._closed)
                if not self._tasks:
                    return
                task = self._tasks.popleft()
                self._running += 1
            try:
                task()
            except Exception:
                # A bug of ours must not cost a thread: the message it was about comes again by its lease.
                log.exception("a task of the pool failed")
            finally:
                with self._state:
                    self._running -= 1
                    self._state.notify_all()

    def close(self) -> None:
        """Forget the tasks that have not begun, and take no more."""
        with self._state:
            self._tasks.clear()
            self._closed = True
            self._state.notify_all()

    def wait(self, timeout: float) -> bool:
        """Wait until no task is running. False when ``timeout`` seconds were too few."""
        with self._state:
            return self._state.wait_for(lambda: self._running == 0, max(timeout, 0.0))
