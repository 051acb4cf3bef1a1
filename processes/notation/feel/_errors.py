"""Everything FEEL may raise."""

from __future__ import annotations


class FeelError(Exception):
    """Evaluation could not finish (a registered function failed, or a value that cannot leave FEEL)."""


class FeelSyntaxError(FeelError):
    """The source is not FEEL. ``line`` and ``column`` count from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"{message} (line {line}, column {column})")
        self.message = message
        self.line = line
        self.column = column


class BudgetExceeded(FeelError):
    """The evaluation needed more steps, size or depth than it was given."""
