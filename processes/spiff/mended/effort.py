"""What one command may cost an instance: a loop of tasks that never waits would hold its transaction for ever."""

from __future__ import annotations

from time import thread_time
from typing import Any

from processes.errors import BihuanError

STEPS = 50_000
"""Tasks one command may run: a multi-instance of ten thousand turns, and nothing a person drew to end."""

SECONDS = 15.0
"""Processor time of the thread: half of what the watchdog grants, so that a long loop is an incident and no dead engine."""


class EffortSpent(BihuanError):
    """A command has taken more steps, or more time, than any sensible diagram needs."""

    def __init__(self, element: str, steps: int) -> None:
        super().__init__(
            f"一次办理走了 {steps} 步还没有停下来等人、等时间或等消息（最后到达 {element}）：流程图里可能有不会结束的循环；"
            "请改正循环的退出条件，或在循环里加一个等待的环节",
            f"{steps} steps in one command without waiting, at {element}: a loop that does not end?",
            element=element,
        )


class Effort:
    """Steps and seconds left for the command in hand."""

    __slots__ = ("_deadline", "_steps", "left")

    def __init__(self, steps: int = STEPS, seconds: float = SECONDS) -> None:
        self.left = self._steps = steps
        self._deadline = thread_time() + seconds

    def spend(self, task: Any) -> None:
        """Charge a task that is about to run. Raises :class:`EffortSpent`."""
        self.left -= 1
        if self.left < 0 or thread_time() > self._deadline:
            raise EffortSpent(str(task.task_spec.bpmn_id or task.task_spec.name), self._steps - max(0, self.left))
