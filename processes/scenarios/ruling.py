"""What the rules of decision tables say, for whoever wants to see which of them fired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from processes.notation.models import read_models

ANY = ("", "-")
"""Cells that ask for nothing."""


@dataclass(frozen=True)
class Rule:
    """A rule of a table: its row, counted from 1; what it asks for and what it says, each as (column, cell)."""

    table: str
    row: int
    asks: Sequence[tuple[str, str]]
    says: Sequence[tuple[str, str]]


def rules(files: Mapping[str, bytes]) -> Mapping[tuple[str, str], Rule]:
    """The rules of all tables in the files, by the ids of decision and rule. Raises ``ParseError``."""
    tables = {name: body for name, body in files.items() if name.endswith(".dmn")}
    return {
        (str(decision.get("id")), str(rule.get("id"))): _rule(decision, table, row, rule)
        for root in read_models(tables).decisions.values()
        for decision in root.iterfind("{*}decision")
        for table in decision.iterfind("{*}decisionTable")
        for row, rule in enumerate(table.iterfind("{*}rule"), start=1)
    }


def _rule(decision: Any, table: Any, row: int, rule: Any) -> Rule:
    inputs = [each.get("label") or _text(each.find("{*}inputExpression")) for each in table.iterfind("{*}input")]
    outputs = [each.get("label") or each.get("name") or "" for each in table.iterfind("{*}output")]
    asks = zip(inputs, map(_text, rule.iterfind("{*}inputEntry")), strict=False)
    says = zip(outputs, map(_text, rule.iterfind("{*}outputEntry")), strict=False)
    name = decision.get("name") or decision.get("id")
    return Rule(name, row, [each for each in asks if each[1] not in ANY], [*says])


def _text(element: Any) -> str:
    return "" if element is None else (element.findtext("{*}text") or "").strip()
