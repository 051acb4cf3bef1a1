"""The functions and methods of the subset. Everything iterable that a function gives is a list, so nothing lazy leaves."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from processes.notation.feel.budget import MAX_LIST, MAX_STRING, Budget
from processes.notation.python_subset.errors import Refused
from processes.notation.python_subset.operations import as_text, charge_tree, check_key

_ITERABLES = (list, tuple, dict, set, str, range)
_MAX_DIGITS = 30
_MAX_NUMBER_TEXT = 400


def iterate(value: Any, budget: Budget) -> Iterable[Any]:
    """The items of something that can be gone through, charged one by one."""
    if not isinstance(value, _ITERABLES):
        raise Refused(f"a {type(value).__name__} can't be gone through")
    for item in value:
        budget.spend()
        yield item


def _items(value: Any, budget: Budget) -> list[Any]:
    if not isinstance(value, _ITERABLES):
        raise Refused(f"a {type(value).__name__} is no list")
    budget.check_list(len(value))
    return list(value)


def _ordered(value: Any, budget: Budget) -> list[Any]:
    items = _items(value, budget)
    charge_tree(items, budget)
    return items


def _sorted(budget: Budget, value: Any, reverse: bool = False) -> list[Any]:
    return sorted(_ordered(value, budget), reverse=bool(reverse))


def _extreme(function: Callable[..., Any]) -> Callable[..., Any]:
    def extreme(budget: Budget, *values: Any, default: Any = None) -> Any:
        items = _ordered(values[0] if len(values) == 1 else values, budget)
        return function(items) if items or default is None else default

    return extreme


def _sum(budget: Budget, value: Any, start: Any = 0) -> Any:
    total = start
    for item in (start, *_items(value, budget)):
        if not isinstance(item, int | float | Decimal | datetime.timedelta):
            raise Refused("sum is for numbers only")
    for item in _items(value, budget):
        total = total + item
    return total


def _range(budget: Budget, *bounds: int) -> range:
    numbers = range(*bounds)
    if max(abs(numbers.start), abs(numbers.stop)) > 2**62 or len(numbers) > MAX_LIST:
        raise Refused("the range is too long")
    return numbers


def _int(budget: Budget, value: Any = 0) -> int:
    if isinstance(value, str) and len(value) > _MAX_NUMBER_TEXT:
        raise Refused("the number is too large")
    return int(value)


def _float(budget: Budget, value: Any = 0) -> float:
    if isinstance(value, str) and len(value) > _MAX_NUMBER_TEXT:
        raise Refused("the number is too large")
    return float(value)


def _round(budget: Budget, value: Any, digits: int | None = None) -> Any:
    if digits is not None and abs(digits) > _MAX_DIGITS:
        raise Refused("too many digits to round to")
    return round(value) if digits is None else round(value, digits)


def _dict(budget: Budget, value: Any = (), **entries: Any) -> dict[Any, Any]:
    if isinstance(value, dict):
        budget.check_list(len(value))
        return {**value, **entries}
    return {**{check_key(key): item for key, item in _items(value, budget)}, **entries}


def _set(budget: Budget, value: Any = ()) -> set[Any]:
    return {check_key(item) for item in _items(value, budget)}


def _zip(budget: Budget, *values: Any) -> list[Any]:
    return list(zip(*(_items(value, budget) for value in values), strict=False))


def _enumerate(budget: Budget, value: Any, start: int = 0) -> list[Any]:
    return list(enumerate(_items(value, budget), start))


def _length(budget: Budget, value: Any) -> int:
    return len(value)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "len": _length,
    "abs": lambda budget, value: abs(value),
    "min": _extreme(min),
    "max": _extreme(max),
    "sum": _sum,
    "round": _round,
    "int": _int,
    "float": _float,
    "str": lambda budget, value="": as_text(value, budget),
    "bool": lambda budget, value=False: bool(value),
    "list": lambda budget, value=(): _items(value, budget),
    "tuple": lambda budget, value=(): tuple(_items(value, budget)),
    "dict": _dict,
    "set": _set,
    "sorted": _sorted,
    "any": lambda budget, value: any(_items(value, budget)),
    "all": lambda budget, value: all(_items(value, budget)),
    "range": _range,
    "enumerate": _enumerate,
    "zip": _zip,
    "reversed": lambda budget, value: _items(value, budget)[::-1],
    "timedelta": lambda budget, *parts, **named: datetime.timedelta(*parts, **named),
    "datetime": lambda budget, *parts, **named: datetime.datetime(*parts, **named),
    "date": lambda budget, *parts, **named: datetime.date(*parts, **named),
}
"""Called with the budget first."""


def _join(budget: Budget, separator: str, parts: Any) -> str:
    texts = _items(parts, budget)
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("join is for strings only")
    budget.check_string(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


def _replace(budget: Budget, text: str, old: str, new: str) -> str:
    times = text.count(old)
    if len(text) + times * (len(new) - len(old)) > MAX_STRING:
        raise Refused("the result is too large")
    return text.replace(old, new)


def _searched(method: Callable[..., Any]) -> Callable[..., Any]:
    """A list's method that compares its items with a value."""

    def searched(budget: Budget, items: Any, value: Any) -> Any:
        charge_tree(items, budget)
        charge_tree(value, budget)
        return method(items, value)

    return searched


def _plain(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method whose cost is that of going through its object once."""

    def plain(budget: Budget, target: Any, *arguments: Any, **named: Any) -> Any:
        if isinstance(target, _ITERABLES):
            budget.spend(1 + len(target) // 16)
        return method(target, *arguments, **named)

    return plain


def _keyed(method: Callable[..., Any]) -> Callable[..., Any]:
    """A dict's method whose first argument is a key."""

    def keyed(budget: Budget, target: dict[Any, Any], key: Any, *default: Any) -> Any:
        return method(target, check_key(key), *default)

    return keyed


def _listed(method: Callable[..., Any]) -> Callable[..., Any]:
    def listed(budget: Budget, target: dict[Any, Any]) -> list[Any]:
        budget.check_list(len(target))
        return list(method(target))

    return listed


def _update(budget: Budget, target: dict[Any, Any], other: Any = (), **entries: Any) -> None:
    target.update(_dict(budget, other, **entries))
    budget.check_list(len(target))


def _append(budget: Budget, target: list[Any], value: Any) -> None:
    budget.spend()
    target.append(value)
    if len(target) > MAX_LIST:
        raise Refused("the list is too long")


def _extend(budget: Budget, target: list[Any], values: Any) -> None:
    items = _items(values, budget)
    budget.check_list(len(target) + len(items))
    target.extend(items)


def _insert(budget: Budget, target: list[Any], index: int, value: Any) -> None:
    budget.check_list(len(target) + 1)
    target.insert(index, value)


def _sort(budget: Budget, target: list[Any], reverse: bool = False) -> None:
    charge_tree(target, budget)
    target.sort(reverse=bool(reverse))


_TEXT = (
    "upper", "lower", "strip", "lstrip", "rstrip", "startswith", "endswith", "split", "rsplit", "splitlines", "find",
    "index", "count", "title", "capitalize", "isdigit", "isalpha", "isalnum", "isnumeric", "isspace", "isupper",
    "islower", "removeprefix", "removesuffix", "partition", "rpartition", "casefold",
)  # fmt: skip
_DATE = ("isoformat", "weekday", "isoweekday", "replace")

READING: dict[type, dict[str, Callable[..., Any]]] = {
    str: {**{name: _plain(getattr(str, name)) for name in _TEXT}, "join": _join, "replace": _replace},
    dict: {
        "get": _keyed(dict.get),
        "keys": _listed(dict.keys),
        "values": _listed(dict.values),
        "items": _listed(dict.items),
        "copy": _plain(dict.copy),
    },
    list: {"index": _searched(list.index), "count": _searched(list.count), "copy": _plain(list.copy)},
    tuple: {"index": _searched(tuple.index), "count": _searched(tuple.count)},
    datetime.datetime: {
        **{name: _plain(getattr(datetime.datetime, name)) for name in (*_DATE, "date", "time", "timestamp")},
    },
    datetime.date: {name: _plain(getattr(datetime.date, name)) for name in _DATE},
    datetime.time: {"isoformat": _plain(datetime.time.isoformat)},
    datetime.timedelta: {"total_seconds": _plain(datetime.timedelta.total_seconds)},
}
"""Methods by exact type that change nothing; called with budget and object first."""

CHANGING: dict[type, dict[str, Callable[..., Any]]] = {
    dict: {
        "pop": _keyed(dict.pop),
        "setdefault": _keyed(dict.setdefault),
        "update": _update,
        "clear": _plain(dict.clear),
    },
    list: {
        "append": _append,
        "extend": _extend,
        "insert": _insert,
        "pop": _plain(list.pop),
        "remove": _searched(list.remove),
        "reverse": _plain(list.reverse),
        "sort": _sort,
        "clear": _plain(list.clear),
    },
    set: {"add": lambda budget, target, value: target.add(check_key(value))},
}
"""Methods for scripts only, which work on copies."""

PROPERTIES: dict[type, tuple[str, ...]] = {
    datetime.datetime: ("year", "month", "day", "hour", "minute", "second"),
    datetime.date: ("year", "month", "day"),
    datetime.time: ("hour", "minute", "second"),
    datetime.timedelta: ("days", "seconds"),
}
