"""The tree of a parsed expression: plain values, nothing evaluated. Chains are flat so that long ones stay shallow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Node:
    """Any part of an expression."""


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A number, string, boolean, null, or an ``@"…"`` value (null when its text is no temporal value)."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A variable, parameter or function; ``?`` is the value under test."""

    name: str


@dataclass(frozen=True, slots=True)
class Path(Node):
    """``source.name``."""

    source: Node
    name: str


@dataclass(frozen=True, slots=True)
class Filter(Node):
    """``source[condition]``: an index or a condition on each item."""

    source: Node
    condition: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """``function(…)`` with positional or named arguments, never both."""

    function: Node
    positional: tuple[Node, ...]
    named: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class If(Node):
    """``if … then … else …``."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Iteration(Node):
    """``name in start`` or ``name in start..end``."""

    name: str
    start: Node
    end: Node | None


@dataclass(frozen=True, slots=True)
class For(Node):
    """``for … return body``."""

    iterations: tuple[Iteration, ...]
    body: Node


@dataclass(frozen=True, slots=True)
class Quantified(Node):
    """``some … satisfies …`` or ``every … satisfies …``."""

    every: bool
    iterations: tuple[Iteration, ...]
    condition: Node


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type by name; ``arguments`` are the members of list, range, context and function types."""

    name: str
    arguments: tuple[TypeName, ...] = ()
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FunctionDefinition(Node):
    """``function(a, b: number) body``; without a body it is external, which this engine does not run."""

    parameters: tuple[str, ...]
    types: tuple[TypeName | None, ...]
    body: Node | None


@dataclass(frozen=True, slots=True)
class Logical(Node):
    """A chain of ``and`` or of ``or``."""

    conjunction: bool
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """``left operator right`` with one of ``= != < <= > >=``."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Between(Node):
    """``value between low and high``."""

    value: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class OperatorTest(Node):
    """A unary test such as ``< 5``; the value under test stands on its left."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class ValueTest(Node):
    """A unary test by an expression: a value to equal, a range or list to be in, or a condition on ``?``."""

    expression: Node
    on_input: bool


Test = OperatorTest | ValueTest


@dataclass(frozen=True, slots=True)
class In(Node):
    """``value in tests``."""

    value: Node
    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class InstanceOf(Node):
    """``value instance of type``."""

    value: Node
    type: TypeName


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """A chain of operators of one level, worked from the left: ``first op operand op operand``."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Negation(Node):
    """``-operand``."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Interval(Node):
    """``[low..high]`` and its open forms."""

    low: Node
    high: Node
    low_closed: bool
    high_closed: bool


@dataclass(frozen=True, slots=True)
class OneSided(Node):
    """``(< bound)``: the range of what the comparison holds for."""

    operator: str
    bound: Node


@dataclass(frozen=True, slots=True)
class ListOf(Node):
    """``[a, b]``."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ContextOf(Node):
    """``{a: 1, b: a + 1}``; entries see earlier ones."""

    entries: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class UnaryTestList(Node):
    """A cell: any of the tests, or none of them when negated; without tests (``-``) everything passes."""

    tests: tuple[Test, ...]
    is_negated: bool


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below."""
    for field in fields(node):
        yield from _nodes_in(getattr(node, field.name))


def _nodes_in(value: Any) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _nodes_in(item)


def weight(node: Node) -> int:
    """The number of nodes: what one evaluation of it costs at most, loops aside."""
    total, todo = 0, [node]
    while todo:
        total += 1
        todo.extend(children(todo.pop()))
    return total


def free_names(node: Node, bound: frozenset[str] = frozenset()) -> frozenset[str]:
    """The names an expression takes from outside. Names within filters may be members of the items: they are left out."""
    if isinstance(node, Name):
        return frozenset() if node.name in bound else frozenset((node.name,))
    if isinstance(node, Filter):
        return free_names(node.source, bound)
    if isinstance(node, For | Quantified):
        return _free_in_iterations(node, bound)
    if isinstance(node, FunctionDefinition):
        return free_names(node.body, bound.union(node.parameters)) if node.body else frozenset()
    if isinstance(node, ContextOf):
        return _free_in_context(node, bound)
    return frozenset().union(*(free_names(child, bound) for child in children(node)))


def _free_in_iterations(node: For | Quantified, bound: frozenset[str]) -> frozenset[str]:
    names: frozenset[str] = frozenset()
    for iteration in node.iterations:
        names |= free_names(iteration.start, bound)
        if iteration.end is not None:
            names |= free_names(iteration.end, bound)
        bound |= {iteration.name}
    if isinstance(node, For):
        return names | free_names(node.body, bound | {"partial"})
    return names | free_names(node.condition, bound)


def _free_in_context(node: ContextOf, bound: frozenset[str]) -> frozenset[str]:
    names: frozenset[str] = frozenset()
    for key, value in node.entries:
        # a function may call itself by the name of its own entry
        own = {key} if isinstance(value, FunctionDefinition) else set()
        names |= free_names(value, bound | own)
        bound |= {key}
    return names
