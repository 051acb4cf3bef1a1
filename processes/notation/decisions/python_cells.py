"""Cells of tables that say they are written in Python: the subset of :mod:`processes.notation.python_subset`.

A cell reads as SpiffWorkflow's own tables do: ``4 < ? < 6`` with the input in place of the question mark, ``> 5`` with the
input on the left, else a value to be equal to.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from processes.notation import python_subset
from processes.notation.feel.compiler import TestCode
from processes.notation.feel.errors import FeelError
from processes.notation.feel.json_values import plain_number
from processes.notation.feel.scope import Code, Scope
from processes.notation.python_subset import Condition, SubsetError

_INPUT = "value_under_test"
_INPUT_MARK = re.compile(r"""("[^"]*"|'[^']*')|\?""")


def compile_python(source: str) -> Code:
    """The closure of a Python expression; raises SubsetError."""
    condition = python_subset.compile_condition(source)
    return lambda scope: _evaluate(condition, _visible(scope), scope)


def compile_python_test(source: str) -> TestCode:
    """The closure of a Python cell; raises SubsetError."""
    condition = _cell(source)
    return lambda scope, value: bool(_evaluate(condition, {**_visible(scope), _INPUT: _plain(value)}, scope))


def _cell(source: str) -> Condition:
    marked = _INPUT_MARK.sub(lambda found: found[1] or _INPUT, source)
    if marked != source:
        return python_subset.compile_condition(marked)
    try:
        return python_subset.compile_condition(f"{_INPUT} == ({source}\n)")
    except SubsetError:
        return python_subset.compile_condition(f"{_INPUT} {source}")


def _evaluate(condition: Condition, variables: dict[str, Any], scope: Scope) -> Any:
    try:
        return condition.evaluate(variables, scope.run.functions)
    except SubsetError as error:
        raise FeelError(str(error)) from error


def _visible(scope: Scope) -> dict[str, Any]:
    layers = []
    layer: Scope | None = scope
    while layer is not None:
        layers.append(layer.entries)
        layer = layer.parent
    return {name: _plain(value) for entries in reversed(layers) for name, value in entries.items()}


def _plain(value: Any) -> Any:
    return plain_number(value) if isinstance(value, Decimal) else value
