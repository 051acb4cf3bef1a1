"""Runs workers on a bus until told to stop."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Collection, Sequence
from types import FrameType

from processes.messaging.bus import Bus
from workers.kit.worker import Worker

log = logging.getLogger("bihuan.worker")


class Runner:
    """Workers on a bus. :meth:`start` and :meth:`stop` for those who have a process already; :meth:`run` is a process.

    ``leave``: topics that somebody else's workers do. ``patience``: seconds that running jobs get to finish when it is stopped; what is not
    finished is done again elsewhere.
    """

    def __init__(
        self, bus: Bus, workers: Sequence[Worker], *, leave: Collection[str] = (), patience: float = 30.0
    ) -> None:
        owners: dict[str, str] = {}
        for worker in workers:
            for topic in sorted(worker.topics):
                if topic in owners:
                    raise ValueError(f"both {owners[topic]} and {worker.name} want {topic}")
                owners[topic] = worker.name
        self._bus = bus
        self._workers = tuple(workers)
        self._leave = frozenset(leave)
        self._patience = patience
        self._told = threading.Event()

    def attach(self) -> None:
        """Subscribe only; somebody else starts and stops the bus (the engine's process, in ``make run``)."""
        for worker in self._workers:
            worker.attach(self._bus, self._leave)

    def start(self) -> None:
        """Subscribe and begin to take jobs."""
        self.attach()
        self._bus.start()

    def stop(self) -> None:
        """Take nothing new, let running jobs finish."""
        deadline = time.monotonic() + self._patience
        for worker in self._workers:
            worker.cease()
        self._bus.cease(self._patience)
        for worker in self._workers:
            if not worker.wait(deadline - time.monotonic()):
                log.warning("%s: jobs that are not done are handed on when their locks run out", worker.name)
        self._bus.stop(max(deadline - time.monotonic(), 1.0))

    def run(self) -> None:
        """Work until SIGTERM or Ctrl-C. Only in the main thread."""
        signal.signal(signal.SIGTERM, self._tell)
        signal.signal(signal.SIGINT, self._tell)
        self.start()
        log.info("workers ready: %s", ", ".join(worker.name for worker in self._workers))
        self._told.wait()
        self.stop()

    def _tell(self, number: int, frame: FrameType | None) -> None:
        self._told.set()
