"""A change of a task's state is recorded, and costs no log record.

The library builds a dictionary of log extras on every change, even when nobody logs. Our workflow keeps a recorder instead, from which the history
and the derived rows are made.
"""

from __future__ import annotations

import time
from typing import Any

from SpiffWorkflow.task import Task


def _set_state(self: Any, value: int) -> None:
    if value == self._state:
        return
    before, self._state = self._state, value
    self.last_state_change = time.time()
    recorder = getattr(self.workflow.top_workflow, "recorder", None)
    if recorder is not None:
        recorder(self, before, value)


def apply() -> None:
    """Replace ``Task._set_state`` for every workflow of this process."""
    Task._set_state = _set_state
