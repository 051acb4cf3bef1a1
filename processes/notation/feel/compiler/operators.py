"""Literals, names, paths, contexts, operators and conditions."""

from __future__ import annotations

from typing import Any

from processes.notation.feel import tree
from processes.notation.feel.arithmetic import FAILURES, OPERATORS, negate
from processes.notation.feel.compare import COMPARISONS, both, less
from processes.notation.feel.compiler.dispatch import compile_node, compiles
from processes.notation.feel.conformance import is_instance
from processes.notation.feel.scope import Code, Scope
from processes.notation.feel.temporal import temporal_property
from processes.notation.feel.values import Range


@compiles(tree.Literal)
def _literal(node: tree.Literal) -> Code:
    value = node.value
    return lambda scope: value


@compiles(tree.Name)
def _name(node: tree.Name) -> Code:
    name = node.name

    def code(scope: Scope) -> Any:
        layer: Scope | None = scope
        while layer is not None:
            if name in layer.entries:
                return layer.entries[name]
            layer = layer.parent
        return scope.run.function(name)

    return code


@compiles(tree.Path)
def _path(node: tree.Path) -> Code:
    source, name = compile_node(node.source), node.name

    def code(scope: Scope) -> Any:
        value = source(scope)
        return value.get(name) if type(value) is dict else member(value, name, scope)

    return code


def member(value: Any, name: str, scope: Scope) -> Any:
    """``value.name``: of a context, of each item of a list, or a property of a temporal value or range."""
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, list):
        scope.run.budget.check_list(len(value))
        return [member(item, name, scope) for item in value]
    if isinstance(value, Range):
        return {
            "start": value.low,
            "end": value.high,
            "start included": value.low_closed,
            "end included": value.high_closed,
        }.get(name)
    return temporal_property(value, name)


@compiles(tree.ListOf)
def _list(node: tree.ListOf) -> Code:
    items = [compile_node(item) for item in node.items]
    return lambda scope: [item(scope) for item in items]


@compiles(tree.ContextOf)
def _context(node: tree.ContextOf) -> Code:
    entries = [(key, compile_node(value)) for key, value in node.entries]
    if len({key for key, _ in entries}) != len(entries):
        return lambda scope: None

    def code(scope: Scope) -> dict[str, Any]:
        context: dict[str, Any] = {}
        inner = scope.inner(context)
        for key, value in entries:
            context[key] = value(inner)
        return context

    return code


@compiles(tree.Interval)
def _interval(node: tree.Interval) -> Code:
    low, high, low_closed, high_closed = (
        compile_node(node.low),
        compile_node(node.high),
        node.low_closed,
        node.high_closed,
    )

    def code(scope: Scope) -> Range | None:
        return range_of(low(scope), high(scope), low_closed, high_closed)

    return code


@compiles(tree.OneSided)
def _one_sided(node: tree.OneSided) -> Code:
    operator, bound = node.operator, compile_node(node.bound)
    return lambda scope: one_sided(operator, bound(scope))


def one_sided(operator: str, bound: Any) -> Range:
    """The range of what ``operator bound`` holds for."""
    if operator in ("=", "!="):
        return Range(bound, bound, True, True, operator)
    if operator[0] == "<":
        return Range(None, bound, False, operator == "<=", operator)
    return Range(bound, None, operator == ">=", False, operator)


def range_of(low: Any, high: Any, low_closed: bool, high_closed: bool) -> Range | None:
    """The range between two bounds of which one may be missing; null when they have no order or the wrong one."""
    if low is None and high is None:
        return None
    if low is not None and high is not None and less(high, low) is not False:
        return None
    return Range(low, high, low_closed and low is not None, high_closed and high is not None)


@compiles(tree.If)
def _if(node: tree.If) -> Code:
    condition, then, otherwise = compile_node(node.condition), compile_node(node.then), compile_node(node.otherwise)
    return lambda scope: then(scope) if condition(scope) is True else otherwise(scope)


@compiles(tree.Logical)
def _logical(node: tree.Logical) -> Code:
    operands = [compile_node(operand) for operand in node.operands]
    neutral, deciding = node.conjunction, not node.conjunction

    def code(scope: Scope) -> bool | None:
        result: bool | None = neutral
        for operand in operands:
            value = operand(scope)
            if value is deciding:
                return not neutral
            if value is not neutral:
                result = None
        return result

    return code


@compiles(tree.Comparison)
def _comparison(node: tree.Comparison) -> Code:
    compare, left, right = COMPARISONS[node.operator], compile_node(node.left), compile_node(node.right)
    return lambda scope: compare(left(scope), right(scope), scope.run.budget)


@compiles(tree.Between)
def _between(node: tree.Between) -> Code:
    value, low, high = compile_node(node.value), compile_node(node.low), compile_node(node.high)
    at_least, at_most = COMPARISONS[">="], COMPARISONS["<="]

    def code(scope: Scope) -> bool | None:
        tested, budget = value(scope), scope.run.budget
        return both(at_least(tested, low(scope), budget), at_most(tested, high(scope), budget))

    return code


@compiles(tree.InstanceOf)
def _instance_of(node: tree.InstanceOf) -> Code:
    value, wanted = compile_node(node.value), node.type
    return lambda scope: is_instance(value(scope), wanted, scope.run.is_of_named_type)


@compiles(tree.Arithmetic)
def _arithmetic(node: tree.Arithmetic) -> Code:
    first = compile_node(node.first)
    rest = [(OPERATORS[operator], compile_node(operand)) for operator, operand in node.rest]

    def code(scope: Scope) -> Any:
        value, budget = first(scope), scope.run.budget
        for operate, operand in rest:
            right = operand(scope)
            try:
                value = operate(value, right, budget)
            except FAILURES:
                value = None
        return value

    return code


@compiles(tree.Negation)
def _negation(node: tree.Negation) -> Code:
    operand = compile_node(node.operand)

    def code(scope: Scope) -> Any:
        try:
            return negate(operand(scope))
        except FAILURES:
            return None

    return code
