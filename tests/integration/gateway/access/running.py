"""Running the matrix: first whatever must not be, then whatever may, each effect in a world of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from werkzeug.routing import Rule

from tests.integration.gateway.access.matrix import (
    ALLOWED,
    AUDIT,
    UNCHANGING,
    Cell,
    Copies,
    Copy,
    Traces,
    ask,
    became,
    cells,
    prepare,
)
from tests.integration.gateway.access.world import Stage


@dataclass
class Report:
    """``outcomes``: what became of each cell; ``wrong``: in words, whatever is not as the table says."""

    outcomes: list[tuple[Cell, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def note(self, cell: Cell, outcome: str) -> None:
        """A cell was tried."""
        self.outcomes.append((cell, outcome))
        if outcome != cell.expected:
            self.wrong.append(f"{cell}: {outcome}, and should be {cell.expected}")


def refusals_and_reading(stage: Stage, folder: Path) -> Report:
    """Everything that only reads, and everything that changes something and is refused: neither leaves a trace."""
    report, traces = Report(), Traces(folder / "gateway.db")
    for rule, method, found in cells(stage):
        for cell in found:
            if method in UNCHANGING or cell.expected != ALLOWED:
                report.note(cell, became(cell, ask(stage, rule, cell)))
        if left := traces.news() - AUDIT:
            report.wrong.append(
                f"{method} {rule.endpoint} changed {', '.join(sorted(left))} although nobody was let in"
            )
    traces.close()
    return report


def effects(copies: Copies) -> Report:
    """Everything that changes something and may: each endpoint over the rows as they were, and again where somebody before has had the effect."""
    report = Report()
    for rule, method, found in cells(copies.stage):
        allowed = [cell for cell in found if cell.expected == ALLOWED]
        if method not in UNCHANGING and allowed:
            left = frozenset(_tried(copies, rule, allowed, report))
            said = "rows" if left - AUDIT else "audit" if left else "nothing"
            if said != allowed[0].row.leaves:
                report.wrong.append(
                    f"{rule.endpoint} leaves {said} ({', '.join(sorted(left))}): matrix.csv says otherwise"
                )
    return report


def _tried(copies: Copies, rule: Rule, allowed: list[Cell], report: Report) -> Iterator[str]:
    """Try the cells; yields the tables that the calls changed."""
    copy, tried = _prepared(copies, allowed), 0
    for cell in allowed:
        outcome = became(cell, ask(copy.stage, rule, cell))
        if outcome != ALLOWED and tried:
            yield from copy.end()
            copy, tried = _prepared(copies, [cell]), 0
            outcome = became(cell, ask(copy.stage, rule, cell))
        tried += 1
        report.note(cell, outcome)
    yield from copy.end()


def _prepared(copies: Copies, allowed: list[Cell]) -> Copy:
    copy = copies.fresh()
    for cell in allowed:
        prepare(copy.stage, cell)
    copy.traces.news()
    return copy
