"""FEEL values as JSON values, and as text."""

from __future__ import annotations

import datetime
import math
import re
from typing import Any

from processes.notation.feel.budget import Budget
from processes.notation.feel.errors import BudgetExceeded, FeelError
from processes.notation.feel.temporal import format_date_time, format_duration, format_time
from processes.notation.feel.values import (
    BOOLEAN,
    CONTEXT,
    DATE,
    DATE_TIME,
    DAYS_TIME,
    LIST,
    NULL,
    NUMBER,
    NUMBERS,
    RANGE,
    STRING,
    TIME,
    YEARS_MONTHS,
    Range,
    kind_of,
    number,
)

_SAFE_INTEGER = 2**63
"""Whole numbers below it are JSON integers every reader of ours keeps exactly."""

_PLAIN_KEY = re.compile(r"[^\W\d][\w ]*\Z")


def plain_number(value: Any) -> int | float:
    """A number as int when it is whole and fits 64 bits, else as float. FeelError when it is too large for either."""
    exact = number(value)
    if exact.adjusted() <= 18 and exact == exact.to_integral_value() and abs(exact) < _SAFE_INTEGER:
        return int(exact)
    result = float(exact)
    if not math.isfinite(result):
        raise FeelError("the number is too large to leave FEEL")
    return result


def is_plain(value: Any) -> bool:
    """Whether a value is a number that leaves as it is."""
    kind = type(value)
    if kind is float:
        return math.isfinite(value) and not value.is_integer()
    return kind is int and -_SAFE_INTEGER < value < _SAFE_INTEGER


def to_json(value: Any, budget: Budget | None = None) -> Any:
    """Copy a FEEL value into JSON types: numbers to int or float, temporal values to ISO 8601 strings.

    Raises FeelError for functions and ranges, BudgetExceeded for data too large or nested too deeply.
    """
    try:
        return _to_json(value, budget or Budget())
    except RecursionError as error:
        raise BudgetExceeded("the value is nested too deeply") from error


def _to_json(value: Any, budget: Budget) -> Any:
    kind = type(value)
    if kind is str:
        budget.spend(1 + len(value) // 64)
        return value
    budget.spend()
    if value is None or kind is bool:
        return value
    if kind is dict:
        return {_key(name): _to_json(item, budget) for name, item in value.items()}
    if kind is list:
        return [_to_json(item, budget) for item in value]
    if is_plain(value):
        return value
    return _scalar_to_json(value, budget)


def _key(name: Any) -> str:
    if type(name) is not str:
        raise FeelError("the names of a context are strings")
    return name


def _scalar_to_json(value: Any, budget: Budget) -> Any:
    kind = kind_of(value)
    if kind == NUMBER:
        return plain_number(value)
    if kind == DATE_TIME:
        return format_date_time(value, named_zone=False)
    if kind == TIME:
        return format_time(value, named_zone=False)
    if kind in (DATE, YEARS_MONTHS, DAYS_TIME):
        return to_text(value, budget)
    raise FeelError(f"a {kind} can't be kept as data")


def to_text(value: Any, budget: Budget) -> str:
    """The value as FEEL's ``string()`` writes it."""
    if isinstance(value, str):
        return value
    return _written(value, budget)


def _written(value: Any, budget: Budget) -> str:
    kind = kind_of(value)
    budget.spend()
    if kind == STRING:
        budget.check_string(len(value))
        return _quoted(value)
    if kind == LIST:
        return "[" + _joined([_written(item, budget) for item in value], budget) + "]"
    if kind == CONTEXT:
        entries = [f"{_written_key(key)}: {_written(item, budget)}" for key, item in value.items()]
        return "{" + _joined(entries, budget) + "}"
    if kind == RANGE:
        return _written_range(value, budget)
    return _SCALARS[kind](value) if kind in _SCALARS else str(kind)


def _joined(parts: list[str], budget: Budget) -> str:
    budget.check_string(sum(map(len, parts)) + 2 * len(parts))
    return ", ".join(parts)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _written_key(key: str) -> str:
    return key if _PLAIN_KEY.match(key) else _quoted(key)


def _written_range(value: Range, budget: Budget) -> str:
    if value.operator is not None:
        return f"({value.operator}{_written(value.sample, budget)})"
    opening, closing = "[" if value.low_closed else "(", "]" if value.high_closed else ")"
    return f"{opening}{_written(value.low, budget)}..{_written(value.high, budget)}{closing}"


def _number_text(value: Any) -> str:
    exact = number(value)
    if exact == exact.to_integral_value() and abs(exact.adjusted()) < 40:
        return format(exact.to_integral_value(), "f")
    return format(exact.normalize(NUMBERS), "f")


def _date_text(value: datetime.date) -> str:
    return value.isoformat()


_SCALARS: dict[str, Any] = {
    NULL: lambda value: "null",
    BOOLEAN: lambda value: "true" if value else "false",
    NUMBER: _number_text,
    DATE: _date_text,
    TIME: format_time,
    DATE_TIME: format_date_time,
    YEARS_MONTHS: format_duration,
    DAYS_TIME: format_duration,
}
