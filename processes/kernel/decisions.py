"""Decisions as a business rule task calls them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from processes.notation.decisions import DecisionModel

Functions = Mapping[str, Callable[..., Any]]


@dataclass(frozen=True)
class Decision:
    """A decision of a file, and the variable its whole result goes to (empty: each output is a variable)."""

    model: DecisionModel
    id: str
    result: str = ""

    def decide(
        self, data: Mapping[str, Any], functions: Functions, now: Callable[[], datetime]
    ) -> tuple[dict[str, Any], list[str]]:
        """The variables that come of it, and the ids of the rules that fired. Raises what the model raises."""
        decided = self.model.evaluate(self.id, data, functions, now)
        rules = [rule.rule_id for rule in decided.fired]
        if self.result:
            return {self.result: decided.value}, rules
        if decided.outputs is not None:
            return dict(decided.outputs), rules
        return {self.id: decided.value}, rules
