"""The lights: green in time, yellow when warned, red when overdue, with the working time left or exceeded in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from processes.casework.calendar import WorkingCalendar, WorkingTime


@dataclass(frozen=True)
class Light:
    """``colour`` is green, yellow, red or none (no term)."""

    colour: str
    words: str
    due: datetime | None = None
    provisional: bool = False


NONE = Light("none", "不限时")
PAUSED = Light("none", "等待企业补充，暂停计时")


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
    return Light(colour(now, due, warn), words(calendar.working_time(now, due)), due, provisional)


def words(time: WorkingTime) -> str:
    """What is left or exceeded.

    >>> words(WorkingTime(True, 2, 0, 0))
    '超期 2 个工作日'
    """
    if time.days:
        amount = f"{time.days} 个工作日"
    elif time.hours:
        amount = f"{time.hours} 小时"
    else:
        amount = f"{time.minutes} 分钟"
    return f"{'超期' if time.overdue else '还剩'} {amount}"
