"""What an instance may cost before somebody else has a turn, and before it counts as a loop that never ends."""

from __future__ import annotations

from time import thread_time

from processes.errors import BihuanError

SLICE = 1_000
"""Steps of one command: some twenty milliseconds. What is left goes on in a command of its own, behind those of other instances."""

STEPS = 1_000_000
"""Steps without anything from outside: a loop of a hundred thousand turns, and nothing a person drew to end."""

SECONDS = 15.0
"""Processor time of the thread for one command: half of what the watchdog grants, so that one slow step is an incident and no dead engine."""


class EffortSpent(BihuanError):
    """An instance has taken more steps, or a command more time, than any sensible diagram needs."""

    def __init__(self, element: str, steps: int) -> None:
        super().__init__(
            f"一次办理走了 {steps} 步还没有停下来等人、等时间或等消息（最后到达 {element}）：流程图里可能有不会结束的循环；"
            "请改正循环的退出条件，或在循环里加一个等待的环节",
            f"{steps} steps without waiting, at {element}: a loop that does not end?",
            element=element,
        )


class Effort:
    """Steps and seconds left for the command in hand; ``taken`` are the steps of the commands before it since anything came from outside."""

    __slots__ = ("_began", "_most", "_seconds", "left", "taken")

    def __init__(self, taken: int = 0, steps: int = STEPS, seconds: float = SECONDS, slice: int = SLICE) -> None:
        self.taken = taken
        self.left = slice
        self._most = steps
        self._seconds = seconds
        self._began = -1.0

    def spend(self, element: str) -> None:
        """Charge a step. Raises :class:`EffortSpent`."""
        self.left -= 1
        self.taken += 1
        if self.taken > self._most or (not self.left & 63 and self._is_late()):
            raise EffortSpent(element, min(self.taken, self._most))

    def _is_late(self) -> bool:
        """Whether the processor time is used up; it is asked for now and then, since asking costs as much as a step."""
        now = thread_time()
        if self._began < 0:
            self._began = now
        return now - self._began > self._seconds
