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
        due = add_duration(self.due, self.period)
        return Schedule(due, left, self.period, self.provisional) if due > self.due else None

    def from_now(self, now: datetime) -> Schedule | None:
        """Without what lies before ``now``, which counts as fired; None when nothing is left."""
        if self.due >= now:
            return self
        if not self.period or self.cycles == 1:
            return None
        missed = _periods_until(self.due, self.period, now)
        if 0 < self.cycles <= missed:
            return None
        due = self.due
        left = self.cycles - missed if self.cycles > 0 else self.cycles
        return Schedule(_after(due, self.period, missed), left, self.period, self.provisional)


def _after(due: datetime, period: str, times: int) -> datetime:
    """``due`` moved on so many periods."""
    months, rest = _duration(period)
    if not months:
        return due + rest * times
    for _ in range(times):
        due = add_duration(due, period)
    return due


def _periods_until(due: datetime, period: str, now: datetime) -> int:
    """After how many periods a time before ``now`` is not before it any more."""
    months, rest = _duration(period)
    if not months:
        return -((due - now) // rest)
    times = 0
    while due < now:
        due, times = add_duration(due, period), times + 1
    return times


def schedule(text: str, now: datetime, provisional: bool = False) -> Schedule:
    """What a timer's evaluated text means. ``R0`` is not repeated: it fires once.

    Of a cycle with an absolute time the occurrences before ``now`` are not fired, but counted (as Camunda does); when all are past the last
    one is due at once, like a single time that is past, so that nobody waits for ever. Raises :class:`TimerError` for a cycle without length.
    """
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
        if add_duration(due, period) <= due:
            raise TimerError(f"“{text}”的间隔没有长度,会不停地触发", f"{text!r}: the interval has no length")
        planned = Schedule(due, cycles, period, provisional)
        return planned.from_now(now) or Schedule(_after(due, period, cycles - 1), 1, period, provisional)
    due = add_duration(now, text) if text.lstrip("-")[:1] in "Pp" else moment(text)
    return Schedule(due, provisional=provisional)
