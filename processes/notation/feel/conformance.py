"""Types: ``instance of`` and the conversions DMN makes when a value is handed over (10.3.2.9.4)."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from processes.notation.feel.tree import TypeName
from processes.notation.feel.values import (
    BOOLEAN,
    CONTEXT,
    DATE,
    DATE_TIME,
    DAYS_TIME,
    FUNCTION,
    LIST,
    NULL,
    NUMBER,
    RANGE,
    STRING,
    TIME,
    YEARS_MONTHS,
    Function,
    Range,
    kind_of,
)

ANY = "Any"
NamedTypes = Callable[[Any, str], bool]
"""Tells whether a value is of a type that is not FEEL's own, by its name."""

_KIND_BY_NAME = {
    "year and month duration": YEARS_MONTHS,
    "yearMonthDuration": YEARS_MONTHS,
    "day and time duration": DAYS_TIME,
    "dayTimeDuration": DAYS_TIME,
    "dateTime": DATE_TIME,
    "Null": NULL,
    **{
        kind: kind
        for kind in (
            NULL, BOOLEAN, NUMBER, STRING, DATE, TIME, DATE_TIME, YEARS_MONTHS, DAYS_TIME, LIST, CONTEXT, RANGE, FUNCTION,
        )
    },
}  # fmt: skip


def kind_named(name: str) -> str | None:
    """The kind a type name of FEEL or DMN stands for; None for other names."""
    return _KIND_BY_NAME.get(name)


def is_instance(value: Any, wanted: TypeName, named: NamedTypes) -> bool:
    """Whether the value conforms to the type; null conforms to Null only."""
    check = _GENERIC.get(wanted.name) if wanted.arguments or wanted.keys else None
    if check is not None:
        return check(value, wanted, named)
    if value is None:
        return wanted.name in ("Null", NULL)
    if wanted.name in (ANY, "any"):
        return True
    kind = _KIND_BY_NAME.get(wanted.name)
    return named(value, wanted.name) if kind is None else kind_of(value) == kind


def coerced(value: Any, wanted: TypeName, named: NamedTypes) -> Any:
    """The value if it is of the type; else out of or into a list of one, or a date as its midnight; else null (10.3.2.9.4)."""
    if value is None or is_instance(value, wanted, named):
        return value
    if isinstance(value, list) and len(value) == 1 and is_instance(value[0], wanted, named):
        return value[0]
    if is_instance([value], wanted, named):
        return [value]
    if kind_of(value) == DATE and _KIND_BY_NAME.get(wanted.name) == DATE_TIME:
        return datetime.datetime(value.year, value.month, value.day, tzinfo=datetime.UTC)
    return None


def _member(value: Any, wanted: TypeName, named: NamedTypes) -> bool:
    return value is None or is_instance(value, wanted, named)


def _is_list(value: Any, wanted: TypeName, named: NamedTypes) -> bool:
    return isinstance(value, list) and all(is_instance(item, wanted.arguments[0], named) for item in value)


def _is_range(value: Any, wanted: TypeName, named: NamedTypes) -> bool:
    return isinstance(value, Range) and all(
        _member(bound, wanted.arguments[0], named) for bound in (value.low, value.high)
    )


def _is_context(value: Any, wanted: TypeName, named: NamedTypes) -> bool:
    return isinstance(value, dict) and all(
        key in value and _member(value[key], member, named)
        for key, member in zip(wanted.keys, wanted.arguments, strict=True)
    )


def _is_function(value: Any, wanted: TypeName, named: NamedTypes) -> bool:
    return isinstance(value, Function) and len(value.parameters) == len(wanted.arguments) - 1


_GENERIC: dict[str, Callable[[Any, TypeName, NamedTypes], bool]] = {
    "list": _is_list,
    "range": _is_range,
    "context": _is_context,
    "function": _is_function,
}
