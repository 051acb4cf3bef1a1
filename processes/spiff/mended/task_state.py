"""A change of a task's state is recorded, and costs no log record; a task's id is a string.

The library builds a dictionary of log extras on every change, even when nobody logs. Our workflow keeps a recorder instead, from which the history
and the derived rows are made. It also keys everything by UUID objects, whose hash is computed in Python at each of the thousands of look-ups that a
command makes.
"""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import SpiffWorkflow.task
from SpiffWorkflow.task import Task


def _set_state(self: Any, value: int) -> None:
    if value == self._state:
        return
    before, self._state = self._state, value
    self.last_state_change = time.time()
    recorder = getattr(self.workflow.top_workflow, "recorder", None)
    if recorder is not None:
        recorder(self, before, value)


def _new_id() -> str:
    return uuid4().hex


def apply() -> None:
    """Replace ``Task._set_state`` and the making of ids for every workflow of this process."""
    Task._set_state = _set_state
    SpiffWorkflow.task.uuid4 = _new_id
