"""ISO 8601 times of timers: durations, dates and cycles, worked out against a given now."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from processes.errors import BihuanError

DURATION = re.compile(
    r"(-)?P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+(?:[.,]\d+)?)W)?(?:(\d+(?:[.,]\d+)?)D)?"
    r"(?:T(?=.)(?:(\d+(?:[.,]\d+)?)H)?(?:(\d+(?:[.,]\d+)?)M)?(?:(\d+(?:[.,]\d+)?)S)?)?",
    re.IGNORECASE,
)


class TimerError(BihuanError):
    """A timer's value is not ISO 8601."""


def add_duration(start: datetime, text: str) -> datetime:
    """``start`` plus an ISO 8601 duration; months and years are calendar ones (31 January + P1M = 28 or 29 February)."""
    months, rest = _duration(text)
    if not months:
        return start + rest
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return start.replace(year=year, month=month + 1, day=min(start.day, monthrange(year, month + 1)[1])) + rest


@lru_cache(1024)
def _duration(text: str) -> tuple[int, timedelta]:
    """The months of a duration, and the rest of it."""
    match = DURATION.fullmatch(text.strip())
    if match is None:
        raise TimerError(f"“{text}”不是 ISO 8601 时长,例如 P3D、PT30M", f"{text!r} is not an ISO 8601 duration")
    sign = -1 if match[1] else 1
    weeks, days, hours, minutes, seconds = (float((match[n] or "0").replace(",", ".")) for n in range(4, 9))
    rest = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return sign * (int(match[2] or 0) * 12 + int(match[3] or 0)), sign * rest


def moment(text: str) -> datetime:
    """An ISO 8601 date and time as aware UTC; a value without a zone is UTC."""
    try:
        value = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise TimerError(f"“{text}”不是 ISO 8601 日期时间", f"{text!r} is not an ISO 8601 date and time") from error
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


@dataclass(frozen=True)
class Schedule:
    """When a timer is due next, how many times it still fires (-1: for ever), how far apart (ISO duration), and whether a calendar
    year behind it is not loaded yet."""

    due: datetime
    cycles: int = 1
    period: str | None = None
    provisional: bool = False

    def after_firing(self) -> Schedule | None:
        """The next time; None when it has fired as often as it should."""
        left = self.cycles - 1 if self.cycles > 0 else self.cycles
        if left == 0 or not self.period:
            return None
        return Schedule(add_duration(self.due, self.period), left, self.period, self.provisional)


def schedule(text: str, now: datetime, provisional: bool = False) -> Schedule:
    """What a timer's evaluated text means. ``R0`` is not repeated: it fires once."""
    text = text.strip()
    if text[:1] in "Rr" and "/" in text:
        count, *parts = text[1:].split("/")
        cycles = max(int(count), 1) if count else -1
        if len(parts) == 1:
            due, period = add_duration(now, parts[0]), parts[0]
        elif parts[0][:1] in "Pp":
            period = parts[0]
            due = add_duration(moment(parts[1]), "-" + period)
        else:
            due, period = moment(parts[0]), parts[1]
        return Schedule(due, cycles, period, provisional)
    due = add_duration(now, text) if text.lstrip("-")[:1] in "Pp" else moment(text)
    return Schedule(due, provisional=provisional)
