"""How a bench says what it measured: sections with a Markdown table, every figure beside its peer and its goal."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A table with what one needs to know to read it. The first column says what a row is about."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    about: str = ""
    notes: Sequence[str] = ()
    """what stands below the table: checks that held, or did not"""

    def markdown(self) -> str:
        """The section, its columns aligned so that it can be read as it stands."""
        widths = [max(len(row[at]) for row in (self.headings, *self.rows)) for at in range(len(self.headings))]
        rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
        lines = [_line(self.headings, widths), f"| {' | '.join(rule)} |", *(_line(row, widths) for row in self.rows)]
        parts = [f"### {self.title}", self.about, "\n".join(lines), "\n".join(f"- {note}" for note in self.notes)]
        return "\n\n".join(part for part in parts if part)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
    return f"| {' | '.join([first.strip().ljust(widths[0]), *others])} |"


def figure(value: float | None, unit: str = "") -> str:
    """A number with three digits that say something, and its unit; a dash for none."""
    if value is None:
        return "–"
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
    return f"{text} {unit}" if unit else text


def times(value: float) -> str:
    """A ratio."""
    return figure(value, "x")


def at_most(value: float, limit: float, unit: str = "x") -> str:
    """A goal that a figure must not exceed, and whether it does."""
    return f"≤ {limit:g} {unit}: {'met' if value <= limit else 'missed'}"


def at_least(value: float, limit: float, unit: str = "x") -> str:
    """A goal that a figure must reach, and whether it does."""
    return f"≥ {limit:.3g} {unit}: {'met' if value >= limit else 'missed'}"


def percentile(values: Sequence[float], percent: int) -> float | None:
    """A percentile (1 to 99); None when there is nothing to take it of."""
    if len(values) < 2:
        return values[0] if values else None
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
