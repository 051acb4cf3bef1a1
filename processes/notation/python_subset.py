"""The Python subset for diagrams from elsewhere: an AST whitelist walked with a budget, never compiled or executed."""
# mypy: ignore-errors

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from processes.notation import _subset
from processes.notation._subset import Unsafe


class SubsetError(Exception):
    """The source is outside the subset, failed, or went over its budget."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message, self.line, self.column = message, line, column


def _guard(action: Callable[[], Any]) -> Any:
    try:
        return action()
    except SubsetError:
        raise
    except SyntaxError as error:
        raise SubsetError(str(error.msg), error.lineno or 1, error.offset or 1) from error
    except (Unsafe, Exception) as error:
        raise SubsetError(f"{type(error).__name__}: {error}") from error


def compile_condition(source: str) -> Any:
    """Parse and check an expression; raises :class:`SubsetError`."""
    return _guard(lambda: _subset.parse(source, "eval"))


def compile_script(source: str) -> Any:
    return _guard(lambda: _subset.parse(source, "exec"))


def evaluate(source: str, variables: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]] = {}) -> Any:
    return _guard(lambda: _subset.evaluate(source, copy.deepcopy(dict(variables)), functions))


def execute(
    script: str, variables: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]] = {}
) -> dict[str, Any]:
    """Run a script on a deep copy and return the variables it changed or added."""

    def run() -> dict[str, Any]:
        data = copy.deepcopy(dict(variables))
        _subset.execute(script, data, functions)
        return {k: v for k, v in data.items() if k not in variables or variables[k] != v or type(variables[k]) is not type(v)}

    return _guard(run)
