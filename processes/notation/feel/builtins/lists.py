"""Functions on lists. Positions count from 1, and from the end when negative."""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import Any

from processes.notation.feel.budget import Budget
from processes.notation.feel.builtins.registry import as_list, built_in, items_of, needs_string
from processes.notation.feel.compare import contains_equal, equals, less
from processes.notation.feel.scope import Run
from processes.notation.feel.values import Function, integer


def start_of(length: int, position: Any) -> int | None:
    """The index from 0 of a FEEL position in something of that length; None outside."""
    place = integer(position)
    if place == 0 or abs(place) > length:
        return None
    return place - 1 if place > 0 else length + place


@built_in("list contains", "list, element", needs_run=True)
def _list_contains(run: Run, items: Any, element: Any) -> bool:
    return contains_equal(as_list(items), element, run.budget)


@built_in("count", "list")
def _count(items: Any) -> Decimal:
    return Decimal(len(as_list(items)))


def _extreme(arguments: tuple[Any, ...], largest: bool) -> Any:
    values = items_of(arguments)
    if not values or less(values[0], values[0]) is None:
        return None
    best = values[0]
    for value in values[1:]:
        better = less(best, value) if largest else less(value, best)
        if better is None:
            return None
        if better:
            best = value
    return best


@built_in("min", "list")
def _min(*arguments: Any) -> Any:
    return _extreme(arguments, largest=False)


@built_in("max", "list")
def _max(*arguments: Any) -> Any:
    return _extreme(arguments, largest=True)


@built_in("sublist", "list, start position, length?")
def _sublist(items: Any, position: Any, length: Any = None) -> list[Any] | None:
    values = as_list(items)
    start = start_of(len(values), position)
    if start is None:
        return None
    if length is None:
        return values[start:]
    wanted = integer(length)
    return values[start : start + wanted] if 1 <= wanted <= len(values) - start else None


@built_in("append", "list, item")
def _append(items: Any, *more: Any) -> list[Any]:
    return [*as_list(items), *more]


def _joined(run: Run, lists: tuple[Any, ...]) -> list[Any]:
    parts = [as_list(part) for part in lists]
    run.budget.check_list(sum(map(len, parts)))
    return [item for part in parts for item in part]


@built_in("concatenate", "list", needs_run=True)
def _concatenate(run: Run, *lists: Any) -> list[Any]:
    return _joined(run, lists)


@built_in("union", "list", needs_run=True)
def _union(run: Run, *lists: Any) -> list[Any]:
    return distinct(_joined(run, lists), run.budget)


@built_in("distinct values", "list", needs_run=True)
def _distinct_values(run: Run, items: Any) -> list[Any]:
    return distinct(as_list(items), run.budget)


def distinct(items: list[Any], budget: Budget) -> list[Any]:
    """The items without those equal to an earlier one."""
    kept: list[Any] = []
    for item in items:
        if not contains_equal(kept, item, budget):
            kept.append(item)
    return kept


@built_in("insert before", "list, position, newItem")
def _insert_before(items: Any, position: Any, item: Any) -> list[Any] | None:
    values = as_list(items)
    start = start_of(len(values), position)
    return None if start is None else [*values[:start], item, *values[start:]]


@built_in("remove", "list, position")
def _remove(items: Any, position: Any) -> list[Any] | None:
    values = as_list(items)
    start = start_of(len(values), position)
    return None if start is None else values[:start] + values[start + 1 :]


@built_in("list replace", "list, position, newItem", "list, match, newItem", needs_run=True)
def _list_replace(run: Run, items: Any, position: Any, item: Any) -> list[Any] | None:
    values = as_list(items)
    if isinstance(position, Function):
        return _replaced_where(run, values, position, item)
    start = start_of(len(values), position)
    return None if start is None else [*values[:start], item, *values[start + 1 :]]


def _replaced_where(run: Run, values: list[Any], match: Function, item: Any) -> list[Any] | None:
    if len(match.parameters) != 2:
        return None
    result = []
    for value in values:
        matches = match.call([value, item], run)
        if not isinstance(matches, bool):
            return None
        result.append(item if matches else value)
    return result


@built_in("reverse", "list")
def _reverse(items: Any) -> list[Any]:
    return as_list(items)[::-1]


@built_in("index of", "list, match", needs_run=True)
def _index_of(run: Run, items: Any, match: Any) -> list[Decimal]:
    run.budget.spend(len(as_list(items)))
    return [Decimal(place) for place, item in enumerate(as_list(items), 1) if equals(item, match, run.budget) is True]


@built_in("flatten", "list", needs_run=True)
def _flatten(run: Run, items: Any) -> list[Any]:
    result: list[Any] = []
    waiting = [iter(as_list(items))]
    while waiting:
        for item in waiting[-1]:
            run.budget.spend()
            if isinstance(item, list):
                waiting.append(iter(item))
                break
            result.append(item)
        else:
            waiting.pop()
    run.budget.check_list(len(result))
    return result


@built_in("string join", "list, delimiter?", needs_run=True)
def _string_join(run: Run, items: Any, delimiter: Any = None) -> str:
    parts = [item for item in as_list(items) if item is not None]
    between = "" if delimiter is None else delimiter
    needs_string(between, *parts)
    run.budget.check_string(sum(map(len, parts)) + len(between) * len(parts))
    return between.join(parts)


@built_in("sort", "list, precedes?", needs_run=True)
def _sort(run: Run, items: Any, precedes: Any = None) -> list[Any] | None:
    values = as_list(items)
    if precedes is not None and (not isinstance(precedes, Function) or len(precedes.parameters) != 2):
        return None
    run.budget.spend(len(values))

    def order(left: Any, right: Any) -> int:
        before = precedes.call([left, right], run) if precedes is not None else less(left, right)
        return -1 if before is True else 1

    return sorted(values, key=functools.cmp_to_key(order))
