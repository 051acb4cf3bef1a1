"""The values FEEL computes with, and their kinds.

Numbers are :class:`decimal.Decimal` of 34 digits (data may bring ``int`` and ``float``), strings ``str``, booleans ``bool``,
lists ``list``, contexts ``dict``, null ``None``; temporal values are Python's, days and time durations ``timedelta``.
No code here or in the built-ins ever changes a list or a context it was given.
"""

from __future__ import annotations

import datetime
import decimal
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

NULL: Final = "null"
BOOLEAN: Final = "boolean"
NUMBER: Final = "number"
STRING: Final = "string"
DATE: Final = "date"
TIME: Final = "time"
DATE_TIME: Final = "date and time"
YEARS_MONTHS: Final = "years and months duration"
DAYS_TIME: Final = "days and time duration"
LIST: Final = "list"
CONTEXT: Final = "context"
RANGE: Final = "range"
FUNCTION: Final = "function"
UNKNOWN: Final = "unknown"

NUMBERS: Final = decimal.Context(prec=34, rounding=decimal.ROUND_HALF_EVEN, Emax=6144, Emin=-6143)
"""IEEE 754-2008 decimal128, as DMN 1.5 (10.3.2.3.1) wants. Used by its methods only, so threads may share it."""


@dataclass(frozen=True, order=True, slots=True)
class YearsMonths:
    """A years and months duration, in months."""

    months: int


@dataclass(frozen=True, slots=True)
class Range:
    """An interval. Made of a comparison such as ``(< 5)`` it keeps the operator and has one bound only; without an
    operator a bound that is None is null, and nothing can be told to lie inside."""

    low: Any
    high: Any
    low_closed: bool
    high_closed: bool
    operator: str | None = None

    @property
    def sample(self) -> Any:
        """One of the bounds, to tell what the range ranges over."""
        return self.low if self.low is not None else self.high


class Function(ABC):
    """Something that can be called from FEEL. ``parameters`` are the names for named arguments."""

    parameters: tuple[str, ...] = ()

    @abstractmethod
    def call(self, arguments: list[Any], run: Any) -> Any:
        """Call with positional arguments."""

    def call_named(self, arguments: dict[str, Any], run: Any) -> Any:
        """Call with named arguments: all parameters, and only they, must be named."""
        if arguments.keys() != set(self.parameters):
            return None
        return self.call([arguments[name] for name in self.parameters], run)


_KINDS: dict[type, str] = {
    type(None): NULL,
    bool: BOOLEAN,
    int: NUMBER,
    float: NUMBER,
    Decimal: NUMBER,
    str: STRING,
    datetime.datetime: DATE_TIME,
    datetime.date: DATE,
    datetime.time: TIME,
    YearsMonths: YEARS_MONTHS,
    datetime.timedelta: DAYS_TIME,
    list: LIST,
    dict: CONTEXT,
    Range: RANGE,
}
_BASES: Sequence[tuple[type, str]] = (
    (Function, FUNCTION),
    (dict, CONTEXT),
    (list, LIST),
    (str, STRING),
    (int, NUMBER),
    (float, NUMBER),
    (datetime.datetime, DATE_TIME),
    (datetime.date, DATE),
)


def kind_of(value: Any) -> str:
    """The FEEL kind of a value; ``unknown`` for objects that are none of FEEL's."""
    kind = _KINDS.get(type(value))
    if kind is not None:
        return kind
    for base, name in _BASES:
        if isinstance(value, base):
            return name
    return UNKNOWN


def number(value: Any) -> Decimal:
    """The value as a Decimal; raises TypeError when it is no number, ValueError when it is not finite."""
    if type(value) is Decimal:
        return value
    if isinstance(value, bool):
        raise TypeError("a boolean is no number")
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("not a finite number")
        return Decimal(repr(value))
    raise TypeError("not a number")


def integer(value: Any) -> int:
    """The whole part of a number that is small enough to count with; raises like :func:`number`, or OverflowError."""
    exact = number(value)
    if exact.adjusted() > 18:
        raise OverflowError("too large to count with")
    return int(exact)
