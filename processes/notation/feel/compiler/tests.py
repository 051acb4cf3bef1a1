"""Unary tests: the cells of decision tables, and what stands after ``in``."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from processes.notation.feel import tree
from processes.notation.feel.compare import COMPARISONS, either, equals, in_range, is_in, negated
from processes.notation.feel.compiler.dispatch import compile_node, compiles
from processes.notation.feel.compiler.operators import range_of
from processes.notation.feel.scope import Code, Scope
from processes.notation.feel.values import Range

TestCode = Callable[[Scope, Any], bool | None]
"""A compiled test of the value under test."""

_CONSTANTS = (str, Decimal, bool, type(None), datetime.date, datetime.time, datetime.timedelta)


def compile_test_list(node: tree.UnaryTestList) -> TestCode:
    """The closure of a cell."""
    if not node.tests:
        return lambda scope, value: True
    test = _any_of([_compile_test(test, in_operator=False) for test in node.tests], node.tests)
    if node.is_negated:
        return lambda scope, value: negated(test(scope, value))
    return test


@compiles(tree.In)
def _in(node: tree.In) -> Code:
    value = compile_node(node.value)
    test = _any_of([_compile_test(test, in_operator=True) for test in node.tests], ())
    return lambda scope: test(scope, value(scope))


def _any_of(tests: list[TestCode], nodes: tuple[tree.Test, ...]) -> TestCode:
    if len(tests) == 1:
        return tests[0]
    strings = frozenset(text for text in map(_constant_string, nodes) if text is not None)

    def any_of(scope: Scope, value: Any) -> bool | None:
        if strings and type(value) is str and value in strings:
            return True
        result: bool | None = False
        for test in tests:
            result = either(result, test(scope, value))
            if result is True:
                return True
        return result

    return any_of


def _constant_string(test: tree.Test) -> str | None:
    if isinstance(test, tree.ValueTest) and isinstance(test.expression, tree.Literal):
        value = test.expression.value
        return value if isinstance(value, str) else None
    return None


def _compile_test(test: tree.Test, in_operator: bool) -> TestCode:
    if isinstance(test, tree.OperatorTest):
        compare, operand = COMPARISONS[test.operator], compile_node(test.operand)
        return lambda scope, value: compare(value, operand(scope), scope.run.budget)
    constant = _constant_test(test.expression)
    if constant is not None:
        return constant
    code, on_input = compile_node(test.expression), test.on_input

    def by_expression(scope: Scope, value: Any) -> bool | None:
        result = code(scope.inner({"?": value}) if on_input else scope)
        if isinstance(result, bool):
            # a condition decides by itself, unless it is there to be compared with a boolean
            if on_input or not (in_operator or isinstance(value, bool)):
                return result
            return equals(value, result, scope.run.budget)
        return _passes(value, result, scope)

    return by_expression


def _passes(value: Any, result: Any, scope: Scope) -> bool | None:
    if isinstance(result, Range):
        return in_range(value, result, scope.run.budget)
    if isinstance(result, list):
        return is_in(value, result, scope.run.budget)
    return equals(value, result, scope.run.budget)


def _constant_test(node: tree.Node) -> TestCode | None:
    """Tests against what is known already: a constant, or a range between constants."""
    if isinstance(node, tree.Literal) and isinstance(node.value, _CONSTANTS):
        expected = node.value
        return lambda scope, value: equals(value, expected, scope.run.budget)
    if not isinstance(node, tree.Interval):
        return None
    low, high = _constant_bound(node.low), _constant_bound(node.high)
    if low is None or high is None:
        return None
    interval = range_of(low, high, node.low_closed, node.high_closed)
    if interval is None:
        return None
    return lambda scope, value: in_range(value, interval, scope.run.budget)


def _constant_bound(node: tree.Node) -> Any:
    return node.value if isinstance(node, tree.Literal) else None
