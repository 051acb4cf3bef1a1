"""Where names are looked up while an expression runs: local entries, then the caller's variables, functions, built-ins."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any

from processes.notation.feel.budget import Budget
from processes.notation.feel.errors import FeelError
from processes.notation.feel.json_values import plain_number
from processes.notation.feel.values import NUMBER, Function, kind_of

Functions = Mapping[str, Callable[..., Any]]
Clock = Callable[[], datetime.datetime]
Code = Callable[["Scope"], Any]
"""A compiled expression."""


def system_clock() -> datetime.datetime:
    """The present moment in UTC, for callers that inject no clock."""
    return datetime.datetime.now(datetime.UTC)


class Run:
    """One evaluation: its budget, the caller's functions and clock."""

    __slots__ = ("budget", "clock", "functions")

    def __init__(self, budget: Budget, functions: Functions, clock: Clock | None) -> None:
        self.budget = budget
        self.functions = functions
        self.clock = clock or system_clock

    def now(self) -> datetime.datetime:
        """The present moment by the injected clock."""
        return self.clock()

    def is_of_named_type(self, value: Any, name: str) -> bool:
        """Whether a value is of a type that is not FEEL's own; a decision model knows such types."""
        return False

    def function(self, name: str) -> Function | None:
        """A function of the caller's or a built-in one."""
        registered = self.functions.get(name)
        if registered is not None:
            return RegisteredFunction(name, registered)
        return BUILT_IN.get(name)


BUILT_IN: dict[str, Function] = {}
"""Every built-in function by its name; filled by :mod:`processes.notation.feel.builtins`."""


class Scope:
    """A layer of named values above its parent's. Never changed by an expression but while a context is being built."""

    __slots__ = ("entries", "parent", "run")

    def __init__(self, entries: Mapping[str, Any], parent: Scope | None, run: Run) -> None:
        self.entries = entries
        self.parent = parent
        self.run = run

    def inner(self, entries: Mapping[str, Any]) -> Scope:
        """A layer on top of this one."""
        return Scope(entries, self, self.run)

    def find_function(self, name: str) -> Any:
        """The nearest function of that name: a variable ``text`` does not hide the function ``text(…)``."""
        scope: Scope | None = self
        while scope is not None:
            candidate = scope.entries.get(name)
            if isinstance(candidate, Function):
                return candidate
            scope = scope.parent
        return self.run.function(name)


class RegisteredFunction(Function):
    """A Python function of the caller's. It is given JSON-like numbers, and temporal values as Python's own."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self._name = name
        self._function = function

    def call(self, arguments: list[Any], run: Run) -> Any:
        """Call it; whatever it raises becomes the cause of a :class:`FeelError`."""
        return self._invoke([_plain(argument, run.budget) for argument in arguments], {})

    def call_named(self, arguments: dict[str, Any], run: Run) -> Any:
        """Call it by keyword: the spaces of FEEL's parameter names are underscores in Python's."""
        named = {name.replace(" ", "_"): _plain(value, run.budget) for name, value in arguments.items()}
        return self._invoke([], named)

    def _invoke(self, positional: list[Any], named: dict[str, Any]) -> Any:
        try:
            result = self._function(*positional, **named)
        except FeelError:
            raise
        except Exception as error:
            raise FeelError(f"{self._name}: {error}") from error
        return list(result) if isinstance(result, tuple) else result


def _plain(value: Any, budget: Budget) -> Any:
    """The value with int and float for Decimal, copied, so that the function can keep or change it."""
    budget.spend()
    if isinstance(value, (list, tuple)):
        return [_plain(item, budget) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item, budget) for key, item in value.items()}
    return plain_number(value) if kind_of(value) == NUMBER else value
