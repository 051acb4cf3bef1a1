"""Where a text stands in a column, for both databases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, func


def position(connection: Connection, column: Any, text: Any) -> ColumnElement[int]:
    """Where a text begins, from 1; 0: it does not stand there. Faster than LIKE, which tries its pattern at every letter."""
    found: ColumnElement[int] = (func.instr if connection.dialect.name == "sqlite" else func.strpos)(column, text)
    return found
