"""Functions on numbers, and statistics."""

from __future__ import annotations

import datetime
import decimal
import functools
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from processes.notation.feel.arithmetic import add
from processes.notation.feel.builtins.registry import built_in, items_of
from processes.notation.feel.scope import Run
from processes.notation.feel.values import (
    DAYS_TIME,
    NUMBER,
    NUMBERS,
    YEARS_MONTHS,
    YearsMonths,
    integer,
    kind_of,
    number,
)

_WIDE = decimal.Context(prec=6200, Emax=10_000, Emin=-10_000)
"""Room to round the largest number of 34 digits at the smallest scale."""

_SCALES = range(-6111, 6177)
"""The scales of decimal128."""


def _rounding(mode: str) -> Callable[..., Decimal | None]:
    def rounded(value: Any, scale: Any) -> Decimal | None:
        places = integer(scale)
        if places not in _SCALES:
            return None
        return number(value).quantize(Decimal(1).scaleb(-places), mode, _WIDE) + 0

    return rounded


built_in("decimal", "n, scale")(_rounding(decimal.ROUND_HALF_EVEN))
built_in("round up", "n, scale")(_rounding(decimal.ROUND_UP))
built_in("round down", "n, scale")(_rounding(decimal.ROUND_DOWN))
built_in("round half up", "n, scale")(_rounding(decimal.ROUND_HALF_UP))
built_in("round half down", "n, scale")(_rounding(decimal.ROUND_HALF_DOWN))


@built_in("floor", "n, scale?")
def _floor(value: Any, scale: Any = 0) -> Decimal | None:
    return _rounding(decimal.ROUND_FLOOR)(value, scale)


@built_in("ceiling", "n, scale?")
def _ceiling(value: Any, scale: Any = 0) -> Decimal | None:
    return _rounding(decimal.ROUND_CEILING)(value, scale)


@built_in("abs", "n")
def _abs(value: Any) -> Any:
    if isinstance(value, YearsMonths):
        return YearsMonths(abs(value.months))
    return abs(value) if isinstance(value, datetime.timedelta) else abs(number(value))


@built_in("modulo", "dividend, divisor")
def _modulo(dividend: Any, divisor: Any) -> Decimal | None:
    left, right = number(dividend), number(divisor)
    if not right:
        return None
    times = NUMBERS.divide(left, right).to_integral_value(decimal.ROUND_FLOOR)
    return NUMBERS.subtract(left, NUMBERS.multiply(right, times))


@built_in("sqrt", "number")
def _sqrt(value: Any) -> Decimal | None:
    exact = number(value)
    return NUMBERS.sqrt(exact) if exact >= 0 else None


@built_in("log", "number")
def _log(value: Any) -> Decimal:
    return Decimal(repr(math.log(number(value))))


@built_in("exp", "number")
def _exp(value: Any) -> Decimal:
    return Decimal(repr(math.exp(number(value))))


def _whole(value: Any) -> Decimal:
    exact = number(value)
    if exact != exact.to_integral_value():
        raise ValueError("a whole number expected")
    return exact


@built_in("odd", "number")
def _odd(value: Any) -> bool:
    return abs(_whole(value)) % 2 == 1


@built_in("even", "number")
def _even(value: Any) -> bool:
    return _whole(value) % 2 == 0


@built_in("sum", "list", needs_run=True)
def _sum(run: Run, *arguments: Any) -> Any:
    """Of numbers, or of durations of one kind; null when empty."""
    values = items_of(arguments)
    if not values or kind_of(values[0]) not in (NUMBER, YEARS_MONTHS, DAYS_TIME):
        return None
    return functools.reduce(lambda total, value: None if total is None else add(total, value, run.budget), values)


def numbers_of(arguments: tuple[Any, ...]) -> list[Decimal]:
    """The arguments, or the items of the one list, as numbers; raises TypeError for others."""
    return [number(value) for value in items_of(arguments)]


def _total(values: list[Decimal]) -> Decimal:
    return functools.reduce(NUMBERS.add, values, Decimal(0))


@built_in("mean", "list")
def _mean(*arguments: Any) -> Decimal | None:
    values = numbers_of(arguments)
    return NUMBERS.divide(_total(values), Decimal(len(values))) if values else None


@built_in("product", "list")
def _product(*arguments: Any) -> Decimal | None:
    values = numbers_of(arguments)
    return functools.reduce(NUMBERS.multiply, values) if values else None


@built_in("median", "list")
def _median(*arguments: Any) -> Decimal | None:
    values = sorted(numbers_of(arguments))
    if not values:
        return None
    middle = len(values) // 2
    if len(values) % 2:
        return values[middle]
    return NUMBERS.divide(NUMBERS.add(values[middle - 1], values[middle]), Decimal(2))


@built_in("stddev", "list")
def _stddev(*arguments: Any) -> Decimal | None:
    values = numbers_of(arguments)
    if len(values) < 2:
        return None
    mean = NUMBERS.divide(_total(values), Decimal(len(values)))
    deviations = [NUMBERS.subtract(value, mean) for value in values]
    squares = _total([NUMBERS.multiply(value, value) for value in deviations])
    return NUMBERS.sqrt(NUMBERS.divide(squares, Decimal(len(values) - 1)))


@built_in("mode", "list")
def _mode(*arguments: Any) -> list[Decimal]:
    counts: dict[Decimal, int] = {}
    for value in numbers_of(arguments):
        counts[value] = counts.get(value, 0) + 1
    most = max(counts.values(), default=0)
    return sorted(value for value, count in counts.items() if count == most)
