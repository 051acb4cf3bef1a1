"""Functions on ranges and points (DMN 1.5, 10.3.4.9), and the conversion ``range``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from processes.notation.feel.budget import Budget
from processes.notation.feel.builtins.registry import built_in, needs_string
from processes.notation.feel.compare import either, equals, in_range, less
from processes.notation.feel.compiler import compile_node
from processes.notation.feel.compiler.operators import range_of
from processes.notation.feel.parser import Parser
from processes.notation.feel.scope import Run, Scope
from processes.notation.feel.values import Range, kind_of

_POINTS_AND_RANGES = ("point1, point2", "point, range", "range, point", "range1, range2")
_TWO_RANGES = ("range1, range2",)
_POINT_IN_RANGE = ("point, range", "range1, range2")
_RANGE_OF_POINT = ("range, point", "range1, range2")
_Relation = Callable[[Range, Range, Budget], bool | None]


def _as_range(value: Any) -> Range:
    if isinstance(value, Range):
        return value
    if less(value, value) is None:
        raise TypeError("a point or range expected")
    return Range(value, value, True, True)


def _same(left: Any, right: Any, budget: Budget) -> bool:
    return equals(left, right, budget) is True


def _comparable(left: Range, right: Range) -> bool:
    return kind_of(left.sample) == kind_of(right.sample)


def _precedes(left: Range, right: Range, budget: Budget) -> bool | None:
    if kind_of(left.high) != kind_of(right.low):
        return None
    touching = _same(left.high, right.low, budget) and not (left.high_closed and right.low_closed)
    return either(less(left.high, right.low), touching)


@built_in("before", *_POINTS_AND_RANGES, needs_run=True)
def _before(run: Run, left: Any, right: Any) -> bool | None:
    return _precedes(_as_range(left), _as_range(right), run.budget)


@built_in("after", *_POINTS_AND_RANGES, needs_run=True)
def _after(run: Run, left: Any, right: Any) -> bool | None:
    return _precedes(_as_range(right), _as_range(left), run.budget)


def _starts_no_later(left: Range, right: Range, budget: Budget) -> bool:
    same = _same(left.low, right.low, budget)
    return bool(less(left.low, right.low)) or (same and (left.low_closed or not right.low_closed))


def _ends_no_sooner(left: Range, right: Range, budget: Budget) -> bool:
    same = _same(left.high, right.high, budget)
    return bool(less(right.high, left.high)) or (same and (left.high_closed or not right.high_closed))


def _apart(left: Range, right: Range, budget: Budget) -> bool:
    return bool(_precedes(left, right, budget) or _precedes(right, left, budget))


def _meets(left: Range, right: Range, budget: Budget) -> bool:
    return left.high_closed and right.low_closed and _same(left.high, right.low, budget)


def _overlaps(left: Range, right: Range, budget: Budget) -> bool:
    return not _apart(left, right, budget)


def _overlaps_before(left: Range, right: Range, budget: Budget) -> bool:
    """Begins before the other does, ends within it."""
    begins_before = not _starts_no_later(right, left, budget)
    return begins_before and not _apart(left, right, budget) and _ends_no_sooner(right, left, budget)


def _overlaps_after(left: Range, right: Range, budget: Budget) -> bool:
    """Begins within the other, ends no sooner than it."""
    return _overlaps_before(right, left, budget)


def _includes(outer: Range, inner: Range, budget: Budget) -> bool:
    return _starts_no_later(outer, inner, budget) and _ends_no_sooner(outer, inner, budget)


def _finishes(left: Range, right: Range, budget: Budget) -> bool:
    same_end = left.high_closed == right.high_closed and _same(left.high, right.high, budget)
    return same_end and _starts_no_later(right, left, budget)


def _starts(left: Range, right: Range, budget: Budget) -> bool:
    same_start = left.low_closed == right.low_closed and _same(left.low, right.low, budget)
    return same_start and _ends_no_sooner(right, left, budget)


def _of_ranges(relation: _Relation, left: Any, right: Any, run: Run) -> bool | None:
    if not isinstance(left, Range) or not isinstance(right, Range) or not _comparable(left, right):
        return None
    return relation(left, right, run.budget)


@built_in("meets", *_TWO_RANGES, needs_run=True)
def _meets_function(run: Run, left: Any, right: Any) -> bool | None:
    return _of_ranges(_meets, left, right, run)


@built_in("met by", *_TWO_RANGES, needs_run=True)
def _met_by(run: Run, left: Any, right: Any) -> bool | None:
    return _of_ranges(_meets, right, left, run)


@built_in("overlaps", *_TWO_RANGES, needs_run=True)
def _overlaps_function(run: Run, left: Any, right: Any) -> bool | None:
    return _of_ranges(_overlaps, left, right, run)


@built_in("overlaps before", *_TWO_RANGES, needs_run=True)
def _overlaps_before_function(run: Run, left: Any, right: Any) -> bool | None:
    return _of_ranges(_overlaps_before, left, right, run)


@built_in("overlaps after", *_TWO_RANGES, needs_run=True)
def _overlaps_after_function(run: Run, left: Any, right: Any) -> bool | None:
    return _of_ranges(_overlaps_after, left, right, run)


def _includes_value(outer: Any, inner: Any, run: Run) -> bool | None:
    if isinstance(outer, Range) and not isinstance(inner, Range):
        return in_range(inner, outer, run.budget)
    return _of_ranges(_includes, outer, inner, run)


@built_in("includes", *_RANGE_OF_POINT, needs_run=True)
def _includes_function(run: Run, outer: Any, inner: Any) -> bool | None:
    return _includes_value(outer, inner, run)


@built_in("during", *_POINT_IN_RANGE, needs_run=True)
def _during(run: Run, inner: Any, outer: Any) -> bool | None:
    return _includes_value(outer, inner, run)


def _finishes_value(value: Any, interval: Any, run: Run) -> bool | None:
    if isinstance(interval, Range) and not isinstance(value, Range):
        if kind_of(value) != kind_of(interval.high):
            return None
        return interval.high_closed and equals(value, interval.high, run.budget)
    return _of_ranges(_finishes, value, interval, run)


@built_in("finishes", *_POINT_IN_RANGE, needs_run=True)
def _finishes_function(run: Run, value: Any, interval: Any) -> bool | None:
    return _finishes_value(value, interval, run)


@built_in("finished by", *_RANGE_OF_POINT, needs_run=True)
def _finished_by(run: Run, interval: Any, value: Any) -> bool | None:
    return _finishes_value(value, interval, run)


def _starts_value(value: Any, interval: Any, run: Run) -> bool | None:
    if isinstance(interval, Range) and not isinstance(value, Range):
        if kind_of(value) != kind_of(interval.low):
            return None
        return interval.low_closed and equals(value, interval.low, run.budget)
    return _of_ranges(_starts, value, interval, run)


@built_in("starts", *_POINT_IN_RANGE, needs_run=True)
def _starts_function(run: Run, value: Any, interval: Any) -> bool | None:
    return _starts_value(value, interval, run)


@built_in("started by", *_RANGE_OF_POINT, needs_run=True)
def _started_by(run: Run, interval: Any, value: Any) -> bool | None:
    return _starts_value(value, interval, run)


@built_in("coincides", "point1, point2", "range1, range2", needs_run=True)
def _coincides(run: Run, left: Any, right: Any) -> bool | None:
    return equals(left, right, run.budget)


_RANGE_TEXT = re.compile(r"\s*([\[(\]])(.*)\.\.(.*)([\])\[])\s*\Z", re.DOTALL)
_BOUND_TEXT = re.compile(
    r'-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)|@?"[^"\\]*"|(?:date|time|date and time|duration)\(\s*"[^"\\]*"\s*\)'
)


@built_in("range", "from", needs_run=True)
def _range(run: Run, text: Any) -> Range | None:
    """The range a text such as ``[1..5)`` writes; its bounds are literals."""
    needs_string(text)
    found = _RANGE_TEXT.match(text)
    if not found or len(text) > 200:
        return None
    low, high = _bound(found[2], run), _bound(found[3], run)
    low_closed, high_closed = found[1] == "[", found[4] == "]"
    if (low is None and low_closed) or (high is None and high_closed):
        return None
    return range_of(low, high, low_closed, high_closed)


def _bound(text: str, run: Run) -> Any:
    text = text.strip()
    if not text:
        return None
    if not _BOUND_TEXT.fullmatch(text):
        raise ValueError("a literal expected")
    return compile_node(Parser(text, ("date and time",)).expression())(Scope({}, None, run))
