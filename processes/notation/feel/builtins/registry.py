"""How a Python function becomes a built-in of FEEL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from processes.notation.feel.budget import Budget
from processes.notation.feel.scope import BUILT_IN, Run
from processes.notation.feel.values import Function

_Implementation = TypeVar("_Implementation", bound=Callable[..., Any])

_NO_RESULT = (TypeError, ValueError, ArithmeticError, LookupError)
"""What an implementation raises for arguments without a result: null in FEEL."""


class _Signature:
    """The parameters of one form of a built-in; a question mark ends the names of optional ones."""

    def __init__(self, text: str) -> None:
        names = [name.strip() for name in text.split(",")] if text else []
        self.names = tuple(name.rstrip("?") for name in names)
        self._required = {name for name in names if not name.endswith("?")}

    def positional(self, named: dict[str, Any]) -> list[Any] | None:
        """The named arguments in order, up to the last one given; None when they do not fit."""
        if not self._required <= named.keys() <= set(self.names):
            return None
        last = max((place for place, name in enumerate(self.names, 1) if name in named), default=0)
        return [named.get(name) for name in self.names[:last]]


class BuiltIn(Function):
    """A built-in function: its forms, each with the Python function that does the work."""

    def __init__(self) -> None:
        self._forms: list[tuple[_Signature, Callable[..., Any], bool]] = []

    def add(self, signature: str, function: Callable[..., Any], needs_run: bool) -> None:
        """Add a form; the first is the one for positional arguments."""
        self._forms.append((_Signature(signature), function, needs_run))
        self.parameters = self._forms[0][0].names

    def call(self, arguments: list[Any], run: Run) -> Any:
        """Apply the first form; null when the arguments do not fit."""
        _, function, needs_run = self._forms[0]
        return _applied(function, needs_run, arguments, run)

    def call_named(self, arguments: dict[str, Any], run: Run) -> Any:
        """Apply the form that has all these names."""
        for signature, function, needs_run in self._forms:
            positional = signature.positional(arguments)
            if positional is not None:
                return _applied(function, needs_run, positional, run)
        return None


def _applied(function: Callable[..., Any], needs_run: bool, arguments: list[Any], run: Run) -> Any:
    _charge(arguments, run.budget)
    try:
        return function(run, *arguments) if needs_run else function(*arguments)
    except _NO_RESULT:
        return None


def _charge(arguments: list[Any], budget: Budget) -> None:
    steps = 1
    for argument in arguments:
        if isinstance(argument, str):
            steps += len(argument) // 256
        elif isinstance(argument, (list, dict)):
            steps += len(argument) // 16
    budget.spend(steps)


def built_in(name: str, *signatures: str, needs_run: bool = False) -> Callable[[_Implementation], _Implementation]:
    """Register a function for forms of a FEEL function. With ``needs_run`` it is given the running evaluation first."""

    def register(function: _Implementation) -> _Implementation:
        target = BUILT_IN.setdefault(name, BuiltIn())
        assert isinstance(target, BuiltIn)
        for signature in signatures or ("",):
            target.add(signature, function, needs_run)
        return function

    return register


def needs_string(*values: Any) -> None:
    """Raise TypeError unless all are strings."""
    for value in values:
        if not isinstance(value, str):
            raise TypeError("a string expected")


def as_list(value: Any) -> list[Any]:
    """The list, or a list of the one value; raises TypeError for null."""
    if isinstance(value, list):
        return value
    if value is None:
        raise TypeError("a list expected")
    return [value]


def items_of(arguments: tuple[Any, ...]) -> list[Any]:
    """The items of a single list argument, or the arguments themselves: ``sum([1, 2])`` and ``sum(1, 2)``."""
    if not arguments:
        raise TypeError("arguments expected")
    return as_list(arguments[0]) if len(arguments) == 1 else list(arguments)
