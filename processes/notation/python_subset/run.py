"""One evaluation: its names, its budget, and where it is."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from processes.notation.feel.budget import Budget
from processes.notation.feel.errors import FeelError
from processes.notation.python_subset.errors import Refused, SubsetError
from processes.notation.python_subset.library import FUNCTIONS

Functions = Mapping[str, Callable[..., Any]]


class RegisteredFailure(Exception):
    """A function of the caller's failed; the cause says how."""


class Run:
    """One evaluation. ``variables`` are only read; what may change values in place works on copies of those it touches, kept in ``names``."""

    __slots__ = ("_functions", "_variables", "at", "budget", "changing", "deleted", "names")

    def __init__(self, variables: Mapping[str, Any], functions: Functions, budget: Budget, changing: bool) -> None:
        self.names: dict[str, Any] = {}
        self.budget = budget
        self.deleted: set[str] = set()
        self.changing = changing
        """whether values may be changed in place"""
        self.at: ast.AST | None = None
        """what is worked out"""
        self._variables = variables
        self._functions = functions

    def result(self, action: Callable[[Run], Any]) -> Any:
        """What an action gives; whatever fails becomes a SubsetError with its place."""
        try:
            return action(self)
        except SubsetError:
            raise
        except RegisteredFailure as error:
            raise self._failure(str(error)) from error.__cause__
        except (Refused, FeelError) as error:
            raise self._failure(str(error)) from error
        except RecursionError as error:
            raise self._failure("nested too deeply") from error
        except (TypeError, ValueError, LookupError, ArithmeticError, NameError, AttributeError) as error:
            raise self._failure(f"{type(error).__name__}: {str(error)[:200]}") from error

    def _failure(self, message: str) -> SubsetError:
        line = getattr(self.at, "lineno", 1)
        return SubsetError(message, line, getattr(self.at, "col_offset", 0) + 1)

    def variable(self, name: str) -> Any:
        """The value of a name that the evaluation has not given one."""
        if name in self._variables and name not in self.deleted:
            value = self._variables[name]
            if self.changing:
                value = self.names[name] = self.copied(value)
            return value
        if self.function(name) is not None:
            raise Refused(f"the function {name} is no value")
        raise NameError(f"{name} is not known")

    def copied(self, value: Any) -> Any:
        """A deep copy of JSON containers."""
        self.budget.spend()
        if isinstance(value, dict):
            return {key: self.copied(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.copied(item) for item in value]
        return value

    def assign(self, name: str, value: Any) -> None:
        """Give a value to a name."""
        if name in FUNCTIONS or self.function(name) is not None:
            raise Refused(f"{name} is a function")
        self.names[name] = value

    def function(self, name: str) -> Callable[..., Any] | None:
        """A function of the caller's; the spaces of its name are underscores here."""
        return self._functions.get(name) or self._functions.get(name.replace("_", " "))
