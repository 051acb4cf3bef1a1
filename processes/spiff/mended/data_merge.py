"""Data is never changed in place when branches meet.

The library merges nested dictionaries and lists of one branch *into* those of another, which are shared between parallel branches: a change in one
was seen in the other, and lists were merged by index. Here nested dictionaries are merged into new ones and anything else is replaced whole.
"""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.deep_merge import DeepMerge


def merged(into: dict[str, Any], other: dict[str, Any], path: object = None) -> dict[str, Any]:
    """Put everything of ``other`` into ``into`` (and return it); nested containers of both stay as they were."""
    for key, value in other.items():
        present = into.get(key)
        if present is value:
            continue
        if isinstance(present, dict) and isinstance(value, dict):
            into[key] = merged(dict(present), value)
        else:
            into[key] = value
    return into


def _inherit_data(self: Any) -> None:
    merged(self.data, self.parent.data)


def apply() -> None:
    """Replace the library's merge everywhere it is used (joins, loops, decisions)."""
    DeepMerge.merge = staticmethod(merged)
    Task._inherit_data = _inherit_data
