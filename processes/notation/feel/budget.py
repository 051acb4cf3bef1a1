"""What an evaluation may cost.

Steps are charged by the size of the expression a loop repeats and by the size of the data a built-in touches, so that a
step is worth about the same time everywhere. A second limit, processor time, catches what the prices got wrong.
"""

from __future__ import annotations

from time import thread_time

from processes.notation.feel.errors import BudgetExceeded

DEFAULT_STEPS = 200_000
"""A tenth of a second of work; a table of 500 rules over 20 items stays below a tenth of it."""

DEFAULT_SECONDS = 2.0
"""Processor time of the evaluating thread, so that a busy machine fails nobody's decision."""

MAX_SOURCE = 20_000
"""Characters of an expression. A larger text is generated, and belongs into a table."""

MAX_STRING = 200_000
"""Characters of any string an expression builds: a long report ten times over."""

MAX_LIST = 100_000
"""Items of any list an expression builds."""

MAX_CALLS = 48
"""Nested calls of functions written in FEEL; deeper recursion would meet Python's own limit."""

_LOOK_EVERY = 4096


class Budget:
    """Steps and seconds left. Mutable: share one over evaluations that belong together, such as those of a decision.

    >>> budget = Budget(steps=10)
    >>> budget.spend(4)
    >>> budget.left
    6
    """

    __slots__ = ("_deadline", "_look_below", "calls", "left", "seconds")

    def __init__(self, steps: int = DEFAULT_STEPS, seconds: float = DEFAULT_SECONDS) -> None:
        self.left = steps
        self.seconds = seconds
        self.calls = 0
        self._look_below = max(0, steps - _LOOK_EVERY)
        self._deadline: float | None = None

    def spend(self, steps: int = 1) -> None:
        """Charge ``steps``; raises :class:`BudgetExceeded` when there are not so many left."""
        self.left -= steps
        if self.left < self._look_below:
            self._look()

    def _look(self) -> None:
        if self.left < 0:
            raise BudgetExceeded("the expression needs too many steps")
        self._look_below = max(0, self.left - _LOOK_EVERY)
        self.check_time()

    def check_time(self) -> None:
        """Look at the processor's clock now: after a call into C that may have been long."""
        now = thread_time()
        if self._deadline is None:
            self._deadline = now + self.seconds
        elif now > self._deadline:
            raise BudgetExceeded("the expression takes too long")

    def enter_call(self) -> None:
        """Count a nested call of a function written in FEEL; pair it with :meth:`leave_call`."""
        self.calls += 1
        if self.calls > MAX_CALLS:
            self.calls = 0
            raise BudgetExceeded("functions call each other too deeply")

    def leave_call(self) -> None:
        """End the innermost call."""
        self.calls -= 1

    def check_string(self, length: int) -> None:
        """Refuse a string of ``length`` characters before it is built, or charge it."""
        if length > MAX_STRING:
            raise BudgetExceeded("the expression builds too long a string")
        self.spend(1 + length // 64)

    def check_list(self, length: int) -> None:
        """Refuse a list of ``length`` items before it is built, or charge it."""
        if length > MAX_LIST:
            raise BudgetExceeded("the expression builds too long a list")
        self.spend(1 + length // 16)
