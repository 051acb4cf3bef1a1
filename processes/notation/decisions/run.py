"""One evaluation of a model: what it was given, what it has found out, and which rules fired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from processes.notation.feel.budget import Budget
from processes.notation.feel.scope import Clock, Functions, Run


@dataclass(frozen=True)
class FiredRule:
    """A rule that made the result: ids of its decision, table and row, the row's number from 1, and its annotation."""

    decision: str
    table: str
    rule_id: str
    row_number: int
    annotation: str | None = None


class DecisionRun(Run):
    """FEEL's run, and the rules that fired in it.

    ``lenient`` turns hit policy violations into null, as DMN has it; else they are errors.
    """

    __slots__ = ("fired", "lenient")

    def __init__(self, budget: Budget, functions: Functions, clock: Clock | None, lenient: bool = False) -> None:
        super().__init__(budget, functions, clock)
        self.fired: list[FiredRule] = []
        self.lenient = lenient


@dataclass(frozen=True)
class DecisionResult:
    """``value`` as JSON; for a table ``outputs`` by the outputs' names; the rules that made it, in order."""

    value: Any
    outputs: dict[str, Any] | None
    fired: tuple[FiredRule, ...]
