"""What carries an outbox in a thread of its own: the waiting, the waking, the trying again. What is carried, and where to, is others' affair."""

from __future__ import annotations

import threading

from workers.bus.delivery import log

LONGEST_PAUSE = 5.0
"""Seconds between two looks at most, however often it has failed."""


class Carrier:
    """A thread that looks whenever it is woken, and by itself every ``poll_seconds``; after a failure later and later.

    ``trouble``: what the log says when a look fails.
    """

    def __init__(self, name: str, poll_seconds: float, trouble: str) -> None:
        self._name = name
        self._poll_seconds = poll_seconds
        self._trouble = trouble
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 30.0) -> None:
        """Finish the window at hand and end."""
        self._stopping.set()
        self.wake()
        if self._thread is not None:
            self._thread.join(timeout)

    def wake(self) -> None:
        """Look for rows now. Safe in any thread."""
        self._woken.set()

    def carry(self) -> bool:
        """Carry whatever there is, until told to stop; returns whether all went well."""
        raise NotImplementedError

    def _run(self) -> None:
        pause = self._poll_seconds
        while not self._stopping.is_set():
            self._woken.wait(pause)
            self._woken.clear()
            try:
                well = self.carry()
                pause = self._poll_seconds if well else self._longer(pause)
            except Exception:
                log.warning(self._trouble, exc_info=True)
                pause = self._longer(pause)

    def _longer(self, pause: float) -> float:
        return min(pause * 2, LONGEST_PAUSE)
