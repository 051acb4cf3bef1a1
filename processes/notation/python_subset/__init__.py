"""A small Python for diagrams from elsewhere: conditions and scripts on an AST whitelist, run with a budget.

Assignment, ``if``, ``for`` and comprehensions; no ``while``, ``def``, ``import`` or ``try``; attributes only of data and of
whitelisted methods. Nothing reaches ``eval`` or ``exec``.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from processes.notation.feel.budget import Budget
from processes.notation.feel.json_values import is_plain, to_json
from processes.notation.python_subset.compiling import charged
from processes.notation.python_subset.errors import SubsetError
from processes.notation.python_subset.run import Functions, Run
from processes.notation.python_subset.statements import block, changes_in_place
from processes.notation.python_subset.syntax import parse_expression, parse_script

__all__ = ["Condition", "Script", "SubsetError", "compile_condition", "compile_script", "evaluate", "execute"]

_NOTHING: Functions = {}
_SHORT = 1_000
_SEQUENCES = frozenset({list, tuple, range, set})
_STEPS = 100_000
"""A node costs a step, and about a microsecond: a tenth of a second."""


class Condition:
    """A compiled expression, to be evaluated often; threads may share it."""

    __slots__ = ("_evaluate", "_name", "source")

    def __init__(self, source: str, tree: ast.Expression) -> None:
        self.source = source
        self._evaluate = charged(tree.body)
        self._name = tree.body.id if isinstance(tree.body, ast.Name) else None
        """the variable that it is, when it is no more than that: JSON already, as it stands"""

    def evaluate(
        self, variables: Mapping[str, Any], functions: Functions = _NOTHING, budget: Budget | None = None
    ) -> Any:
        """The JSON value over variables that are never changed. Raises :class:`SubsetError`."""
        if self._name is not None and self._name in variables:
            return variables[self._name]
        return Run(variables, functions, budget or Budget(_STEPS), changing=False).result(self._result)

    def _result(self, run: Run) -> Any:
        return _left(self._evaluate(run), run.budget)


class Script:
    """Compiled statements, to be executed often; threads may share them."""

    __slots__ = ("_changing", "_execute", "source")

    def __init__(self, source: str, tree: ast.Module) -> None:
        self.source = source
        self._changing = changes_in_place(tree)
        self._execute = block(tree.body)

    def execute(
        self, variables: Mapping[str, Any], functions: Functions = _NOTHING, budget: Budget | None = None
    ) -> dict[str, Any]:
        """The variables that were changed or added, as JSON; deleted ones are null. Raises :class:`SubsetError`."""
        run = Run(variables, functions, budget or Budget(_STEPS), self._changing)
        changes: dict[str, Any] = run.result(lambda run: self._changes(run, variables))
        return changes

    def _changes(self, run: Run, variables: Mapping[str, Any]) -> dict[str, Any]:
        self._execute(run)
        changes: dict[str, Any] = {name: None for name in sorted(run.deleted) if name in variables}
        for name, value in run.names.items():
            after = _left(value, run.budget)
            if name not in variables or not _same(variables[name], after):
                changes[name] = after
        return changes


def _left(value: Any, budget: Budget) -> Any:
    """The value as it leaves: JSON only, tuples and sets as lists."""
    if value is None or value is True or value is False or (type(value) is str and len(value) < _SHORT):
        return value
    return _plain(value, budget)


def _plain(value: Any, budget: Budget) -> Any:
    kind = type(value)
    if kind is str:
        budget.spend(1 + len(value) // 64)
        return value
    if value is None or kind is bool or is_plain(value):
        budget.spend()
        return value
    if kind is dict and all(type(key) is str for key in value):
        budget.spend()
        return {key: _plain(item, budget) for key, item in value.items()}
    if kind in _SEQUENCES:
        budget.spend()
        return [_plain(item, budget) for item in (sorted(value, key=repr) if kind is set else value)]
    return to_json(value, budget)


def _same(before: Any, after: Any) -> bool:
    """Equal JSON, with true and 1 told apart."""
    if type(before) is not type(after):
        return False
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(_same(before[key], after[key]) for key in before)
    if isinstance(before, list):
        return len(before) == len(after) and all(_same(a, b) for a, b in zip(before, after, strict=True))
    return bool(before == after)


@lru_cache(2048)
def compile_condition(source: str) -> Condition:
    """Read an expression; raises :class:`SubsetError` where it leaves the subset. Cached."""
    return Condition(source, parse_expression(source))


@lru_cache(1024)
def compile_script(source: str) -> Script:
    """Read a script; raises :class:`SubsetError` where it leaves the subset. Cached."""
    return Script(source, parse_script(source))


def evaluate(expression: str, variables: Mapping[str, Any], functions: Functions = _NOTHING) -> Any:
    """The JSON value of an expression; see :class:`Condition`."""
    return compile_condition(expression).evaluate(variables, functions)


def execute(script: str, variables: Mapping[str, Any], functions: Functions = _NOTHING) -> dict[str, Any]:
    """The variables a script changed or added; see :class:`Script`."""
    return compile_script(script).execute(variables, functions)
