"""Decision tables, compiled: each cell a closure, empty cells left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from processes.notation.decisions.errors import HitPolicyViolation
from processes.notation.decisions.hit_policies import FIRST, Conflict, Hit, HitPolicy
from processes.notation.decisions.item_types import from_json
from processes.notation.decisions.run import DecisionRun, FiredRule
from processes.notation.feel.compiler import TestCode
from processes.notation.feel.scope import Code, Scope


@dataclass(frozen=True)
class Input:
    """A column of conditions: its value, the values it may take, its declared type."""

    code: Code
    allowed: TestCode | None
    type_name: str | None

    def value(self, scope: Scope) -> Any:
        """The value the column's cells test."""
        return from_json(self.code(scope), self.type_name)

    def is_allowed(self, value: Any, scope: Scope) -> bool:
        """Whether the value is among the input values; null always is."""
        return value is None or self.allowed is None or self.allowed(scope, value) is not False


@dataclass(frozen=True)
class Output:
    """A column of results: its name, its allowed values in order of priority, its default."""

    name: str
    priorities: Code
    default: Code


@dataclass(frozen=True)
class Rule:
    """A row: its conditions as (column, test), its results, and how it is told of when it fires."""

    conditions: tuple[tuple[int, TestCode], ...]
    results: tuple[Code, ...]
    fired: FiredRule


@dataclass(frozen=True)
class DecisionTable:
    """A table ready to be evaluated."""

    file: str
    decision: str
    id: str
    policy: HitPolicy
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]

    def evaluate(self, scope: Scope) -> Any:
        """The FEEL value; the rules that made it are noted in the run. Raises HitPolicyViolation."""
        values = [column.value(scope) for column in self.inputs]
        if not all(column.is_allowed(value, scope) for column, value in zip(self.inputs, values, strict=True)):
            return None
        run = cast(DecisionRun, scope.run)
        hits = self._hits(values, scope)
        priorities = [output.priorities(scope) or [] for output in self.outputs]
        defaults = () if hits else tuple(output.default(scope) for output in self.outputs)
        try:
            result, counted = self.policy.result(hits, priorities, defaults, run.budget)
        except Conflict:
            rows = tuple(hit.place + 1 for hit in hits)
            raise HitPolicyViolation(self.file, self.decision, self.id, self.policy.name, rows) from None
        run.fired.extend(self.rules[hit.place].fired for hit in counted)
        return result

    def _hits(self, values: list[Any], scope: Scope) -> list[Hit]:
        hits = []
        scope.run.budget.spend(len(self.rules))
        for place, rule in enumerate(self.rules):
            for column, test in rule.conditions:
                if test(scope, values[column]) is not True:
                    break
            else:
                hits.append(Hit(place, tuple(result(scope) for result in rule.results)))
                if self.policy.name == FIRST:
                    break
        return hits
