"""One evaluation of a model: what it was given, what it has found out, and which rules fired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from processes.notation.feel.budget import Budget
from processes.notation.feel.scope import Clock, Functions, Run


class NamedTypes(Protocol):
    """Tells whether a value is of a named type."""

    def __call__(self, value: Any, name: str, run: Run, /) -> bool: ...


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

    __slots__ = ("_types", "fired", "lenient")

    def __init__(
        self, types: NamedTypes, budget: Budget, functions: Functions, clock: Clock | None, lenient: bool = False
    ) -> None:
        super().__init__(budget, functions, clock)
        self._types = types
        self.fired: list[FiredRule] = []
        self.lenient = lenient

    def is_of_named_type(self, value: Any, name: str) -> bool:
        """Whether a value is of one of the model's types."""
        return value is not None and self._types(value, name, self)


@dataclass(frozen=True)
class DecisionResult:
    """``value`` as JSON; for a table ``outputs`` by the outputs' names; the rules that made it, in order."""

    value: Any
    outputs: dict[str, Any] | None
    fired: tuple[FiredRule, ...]
