"""From the rules that matched to the result of a table (DMN 1.5, 8.2.10)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from processes.notation.feel.arithmetic import add
from processes.notation.feel.budget import Budget
from processes.notation.feel.compare import equals, less

UNIQUE, ANY, FIRST, PRIORITY = "UNIQUE", "ANY", "FIRST", "PRIORITY"
OUTPUT_ORDER, RULE_ORDER, COLLECT = "OUTPUT ORDER", "RULE ORDER", "COLLECT"
POLICIES = (UNIQUE, ANY, FIRST, PRIORITY, OUTPUT_ORDER, RULE_ORDER, COLLECT)


@dataclass(frozen=True)
class Hit:
    """A rule that matched: its place among the rules, and its outputs."""

    place: int
    outputs: tuple[Any, ...]


class Conflict(Exception):
    """The hits may not occur together."""


@dataclass(frozen=True)
class HitPolicy:
    """A policy with what it needs to know of the outputs: names, allowed values in order of priority, defaults."""

    name: str
    aggregation: str | None
    outputs: tuple[str, ...]

    @property
    def gives_list(self) -> bool:
        """Whether every hit is in the result."""
        return self.name in (OUTPUT_ORDER, RULE_ORDER, COLLECT) and self.aggregation is None

    def result(
        self, hits: list[Hit], priorities: list[list[Any]], defaults: tuple[Any, ...], budget: Budget
    ) -> tuple[Any, list[Hit]]:
        """The value, and the hits that made it. Raises :class:`Conflict`."""
        if self.name == COLLECT and self.aggregation:
            return self._aggregated(hits, defaults, budget), hits
        if not hits:
            return self._default(defaults), []
        if self.name in (UNIQUE, ANY):
            self._check_single(hits, budget)
            return self._one(hits[0].outputs), hits
        if self.name in (PRIORITY, OUTPUT_ORDER):
            hits = sorted(hits, key=lambda hit: _ranks(hit, priorities, budget))
        if self.name in (FIRST, PRIORITY):
            return self._one(hits[0].outputs), hits[:1]
        return [self._one(hit.outputs) for hit in hits], hits

    def _one(self, outputs: tuple[Any, ...]) -> Any:
        return outputs[0] if len(self.outputs) == 1 else dict(zip(self.outputs, outputs, strict=True))

    def _default(self, defaults: tuple[Any, ...]) -> Any:
        return self._one(defaults) if any(default is not None for default in defaults) else None

    def _check_single(self, hits: list[Hit], budget: Budget) -> None:
        if len(hits) == 1:
            return
        first = list(hits[0].outputs)
        if self.name == UNIQUE or any(equals(list(hit.outputs), first, budget) is not True for hit in hits):
            raise Conflict

    def _aggregated(self, hits: list[Hit], defaults: tuple[Any, ...], budget: Budget) -> Any:
        if not hits and self.aggregation != "COUNT":
            return self._default(defaults)
        aggregate = AGGREGATIONS[self.aggregation or ""]
        columns = [[hit.outputs[column] for hit in hits] for column in range(len(self.outputs))]
        return self._one(tuple(aggregate(column, budget) for column in columns))


def _ranks(hit: Hit, priorities: list[list[Any]], budget: Budget) -> list[int]:
    """The places of the outputs among the allowed values; what is not among them comes last."""
    ranks = []
    for output, order in zip(hit.outputs, priorities, strict=True):
        places = (place for place, value in enumerate(order) if equals(value, output, budget) is True)
        ranks.append(next(places, len(order)))
    return ranks


def _sum(values: list[Any], budget: Budget) -> Any:
    total = values[0]
    for value in values[1:]:
        total = add(total, value, budget)
    return total


def _extreme(values: list[Any], better: Callable[[Any, Any], bool | None]) -> Any:
    best = values[0]
    for value in values[1:]:
        decided = better(value, best)
        if decided is None:
            return None
        best = value if decided else best
    return best


AGGREGATIONS: dict[str, Callable[[list[Any], Budget], Any]] = {
    "SUM": _sum,
    "COUNT": lambda values, budget: Decimal(len(values)),
    "MIN": lambda values, budget: _extreme(values, less),
    "MAX": lambda values, budget: _extreme(values, lambda value, best: less(best, value)),
}
