"""The face of the package: compile a source once, evaluate it often."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from processes.notation.feel import tree
from processes.notation.feel.budget import Budget
from processes.notation.feel.builtins import KNOWN_NAMES
from processes.notation.feel.compiler import TestCode, compile_node, compile_test_list
from processes.notation.feel.errors import BudgetExceeded, FeelError, FeelSyntaxError
from processes.notation.feel.parser import Parser
from processes.notation.feel.scope import BUILT_IN, Clock, Code, Functions, Run, Scope

UNFORESEEN = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What data that is no JSON may make Python raise; nothing but our own errors leaves."""

_NOTHING: Mapping[str, Any] = {}


class Expression:
    """A compiled expression; holds nothing of an evaluation, so threads may share it.

    ``names`` are the variables and functions it takes from outside (those within filters may be members of the filtered
    items, and are left out).

    >>> compile_expression("a + 1").evaluate({"a": 2})
    Decimal('3')
    """

    __slots__ = ("code", "names", "source", "tree")

    def __init__(self, source: str, node: tree.Node, code: Code) -> None:
        self.source = source
        self.tree = node
        self.code = code
        self.names = frozenset(name for name in tree.free_names(node) if name not in BUILT_IN)

    def evaluate(
        self,
        variables: Mapping[str, Any],
        functions: Functions = _NOTHING,
        budget: Budget | None = None,
        clock: Clock | None = None,
    ) -> Any:
        """The FEEL value over JSON-like or FEEL variables, which are never changed; unknown names are null.

        ``functions`` are Python functions by their FEEL names. Raises :class:`FeelError` when one of them fails, and
        :class:`BudgetExceeded`.
        """
        try:
            return self.code(Scope(variables, None, Run(budget or Budget(), functions, clock)))
        except RecursionError as error:
            raise BudgetExceeded("the expression or its data are nested too deeply") from error
        except UNFORESEEN as error:
            raise FeelError(f"the data do not fit: {error}") from error


class UnaryTests:
    """A compiled input cell of a decision table.

    >>> compile_unary('"gold", "silver"').test("gold")
    True
    """

    __slots__ = ("code", "names", "source", "tree")

    def __init__(self, source: str, node: tree.UnaryTestList, code: TestCode) -> None:
        self.source = source
        self.tree = node
        self.code = code
        self.names = frozenset(name for name in tree.free_names(node) if name not in BUILT_IN and name != "?")

    def test(
        self,
        value: Any,
        variables: Mapping[str, Any] = _NOTHING,
        functions: Functions = _NOTHING,
        budget: Budget | None = None,
        clock: Clock | None = None,
    ) -> bool | None:
        """Whether the value passes; null when it can't be told. Raises like :meth:`Expression.evaluate`."""
        try:
            return self.code(Scope(variables, None, Run(budget or Budget(), functions, clock)), value)
        except RecursionError as error:
            raise BudgetExceeded("the expression or its data are nested too deeply") from error
        except UNFORESEEN as error:
            raise FeelError(f"the data do not fit: {error}") from error


@functools.lru_cache(4096)
def compile_expression(source: str, names: frozenset[str] = frozenset()) -> Expression:
    """Parse and compile an expression, once a source. Raises :class:`FeelSyntaxError`.

    ``names`` are names the source may use that hold operators or keywords; names with spaces are understood without.
    """
    try:
        node = Parser(source, (*KNOWN_NAMES, *names)).expression()
        return Expression(source, node, compile_node(node))
    except RecursionError as error:
        raise FeelSyntaxError("nested too deeply") from error


@functools.lru_cache(4096)
def compile_unary(source: str, names: frozenset[str] = frozenset()) -> UnaryTests:
    """Parse and compile unary tests, once a source; see :func:`compile_expression`."""
    try:
        node = Parser(source, (*KNOWN_NAMES, *names)).unary_tests()
        return UnaryTests(source, node, compile_test_list(node))
    except RecursionError as error:
        raise FeelSyntaxError("nested too deeply") from error
