"""Dates, times and durations: ISO 8601 texts in and out, zones, properties and month arithmetic.

Years run from 1 to 9999 (Python's calendar); fractions of a second are kept to the microsecond.
"""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from processes.notation.feel.values import DATE, DATE_TIME, DAYS_TIME, TIME, YEARS_MONTHS, YearsMonths, kind_of

_DATE = re.compile(r"(-?\d{4,9})-(\d\d)-(\d\d)\Z", re.ASCII)
_TIME = re.compile(r"(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|z|[+-]\d\d:\d\d(?::\d\d)?|@[A-Za-z0-9_+\-/]+)?\Z", re.ASCII)
_DAYS_TIME = re.compile(r"(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d*))?S)?)?\Z", re.ASCII)
_YEARS_MONTHS = re.compile(r"(-)?P(?:(\d+)Y)?(?:(\d+)M)?\Z", re.ASCII)
_MAX_DIGITS = 12
"""Digits of a duration's part: more than any calendar holds, few enough for quick arithmetic."""

_MICROSECOND = datetime.timedelta(microseconds=1)
_MIDNIGHT = datetime.time()

AnyDate = TypeVar("AnyDate", bound=datetime.date)


def parse_date(text: str) -> datetime.date | None:
    """``2026-11-23``; None when it is none."""
    found = _DATE.match(text)
    if not found:
        return None
    year = found[1].lstrip("-")
    if len(year) > 4 and year[0] == "0":
        return None
    try:
        return datetime.date(int(found[1]), int(found[2]), int(found[3]))
    except (ValueError, OverflowError):
        return None


def parse_zone(text: str | None) -> datetime.tzinfo | None:
    """``Z``, ``+08:00`` or ``@Asia/Shanghai``; raises ValueError for a zone that does not exist."""
    if not text:
        return None
    if text in ("Z", "z"):
        return datetime.UTC
    if text[0] == "@":
        try:
            return ZoneInfo(text[1:])
        except (KeyError, OSError) as error:
            raise ValueError(f"no time zone {text[1:]}") from error
    parts = [int(part) for part in text[1:].split(":")] + [0]
    if parts[0] > 14 or parts[1] > 59 or parts[2] > 59:
        raise ValueError("no such offset")
    offset = datetime.timedelta(hours=parts[0], minutes=parts[1], seconds=parts[2])
    return datetime.timezone(offset if text[0] == "+" else -offset)


def parse_time(text: str) -> datetime.time | None:
    """``09:30:00``, with a fraction and a zone if wanted; None when it is none."""
    found = _TIME.match(text)
    if not found:
        return None
    try:
        return datetime.time(int(found[1]), int(found[2]), int(found[3]), _microseconds(found[4]), parse_zone(found[5]))
    except ValueError:
        return None


def parse_date_time(text: str) -> datetime.datetime | None:
    """``2026-11-23T09:30:00+08:00``; a date alone is its midnight; ``24:00:00`` is the next day's."""
    day, separator, rest = text.partition("T")
    date = parse_date(day)
    if date is None:
        return None
    if not separator:
        return datetime.datetime(date.year, date.month, date.day)
    end_of_day = rest.startswith("24:00:00")
    time = parse_time("00" + rest[2:] if end_of_day else rest)
    if time is None or (end_of_day and time.replace(tzinfo=None) != _MIDNIGHT):
        return None
    moment = datetime.datetime.combine(date, time)
    try:
        return moment + datetime.timedelta(days=1) if end_of_day else moment
    except OverflowError:
        return None


def parse_duration(text: str) -> YearsMonths | datetime.timedelta | None:
    """``P1Y2M`` or ``P3DT4H``; None when it is none."""
    if text.endswith(("P", "T")):
        return None
    found = _YEARS_MONTHS.match(text)
    if found:
        parts = found.groups(default="0")
        if max(map(len, parts[1:])) > _MAX_DIGITS:
            return None
        months = int(parts[1]) * 12 + int(parts[2])
        return YearsMonths(-months if found[1] else months)
    found = _DAYS_TIME.match(text)
    if not found:
        return None
    if max(len(part) for part in found.groups(default="")[1:5]) > _MAX_DIGITS:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:5])
    try:
        length = datetime.timedelta(
            days=days, hours=hours, minutes=minutes, seconds=seconds, microseconds=_microseconds(found[6])
        )
    except OverflowError:
        return None
    return -length if found[1] else length


def parse_temporal(text: str) -> Any:
    """What the text of an ``@"…"`` literal means, or None."""
    for parse in (parse_date, parse_time, parse_date_time, parse_duration):
        value = parse(text)
        if value is not None:
            return value
    return None


def _microseconds(digits: str | None) -> int:
    return int((digits or "0")[:6].ljust(6, "0"))


def offset_of(value: datetime.time | datetime.datetime) -> datetime.timedelta | None:
    """The offset from UTC; None for local values. A bare time in a named zone takes the offset of mid winter 2020."""
    if value.tzinfo is None:
        return None
    offset = value.utcoffset()
    return offset if offset is not None else value.tzinfo.utcoffset(datetime.datetime(2020, 1, 1))


def seconds_of(time: datetime.time) -> Decimal:
    """Seconds since midnight, of UTC when the time has a zone: what times are compared and subtracted by."""
    length = datetime.timedelta(
        hours=time.hour, minutes=time.minute, seconds=time.second, microseconds=time.microsecond
    ) - (offset_of(time) or datetime.timedelta())
    return Decimal(length // _MICROSECOND).scaleb(-6)


def format_offset(offset: datetime.timedelta) -> str:
    """``Z`` or ``+08:00``."""
    total = int(offset.total_seconds())
    if not total:
        return "Z"
    sign, total = ("-", -total) if total < 0 else ("+", total)
    seconds = f":{total % 60:02}" if total % 60 else ""
    return f"{sign}{total // 3600:02}:{total // 60 % 60:02}{seconds}"


def _format_zone(value: datetime.time | datetime.datetime, named: bool) -> str:
    if value.tzinfo is None:
        return ""
    if named and isinstance(value.tzinfo, ZoneInfo):
        return f"@{value.tzinfo.key}"
    return format_offset(offset_of(value) or datetime.timedelta())


def _fraction(microseconds: int) -> str:
    return f".{microseconds:06}".rstrip("0") if microseconds else ""


def format_time(value: datetime.time | datetime.datetime, named_zone: bool = True) -> str:
    """The time of day; a named zone as ``@Asia/Shanghai`` (FEEL) or as its offset (ISO 8601)."""
    clock = f"{value.hour:02}:{value.minute:02}:{value.second:02}{_fraction(value.microsecond)}"
    return clock + _format_zone(value, named_zone)


def format_date_time(value: datetime.datetime, named_zone: bool = True) -> str:
    """Date and time of day; see :func:`format_time`."""
    return f"{value.year:04}-{value.month:02}-{value.day:02}T{format_time(value, named_zone)}"


def format_duration(value: YearsMonths | datetime.timedelta) -> str:
    """``P1Y2M`` or ``P3DT4H``; nothing at all is ``P0M`` or ``PT0S``."""
    if isinstance(value, YearsMonths):
        years, months = divmod(abs(value.months), 12)
        text = (f"{years}Y" if years else "") + (f"{months}M" if months else "")
        return ("-P" if value.months < 0 else "P") + (text or "0M")
    length = abs(value)
    hours, rest = divmod(length.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    if seconds or length.microseconds:
        clock += f"{seconds}{_fraction(length.microseconds)}S"
    text = (f"{length.days}D" if length.days else "") + (f"T{clock}" if clock else "")
    return ("-P" if value < datetime.timedelta() else "P") + (text or "T0S")


def add_months(day: AnyDate, months: int) -> AnyDate:
    """The same day ``months`` later, or the last of that month; raises ValueError outside the years 1 to 9999."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    month += 1
    if not 1 <= year <= 9999:
        raise ValueError("outside the calendar")
    last = 31 if month == 12 else (datetime.date(year, month + 1, 1) - datetime.timedelta(days=1)).day
    return day.replace(year=year, month=month, day=min(day.day, last))


def temporal_property(value: Any, name: str) -> Any:
    """A component such as ``year`` or ``time offset``; None when the value has none of that name."""
    kind = kind_of(value)
    if kind in (DATE, DATE_TIME):
        if name in ("year", "month", "day"):
            return Decimal(getattr(value, name))
        if name == "weekday":
            return Decimal(value.isoweekday())
    if kind in (TIME, DATE_TIME):
        if name in ("hour", "minute", "second"):
            return Decimal(getattr(value, name))
        if name == "time offset":
            return offset_of(value)
        if name == "timezone":
            return value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else None
    if kind == YEARS_MONTHS and name in ("years", "months"):
        years, months = divmod(abs(value.months), 12)
        part = years if name == "years" else months
        return Decimal(-part if value.months < 0 else part)
    if kind == DAYS_TIME:
        return _days_time_property(value, name)
    return None


def _days_time_property(value: datetime.timedelta, name: str) -> Decimal | None:
    length = abs(value)
    parts = {
        "days": length.days,
        "hours": length.seconds // 3600,
        "minutes": length.seconds // 60 % 60,
        "seconds": length.seconds % 60,
    }
    if name not in parts:
        return None
    return Decimal(-parts[name] if value < datetime.timedelta() else parts[name])
