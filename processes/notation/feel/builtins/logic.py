"""Boolean functions, and ``is``."""

from __future__ import annotations

from typing import Any

from processes.notation.feel.builtins.registry import built_in, items_of
from processes.notation.feel.compare import both, either, equals, negated
from processes.notation.feel.scope import Run
from processes.notation.feel.temporal import offset_of, temporal_property
from processes.notation.feel.values import DATE_TIME, TIME, kind_of


@built_in("not", "negand")
def _not(value: Any) -> bool | None:
    return negated(value)


def _booleans(arguments: tuple[Any, ...]) -> list[Any]:
    values = items_of(arguments)
    if any(value is not None and not isinstance(value, bool) for value in values):
        raise TypeError("booleans expected")
    return values


@built_in("all", "list")
def _all(*arguments: Any) -> bool | None:
    result: bool | None = True
    for value in _booleans(arguments):
        result = both(result, value)
    return result


@built_in("any", "list")
def _any(*arguments: Any) -> bool | None:
    result: bool | None = False
    for value in _booleans(arguments):
        result = either(result, value)
    return result


def _zone(value: Any) -> Any:
    """The name of the zone, or the offset."""
    return temporal_property(value, "timezone") or offset_of(value)


@built_in("is", "value1?, value2?", needs_run=True)
def _is(run: Run, left: Any = None, right: Any = None) -> bool:
    """Same kind and same value; times must also have the same zone, not only be the same moment."""
    kind = kind_of(left)
    if kind != kind_of(right):
        return False
    if kind in (TIME, DATE_TIME):
        same_clock = left.replace(tzinfo=None) == right.replace(tzinfo=None)
        return bool(same_clock) and _zone(left) == _zone(right)
    return equals(left, right, run.budget) is True
