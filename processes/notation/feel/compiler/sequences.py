"""``for``, ``some``, ``every`` and filters: whatever repeats an expression, and so charges the budget for it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from processes.notation.feel import tree
from processes.notation.feel.compare import both, either
from processes.notation.feel.compiler.dispatch import compile_node, compiles
from processes.notation.feel.scope import Code, Scope
from processes.notation.feel.values import DATE, NUMBER, NUMBERS, Range, kind_of, number

_DAY = datetime.timedelta(days=1)
_ONE = Decimal(1)
_Steps = list[tuple[str, Code, Code | None]]
_Visit = Callable[[Scope], Any]


def _compiled(iterations: tuple[tree.Iteration, ...]) -> _Steps:
    return [(i.name, compile_node(i.start), compile_node(i.end) if i.end is not None else None) for i in iterations]


@compiles(tree.For)
def _for(node: tree.For) -> Code:
    steps, body, weight = _compiled(node.iterations), compile_node(node.body), tree.weight(node.body)
    uses_partial = "partial" in tree.free_names(node.body)

    def code(scope: Scope) -> list[Any] | None:
        results: list[Any] = []
        budget = scope.run.budget

        def visit(inner: Scope) -> None:
            budget.spend(weight)
            if uses_partial:
                budget.check_list(len(results))
                inner = inner.inner({"partial": list(results)})
            results.append(body(inner))

        finished = _walk(steps, 0, scope, visit)
        budget.check_list(len(results))
        return results if finished else None

    return code


def _walk(steps: _Steps, level: int, scope: Scope, visit: _Visit) -> bool:
    """Visit every combination; False as soon as something is no sequence."""
    if level == len(steps):
        visit(scope)
        return True
    name, start, end = steps[level]
    values = iterated(start(scope), end(scope) if end else None, end is not None)
    if values is None:
        return False
    for value in values:
        scope.run.budget.spend()
        if not _walk(steps, level + 1, scope.inner({name: value}), visit):
            return False
    return True


@compiles(tree.Quantified)
def _quantified(node: tree.Quantified) -> Code:
    steps, condition, weight = _compiled(node.iterations), compile_node(node.condition), tree.weight(node.condition)
    combine, neutral = (both, True) if node.every else (either, False)

    def test(level: int, scope: Scope) -> Any:
        if level == len(steps):
            scope.run.budget.spend(weight)
            return condition(scope)
        name, start, end = steps[level]
        values = iterated(start(scope), end(scope) if end else None, end is not None)
        if values is None:
            return None
        result: bool | None = neutral
        for value in values:
            scope.run.budget.spend()
            result = combine(result, test(level + 1, scope.inner({name: value})))
            if result is not neutral and result is not None:
                return result
        return result

    return lambda scope: test(0, scope)


def iterated(start: Any, end: Any, has_end: bool) -> Iterable[Any] | None:
    """The values a loop runs over: a list's items, the whole steps of a range, or one value; None when null."""
    if has_end:
        kind = kind_of(start)
        return _steps_between(start, end) if kind == kind_of(end) and kind in (NUMBER, DATE) else None
    if isinstance(start, Range):
        return _steps_of(start)
    if isinstance(start, list):
        return start
    return None if start is None else [start]


def _steps_of(interval: Range) -> Iterable[Any] | None:
    low, high = interval.low, interval.high
    kind = kind_of(low)
    if kind != kind_of(high) or kind not in (NUMBER, DATE):
        return None
    step: Any = _ONE if kind == NUMBER else _DAY
    first: Any = number(low) if kind == NUMBER else low
    last: Any = number(high) if kind == NUMBER else high
    try:
        first = first if interval.low_closed else first + step
        last = last if interval.high_closed else last - step
    except ArithmeticError:
        return []
    return _steps_between(first, last) if first <= last else []


def _steps_between(start: Any, end: Any) -> Iterator[Any]:
    """Ones or days from start to end, both included, downwards when the end comes first. Endless where adding one to a
    huge number changes nothing: the loop's budget ends it."""
    if kind_of(start) == DATE:
        days = (end - start).days
        sign = 1 if days >= 0 else -1
        return (start + datetime.timedelta(days=sign * day) for day in range(abs(days) + 1))
    return _numbers_between(number(start), number(end))


def _numbers_between(value: Decimal, end: Decimal) -> Iterator[Decimal]:
    if value <= end:
        while value <= end:
            yield value
            value = NUMBERS.add(value, _ONE)
    else:
        while value >= end:
            yield value
            value = NUMBERS.subtract(value, _ONE)


@compiles(tree.Filter)
def _filter(node: tree.Filter) -> Code:
    source, condition, weight = compile_node(node.source), compile_node(node.condition), tree.weight(node.condition)

    def code(scope: Scope) -> Any:
        value = source(scope)
        items = value if isinstance(value, list) else [] if value is None else [value]
        if not items:
            return None if kind_of(condition(scope.inner({"item": None}))) == NUMBER else []
        kept: list[Any] = []
        for item in items:
            scope.run.budget.spend(weight)
            result = condition(item_scope(item, scope))
            if result is True:
                kept.append(item)
            elif kind_of(result) == NUMBER:
                return item_at(items, number(result))
        return kept

    return code


def item_scope(item: Any, scope: Scope) -> Scope:
    """The scope of a filter's condition: ``item``, and the members of an item that is a context."""
    inner = scope.inner({"item": item})
    return inner.inner(item) if isinstance(item, dict) else inner


def item_at(items: list[Any], index: Decimal) -> Any:
    """The item at an index from 1, or from the end at a negative one; null outside."""
    if index.adjusted() > 18 or index != index.to_integral_value():
        return None
    place = int(index)
    if 1 <= place <= len(items):
        return items[place - 1]
    return items[place] if -len(items) <= place < 0 else None
