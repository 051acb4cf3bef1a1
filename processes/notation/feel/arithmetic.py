"""The operators ``+ - * / **`` and the minus sign over numbers, strings and temporal values.

Operands that do not fit, division by zero and results outside the number range give null.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from processes.notation.feel.budget import Budget
from processes.notation.feel.temporal import add_months, seconds_of
from processes.notation.feel.values import (
    DATE,
    DATE_TIME,
    DAYS_TIME,
    NUMBER,
    NUMBERS,
    STRING,
    TIME,
    YEARS_MONTHS,
    YearsMonths,
    kind_of,
    number,
)

_MICROSECOND = datetime.timedelta(microseconds=1)
_POINTS = frozenset((DATE, DATE_TIME, TIME))
_DURATIONS = frozenset((YEARS_MONTHS, DAYS_TIME))
_SOME_DAY = datetime.date(2000, 1, 2)

Operator = Callable[[Any, Any, Budget], Any]


def add(left: Any, right: Any, budget: Budget) -> Any:
    """``left + right``: numbers, strings, durations, and a duration after a point in time."""
    if type(left) is Decimal and type(right) is Decimal:
        return NUMBERS.add(left, right)
    kinds = kind_of(left), kind_of(right)
    if kinds == (NUMBER, NUMBER):
        return NUMBERS.add(number(left), number(right))
    if kinds == (STRING, STRING):
        budget.check_string(len(left) + len(right))
        return left + right
    if kinds == (YEARS_MONTHS, YEARS_MONTHS):
        return YearsMonths(left.months + right.months)
    if kinds == (DAYS_TIME, DAYS_TIME):
        return left + right
    if kinds[0] in _DURATIONS and kinds[1] in _POINTS:
        return _later(right, left, kinds[1], kinds[0])
    if kinds[0] in _POINTS and kinds[1] in _DURATIONS:
        return _later(left, right, kinds[0], kinds[1])
    return None


def _later(point: Any, duration: Any, kind: str, kind_of_duration: str) -> Any:
    if kind_of_duration == YEARS_MONTHS:
        return None if kind == TIME else add_months(point, duration.months)
    if kind == DATE_TIME:
        return point + duration
    if kind == DATE:
        return (datetime.datetime(point.year, point.month, point.day) + duration).date()
    within_day = datetime.timedelta(seconds=duration.seconds, microseconds=duration.microseconds)
    moment = datetime.datetime.combine(_SOME_DAY, point.replace(tzinfo=None)) + within_day
    return moment.time().replace(tzinfo=point.tzinfo)


def subtract(left: Any, right: Any, budget: Budget) -> Any:
    """``left - right``: numbers, durations, points in time, and a duration before a point in time."""
    if type(left) is Decimal and type(right) is Decimal:
        return NUMBERS.subtract(left, right)
    kinds = kind_of(left), kind_of(right)
    if kinds == (NUMBER, NUMBER):
        return NUMBERS.subtract(number(left), number(right))
    if kinds == (YEARS_MONTHS, YEARS_MONTHS):
        return YearsMonths(left.months - right.months)
    if kinds == (DAYS_TIME, DAYS_TIME):
        return left - right
    if kinds[0] in _POINTS and kinds[1] in _DURATIONS:
        return _later(left, negate(right), kinds[0], kinds[1])
    if kinds == (TIME, TIME):
        return _between_times(left, right)
    if kinds[0] in (DATE, DATE_TIME) and kinds[1] in (DATE, DATE_TIME):
        return _between_days(left, right)
    return None


def _between_times(left: datetime.time, right: datetime.time) -> datetime.timedelta | None:
    if (left.tzinfo is None) != (right.tzinfo is None):
        return None
    return datetime.timedelta(seconds=float(seconds_of(left) - seconds_of(right)))


def _between_days(left: datetime.date, right: datetime.date) -> datetime.timedelta:
    """A date against a date and time is its midnight, in UTC when the other has a zone. TypeError when zones miss."""
    first, second = _moment(left, right), _moment(right, left)
    if first.tzinfo and second.tzinfo:
        first, second = first.astimezone(datetime.UTC), second.astimezone(datetime.UTC)
    return first - second


def _moment(value: datetime.date, other: datetime.date) -> datetime.datetime:
    if isinstance(value, datetime.datetime):
        return value
    zoned = isinstance(other, datetime.datetime) and other.tzinfo
    return datetime.datetime(value.year, value.month, value.day, tzinfo=datetime.UTC if zoned else None)


def multiply(left: Any, right: Any, budget: Budget) -> Any:
    """``left * right``: numbers, and a duration by a number."""
    if type(left) is Decimal and type(right) is Decimal:
        return NUMBERS.multiply(left, right)
    kinds = kind_of(left), kind_of(right)
    if kinds == (NUMBER, NUMBER):
        return NUMBERS.multiply(number(left), number(right))
    if kinds[0] == NUMBER and kinds[1] in _DURATIONS:
        return _scaled(right, number(left), NUMBERS.multiply)
    if kinds[1] == NUMBER and kinds[0] in _DURATIONS:
        return _scaled(left, number(right), NUMBERS.multiply)
    return None


def divide(left: Any, right: Any, budget: Budget) -> Any:
    """``left / right``: numbers, a duration by a number, and a duration by one of its own kind."""
    kinds = kind_of(left), kind_of(right)
    if kinds == (NUMBER, NUMBER):
        divisor = number(right)
        return NUMBERS.divide(number(left), divisor) if divisor else None
    if kinds[0] in _DURATIONS and kinds[1] == NUMBER:
        return _scaled(left, number(right), NUMBERS.divide) if number(right) else None
    if kinds[0] in _DURATIONS and kinds[0] == kinds[1]:
        divisor = _units(right)
        return NUMBERS.divide(_units(left), divisor) if divisor else None
    return None


def _units(duration: Any) -> Decimal:
    if isinstance(duration, YearsMonths):
        return Decimal(duration.months)
    return Decimal(duration // _MICROSECOND)


def _scaled(duration: Any, factor: Decimal, operation: Callable[[Decimal, Decimal], Decimal]) -> Any:
    units = operation(_units(duration), factor)
    if units.adjusted() > 20:
        return None
    if isinstance(duration, YearsMonths):
        return YearsMonths(int(units))
    return datetime.timedelta(microseconds=int(units))


def power(left: Any, right: Any, budget: Budget) -> Any:
    """``left ** right`` of numbers; the 34 digits of the context bound its cost."""
    if kind_of(left) != NUMBER or kind_of(right) != NUMBER:
        return None
    return NUMBERS.power(number(left), number(right))


def negate(value: Any) -> Any:
    """``-value`` of a number or a duration."""
    kind = kind_of(value)
    if kind == NUMBER:
        return NUMBERS.minus(number(value))
    if kind == YEARS_MONTHS:
        return YearsMonths(-value.months)
    if kind == DAYS_TIME:
        return -value
    return None


OPERATORS: dict[str, Operator] = {"+": add, "-": subtract, "*": multiply, "/": divide, "**": power}
FAILURES = (ArithmeticError, ValueError, TypeError)
"""What an operator may raise for operands without a result; the compiler turns these into null."""
