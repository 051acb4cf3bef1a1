"""Operators with their cost bounded before Python's C code is entered, which nothing could stop."""

from __future__ import annotations

import ast
import datetime
import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from processes.notation.feel.budget import MAX_LIST, MAX_STRING, Budget
from processes.notation.python_subset.errors import Refused

MAX_BITS = 4096
"""Bits of any whole number."""

_MAX_EXPONENT = 10_000
_CONTAINERS = (list, tuple, dict, set)
_SCALARS = (str, int, float, bool, type(None), Decimal, datetime.date, datetime.time, datetime.timedelta)


def check_size(value: Any, budget: Budget) -> Any:
    """Refuse or charge a value that was just made."""
    if isinstance(value, int):
        if value.bit_length() > MAX_BITS:
            raise Refused("the number is too large")
    elif isinstance(value, str):
        budget.check_string(len(value))
    elif isinstance(value, _CONTAINERS):
        budget.check_list(len(value))
    return value


def charge_tree(value: Any, budget: Budget) -> None:
    """Charge what walking through the value costs. Data that holds itself many times over is counted each time, as C
    code would walk it."""
    todo = [value]
    while todo:
        current = todo.pop()
        budget.spend(1 + (len(current) // 64 if isinstance(current, str) else 0))
        if isinstance(current, dict):
            todo.extend(current.keys())
            todo.extend(current.values())
        elif isinstance(current, _CONTAINERS):
            todo.extend(current)


def check_key(value: Any) -> Any:
    """Only scalars, and tuples of them, are hashed: nested tuples would be walked through again and again."""
    if isinstance(value, _SCALARS) or (isinstance(value, tuple) and all(isinstance(x, _SCALARS) for x in value)):
        return value
    raise Refused("only plain values can be keys or members of a set")


def as_text(value: Any, budget: Budget) -> str:
    """``str(value)``, charged and bounded."""
    if isinstance(value, str):
        return value
    if not isinstance(value, _SCALARS + _CONTAINERS):
        raise Refused(f"a {type(value).__name__} has no text")
    length, todo = 0, [value]
    while todo:
        current = todo.pop()
        budget.spend()
        length += len(current) if isinstance(current, str) else 1
        if length > MAX_STRING:
            raise Refused("the text is too long")
        if isinstance(current, dict):
            todo.extend(current.keys())
            todo.extend(current.values())
        elif isinstance(current, _CONTAINERS):
            todo.extend(current)
    return str(value)


def _length(value: Any) -> int:
    return len(value) if isinstance(value, (str, *_CONTAINERS)) else 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal)


def _add(left: Any, right: Any) -> Any:
    if _length(left) + _length(right) > (MAX_STRING if isinstance(left, str) else MAX_LIST):
        raise Refused("the result is too large")
    return left + right


def _multiply(left: Any, right: Any) -> Any:
    for sequence, times in ((left, right), (right, left)):
        limit = MAX_STRING if isinstance(sequence, str) else MAX_LIST
        if isinstance(times, int) and _length(sequence) * times > limit:
            raise Refused("the result is too large")
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() + right.bit_length() > MAX_BITS:
        raise Refused("the number is too large")
    return left * right


def _power(left: Any, right: Any) -> Any:
    if not _is_number(left) or not _is_number(right) or abs(right) > _MAX_EXPONENT:
        raise Refused("the exponent is too large")
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() * abs(right) > MAX_BITS:
        raise Refused("the number is too large")
    result = left**right
    if isinstance(result, complex):
        raise Refused("no such number")
    return result


def _modulo(left: Any, right: Any) -> Any:
    if not isinstance(left, int | float | Decimal | datetime.timedelta):
        raise Refused("% is for numbers only")
    return left % right


BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: _add,
    ast.Sub: operator.sub,
    ast.Mult: _multiply,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: _modulo,
    ast.Pow: _power,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
}
UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.Not: operator.not_,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}


def compare(kind: type[ast.cmpop], left: Any, right: Any, budget: Budget) -> Any:
    """One comparison; containers are charged by their size before."""
    if isinstance(left, _CONTAINERS):
        charge_tree(left, budget)
    if kind in (ast.In, ast.NotIn):
        found = _contains(right, left, budget)
        return found if kind is ast.In else not found
    if isinstance(right, _CONTAINERS):
        charge_tree(right, budget)
    return _COMPARE[kind](left, right)


def _contains(container: Any, value: Any, budget: Budget) -> bool:
    if isinstance(container, dict | set):
        return check_key(value) in container
    if isinstance(container, list | tuple):
        charge_tree(container, budget)
    elif isinstance(container, str):
        budget.spend(1 + len(container) // 64)
    elif not isinstance(container, range):
        raise Refused(f"“in” is not for a {type(container).__name__}")
    return value in container
