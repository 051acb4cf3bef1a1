"""Conversions between kinds: ``number``, ``string``, ``date``, ``time``, ``date and time``, ``duration``."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from typing import Any

from processes.notation.feel.builtins.registry import built_in, needs_string
from processes.notation.feel.json_values import to_text
from processes.notation.feel.scope import Run
from processes.notation.feel.temporal import parse_date, parse_date_time, parse_duration, parse_time
from processes.notation.feel.values import NUMBER, NUMBERS, YearsMonths, integer, kind_of, number

_NUMBER = re.compile(r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_PLAIN_NUMBER = re.compile(r"-?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII)


@built_in("number", "from, grouping separator?, decimal separator?")
def _number(text: Any, grouping: Any = "", point: Any = "") -> Decimal | None:
    if kind_of(text) == NUMBER and not grouping and not point:
        return number(text)
    needs_string(text)
    if grouping == "" and point == "":
        return NUMBERS.create_decimal(text) if _NUMBER.fullmatch(text) else None
    if grouping not in (None, " ", ",", ".") or point not in (None, ".", ",") or (grouping and grouping == point):
        return None
    if grouping:
        text = text.replace(grouping, "")
    if point:
        text = text.replace(point, ".")
    return NUMBERS.create_decimal(text) if _PLAIN_NUMBER.fullmatch(text) else None


@built_in("string", "from", needs_run=True)
def _string(run: Run, value: Any) -> str | None:
    return None if value is None else to_text(value, run.budget)


@built_in("date", "from", "year, month, day")
def _date(value: Any, *rest: Any) -> datetime.date | None:
    if rest:
        month, day = rest
        return datetime.date(integer(value), integer(month), integer(day))
    if isinstance(value, str):
        return parse_date(value)
    if isinstance(value, datetime.datetime):
        return value.date()
    return value if isinstance(value, datetime.date) else None


@built_in("time", "from", "hour, minute, second, offset?")
def _time(value: Any, *rest: Any) -> datetime.time | None:
    if rest:
        return _time_of(value, *rest)
    if isinstance(value, str):
        return parse_time(value)
    if isinstance(value, datetime.datetime):
        return value.timetz()
    if isinstance(value, datetime.date):
        return datetime.time(tzinfo=datetime.UTC)
    return value if isinstance(value, datetime.time) else None


def _time_of(hour: Any, minute: Any, second: Any, offset: Any = None) -> datetime.time | None:
    if offset is not None and not isinstance(offset, datetime.timedelta):
        return None
    seconds = number(second)
    whole = integer(seconds)
    microseconds = int((seconds - whole) * 1_000_000)
    zone = datetime.timezone(offset) if offset is not None else None
    return datetime.time(integer(hour), integer(minute), whole, microseconds, zone)


@built_in("date and time", "from", "date, time")
def _date_and_time(value: Any, *rest: Any) -> datetime.datetime | None:
    if rest:
        (time,) = rest
        if not isinstance(time, datetime.time) or not isinstance(value, datetime.date):
            return None
        return datetime.datetime.combine(value.date() if isinstance(value, datetime.datetime) else value, time)
    if isinstance(value, str):
        return parse_date_time(value)
    if isinstance(value, datetime.datetime):
        return value
    return datetime.datetime(value.year, value.month, value.day) if isinstance(value, datetime.date) else None


@built_in("duration", "from")
def _duration(value: Any) -> YearsMonths | datetime.timedelta | None:
    if isinstance(value, (YearsMonths, datetime.timedelta)):
        return value
    return parse_duration(value) if isinstance(value, str) else None


@built_in("years and months duration", "from, to")
def _years_and_months_duration(start: Any, end: Any) -> YearsMonths | None:
    if not isinstance(start, datetime.date) or not isinstance(end, datetime.date):
        return None
    backwards = (end.year, end.month, end.day) < (start.year, start.month, start.day)
    if backwards:
        start, end = end, start
    months = (end.year - start.year) * 12 + end.month - start.month - (1 if end.day < start.day else 0)
    return YearsMonths(-months if backwards else months)
