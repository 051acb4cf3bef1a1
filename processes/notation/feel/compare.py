"""Equality, order, membership and three-valued logic."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from processes.notation.feel.budget import Budget
from processes.notation.feel.temporal import seconds_of
from processes.notation.feel.values import (
    BOOLEAN,
    CONTEXT,
    DATE_TIME,
    FUNCTION,
    LIST,
    NULL,
    NUMBER,
    RANGE,
    TIME,
    UNKNOWN,
    Range,
    kind_of,
    number,
)

_ALIKE = frozenset((str, bool, int, Decimal, datetime.date, datetime.timedelta))
"""Types whose own comparison is FEEL's when both sides are of the same one."""

_UNORDERED = frozenset((NULL, BOOLEAN, LIST, CONTEXT, RANGE, FUNCTION, UNKNOWN))


def equals(left: Any, right: Any, budget: Budget) -> bool | None:
    """``left = right``; null when the kinds differ. Charges the budget by the size of lists and contexts."""
    kind_left = type(left)
    if kind_left is type(right) and kind_left in _ALIKE:
        return bool(left == right)
    if left is None or right is None:
        return left is right
    kind = kind_of(left)
    if kind != kind_of(right):
        return None
    if kind == LIST:
        return _equal_lists(left, right, budget)
    if kind == CONTEXT:
        return _equal_contexts(left, right, budget)
    if kind == RANGE:
        return _equal_ranges(left, right, budget)
    if kind in (FUNCTION, UNKNOWN):
        return None
    return _equal_scalars(kind, left, right)


def _equal_scalars(kind: str, left: Any, right: Any) -> bool:
    """Fractions of a second do not tell times apart: equality is by components (10.3.2.3.4)."""
    if kind == NUMBER:
        return number(left) == number(right)
    if kind in (TIME, DATE_TIME):
        if (left.tzinfo is None) != (right.tzinfo is None):
            return False
        left, right = left.replace(microsecond=0), right.replace(microsecond=0)
        if kind == TIME:
            return seconds_of(left) == seconds_of(right)
    return bool(left == right)


def _equal_lists(left: list[Any], right: list[Any], budget: Budget) -> bool:
    budget.spend(1 + len(left))
    return len(left) == len(right) and all(equals(a, b, budget) is True for a, b in zip(left, right, strict=True))


def _equal_contexts(left: dict[str, Any], right: dict[str, Any], budget: Budget) -> bool:
    budget.spend(1 + len(left))
    return left.keys() == right.keys() and all(equals(left[key], right[key], budget) is True for key in left)


def _equal_ranges(left: Range, right: Range, budget: Budget) -> bool:
    return (
        left.operator == right.operator
        and left.low_closed == right.low_closed
        and left.high_closed == right.high_closed
        and equals(left.low, right.low, budget) is True
        and equals(left.high, right.high, budget) is True
    )


def less(left: Any, right: Any) -> bool | None:
    """``left < right``; null when the two have no order."""
    kind_left = type(left)
    if kind_left is type(right) and kind_left in _ALIKE and kind_left is not bool:
        return bool(left < right)
    kind = kind_of(left)
    if kind != kind_of(right) or kind in _UNORDERED:
        return None
    if kind == NUMBER:
        return number(left) < number(right)
    if kind in (TIME, DATE_TIME):
        if (left.tzinfo is None) != (right.tzinfo is None):
            return None
        if kind == TIME:
            return seconds_of(left) < seconds_of(right)
    return bool(left < right)


def _less(left: Any, right: Any, budget: Budget) -> bool | None:
    return less(left, right)


def _greater(left: Any, right: Any, budget: Budget) -> bool | None:
    return less(right, left)


def _at_most(left: Any, right: Any, budget: Budget) -> bool | None:
    smaller = less(left, right)
    return smaller if smaller is not False else equals(left, right, budget) is True


def _at_least(left: Any, right: Any, budget: Budget) -> bool | None:
    return _at_most(right, left, budget)


def _differs(left: Any, right: Any, budget: Budget) -> bool | None:
    same = equals(left, right, budget)
    return None if same is None else not same


Comparison = Callable[[Any, Any, Budget], bool | None]
COMPARISONS: dict[str, Comparison] = {
    "=": equals,
    "!=": _differs,
    "<": _less,
    ">": _greater,
    "<=": _at_most,
    ">=": _at_least,
}


def compare(operator: str, left: Any, right: Any, budget: Budget) -> bool | None:
    """Apply one of ``= != < > <= >=``."""
    return COMPARISONS[operator](left, right, budget)


def in_range(value: Any, interval: Range, budget: Budget) -> bool | None:
    """Whether the value lies between the bounds; null when it can't be compared with them, or a bound is null."""
    if interval.operator is not None:
        return compare(interval.operator, value, interval.sample, budget)
    if interval.low is None or interval.high is None:
        return None
    above = compare(">=" if interval.low_closed else ">", value, interval.low, budget)
    below = compare("<=" if interval.high_closed else "<", value, interval.high, budget)
    return None if above is None or below is None else above and below


def is_in(value: Any, tested: Any, budget: Budget) -> bool | None:
    """Whether the value equals ``tested``, lies in it (a range) or is one of it or in one of it (a list)."""
    if isinstance(tested, Range):
        return in_range(value, tested, budget)
    if isinstance(tested, list):
        budget.spend(1 + len(tested))
        if isinstance(value, list) and equals(value, tested, budget):
            return True
        return any(is_in(value, item, budget) is True for item in tested)
    return equals(value, tested, budget)


def contains_equal(items: Iterable[Any], value: Any, budget: Budget) -> bool:
    """Whether one of the items equals the value."""
    for item in items:
        budget.spend()
        if equals(item, value, budget) is True:
            return True
    return False


def both(left: Any, right: Any) -> bool | None:
    """Three-valued ``and``; anything but a boolean counts as null."""
    if left is False or right is False:
        return False
    return True if left is True and right is True else None


def either(left: Any, right: Any) -> bool | None:
    """Three-valued ``or``; anything but a boolean counts as null."""
    if left is True or right is True:
        return True
    return False if left is False and right is False else None


def negated(value: Any) -> bool | None:
    """Three-valued ``not``."""
    return (not value) if isinstance(value, bool) else None
