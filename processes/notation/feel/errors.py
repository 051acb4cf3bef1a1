"""Everything FEEL raises. Whatever else goes wrong inside an expression is null, as the standard wants."""

from __future__ import annotations


class FeelError(Exception):
    """An evaluation could not finish: a registered function failed, or a value has no form outside FEEL.

    When a registered function failed, ``__cause__`` is what it raised.
    """


class FeelSyntaxError(FeelError):
    """The source is not FEEL. ``line`` and ``column`` count from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"{message} (line {line}, column {column})")
        self.message = message
        self.line = line
        self.column = column


class BudgetExceeded(FeelError):
    """The evaluation wanted more steps, time, size or depth than it was given."""
