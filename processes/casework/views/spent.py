"""How long a case has stood at each step of its diagrams, worked out from its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from processes.casework.calendar import WorkingCalendar
from processes.casework.views.models import CALL, NOWHERE, USER_TASK, Models
from processes.store.history import Entry

STANDING = (USER_TASK, CALL, "serviceTask", "sendTask", "receiveTask", "intermediateCatchEvent", "subProcess")
"""The kinds of elements at which a case can stand; it passes through the others."""

SHORTEST = timedelta(minutes=1)
"""What took less is not told, but where people worked."""


@dataclass(frozen=True)
class Spent:
    """The time at one step. ``times``: how often it was entered; ``whole``: from entering to leaving, all times together; ``days``: the
    working days of that; ``running``: it stands there now."""

    process_id: str
    element: str
    name: str
    times: int
    whole: timedelta
    days: int
    running: bool


def spent(models: Models, entries: Sequence[Entry], calendar: WorkingCalendar, until: datetime) -> tuple[Spent, ...]:
    """The time at every named step, in the order in which the case came to them; what runs is counted up to ``until``."""
    entered: dict[tuple[str, str], list[datetime]] = {}
    stays: dict[tuple[str, str], list[tuple[datetime, datetime]]] = {}
    for entry in entries:
        for element, process, what in entry.steps:
            key = (process, element)
            if what == "entered":
                entered.setdefault(key, []).append(entry.at)
                stays.setdefault(key, [])
            elif what in ("completed", "cancelled") and entered.get(key):
                stays[key].append((entered[key].pop(0), entry.at))
    found = []
    for (process, element), ended in stays.items():
        drawing = models.drawings.get(process, NOWHERE)
        tag, name = drawing.tags.get(element, ""), drawing.names.get(element, "")
        running = [(since, until) for since in entered[process, element]]
        whole = sum((left - came for came, left in (*ended, *running)), timedelta())
        if not name or tag not in STANDING or (whole < SHORTEST and tag != USER_TASK):
            continue
        days = sum(calendar.working_days_between(came, left) for came, left in (*ended, *running))
        found.append(Spent(process, element, name, len(ended) + len(running), whole, days, bool(running)))
    return tuple(found)
