"""Work that nobody waits for, done bit by bit by a thread of its own, with rests in between so that what people do comes first."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod

log = logging.getLogger(__name__)


class Rounds(ABC):
    """A thread that looks every ``gap`` seconds. While there is more to do, it rests ``rests`` times as long as a round took instead.

    An error ends no more than its round: it is logged, and the next begins after the gap.
    """

    def __init__(self, name: str, gap: float, rests: float) -> None:
        self._name = name
        self._gap = gap
        self._rests = rests
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @abstractmethod
    def round(self) -> bool:
        """Do a bit of the work, in one short transaction; whether there is more."""

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._loop, name=self._name, daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """End after the round in hand; waits for it for so many seconds."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def _loop(self) -> None:
        pause = self._gap
        while not self._stopping.wait(pause):
            pause, begun = self._gap, time.monotonic()
            try:
                if self.round():
                    pause = self._rests * (time.monotonic() - begun)
            except Exception:
                log.exception("%s goes on after an error", self._name)
