"""When timers fire: ISO 8601 durations, moments and cycles."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta

_DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


def later(start: datetime, duration: str) -> datetime:
    """``start`` plus a duration of whole numbers; months are those of the calendar."""
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise ValueError(f"not a duration: {duration}")
    years, months, weeks, days, hours, minutes, seconds = (int(each or 0) for each in match.groups())
    year, month = divmod(start.year * 12 + start.month - 1 + years * 12 + months, 12)
    day = min(start.day, monthrange(year, month + 1)[1])
    moved = start.replace(year=year, month=month + 1, day=day)
    return moved + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def plan(text: str, now: datetime) -> tuple[datetime, str, int]:
    """When a timer fires first, how far apart its turns are, and how many there are (-1: for ever): of a cycle from an absolute time those
    that are still to come, at least the last."""
    if text.startswith("R"):
        count, *rest = text[1:].split("/")
        turns = int(count) if count else -1
        if len(rest) == 1:
            return later(now, rest[0]), rest[0], turns
        due = moment(rest[0])
        while due < now and turns != 1:
            due, turns = later(due, rest[1]), turns - 1 if turns > 0 else turns
        return due, rest[1], turns
    return (later(now, text) if text.startswith("P") else moment(text)), "", 1


def moment(text: str) -> datetime:
    """A date and time; without a zone it is UTC."""
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
