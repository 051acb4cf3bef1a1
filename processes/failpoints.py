"""Named places at which a process can be made to die: one in every gap between two effects.

``FAILPOINT=engine.applied:3`` in the environment makes the process kill itself (SIGKILL, as a machine that loses its power) when it comes
to that place for the third time. Without the variable a failpoint costs a comparison with None. ``make faults`` finds every call of
:func:`hit` in the source and dies at each.
"""

from __future__ import annotations

import os
import signal
from itertools import count

VARIABLE = "FAILPOINT"
"""``name:n`` or ``name`` (the first pass)"""


class _Armed:
    """The place at which this process is to die, and at which pass."""

    def __init__(self, setting: str) -> None:
        self._name, _, turn = setting.partition(":")
        self._turn = int(turn or 1)
        self._passes = count(1)  # next() on it is atomic: threads never count the same pass

    def passed(self, name: str) -> None:
        if name == self._name and next(self._passes) == self._turn:
            os.kill(os.getpid(), signal.SIGKILL)


_armed = _Armed(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None


def hit(name: str) -> None:
    """This process is in the gap ``name``. Each name stands in one place of the source."""
    if _armed is not None:
        _armed.passed(name)
