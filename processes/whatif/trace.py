"""What a play shows of a case: who was asked to do what, what went to other systems, how far the case came. No ids of gateways."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

TASK, JOB, NOTICE, MESSAGE, SIGNAL, STAGE, STATUS, RECORD, END = (
    "task", "job", "notice", "message", "signal", "stage", "status", "record", "end",
)  # fmt: skip

ROUTE = frozenset({TASK, JOB, MESSAGE, SIGNAL, STAGE, END})
"""Kinds of effects that say where a case goes; the others say in which words."""

Key = tuple[str, str]
"""The process that shows an element, and its id."""


class Effect(NamedTuple):
    """Something that is seen from outside. ``name``: of the element as the recorded version calls it, or the stage, or the message; ``where``:
    to whom or where it goes, as JSON; ``said``: in which words, as JSON; ``due``: a task's deadline; ``name_en``: the name for those who read
    English, if the diagram has it."""

    kind: str
    name: str
    where: str
    said: str
    at: datetime
    element: Key
    due: datetime | None = None
    name_en: str = ""

    @property
    def label(self) -> tuple[str, str, str]:
        """Two effects of the same label are the same step of a case."""
        return self.kind, self.name, self.where


@dataclass
class Trace:
    """The effects of a play in their order. ``ended``: when the case was over, if it was; ``flows`` and ``reached``: what was passed of the
    diagrams."""

    effects: list[Effect] = field(default_factory=list)
    ended: datetime | None = None
    flows: set[Key] = field(default_factory=set)
    reached: set[Key] = field(default_factory=set)
    load: Counter[str] = field(default_factory=Counter)
    """tasks that were given to each organisation, or to each role that is of none"""
