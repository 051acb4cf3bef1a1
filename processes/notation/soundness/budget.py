"""How long one may look: states a scope, and processor time a diagram."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

MOST_STATES = 100_000
MOST_SECONDS = 2.0


@dataclass(eq=False)
class Budget:
    """``states`` for each scope, ``seconds`` of processor time from now on; ``clock`` gives seconds."""

    states: int = MOST_STATES
    seconds: float = MOST_SECONDS
    clock: Callable[[], float] = time.thread_time
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        self._since = self.clock()

    @property
    def spent(self) -> float:
        """Seconds since the start."""
        return self.clock() - self._since

    def allows(self, states: int) -> bool:
        """Whether one may go on after so many states."""
        return states < self.states and self.spent < self.seconds
