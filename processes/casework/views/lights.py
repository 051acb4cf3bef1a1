"""The lights: green in time, yellow when warned, red when overdue, with the working time left or exceeded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from processes.casework.calendar import WorkingCalendar, WorkingTime


@dataclass(frozen=True)
class Light:
    """``colour`` is green, yellow, red or none (no term)."""

    colour: str
    left: WorkingTime | None = None
    """the working time left or exceeded, when there is a term"""
    due: datetime | None = None
    provisional: bool = False


NONE = Light("none")


def colour(now: datetime, due: datetime | None, warn: datetime | None) -> str:
    """The colour alone."""
    if due is None:
        return "none"
    if now > due:
        return "red"
    return "yellow" if warn is not None and now >= warn else "green"


def light(
    calendar: WorkingCalendar, now: datetime, due: datetime | None, warn: datetime | None, provisional: bool = False
) -> Light:
    """The light of a due time; ``warn`` is when it turns yellow."""
    if due is None:
        return NONE
    return Light(colour(now, due, warn), calendar.working_time(now, due), due, provisional)
