"""FEEL, the expression language of DMN 1.5: compiled once, budgeted, never reaching eval or exec. Imports nothing of ours."""
# mypy: ignore-errors

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from processes.notation.feel import _core
from processes.notation.feel._core import Budget
from processes.notation.feel._errors import BudgetExceeded, FeelError, FeelSyntaxError

__all__ = [
    "Budget",
    "BudgetExceeded",
    "Expression",
    "FeelError",
    "FeelSyntaxError",
    "UnaryTests",
    "compile_expression",
    "compile_unary",
    "to_json",
]

Clock = Callable[[], datetime.datetime]
MAX_SOURCE = 20_000


def to_json(value: Any) -> Any:
    """Convert a FEEL value to JSON types: Decimal to int or float, temporal values to ISO strings."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (_core.YM, datetime.timedelta, datetime.date, datetime.time)):
        return _core.fstr(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    raise FeelError(f"a {_core.kind(value)} cannot be stored")


def _argument(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, list):
        return [_argument(item) for item in value]
    if isinstance(value, dict):
        return {key: _argument(item) for key, item in value.items()}
    return value


class _Registered(_core.Fn):
    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        def call(*args: Any) -> Any:
            try:
                return function(*(_argument(arg) for arg in args))
            except FeelError:
                raise
            except Exception as error:
                raise FeelError(f"{name}: {error}") from error

        super().__init__([], call)


def _run(code, variables, functions, budget, clock, *more):
    local = _core._T
    before = getattr(local, "b", None), getattr(local, "clock", None)
    local.b, local.clock = budget or Budget(), clock or before[1]
    try:
        root = _core.Scope({name: _Registered(name, f) for name, f in functions.items()}, None, local.b)
        result = code(_core.Scope(variables, root), *more)
        _core.charge(result)
        return result
    except RecursionError as error:
        raise BudgetExceeded("nested too deeply") from error
    finally:
        local.b, local.clock = before


class Expression:
    """A compiled FEEL expression; safe to share between threads. ``names`` are its free names."""

    def __init__(self, source: str, code: Any, names: frozenset[str]) -> None:
        self.source, self._code, self.names = source, code, names

    def evaluate(
        self,
        variables: Mapping[str, Any],
        functions: Mapping[str, Callable[..., Any]] = {},
        budget: Budget | None = None,
        clock: Clock | None = None,
    ) -> Any:
        return _run(self._code, variables, functions, budget, clock)


class UnaryTests:
    """Compiled unary tests (a decision table's input cell)."""

    def __init__(self, source: str, code: Any, names: frozenset[str]) -> None:
        self.source, self._code, self.names = source, code, names

    def test(
        self,
        value: Any,
        variables: Mapping[str, Any] = {},
        functions: Mapping[str, Callable[..., Any]] = {},
        budget: Budget | None = None,
        clock: Clock | None = None,
    ) -> bool | None:
        return _run(self._code, variables, functions, budget, clock, value)


def _parse(source: str, names: Iterable[str]) -> Any:
    if len(source) > MAX_SOURCE:
        raise FeelSyntaxError("the expression is too long")
    return _core.Parser(source, names)


def _free(parser: Any) -> frozenset[str]:
    return frozenset(n for n in parser.used if n not in parser.bound and n not in _core.BUILTINS)


@functools.lru_cache(4096)
def compile_expression(source: str, names: frozenset[str] = frozenset()) -> Expression:
    """Parse and compile; cached. ``names`` are variables or functions whose names hold operators or keywords."""
    parser = _parse(source, names)
    try:
        return Expression(source, parser.full(), _free(parser))
    except RecursionError as error:
        raise FeelSyntaxError("nested too deeply") from error


@functools.lru_cache(4096)
def compile_unary(source: str, names: frozenset[str] = frozenset()) -> UnaryTests:
    """Like :func:`compile_expression` for unary tests."""
    parser = _parse(source, names)
    try:
        return UnaryTests(source, parser.unary_tests(), _free(parser))
    except RecursionError as error:
        raise FeelSyntaxError("nested too deeply") from error
