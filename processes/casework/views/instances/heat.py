"""Where time goes in a definition: of each element how often, how long and how often it failed, of instances that ended on some days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from processes.casework.views.models import Models, models
from processes.runtime.heat import Count, seconds_of
from processes.store.tables import Definition, ElementHeat

VERSIONS = 20
"""Versions of a process that can be chosen, the newest first."""

LEVELS = 5
"""Shades."""

MEASURES = ("times", "mean", "median", "failures")


class Heat(NamedTuple):
    """An element. ``mean`` and ``median`` in seconds, the latter within a fifth."""

    process_id: str
    process: str
    element_id: str
    name: str
    times: int
    mean: float
    median: float
    failures: int


@dataclass(frozen=True)
class Drawn:
    """A diagram to be painted: element id → its shade, 0 (nothing) to :data:`LEVELS`, and the element."""

    process_id: str
    name: str
    hash: str
    shades: Mapping[str, tuple[int, Heat]]


def versions(connection: Connection, process: str) -> Sequence[Row[Any]]:
    """The versions of a process, the newest first."""
    statement = select(Definition.id, Definition.name, Definition.created_at).where(Definition.process_id == process)
    rows: Any = connection.execute(statement.order_by(Definition.created_at.desc()).limit(VERSIONS)).all()
    return list(rows)


def heat(connection: Connection, definition_id: str, since: date, until: date, language: str) -> tuple[Heat, ...]:
    """Every element that was gone through or failed, those that took the longest in all first."""
    known = models(connection, definition_id, language)
    own = (ElementHeat.definition_id == definition_id, ElementHeat.day >= since, ElementHeat.day <= until)
    sums: dict[tuple[str, str], Count] = defaultdict(Count)
    for process, element, times, seconds, failures, spread in connection.execute(select(*_COUNTED).where(*own)):
        whole = sums[process, element]
        whole.times += times
        whole.seconds += seconds
        whole.failures += failures
        for step, count in spread.items():
            whole.spread[step] = whole.spread.get(step, 0) + count
    ordered = sorted(sums.items(), key=lambda each: (-each[1].seconds, -each[1].times, each[0]))
    return tuple(_heat(known, process, element, whole) for (process, element), whole in ordered)


def drawn(
    connection: Connection, definition_id: str, found: Sequence[Heat], measure: str, language: str
) -> tuple[Drawn, ...]:
    """The diagrams with their shades, by one of :data:`MEASURES`; the one of the process itself first."""
    known = models(connection, definition_id, language)
    most = max((getattr(each, measure) for each in found), default=0)
    shades: dict[str, dict[str, tuple[int, Heat]]] = {}
    for each in found:
        value = getattr(each, measure)
        level = max(1, round(LEVELS * value / most)) if value and most else 0
        shades.setdefault(each.process_id, {})[each.element_id] = (level, each)
    return tuple(
        Drawn(each.process_id, each.name, each.hash, shades.get(each.process_id, {}))
        for each in sorted(known.drawings.values(), key=lambda one: one.process_id != known.root)
        if each.process_id in shades or each.process_id == known.root
    )


def _heat(known: Models, process: str, element: str, whole: Count) -> Heat:
    drawing = known.drawings.get(process)
    return Heat(
        process,
        drawing.name if drawing else process,
        element,
        drawing.names.get(element, "") if drawing else "",
        whole.times,
        whole.seconds / whole.times if whole.times else 0.0,
        _median({int(step): count for step, count in whole.spread.items()}),
        whole.failures,
    )


def _median(spread: Mapping[int, int]) -> float:
    """Off the scale: the middle of the step in which the middle one is.

    >>> _median({0: 1, 2: 3, 32: 1}), _median({})
    (1.378414230005442, 0.0)
    """
    left = (sum(spread.values()) + 1) // 2
    for step in sorted(spread):
        left -= spread[step]
        if left <= 0:
            return seconds_of(step)
    return 0.0


_COUNTED = (
    ElementHeat.process_id,
    ElementHeat.element_id,
    ElementHeat.times,
    ElementHeat.seconds,
    ElementHeat.failures,
    ElementHeat.spread,
)
