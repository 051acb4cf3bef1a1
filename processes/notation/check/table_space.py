"""The values a column of a decision table tells apart.

A column whose cells hold constants only (values, ranges, comparisons, ``not``, lists of those) splits its values into a few
pieces: each constant, what lies between two neighbours, what lies outside, every other text. Within a piece every cell is
either true or not, so one sample stands for it, and the cell's own compiled test says which.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from processes.notation.feel import Budget, FeelError, UnaryTests, tree
from processes.notation.feel.compiler import compile_node
from processes.notation.feel.scope import Run, Scope
from processes.notation.feel.values import (
    BOOLEAN,
    DATE,
    DATE_TIME,
    DAYS_TIME,
    NULL,
    NUMBER,
    STRING,
    TIME,
    YEARS_MONTHS,
    YearsMonths,
    kind_of,
    number,
)

MOST_PIECES = 400
"""Pieces of one column; a table with more is looked at by nobody row by row."""

_ORDERED = (NUMBER, DATE, DATE_TIME, TIME, DAYS_TIME, YEARS_MONTHS)
_MAKERS = frozenset(
    {"date", "time", "date and time", "duration", "years and months duration", "number", "string", "abs"}
)
_OTHER = "其他"


class Undecidable(Exception):
    """A cell depends on more than constants."""


class TooLarge(Exception):
    """The table would cost more to look at than it is worth."""


@dataclass(frozen=True)
class Piece:
    """Values no cell of the column tells apart. ``likely``: worth a word when no row covers it; ``fractional``: only numbers
    between two whole ones; ``null``: the missing value."""

    sample: Any
    likely: bool = True
    fractional: bool = False


def pieces_of(cells: Sequence[UnaryTests], allowed: UnaryTests | None, type_name: str | None) -> list[Piece]:
    """The pieces of a column. Raises :class:`Undecidable`, or :class:`TooLarge`."""
    found: dict[str, list[Any]] = {}
    negated = False
    for cell in (*cells, *((allowed,) if allowed else ())):
        negated = negated or cell.tree.is_negated
        for value in _constants_of_cell(cell.tree):
            found.setdefault(kind_of(value), []).append(value)
    found.pop(NULL, None)
    if (type_name or "").rpartition(":")[2] == BOOLEAN or BOOLEAN in found:
        found[BOOLEAN] = [True, False]
    pieces = [Piece(None, likely=False)]
    for kind, values in found.items():
        pieces += _of_kind(kind, values, negated)
        if len(pieces) > MOST_PIECES:
            raise TooLarge
    return pieces


def _of_kind(kind: str, values: list[Any], negated: bool) -> Iterator[Piece]:
    if kind == BOOLEAN:
        yield from map(Piece, values)
    elif kind == STRING:
        distinct = list(dict.fromkeys(values))
        yield from map(Piece, distinct)
        other = _OTHER
        while other in distinct:
            other += "…"
        # Texts that no cell names count as possible only where a cell speaks of "not these".
        yield Piece(other, likely=negated)
    elif kind in _ORDERED:
        yield from _ordered(kind, values)
    else:
        raise Undecidable


def _ordered(kind: str, values: list[Any]) -> Iterator[Piece]:
    points = _sorted(kind, values)
    before, after = _outside(kind, points[0], -1), _outside(kind, points[-1], 1)
    if before is not None:
        # Nobody writes a row for negative days: below zero nothing is missing.
        yield Piece(before, likely=not (kind == NUMBER and points[0] == 0))
    for place, point in enumerate(points):
        yield Piece(point)
        if place + 1 < len(points):
            yield from _between(kind, point, points[place + 1])
    if after is not None:
        yield Piece(after)


def _sorted(kind: str, values: list[Any]) -> list[Any]:
    if kind == NUMBER:
        return sorted({number(value) for value in values})
    if kind == YEARS_MONTHS:
        return [YearsMonths(months) for months in sorted({value.months for value in values})]
    try:
        return sorted(set(values))
    except TypeError as error:  # with and without a zone
        raise Undecidable from error


def _outside(kind: str, point: Any, side: int) -> Any:
    """A value beyond the outermost point, or None when there is none."""
    try:
        if kind == NUMBER:
            return (point + side).to_integral_value("ROUND_FLOOR" if side < 0 else "ROUND_CEILING")
        if kind == YEARS_MONTHS:
            return YearsMonths(point.months + side)
        if kind == TIME:
            edge = datetime.time.min if side < 0 else datetime.time(23, 59, 59)
            edge = edge.replace(tzinfo=point.tzinfo)
            return edge if edge != point else None
        return point + side * datetime.timedelta(days=1)
    except (OverflowError, ArithmeticError):
        return None


def _between(kind: str, low: Any, high: Any) -> Iterator[Piece]:
    """The values between two points, as one piece; none where the kind has no value in between."""
    if kind == NUMBER:
        whole = (low + 1).to_integral_value("ROUND_FLOOR")
        if whole < high:
            yield Piece(whole)
        else:
            both_whole = low == low.to_integral_value() and high == high.to_integral_value()
            yield Piece((low + high) / Decimal(2), fractional=both_whole)
    elif kind == YEARS_MONTHS:
        if high.months - low.months > 1:
            yield Piece(YearsMonths(low.months + 1))
    elif kind == DATE:
        if (high - low).days > 1:
            yield Piece(low + datetime.timedelta(days=1))
    elif kind == TIME:
        middle = (_seconds(low) + _seconds(high)) // 2
        if _seconds(low) < middle < _seconds(high):
            yield Piece(datetime.time(middle // 3600, middle // 60 % 60, middle % 60, tzinfo=low.tzinfo))
    else:
        yield Piece(low + (high - low) / 2)


def _seconds(time: datetime.time) -> int:
    return time.hour * 3600 + time.minute * 60 + time.second


def _constants_of_cell(cell: tree.UnaryTestList) -> Iterator[Any]:
    for test in cell.tests:
        yield from _of_test(test)


def _of_test(test: tree.Test) -> Iterator[Any]:
    if isinstance(test, tree.OperatorTest):
        yield from _bounds(test.operator, (constant(test.operand),))
    elif test.on_input:
        yield from _of_condition(test.expression)
    else:
        yield from _of_value(test.expression)


def _of_value(node: tree.Node) -> Iterator[Any]:
    """The constants in a value to be equal to, a range, or a list of values."""
    if isinstance(node, tree.Interval):
        yield from _bounds("<", (constant(node.low), constant(node.high)))
    elif isinstance(node, tree.OneSided):
        yield from _bounds(node.operator, (constant(node.bound),))
    elif isinstance(node, tree.ListOf):
        for item in node.items:
            yield from _of_value(item)
    else:
        yield constant(node)


def _of_condition(node: tree.Node) -> Iterator[Any]:
    """The constants in a condition on ``?`` alone."""
    if isinstance(node, tree.Logical):
        for operand in node.operands:
            yield from _of_condition(operand)
    elif isinstance(node, tree.Comparison) and _is_input(node.left):
        yield from _bounds(node.operator, (constant(node.right),))
    elif isinstance(node, tree.Comparison) and _is_input(node.right):
        yield from _bounds(node.operator, (constant(node.left),))
    elif isinstance(node, tree.Between) and _is_input(node.value):
        yield from _bounds("<", (constant(node.low), constant(node.high)))
    elif isinstance(node, tree.In) and _is_input(node.value):
        for test in node.tests:
            yield from _of_test(test)
    elif (
        isinstance(node, tree.Call)
        and node.function == tree.Name("not")
        and len(node.positional) == 1
        and not node.named
    ):
        yield from _of_condition(node.positional[0])
    else:
        raise Undecidable


def _is_input(node: tree.Node) -> bool:
    return isinstance(node, tree.Name) and node.name == "?"


def _bounds(operator: str, values: Iterable[Any]) -> Iterator[Any]:
    """Constants of a comparison; only for equality may they be of a kind without pieces in between."""
    for value in values:
        if operator not in ("=", "!=") and kind_of(value) not in _ORDERED:
            raise Undecidable
        yield value


def constant(node: tree.Node) -> Any:
    """The value of an expression that is the same whatever the data are. Raises :class:`Undecidable`."""
    if not _is_constant(node):
        raise Undecidable
    try:
        value = compile_node(node)(Scope({}, None, Run(Budget(), {}, None)))
    except (FeelError, ArithmeticError, TypeError, ValueError) as error:
        raise Undecidable from error
    if kind_of(value) not in (*_ORDERED, BOOLEAN, STRING, NULL):
        raise Undecidable
    return value


def _is_constant(node: tree.Node) -> bool:
    if isinstance(node, tree.Literal):
        return True
    if isinstance(node, tree.Negation | tree.Arithmetic):
        return all(map(_is_constant, tree.children(node)))
    if isinstance(node, tree.Call) and isinstance(node.function, tree.Name) and node.function.name in _MAKERS:
        return not node.named and bool(node.positional) and all(map(_is_constant, node.positional))
    return False


def matches(cell: UnaryTests, value: Any) -> bool:
    """Whether a value passes a cell, as the engine tests it. Raises :class:`Undecidable`."""
    try:
        return cell.test(value) is True
    except FeelError as error:
        raise Undecidable from error
