"""kill -9, by a seed: each process so many times, in an order and at moments that the seed says."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter

from tests.tour.world import PARTS, Tell, World

SOONEST, LATEST = 0.5, 2.5
"""Seconds between two kills: from the midst of a restart to some steps further on."""


class Killer(threading.Thread):
    """Kills until ``kills`` are used up, evenly over the six processes; then ``done``."""

    def __init__(self, world: World, seed: int, kills: int, tell: Tell = print) -> None:
        super().__init__(name="killer", daemon=True)
        self._world, self._tell = world, tell
        self._random = random.Random(seed)
        names = [PARTS[at % len(PARTS)] for at in range(kills)]
        self._random.shuffle(names)
        self._names = names
        self.counts: Counter[str] = Counter()
        self.failure: BaseException | None = None

    @property
    def done(self) -> bool:
        """Whether all kills are used up."""
        return not self.is_alive()

    def run(self) -> None:
        began = time.monotonic()
        try:
            for at, name in enumerate(self._names, start=1):
                time.sleep(self._random.uniform(SOONEST, LATEST))
                self.counts[name] += 1
                self._tell(
                    f"    +{time.monotonic() - began:6.1f} s  kill -9 {name}（第 {at} 次，共 {len(self._names)}）"
                )
                self._world.kill(name)
        except BaseException as error:
            self.failure = error
            raise
