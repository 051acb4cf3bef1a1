"""What the Python subset raises."""

from __future__ import annotations


class SubsetError(Exception):
    """The source is no Python, lies outside the subset, failed, or went over its budget. Line and column count from 1.

    When a registered function failed, ``__cause__`` is what it raised.
    """

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"{message} (line {line}, column {column})")
        self.message = message
        self.line = line
        self.column = column


class Refused(Exception):
    """An operation the subset does not have, or would not do with these values. Gets its place where it is caught."""
